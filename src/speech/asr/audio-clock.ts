// Knows when each moment of an utterance's audio was received. Does not know what was said.
import assert from 'node:assert/strict'

const SAMPLES_PER_MS = 8
/** Frames may come this much early or late without being a gap: two frames of jitter. */
const JITTER_MS = 40
/** Stretches of audio remembered per utterance; the first one is always kept. */
const STRETCHES_MAX = 500

/** Maps positions in the audio of one utterance to the nowMs clock, over gaps that were never received. */
export class AudioClock {
  /** Continuous stretches: position of the first sample, and when it was received. */
  readonly #stretches: { beginMs: number; atMs: number }[] = []
  #samples = 0

  /** Audio received so far, in milliseconds. */
  get lengthMs(): number {
    return this.#samples / SAMPLES_PER_MS
  }

  /** How long nothing was received before audio that begins at `atMs`; 0 when it continues what came before. */
  gapMs(atMs: number): number {
    if (this.#stretches.length === 0) return 0
    const gapMs = atMs - this.at(this.lengthMs)
    return gapMs > JITTER_MS ? gapMs : 0
  }

  /** Audio whose first sample was received at `atMs`. */
  push(samples: number, atMs: number): void {
    if (this.#stretches.length === 0 || Math.abs(atMs - this.at(this.lengthMs)) > JITTER_MS) {
      this.#stretches.push({ beginMs: this.lengthMs, atMs })
      if (this.#stretches.length > STRETCHES_MAX) this.#stretches.splice(1, 1)
    }
    this.#samples += samples
  }

  /** When the sound at a position was received. Audio must have been pushed since the utterance began. */
  at(positionMs: number): number {
    let found = this.#stretches[0]
    assert(found, 'no audio was received yet')
    for (const stretch of this.#stretches) if (stretch.beginMs <= positionMs) found = stretch
    return found.atMs + positionMs - found.beginMs
  }

  /** The next utterance begins. */
  reset(): void {
    this.#stretches.length = 0
    this.#samples = 0
  }
}
