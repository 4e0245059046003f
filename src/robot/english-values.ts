// Knows days, numbers and names in English sentences, so that they can be compared with a requirement in either language. Pure. Does not judge.
import { dateOfDay, type DayNumber, dayOf, weekdayOf } from './china-time.ts'
import type { DateMention } from './dates.ts'
import { soundOf } from './spoken-forms.ts'

const ones = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen']
const tens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']
const values = new Map<string, number>([...ones.map((word, i): [string, number] => [word, i]), ...tens.flatMap((word, i): [string, number][] => (word === '' ? [] : [[word, i * 10]]))])
const numberWord = [...values.keys(), 'hundred', 'thousand', 'half', 'noon', 'midnight'].join('|')
const run = new RegExp(`\\b(?:${numberWord})(?:[\\s-]+(?:and\\s+)?(?:${numberWord})\\b)*`, 'giu')
/** One that counts nothing. */
const idle = /\b(?:one moment|one second|one more time|no one|this one|that one|which one|one of|anyone|someone|everyone|one thing|once|for one|second|a hundred percent)\b/giu

/** True when the sentence has no Chinese in it. */
export function isLatin(text: string): boolean {
  return /[a-z]/iu.test(text) && !/\p{Script=Han}/u.test(text)
}

/** The numbers of a sentence as digits: nine thirty → 9, 30; one thousand two hundred eighty → 1280; noon → 12. */
export function englishNumbers(text: string): string[] {
  const plain = text.replace(idle, ' ').replace(/(?<=\d),(?=\d{3})/gu, '')
  const written = [...plain.matchAll(/\d+/gu)].map(([digits]) => digits.replace(/^0+(?=\d)/u, ''))
  return [...written, ...[...plain.matchAll(run)].flatMap(([words]) => spelled(words.toLowerCase().split(/[\s-]+/u).filter((word) => word !== 'and')))]
}

function spelled(words: readonly string[]): string[] {
  const numbers: number[] = []
  let total = 0
  let part: number | undefined
  const close = (): void => {
    if (part !== undefined || total > 0) numbers.push(total + (part ?? 0))
    total = 0
    part = undefined
  }
  for (const word of words) {
    if (word === 'half') numbers.push(30)
    else if (word === 'noon' || word === 'midnight') numbers.push(12)
    else if (word === 'hundred') part = (part ?? 1) * 100
    else if (word === 'thousand') {
      total = (total + (part ?? 1)) * 1_000
      part = undefined
    } else {
      const value = values.get(word)!
      const joins = part === undefined || (part % 100 === 0 && part > 0) || (part % 10 === 0 && part % 100 >= 20 && value > 0 && value < 10)
      if (!joins) close()
      part = (part ?? 0) + value
    }
  }
  close()
  return numbers.map(String)
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december']
const dayWord = new RegExp(`\\b(?:today|tonight|tomorrow|yesterday|${weekdays.join('|')}|${months.filter((month) => month !== 'may' && month !== 'march').join('|')}|(?:may|march) \\d{1,2}|\\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:may|march))\\b`, 'giu')

/** Days that a sentence names, lower case. */
export function englishDays(text: string): string[] {
  return [...text.toLowerCase().matchAll(dayWord)].map(([word]) => (/may|march/u.exec(word)?.[0] ?? word))
}

/** How a day may be named in English on the day of the call, and the numbers in its date. */
export function englishNamesOf(date: Pick<DateMention, 'firstDay' | 'lastDay' | 'from' | 'until'>, now: Date): { days: string[]; numbers: string[] } {
  const days: string[] = []
  const numbers: string[] = []
  for (let day: DayNumber = date.firstDay; day <= date.lastDay && day < date.firstDay + 31; day += 1) {
    const { month, dayOfMonth, year } = dateOfDay(day)
    days.push(weekdays[weekdayOf(day) - 1]!, months[month - 1]!)
    if (day === dayOf(now)) days.push('today', 'tonight')
    if (day === dayOf(now) + 1) days.push('tomorrow')
    numbers.push(String(dayOfMonth), String(month), String(year))
  }
  return { days, numbers }
}

/** Names that a sentence gives to people: Mr Smith. */
export function englishNames(text: string): string[] {
  return [...text.matchAll(/\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?\s+([A-Z][a-z'-]+)/gu)].map(([, name]) => name!)
}

/** True when the name is written there, or is how a Chinese name there sounds (Zhang for 张). */
export function isNameThere(name: string, sources: readonly string[]): boolean {
  const wanted = name.toLowerCase()
  return sources.some((source) => source.toLowerCase().includes(wanted) || (/\p{Script=Han}/u.test(source) && soundOf(source.slice(0, 400)).replace(/ /gu, '').includes(wanted)))
}
