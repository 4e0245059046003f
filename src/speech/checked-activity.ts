// Knows how a call's voice activity is checked by a second detector in another process: what that hears as no voice is none. Does not know turns or processes.
import { log } from '../log.ts'
import { FRAME_MS, type Frame } from '../media/frame.ts'
import type { VadFrame } from '../media/vad.ts'
import type { ActivityStream } from './sherpa/vad.ts'

export interface ActivitySource {
  open(told: { onActivity: (speech: boolean, frames: number) => void; onLost: (error: Error) => void }): ActivityStream
}

/** Answers that come later than this are of no use: the call goes on by its own detector until they come in time again. */
const LAG_FRAMES_MAX = 15
/** The second detector is sure of a voice about this long after it began. */
const SURE_AFTER_FRAMES = 5

/**
 * The call's own detector is fast and finds ends well, but takes loud noise, music and clicks for voices; the second one does not, and is
 * a little late. So a frame is voiced when both say so. When the second one is gone or slow, the first decides alone.
 */
export class CheckedActivity implements Disposable {
  readonly #stream: ActivityStream
  #pushed = 0
  #answered = 0
  #speech = false
  #lost = false
  /** The frame from which on both agree that somebody speaks. */
  #agreedIndex: number | undefined
  #voicedMs = 0

  constructor(source: ActivitySource) {
    this.#stream = source.open({
      onActivity: (speech, frames) => {
        this.#speech = speech
        this.#answered = frames
      },
      onLost: (error) => {
        this.#lost = true
        log.warn({ err: error }, 'the second voice detector is gone; this call goes on without')
      },
    })
  }

  /** True while the second detector is heard. */
  get checks(): boolean {
    return !this.#lost && this.#pushed - this.#answered <= LAG_FRAMES_MAX
  }

  /** `voices`: of the same frames, by the call's own detector. */
  judge(frames: readonly Frame[], voices: readonly VadFrame[]): VadFrame[] {
    return voices.map((voice, i) => {
      this.#stream.push(frames[i]!)
      this.#pushed += 1
      if (!this.checks) {
        this.#agreedIndex = undefined
        return voice
      }
      const speech = voice.speech && this.#speech
      if (!voice.speech) this.#agreedIndex = undefined
      if (!speech) return { ...voice, speech: false, voiced: voice.voiced && this.#speech, voicedMs: 0 }
      if (this.#agreedIndex === undefined) {
        this.#agreedIndex = Math.max(voice.onsetIndex ?? voice.index, voice.index - SURE_AFTER_FRAMES)
        this.#voicedMs = (voice.index - this.#agreedIndex) * FRAME_MS
      }
      if (voice.voiced) this.#voicedMs += FRAME_MS
      return { ...voice, onsetIndex: this.#agreedIndex, voicedMs: Math.min(this.#voicedMs, voice.voicedMs) }
    })
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]()
  }
}
