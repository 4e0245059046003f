// Listens to what the network plays before the answer, tones and announcements, and says what it means. Does not know SIP or how calls end.
import { FRAME_MS, type Frame } from '../../media/frame.ts'
import { log } from '../../log.ts'
import type { AsrProvider } from '../asr/provider.ts'
import { Listener } from '../listener.ts'
import type { AnnouncementStatus } from './announcement-table.ts'
import { Clip } from './clip.ts'
import { announcementWords, verdictOf, type Verdict } from './announcements.ts'
import { ToneDetector, type ProgressTone } from './tones.ts'

export type EarlyMediaHeard = {
  /** Words win over tones. `unknown`: a colour ring, a ringing tone, or words that no network says. */
  status: AnnouncementStatus | 'unknown'
  /** What the status was told by; undefined when it is unknown. */
  by: 'words' | 'tone' | undefined
  /** The call can come to nothing else: it may be given up. */
  certain: boolean
  /** What was said, as recognised; '' without words. */
  text: string
  /** The last tone that was known. */
  tone: ProgressTone | undefined
}

export type EarlyMediaOptions = {
  asr: AsrProvider
  /** nowMs clock. */
  now: () => number
  /** The verdict is certain. At most once; nothing is listened to any more. */
  onCertain(heard: EarlyMediaHeard): void
  /** A second or less of what is worth keeping as evidence, as A-law. Nothing comes where it only rang. */
  onClip?: ((alaw: Uint8Array) => void) | undefined
}

/** A sentence is over after this much silence: what ends differently (请不要挂机, 请留言) comes without such a pause. */
const SENTENCE_SILENCE_MS = 700
/** Words that mean the same for so long are believed without a pause. */
const STABLE_MS = 2_500
/** So much of a colour ring or announcement is recognised; tones are watched for as long as it rings. */
const SPEECH_MS_MAX = 15_000
/** Lines that stop sending instead of sending silence are noticed within this time. */
const TICK_MS = 200

/** What a tone says where nothing was said. Ringing and the caller's own tones say nothing. */
export const statusOfTone: Readonly<Partial<Record<ProgressTone, AnnouncementStatus>>> = { busy: 'busy', congestion: 'network-busy', 'vacant-number': 'vacant-number' }
/** Sentences after which anything may come: a tone that follows says more. */
const goesOn: ReadonlySet<AnnouncementStatus | 'unknown'> = new Set(['unknown', 'recording-notice', 'ivr', 'transferring'])

/** One call's early media. Make it when the first frame comes in: it opens a recogniser. */
export class EarlyMedia implements Disposable {
  readonly #options: EarlyMediaOptions
  readonly #tones = new ToneDetector()
  readonly #clip: Clip | undefined
  #listener: Listener | undefined
  #ticking: NodeJS.Timeout | undefined
  /** Settled words, sentences between blanks; and those of the sentence that is spoken or awaits its final text. */
  #settled = ''
  #unsettled = ''
  #judged: { text: string; verdict: Verdict } | undefined
  #tone: ProgressTone | undefined
  #speechMs = 0
  /** The certain status of the words under way, and since when they mean it. */
  #leaning: { status: AnnouncementStatus | 'unknown'; sinceMs: number } | undefined
  #isOver = false

  constructor(options: EarlyMediaOptions) {
    this.#options = options
    this.#clip = options.onClip && new Clip(options.onClip)
    this.#listener = this.#openListener()
    if (this.#listener) this.#ticking = setInterval(() => this.#listener?.tick(options.now()), TICK_MS)
  }

  /** Consecutive frames; `atMs` is the first one's. */
  push(atMs: number, frames: readonly Frame[]): void {
    for (const [index, frame] of frames.entries()) {
      if (this.#isOver) return
      this.#frame(atMs + index * FRAME_MS, frame)
    }
  }

  /** What was heard so far, unsettled words included. */
  heard(): EarlyMediaHeard {
    const text = `${this.#settled} ${this.#unsettled}`.trim()
    // Asked with every frame; the words change a few times a second.
    if (text !== this.#judged?.text) this.#judged = { text, verdict: verdictOf(text) }
    const words = this.#judged.verdict
    const told = this.#tone && statusOfTone[this.#tone]
    // A tone of refusal ends the call whatever was said before; the words still tell why.
    const byTone = told !== undefined && goesOn.has(words.status)
    const status = byTone ? told : words.status
    return { status, by: byTone ? 'tone' : status === 'unknown' ? undefined : 'words', certain: words.certain || told !== undefined, text, tone: this.#tone }
  }

  /** Stops listening; what was heard stays. */
  close(): void {
    this.#isOver = true
    this.#clip?.close()
    this.#stopListener()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #frame(atMs: number, frame: Frame): void {
    const tone = this.#tones.push(frame)
    const { lastKind } = this.#tones
    const isTelling = tone !== undefined && tone !== 'ring-back'
    this.#clip?.push(frame, isTelling ? 'telling' : lastKind === 'tone' ? 'ringing' : lastKind === 'pause' ? 'silence' : 'other')
    if (tone) {
      this.#tone = tone
      this.#decide()
    }
    this.#listener?.push(atMs, [frame])
    if (!this.#listener?.isSpeaking) return
    this.#speechMs += FRAME_MS
    this.#lean(atMs)
    if (this.#speechMs >= SPEECH_MS_MAX) this.#stopListener()
  }

  /** Words without a pause: music behind them, or a voice that never rests. */
  #lean(atMs: number): void {
    const { status, certain } = this.heard()
    if (!certain) this.#leaning = undefined
    else if (this.#leaning?.status !== status) this.#leaning = { status, sinceMs: atMs }
    else if (atMs - this.#leaning.sinceMs >= STABLE_MS) this.#decide()
  }

  #decide(): void {
    const heard = this.heard()
    if (this.#isOver || !heard.certain) return
    this.close()
    this.#options.onCertain(heard)
  }

  #openListener(): Listener | undefined {
    const { asr, now } = this.#options
    try {
      return new Listener({
        asr,
        hotWords: announcementWords,
        phrases: [],
        now,
        robotSpeech: () => ({ speaking: false }),
        isTurnOver: ({ silenceMs }) => silenceMs >= SENTENCE_SILENCE_MS,
        onPartial: (text) => {
          this.#unsettled = text
        },
        onUtterance: ({ text }) => {
          this.#settled = `${this.#settled} ${text}`
          this.#unsettled = ''
          this.#leaning = undefined
          this.#decide()
        },
        onFailed: (error, final) => {
          log.warn({ err: error, final }, 'announcements are not recognised')
          if (final) this.#stopListener()
        },
      })
    } catch (error) {
      // Tones are still worth the while; the call goes on without words.
      log.warn({ err: error }, 'announcements are not recognised')
      return undefined
    }
  }

  /** The words so far are kept. */
  #stopListener(): void {
    clearInterval(this.#ticking)
    const listener = this.#listener
    this.#listener = undefined
    listener?.close()
  }
}
