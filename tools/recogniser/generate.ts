// Knows the data sets of training and evaluation, and writes them. Does not know the network.
//
//   node tools/recogniser/generate.ts train <output prefix> <hours> <seed>
//   node tools/recogniser/generate.ts test  <output directory>
//
// Writes <prefix>.pcm (16-bit little-endian mono, 8 kHz) and <prefix>.json, a list of
// {o: first sample, n: samples, s: "syllables with tones", t: text}. The same seed gives the same bytes.
import fs from 'node:fs'
import path from 'node:path'
import { WORD_LIST, english, heldOut, isHeldOut, phrases } from './corpus.ts'
import { Random } from './random.ts'
import { SpeechPool, trainingScene } from './scenes.ts'
import { shortAnswer, slots, templateSentence } from './sentences.ts'
import { createProgramSynthesiser, createSynthesiser } from './synthesiser.ts'
import { CONDITIONS, makeTestSet, speak, type TestItem } from './utterances.ts'
import { WordSampler } from './word-sampler.ts'

/** Longer scenes are left out: they would fill whole training batches. */
const SCENE_SECONDS_MAX = 14

/** A training text: dictionary words, call sentences, short answers, phrases or English. */
function trainingText(random: Random, words: WordSampler): string {
  for (;;) {
    const x = random.next()
    const text =
      x < 0.36 ? words.phrase(random) : x < 0.68 ? templateSentence(random) : x < 0.84 ? shortAnswer(random) : x < 0.94 ? random.pick(phrases) : random.pick(english)
    if (!isHeldOut(text)) return text
  }
}

class Writer {
  readonly #prefix: string
  readonly #file: number
  readonly #index: { o: number; n: number; s: string; t: string }[] = []
  #samples = 0

  constructor(prefix: string) {
    this.#prefix = prefix
    this.#file = fs.openSync(`${prefix}.pcm`, 'w')
  }

  get hours(): number {
    return this.#samples / 8000 / 3600
  }

  add(pcm: Int16Array, label: readonly string[], text: string): void {
    fs.writeSync(this.#file, Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength))
    this.#index.push({ o: this.#samples, n: pcm.length, s: label.join(' '), t: text })
    this.#samples += pcm.length
  }

  close(): void {
    fs.closeSync(this.#file)
    fs.writeFileSync(`${this.#prefix}.json`, JSON.stringify(this.#index))
    console.log(`${this.#prefix}: ${this.#index.length} utterances, ${this.hours.toFixed(2)} h`)
  }
}

async function generateTraining(prefix: string, hours: number, seed: number): Promise<void> {
  const random = new Random(seed)
  const synthesiser = await createSynthesiser()
  const words = new WordSampler(WORD_LIST)
  const pool = new SpeechPool()
  const writer = new Writer(prefix)
  while (writer.hours < hours) {
    const count = random.chance(0.03) ? 0 : random.chance(0.1) ? 2 : 1
    const spoken = Array.from({ length: count }, () => speak(synthesiser, trainingText(random, words), random, 'train')).filter(({ samples }) => samples.length > 800)
    if (count > 0 && spoken.length === 0) continue
    const pcm = trainingScene(spoken.map(({ samples }) => samples), pool, random)
    for (const { samples } of spoken) pool.add(samples)
    if (pcm.length > 8000 * SCENE_SECONDS_MAX) continue
    writer.add(pcm, spoken.flatMap(({ label }) => label), spoken.map(({ text }) => text).join('，'))
  }
  writer.close()
}

function writeTestSet(prefix: string, items: readonly TestItem[]): void {
  const writer = new Writer(prefix)
  for (const { pcm, label, text } of items) writer.add(pcm, label, text)
  writer.close()
}

/** Random phone numbers, digit strings, amounts and times. */
function numberTexts(): string[] {
  const random = new Random(777)
  return [slots.mobile, slots.digits, slots.money, slots.when].flatMap((slot) => Array.from({ length: 40 }, () => slot(random)))
}

async function generateTests(directory: string): Promise<void> {
  fs.mkdirSync(directory, { recursive: true })
  const synthesiser = await createSynthesiser()
  const program = createProgramSynthesiser()
  const lists = { phrases, heldout: [...heldOut.sentences, ...heldOut.short], english, numbers: numberTexts() }
  let seed = 900_000
  for (const [listName, texts] of Object.entries(lists)) {
    const isShort = listName === 'english' || listName === 'numbers'
    for (const [name, condition] of Object.entries(CONDITIONS)) {
      if (isShort && !/clean|seen_20db/.test(name)) continue
      writeTestSet(path.join(directory, `${listName}.${name}`), makeTestSet(synthesiser, texts, condition, ++seed))
    }
    if (program && !isShort) writeTestSet(path.join(directory, `${listName}.program`), makeTestSet(program, texts, ['seen', {}], ++seed))
  }
}

const [mode, target, hours, seed] = process.argv.slice(2)
if (mode === 'train' && target && Number(hours) > 0 && Number.isInteger(Number(seed))) await generateTraining(target, Number(hours), Number(seed))
else if (mode === 'test' && target) await generateTests(target)
else {
  console.error('usage: node tools/recogniser/generate.ts train <output prefix> <hours> <seed> | test <output directory>')
  process.exit(2)
}
