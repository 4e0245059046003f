// Knows which audio goes out next and how much of each playout was sent. Does not know packets, codecs or time.
import type { PlayoutId } from './engine.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'

/** Ten minutes: more than any utterance. Audio beyond is dropped and its playout ends as cut. */
const QUEUED_SAMPLES_MAX = 600 * SAMPLE_RATE_HZ
/** What is cut fades out over 10 ms: a wave that breaks off clicks. */
const FADE_SAMPLES = SAMPLE_RATE_HZ / 100

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
  readonly #level = new Level()
  /** The end of what was cut, which goes out with the next packet. */
  #tail: Int16Array | undefined

  /** What goes out from now on is `gain` times as loud, reached within `rampMs` of audio; at once when nothing goes out. */
  setLevel(gain: number, rampMs: number): void {
    this.#level.aim(gain, (rampMs * SAMPLE_RATE_HZ) / 1_000)
  }

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
    const samples = this.#pullPlayout(out)
    if (samples === 0) this.#level.arrive()
    else this.#level.apply(out, samples)
    const tail = this.#tail
    if (tail === undefined) return samples
    this.#tail = undefined
    for (let i = 0; i < Math.min(tail.length, out.length); i += 1) out[i] = Math.max(-32_768, Math.min(32_767, out[i]! + tail[i]!))
    return Math.max(samples, Math.min(tail.length, out.length))
  }

  #pullPlayout(out: Int16Array): number {
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

  /** Ends every unfinished playout as cut. What was sounding fades out. */
  flush(): void {
    this.#tail = this.#fadedTail() ?? this.#tail
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

  /** The next audio of a playout that is under way, down to nothing. */
  #fadedTail(): Int16Array | undefined {
    const playout = this.#playouts[0]
    if (playout === undefined || playout.sent === 0 || playout.remaining === 0) return undefined
    const tail = new Int16Array(Math.min(FADE_SAMPLES, playout.remaining))
    this.#take(playout, tail, tail.length)
    playout.sent -= tail.length
    this.#level.apply(tail, tail.length)
    for (let i = 0; i < tail.length; i += 1) tail[i] = Math.round(tail[i]! * (1 - (i + 1) / tail.length))
    return tail
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

/** A gain that moves in small steps. */
class Level {
  #gain = 1
  #target = 1
  #step = 0

  aim(target: number, rampSamples: number): void {
    this.#target = target
    this.#step = (target - this.#gain) / Math.max(1, rampSamples)
  }

  arrive(): void {
    this.#gain = this.#target
    this.#step = 0
  }

  apply(pcm: Int16Array, samples: number): void {
    if (this.#gain === 1 && this.#step === 0) return
    for (let i = 0; i < samples; i += 1) {
      if (this.#step !== 0) {
        this.#gain += this.#step
        if (this.#step > 0 ? this.#gain >= this.#target : this.#gain <= this.#target) this.arrive()
      }
      pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round(pcm[i]! * this.#gain)))
    }
  }
}

function heardMs(playout: Playout): number {
  return (playout.sent * 1_000) / SAMPLE_RATE_HZ
}
