// Knows how a conversation ends: its outcome, its goodbye and its summary. Does not know why it is time to end.
import { slotOf } from './answers.ts'
import type { Move } from './conversation-policy.ts'
import type { Lines } from './lines.ts'
import { speak } from './requirement.ts'
import type { ConversationOutcome } from './robot.ts'
import type { Talk } from './rules-talk.ts'
import { summarise } from './summary.ts'

export type End = Extract<Move, `end-${string}`> | 'confirmed' | 'noted' | 'leave-message'

const unlessThirdParty = (outcome: ConversationOutcome) => ({ thirdParty }: Talk): ConversationOutcome => (thirdParty ? 'third-party' : outcome)

/** What a conversation that just stops has come to. */
function reached({ thirdParty, stage, identity, progress, calleeSpoke }: Talk): ConversationOutcome {
  if (thirdParty) return 'third-party'
  if (stage === 'call-back') return 'busy-call-back'
  if (identity === 'yes') return progress.complete ? 'delivered' : 'refused'
  return calleeSpoke ? 'unconfirmed' : 'silent'
}

const ends: Readonly<Record<End, readonly [outcome: ConversationOutcome | ((talk: Talk) => ConversationOutcome), goodbye: (lines: Lines, talk: Talk) => string]>> = {
  'end-stopped': ['stopped', (l) => l.stopped],
  'end-refused': ['refused', (l) => l.refused],
  'end-wrong-number': ['wrong-number', (l) => l.wrongNumber],
  'end-third-party': ['third-party', (l) => l.endThirdParty],
  'end-machine': ['machine', (l) => l.machine],
  'leave-message': ['machine', (l, { requirement }) => l.leaveMessage(requirement.organisation)],
  'end-busy': [unlessThirdParty('busy-call-back'), (l) => l.willCallBack],
  'end-unconfirmed': [unlessThirdParty('unconfirmed'), (l) => l.unconfirmedBye],
  'end-silent': [reached, (l) => l.silentBye],
  'end-declined': ['declined', (l) => l.closeDeclined],
  'end-delivered': [reached, (l) => l.closeDelivered],
  'end-handover': ['handover-requested', (l, { requirement }) => l.passOn(requirement.organisation)],
  'end-limit': [reached, (l) => l.limitBye],
  confirmed: ['confirmed', (l, talk) => l.closeConfirmed(keyFact(talk))],
  noted: ['confirmed', (l) => l.closeNoted],
}

export function isEnd(move: Move): move is Extract<Move, End> {
  return Object.hasOwn(ends, move)
}

/** Says goodbye and hangs up. `said`: the callee's words that led to it. `farewell`: somebody else's goodbye, in place of ours. */
export function end(talk: Talk, how: End, said = '', farewell?: string): void {
  if (how === 'end-handover' && talk.handover !== undefined) return handOver(talk, talk.handover)
  const [outcome, goodbye] = ends[how]
  const result = typeof outcome === 'function' ? outcome(talk) : outcome
  if (how === 'end-stopped') talk.note({ doNotCall: { evidence: slotOf(said) } })
  if (how === 'end-wrong-number') talk.note({ wrongNumber: true, identity: 'no' })
  // The promise not to call again is made in our words, whatever was said before.
  talk.say(how === 'end-stopped' || farewell === undefined ? goodbye(talk.lines, talk) : farewell, 'other', false)
  close(talk, result)
  talk.push({ type: 'hang-up' })
}

/** The callee waits while a human is called; until that failed nothing is asked of us. */
function handOver(talk: Talk, to: string): void {
  talk.say(talk.lines.handOver, 'other', false)
  talk.handingOver = true
  talk.push({ type: 'transfer', to })
}

/** A human has the callee: what is said from here on is theirs. */
export function handedOver(talk: Talk): void {
  close(talk, 'transferred')
}

/** Nobody came to the phone: the wish is passed on, as where no human can be called. */
export function notHandedOver(talk: Talk): void {
  talk.handover = undefined
  talk.handingOver = false
  talk.say(talk.lines.noHuman, 'other', false)
  end(talk, 'end-handover')
}

/** The call is over without a word of ours. */
export function calleeLeft(talk: Talk): void {
  close(talk, reached(talk))
}

function close(talk: Talk, outcome: ConversationOutcome): void {
  const { requirement, progress, identity, slots, callBackAt } = talk
  talk.stage = 'closed'
  talk.note({ outcome, summary: summarise(requirement, { outcome, identified: identity === 'yes', factsHeard: progress.heard(), slots, callBackAt }, talk.now()), source: 'rules' })
}

/** What is worth repeating at the end: the first fact with a date, when it is short. */
function keyFact({ requirement: { facts, kind }, now }: Talk): string | undefined {
  const key = facts.find(({ dates }) => dates.length > 0) ?? facts[0]
  if (key === undefined || kind === 'greet') return undefined
  const text = speak(key, now(), { brief: true })
  return text.length > 40 ? undefined : text
}
