// Knows which part of the sound before an answer is worth keeping as evidence: what is neither silence nor ringing. Does not know files.
import { FRAME_MS, SAMPLE_RATE_HZ, type Frame } from '../../media/frame.ts'
import { encodeAlaw } from '../../media/g711.ts'

/** So much is kept … */
export const CLIP_MS_MAX = 15_000
/** … of which so much lies before the moment it was noticed: a busy tone takes 2.1 s to be known. */
const PRE_ROLL_MS = 3_000
/** Blocks of one second, so that a crash costs no more. */
const BLOCK_FRAMES = 1_000 / FRAME_MS
/** Any sound of this length that is no tone of ours begins the clip; clicks do not. */
const NOTICED_MS = 100

export type ClipSound = 'ringing' | 'silence' | 'other' | 'telling'

/** Hands out A-law, one byte per sample at 8000 Hz, in blocks of at most a second. */
export class Clip {
  readonly #onBlock: (alaw: Uint8Array) => void
  #frames: Uint8Array[] = []
  #otherMs = 0
  #begun = false
  #keptMs = 0

  constructor(onBlock: (alaw: Uint8Array) => void) {
    this.#onBlock = onBlock
  }

  /** The next 20 ms. `telling`: known to be more than ringing, whatever it sounds like. */
  push(frame: Frame, sound: ClipSound): void {
    if (this.#keptMs >= CLIP_MS_MAX) return
    this.#frames.push(encodeAlaw(frame))
    this.#otherMs = sound === 'other' ? this.#otherMs + FRAME_MS : 0
    this.#begun ||= sound === 'telling' || this.#otherMs >= NOTICED_MS
    if (!this.#begun) {
      if (this.#frames.length * FRAME_MS > PRE_ROLL_MS) this.#frames.shift()
      return
    }
    while (this.#frames.length >= BLOCK_FRAMES) this.#handOut(this.#frames.splice(0, BLOCK_FRAMES))
  }

  /** What is left of a clip that has begun. */
  close(): void {
    if (this.#begun && this.#frames.length > 0) this.#handOut(this.#frames)
    this.#frames = []
  }

  #handOut(frames: readonly Uint8Array[]): void {
    const kept = frames.slice(0, (CLIP_MS_MAX - this.#keptMs) / FRAME_MS)
    if (kept.length === 0) return
    this.#keptMs += kept.length * FRAME_MS
    const block = new Uint8Array((kept.length * FRAME_MS * SAMPLE_RATE_HZ) / 1_000)
    kept.forEach((frame, i) => block.set(frame, i * frame.length))
    this.#onBlock(block)
  }
}
