// Knows what the callee answered to each question, and whether that can be relied on. Pure. Does not know how a call ended.
import { slotOf } from '../answers.ts'
import { digitsForm, minuteOf } from '../china-time.ts'
import { findDates } from '../dates.ts'
import { tells, withoutDates } from '../fact-coverage.ts'
import { matchIntent } from '../intents.ts'
import { isQuestion } from '../question-topics.ts'
import { normalise } from '../spoken-forms.ts'
import { type Question, type Requirement, speak } from '../requirement.ts'
import type { FoundAnswer, SpokenTurn } from './judgement.ts'
import { matterOf, type Stance, stanceOf } from './stance.ts'

/** Below this an answer is not relied on, and below the second it is no answer. */
const confidenceSure = 0.5
const confidenceMin = 0.3
const wordsCharsMax = 200

export type Reading = FoundAnswer & { /** Turns that say otherwise. */ against: readonly number[] }

export type AskedQuestion = Pick<Question, 'id' | 'text' | 'dates' | 'kind'> & { /** True for words of the robot that ask it. */ isAskedBy: (words: string) => boolean }

const attendWords = /能参加吗|准时到吗|能来吗|能到吗|参加得了吗|\b(?:able to come|be there on time|can you come)\b/iu

/** The requirement's questions, and whether they can come, where the robot asked that. */
export function questionsAsked(requirement: Requirement, turns: readonly SpokenTurn[], now: Date): AskedQuestion[] {
  const written = requirement.questions.map((question): AskedQuestion => {
    const spoken = plain(speak(question, now))
    return { ...question, isAskedBy: (words) => plain(words).includes(spoken) || plain(words).includes(plain(question.text)) || (/[?？]/u.test(words) && tells(words, question, now)) }
  })
  if (written.length > 0 || !turns.some(({ speaker, text }) => speaker === 'robot' && attendWords.test(text))) return written
  const dates = requirement.facts.flatMap((fact) => fact.dates)
  return [{ id: 'attend', text: requirement.language === 'en' ? 'can you come' : '能不能参加', dates, kind: 'yes-no', isAskedBy: (words) => attendWords.test(words) }]
}

/** `slots`: answers noted during the call, by the question's text; they show which turns were taken as answers. */
export function readAnswers(questions: readonly AskedQuestion[], turns: readonly SpokenTurn[], p: { slots: Readonly<Record<string, string>>; identifiedFrom: number | undefined; now: Date }): Reading[] {
  return questions.map((question) => readAnswer(question, questions, turns, p))
}

type Said = SpokenTurn & { asked: boolean; ofOther: boolean; stance: Stance }

function readAnswer(question: AskedQuestion, questions: readonly AskedQuestion[], turns: readonly SpokenTurn[], p: { slots: Readonly<Record<string, string>>; identifiedFrom: number | undefined; now: Date }): Reading {
  const none: Reading = { id: question.id, question: question.text, kind: question.kind, value: undefined, words: '', turns: [], sure: false, against: [] }
  // Nobody answers for a person who was never there.
  if (p.identifiedFrom === undefined) return none
  const matter = matterOf(question)
  const slot = p.slots[question.text]
  const said: Said[] = []
  let begun = false
  let open: AskedQuestion | undefined
  for (const turn of turns) {
    if (turn.speaker === 'robot') {
      const asks = questions.findLast((one) => one.isAskedBy(turn.text))
      if (asks) open = asks
      // A new statement of ours ends the wait for an answer; 好的，您慢慢来 does not.
      else if (open === question && said.some(({ asked, stance }) => asked && stance !== 'none' && stance !== 'doubt') && !/[?？]$/u.test(turn.text)) open = undefined
      begun ||= asks === question
      continue
    }
    if (turn.speaker !== 'callee' || turn.turn < p.identifiedFrom || turn.confidence < confidenceMin) continue
    const noted = slot !== undefined && slotOf(turn.text) === slot
    if (!begun && !noted) continue
    begun = true
    const asked = noted || open === question
    const ofOther = open !== undefined && open !== question && !noted
    said.push({ ...turn, asked, ofOther, stance: stanceOf(turn.text, matter, { asked, ofOther, now: p.now }) })
  }
  if (said.length === 0) return none
  const reading = question.kind === 'yes-no' ? readYesNo(none, said) : readOpen(none, said, question, p.now)
  // What was written down during the call has to say the same as the words do.
  const written = slot === undefined || question.kind === 'open' ? 'none' : stanceOf(slot, matter, { asked: true, now: p.now })
  const differs = (written === 'yes' && reading.value === 'no') || (written === 'no' && reading.value === 'yes')
  return differs ? { ...reading, value: 'unclear', sure: false, against: reading.turns } : reading
}

function readYesNo(none: Reading, said: readonly Said[]): Reading {
  const speaking = said.filter(({ stance, ofOther }) => stance !== 'none' && !(ofOther && (stance === 'hedged' || stance === 'doubt')))
  const direct = speaking.filter(({ asked }) => asked)
  const sides = new Set(speaking.map(({ stance }) => stance))
  if (speaking.length === 0 || direct.length === 0) {
    const tried = said.filter(({ asked }) => asked)
    return speaking.length === 0 && tried.length === 0 ? none : cited({ ...none, value: 'unclear' }, speaking.length > 0 ? speaking : tried)
  }
  const first = direct.find(({ stance }) => stance === 'yes' || stance === 'no')
  const contradicted = sides.has('both') || (sides.has('yes') && sides.has('no')) || (first !== undefined && speaking.some(({ stance, turn }) => turn > first.turn && (stance === 'doubt' || stance === 'hedged')))
  if (contradicted) {
    const against = speaking.filter((one) => one !== first)
    return { ...cited({ ...none, value: 'unclear' }, speaking), against: (against.length > 0 ? against : speaking).map(({ turn }) => turn) }
  }
  if (!first || sides.has('hedged') || sides.has('doubt')) return cited({ ...none, value: 'unclear' }, speaking)
  const proving = speaking.filter(({ stance }) => stance === first.stance)
  return cited({ ...none, value: first.stance, sure: proving.some(({ confidence }) => confidence >= confidenceSure) }, proving)
}

function readOpen(none: Reading, said: readonly Said[], question: AskedQuestion, now: Date): Reading {
  const wants = wantedOf(question.text)
  const answering = said.filter(({ text, asked }) => asked && isAnswer(text))
  if (answering.length === 0) return said.some(({ asked }) => asked) ? cited({ ...none, value: 'unclear' }, said.filter(({ asked }) => asked)) : none
  const values = (text: string): Value[] => valuesIn(text, wants, now)
  const first = answering.find(({ text }) => wants === 'words' || values(text).length > 0)
  if (!first) return cited({ ...none, value: 'unclear' }, answering)
  const later = said.filter(({ turn, ofOther }) => turn > first.turn && !ofOther)
  const known = values(first.text)
  const against = later.filter(({ text, stance, asked }) => stance === 'doubt' || stance === 'both' || retracts.test(text) || values(text).some((value) => known.some((one) => differ(one, value))) || (asked && wants === 'words' && isAnswer(text)))
  if (against.length > 0 || retracts.test(first.text)) {
    return { ...cited({ ...none, value: 'unclear' }, [first, ...against]), against: (against.length > 0 ? against : [first]).map(({ turn }) => turn) }
  }
  const settled = known.length <= 1 && !/或者?|要么|还是|要不|左右|可能|大概|也许|应该|不一定|不确定|看情况|尽量|再说|估计|好像|记不清|吧$|\b(?:or|maybe|about|probably)\b/iu.test(first.text)
  return cited({ ...none, value: slotOf(first.text), sure: settled && first.confidence >= confidenceSure }, [first])
}

const retracts = /不对|说错|记错|口误|改(?:成|为|到|一下)|算了|不是.{1,8}是|哦不|啊不|呃不|\b(?:actually|i mean|no wait)\b/iu

/** Not a question back, not a plea to wait, not a refusal to say. */
function isAnswer(text: string): boolean {
  const { intent } = matchIntent(text, { stage: 'ask', asked: 'open' })
  if (intent === 'other' || intent === 'affirm' || intent === 'deny') return !/^(?:嗯|啊|哦|喂|呃|好|好的|对|是|不知道|不清楚)+$/u.test(normalise(text)) && !isQuestion(normalise(text))
  return intent === 'busy' && /[\d一二三四五六七八九十]/u.test(text)
}

function wantedOf(question: string): 'moment' | 'number' | 'words' {
  if (/几点|几号|什么时候|何时|哪一?天|周几|星期几|什么时间|\b(?:when|what time|which day)\b/iu.test(question)) return 'moment'
  return /几[个位人件次台份盒]|多少|多大|\bhow (?:many|much)\b/iu.test(question) ? 'number' : 'words'
}

type Value = { day?: number; at?: number; number?: string }

function valuesIn(text: string, wants: 'moment' | 'number' | 'words', now: Date): Value[] {
  if (wants === 'words') return []
  const dates = findDates(text, now)
  if (wants === 'moment') return dates.map((date) => ({ ...(date.dayIsWritten ? { day: date.firstDay } : {}), ...(date.clock === '' ? {} : { at: minuteOf(date.from) }) }))
  return [...new Set(digitsForm(withoutDates({ text, dates })).match(/\d+/gu) ?? [])].map((number) => ({ number }))
}

/** Three o'clock and four, Monday and Tuesday; Monday and three o'clock belong together. */
function differ(one: Value, other: Value): boolean {
  return (['day', 'at', 'number'] as const).some((part) => one[part] !== undefined && other[part] !== undefined && one[part] !== other[part])
}

function cited(reading: Reading, turns: readonly Said[]): Reading {
  const words = [...new Set(turns.map(({ text }) => text))].join('；')
  return { ...reading, words: words.slice(0, wordsCharsMax), turns: [...new Set(turns.map(({ turn }) => turn))].sort((a, b) => a - b) }
}

function plain(text: string): string {
  return text.replace(/[\s，。！？?：:、,.]/gu, '')
}
