// Knows how the audio of one port waits to go out of another. Does not know ports, packets or time.

/** More waits only when the clocks of the two drift or a thread stood still; the oldest goes, so that talk stays talk. */
const WAITING_SAMPLES_MAX = 640

export class Relay {
  readonly #waiting = new Int16Array(WAITING_SAMPLES_MAX)
  #length = 0

  push(pcm: Int16Array): void {
    const excess = this.#length + pcm.length - WAITING_SAMPLES_MAX
    if (excess > 0) this.#drop(excess)
    this.#waiting.set(pcm, this.#length)
    this.#length += pcm.length
  }

  /** Adds what waits to `out`; false when it is not enough to fill it, and then `out` stays as it is. */
  mixInto(out: Int16Array): boolean {
    if (this.#length < out.length) return false
    for (let i = 0; i < out.length; i += 1) out[i] = Math.max(-32_768, Math.min(32_767, out[i]! + this.#waiting[i]!))
    this.#drop(out.length)
    return true
  }

  #drop(samples: number): void {
    this.#waiting.copyWithin(0, samples, this.#length)
    this.#length -= samples
  }
}
