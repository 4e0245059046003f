// Knows CSV as people's programs write it: RFC 4180 and what departs from it. Does not know encodings or what cells mean.
import { isBlank, type TableLimits, type TableRow, withinLimits } from './table.ts'
import { unguarded } from './csv-writer.ts'

export const separators = [',', ';', '\t', '|', '，'] as const

/** Characters of one record, more than the limits of its cells allow in any sensible file. A quote that is never closed ends here. */
const recordCharsMax = 64 * 1024

/**
 * The separator that a table uses: what `sep=` in its first line says, else the one that cuts the first records into the most equal
 * number of columns (more than one), else a comma. Pure. `text` is the beginning of the file.
 */
export function detectSeparator(text: string): string {
  const told = /^sep=(.)\r?\n/u.exec(text)?.[1]
  if (told !== undefined) return told
  let best = { separator: ',', agreeing: 0, columns: 1 }
  for (const separator of separators) {
    const counts: number[] = []
    const records = new Records(separator, detectLineEnd(text))
    records.push(text)
    for (let record = records.next(false); record && counts.length < 20; record = records.next(false)) {
      if (!isBlank(record.cells)) counts.push(record.cells.length)
    }
    // A file of one line has no line end yet.
    if (counts.length === 0) counts.push(records.next(true)?.cells.length ?? 1)
    const columns = counts[0]!
    const agreeing = columns === 1 ? 0 : counts.filter((count) => count === columns).length / counts.length
    if (columns > 1 && (agreeing > best.agreeing || (agreeing === best.agreeing && columns > best.columns))) best = { separator, agreeing, columns }
  }
  return best.separator
}

export type LineEnd = '\n' | '\r'

/** Old Macintosh files end their lines with CR alone. Pure. `text` is the beginning of the file. */
export function detectLineEnd(text: string): LineEnd {
  return !text.includes('\n') && text.includes('\r') ? '\r' : '\n'
}

/**
 * Rows of a CSV text. Quotes may hold separators, line ends and doubled quotes; one inside an unquoted cell is a character. A quote that
 * is not closed within 64 K characters costs its own line and no other. Memory: the pieces of text as they come, one record more.
 */
export async function* readCsv(text: AsyncIterable<string>, options: { separator: string; lineEnd: LineEnd; limits: TableLimits }): AsyncGenerator<TableRow[]> {
  const records = new Records(options.separator, options.lineEnd)
  let row = 0
  const take = (ended: boolean): TableRow[] => {
    const rows: TableRow[] = []
    for (let record = records.next(ended); record; record = records.next(ended)) {
      row += 1
      if (row === 1 && /^sep=.$/u.test(record.line ?? '')) continue
      if (isBlank(record.cells) && record.problem === undefined) continue
      const read = withinLimits(row, record.cells.map(unguarded), options.limits)
      rows.push(record.problem === undefined ? read : { ...read, problem: record.problem })
    }
    return rows
  }
  for await (const piece of text) {
    records.push(piece)
    const rows = take(false)
    if (rows.length > 0) yield rows
  }
  const rows = take(true)
  if (rows.length > 0) yield rows
}

/** `line`: the record as it stands, when it is one line without quotes. */
type CsvRecord = { cells: string[]; line?: string; problem?: string }

/** Cuts text that arrives in pieces into records. */
class Records {
  readonly #separator: string
  readonly #lineEnd: LineEnd
  #text = ''
  #at = 0
  /** Inside a line that was too long already. */
  #skipping = false

  constructor(separator: string, lineEnd: LineEnd) {
    this.#separator = separator
    this.#lineEnd = lineEnd
  }

  push(piece: string): void {
    this.#text = this.#text.slice(this.#at) + piece
    this.#at = 0
  }

  /** The next record that is whole; with `ended` the last one needs no line end. Undefined: there is none (yet). */
  next(ended: boolean): CsvRecord | undefined {
    if (this.#skipping) {
      const end = this.#text.indexOf(this.#lineEnd, this.#at)
      this.#at = end === -1 ? this.#text.length : end + 1
      if (end === -1) return undefined
      this.#skipping = false
    }
    if (this.#at >= this.#text.length) return undefined
    const end = this.#text.indexOf(this.#lineEnd, this.#at)
    const line = end === -1 ? this.#text.slice(this.#at) : this.#text.slice(this.#at, end)
    if (end === -1 && !ended) return line.length > recordCharsMax ? this.#tooLong(line) : undefined
    if (line.length > recordCharsMax) {
      this.#at = end === -1 ? this.#text.length : end + 1
      return { cells: [line.slice(0, 200)], problem: tooLong }
    }
    if (!line.includes('"')) {
      this.#at = end === -1 ? this.#text.length : end + 1
      const plain = line.endsWith('\r') ? line.slice(0, -1) : line
      return { cells: plain.split(this.#separator), line: plain }
    }
    return this.#quoted(line, end, ended)
  }

  #tooLong(line: string): CsvRecord {
    this.#at = this.#text.length
    this.#skipping = true
    return { cells: [line.slice(0, 200)], problem: tooLong }
  }

  #quoted(line: string, lineEnd: number, ended: boolean): CsvRecord | undefined {
    const text = this.#text
    const cells: string[] = []
    let at = this.#at
    for (;;) {
      let cell = ''
      let from = at
      // Some programs write a blank between the separator and the quote.
      while (text[from] === ' ') from += 1
      if (text[from] === '"') {
        for (from += 1; ; ) {
          const close = text.indexOf('"', from)
          if (close === -1 || close - this.#at > recordCharsMax) return ended || text.length - this.#at > recordCharsMax ? this.#unclosed(line, lineEnd) : undefined
          cell += text.slice(from, close)
          from = close + 1
          // Whether a quote at the very end is doubled shows with the next piece.
          if (from === text.length && !ended) return undefined
          if (text[from] !== '"') break
          cell += '"'
          from += 1
        }
        at = from
      }
      const newline = text.indexOf(this.#lineEnd, at)
      if (newline === -1 && !ended) return text.length - this.#at > recordCharsMax ? this.#unclosed(line, lineEnd) : undefined
      const rest = text.slice(at, newline === -1 ? text.length : newline)
      // Looked for in this line only: in a table of one column there is none in the whole file.
      const separator = rest.indexOf(this.#separator)
      if (separator !== -1) {
        cells.push(cell + rest.slice(0, separator))
        at += separator + this.#separator.length
        continue
      }
      cells.push(cell + (rest.endsWith('\r') ? rest.slice(0, -1) : rest))
      this.#at = newline === -1 ? text.length : newline + 1
      return { cells }
    }
  }

  /** What follows on the next line is read as if this one had no quotes. */
  #unclosed(line: string, lineEnd: number): CsvRecord {
    this.#at = lineEnd === -1 ? this.#text.length : lineEnd + 1
    return { cells: line.replace(/\r$/, '').split(this.#separator).map((cell) => cell.replace(/^"/, '')), problem: '引号没有成对 a quote is not closed' }
  }
}

const tooLong = `一行超过 ${recordCharsMax} 个字符 a line is longer than ${recordCharsMax} characters`
