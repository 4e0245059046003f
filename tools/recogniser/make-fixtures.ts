// Knows the small recordings that tests of speech use, and makes them. Does not know the tests.
//
//   node tools/recogniser/make-fixtures.ts
//
// Writes A-law WAV files and fixtures.json into src/speech/asr/builtin/fixtures. The same versions give the same bytes.
import fs from 'node:fs'
import { toEspeakText, toPinyin } from './pinyin.ts'
import { Random } from './random.ts'
import { SAMPLE_RATE_HZ, colouredNoise, encodeAlaw, mix, peak, resample, scale } from './signals.ts'
import { ESPEAK_RATE_HZ, createSynthesiser, type Synthesiser } from './synthesiser.ts'

type Fixture = {
  name: string
  text: string
  variant: string
  rate?: number
  pitch?: number
  /** Peak of the speech on the 16-bit scale. */
  peak?: number
  noiseRms?: number
  leadMs?: number
  tailMs?: number
}

const FIXTURES: Fixture[] = [
  { name: 'greeting', text: '喂，您好，请问是哪位', variant: 'f1' },
  { name: 'tomorrow', text: '明天下午三点', variant: 'm1' },
  { name: 'busy', text: '我现在不方便，晚点再打', variant: 'f3', rate: 230 },
  { name: 'number', text: '幺三八零零幺三八', variant: 'm4' },
  { name: 'stop', text: '等一下，你别说了', variant: 'm7', rate: 250 },
  { name: 'backchannel', text: '嗯', variant: 'f1', tailMs: 900 },
  { name: 'yes', text: '好的', variant: 'm2', tailMs: 900 },
  { name: 'robot', text: '你是机器人吗', variant: 'f4', noiseRms: 120 },
  { name: 'name', text: '我叫王丽华', variant: 'f3' },
  { name: 'immediate', text: '喂，你好', variant: 'm5', leadMs: 0, peak: 26_000 },
  { name: 'quiet', text: '可以，没问题', variant: 'f1', peak: 2_200 },
]

const directory = new URL('../../src/speech/asr/builtin/fixtures/', import.meta.url)
/** Quieter than this below the peak counts as silence when the ends of the speech are found: 26 dB. */
const AUDIBLE_SHARE = 0.05
const milliseconds = (samples: number) => Math.round((samples * 1000) / SAMPLE_RATE_HZ)
const samplesOf = (ms: number) => Math.round((ms * SAMPLE_RATE_HZ) / 1000)

function record(synthesiser: Synthesiser, fixture: Fixture): { alaw: Uint8Array; speechBeginMs: number; speechEndMs: number } {
  const { text, variant, rate = 210, pitch = 50, noiseRms = 0, leadMs = 300, tailMs = 700 } = fixture
  const spoken = synthesiser.speak(toEspeakText(toPinyin(text).units), { language: 'cmn-latn-pinyin', variant, rate, pitch, range: 50 })
  const speech = resample(spoken, ESPEAK_RATE_HZ / SAMPLE_RATE_HZ)
  scale(speech, (fixture.peak ?? 12_000) / peak(speech))
  const audible = AUDIBLE_SHARE * peak(speech)
  const first = speech.findIndex((sample) => Math.abs(sample) > audible)
  const last = speech.findLastIndex((sample) => Math.abs(sample) > audible)
  const body = speech.subarray(first, last + 1)
  const signal = new Float32Array(samplesOf(leadMs) + body.length + samplesOf(tailMs))
  mix(signal, body, 1, samplesOf(leadMs))
  if (noiseRms > 0) mix(signal, colouredNoise(signal.length, 0.5, new Random(7)), noiseRms)
  return { alaw: Uint8Array.from(signal, encodeAlaw), speechBeginMs: leadMs, speechEndMs: leadMs + milliseconds(body.length) }
}

/** RIFF WAVE, format 6 (A-law), 8000 Hz, mono. */
function wavFile(alaw: Uint8Array): Uint8Array {
  const header = Buffer.alloc(46)
  header.write('RIFF', 0)
  header.writeUInt32LE(header.length - 8 + alaw.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(18, 16)
  header.writeUInt16LE(6, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(SAMPLE_RATE_HZ, 24)
  header.writeUInt32LE(SAMPLE_RATE_HZ, 28)
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34)
  header.write('data', 38)
  header.writeUInt32LE(alaw.length, 42)
  return Buffer.concat([header, alaw])
}

fs.mkdirSync(directory, { recursive: true })
const synthesiser = await createSynthesiser()
const index = FIXTURES.map((fixture) => {
  const { alaw, speechBeginMs, speechEndMs } = record(synthesiser, fixture)
  const file = `${fixture.name}.wav`
  fs.writeFileSync(new URL(file, directory), wavFile(alaw))
  return { name: fixture.name, file, text: fixture.text, speechBeginMs, speechEndMs }
})
fs.writeFileSync(new URL('fixtures.json', directory), `${JSON.stringify(index, undefined, 2)}\n`)
