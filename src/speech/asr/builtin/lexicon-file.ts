// Knows the lexicon's file format, and refuses damaged files. Does not know how words are used.
//
// Gzipped UTF-8 text; costs are tenths of natural-log units:
//   #words n      n lines   word TAB pinyin with tones TAB cost TAB class
//   #classes n    n lines   cost of each class after this class, relative to its usual cost, separated by spaces
//   #pairs n      n lines   first word's line TAB extra cost of unseen pairs TAB second word's line:cost …
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Lexicon, type PairRow } from './lexicon.ts'

/** Unpacked size at most: a bomb must not fill the memory. The real file holds 4 MB. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024

/**
 * Reads the lexicon (0.25 s).
 * Errors: the file system's own; Error saying what is wrong with the file.
 */
export function loadLexicon(path: URL, unitNames: readonly string[]): Lexicon {
  return decodeLexicon(readFileSync(path), unitNames)
}

/** Errors: Error saying what is wrong with the file. */
export function decodeLexicon(bytes: Uint8Array, unitNames: readonly string[]): Lexicon {
  let text: string
  try {
    text = gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX }).toString('utf8')
  } catch (cause) {
    throw new Error(`lexicon file is damaged: ${cause instanceof Error ? cause.message : 'not gzip'}`, { cause })
  }
  return parseLexicon(text.split('\n'), unitNames)
}

function parseLexicon(lines: readonly string[], unitNames: readonly string[]): Lexicon {
  const lexicon = new Lexicon(unitNames)
  const words = section(lines, 0, '#words')
  const idOfLine = words.map((line) => addWord(lexicon, line))
  const classes = section(lines, words.length + 1, '#classes')
  const pairs = section(lines, words.length + classes.length + 2, '#pairs')
  const rows = new Map<number, PairRow>()
  for (const line of pairs) {
    const [first = '', backoff = '', cells = ''] = line.split('\t')
    rows.set(idOfLine[Number(first)] ?? -1, { backoff: tenths(backoff), costs: pairCosts(cells, idOfLine) })
  }
  lexicon.setNeighbours(rows, classes.map((line) => line.split(' ').map(tenths)))
  return lexicon
}

/** The lines of a section whose heading is at `at`. */
function section(lines: readonly string[], at: number, name: string): readonly string[] {
  const [found, count] = (lines[at] ?? '').split(' ')
  const size = Number(count)
  if (found !== name || !Number.isInteger(size) || size < 0) throw new Error(`lexicon file is damaged: ${name} is missing at line ${at + 1}`)
  if (lines.length < at + 1 + size) throw new Error(`lexicon file is damaged: ${name} is cut short`)
  return lines.slice(at + 1, at + 1 + size)
}

function addWord(lexicon: Lexicon, line: string): number {
  const [text, reading, cost, wordClass] = line.split('\t')
  if (!text || reading === undefined || wordClass === undefined) throw new Error(`lexicon file is damaged: word line "${line.slice(0, 40)}"`)
  return lexicon.add(text, reading ? reading.split(' ') : [], tenths(cost ?? ''), Number(wordClass))
}

function pairCosts(cells: string, idOfLine: readonly number[]): Map<number, number> {
  const costs = new Map<number, number>()
  for (const cell of cells.split(' ')) {
    const colon = cell.indexOf(':')
    costs.set(idOfLine[Number(cell.slice(0, colon))] ?? -1, tenths(cell.slice(colon + 1)))
  }
  return costs
}

function tenths(text: string): number {
  const value = Number(text) / 10
  if (text === '' || !Number.isFinite(value)) throw new Error(`lexicon file is damaged: cost "${text.slice(0, 20)}"`)
  return value
}
