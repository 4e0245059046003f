// Knows which audio goes out next and how much of each playout was sent. Does not know packets, codecs or time.
import type { PlayoutId } from './engine.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'

/** Ten minutes: more than any utterance. Audio beyond is dropped and its playout ends as cut. */
const QUEUED_SAMPLES_MAX = 600 * SAMPLE_RATE_HZ

export type PlayoutChange =
  | { type: 'playout-started'; playout: PlayoutId }
  | { type: 'playout-ended'; playout: PlayoutId; heardMs: number; cut: boolean }

type Playout = {
  id: PlayoutId
  /** Audio not sent yet; the first chunk from `offset` on. */
  chunks: Int16Array[]
  offset: number
  remaining: number
  sent: number
  complete: boolean
  /** Some of its audio was dropped at the queue's limit. */
  truncated: boolean
}

export class PlayoutQueue {
  readonly #playouts: Playout[] = []
  /** Playouts up to this id are over: later audio for them is ignored. */
  #overUpTo = -1
  #queued = 0
  #changes: PlayoutChange[] = []

  /** Takes ownership of `pcm`. */
  append(id: PlayoutId, pcm: Int16Array, last: boolean): void {
    if (id <= this.#overUpTo) return
    let playout = this.#playouts.find((known) => known.id === id)
    if (playout === undefined) {
      playout = { id, chunks: [], offset: 0, remaining: 0, sent: 0, complete: false, truncated: false }
      this.#playouts.push(playout)
    }
    if (playout.complete) return
    if (this.#queued + pcm.length > QUEUED_SAMPLES_MAX) playout.truncated = true
    else if (pcm.length > 0) {
      playout.chunks.push(pcm)
      playout.remaining += pcm.length
      this.#queued += pcm.length
    }
    if (last) playout.complete = true
  }

  /**
   * Fills one packet and returns how many of its samples are audio; the rest is zero.
   * An unfinished playout with less than a packet of audio waits for more; a finished one is padded with silence.
   */
  pull(out: Int16Array): number {
    out.fill(0)
    let playout = this.#playouts[0]
    while (playout !== undefined && playout.complete && playout.remaining === 0) {
      this.#end(playout)
      playout = this.#playouts[0]
    }
    if (playout === undefined || (!playout.complete && playout.remaining < out.length)) return 0
    if (playout.sent === 0) this.#changes.push({ type: 'playout-started', playout: playout.id })
    const samples = Math.min(out.length, playout.remaining)
    this.#take(playout, out, samples)
    if (playout.complete && playout.remaining === 0) this.#end(playout)
    return samples
  }

  /** Ends every unfinished playout as cut. */
  flush(): void {
    for (const playout of this.#playouts.splice(0)) {
      this.#overUpTo = Math.max(this.#overUpTo, playout.id)
      this.#changes.push({ type: 'playout-ended', playout: playout.id, heardMs: heardMs(playout), cut: true })
    }
    this.#queued = 0
  }

  /** What began and ended since the last call, in order. */
  takeChanges(): PlayoutChange[] {
    if (this.#changes.length === 0) return this.#changes
    const changes = this.#changes
    this.#changes = []
    return changes
  }

  #take(playout: Playout, out: Int16Array, samples: number): void {
    let at = 0
    while (at < samples) {
      const chunk = playout.chunks[0]!
      const part = chunk.subarray(playout.offset, playout.offset + samples - at)
      out.set(part, at)
      at += part.length
      playout.offset += part.length
      if (playout.offset === chunk.length) {
        playout.chunks.shift()
        playout.offset = 0
      }
    }
    playout.remaining -= samples
    playout.sent += samples
    this.#queued -= samples
  }

  #end(playout: Playout): void {
    this.#playouts.shift()
    this.#overUpTo = Math.max(this.#overUpTo, playout.id)
    this.#changes.push({ type: 'playout-ended', playout: playout.id, heardMs: heardMs(playout), cut: playout.truncated })
  }
}

function heardMs(playout: Playout): number {
  return (playout.sent * 1_000) / SAMPLE_RATE_HZ
}
