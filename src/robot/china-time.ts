// Knows the Chinese calendar day and clock (UTC+8 all year, GB/T 7408) and Chinese numerals. Knows no words for dates.

const offsetMs = 8 * 3_600_000
export const dayMs = 86_400_000
const minuteMs = 60_000

/** A calendar day in China, counted from 1970-01-01 = 0. */
export type DayNumber = number

export function dayOf(at: Date): DayNumber {
  return Math.floor((at.getTime() + offsetMs) / dayMs)
}

/** Minutes since midnight in China. */
export function minuteOf(at: Date): number {
  return Math.floor((((at.getTime() + offsetMs) % dayMs) + dayMs) % dayMs / minuteMs)
}

/** The instant of a minute of a day; minute 1440 is the midnight that ends it. */
export function instant(day: DayNumber, minute: number): Date {
  return new Date(day * dayMs - offsetMs + minute * minuteMs)
}

/** Undefined when there is no such day (February 30). */
export function dayFromDate(year: number, month: number, dayOfMonth: number): DayNumber | undefined {
  const at = new Date(Date.UTC(year, month - 1, dayOfMonth))
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === dayOfMonth ? at.getTime() / dayMs : undefined
}

export function dateOfDay(day: DayNumber): { year: number; month: number; dayOfMonth: number } {
  const at = new Date(day * dayMs)
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, dayOfMonth: at.getUTCDate() }
}

/** Monday 1 … Sunday 7. 1970-01-01 was a Thursday. */
export function weekdayOf(day: DayNumber): number {
  return ((((day + 3) % 7) + 7) % 7) + 1
}

export function mondayOf(day: DayNumber): DayNumber {
  return day - weekdayOf(day) + 1
}

export function lastDayOfMonth(year: number, month: number): DayNumber {
  return Date.UTC(year, month, 0) / dayMs
}

/** ISO 8601 with the Chinese offset: 2026-11-21T09:00:00+08:00. */
export function isoInChina(at: Date): string {
  return new Date(at.getTime() + offsetMs).toISOString().replace(/\.\d{3}Z$/, '+08:00')
}

const digits: Readonly<Record<string, number>> = {
  零: 0, 〇: 0, 一: 1, 幺: 1, 二: 2, 两: 2, 三: 3, 四: 4, 五: 5, 六: 6, 七: 7, 八: 8, 九: 9,
}
const units: Readonly<Record<string, number>> = { 十: 10, 百: 100, 千: 1_000, 万: 10_000, 亿: 100_000_000 }
export const numeralCharacters = '零〇一幺二两三四五六七八九十百千万亿'

/** 二十五 → 25, 一千二百八十 → 1280, 一三八 → 138 (digit by digit), 12 → 12. Undefined for anything else. */
export function parseNumeral(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  if (text === '' || Array.from(text).some((c) => digits[c] === undefined && units[c] === undefined)) return undefined
  if (Array.from(text).every((c) => digits[c] !== undefined)) return Number(Array.from(text).map((c) => digits[c]).join(''))
  let total = 0
  let section = 0
  let digit: number | undefined
  for (const c of text) {
    const unit = units[c]
    if (unit === undefined) {
      digit = digits[c]
    } else if (unit >= 10_000) {
      total = (total + section + (digit ?? 0)) * unit
      section = 0
      digit = undefined
    } else {
      section += (digit ?? 1) * unit
      digit = undefined
    }
  }
  return total + section + (digit ?? 0)
}

/**
 * Chinese numerals written as digits, so that 三号 and 3号, 幺三八 and 138, 一千二百八十 and 1280 compare equal.
 * Not for display: 一下 becomes 1下.
 */
export function digitsForm(text: string): string {
  return text.normalize('NFKC').replace(/[零〇一幺二两三四五六七八九十百千万亿]+/gu, (run) => String(parseNumeral(run) ?? run))
}
