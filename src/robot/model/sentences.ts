// Knows where Chinese sentences end in text that arrives in pieces. Does not know models or voices.

/** Longest piece handed out. A robot's turn should be shorter; a voice that must wait for more than this is late. */
export const SENTENCE_CHARS_MAX = 60

const ENDS = '。！？!?；;…\n'
/** Where a sentence that is too long may be cut, best first. */
const CUTS = ['，,：:、', ' ']
const OPENERS = '“‘「『（(【[《〈'
const CLOSERS = '”’」』）)】]》〉'
/** What may be left over from the piece before: it makes no sound. */
const LEADING = /^[\s。！？!?；;…，,、：:”’」』）)】\]》〉]+/

/**
 * Cuts a stream of text into sentences, each as soon as it is complete.
 * Never cuts inside brackets, quotes, numbers ("3.5", "9:30", "1,280") or Latin words, unless something in brackets or quotes is itself longer than the limit.
 * Marks that follow a complete sentence, such as the quote after its full stop, are dropped: they are not spoken.
 */
export class SentenceSplitter {
  #buffer = ''
  readonly #charsMax: number

  constructor(charsMax: number = SENTENCE_CHARS_MAX) {
    this.#charsMax = charsMax
  }

  /** Sentences that this piece of text completes, in order. */
  push(text: string): string[] {
    this.#buffer += text
    const sentences: string[] = []
    for (;;) {
      const end = this.#sentenceEnd()
      if (end === undefined) return sentences
      this.#take(end, sentences)
    }
  }

  /** What is left when the stream is over. */
  flush(): string[] {
    const sentences = this.push('\n')
    while (this.#buffer.trim() !== '') this.#take(Math.min(this.#buffer.length, this.#charsMax), sentences)
    this.#buffer = ''
    return sentences
  }

  #take(end: number, sentences: string[]): void {
    const sentence = this.#buffer.slice(0, end).replace(LEADING, '').trim()
    this.#buffer = this.#buffer.slice(end)
    if (sentence !== '') sentences.push(sentence)
  }

  /** Where the first complete sentence ends, or where too long a text is cut; undefined while more is needed. */
  #sentenceEnd(): number | undefined {
    const text = this.#buffer
    let depth = 0
    let straightQuote = false
    const limit = this.#charsMax + (LEADING.exec(text)?.[0].length ?? 0)
    for (let at = 0; at < text.length; at += 1) {
      if (at >= limit) return this.#cut(text.slice(0, limit))
      const char = text[at]!
      if (char === '"') straightQuote = !straightQuote
      else if (OPENERS.includes(char)) depth += 1
      else if (CLOSERS.includes(char)) depth = Math.max(0, depth - 1)
      // A line break ends whatever was left open: models forget closing marks.
      if (char === '\n') return at + 1
      if (depth > 0 || straightQuote) continue
      // 他说：“好的。” ends with the quote.
      if (CLOSERS.includes(char) && at > 0 && ENDS.includes(text[at - 1]!)) return at + 1
      if (char === '"' && at > 0 && ENDS.includes(text[at - 1]!)) return at + 1
      if (ENDS.includes(char) || this.#isFullStop(text, at)) return at + 1
    }
    return undefined
  }

  /** An ASCII full stop counts only between words: not in 3.5, a.cn or "1. ". */
  #isFullStop(text: string, at: number): boolean {
    return text[at] === '.' && /[A-Za-z\u4e00-\u9fff]/.test(text[at - 1] ?? '') && /[\s\u4e00-\u9fff]/.test(text[at + 1] ?? '')
  }

  /** The best place to cut within `head`: after a mark outside brackets, then after any mark, then before a number or word that would be torn. */
  #cut(head: string): number {
    for (const marks of CUTS) {
      let outside = 0
      let anywhere = 0
      let depth = 0
      for (let at = 0; at < head.length; at += 1) {
        const char = head[at]!
        if (OPENERS.includes(char)) depth += 1
        else if (CLOSERS.includes(char)) depth = Math.max(0, depth - 1)
        const insideNumber = /[,:.]/.test(char) && /\d/.test(head[at - 1] ?? '') && /\d|^$/.test(head[at + 1] ?? '')
        if (!marks.includes(char) || insideNumber) continue
        anywhere = at + 1
        if (depth === 0) outside = at + 1
      }
      // A cut near the beginning would make a stump; the next kind of mark may do better.
      if (outside >= head.length / 4) return outside
      if (depth > 0 && anywhere >= head.length / 4) return anywhere
    }
    const torn = /[A-Za-z0-9][\w.,:@%+-]*$/.exec(head)
    return torn && torn.index > 0 ? torn.index : head.length
  }
}
