// Knows how facts are told, questions asked and answers kept. Does not know who is on the phone or how a call ends otherwise.
import assert from 'node:assert/strict'
import { answerFor, slotOf } from './answers.ts'
import type { Stage } from './conversation-policy.ts'
import type { AskedQuestion } from './intents.ts'
import { answerFromKnowledge } from './knowledge.ts'
import { type Requirement, speak } from './requirement.ts'
import { end } from './rules-ending.ts'
import type { Heard } from './rules-hearing.ts'
import type { Talk } from './rules-talk.ts'

/** Facts told in one go; then the callee is asked whether it is clear so far. */
const factsPerTurnMax = 4
const factCharsPerTurnMax = 140
const keysTimeOutMs = 10_000

/** Tells facts and asks the next question. 'all' starts over with what was told so far and what is left of this go. */
export function tell(talk: Talk, what: 'first' | 'rest' | 'all'): void {
  const { progress, lines: l } = talk
  assert(talk.identity === 'yes', 'facts are told only to the person')
  talk.stage = 'deliver'
  const left = progress.untold()
  const group = (what === 'all' && toldSoFar(talk)) || firstGroup(left)
  if (what === 'first') talk.discloseIfMissed()
  let lead = what === 'first' ? l.lead(talk.requirement) : what === 'all' ? l.again : ''
  for (const fact of group) {
    const say = talk.say(`${lead}${fact.text}`, 'fact')
    if (say !== undefined) progress.queued(say, fact.id, lead.length, fact.from)
    lead = ''
  }
  if (left.every(({ id }) => group.some((fact) => fact.id === id))) askNext(talk)
  else talk.say(l.toBeContinued)
}

type Piece = { id: string; text: string; from: number }

/** A repetition goes as far as the telling had come; undefined when nothing was heard to its end. */
function toldSoFar({ progress }: Talk): Piece[] | undefined {
  const all = progress.all()
  if (all.length <= factsPerTurnMax) return all
  const heard = progress.heard()
  return heard.length === 0 ? undefined : all.filter(({ id }) => heard.includes(id)).slice(-factsPerTurnMax)
}

function firstGroup(facts: readonly Piece[]): Piece[] {
  let chars = 0
  const tooMany = facts.findIndex(({ text }, i) => {
    chars += text.length
    return i >= factsPerTurnMax || (i > 0 && chars > factCharsPerTurnMax)
  })
  return tooMany < 0 ? [...facts] : facts.slice(0, tooMany)
}

export function askNext(talk: Talk): void {
  const { requirement, lines: l } = talk
  const question = talk.openQuestions[0]
  if (question) {
    talk.stage = 'ask'
    talk.say(l.askQuestion(speak(question, talk.now())))
    return
  }
  talk.stage = 'confirm'
  if (requirement.keys.length === 0) talk.say(l[closingOf(requirement).line])
  else {
    talk.say(l.askKeys(requirement))
    talk.push({ type: 'collect-digits', digitsMax: 1, timeOutMs: keysTimeOutMs })
  }
}

/** The question that ends the telling, by what the facts are about. */
const closings: readonly { about: RegExp; asked: AskedQuestion; line: 'askArrive' | 'askAttend' }[] = [
  { about: /复诊|集合|面试|体检|就诊|报到|到场|到岗|赴约|考试|签约/u, asked: 'attend', line: 'askArrive' },
  { about: /开会|会议|例会|年会|开.{0,6}会(?!员)|参加|出席|上课|培训|聚餐|活动|聚会|婚礼|宴|讲座|\bmeeting\b|\bparty\b/u, asked: 'attend', line: 'askAttend' },
]

function closingOf({ kind, keys, facts }: Requirement): { asked: AskedQuestion; line: 'greetingDone' | 'askUnderstood' | 'askArrive' | 'askAttend' } {
  if (kind === 'greet') return { asked: 'understood', line: 'greetingDone' }
  const all = facts.map(({ text }) => text).join('')
  const closing = keys.length === 0 ? closings.find(({ about }) => about.test(all)) : undefined
  return closing ?? { asked: 'understood', line: 'askUnderstood' }
}

const asked: Readonly<Record<Stage, (talk: Talk) => AskedQuestion | undefined>> = {
  identity: ({ requirement }) => (requirement.person ? 'identity' : 'listen'),
  'hand-over': () => 'available',
  fetching: () => undefined,
  'call-back': () => 'call-back',
  deliver: () => 'understood',
  ask: ({ openQuestions }) => openQuestions[0]?.kind ?? 'understood',
  confirm: ({ requirement }) => closingOf(requirement).asked,
  closed: () => undefined,
}

/** What the callee was asked last. */
export function askedIn(talk: Talk): AskedQuestion | undefined {
  return asked[talk.stage](talk)
}

/** Answers from the facts, then takes up what the question broke off. */
export function answer(talk: Talk, { match, back, text }: Heard): void {
  const { requirement, lines: l } = talk
  const found = answerFor(match?.topics ?? [], requirement, talk.now()) ?? answerFromKnowledge(text, requirement.knowledge)?.map((item) => speak(item, talk.now()))
  if (back) talk.say(l[back.right ? 'rightSo' : 'putRight']([...new Set([...back.words, ...(found ?? [])])].join('，')))
  else if (match?.intent === 'who') talk.say(l.onBehalf(requirement.organisation))
  else talk.say(found ? l.sentence(found.join('，')) : l.noInformation(requirement.organisation))
  resume(talk)
}

function resume(talk: Talk): void {
  if (talk.progress.complete) askNext(talk)
  else tell(talk, 'rest')
}

/** The callee agrees, or says nothing that needs an answer. */
export function goOn(talk: Talk): void {
  if (talk.complete) end(talk, 'confirmed')
  else tell(talk, 'rest')
}

export function keepAnswer(talk: Talk, { text }: Heard): void {
  const question = talk.openQuestions[0]
  if (!question) return
  talk.slots = { ...talk.slots, [question.text]: slotOf(text) }
  talk.note({ slots: talk.slots })
}

/** The next question, or the end of a conversation that only asked. */
export function goOnAfterAnswer(talk: Talk, { match }: Heard): void {
  const [only, ...more] = talk.requirement.questions
  if (talk.openQuestions.length > 0) {
    talk.say(talk.lines.noted)
    askNext(talk)
  } else if (!talk.progress.complete) tell(talk, 'rest')
  else end(talk, only?.kind === 'yes-no' && more.length === 0 && match?.intent === 'deny' ? 'end-declined' : 'noted')
}
