// Knows in which city a mobile number was issued (归属地), from a table that the operator of this program supplies. Does not know who serves the number today.
import { InvalidInputError } from '../errors.ts'
import { areas } from './area-codes.ts'
import { digitsOf } from './digits.ts'
import { classify } from './plan.ts'

/** Area code with its 0 ("021") of the city a number belongs to: fixed lines by their area code, mobiles by the table. Undefined when not known. */
export type Attribution = (phone: string) => string | undefined

/** Mobile segments are 7 digits, 1300000 to 1999999. */
const FIRST = 1_300_000
const COUNT = 700_000
/** The national table has about 520,000 lines. */
const LINES_MAX = 2_000_000
const row = /^(1[3-9]\d{1,5})(?:-(1[3-9]\d{1,5}))?[\s,;]+(0\d{2,3})(?:[\s,;].*)?$/

/** Fixed lines only: without a table nobody knows where a mobile is from. */
export const noAttribution: Attribution = (phone) => {
  const known = planNumber(phone)
  return known?.kind === 'fixed' ? known.area.code : undefined
}

/**
 * Reads a table: one line for a segment or a range of them and its area code, `1380013,010` or `1390000-1390099 021`; what follows is a remark.
 * A shorter prefix stands for all segments that begin with it; later lines win. Empty lines and lines that begin with # are skipped.
 * Takes 1.4 MB whatever its size. Errors: InvalidInputError naming the first line that is wrong.
 */
export function readAttribution(text: string): Attribution {
  const codes = areas.map(({ code }) => code)
  const numberOf = new Map(codes.map((code, at) => [code, at + 1]))
  const segments = new Uint16Array(COUNT)
  let number = 0
  for (const line of text.split(/\r?\n/, LINES_MAX)) {
    number += 1
    const plain = line.replace(/^\ufeff/, '').trim()
    if (plain === '' || plain.startsWith('#')) continue
    const wrong = (what: string) => new InvalidInputError('ATTRIBUTION_FILE', `line ${number}: ${what}; write a segment and an area code, such as 1380013,010`)
    const match = row.exec(plain)
    if (!match) throw wrong('not readable')
    const [, from = '', to = from, code = ''] = match
    const value = numberOf.get(code)
    if (value === undefined) throw wrong(`there is no area code ${code}`)
    if (to.length !== from.length || to < from) throw wrong(`${from}-${to} is no range`)
    segments.fill(value, Number(from.padEnd(7, '0')) - FIRST, Number(to.padEnd(7, '9')) - FIRST + 1)
  }
  return (phone) => {
    const known = planNumber(phone)
    if (known?.kind !== 'mobile') return known?.area.code
    return codes[segments[Number(known.national.slice(0, 7)) - FIRST]! - 1]
  }
}

function planNumber(phone: string) {
  const written = digitsOf(phone)
  const whole = written && classify(written)
  return whole?.ok ? whole.number : undefined
}
