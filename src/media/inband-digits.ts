// Knows keys as tones in the audio (ITU-T Q.23, Q.24), for far ends that send no telephone events. Does not know packets or calls.
import { SAMPLE_RATE_HZ } from './frame.ts'

export const ROWS_HZ = [697, 770, 852, 941] as const
export const COLUMNS_HZ = [1_209, 1_336, 1_477, 1_633] as const
export const KEYPAD = ['123A', '456B', '789C', '*0#D'] as const

/** 12.75 ms: two of them lie whole within the shortest valid tone of 40 ms, and the filters still tell neighbours apart. */
const BLOCK_SAMPLES = 102
/** As many blocks in a row begin a key, and end it. */
const BLOCKS_TO_BEGIN = 2
const BLOCKS_TO_END = 2
/** Q.24: 1.5 % off must be taken, 3.5 % must not. */
const OFF_MAX = 0.022
/** Each of the two tones at least −32 dBm0 or so: as an amplitude. */
const AMPLITUDE_MIN = 400
/** What the two tones must hold of all energy: a voice spreads it, 1.5 % off the frequency leaves this much. */
const SHARE_MIN = 0.68
/** A tone against the next strongest of its group: 8 dB. */
const ALONE_RATIO = 6.3
/** Column against row, both ways: 4 dB and 8 dB (Q.24: the higher tones suffer on the line). */
const COLUMN_OVER_ROW_MAX = 2.5
const ROW_OVER_COLUMN_MAX = 6.3
/** A voice with these two frequencies has overtones of them too. */
const OVERTONE_MAX = 0.06

export class InbandDigitReceiver {
  readonly #block = new Float64Array(BLOCK_SAMPLES)
  #filled = 0
  /** What the last blocks held, and how many they are. */
  #candidate: Pair | undefined
  #count = 0
  #pressed: string | undefined
  #misses = 0

  /** Takes 8 kHz audio in pieces of any length; gives the keys that begin in it, each once. */
  push(pcm: Int16Array): string {
    let keys = ''
    for (const sample of pcm) {
      this.#block[this.#filled] = sample
      this.#filled += 1
      if (this.#filled < BLOCK_SAMPLES) continue
      this.#filled = 0
      keys += this.#judge(pairIn(this.#block))
    }
    return keys
  }

  #judge(pair: Pair | undefined): string {
    const key = pair?.key
    this.#count = pair !== undefined && this.#candidate !== undefined && continues(this.#candidate, pair) ? this.#count + 1 : 1
    this.#candidate = pair
    if (this.#pressed !== undefined) {
      this.#misses = key === this.#pressed ? 0 : this.#misses + 1
      if (this.#misses >= BLOCKS_TO_END) this.#pressed = undefined
    }
    if (key === undefined || key === this.#pressed || this.#count < BLOCKS_TO_BEGIN) return ''
    this.#pressed = key
    this.#misses = 0
    return key
  }
}

/** The two tones of a block; the phases are those at its end. */
type Pair = { key: string; rowHz: number; rowRad: number; columnHz: number; columnRad: number }

/** The same key, and its tones went on at their true frequencies: a voice seldom hits both so well. */
function continues(before: Pair, now: Pair): boolean {
  return before.key === now.key && offHz(before.rowRad, now.rowRad, now.rowHz) <= now.rowHz * OFF_MAX && offHz(before.columnRad, now.columnRad, now.columnHz) <= now.columnHz * OFF_MAX
}

/** How far a tone is from `hz`, by how far its phase moved in one block; up to 39 Hz can be told. */
function offHz(beforeRad: number, nowRad: number, hz: number): number {
  const turns = (nowRad - beforeRad) / (2 * Math.PI) - (hz * BLOCK_SAMPLES) / SAMPLE_RATE_HZ
  return (Math.abs(turns - Math.round(turns)) * SAMPLE_RATE_HZ) / BLOCK_SAMPLES
}

function pairIn(block: Float64Array): Pair | undefined {
  let energy = 0
  for (const sample of block) energy += sample * sample
  // Nothing that loud: most blocks of a call end here.
  if (energy < BLOCK_SAMPLES * AMPLITUDE_MIN * AMPLITUDE_MIN) return undefined
  const row = strongest(block, ROWS_HZ)
  const column = strongest(block, COLUMNS_HZ)
  const least = (AMPLITUDE_MIN * BLOCK_SAMPLES * 0.5) ** 2
  if (row === undefined || column === undefined || row.power < least || column.power < least) return undefined
  if (column.power > row.power * COLUMN_OVER_ROW_MAX || row.power > column.power * ROW_OVER_COLUMN_MAX) return undefined
  if (row.power + column.power < (SHARE_MIN * energy * BLOCK_SAMPLES) / 2) return undefined
  // The octaves of the rows lie too close to the columns; their twelfths do not.
  if (toneAt(block, 3 * ROWS_HZ[row.index]!).power > row.power * OVERTONE_MAX) return undefined
  if (toneAt(block, 2 * COLUMNS_HZ[column.index]!).power > column.power * OVERTONE_MAX) return undefined
  return { key: KEYPAD[row.index]![column.index]!, rowHz: ROWS_HZ[row.index]!, rowRad: row.rad, columnHz: COLUMNS_HZ[column.index]!, columnRad: column.rad }
}

type Tone = { power: number; rad: number }

/** Undefined when two of the group are about as strong. */
function strongest(block: Float64Array, groupHz: readonly number[]): (Tone & { index: number }) | undefined {
  const heard = groupHz.map((hz) => toneAt(block, hz))
  const power = Math.max(...heard.map((tone) => tone.power))
  const index = heard.findIndex((tone) => tone.power === power)
  return heard.some((tone, i) => i !== index && tone.power * ALONE_RATIO > power) ? undefined : { index, ...heard[index]! }
}

/** Goertzel: for a tone of amplitude A at `hz`, the power is (A · samples / 2)². */
function toneAt(block: Float64Array, hz: number): Tone {
  const stepRad = (2 * Math.PI * hz) / SAMPLE_RATE_HZ
  const coefficient = 2 * Math.cos(stepRad)
  let one = 0
  let two = 0
  for (let i = 0; i < block.length; i += 1) {
    const now = block[i]! + coefficient * one - two
    two = one
    one = now
  }
  const real = one - two * Math.cos(stepRad)
  const imaginary = two * Math.sin(stepRad)
  return { power: real * real + imaginary * imaginary, rad: Math.atan2(imaginary, real) }
}
