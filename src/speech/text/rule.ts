// Knows the shape of a reading rule, and how much text rules see at once. Does not know any rule.

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

/** A robot's turn is a tenth of it. */
const PIECE_CHARS_MAX = 1_500

/**
 * A long text in pieces, cut after a mark where there is one. Some rules look as far as they can from every place they are tried, so the
 * time for a piece grows with its square: pieces keep the time for any text proportional to its length.
 */
export function inPieces(text: string): string[] {
  const pieces: string[] = []
  let at = 0
  while (text.length - at > PIECE_CHARS_MAX) {
    const piece = text.slice(at, at + PIECE_CHARS_MAX)
    const mark = Math.max(...['\n', '。', '！', '？', '；', '，', ' '].map((char) => piece.lastIndexOf(char)))
    const end = at + (mark < PIECE_CHARS_MAX / 2 ? PIECE_CHARS_MAX : mark + 1)
    pieces.push(text.slice(at, end))
    at = end
  }
  pieces.push(text.slice(at))
  return pieces
}
