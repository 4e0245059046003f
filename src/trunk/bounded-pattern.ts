// Knows which regular expressions a configuration may hold: those that cannot take long on a phone number. Does not know numbers or trunks.
import { InvalidInputError } from '../errors.ts'

/** Longest text that a pattern is ever run on. */
export const patternInputMax = 40
const PATTERN_LENGTH_MAX = 80
/** Parts that may match in more than one way. With five of them on 40 characters there are at most 10^6 ways, and in practice far fewer. */
const CHOICES_MAX = 5

// What may stand in a pattern, one token at a time. No back references, no look-around, no names, no nested repetition.
const tokens = /\\[dDwW.*+?^$()[\]{}|\\/-]|\[\^?(?:\\[dw\\\]-]|[\w+*#.-])+\]|\((?:\?:)?|\)|[?*+]\??|\{\d{1,2}(?:,\d{0,2})?\}\??|[\^$|]|[\w+*#@:;=. -]/y

/**
 * Compiles a pattern of a configuration. It may hold digits, letters, + * # classes, groups, | and repetitions of one character or class;
 * a group may be optional but not repeated, so that no input makes it slow.
 * Errors: InvalidInputError that says what to change.
 */
export function compileBounded(field: string, pattern: string): RegExp {
  if (pattern.length > PATTERN_LENGTH_MAX) throw new InvalidInputError(field, `a pattern has at most ${PATTERN_LENGTH_MAX} characters`)
  let choices = 0
  let repeatable: 'no' | 'once' | 'yes' = 'no'
  tokens.lastIndex = 0
  while (tokens.lastIndex < pattern.length) {
    const at = tokens.lastIndex
    const token = tokens.exec(pattern)?.[0]
    if (token === undefined) throw new InvalidInputError(field, `the pattern cannot be used from character ${at + 1} on: use digits, \\d, [..], ( ), |, ^, $ and ? * + {n,m}`)
    if (/^(?:[?*+]|\{)/.test(token) && token !== '\\') {
      if (repeatable === 'no') throw new InvalidInputError(field, `nothing to repeat at character ${at + 1} of the pattern`)
      if (repeatable === 'once' && !token.startsWith('?')) throw new InvalidInputError(field, 'a group in a pattern may be optional (?), but not repeated: write the repetition inside it')
      if (!/^\{\d+\}$/.test(token)) choices += 1
      repeatable = 'no'
    } else if (token === '|') {
      choices += 1
      repeatable = 'no'
    } else if (token === ')') repeatable = 'once'
    else repeatable = token === '^' || token === '$' || token.startsWith('(') ? 'no' : 'yes'
    if (choices > CHOICES_MAX) throw new InvalidInputError(field, `a pattern has at most ${CHOICES_MAX} of ? * + {n,m} and |: split it into several rules`)
  }
  try {
    // Unicode mode refuses what would otherwise be read in surprising ways.
    return new RegExp(pattern, 'u')
  } catch (error) {
    throw new InvalidInputError(field, 'the pattern is no regular expression: look for a bracket that is not closed', [], { cause: error })
  }
}
