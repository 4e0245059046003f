// Knows how the two directions of a call lie side by side in time. Does not know files: it hands out blocks.
import { SAMPLE_RATE_HZ } from './frame.ts'
import { ALAW_SILENCE, alawByte } from './g711.ts'

/** Shape of a recording: two channels of A-law at 8000 Hz, interleaved byte by byte: far end, us. */
export const recordingFormat = { encoding: 'alaw', sampleRateHz: SAMPLE_RATE_HZ, channels: 2 } as const

const BLOCK_SAMPLES = SAMPLE_RATE_HZ
/** How long after its end a block is handed out: later than any catching up of the port. */
const SETTLE_SAMPLES = SAMPLE_RATE_HZ / 4
const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1_000

export type RecordingChannel = 'far-end' | 'us'

/** Places frames by the time they were due, so that a pause, a stall or a hold is silence of the right length in either channel. */
export class RecordingMixer {
  /** Whole milliseconds, so that frames meet without a gap of rounding. */
  readonly #beginMs: number
  /** Two blocks: the one being filled and the next. */
  #blocks = new Uint8Array(BLOCK_SAMPLES * 4).fill(ALAW_SILENCE)
  /** Position of the first sample in `#blocks`. */
  #base = 0

  constructor(beginMs: number) {
    this.#beginMs = Math.round(beginMs)
  }

  /** Audio outside the open window (already handed out, or more than a second ahead) is left out. */
  write(channel: RecordingChannel, dueMs: number, pcm: Int16Array): void {
    const at = Math.round((dueMs - this.#beginMs) * SAMPLES_PER_MS) - this.#base
    const side = channel === 'far-end' ? 0 : 1
    const from = Math.max(0, -at)
    const to = Math.min(pcm.length, BLOCK_SAMPLES * 2 - at)
    for (let i = from; i < to; i += 1) this.#blocks[(at + i) * 2 + side] = alawByte(pcm[i]!)
  }

  /** A second of recording whose time is over, or undefined. To be called again until it is undefined. */
  takeBlock(nowMs: number): Uint8Array<ArrayBuffer> | undefined {
    const position = (nowMs - this.#beginMs) * SAMPLES_PER_MS
    if (position < this.#base + BLOCK_SAMPLES + SETTLE_SAMPLES) return undefined
    const block = this.#blocks.slice(0, BLOCK_SAMPLES * 2)
    this.#blocks.copyWithin(0, BLOCK_SAMPLES * 2)
    this.#blocks.fill(ALAW_SILENCE, BLOCK_SAMPLES * 2)
    this.#base += BLOCK_SAMPLES
    return block
  }

  /** What is left up to `nowMs`, at most two seconds. */
  takeRest(nowMs: number): Uint8Array<ArrayBuffer> {
    const position = Math.round((nowMs - this.#beginMs) * SAMPLES_PER_MS) - this.#base
    return this.#blocks.slice(0, Math.min(BLOCK_SAMPLES * 2, Math.max(0, position)) * 2)
  }
}
