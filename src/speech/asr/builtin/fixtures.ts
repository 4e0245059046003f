// Knows the recordings that tests and benchmarks of speech use. Does not know what they test.
// tools/recogniser/make-fixtures.ts makes them; the voices are those of the built-in simulator.
import { readFileSync } from 'node:fs'
import { FRAME_SAMPLES, type Frame } from '../../../media/frame.ts'
import { decodeAlaw } from '../../../media/g711.ts'

export type SpeechFixture = {
  name: string
  /** What is said, with commas. */
  text: string
  /** Where the audible speech begins and ends. */
  speechBeginMs: number
  speechEndMs: number
  /** 8 kHz, after an A-law line. */
  pcm: Int16Array
}

/** RIFF header, format chunk and data header of the fixtures. */
const WAV_HEADER_BYTES = 46

export function speechFixtures(): SpeechFixture[] {
  const directory = new URL('./fixtures/', import.meta.url)
  const index = JSON.parse(readFileSync(new URL('fixtures.json', directory), 'utf8')) as (Omit<SpeechFixture, 'pcm'> & { file: string })[]
  return index.map(({ file, ...fixture }) => ({ ...fixture, pcm: decodeAlaw(readFileSync(new URL(file, directory)).subarray(WAV_HEADER_BYTES)) }))
}

export function speechFixture(name: string): SpeechFixture {
  const fixture = speechFixtures().find((fixture) => fixture.name === name)
  if (!fixture) throw new Error(`there is no fixture named ${name}`)
  return fixture
}

/** Whole frames of a signal; the rest at the end is filled with silence. */
export function framesOf(pcm: Int16Array): Frame[] {
  return Array.from({ length: Math.ceil(pcm.length / FRAME_SAMPLES) }, (_, i) => {
    const frame = new Int16Array(FRAME_SAMPLES)
    frame.set(pcm.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES))
    return frame
  })
}
