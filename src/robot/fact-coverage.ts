// Knows whether words in any wording hold a whole fact or question: its moment, its numbers and most of its matter. Does not know who says them.
import { dayOf, digitsForm, minuteOf } from './china-time.ts'
import { type DateMention, findDates } from './dates.ts'
import type { Fact } from './requirement.ts'

/** Share of the pairs of characters that must come back. Below it half a fact passes, above it no other wording does. */
const matterShareMin = 0.6

/**
 * True when somebody who heard only `words` knows all of the item.
 * Errs on the side of false: a fact told in words too different from its own is told again.
 */
export function tells(words: string, item: Pick<Fact, 'text' | 'dates'>, now: Date): boolean {
  const said = digitsForm(words)
  const heardDates = findDates(words, now)
  if (!item.dates.every((date) => isVague(date) || holdsMoment(heardDates, date))) return false
  const matter = digitsForm(withoutDates(item))
  const saidNumbers = new Set(said.match(/\d+/gu))
  if (!(matter.match(/\d+/gu) ?? []).every((number) => saidNumbers.has(number) || (number.length >= 4 && said.replace(/\D/gu, '').includes(number)))) return false
  const pieces = piecesOf(matter)
  const plain = plainOf(said)
  const back = pieces.filter((piece) => plain.includes(piece)).length
  return back >= pieces.length * matterShareMin
}

function isVague(date: DateMention): boolean {
  return date.precision === 'week' || date.precision === 'month' || date.lookingBack
}

function holdsMoment(heard: readonly DateMention[], date: DateMention): boolean {
  const day = !date.dayIsWritten || heard.some((m) => m.firstDay <= date.firstDay && m.lastDay >= date.firstDay && m.dayIsWritten)
  if (!day || date.clock === '') return day
  if (date.precision !== 'minute') return heard.some((m) => m.clock !== '')
  const minute = minuteOf(date.from)
  return heard.some((m) => m.clock !== '' && (minuteOf(m.from) === minute || minuteOf(m.from) === minute % 720) && (dayOf(m.from) === dayOf(date.from) || !m.dayIsWritten))
}

/** The words around the dates. */
export function withoutDates({ text, dates }: Pick<Fact, 'text' | 'dates'>): string {
  return dates.reduceRight((words, { begin, end }) => `${words.slice(0, begin)} ${words.slice(end)}`, text)
}

/** Pairs of neighbouring Chinese characters, and words of other scripts. 您, 请 and 的 come and go with the wording. */
function piecesOf(text: string): string[] {
  const plain = text.toLowerCase()
  const runs = plain.replace(/[您请的了要在]/gu, ' ').match(/[\u4e00-\u9fff]+/gu) ?? []
  const pairs = runs.flatMap((run) => (run.length === 1 ? [run] : Array.from(run.slice(1), (char, i) => `${run[i]!}${char}`)))
  return [...pairs, ...(plain.match(/[a-z][a-z'-]+/gu) ?? [])]
}

function plainOf(text: string): string {
  return text.toLowerCase().replace(/[\s，。、！？；：,.!?;:]/gu, '').replace(/[您请的了要在]/gu, '')
}
