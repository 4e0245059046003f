// Knows which fact answers a question of the callee, and how the callee's own answers are written down. Does not know when to ask.
import { findDates, speakDate } from './dates.ts'
import { isoInChina } from './china-time.ts'
import { type Fact, type Requirement, speak } from './requirement.ts'
import type { QuestionTopic } from './question-topics.ts'

/** The words that answer the topics, or undefined when the requirement does not tell. Shape: sentences without a final stop. */
export function answerFor(topics: readonly QuestionTopic[], requirement: Requirement, now: Date): string[] | undefined {
  const answers = topics.flatMap((topic) => answerOne(topic, requirement, now) ?? [])
  return answers.length === 0 ? undefined : [...new Set(answers)].slice(0, 3)
}

function answerOne(topic: QuestionTopic, requirement: Requirement, now: Date): string[] | undefined {
  const { facts, questions } = requirement
  if (topic === 'what') return facts.length > 0 ? [speak(facts[0]!, now)] : questions.slice(0, 1).map((q) => speak(q, now))
  const holding = facts.filter((fact) => fact.topics.includes(topic === 'clock' ? 'time' : topic))
  if (topic === 'clock' && requirement.language === 'zh' && ![...facts, ...questions].some(({ dates }) => dates.some(({ clock }) => /\d|[点时半刻]/u.test(clock)))) return undefined
  if (topic === 'time' || topic === 'clock') {
    const mentioning = [...facts, ...questions].filter(({ dates }) => dates.length > 0)
    // 本月 in 本月物业费 is no answer beside 25日前.
    const exact = mentioning.filter(({ dates }) => dates.some(({ precision }) => precision !== 'month' && precision !== 'week'))
    const dated = exact.length > 0 ? exact : mentioning
    if (requirement.language === 'zh' && dated.length === 1 && dated[0]!.dates.length === 1) {
      const date = dated[0]!.dates[0]!
      const after = /^(?:之前|以前|前|起)/u.exec(dated[0]!.text.slice(date.end))?.[0] ?? ''
      return [`${speakDate(date, now, { next: after })}${after}`]
    }
    return dated.length === 0 ? spoken(holding, now) : dated.slice(0, 2).map((item) => speak(item, now))
  }
  if (topic === 'place') {
    for (const fact of holding) {
      const place = /在[^，。；]{1,14}?(?:室|楼|厅|馆|店|院|门口?|广场|公司|学校|中心|大厦|前台|前|旁|处|层|站|园|场)(?=开|举|集|进|办|取|领|见|面|聚|考|培|签|等|做|$|，|。)/u.exec(fact.text)
      if (place) return [place[0]]
    }
  }
  return spoken(holding, now)
}

function spoken(facts: readonly Fact[], now: Date): string[] | undefined {
  return facts.length === 0 ? undefined : facts.slice(0, 2).map((fact) => speak(fact, now))
}

export const slotCharsMax = 200

/** The callee's words as a slot: blanks and marks at the ends removed, at most 200 characters. */
export function slotOf(text: string): string {
  return Array.from(text.trim().replace(/^[，。、\s]+|[，。、\s]+$/gu, '')).slice(0, slotCharsMax).join('')
}

/** 10 in the morning, and so on: a part of the day is called back a little after it begins. */
const laterMinutes: readonly { pattern: RegExp; minutes: number }[] = [
  { pattern: /半个?小时/u, minutes: 30 },
  { pattern: /一会|过会|待会|等会|等下|稍后|晚点|晚一点|回头/u, minutes: 60 },
]

/** When the callee wants to be called again, ISO 8601 with the Chinese offset; undefined when the words name no time. */
export function callBackTime(text: string, now: Date): string | undefined {
  const mention = findDates(text, now).find((m) => m.until > now && m.precision !== 'month' && m.precision !== 'week')
  if (mention) {
    if (mention.precision === 'day') return isoInChina(new Date(Math.max(now.getTime(), mention.from.getTime() + 10 * 3_600_000)))
    const moment = mention.from > now ? mention.from : now
    return isoInChina(mention.precision === 'part' && mention.from > now ? new Date(moment.getTime() + 30 * 60_000) : moment)
  }
  const later = laterMinutes.find(({ pattern }) => pattern.test(text))
  return later && isoInChina(new Date(Math.ceil((now.getTime() + later.minutes * 60_000) / 60_000) * 60_000))
}
