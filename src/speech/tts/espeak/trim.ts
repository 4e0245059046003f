// Knows where sound begins and ends in a stream of samples. Does not know why it was made.
import { SAMPLE_RATE_HZ } from '../../../media/frame.ts'

/** Quieter than this (−48 dB below full scale) counts as silence. */
const QUIET = 130
/** Kept before the first and after the last audible sample so that onsets and releases stay whole. */
const EDGE_SAMPLES = Math.round(0.008 * SAMPLE_RATE_HZ)

/**
 * Removes silence at both ends of one part while it streams; silence inside passes unchanged.
 * At most EDGE_SAMPLES (8 ms) of quiet remain at either end.
 */
export class SilenceTrimmer {
  #started = false
  /** Quiet samples not yet known to be inside the part. */
  #held: Int16Array = new Int16Array(0)

  push(pcm: Int16Array): Int16Array {
    let last = pcm.length - 1
    while (last >= 0 && isQuiet(pcm[last]!)) last -= 1
    const joined = join(this.#held, pcm)
    if (last < 0) {
      this.#held = this.#started ? joined : joined.subarray(Math.max(0, joined.length - EDGE_SAMPLES))
      return new Int16Array(0)
    }
    const end = this.#held.length + last + 1
    let start = 0
    if (!this.#started) {
      while (isQuiet(joined[start]!)) start += 1
      start = Math.max(0, start - EDGE_SAMPLES)
      this.#started = true
    }
    this.#held = joined.slice(end)
    return joined.subarray(start, end)
  }

  /** The release of the last sound; the trimmer is then ready for the next part. */
  flush(): Int16Array {
    const rest = this.#started ? this.#held.subarray(0, EDGE_SAMPLES) : new Int16Array(0)
    this.#held = new Int16Array(0)
    this.#started = false
    return rest
  }
}

function isQuiet(sample: number): boolean {
  return sample < QUIET && sample > -QUIET
}

function join(a: Int16Array, b: Int16Array): Int16Array {
  if (a.length === 0) return b
  const joined = new Int16Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
