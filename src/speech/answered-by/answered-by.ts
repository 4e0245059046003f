// Listens beside a conversation that has just been answered, and says who picked up. Does not know robots, policies or SIP.
import { FRAME_MS, type Frame } from '../../media/frame.ts'
import { ToneDetector } from '../early-media/tones.ts'
import { EnergyVad, type VadFrame } from '../../media/vad.ts'
import { judge, type Verdict } from './judgement.ts'
import { machineIn, type SaidBy } from './machine-words.ts'

export type AnsweredByOptions = {
  /** From the first sign of ringing to the answer; undefined when it never rang. */
  rangMs: number | undefined
  /** First 'person' perhaps, later a machine perhaps; never back. */
  onVerdict(verdict: Verdict): void
  /**
   * The answer was the gateway's own: the telephone still rings behind it. `false`: the ringing is over, somebody may be there.
   * Source: analogue and GSM gateways that answer when they begin to dial.
   */
  onRinging(rings: boolean): void
  /** The network says in the audio that nobody will come: 'busy', 'congestion', 'vacant-number'. */
  onRefused(tone: 'busy' | 'congestion' | 'vacant-number'): void
}

/** First words of a person: 喂, 你好, a name. */
const SHORT_GREETING_MS_MAX = 1_500
/** Then a person waits. */
const SHORT_GREETING_PAUSE_MS = 700
const LONG_SPEECH_MS = 2_500
/** A shorter pause does not end a machine's sentence. */
const PAUSE_MS = 600
/** A long speech that begins later is an answer to something. */
const FIRST_SPEECH_MS_MAX = 4_000
/** After so much speech without any sign of a machine it is a person. */
const SPEECH_MS_MAX = 4_500
/** Nothing is looked for any more so long after the (true) answer. */
const WATCH_MS = 20_000
const EARLY_ANSWER_MS = 1_000
const BEEP_MS = [180, 1_100] as const
const BEEP_HZ = [380, 2_150] as const
const BEEP_QUIET_MS = 500
/** Unsettled words must say the same for so long; an announcement longer, because what follows may make a voicemail of it. */
const STABLE_MS = 300
const STABLE_ANNOUNCEMENT_MS = 2_500
/** Of the quiet frames, so many hold nothing at all, … */
const NO_NOISE_SHARE = 0.9
/** … among at least so many. */
const QUIET_FRAMES_MIN = 25
/** A-law has no zero: ±8 is its silence. */
const NOTHING = 8
/** A tone of 450 Hz this long after the answer may be ringing; the opening waits for what comes of it. */
const MAYBE_RINGING_MS = 300
/** Ringing comes every five seconds; when it does not, it is over. */
const RING_GAP_MS = 4_700

export class AnsweredBy {
  readonly #options: AnsweredByOptions
  /** For frames that nobody has looked at. */
  #vad: EnergyVad | undefined
  readonly #tones = new ToneDetector()
  #verdict: Verdict | undefined
  #closed = false
  #frames = 0
  /** Counted anew when a false answer is over. */
  #sinceMs = 0
  // Speech.
  #speechBeginMs: number | undefined
  #lastSpeechMs = -Infinity
  #stretches = 0
  #firstStretchMs: number | undefined
  #longSpeech = false
  #speechMs = 0
  #quietFrames = 0
  #emptyFrames = 0
  #beep = false
  #faxTone = false
  // Words.
  #settled = ''
  #words: SaidBy | undefined
  /** What the unsettled words say, and since when. */
  #leaning: { said: SaidBy; sinceMs: number } | undefined
  #isInTalk = false
  // A false answer.
  #toneMs = 0
  #lastToneMs = -Infinity
  #rings: 'no' | 'maybe' | 'yes' = 'no'

  constructor(options: AnsweredByOptions) {
    this.#options = options
  }

  get verdict(): Verdict | undefined {
    return this.#verdict
  }

  /** A 450 Hz tone has begun after the answer, and what it is will soon be known; or it is known to be ringing. */
  get mayBeRinging(): boolean {
    return this.#rings !== 'no'
  }

  /** Consecutive frames of the far end; `voices` as `Listener.push` takes them. */
  push(frames: readonly Frame[], voices?: readonly VadFrame[]): void {
    for (const [index, frame] of frames.entries()) {
      if (this.#closed) return
      this.#frame(frame, voices?.[index] ?? (this.#vad ??= new EnergyVad()).push(frame))
    }
  }

  /** What they said in the stretch under way, or, `settled`, in one that is over. */
  hear(text: string, settled: boolean): void {
    if (this.#closed || text === '') return
    const said = `${this.#settled} ${text}`
    if (settled) this.#settled = said.slice(-300)
    const found = machineIn(said)
    if (settled) this.#words = found
    this.#leaning = settled || !found ? undefined : { said: found, sinceMs: this.#leaning?.said.machine === found.machine ? this.#leaning.sinceMs : this.#nowMs }
    this.#decide()
  }

  /** They said who they are, or that they are somebody else: no machine does. */
  isInTalk(): void {
    this.#isInTalk = true
  }

  close(): void {
    this.#closed = true
  }

  get #nowMs(): number {
    return this.#frames * FRAME_MS
  }

  #frame(frame: Frame, { speech, voiced }: VadFrame): void {
    this.#frames += 1
    const nowMs = this.#nowMs
    const tone = this.#tones.push(frame)
    if (tone === 'fax-ced' || tone === 'fax-cng') this.#faxTone = true
    this.#listenForRinging(tone, speech && voiced)
    if (this.#closed) return
    if (speech) this.#speak(nowMs, voiced)
    else this.#beQuiet(nowMs, frame)
    const { said, sinceMs } = this.#leaning ?? {}
    if (said && nowMs - sinceMs! >= (said.machine === 'announcement' ? STABLE_ANNOUNCEMENT_MS : STABLE_MS)) this.#words = said
    this.#decide()
    if (nowMs - this.#sinceMs >= WATCH_MS && this.#rings === 'no') this.close()
  }

  #speak(nowMs: number, voiced: boolean): void {
    if (!voiced) return
    if (this.#speechBeginMs === undefined || nowMs - this.#lastSpeechMs >= PAUSE_MS) {
      this.#endStretch()
      this.#speechBeginMs = nowMs
      this.#stretches += 1
    }
    this.#lastSpeechMs = nowMs
    this.#speechMs += FRAME_MS
    if (this.#stretches === 1 && this.#speechBeginMs - this.#sinceMs <= FIRST_SPEECH_MS_MAX && nowMs - this.#speechBeginMs >= LONG_SPEECH_MS) this.#longSpeech = true
  }

  #endStretch(): void {
    if (this.#speechBeginMs !== undefined) this.#firstStretchMs ??= this.#lastSpeechMs - this.#speechBeginMs
  }

  #beQuiet(nowMs: number, frame: Frame): void {
    this.#quietFrames += 1
    if (frame.every((sample) => sample >= -NOTHING && sample <= NOTHING)) this.#emptyFrames += 1
    if (this.#speechBeginMs !== undefined && nowMs - this.#lastSpeechMs >= SHORT_GREETING_PAUSE_MS) this.#endStretch()
    const { bursts, quietMs } = this.#tones.bursts
    const burst = bursts.at(-1)
    if (burst === undefined || quietMs < BEEP_QUIET_MS || this.#speechBeginMs === undefined) return
    const within = (value: number, [min, max]: readonly [number, number]) => value >= min && value <= max
    if (within(burst.ms, BEEP_MS) && within(burst.hz, BEEP_HZ) && burst.beginMs >= this.#lastSpeechMs - 200) this.#beep = true
  }

  /** Ring-back that goes on behind an answer, and tones of refusal. */
  #listenForRinging(tone: ReturnType<ToneDetector['push']>, voice: boolean): void {
    if (tone === 'busy' || tone === 'congestion' || tone === 'vacant-number') {
      // Behind a voice it is part of the conversation; a person may have hung up as well, which the far end says by itself.
      if (this.#stretches === 0 || this.#rings === 'yes') {
        this.close()
        this.#options.onRefused(tone)
      }
      return
    }
    const nowMs = this.#nowMs
    if (this.#tones.sounding) {
      this.#toneMs += FRAME_MS
      this.#lastToneMs = nowMs
    }
    if (tone === 'ring-back' && this.#stretches === 0 && this.#rings !== 'yes') {
      this.#rings = 'yes'
      this.#options.onRinging(true)
    } else if (this.#rings === 'no' && this.#stretches === 0 && this.#toneMs >= MAYBE_RINGING_MS && nowMs <= 6_000) this.#rings = 'maybe'
    if (this.#rings === 'no') return
    // Speech, or a ring that did not come.
    const isOver = voice || nowMs - this.#lastToneMs >= (this.#rings === 'yes' ? RING_GAP_MS : 2_000)
    if (!isOver) return
    const wasRinging = this.#rings === 'yes'
    this.#rings = 'no'
    this.#toneMs = 0
    this.#sinceMs = nowMs
    if (wasRinging) this.#options.onRinging(false)
  }

  #decide(): void {
    if (this.#closed) return
    const nowMs = this.#nowMs
    const { rangMs } = this.#options
    const quietMs = nowMs - this.#lastSpeechMs
    const first = this.#firstStretchMs
    const verdict = judge({
      faxTone: this.#faxTone,
      words: this.#words,
      beep: this.#beep,
      longSpeech: this.#longSpeech,
      shortGreeting: first !== undefined && first <= SHORT_GREETING_MS_MAX && (this.#stretches > 1 || quietMs >= SHORT_GREETING_PAUSE_MS),
      earlyAnswer: rangMs !== undefined && rangMs < EARLY_ANSWER_MS,
      noNoise: this.#quietFrames >= QUIET_FRAMES_MIN && this.#emptyFrames / this.#quietFrames >= NO_NOISE_SHARE,
      timeIsUp: this.#speechMs >= SPEECH_MS_MAX || (first !== undefined && quietMs >= 1_500),
      isInTalk: this.#isInTalk,
    })
    if (verdict === undefined || verdict.who === this.#verdict?.who) return
    // A machine stays one, except that a tone makes a fax of it.
    if (this.#verdict && this.#verdict.who !== 'person' && verdict.who !== 'fax') return
    this.#verdict = verdict
    if (verdict.who !== 'person') this.close()
    this.#options.onVerdict(verdict)
  }
}
