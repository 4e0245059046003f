// Knows what a spreadsheet's numbers look like on its screen: dates by their format, whole numbers without an exponent. Does not know XML.

/** How a number is shown. */
export type NumberKind = 'number' | 'date' | 'time' | 'date-time' | 'percent'

/** Formats that files name by number only. ECMA-376 part 1 §18.8.30; 27 to 36 and 50 to 58 are dates in Chinese versions. */
const builtIn: Readonly<Record<number, NumberKind>> = {
  9: 'percent', 10: 'percent', 14: 'date', 15: 'date', 16: 'date', 17: 'date', 18: 'time', 19: 'time', 20: 'time', 21: 'time', 22: 'date-time',
  27: 'date', 28: 'date', 29: 'date', 30: 'date', 31: 'date', 32: 'time', 33: 'time', 34: 'time', 35: 'time', 36: 'date',
  45: 'time', 46: 'time', 47: 'time', 50: 'date', 51: 'date', 52: 'date', 53: 'date', 54: 'date', 55: 'time', 56: 'time', 57: 'date', 58: 'date',
}

/** By the number of a format and, for an own one, its code as `yyyy"年"m"月"d"日" h:mm`. Pure. */
export function numberKind(id: number, code: string | undefined): NumberKind {
  if (code === undefined) return builtIn[id] ?? 'number'
  // Texts, escaped characters, colours and conditions are not letters of the format; [h] and [mm] are.
  const letters = (code.split(';')[0] ?? '').replace(/"[^"]*"|\\.|_.|\*./gu, '').replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/giu, '').toLowerCase()
  if (/general|@/u.test(letters)) return 'number'
  const day = /[yd]|[年日]/u.test(letters) || (letters.includes('m') && !/[hs]/u.test(letters))
  const time = /[hs]/u.test(letters)
  return day && time ? 'date-time' : day ? 'date' : time ? 'time' : letters.includes('%') ? 'percent' : 'number'
}

const dayMs = 86_400_000

/**
 * A number as its cell shows it: 2026-03-05, 2026-03-05 14:05, 14:05, 12.5%, 13800138000. Undefined when it is none, or when Excel has
 * rounded it away (it keeps 15 digits, so an identity card number typed as a number has lost its end). Pure.
 */
export function numberText(value: string, kind: NumberKind, system1904: boolean): string | undefined {
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number)) return undefined
  if (kind === 'percent') return `${shortest(number * 100)}%`
  if (kind === 'number') return Math.abs(number) >= 1e15 ? undefined : shortest(number)
  // Dates end with the year 9999.
  if (number < 0 || number >= 2_958_466) return undefined
  // Excel's 1900 has a 29 February: days before it count one less than they should.
  const moment = new Date(Math.round(((system1904 ? number + 1_462 : number < 60 ? number + 1 : number) - 25_569) * 86_400) * 1_000)
  const [day, clock] = moment.toISOString().replace(/\.000Z$/, '').replace(/:00$/, '').split('T') as [string, string]
  // 24:00 and more are hours, not times of a day.
  if (kind === 'time') return number >= 1 ? shortest(number) : clock
  return kind === 'date' && moment.getTime() % dayMs === 0 ? day : `${day} ${clock}`
}

/** 15 digits, as Excel keeps them, and never an exponent. */
function shortest(number: number): string {
  const rounded = Number(number.toPrecision(15))
  const text = String(rounded)
  return text.includes('e') ? rounded.toFixed(20).replace(/\.?0+$/, '') : text
}

/** Excel writes characters that XML cannot hold as _x000D_. */
export function unescapedText(text: string): string {
  return text.includes('_x') ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))) : text
}
