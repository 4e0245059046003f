// Knows what the robot's notes come to once the call is over. Pure. Does not know storage.
import type { ConversationOutcome, RobotNote } from '../robot/robot.ts'
import type { Judgement } from '../robot/after-call/judgement.ts'
import type { EndReason } from '../call/end-reason.ts'

export type Learnt = {
  conversation: ConversationOutcome | undefined
  /** The callee's own words by which they asked not to be called again. */
  doNotCall: { evidence: string } | undefined
  /** What the call taught about the number. */
  flags: ('wrong-number' | 'invalid-number')[]
  slots: Readonly<Record<string, string>> | undefined
  summary: string | undefined
}

/** What is believed of a judgement about what the robot noted. */
type Judged = Pick<Judgement, 'doNotCall' | 'summary'>

/** Adds the notes up: outcome and summary, the last wins; slots are merged; a wish not to be called is never taken back, and counts whenever it was said. */
export function learntFrom(notes: readonly RobotNote[], reason: EndReason, conversation?: ConversationOutcome, judged?: Judged): Learnt {
  let outcome = conversation
  let doNotCall: Learnt['doNotCall']
  let wrongNumber = false
  let summary: string | undefined
  const slots: Record<string, string> = {}
  for (const note of notes) {
    if (conversation === undefined && note.outcome !== undefined) outcome = note.outcome
    doNotCall ??= note.doNotCall
    if (note.wrongNumber) wrongNumber = true
    if (note.summary !== undefined) summary = note.summary
    Object.assign(slots, note.slots)
    if (note.callBackAt !== undefined) slots['callBackAt'] = note.callBackAt
  }
  if (judged?.doNotCall) doNotCall ??= { evidence: judged.doNotCall.words }
  summary = judged?.summary ?? summary
  const flags: Learnt['flags'] = []
  if (wrongNumber || outcome === 'wrong-number') flags.push('wrong-number')
  if (reason.outcome === 'invalid-number') flags.push('invalid-number')
  return { conversation: outcome, doNotCall, flags, slots: Object.keys(slots).length > 0 ? slots : undefined, summary }
}
