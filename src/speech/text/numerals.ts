// Knows Chinese numerals in both directions: digits ↔ characters. Does not know what is being counted.

const DIGITS = '零一二三四五六七八九'
const SMALL_UNITS = ['', '十', '百', '千'] as const
/** More digits than this are never read as an amount. */
export const CARDINAL_DIGITS_MAX = 16

/** "105" → 一百零五, "2200" → 两千二百, "20000" → 两万. Leading zeros do not count; more than 16 digits are read one by one. */
export function spokenInteger(digits: string): string {
  const significant = digits.replace(/^0+(?=\d)/, '')
  if (significant.length > CARDINAL_DIGITS_MAX) return spokenDigits(significant)
  if (significant.length <= 4) return spokenSection(significant)
  const [bigDigits, bigUnit] = significant.length > 8 ? ([8, '亿'] as const) : ([4, '万'] as const)
  const high = significant.slice(0, -bigDigits)
  const low = significant.slice(-bigDigits)
  const spokenHigh = (high === '2' ? '两' : spokenInteger(high)) + bigUnit
  if (Number(low) === 0) return spokenHigh
  // 十万两千, not 十万零两千: only a zero in the first place below the unit is said.
  return spokenHigh + (low.startsWith('0') ? '零' : '') + withoutLeadingTen(spokenInteger(low), low)
}

/** 一万零一十: inside a number ten is 一十. */
function withoutLeadingTen(spoken: string, low: string): string {
  return spoken.startsWith('十') ? `一${spoken}` : /^0*2\d\d$/.test(low) ? spoken.replace(/^两/, '二') : spoken
}

/** At most four digits, the first of them not 0 unless it is the only one. */
function spokenSection(digits: string): string {
  let spoken = ''
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[at])
    const place = digits.length - 1 - at
    if (digit === 0) {
      if (digits.length === 1) return DIGITS[0]!
      if (Number(digits[at + 1] ?? 0) !== 0) spoken += '零'
      continue
    }
    // 两千, and 两百 where it leads; 一千二百, 二十 and 二.
    const two = place === 3 || (place === 2 && at === 0) ? '两' : '二'
    const name = digit === 2 ? two : digit === 1 && place === 1 && at === 0 ? '' : DIGITS[digit]!
    spoken += name + SMALL_UNITS[place]!
  }
  return spoken
}

/** One by one: "2026" → 二零二六. With `one` = 幺 for phones, rooms and codes. Other characters are kept. */
export function spokenDigits(digits: string, one: '一' | '幺' = '一'): string {
  return digits.replace(/\d/g, (digit) => (digit === '1' ? one : DIGITS[Number(digit)]!))
}

/** "3.14" → 三点一四, "1,280" → 一千二百八十. No sign. */
export function spokenNumber(number: string): string {
  const [whole = '', ...rest] = number.replaceAll(',', '').split('.')
  return [spokenInteger(whole), ...rest.map((part) => spokenDigits(part))].join('点')
}

/** Characters that a run of spoken digits may hold. */
export const spokenDigitClass = '零〇一二三四五六七八九幺'

/** 幺三八 → "138". Only for characters of `spokenDigitClass`. */
export function writtenDigits(spoken: string): string {
  return Array.from(spoken, (char) => digitValue(char)).join('')
}

export function digitValue(char: string): number {
  if (char === '幺') return 1
  if (char === '〇') return 0
  if (char === '两') return 2
  return DIGITS.indexOf(char)
}

const UNIT_VALUES: Readonly<Record<string, number>> = { 十: 10, 百: 100, 千: 1_000 }

/**
 * A cardinal in characters to its value: 两百三十 → 230, 三万五 → 35000 (a last bare digit counts in the next lower unit).
 * undefined when the characters are not one well-formed number with at least one unit, such as 三五 or 五三百.
 */
export function cardinalValue(spoken: string): number | undefined {
  /** What 亿 and 万 have closed so far, and what is below the last of them. */
  let billions = 0
  let myriads = 0
  let section = 0
  let digit: number | undefined
  let lastSmall = 10_000
  let lastBig = ''
  let zero = false
  let sawUnit = false
  /** What a bare last digit counts in: 三万五 → 千. */
  let tailUnit = 1
  for (const char of spoken) {
    if (char === '零' || char === '〇') {
      if (digit !== undefined || !sawUnit) return undefined
      zero = true
      tailUnit = 1
      continue
    }
    const value = digitValue(char)
    if (value >= 0 && char !== '幺') {
      if (digit !== undefined) return undefined
      digit = value
      continue
    }
    const unit = UNIT_VALUES[char]
    if (unit !== undefined) {
      // A bare 十 is ten only where a number begins.
      if (unit >= lastSmall || (digit === undefined && (unit !== 10 || section + myriads + billions > 0))) return undefined
      section += (digit ?? 1) * unit
      lastSmall = unit
      tailUnit = unit / 10
    } else {
      const below = section + (digit ?? 0)
      if (char === '万' && lastBig !== '万' && below > 0) {
        myriads = below * 10_000
        tailUnit = 1_000
      } else if (char === '亿' && billions === 0 && myriads + below > 0) {
        billions = (myriads + below) * 100_000_000
        myriads = 0
        tailUnit = 10_000_000
      } else return undefined
      lastBig = char
      section = 0
      lastSmall = 10_000
    }
    digit = undefined
    zero = false
    sawUnit = true
  }
  if (!sawUnit || (zero && digit === undefined)) return undefined
  return billions + myriads + section + (digit ?? 0) * tailUnit
}
