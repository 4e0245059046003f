// Knows when an answered call has no sound coming in any more, hold apart. Does not know packets or who hangs up.
import type { MediaEvent } from '../media/engine.ts'

/** An answer without a single packet: a one-way line, which nobody waits out. */
export const NO_AUDIO_MS_MAX = 10_000
/** Longer than any network takes to mend itself or to move a call. Far ends that are only quiet send comfort noise or RTCP. */
export const DEAD_AIR_MS_MAX = 30_000

export class DeadAir {
  #heardAny = false
  #deadSinceMs: number | undefined
  /** From the answer, or the end of a hold: what was dead before does not count. */
  #countsFromMs: number

  constructor(answeredAtMs: number, heardBefore: boolean) {
    this.#countsFromMs = answeredAtMs
    this.#heardAny = heardBefore
    // Told once per gap: one that began before the answer is told no more.
    if (!heardBefore) this.#deadSinceMs = answeredAtMs
  }

  onMedia(event: MediaEvent): void {
    // Frames come from the first packet on, and go on as silence when packets stop.
    if (event.type === 'first-packet' || (event.type === 'frames' && !this.#heardAny)) {
      this.#heardAny = true
      this.#deadSinceMs = undefined
    } else if (event.type === 'dead-air') this.#deadSinceMs = event.sinceMs
    else if (event.type === 'live-again') this.#deadSinceMs = undefined
  }

  /** Asked about once a second. `held`: by either side, nothing need come in. */
  check(nowMs: number, held: boolean): 'no-audio-received' | 'audio-stopped' | undefined {
    if (held) this.#countsFromMs = nowMs
    if (held || this.#deadSinceMs === undefined) return undefined
    const deadMs = nowMs - Math.max(this.#deadSinceMs, this.#countsFromMs)
    if (!this.#heardAny) return deadMs >= NO_AUDIO_MS_MAX ? 'no-audio-received' : undefined
    return deadMs >= DEAD_AIR_MS_MAX ? 'audio-stopped' : undefined
  }
}
