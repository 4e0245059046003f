// Knows where sound begins and ends in a stream of samples. Does not know why it was made.
import { SAMPLE_RATE_HZ } from '../../../media/frame.ts'

/** Quieter than this (−48 dB below full scale) counts as silence. */
const QUIET = 130
/** Kept before the first audible sample: the closure of b, d and g belongs to the sound, and without it they are heard as p, t and k. */
const LEAD_SAMPLES = Math.round(0.018 * SAMPLE_RATE_HZ)
/** Kept after the last audible sample. */
const RELEASE_SAMPLES = Math.round(0.008 * SAMPLE_RATE_HZ)
/** A voice that starts at full strength clicks, and the click is heard as a consonant; this long it fades in. */
const ATTACK_SAMPLES = Math.round(0.006 * SAMPLE_RATE_HZ)

/**
 * Removes silence at both ends of one part while it streams; silence inside passes unchanged.
 * At most 18 ms of quiet remain before the sound and 8 ms after it.
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
      this.#held = this.#started ? joined : joined.subarray(Math.max(0, joined.length - LEAD_SAMPLES))
      return new Int16Array(0)
    }
    const end = this.#held.length + last + 1
    let start = 0
    if (!this.#started) {
      while (isQuiet(joined[start]!)) start += 1
      if (start < ATTACK_SAMPLES) fadeIn(joined, start)
      start = Math.max(0, start - LEAD_SAMPLES)
      this.#started = true
    }
    this.#held = joined.slice(end)
    return joined.subarray(start, end)
  }

  /** The release of the last sound; the trimmer is then ready for the next part. */
  flush(): Int16Array {
    const rest = this.#started ? this.#held.subarray(0, RELEASE_SAMPLES) : new Int16Array(0)
    this.#held = new Int16Array(0)
    this.#started = false
    return rest
  }
}

/** In place. */
function fadeIn(pcm: Int16Array, from: number): void {
  for (let i = 0; i < ATTACK_SAMPLES && from + i < pcm.length; i += 1) pcm[from + i] = Math.round((pcm[from + i]! * i) / ATTACK_SAMPLES)
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
