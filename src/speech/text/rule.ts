// Knows the shape of a reading rule. Does not know any rule.

/** Where a match stands. Both sides are plain text, not yet rewritten. */
export type RuleContext = { before: string; after: string }

/** Rewrites one kind of written expression into speech. */
export type ReadingRule = {
  name: string
  /** Sticky (`y`): tried where the reader stands. */
  pattern: RegExp
  /** The spoken form, or undefined when the match is something else after all; later rules are tried then. */
  say: (match: RegExpExecArray, context: RuleContext) => string | undefined
}

/** The part of `before` that belongs to the same phrase, at most 14 characters. */
export function phraseBefore(before: string): string {
  return /[^，。！？；,!?;\n]{0,14}$/.exec(before)![0]
}
