// Knows the figures of the recogniser on the sets of generate.ts. Does not know how it is trained.
//
//   node tools/recogniser/evaluate.ts <test directory> [--quick]
//
// Prints Markdown tables. Every set is recognised as the utterances of one long call.
import fs from 'node:fs'
import path from 'node:path'
import { CallRecogniser, type Recognition } from '../../src/speech/asr/builtin/call-recogniser.ts'
import { loadLexicon } from '../../src/speech/asr/builtin/lexicon-file.ts'
import { loadModel } from '../../src/speech/asr/builtin/model-file.ts'
import { lookAheadMs } from '../../src/speech/asr/builtin/network.ts'
import { PhraseGrammar } from '../../src/speech/asr/builtin/phrase-grammar.ts'
import { english, phrases } from './corpus.ts'
import { Random } from './random.ts'
import { editDistance } from '../../src/speech/asr/builtin/phrase-grammar.ts'
import { percent, recognise, syllablesOf, textUnits, toneless } from './scoring.ts'
import { alawRoundTrip, colouredNoise, hum, randomTone, scale, toneBursts } from './signals.ts'

const directory = process.argv[2]
if (!directory) {
  console.error('usage: node tools/recogniser/evaluate.ts <test directory> [--quick]')
  process.exit(2)
}
const quick = process.argv.includes('--quick')
const modelDirectory = new URL('../../src/speech/asr/builtin/model/', import.meta.url)
const model = loadModel(modelDirectory)
const lexicon = loadLexicon(new URL('lexicon.txt.gz', modelDirectory), model.header.units)
const phraseGrammar = new PhraseGrammar(phrases, lexicon)

type Item = { pcm: Int16Array; syllables: string[]; text: string }
type Result = Item & { result: Recognition }

const setPath = (name: string, extension: string) => path.join(directory, `${name}.${extension}`)

function loadSet(name: string): Item[] {
  const bytes = fs.readFileSync(setPath(name, 'pcm'))
  const pcm = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)
  const items = JSON.parse(fs.readFileSync(setPath(name, 'json'), 'utf8')) as { o: number; n: number; s: string; t: string }[]
  return items.filter((_, i) => !quick || i % 4 === 0).map(({ o, n, s, t }) => ({ pcm: pcm.slice(o, o + n), syllables: s.split(' '), text: t }))
}

function runSet(name: string, grammar?: PhraseGrammar): Result[] {
  const recogniser = new CallRecogniser(model, lexicon, grammar)
  return loadSet(name).map((item) => ({ ...item, result: recognise(recogniser, item.pcm) }))
}

/** Errors of syllables and characters, share of exact results. */
function openScores(results: readonly Result[]): { syllableError: number; exact: number; characterError: number; exactText: number } {
  const sums = { syllableErrors: 0, syllables: 0, exact: 0, characterErrors: 0, characters: 0, exactText: 0 }
  for (const { syllables, text, result } of results) {
    const errors = editDistance(toneless(syllables), syllablesOf(result))
    sums.syllableErrors += errors
    sums.syllables += syllables.length
    if (errors === 0) sums.exact++
    const textErrors = editDistance(textUnits(text), textUnits(result.text))
    sums.characterErrors += textErrors
    sums.characters += textUnits(text).length
    if (textErrors === 0) sums.exactText++
  }
  const { length } = results
  return { syllableError: sums.syllableErrors / sums.syllables, exact: sums.exact / length, characterError: sums.characterErrors / sums.characters, exactText: sums.exactText / length }
}

const CONDITION_NAMES = ['seen_clean', 'seen_20db', 'seen_10db', 'unseen_clean', 'unseen_10db', 'level_jump', 'packet_loss', 'own_echo', 'program']
const available = (list: string) => CONDITION_NAMES.filter((name) => fs.existsSync(setPath(`${list}.${name}`, 'pcm')))

function openTable(list: string): void {
  console.log(`\n### ${list}: open decoding\n\n| condition | syllable error | all syllables right | character error | text exactly right |\n|---|---|---|---|---|`)
  for (const name of available(list)) {
    const { syllableError, exact, characterError, exactText } = openScores(runSet(`${list}.${name}`))
    console.log(`| ${name} | ${percent(syllableError)} | ${percent(exact)} | ${percent(characterError)} | ${percent(exactText)} |`)
  }
}

/** Phrases of the list must be found, texts outside it must not be taken for one. */
function phraseTable(): void {
  const known = new Set(phrases)
  const sound = (text: string) => String(lexicon.pronounce(text))
  console.log(`\n### list of ${phrases.length} phrases\n\n| condition | taken for the right phrase | other texts taken for a phrase |\n|---|---|---|`)
  for (const name of available('phrases')) {
    const inside = runSet(`phrases.${name}`, phraseGrammar)
    const right = inside.filter(({ text, result }) => result.source === 'phrase' && sound(text) === sound(result.text))
    const outside = runSet(`heldout.${name}`, phraseGrammar).filter(({ text }) => !known.has(text))
    const wrong = outside.filter(({ result }) => result.source === 'phrase')
    console.log(`| ${name} | ${percent(right.length / inside.length)} | ${percent(wrong.length / outside.length)} |`)
  }
}

function englishTable(): void {
  const grammar = new PhraseGrammar(english, lexicon)
  console.log('\n### English phrases\n\n| condition | words right in open decoding | right with the list |\n|---|---|---|')
  for (const name of available('english')) {
    const open = openScores(runSet(`english.${name}`))
    const listed = runSet(`english.${name}`, grammar)
    console.log(`| ${name} | ${percent(1 - open.characterError)} | ${percent(listed.filter(({ text, result }) => text === result.text).length / listed.length)} |`)
  }
}

/** From the end of audible speech to the partial that holds the complete text. */
function partialDelay(): void {
  const delaysMs: number[] = []
  for (const { pcm, syllables } of loadSet('heldout.seen_clean')) {
    const loudest = pcm.reduce((max, sample) => Math.max(max, Math.abs(sample)), 1)
    const speechEnd = pcm.findLastIndex((sample) => Math.abs(sample) > 0.05 * loudest)
    const padded = new Int16Array(pcm.length + 4000)
    padded.set(pcm)
    let last = { text: '', position: 0 }
    const final = recognise(new CallRecogniser(model, lexicon), padded, ({ text }, position) => (last = { text, position }))
    if (final.syllables === toneless(syllables).join(' ') && last.text === final.text) delaysMs.push((last.position - speechEnd) / 8)
  }
  delaysMs.sort((a, b) => a - b)
  const at = (share: number) => delaysMs[Math.floor(share * (delaysMs.length - 1))]?.toFixed(0)
  console.log(`\nlook-ahead ${lookAheadMs(model)} ms; complete partial after the end of speech: median ${at(0.5)} ms, 90 % within ${at(0.9)} ms (${delaysMs.length} utterances)`)
}

function concatenate(signals: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(signals.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const signal of signals) {
    whole.set(signal, at)
    at += signal.length
  }
  return whole
}

/** Syllables heard per minute of sound without speech. */
function silenceTable(): void {
  const random = new Random(31_337)
  const length = 8000 * 60
  const atLevel = (signal: Float32Array, level: number) => alawRoundTrip(scale(signal, level))
  const sounds = {
    'ring-back 450 Hz': atLevel(toneBursts(length, [450], [1, 4]), 6000),
    'busy 450 Hz': atLevel(toneBursts(length, [450], [0.35, 0.35]), 6000),
    'DTMF and random tones': atLevel(concatenate(Array.from({ length: 20 }, () => randomTone(24_000, random))), 6000),
    'white noise': atLevel(colouredNoise(length, 0, random), 500),
    'low noise': atLevel(colouredNoise(length, 0.9, random), 1500),
    'mains hum': atLevel(hum(length, random), 800),
    'another voice alone, 27 dB down': atLevel(concatenate(loadSet('heldout.seen_clean').slice(0, 30).map(({ pcm }) => Float32Array.from(pcm))), 130 / 3000),
  }
  console.log('\n| sound without speech | syllables per minute |\n|---|---|')
  for (const [name, pcm] of Object.entries(sounds)) {
    const count = syllablesOf(recognise(new CallRecogniser(model, lexicon), pcm)).length
    console.log(`| ${name} | ${((count * length) / pcm.length).toFixed(1)} |`)
  }
}

openTable('phrases')
openTable('heldout')
openTable('numbers')
phraseTable()
englishTable()
silenceTable()
partialDelay()
