// Knows the intent grade (意向等级) of a conversation and says why in one sentence. Pure. Does not know answers.
import { matchIntent } from '../intents.ts'
import { isQuestion } from '../question-topics.ts'
import type { ConversationOutcome } from '../robot.ts'
import { normalise } from '../spoken-forms.ts'
import type { GradeLetter, Judgement, SpokenTurn } from './judgement.ts'

/** What a turn counts as; one turn counts once. */
export type Leaning = 'for' | 'against' | 'asks' | 'neither'

export function leaningOf(text: string): Leaning {
  const { intent } = matchIntent(text, { stage: 'confirm' })
  if (intent === 'refuse' || intent === 'deny' || intent === 'stop' || intent === 'abuse') return 'against'
  if (intent === 'question' || intent === 'human' || isQuestion(normalise(text))) return 'asks'
  return intent === 'affirm' ? 'for' : 'neither'
}

/** What an outcome says about the grade by itself. */
export const fixedGrades: Readonly<Partial<Record<ConversationOutcome, readonly [GradeLetter, string]>>> = {
  machine: ['E', '接听的不是人'],
  silent: ['E', '接通后无人说话'],
  'wrong-number': ['F', '对方表示打错了，无需跟进'],
  stopped: ['F', '对方要求不再来电，无需跟进'],
  'third-party': ['D', '接听的不是本人'],
  unconfirmed: ['D', '未能确认对方身份'],
}

/** `identifiedFrom`: the turn in which they said that they are the person; what was said before is no leaning. */
export function gradeOf(outcome: ConversationOutcome | undefined, answered: boolean, turns: readonly SpokenTurn[], identifiedFrom: number | undefined): Judgement['grade'] {
  if (!answered) return { letter: 'E', reason: '未接通', turns: [] }
  const known = outcome && fixedGrades[outcome]
  const callees = turns.filter(({ speaker, text }) => speaker === 'callee' && text.trim() !== '')
  if (known) return { letter: known[0], reason: known[1], turns: callees.slice(-1).map(({ turn }) => turn) }
  const talk = callees.filter(({ turn }) => identifiedFrom !== undefined && turn > identifiedFrom).map(({ turn, text }) => ({ turn, leaning: leaningOf(text) }))
  const of = (leaning: Leaning): number[] => talk.filter((one) => one.leaning === leaning).map(({ turn }) => turn)
  const pro = of('for')
  const contra = of('against')
  const asks = of('asks')
  const counted = `肯定 ${pro.length} 次、提问 ${asks.length} 次、否定 ${contra.length} 次`
  const give = (letter: GradeLetter, reason: string): Judgement['grade'] => ({ letter, reason: `${reason}（${counted}）`, turns: [...pro, ...asks, ...contra].sort((a, b) => a - b) })
  if (outcome === 'handover-requested' || outcome === 'transferred') return give('A', '对方要求与人工联系')
  if (outcome === 'declined' || outcome === 'refused' || contra.length >= 2 || (contra.length > 0 && pro.length + asks.length === 0)) return give('C', '对方不接受')
  if (pro.length + asks.length >= 2 && contra.length === 0) return give('A', '对方积极回应')
  if (pro.length + asks.length >= 1) return give('B', '对方有回应')
  // A key says it without a word.
  if (outcome === 'confirmed') return give('B', '对方已确认')
  return give('D', outcome === 'busy-call-back' ? '对方不便通话' : '没有可判断的回应')
}
