// Knows how people write a phone number and what is left when the writing is taken away. Does not know which numbers exist.

/** A number reduced to ASCII digits. `international` when it was written with a leading "+". */
export type Digits = { digits: string; international: boolean }

/** Longest text that is still looked at as one number; anything longer is a paste accident. */
const textLengthMax = 64

/**
 * Removes everything that is writing and not number: full-width forms (NFKC), zero-width and direction marks, spaces, dashes, dots,
 * brackets and a leading "tel:". What cannot be removed without guessing (letters, `*`, `#`, `转801`, Chinese numerals) makes it undefined.
 * Only ASCII 0-9 are digits: other scripts' digits are refused, not translated.
 */
export function digitsOf(text: string): Digits | undefined {
  if (text.length > textLengthMax) return undefined
  const plain = text
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Z}\s]/gu, '')
    .replace(/^tel:/i, '')
    .replace(/[\p{Pd}−.()]/gu, '')
  const match = /^(\+?)([0-9]+)$/.exec(plain)
  return match ? { digits: match[2]!, international: match[1] === '+' } : undefined
}

/** Splits what a customer typed into one text per number, before any parsing: a comma would otherwise read as an extension. */
export function splitList(text: string): string[] {
  return text
    .split(/[,，、;；\r\n\u2028\u2029\u0085\ufe50\ufe51\ufe54﹐､]+/u)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
