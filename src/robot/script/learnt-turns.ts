// Knows what turns mean by their likeness to labelled ones: weights of pieces of one to three characters, learnt by tools/train-turns.ts.
// Does not know phrases, patterns or what is answered.
import { readFileSync } from 'node:fs'
import { phraseIntents } from '../intent-phrases.ts'
import type { AskedQuestion, Intent } from '../intents.ts'
import { normalise, utteranceCharsMax } from '../spoken-forms.ts'
import { withoutFiller } from './turn-patterns.ts'

/** In the order of the weights' columns. */
export const learntIntents: readonly Intent[] = [...phraseIntents, 'question', 'other']
/** Rows of the table; pieces that fall on the same row share it. */
export const weightRows = 8_192
/** One step of a stored weight. */
export const weightStep = 1 / 16

/** The rows of a turn, each once: its pieces, and its pieces as an answer to what was asked. */
export function rowsOf(text: string, asked: AskedQuestion | undefined): number[] {
  const framed = `^${normalise(withoutFiller(text.slice(0, utteranceCharsMax)))}$`
  const rows = new Set<number>([rowOf('bias'), ...(asked === undefined ? [] : [rowOf(`asked ${asked}`)])])
  for (let at = 0; at < framed.length; at += 1) {
    for (let length = 1; length <= 3 && at + length <= framed.length; length += 1) {
      const piece = framed.slice(at, at + length)
      if (piece === '^' || piece === '$') continue
      rows.add(rowOf(piece))
      if (asked !== undefined) rows.add(rowOf(`${asked} ${piece}`))
    }
  }
  return [...rows]
}

/** FNV-1a. */
function rowOf(piece: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < piece.length; at += 1) hash = Math.imul(hash ^ piece.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % weightRows
}

/** Shares of belief, one per intent; together 1. `weights`: rows of one number per intent. */
export function beliefs(rows: readonly number[], weights: ArrayLike<number>, step: number): number[] {
  const columns = learntIntents.length
  const scores = Array.from({ length: columns }, () => 0)
  for (const row of rows) for (let column = 0; column < columns; column += 1) scores[column]! += weights[row * columns + column]!
  // Long turns have more pieces and are no surer for that.
  const scale = step / Math.sqrt(rows.length)
  const most = Math.max(...scores)
  const shares = scores.map((score) => Math.exp((score - most) * scale))
  const all = shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share) => share / all)
}

let stored: Int8Array | undefined

/** The likeliest meaning of a turn and how far it is believed, 0..1. Pure but for reading its table once. */
export function learntMeaning(text: string, asked: AskedQuestion | undefined): { intent: Intent; belief: number } {
  stored ??= new Int8Array(readFileSync(new URL('turn-weights.bin', import.meta.url)))
  const shares = beliefs(rowsOf(text, asked), stored, weightStep)
  const belief = Math.max(...shares)
  return { intent: learntIntents[shares.indexOf(belief)]!, belief }
}
