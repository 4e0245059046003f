// Knows the texts of this folder and which of them must never be trained on. Does not know audio.
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const readJson = (name: string): unknown => JSON.parse(fs.readFileSync(new URL(`./texts/${name}`, import.meta.url), 'utf8'))

/** jieba's dict.txt, "word frequency part-of-speech" per line: needed for training audio and for the lexicon only. */
export const WORD_LIST = process.env['JIEBA_DICT'] ?? fileURLToPath(new URL('./data/dict.txt', import.meta.url))

/** Short answers and questions of callees. */
export const phrases = readJson('phrases.json') as string[]
export const english = (readJson('english.json') as { phrases: string[] }).phrases
/** For evaluation only. */
export const heldOut = readJson('heldout.json') as { sentences: string[]; short: string[] }

const strip = (text: string) => text.replace(/[，,]/g, '')
const forbidden = new Set([...heldOut.sentences, ...heldOut.short].map(strip))

/** True for texts that only evaluation may use, commas not counted. */
export function isHeldOut(text: string): boolean {
  return forbidden.has(strip(text))
}
