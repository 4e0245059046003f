// Knows how a conversation by a script is told in one sentence, and which intent grade (意向等级) its labels give it. Pure.
import { fixedGrades } from '../after-call/grade.ts'
import type { Judgement, SpokenTurn } from '../after-call/judgement.ts'
import type { ConversationOutcome, RobotNote } from '../robot.ts'
import { callBackSlot, keySlot, results } from '../summary.ts'
import type { Script } from './schema.ts'

export function summaryOf(script: Pick<Script, 'title'>, { outcome, identified, delivered, slots }: { outcome: ConversationOutcome; identified: boolean; delivered: boolean; slots: Readonly<Record<string, string>> }): string {
  const answers = Object.entries(slots).filter(([name]) => name !== callBackSlot && name !== keySlot).map(([name, value]) => `${name}：${value}`)
  // Words about what was kept back would be untrue once something was told.
  const result = identified || delivered ? results[outcome].replace('，未透露内容', '') : results[outcome]
  return `${[script.title, delivered ? '内容已告知' : undefined, result, ...answers].filter((one) => one !== undefined).join('，')}。`
}

const asking: ReadonlySet<string> = new Set(['question', 'who'])
const against: ReadonlySet<string> = new Set(['deny', 'refuse', 'stop', 'abuse'])

/** What the labels of a script look at. */
export function tallyOf(notes: readonly RobotNote[]): { affirms: number; refusals: number; questions: number; turns: number; tags: ReadonlySet<string>; slots: Readonly<Record<string, string>> } {
  const intents = notes.flatMap(({ intent }) => (intent === undefined ? [] : [intent]))
  return {
    affirms: intents.filter((intent) => intent === 'affirm').length,
    refusals: intents.filter((intent) => against.has(intent)).length,
    questions: intents.filter((intent) => asking.has(intent)).length,
    turns: intents.length,
    tags: new Set(notes.flatMap(({ tags = [] }) => tags)),
    slots: Object.assign({}, ...notes.map(({ slots }) => slots ?? {})) as Record<string, string>,
  }
}

/** The first label whose conditions all hold; without one, what the outcome says by itself. */
export function gradeByLabels(script: Pick<Script, 'labels'>, finished: { notes: readonly RobotNote[]; outcome: ConversationOutcome | undefined; answered: boolean }): { letter: Judgement['grade']['letter']; reason: string } {
  if (!finished.answered) return { letter: 'E', reason: '未接通' }
  const tally = tallyOf(finished.notes)
  const counted = `肯定 ${tally.affirms} 次、提问 ${tally.questions} 次、否定 ${tally.refusals} 次`
  const label = script.labels.find(({ when }) =>
    (when.outcome === undefined || (finished.outcome !== undefined && when.outcome.includes(finished.outcome))) &&
    (when.tags ?? []).every((tag) => tally.tags.has(tag)) &&
    Object.entries(when.slots ?? {}).every(([slot, values]) => values.some((value) => tally.slots[slot]?.includes(value))) &&
    tally.affirms >= (when.affirmsMin ?? 0) && tally.refusals >= (when.refusalsMin ?? 0) && tally.refusals <= (when.refusalsMax ?? Number.POSITIVE_INFINITY) &&
    tally.questions >= (when.questionsMin ?? 0) && tally.turns >= (when.turnsMin ?? 0) && tally.turns <= (when.turnsMax ?? Number.POSITIVE_INFINITY))
  if (label) return { letter: label.grade, reason: `${label.reason}（${counted}）` }
  const [letter, reason] = (finished.outcome && fixedGrades[finished.outcome]) ?? ['D', '没有可判断的回应']
  return { letter, reason: `${reason}（${counted}）` }
}

/** The record of a conversation by a script. `turns` prove the grade: those of the callee. */
export function judgeScript(script: Script, finished: { notes: readonly RobotNote[]; turns: readonly SpokenTurn[]; outcome: ConversationOutcome | undefined; answered: boolean }): Judgement {
  const callee = finished.turns.filter(({ speaker, text }) => speaker === 'callee' && text.trim() !== '')
  const last = callee.slice(-1).map(({ turn }) => turn)
  const stopped = finished.notes.find(({ doNotCall }) => doNotCall !== undefined)
  const callBackAt = finished.notes.findLast(({ callBackAt }) => callBackAt !== undefined)?.callBackAt
  const { slots } = tallyOf(finished.notes)
  return {
    by: 'rules',
    grade: { ...gradeByLabels(script, finished), turns: callee.map(({ turn }) => turn) },
    answers: Object.entries(slots).filter(([name]) => name !== callBackSlot && name !== keySlot).map(([name, value]) => {
      const turns = callee.filter(({ text }) => text.includes(value)).map(({ turn }) => turn)
      return { id: name, question: name, kind: 'open' as const, value, words: value, turns: turns.length > 0 ? turns : last, sure: true }
    }),
    review: [],
    doNotCall: stopped && { words: stopped.doNotCall!.evidence, turns: last },
    callBack: callBackAt === undefined ? undefined : { at: callBackAt, until: undefined, words: slots[callBackSlot] ?? '', turns: last },
    summary: finished.notes.findLast(({ summary }) => summary !== undefined)?.summary,
  }
}
