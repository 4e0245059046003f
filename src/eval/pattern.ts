// Knows how a pattern of a scenario is found in spoken words, however numbers are written. Does not know what patterns are for.
import { digitsForm } from '../robot/china-time.ts'
import { normalise } from '../robot/spoken-forms.ts'

export type Pattern = {
  /** As written, for messages. */
  readonly source: string
  test(text: string): boolean
}

/**
 * `/…/` is a regular expression over the words as written and over their digits form; anything else is looked for without
 * punctuation and with every number in digits, so 上午九点 finds 上午9点. Errors: SyntaxError.
 */
export function compilePattern(source: string): Pattern {
  const regex = /^\/(.+)\/$/su.exec(source)
  if (regex) {
    const found = new RegExp(regex[1]!, 'u')
    return { source, test: (text) => found.test(text) || found.test(plainForm(text)) }
  }
  const wanted = plainForm(source)
  if (wanted === '') throw new SyntaxError('has neither letters nor digits')
  return { source, test: (text) => plainForm(text).includes(wanted) }
}

/** Lower case, no punctuation, numbers in digits: 3:05 pm and 三点零五分 stay apart, 3点 and 三点 become one. */
export function plainForm(text: string): string {
  return normalise(digitsForm(text))
}

export function someMatch(patterns: readonly Pattern[], text: string): boolean {
  return patterns.some((pattern) => pattern.test(text))
}
