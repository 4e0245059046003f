// Knows how far one say is: its audio so far, what of it was heard, where it goes on after a pause. Does not know the line or other says.
import type { PlayoutId } from '../media/engine.ts'
import { SAMPLE_RATE_HZ } from '../media/frame.ts'
import { heardText, type SpokenClause } from './clauses.ts'
import type { Speech } from './speaker.ts'

export class SayOnLine {
  readonly speech: Speech
  /** Given once there is audio, because the media plane wants playouts in play order; from then on it reports the end. */
  playout: PlayoutId | undefined
  /** No more audio comes. */
  complete = false
  /** Nothing more is given to the line. */
  stopped = false
  /** All of it so far: what was paused is played again from the beginning of a clause. */
  readonly #audio: Int16Array[] = []
  /** Where in the audio the playout began, or the next one will. */
  #fromMs = 0
  /** When the playout was heard first; undefined while it is not. */
  #playingSinceMs: number | undefined
  /** The furthest that was heard before the playout. */
  #heardMs = 0

  constructor(speech: Speech) {
    this.speech = speech
  }

  /** Something of it can be given to the line: audio, or that there is none. */
  get isReady(): boolean {
    return this.#audio.length > 0 || this.complete
  }

  get isHeard(): boolean {
    return this.#playingSinceMs !== undefined
  }

  /** Of the audio so far. */
  get durationMs(): number {
    return this.speech.clauses.reduce((sum, { audioMs, pauseMs }) => sum + (audioMs > 0 ? audioMs + pauseMs : 0), 0)
  }

  add(pcm: Int16Array): void {
    if (pcm.length > 0) this.#audio.push(pcm)
  }

  /** The first packet of the playout left. True for the first playout. */
  begin(atMs: number): boolean {
    this.#playingSinceMs = atMs
    if (this.speech.startedAtMs !== undefined) return false
    this.speech.startedAtMs = atMs
    return true
  }

  /** The line told how much of the playout was heard; the next one begins with the clause that was cut. */
  takeOff(heardMs: number): void {
    this.#heardMs = Math.max(this.#heardMs, this.#fromMs + heardMs)
    this.#fromMs = clauseStartMs(this.speech.clauses, this.#fromMs + heardMs)
    this.playout = undefined
    this.#playingSinceMs = undefined
  }

  /** How far into its audio it is at this moment. */
  positionMs(atMs: number): number {
    return this.#playingSinceMs === undefined ? this.#fromMs : this.#fromMs + Math.max(0, atMs - this.#playingSinceMs)
  }

  /** How much was heard until this moment. */
  heardMs(atMs: number): number {
    return Math.max(this.#heardMs, this.isHeard ? this.positionMs(atMs) : 0)
  }

  /** The words heard until this moment. */
  heardText(atMs: number): string {
    return heardText(this.speech.clauses, this.heardMs(atMs))
  }

  /** Until the clause that is being heard is over; 0 between clauses. */
  clauseRemainingMs(atMs: number): number {
    const saidMs = this.positionMs(atMs)
    let endMs = 0
    for (const { audioMs, pauseMs } of this.speech.clauses) {
      endMs += audioMs
      if (saidMs < endMs) return endMs - saidMs
      endMs += pauseMs
      if (saidMs < endMs) return 0
    }
    return 0
  }

  /** The audio with which it goes on. */
  *rest(): Generator<Int16Array> {
    let skip = Math.round((this.#fromMs * SAMPLE_RATE_HZ) / 1_000)
    for (const piece of this.#audio) {
      if (skip < piece.length) yield piece.subarray(skip)
      skip = Math.max(0, skip - piece.length)
    }
  }
}

/** Where the clause begins that goes on at `heardMs`; within the pause after a clause, the next one. */
function clauseStartMs(clauses: readonly SpokenClause[], heardMs: number): number {
  let startMs = 0
  for (const { audioMs, pauseMs, recording } of clauses) {
    if (audioMs === 0) continue
    // A recording goes on where it was.
    if (heardMs < startMs + audioMs) return recording ? heardMs : startMs
    startMs += audioMs + pauseMs
    if (heardMs < startMs) return startMs
  }
  return startMs
}
