// Knows what a finished conversation came to, by rules alone: answers with their proof, contradictions, wishes to be acted on. Pure. Does not know storage.
import { callBackTime, slotOf } from '../answers.ts'
import { tells } from '../fact-coverage.ts'
import { matchIntent } from '../intents.ts'
import { readBack } from '../read-back.ts'
import type { Requirement } from '../requirement.ts'
import type { ConversationOutcome, RobotNote } from '../robot.ts'
import { callBackSlot, keySlot, summarise } from '../summary.ts'
import { questionsAsked, readAnswers, type Reading } from './answers-found.ts'
import { gradeOf } from './grade.ts'
import type { Judgement, SpokenTurn } from './judgement.ts'
import { matterOf, stanceOf } from './stance.ts'

export type JudgeInput = {
  requirement: Requirement
  /** In order. */
  turns: readonly SpokenTurn[]
  /** What the robot noted during the call. */
  notes: readonly RobotNote[]
  outcome: ConversationOutcome | undefined
  /** Somebody or something picked up. */
  answered: boolean
  /** When the words were spoken: what 明天 means in them. */
  now: Date
}

/** Below this the recogniser guessed; a guess never lists a number. */
const confidenceMin = 0.3

export function judge(input: JudgeInput): Judgement {
  const { requirement, turns, notes, now, answered } = input
  const slots = Object.assign({}, ...notes.map(({ slots: one }) => one ?? {})) as Record<string, string>
  const callees = turns.filter(({ speaker, confidence }) => speaker === 'callee' && confidence >= confidenceMin)
  const outcome = input.outcome
  const identity = identityOf(requirement, turns, notes)
  const questions = questionsAsked(requirement, turns, now)
  const readings = outcome === 'machine' ? [] : readAnswers(questions, turns, { slots, identifiedFrom: identity.from, now }).map((reading) => (identity.against.length > 0 ? { ...reading, sure: false } : reading))
  const doNotCall = stopWish(notes, callees, outcome)
  const review = [
    ...readings.filter(({ against }) => against.length > 0).map((reading) => ({ why: 'answer-contradicted' as const, detail: `“${reading.question}”的回答前后不一`, turns: reading.turns })),
    ...(identity.against.length > 0 ? [{ why: 'identity-contradicted' as const, detail: '对方先说是本人，后来又说不是', turns: identity.against }] : []),
    ...outcomeDoubts(outcome, turns, readings, input),
    ...unsaidBack(turns, input, identity.from),
  ]
  const grade = gradeOf(outcome, answered, turns, identity.from)
  return {
    by: 'rules',
    grade,
    answers: readings.map(({ id, question, kind, value, words, turns, sure }) => ({ id, question, kind, value, words, turns, sure })),
    review,
    doNotCall,
    callBack: callBackWish(notes, callees, slots, input),
    summary: summaryOf(input, slots, identity.from !== undefined, review.length > 0),
  }
}

/** From which turn on the person was on the phone, and the turns that deny it afterwards. */
function identityOf(requirement: Requirement, turns: readonly SpokenTurn[], notes: readonly RobotNote[]): { from: number | undefined; against: number[] } {
  const { person } = requirement
  // What the robot took for a yes counts; which turn it was is looked up.
  if (!notes.some(({ identity }) => identity === 'yes')) return { from: undefined, against: [] }
  const callees = turns.filter(({ speaker, confidence }) => speaker === 'callee' && confidence >= confidenceMin)
  const first = callees.find(({ text }) => {
    const { intent, affirmed } = matchIntent(text, { stage: 'identity', asked: person ? 'identity' : 'listen', person })
    return intent === 'affirm' || affirmed
  })
  const from = (first ?? callees[0])?.turn
  if (from === undefined) return { from: undefined, against: [] }
  const against = callees.filter(({ turn, text }) => {
    if (turn <= from) return false
    const { intent } = matchIntent(text, { stage: 'identity', person })
    return (intent === 'wrong-number' && /我|人|号|错/u.test(text)) || (intent === 'third-party' && /我(?:是|帮|替|代|不是)|不是本人|本人不/u.test(text)) || /我(?:其实|才)?不(?:是|叫|姓)(?!说|很|太|想|要|能|会|知)/u.test(text.replace(/我不是(?:说|讲|问|跟)/gu, '')) && person !== undefined && intent !== 'affirm' && /本人|他|她|叫|姓/u.test(text)
  })
  return { from, against: against.map(({ turn }) => turn) }
}

/** The record says that they agreed, or declined, and the words after it say otherwise. */
function outcomeDoubts(outcome: ConversationOutcome | undefined, turns: readonly SpokenTurn[], readings: readonly Reading[], { now, requirement }: JudgeInput): Judgement['review'] {
  if (outcome !== 'confirmed' && outcome !== 'declined') return []
  const only = readings.length === 1 && readings[0]!.kind === 'yes-no' ? readings[0]! : undefined
  if (only?.against.length) return []
  const wrong = outcome === 'confirmed' ? only?.id === 'attend' && only.value !== undefined && only.value !== 'yes' : only?.value === 'yes'
  if (wrong) return [{ why: 'outcome-contradicted', detail: outcome === 'confirmed' ? '记录为已确认，但对方的话不能确定' : '记录为不参加，但对方说可以', turns: only!.turns }]
  if (outcome !== 'confirmed' || only || requirement.questions.length > 0) return []
  // 听清楚了吗: agreed is agreed, unless they take it back afterwards.
  const asked = turns.findLastIndex(({ speaker, text }) => speaker === 'robot' && /[?？]\s*$/u.test(text))
  if (asked < 0) return []
  const matter = matterOf({ text: '能不能参加', dates: [], kind: 'yes-no' })
  const after = turns.slice(asked + 1).filter(({ speaker }) => speaker === 'callee')
  const against = after.filter(({ text }, i) => {
    const stance = stanceOf(text, matter, { asked: i === 0, now })
    return stance === 'no' || stance === 'both' || stance === 'doubt' || (i > 0 && stance === 'hedged')
  })
  return against.length === 0 ? [] : [{ why: 'outcome-contradicted', detail: '记录为已确认，但对方的话不能确定', turns: against.map(({ turn }) => turn) }]
}

/** The last thing they said of a fact was wrong and nobody put it right any more. */
function unsaidBack(turns: readonly SpokenTurn[], { requirement, now }: JudgeInput, from: number | undefined): Judgement['review'] {
  if (from === undefined || requirement.questions.length > 0) return []
  const last = turns.findLastIndex(({ speaker, turn }) => speaker === 'callee' && turn > from)
  const words = turns[last]
  if (!words || turns.slice(last + 1).some(({ speaker, text }) => speaker !== 'callee' && requirement.facts.some((fact) => tells(text, fact, now) || /不是的|应该是|\bshould be\b/iu.test(text)))) return []
  const back = readBack(words.text, requirement, now)
  return back && !back.right ? [{ why: 'said-back-wrong', detail: `对方最后说的与通知不符，应为：${back.words.join('，')}`, turns: [words.turn] }] : []
}

/** In whichever moment it was said: a wish that came while we were saying goodbye is one too. */
function stopWish(notes: readonly RobotNote[], callees: readonly SpokenTurn[], outcome: ConversationOutcome | undefined): Judgement['doNotCall'] {
  const noted = notes.find(({ doNotCall }) => doNotCall !== undefined)?.doNotCall?.evidence
  // A machine asks for nothing.
  if (noted === undefined && outcome === 'machine') return undefined
  const saying = callees.filter(({ text }) => (noted !== undefined && slotOf(text) === slotOf(noted)) || matchIntent(text, { stage: 'confirm' }).intent === 'stop')
  if (noted === undefined && saying.length === 0) return undefined
  return { words: noted ?? slotOf(saying[0]!.text), turns: saying.map(({ turn }) => turn) }
}

function callBackWish(notes: readonly RobotNote[], callees: readonly SpokenTurn[], slots: Readonly<Record<string, string>>, { now, requirement }: JudgeInput): Judgement['callBack'] {
  const noted = notes.findLast(({ callBackAt, slots: one }) => callBackAt !== undefined || one?.[callBackSlot] !== undefined)
  const words = slots[callBackSlot]
  if (!noted && words === undefined) return undefined
  const saying = callees.filter(({ text }) => words !== undefined && (slotOf(text) === words || slotOf(text).includes(words)))
  return { at: noted?.callBackAt ?? (words === undefined ? undefined : callBackTime(words, now)), until: requirement.expiresAt?.toISOString(), words: words ?? '', turns: saying.slice(-1).map(({ turn }) => turn) }
}

/** The robot's own, or one of what is known when it came to none; a doubt is told with it. */
function summaryOf({ requirement, turns, notes, outcome, now }: JudgeInput, slots: Readonly<Record<string, string>>, identified: boolean, doubtful: boolean): string | undefined {
  const noted = notes.findLast(({ summary }) => summary !== undefined)?.summary
  const heard = turns.filter(({ speaker }) => speaker === 'robot').map(({ text }) => text).join('')
  const factsHeard = identified ? requirement.facts.filter((fact) => tells(heard, fact, now)).map(({ id }) => id) : []
  const known = Object.fromEntries(Object.entries(slots).filter(([name]) => name === keySlot || requirement.questions.some(({ text }) => text === name)))
  const summary = noted ?? (outcome === undefined ? undefined : summarise(requirement, { outcome, identified, factsHeard, slots: known, callBackAt: notes.findLast(({ callBackAt }) => callBackAt !== undefined)?.callBackAt }, now))
  return summary === undefined || !doubtful ? summary : `${summary.replace(/。$/u, '')}（说法不一，请人工核对）。`
}
