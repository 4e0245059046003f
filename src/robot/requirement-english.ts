// Knows how a requirement written in English is understood. Does not know conversations; Chinese text is understood elsewhere.
import { InvalidInputError } from '../errors.ts'
import type { DateMention } from './dates.ts'
import { dayOf, instant, mondayOf } from './china-time.ts'
import { someOf } from './requirement-person.ts'
import type { CompileOptions, Fact, FactTopic, Requirement, RequirementKind } from './requirement.ts'

/** True when most letters are Latin. */
export function isEnglish(text: string): boolean {
  const latin = text.match(/[a-z]/giu)?.length ?? 0
  const chinese = text.match(/[\u4e00-\u9fff]/gu)?.length ?? 0
  return latin > 8 && latin > chinese * 4
}

const verbs: Readonly<Record<string, RequirementKind>> = { notify: 'notify', tell: 'notify', inform: 'notify', call: 'notify', remind: 'remind', ask: 'ask', invite: 'invite', wish: 'greet' }
const namePattern = "((?:(?:Mr|Mrs|Ms|Dr|Prof)\\.?\\s+)?(?:[A-Z][a-z'-]+)(?:\\s+[A-Z][a-z'-]+)?)"

export function compileEnglish(original: string, text: string, options: CompileOptions): Omit<Requirement, 'knowledge'> {
  const from = /^(?:(?:i am|i'm|this is|we are)\s+(?:from\s+)?)([^,.;]{2,60})[,.;]\s*/iu.exec(text)
  let rest = from ? text.slice(from[0].length) : text
  rest = rest.replace(/^(?:please|kindly|can you|could you)\s+/iu, '').replace(/^(?:call|phone|dial)\s+\+?[\d\s-]{6,}\s*(?:and\s+|to\s+)?/iu, '')
  const head = new RegExp(`^(${Object.keys(verbs).join('|')})\\s+`, 'iu').exec(rest)
  const kind = head ? verbs[head[1]!.toLowerCase()]! : 'notify'
  if (head) rest = rest.slice(head[0].length)
  const name = head ? new RegExp(`^${namePattern}(?:(?:, | and |, and )${namePattern})*(?![a-z])`, 'u').exec(rest) : null
  const people = (name?.[0] ?? '').split(/, and |, | and /u).filter((one) => one !== '').map((one) => ({ name: one.replace(/^(?:Mr|Mrs|Ms|Dr|Prof)\.?\s+/u, ''), title: '', display: one }))
  if (name) rest = rest.slice(name[0].length)
  else if (head) rest = rest.replace(/^(?:him|her|them|everyone|everybody)\b/iu, '')
  rest = rest.replace(/^\s*(?:,|that|to(?=\s)|about|if(?=\s)|whether(?=\s)|and)\s*/iu, (word) => (/to/iu.test(word) ? 'please ' : /if|whether/iu.test(word) ? '? ' : ''))
  const asks = kind === 'ask' || rest.startsWith('? ')
  const sentences = rest.replace(/^\?\s/u, '').split(/(?<=[.!?;])\s+/u).map((s) => s.replace(/[.!;\s]+$/u, '').trim()).filter((s) => s !== '').slice(0, 30)
  const spoken = sentences.map((s) => s.replace(/\b(?:he|she)\b/giu, 'you').replace(/\b(?:his|her)\b/giu, 'your').replace(/\bhim\b/giu, 'you'))
    .map((s) => (people.length > 1 ? s.replace(/\b(?:they|them)\b/giu, 'you').replace(/\btheir\b/giu, 'your') : s))
  if (spoken.length === 0) throw new InvalidInputError(options.field ?? 'user_requirement', 'nothing to say: write what to tell or ask, for example "Tell Mr. Smith that the meeting is at 9 am tomorrow"')
  const facts: Fact[] = []
  const questions: Requirement['questions'][number][] = []
  for (const [i, sentence] of spoken.entries()) {
    const dates = englishDates(sentence, options.acceptedAt)
    if (sentence.endsWith('?') || (asks && i === 0)) questions.push({ id: `q${questions.length + 1}`, text: sentence.replace(/\?$/u, ''), dates, kind: /^(?:what|when|where|who|why|how|which)\b/iu.test(sentence) ? 'open' : 'yes-no' })
    else facts.push({ id: `f${facts.length + 1}`, text: sentence, dates, topics: englishTopics(sentence, dates) })
  }
  const counted = [...facts, ...questions].flatMap((item) => item.dates)
  return {
    original, language: 'en', kind: facts.length === 0 ? 'ask' : kind, facts, questions, keys: [], quoted: false,
    person: people.length > 1 ? someOf(people, ', ', ' or ') : people[0],
    organisation: from?.[1] ?? options.organisation,
    sensitive: /hospital|clinic|doctor|overdue|debt|loan|result|grade/iu.test(text),
    acceptedAt: options.acceptedAt,
    expiresAt: counted.length === 0 ? undefined : new Date(Math.max(...counted.map((d) => d.until.getTime()))),
  }
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const datePattern = /\b(?:(today|tonight|tomorrow)|(next |this )?(monday|tuesday|wednesday|thursday|friday|saturday|sunday))\b/giu
const clockPattern = /\b(\d{1,2})(?::(\d{2}))?\s?(am|pm)\b|\b([01]?\d|2[0-3]):([0-5]\d)\b/iu

function englishDates(text: string, acceptedAt: Date): DateMention[] {
  const today = dayOf(acceptedAt)
  return [...text.matchAll(datePattern)].slice(0, 10).map((m) => {
    const near = m[1]?.toLowerCase()
    let day = near === 'tomorrow' ? today + 1 : today
    if (m[3] !== undefined) {
      day = mondayOf(today) + weekdays.indexOf(m[3].toLowerCase())
      if (/next/iu.test(m[2] ?? '')) day += 7
      else if (day < today && m[2] === undefined) day += 7
    }
    const clock = clockPattern.exec(text)
    const hour = clock === null ? undefined : clock[3] === undefined ? Number(clock[4]) : (Number(clock[1]) % 12) + (/pm/iu.test(clock[3]) ? 12 : 0)
    const minute = clock === null ? 0 : Number(clock[2] ?? clock[5] ?? 0)
    const from = instant(day, hour === undefined ? 0 : hour * 60 + minute)
    return {
      language: 'en', begin: m.index, end: m.index + m[0].length, precision: 'day', firstDay: day, lastDay: day, clock: '', dayIsWritten: true, from,
      until: hour === undefined ? instant(day, 1440) : from, deadline: false, openEnded: false, lookingBack: false,
    } satisfies DateMention
  })
}

function englishTopics(text: string, dates: readonly DateMention[]): FactTopic[] {
  const topics: FactTopic[] = []
  if (dates.length > 0 || clockPattern.test(text)) topics.push('time')
  if (/\b(?:room|floor|street|road|building|office|hall)\b|\b(?:at|in) the\b/iu.test(text)) topics.push('place')
  if (/\bbring\b/iu.test(text)) topics.push('bring')
  if (/\d\s?(?:yuan|rmb|dollars|usd)|[$¥]\d/iu.test(text)) topics.push('amount')
  if (/\bcode\b/iu.test(text)) topics.push('code')
  return topics
}
