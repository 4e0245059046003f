// Turns received frames into the other side's utterances: voice activity, recognition, end of turn, barge-in.
// Does not know what is said back, or why. Serves our side of a call and the simulated callee alike.
import type { Frame } from '../media/frame.ts'
import { FRAME_MS } from '../media/frame.ts'
import type { AsrEvent, AsrProvider, AsrStream } from './asr/provider.ts'
import { decideBargeIn, type RobotVoice } from './barge-in.ts'
import { isTurnOver } from './endpointing.ts'
import { EnergyVad } from './vad.ts'

/** Audio kept from before the first voiced frame, so that soft beginnings are recognised. */
const PRE_ROLL_FRAMES = 15
/** A final that does not come in this time is given up and the last partial is taken. */
const FINAL_MS_MAX = 700
/** No frames at all for this long while the callee speaks: the far end stopped sending, so treat it as silence. */
const STARVED_MS = 300
/** A turn is cut here, so that neither the recogniser nor the robot waits for ever. */
const UTTERANCE_MS_MAX = 30_000

export type Utterance = {
  text: string
  beginAtMs: number
  /** End of the last voiced frame. */
  endAtMs: number
  /** When the turn was decided to be over. */
  endpointAtMs: number
  /** Voiced time in it. */
  voicedMs: number
  confidence: number
  /** It stopped the robot in mid-sentence. */
  bargeIn: boolean
}

export type ListenerOptions = {
  asr: AsrProvider
  hotWords: readonly string[]
  phrases: readonly string[]
  now: () => number
  robotSpeech(): RobotVoice
  /** When a turn counts as over; the default is made for people talking to the robot. */
  isTurnOver?: typeof isTurnOver
  onPartial(text: string): void
  /** The callee wins the floor: whoever speaks must stop now. At most once per utterance. */
  onBargeIn(): void
  /** One per stretch of speech; text is '' when there were no words in it. */
  onUtterance(utterance: Utterance): void
  /** `final`: recognition is gone for good; otherwise it was opened anew. */
  onFailed(error: Error, final: boolean): void
}

/** One stretch of speech under way. */
type Stretch = {
  beginAtMs: number
  lastVoicedAtMs: number
  voicedMs: number
  /** Part of it from earlier runs of the detector. */
  voicedBeforeMs: number
  bargeIn: boolean
  partial: string
  partialSinceMs: number
}

/** Waiting for the recogniser's final of a stretch that is over. */
type Awaited = { stretch: Stretch; endpointAtMs: number; timer: NodeJS.Timeout }

export class Listener {
  readonly #options: ListenerOptions
  readonly #vad = new EnergyVad()
  readonly #preRoll: { frame: Frame; atMs: number }[] = []
  #stream: AsrStream
  #reopened = false
  #failed = false
  #stretch: Stretch | undefined
  readonly #awaited: Awaited[] = []
  #lastFrameAtMs: number

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#lastFrameAtMs = options.now()
    this.#stream = this.#openStream()
  }

  /** True from the first voiced frame until the utterance was handed over. */
  get isSpeaking(): boolean {
    return this.#stretch !== undefined || this.#awaited.length > 0
  }

  /** Words of the stretch under way, unsettled. */
  get partial(): string {
    return this.#stretch?.partial ?? ''
  }

  push(atMs: number, frames: readonly Frame[]): void {
    frames.forEach((frame, index) => this.#frame(frame, atMs + index * FRAME_MS))
  }

  /** Called about ten times a second, for lines that stop sending instead of sending silence. */
  tick(nowMs: number): void {
    if (this.#stretch && nowMs - this.#lastFrameAtMs > STARVED_MS) this.#considerEnd(this.#stretch, nowMs)
  }

  close(): void {
    for (const { timer } of this.#awaited.splice(0)) clearTimeout(timer)
    this.#stretch = undefined
    this.#failed = true
    this.#stream[Symbol.dispose]()
  }

  #frame(frame: Frame, atMs: number): void {
    this.#lastFrameAtMs = this.#options.now()
    const vad = this.#vad.push(frame)
    // Moments in the audio, not of its processing.
    const beginOf = (index: number) => atMs - (vad.index - index) * FRAME_MS
    const stretch = this.#stretch
    if (!stretch) {
      this.#preRoll.push({ frame, atMs })
      if (this.#preRoll.length > PRE_ROLL_FRAMES) this.#preRoll.shift()
      if (!vad.speech || !vad.voiced) return
      this.#stretch = { beginAtMs: beginOf(vad.onsetIndex ?? vad.index), lastVoicedAtMs: atMs + FRAME_MS, voicedMs: vad.voicedMs, voicedBeforeMs: 0, bargeIn: false, partial: '', partialSinceMs: atMs }
      for (const kept of this.#preRoll.splice(0)) this.#stream.push(kept.frame, kept.atMs)
      return
    }
    this.#stream.push(frame, atMs)
    if (vad.voiced && vad.speech) {
      stretch.lastVoicedAtMs = atMs + FRAME_MS
      // The detector counts each run of speech by itself; a stretch of ours bridges the pauses between them.
      if (vad.voicedMs < stretch.voicedMs - stretch.voicedBeforeMs) stretch.voicedBeforeMs = stretch.voicedMs
      stretch.voicedMs = stretch.voicedBeforeMs + vad.voicedMs
    }
    this.#considerBargeIn(stretch, atMs)
    this.#considerEnd(stretch, atMs + FRAME_MS)
  }

  #considerBargeIn(stretch: Stretch, atMs: number): void {
    if (stretch.bargeIn) return
    const robot = this.#options.robotSpeech()
    if (!robot.speaking) return
    if (decideBargeIn({ voicedMs: stretch.voicedMs, sinceOnsetMs: atMs - stretch.beginAtMs, partial: stretch.partial, robot }) !== 'stop') return
    stretch.bargeIn = true
    this.#options.onBargeIn()
  }

  #considerEnd(stretch: Stretch, atMs: number): void {
    const silenceMs = atMs - stretch.lastVoicedAtMs
    const over = (this.#options.isTurnOver ?? isTurnOver)({ silenceMs, partial: stretch.partial, partialStableMs: atMs - stretch.partialSinceMs }) || atMs - stretch.beginAtMs > UTTERANCE_MS_MAX
    if (!over) return
    this.#stretch = undefined
    const awaited: Awaited = { stretch, endpointAtMs: this.#options.now(), timer: setTimeout(() => this.#settle(awaited, stretch.partial, 0), FINAL_MS_MAX) }
    this.#awaited.push(awaited)
    this.#stream.endUtterance()
  }

  #settle(awaited: Awaited, text: string, confidence: number): void {
    const index = this.#awaited.indexOf(awaited)
    if (index < 0) return
    this.#awaited.splice(index, 1)
    clearTimeout(awaited.timer)
    const { stretch, endpointAtMs } = awaited
    this.#options.onUtterance({ text, beginAtMs: stretch.beginAtMs, endAtMs: stretch.lastVoicedAtMs, endpointAtMs, voicedMs: stretch.voicedMs, confidence, bargeIn: stretch.bargeIn })
  }

  // ── Recogniser ─────────────────────────────────────────────────────────────

  #openStream(): AsrStream {
    const { asr, hotWords, phrases } = this.#options
    // Events of a stream that was replaced are nobody's.
    let stream: AsrStream | undefined
    const onEvent = (event: AsrEvent) => {
      if (stream === undefined || stream === this.#stream) this.#onAsrEvent(event)
    }
    stream = asr.open({ hotWords, phrases, onEvent })
    return stream
  }

  #onAsrEvent(event: AsrEvent): void {
    if (event.type === 'failed') return this.#onAsrFailed(event.error)
    if (event.type === 'final') {
      const awaited = this.#awaited[0]
      if (awaited) this.#settle(awaited, event.text, event.confidence)
      return
    }
    const stretch = this.#stretch
    if (!stretch || event.text === stretch.partial) return
    stretch.partial = event.text
    stretch.partialSinceMs = this.#options.now()
    this.#options.onPartial(event.text)
  }

  #onAsrFailed(error: Error): void {
    if (this.#failed) return
    const { stretch, awaited } = { stretch: this.#stretch, awaited: [...this.#awaited] }
    // What was understood so far is better than nothing.
    for (const waiting of awaited) this.#settle(waiting, waiting.stretch.partial, 0)
    if (stretch) this.#stretch = undefined
    if (this.#reopened) {
      this.#failed = true
      return this.#options.onFailed(error, true)
    }
    this.#reopened = true
    this.#options.onFailed(error, false)
    this.#stream = this.#openStream()
    if (stretch && stretch.partial !== '') {
      this.#options.onUtterance({ text: stretch.partial, beginAtMs: stretch.beginAtMs, endAtMs: stretch.lastVoicedAtMs, endpointAtMs: this.#options.now(), voicedMs: stretch.voicedMs, confidence: 0, bargeIn: stretch.bargeIn })
    }
  }
}
