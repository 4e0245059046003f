// Knows the call progress tones of mainland networks by their cadence (GB/T 3380: 450 ± 25 Hz). Does not know calls or what a tone leads to.
import { FRAME_MS, SAMPLE_RATE_HZ, type Frame } from '../../media/frame.ts'

export const progressTones = ['dial', 'ring-back', 'busy', 'congestion', 'vacant-number', 'call-waiting', 'trunk-notice'] as const
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
const cadences: Readonly<Record<ProgressTone, readonly Range[]>> = {
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
/** A pause is at least 10 dB below the tone: between the notes of music it is not. */
const PAUSE_SHARE_MAX = 0.1
/** Shorter parts belong to their neighbours: the frames in which a tone begins or ends, a lost packet, a click. */
const PART_FRAMES_MIN = 2

type Kind = 'tone' | 'pause' | 'other'
type Part = { kind: Kind; frames: number }

const ms = (part: Part): number => part.frames * FRAME_MS

/** Streaming detector; about 5 µs per frame. State: the last parts of the cadence. */
export class ToneDetector {
  readonly #goertzels = CANDIDATES_HZ.map((hz) => 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ))
  /** Newest last; it goes on. No two of a kind follow each other. */
  readonly #parts: Part[] = []
  /** Frames of another kind than the newest part, too few yet to begin a part. */
  #doubtful: Kind[] = []
  /** Mean power of the tone's frames. */
  #tonePower = 0
  #told: ProgressTone | undefined

  /** The next 20 ms, silence included. Tells a tone once, when it is sure; again when another tone or anything else came between. */
  push(frame: Frame): ProgressTone | undefined {
    this.#take(this.#kindOf(frame))
    const newest = this.#parts.at(-1)
    if (newest?.kind === 'other') {
      this.#told = undefined
      this.#parts.splice(0, this.#parts.length - 1)
    }
    for (const tone of progressTones) {
      if (!this.#fits(cadences[tone])) continue
      if (tone === this.#told) return undefined
      return (this.#told = tone)
    }
    return undefined
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

  #kindOf(frame: Frame): Kind {
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
  #toneShare(frame: Frame, energy: number): number {
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
