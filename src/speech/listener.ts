// Turns received frames into the other side's utterances: voice activity, recognition, end of turn, barge-in.
// Does not know what is said back, or why. Serves our side of a call and the simulated callee alike.
import type { Frame } from '../media/frame.ts'
import { FRAME_MS } from '../media/frame.ts'
import type { AsrEvent, AsrProvider, AsrStream } from './asr/provider.ts'
import type { StretchVoice } from './barge-in.ts'
import { bareWords, completenessOf } from './completeness.ts'
import { type EndpointingInput, isTurnOver } from './endpointing.ts'
import { noPauses, type OwnPauses, PAUSE_MS_MIN, withPause } from './own-pauses.ts'
import { EnergyVad, type VadFrame } from '../media/vad.ts'

/** Audio kept from before the first voiced frame, so that soft beginnings are recognised. */
const PRE_ROLL_FRAMES = 15
/** A final that does not come in this time is given up and the words so far are taken. */
const FINAL_MS_MAX = 700
/** Where there are no words so far, of a recogniser that says nothing before its final or of one that is slow, there is nothing to be taken. */
const ONLY_FINAL_MS_MAX = 3_000
/** A final that was given up may still come; after this long it will not. */
const OVERDUE_MS_MAX = 5_000
/** No frames at all for this long while the callee speaks: the far end stopped sending, so treat it as silence. */
const STARVED_MS = 300
/** A turn is cut here, so that neither the recogniser nor the robot waits for ever. */
const UTTERANCE_MS_MAX = 30_000
/** Of the speech under way, so much is kept for a recogniser that has to be opened anew: five seconds. */
const REPLAY_FRAMES_MAX = 250
/** A recogniser that fails again within this time is gone for good. */
const STABLE_MS = 30_000
/** Longer than a closure, shorter than the quickest end of a turn. The last word is known by now: recognisers show it 0.2 s after its end. */
const LULL_MS = 240
const LULL_STABLE_MS = 40
/** Whoever begins again so soon after their turn was taken had not finished: nobody answers our first word that fast. */
const CUT_IN_MS = 500

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
  /** The recogniser told nothing of it, not even that there were no words. */
  isLost: boolean
}

export type ListenerOptions = {
  asr: AsrProvider
  hotWords: readonly string[]
  phrases: readonly string[]
  now: () => number
  /** Whether our side is heard now. */
  robotSpeech(): { speaking: boolean }
  /** When a turn counts as over; the default is made for people talking to the robot. */
  isTurnOver?: (input: EndpointingInput) => boolean
  /** Of the number that the callee was asked for. */
  digitsExpected?: (() => number | undefined) | undefined
  onPartial(text: string, beginAtMs: number, endAtMs: number): void
  /** A pause after words that have stood for a moment: they may be all. Once for the same words. */
  onLull?: ((words: string, beginAtMs: number, endAtMs: number) => void) | undefined
  /** Asked with every frame of a stretch of speech; true: it won the floor, whoever spoke has stopped. Then it is not asked again for this stretch. */
  takesFloor?: ((voice: StretchVoice) => boolean) | undefined
  /** One per stretch of speech, in order; text is '' when there were no words in it. */
  onUtterance(utterance: Utterance): void
  /** `final`: recognition is gone for good; otherwise it was opened anew. */
  onFailed(error: Error, final: boolean): void
}

/** One stretch of speech under way. */
type Stretch = {
  readonly beginAtMs: number
  lastVoicedAtMs: number
  voicedMs: number
  bargeIn: boolean
  /** Finals of an engine that ends turns by its own judgement, before we did. */
  settled: { text: string; confidence: number } | undefined
  partial: string
  partialSinceMs: number
  /** The words with which the last pause was told. */
  lulledAt: string
  /** Given to the recogniser since the last final. */
  replay: { frame: Frame; atMs: number }[]
}

/** Waiting for the recogniser's final of a stretch that is over. `handedOver`: nobody waits any more, but it may still come. */
type Awaited = { readonly stretch: Stretch; readonly endpointAtMs: number; handedOver: boolean; timer: NodeJS.Timeout | undefined }

export class Listener {
  readonly #options: ListenerOptions
  /** For frames that nobody has looked at. */
  #vad: EnergyVad | undefined
  readonly #preRoll: { frame: Frame; atMs: number }[] = []
  #stream: AsrStream
  #failedAtMs = -Infinity
  #deaf = false
  #stretch: Stretch | undefined
  readonly #awaited: Awaited[] = []
  #lastFrameAtMs: number
  #lastVoicedAtMs = -Infinity
  /** Number of the frame with which the last stretch ended. */
  #lastEndpointIndex = -1
  #frameIndex = -1
  readonly #phrases: ReadonlySet<string>
  #pauses = noPauses
  /** The stretch that was taken last, and when. */
  #taken: { stretch: Stretch; endpointAtMs: number; isFirst: boolean } | undefined

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#lastFrameAtMs = options.now()
    this.#phrases = new Set(options.phrases.map(bareWords))
    this.#stream = this.#openStream()
  }

  /** True from the first voiced frame until the utterance was handed over. */
  get isSpeaking(): boolean {
    return this.#stretch !== undefined || this.#awaited.some(({ handedOver }) => !handedOver)
  }

  /** End of the last voiced frame of any stretch; -Infinity before the first. */
  get lastVoicedAtMs(): number {
    return this.#lastVoicedAtMs
  }

  /** Words of the stretch under way, unsettled. */
  get partial(): string {
    return this.#stretch ? wordsOf(this.#stretch) : ''
  }

  /** How the callee has paused within their turns so far. */
  get pauses(): OwnPauses {
    return this.#pauses
  }

  /** Consecutive frames. `voices` tells of each whether somebody speaks; without it the listener looks for itself. */
  push(atMs: number, frames: readonly Frame[], voices?: readonly VadFrame[]): void {
    if (this.#deaf) return
    for (const [index, frame] of frames.entries()) this.#frame(frame, atMs + index * FRAME_MS, voices?.[index] ?? (this.#vad ??= new EnergyVad()).push(frame))
  }

  /** Called about ten times a second, for lines that stop sending instead of sending silence. */
  tick(nowMs: number): void {
    if (this.#stretch && nowMs - this.#lastFrameAtMs > STARVED_MS) this.#considerEnd(this.#stretch, nowMs)
  }

  close(): void {
    this.#deaf = true
    for (const { timer } of this.#awaited.splice(0)) clearTimeout(timer)
    this.#stretch = undefined
    this.#stream[Symbol.dispose]()
  }

  #frame(frame: Frame, atMs: number, vad: VadFrame): void {
    this.#lastFrameAtMs = this.#options.now()
    // Whoever spoke when this listener came, or listening began anew, begins anew for it.
    if (this.#frameIndex < 0 || vad.index < this.#frameIndex) this.#lastEndpointIndex = vad.index - 1
    this.#frameIndex = vad.index
    const voiced = vad.voiced && vad.speech
    if (!this.#stretch) {
      this.#preRoll.push({ frame, atMs })
      if (this.#preRoll.length > PRE_ROLL_FRAMES) this.#preRoll.shift()
      if (!voiced) return
      // Moments in the audio, not of its processing. Speech that went on through our end of a turn begins anew there.
      const onsetIndex = vad.onsetIndex ?? vad.index
      const goesOn = onsetIndex <= this.#lastEndpointIndex
      this.#lastVoicedAtMs = atMs + FRAME_MS
      this.#stretch = {
        beginAtMs: goesOn ? atMs : atMs - (vad.index - onsetIndex) * FRAME_MS,
        lastVoicedAtMs: atMs + FRAME_MS,
        voicedMs: goesOn ? FRAME_MS : vad.voicedMs,
        bargeIn: false,
        settled: undefined,
        partial: '',
        partialSinceMs: atMs,
        lulledAt: '',
        replay: [],
      }
      this.#considerCutIn(this.#stretch)
      for (const kept of this.#preRoll.splice(0)) this.#recognise(this.#stretch, kept.frame, kept.atMs)
      return
    }
    const stretch = this.#stretch
    this.#recognise(stretch, frame, atMs)
    if (voiced) {
      this.#learnPause(stretch, atMs - stretch.lastVoicedAtMs)
      this.#lastVoicedAtMs = stretch.lastVoicedAtMs = atMs + FRAME_MS
      stretch.voicedMs += FRAME_MS
    }
    this.#considerBargeIn(stretch, atMs)
    this.#considerEnd(stretch, atMs + FRAME_MS)
  }

  #recognise(stretch: Stretch, frame: Frame, atMs: number): void {
    stretch.replay.push({ frame, atMs })
    if (stretch.replay.length > REPLAY_FRAMES_MAX) stretch.replay.shift()
    this.#stream.push(frame, atMs)
  }

  #considerBargeIn(stretch: Stretch, atMs: number): void {
    if (stretch.bargeIn || !this.#options.takesFloor) return
    const { beginAtMs, lastVoicedAtMs, voicedMs } = stretch
    const nowMs = atMs + FRAME_MS
    stretch.bargeIn = this.#options.takesFloor({ beginAtMs, atMs: nowMs, voicedMs, silenceMs: nowMs - lastVoicedAtMs, partial: wordsOf(stretch) })
  }

  #learnPause(before: Stretch, ms: number): void {
    // How one picks up tells nothing of how one talks.
    if (ms >= PAUSE_MS_MIN && this.#taken !== undefined) this.#pauses = withPause(this.#pauses, completenessOf(wordsOf(before), this.#contextOf(before)), ms)
  }

  /** Speech that goes on right after a turn was taken, before the robot was heard: it was a pause. */
  #considerCutIn(stretch: Stretch): void {
    if (this.#taken === undefined || this.#taken.isFirst || stretch.beginAtMs - this.#taken.endpointAtMs > CUT_IN_MS || this.#options.robotSpeech().speaking) return
    this.#learnPause(this.#taken.stretch, stretch.beginAtMs - this.#taken.stretch.lastVoicedAtMs)
  }

  #contextOf({ voicedMs }: Stretch) {
    return { voicedMs, phrases: this.#phrases, digitsExpected: this.#options.digitsExpected?.() }
  }

  #considerLull(stretch: Stretch, { silenceMs, partial, partialStableMs }: EndpointingInput): void {
    if (partial === '' || partial === stretch.lulledAt || silenceMs < LULL_MS || partialStableMs < LULL_STABLE_MS) return
    stretch.lulledAt = partial
    this.#options.onLull?.(partial, stretch.beginAtMs, stretch.lastVoicedAtMs)
  }

  #considerEnd(stretch: Stretch, atMs: number): void {
    const input = { silenceMs: atMs - stretch.lastVoicedAtMs, partial: wordsOf(stretch), partialStableMs: atMs - stretch.partialSinceMs, pauses: this.#pauses, ...this.#contextOf(stretch) }
    const over = (this.#options.isTurnOver ?? isTurnOver)(input) || atMs - stretch.beginAtMs > UTTERANCE_MS_MAX
    if (!over) this.#considerLull(stretch, input)
    // A callback may have closed us.
    if (!over || this.#stretch !== stretch) return
    this.#stretch = undefined
    this.#lastEndpointIndex = this.#frameIndex
    const endpointAtMs = this.#options.now()
    this.#taken = { stretch, endpointAtMs, isFirst: this.#taken === undefined }
    const awaited: Awaited = { stretch, endpointAtMs, handedOver: false, timer: undefined }
    while (this.#awaited[0]?.handedOver && endpointAtMs - this.#awaited[0].endpointAtMs > OVERDUE_MS_MAX) this.#awaited.shift()
    this.#awaited.push(awaited)
    this.#stream.endUtterance()
    // An engine that settled everything by itself has nothing left to say.
    if (stretch.settled && stretch.partial === '') this.#handOverUpTo(awaited)
    else if (!awaited.handedOver && !this.#deaf) awaited.timer = setTimeout(() => this.#handOverUpTo(awaited), wordsOf(stretch) === '' ? ONLY_FINAL_MS_MAX : FINAL_MS_MAX)
  }

  /** Everything up to this one is taken as it was understood so far: a later turn must not overtake an earlier one. */
  #handOverUpTo(last: Awaited): void {
    for (const awaited of this.#awaited) {
      this.#handOver(awaited, wordsOf(awaited.stretch), awaited.stretch.settled?.confidence)
      if (awaited === last) return
    }
  }

  /** `confidence`: undefined when the recogniser did not say. */
  #handOver(awaited: Awaited, text: string, confidence: number | undefined): void {
    if (awaited.handedOver) return
    awaited.handedOver = true
    clearTimeout(awaited.timer)
    const { stretch, endpointAtMs } = awaited
    this.#options.onUtterance({ text, beginAtMs: stretch.beginAtMs, endAtMs: stretch.lastVoicedAtMs, endpointAtMs, voicedMs: stretch.voicedMs, confidence: confidence ?? 0, bargeIn: stretch.bargeIn, isLost: text === '' && confidence === undefined })
  }

  // ── Recogniser ─────────────────────────────────────────────────────────────

  #openStream(): AsrStream {
    const { asr, hotWords, phrases } = this.#options
    let stream: AsrStream | undefined
    const onEvent = (event: AsrEvent): void => {
      // Not before open() has returned; and what a replaced stream says is nobody's.
      if (stream === undefined) queueMicrotask(() => onEvent(event))
      else if (stream === this.#stream && !this.#deaf) this.#onAsrEvent(event)
    }
    stream = asr.open({ hotWords, phrases, onEvent })
    return stream
  }

  #onAsrEvent(event: AsrEvent): void {
    if (event.type === 'failed') return this.#onAsrFailed(event.error)
    if (event.type === 'final') return this.#onFinal(event)
    const stretch = this.#stretch
    if (!stretch || event.text === stretch.partial) return
    // Words of the turn before, whose final is still to come.
    if (this.#awaited.some(({ handedOver }) => !handedOver) && event.endAtMs <= stretch.beginAtMs) return
    stretch.partial = event.text
    stretch.partialSinceMs = this.#options.now()
    this.#options.onPartial(wordsOf(stretch), stretch.beginAtMs, stretch.lastVoicedAtMs)
  }

  /** Finals come in order, but some never come, some too late, and some engines end turns before we do: their times tell whose they are. */
  #onFinal(final: Extract<AsrEvent, { type: 'final' }>): void {
    const nowMs = this.#options.now()
    // Words that begin after a turn belong to the next one; a final without words has the moment of its end only.
    const isAfter = (stretch: Stretch, following: Stretch) => (final.text === '' ? final.endAtMs >= following.lastVoicedAtMs : final.beginAtMs >= stretch.lastVoicedAtMs)
    while (this.#awaited[0]) {
      const [head, following] = [this.#awaited[0], this.#awaited[1]?.stretch ?? this.#stretch]
      const overdue = head.handedOver && nowMs - head.endpointAtMs > OVERDUE_MS_MAX
      if (!overdue && !(following && isAfter(head.stretch, following))) break
      this.#handOverUpTo(head)
      this.#awaited.shift()
    }
    const awaited = this.#awaited.shift()
    if (awaited) {
      const { settled } = awaited.stretch
      return this.#handOver(awaited, joined(settled?.text ?? '', final.text), Math.min(settled?.confidence ?? 1, final.confidence))
    }
    const stretch = this.#stretch
    if (!stretch || final.endAtMs <= stretch.beginAtMs || final.text === '') return
    stretch.settled = { text: joined(stretch.settled?.text ?? '', final.text), confidence: Math.min(stretch.settled?.confidence ?? 1, final.confidence) }
    stretch.partial = ''
    stretch.partialSinceMs = nowMs
    stretch.replay = []
    this.#options.onPartial(wordsOf(stretch), stretch.beginAtMs, stretch.lastVoicedAtMs)
  }

  #onAsrFailed(error: Error): void {
    const nowMs = this.#options.now()
    const final = nowMs - this.#failedAtMs < STABLE_MS || !this.#reopen()
    this.#failedAtMs = nowMs
    const waiting = this.#awaited.splice(0)
    this.#options.onFailed(error, final)
    if (final) {
      this.#deaf = true
      this.#stretch = undefined
      for (const { timer } of waiting) clearTimeout(timer)
      return
    }
    // What was understood so far is better than nothing, and where nothing was the turn is recognised anew.
    const last = waiting.at(-1)
    const again = last && !last.handedOver && wordsOf(last.stretch) === '' ? last : undefined
    for (const awaited of waiting) if (awaited !== again) this.#handOver(awaited, wordsOf(awaited.stretch), awaited.stretch.settled?.confidence)
    if (again && !this.#deaf) {
      this.#awaited.push(again)
      for (const { frame, atMs } of again.stretch.replay) this.#stream.push(frame, atMs)
      this.#stream.endUtterance()
    }
    for (const { frame, atMs } of this.#stretch?.replay ?? []) this.#stream.push(frame, atMs)
  }

  /** False when there is no recogniser to be had. */
  #reopen(): boolean {
    this.#stream[Symbol.dispose]()
    try {
      this.#stream = this.#openStream()
    } catch {
      return false
    }
    return true
  }
}

function wordsOf(stretch: Stretch): string {
  return joined(stretch.settled?.text ?? '', stretch.partial)
}

/** Latin words keep their space. */
function joined(before: string, after: string): string {
  return /[A-Za-z0-9]$/.test(before) && /^[A-Za-z0-9]/.test(after) ? `${before} ${after}` : before + after
}
