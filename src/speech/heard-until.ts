// Knows how long audio lasts that is heard from the moment it comes, so that a voice that stalls is told from one that is ahead. Does not know voices.
import { SAMPLE_RATE_HZ } from '../media/frame.ts'

export class HeardUntil {
  #untilMs = -Infinity

  /** 8 kHz. Milliseconds from `nowMs` until all that was added has been heard. */
  add(pcm: Int16Array, nowMs: number): number {
    this.#untilMs = Math.max(this.#untilMs, nowMs) + (pcm.length * 1_000) / SAMPLE_RATE_HZ
    return this.#untilMs - nowMs
  }
}
