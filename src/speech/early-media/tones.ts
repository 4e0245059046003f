// Knows the call progress tones of mainland networks by their cadence (GB/T 3380: 450 ± 25 Hz). Does not know calls or what a tone leads to.
import { FRAME_MS, SAMPLE_RATE_HZ, type Frame } from '../../media/frame.ts'
import { HighPass } from './high-pass.ts'
import { ToneBursts, type ToneBurst } from './tone-bursts.ts'

/** The 450 Hz family of GB/T 3380, told by cadence … */
const cadencedTones = ['dial', 'ring-back', 'busy', 'congestion', 'vacant-number', 'call-waiting', 'trunk-notice'] as const
type CadencedTone = (typeof cadencedTones)[number]
/** … and signals of other frequencies: special information tone of foreign gateways, fax, handset off hook, third party present. */
const otherTones = ['sit', 'fax-cng', 'fax-ced', 'howler', 'monitor'] as const
type OtherTone = (typeof otherTones)[number]
export const progressTones = [...cadencedTones, ...otherTones] as const
export type ProgressTone = (typeof progressTones)[number]

type Range = readonly [msMin: number, msMax: number]

/** A standard length with its tolerance: 10 % of the network's and 25 ms of ours. */
const about = (ms: number): Range => [ms * 0.9 - 25, ms * 1.1 + 25]
const atLeast = (ms: number): Range => [ms, Infinity]
const times = (count: number, ...parts: Range[]): Range[] => Array.from({ length: count }, () => parts).flat()
/** The last part goes on: it has lasted long enough when it reaches its least length. */
const open = (parts: readonly Range[]): Range[] => parts.map(([msMin, msMax], i) => [msMin, i === parts.length - 1 ? Infinity : msMax])

/** Small exchanges play busy tones of up to half a second; between this and longer ones lies congestion. */
const BUSY_MS: Range = [290, 520]
const CONGESTION_MS: Range = [520, 795]

/** Sound and pause in turn, the newest last; the last one goes on. Decided after as many periods as tell one tone from all others. */
const cadences: Readonly<Record<CadencedTone, readonly Range[]>> = {
  'vacant-number': open([...times(3, about(100), about(100)), about(400), about(400)]),
  'trunk-notice': open(times(2, about(200), about(200), about(200), about(600))),
  busy: open(times(3, BUSY_MS, BUSY_MS)),
  congestion: open(times(2, CONGESTION_MS, CONGESTION_MS)),
  'ring-back': [about(1_000), atLeast(1_500)],
  'call-waiting': [about(400), about(4_000), about(400), atLeast(800)],
  dial: [atLeast(2_000)],
}
const PARTS_MAX = Math.max(...Object.values(cadences).map(({ length }) => length))

/** 450 ± 25 Hz. */
const CANDIDATES_HZ = [425, 437.5, 450, 462.5, 475]
/** Of the energy of a frame, this share lies in the tone. */
const TONE_SHARE_MIN = 0.8
/** −40 dBm0 as mean square; a full-scale sine wave is +3.14 dBm0. */
const POWER_MIN = (32_768 ** 2 / 2) * 10 ** ((-40 - 3.14) / 10)
/** A pause is at least 8 dB below the tone, noise and all: between the notes of music it is not. */
const PAUSE_SHARE_MAX = 0.16
/** Shorter parts belong to their neighbours: the frames in which a tone begins or ends, a lost packet, a click. */
const PART_FRAMES_MIN = 2
/** So much of anything else, and the same tone is told again. */
const OTHER_FRAMES_MIN = 10

/** ITU-T E.180 / Q.35: three rising tones of 0.33 s without a pause. */
const SIT_HZ: readonly Range[] = [[890, 1_010], [1_340, 1_460], [1_740, 1_860]]
const SIT_MS: Range = [240, 420]
const SIT_GAP_MS_MAX = 80
/** ITU-T T.30 §4.3.3: 1100 ± 38 Hz, 0.5 s on, 3 s off, ± 15 %. Two of them: one alone is a beep. */
const CNG_HZ: Range = [1_050, 1_150]
const CNG_MS: Range = [400, 600]
const CNG_PERIOD_MS: Range = [2_950, 4_050]
/** ITU-T T.30 §4.3.1, V.25: 2100 ± 15 Hz for 2.6 to 4 s; no beep is as long as this. */
const CED_HZ: Range = [2_070, 2_130]
const CED_MS_MIN = 1_200
/** GB/T 3380: 950 Hz without end; 1400 Hz, 0.4 s on, 10 s off. */
const HOWLER_HZ: Range = [925, 975]
const HOWLER_MS_MIN = 1_500
const MONITOR_HZ: Range = [1_370, 1_430]
const MONITOR_MS: Range = [335, 465]
const MONITOR_PERIOD_MS: Range = [9_300, 11_500]

const within = (value: number, [min, max]: Range): boolean => value >= min && value <= max

function otherToneOf(heard: ToneBursts): OtherTone | undefined {
  const { current } = heard
  if (current && within(current.hz, CED_HZ) && current.ms >= CED_MS_MIN) return 'fax-ced'
  if (current && within(current.hz, HOWLER_HZ) && current.ms >= HOWLER_MS_MIN) return 'howler'
  // The third tone of a SIT is known when it is long enough; the period of the others when the next one is over.
  const last = current && current.ms >= SIT_MS[0] ? [...heard.bursts, current] : heard.bursts
  if (isSit(last.slice(-3))) return 'sit'
  const [before, newest] = heard.bursts.slice(-2)
  if (before === undefined || newest === undefined) return undefined
  const periodMs = newest.beginMs - before.beginMs
  const both = (hz: Range, ms: Range): boolean => [before, newest].every((burst) => within(burst.hz, hz) && within(burst.ms, ms))
  if (within(periodMs, CNG_PERIOD_MS) && both(CNG_HZ, CNG_MS)) return 'fax-cng'
  return within(periodMs, MONITOR_PERIOD_MS) && both(MONITOR_HZ, MONITOR_MS) ? 'monitor' : undefined
}

function isSit(bursts: readonly ToneBurst[]): boolean {
  return (
    bursts.length === 3 &&
    bursts.every((burst, i) => within(burst.hz, SIT_HZ[i]!) && within(burst.ms, SIT_MS)) &&
    bursts.every((burst, i) => i === 0 || burst.beginMs - (bursts[i - 1]!.beginMs + bursts[i - 1]!.ms) <= SIT_GAP_MS_MAX)
  )
}

type Kind = 'tone' | 'pause' | 'other'
type Part = { kind: Kind; frames: number }

const ms = (part: Part): number => part.frames * FRAME_MS

/** Streaming detector; about 15 µs per loud frame. State: the last parts of the cadence, and the last bursts of other tones. */
export class ToneDetector {
  readonly #goertzels = CANDIDATES_HZ.map((hz) => 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ))
  /** Newest last; it goes on. No two of a kind follow each other. */
  readonly #parts: Part[] = []
  /** Frames of another kind than the newest part, too few yet to begin a part. */
  #doubtful: Kind[] = []
  /** Mean power of the tone's frames. */
  #tonePower = 0
  #lastKind: Kind = 'pause'
  #told: ProgressTone | undefined
  readonly #highPass = new HighPass()
  readonly #bursts = new ToneBursts()
  #toldOther: OtherTone | undefined

  /** The next 20 ms, silence included. Tells a tone once, when it is sure; one of 450 Hz again when another one or anything else came between. */
  push(frame: Frame): ProgressTone | undefined {
    const filtered = this.#highPass.filter(frame)
    this.#bursts.push(filtered)
    return this.#pushCadence(filtered) ?? this.#otherTone()
  }

  /** Single tones of any pitch, for who has a use for beeps. */
  get bursts(): ToneBursts {
    return this.#bursts
  }

  #otherTone(): OtherTone | undefined {
    const tone = otherToneOf(this.#bursts)
    if (tone === undefined || tone === this.#toldOther) return undefined
    return (this.#toldOther = tone)
  }

  #pushCadence(frame: Float32Array): ProgressTone | undefined {
    this.#lastKind = this.#kindOf(frame)
    this.#take(this.#lastKind)
    const newest = this.#parts.at(-1)
    if (newest?.kind === 'other') {
      // A cough in a pause makes no other tone of it.
      if (newest.frames >= OTHER_FRAMES_MIN) this.#told = undefined
      this.#parts.splice(0, this.#parts.length - 1)
    }
    for (const tone of cadencedTones) {
      if (!this.#fits(cadences[tone])) continue
      if (tone === this.#told) return undefined
      return (this.#told = tone)
    }
    return undefined
  }

  /** What the last frame was, by itself: a tone of 450 Hz, next to nothing, or anything else. */
  get lastKind(): 'tone' | 'pause' | 'other' {
    return this.#lastKind
  }

  /** A tone sounds at this moment, whether its cadence is known or not. */
  get sounding(): boolean {
    return this.#parts.at(-1)?.kind === 'tone'
  }

  #fits(cadence: readonly Range[]): boolean {
    const parts = this.#parts.slice(-cadence.length)
    // Sound first: the newest part of an even cadence is a pause.
    return parts.length === cadence.length && parts[0]!.kind === 'tone' && parts.every((part, i) => ms(part) >= cadence[i]![0] && ms(part) <= cadence[i]![1])
  }

  #take(kind: Kind): void {
    const newest = this.#parts.at(-1)
    if (newest === undefined) {
      // Silence before anything was heard is no pause of a cadence.
      if (kind !== 'pause') this.#parts.push({ kind, frames: 1 })
      return
    }
    if (kind === newest.kind) {
      newest.frames += this.#doubtful.length + 1
      this.#doubtful = []
      return
    }
    this.#doubtful.push(kind)
    if (this.#doubtful.length < PART_FRAMES_MIN) return
    const [first, second] = this.#doubtful as [Kind, Kind]
    this.#doubtful = []
    if (first === second) return this.#begin(second, 2)
    // The frame in between is an edge: half sound, half pause.
    const frames = first === 'other' ? 1 : 2
    newest.frames += 2 - frames
    this.#begin(second, frames)
  }

  #begin(kind: Kind, frames: number): void {
    this.#parts.push({ kind, frames })
    if (this.#parts.length > PARTS_MAX) this.#parts.shift()
  }

  #kindOf(frame: Float32Array): Kind {
    let energy = 0
    for (const sample of frame) energy += sample * sample
    const power = energy / frame.length
    if (power >= POWER_MIN && this.#toneShare(frame, energy) >= TONE_SHARE_MIN) {
      this.#tonePower = this.#tonePower === 0 ? power : this.#tonePower * 0.8 + power * 0.2
      return 'tone'
    }
    return power < POWER_MIN || power <= this.#tonePower * PAUSE_SHARE_MAX ? 'pause' : 'other'
  }

  /** Share of the energy that the best sine wave within the band explains. */
  #toneShare(frame: Float32Array, energy: number): number {
    let best = 0
    for (const coefficient of this.#goertzels) {
      let [before, last] = [0, 0]
      for (const sample of frame) {
        const next = sample + coefficient * last - before
        before = last
        last = next
      }
      best = Math.max(best, last * last + before * before - coefficient * last * before)
    }
    return (2 * best) / (frame.length * energy)
  }
}
