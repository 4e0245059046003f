// Knows how the turns of a conversation by a script are counted in published figures: agreed, denied, refused, known, not understood. Pure.
import type { CallEvent } from '../../../events.ts'
import { universalIntents, type Script } from '../../../robot/script/schema.ts'

export type TurnCounts = {
  /** Turns of the callee. */
  dialogCount: number
  sureCount: number
  denyCount: number
  rejectCount: number
  /** Ways that the script itself has out of the node where the conversation stood. */
  customCount: number
  /** Business and common together. */
  knowledgeCount: number
  /** Not understood. */
  defaultCount: number
  /** Answered by the knowledge of the script. */
  knowledgeBusinessCount: number
  /** Answered as in every conversation. */
  knowledgeCommonCount: number
}

const rejecting: ReadonlySet<string> = new Set(['refuse', 'stop', 'abuse'])
const universal: ReadonlySet<string> = new Set(universalIntents)
/** No words of a person. */
const notCounted: ReadonlySet<string> = new Set(['none', 'voicemail'])

/** `script` undefined: its version is not at hand, and every way of its own counts as custom. */
export function countTurns(events: readonly CallEvent[], script: Pick<Script, 'nodes' | 'faq'> | undefined): TurnCounts {
  const counts: TurnCounts = { dialogCount: 0, sureCount: 0, denyCount: 0, rejectCount: 0, customCount: 0, knowledgeCount: 0, defaultCount: 0, knowledgeBusinessCount: 0, knowledgeCommonCount: 0 }
  let step: string | undefined
  for (const event of events) {
    if (event.type === 'callee-said') counts.dialogCount += 1
    if (event.type !== 'noted') continue
    const { intent } = event.note
    if (intent !== undefined && !notCounted.has(intent)) counts[kindOf(intent, step === undefined ? undefined : script?.nodes[step]?.on, script)] += 1
    step = event.note.step ?? step
  }
  counts.knowledgeCount = counts.knowledgeBusinessCount + counts.knowledgeCommonCount
  return counts
}

type Kind = Exclude<keyof TurnCounts, 'dialogCount' | 'knowledgeCount'>

function kindOf(intent: string, ways: Readonly<Record<string, unknown>> | undefined, script: Pick<Script, 'faq'> | undefined): Kind {
  if (intent === 'affirm') return 'sureCount'
  if (intent === 'deny') return 'denyCount'
  if (rejecting.has(intent)) return 'rejectCount'
  if (intent === 'other') return 'defaultCount'
  if (ways !== undefined && Object.hasOwn(ways, intent)) return 'customCount'
  if (script?.faq.some(({ on }) => on === intent)) return 'knowledgeBusinessCount'
  return universal.has(intent) ? 'knowledgeCommonCount' : 'customCount'
}
