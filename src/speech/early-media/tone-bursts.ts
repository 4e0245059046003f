// Knows stretches of one steady sine wave: how high, how long, and how quiet it is afterwards. Does not know what they mean.
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { Fft, hannWindow } from '../../media/fft.ts'

export type ToneBurst = {
  hz: number
  ms: number
  /** Of its first frame, since the first frame of all. */
  beginMs: number
}

type Sounding = { hz: number; beginFrame: number; lastFrame: number; power: number }

const FFT_SIZE = 256
const BIN_HZ = SAMPLE_RATE_HZ / FFT_SIZE
/** Signals of networks and machines lie between 300 and 2600 Hz. */
const FIRST_BIN = Math.ceil(300 / BIN_HZ)
const END_BIN = Math.floor(2_600 / BIN_HZ)
/** Of the energy of a frame, this share lies in the one wave. */
const SHARE_MIN = 0.8
/** Two frames have the same tone: 1.5 %, at least this much. */
const SAME_HZ = 10
/** −40 dBm0 as mean square; a full-scale sine wave is +3.14 dBm0. */
const POWER_MIN = (32_768 ** 2 / 2) * 10 ** ((-40 - 3.14) / 10)
/** A pause is at least 8 dB below the tone before it. */
const PAUSE_SHARE_MAX = 0.16
/** Lost packets, clicks and the turned phases of ITU-T V.8 do not end a burst. */
const GAP_FRAMES_MAX = 2
const BURSTS_MAX = 4
const WINDOW = hannWindow(FRAME_SAMPLES)

/** Streaming; about 10 µs per loud frame. State: the burst that sounds, the last ones, and the quiet since. */
export class ToneBursts {
  readonly #fft = new Fft(FFT_SIZE)
  readonly #bursts: ToneBurst[] = []
  #frames = 0
  #current: Sounding | undefined
  /** Power of the last burst: what lies well below it is a pause. */
  #power = 0
  #quietFrames = 0

  /** The next 20 ms, silence included, without what lies below the voice band. */
  push(frame: Float32Array): void {
    const index = this.#frames++
    let energy = 0
    for (const sample of frame) energy += sample * sample
    const power = energy / frame.length
    const hz = power < POWER_MIN ? undefined : this.#toneOf(frame, energy)
    const current = this.#current
    if (current && hz !== undefined && isSame(hz, current.hz)) {
      const frames = current.lastFrame - current.beginFrame + 1
      current.hz += (hz - current.hz) / Math.min(frames + 1, 10)
      current.lastFrame = index
      current.power = Math.max(current.power, power)
      return
    }
    if (current && (hz !== undefined || index - current.lastFrame > GAP_FRAMES_MAX)) this.#end(current, index)
    if (hz !== undefined) {
      this.#current = { hz, beginFrame: index, lastFrame: index, power }
      this.#quietFrames = 0
    } else if (this.#current === undefined) {
      const quiet = power < POWER_MIN || power <= this.#power * PAUSE_SHARE_MAX
      this.#quietFrames = quiet ? this.#quietFrames + 1 : -Infinity
    }
  }

  /** The tone that sounds at this moment, as long as it is by now. */
  get current(): ToneBurst | undefined {
    const { hz, beginFrame, lastFrame } = this.#current ?? { hz: 0, beginFrame: 0, lastFrame: -1 }
    return lastFrame < beginFrame ? undefined : { hz, ms: (lastFrame - beginFrame + 1) * FRAME_MS, beginMs: beginFrame * FRAME_MS }
  }

  /** The last four that are over, newest last; single frames are none. */
  get bursts(): readonly ToneBurst[] {
    return this.#bursts
  }

  /** How long nothing at all was heard since the newest burst ended; 0 when anything else came in between. */
  get quietMs(): number {
    return this.#current ? 0 : Math.max(0, this.#quietFrames) * FRAME_MS
  }

  #end({ hz, beginFrame, lastFrame, power }: Sounding, index: number): void {
    this.#current = undefined
    const frames = lastFrame - beginFrame + 1
    if (frames < 2) {
      this.#quietFrames = -Infinity
      return
    }
    this.#power = power
    this.#bursts.push({ hz, ms: frames * FRAME_MS, beginMs: beginFrame * FRAME_MS })
    if (this.#bursts.length > BURSTS_MAX) this.#bursts.shift()
    // The frames in which it was still doubtful whether it was over.
    this.#quietFrames = index - lastFrame - 1
  }

  /** Frequency of the strongest wave, when nearly all energy is in it. */
  #toneOf(frame: Float32Array, energy: number): number | undefined {
    const { real, imaginary } = this.#fft
    this.#fft.transform(frame, 0, WINDOW)
    const power = (bin: number): number => real[bin]! ** 2 + imaginary[bin]! ** 2
    let best = FIRST_BIN
    for (let bin = FIRST_BIN + 1; bin < END_BIN; bin += 1) if (power(bin) > power(best)) best = bin
    const [left, centre, right] = [best - 1, best, best + 1].map((bin) => Math.log(power(bin) + 1e-9)) as [number, number, number]
    const curvature = left - 2 * centre + right
    const hz = (best + (curvature < 0 ? (0.5 * (left - right)) / curvature : 0)) * BIN_HZ
    return shareAt(hz, frame, energy) >= SHARE_MIN ? hz : undefined
  }
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(SAME_HZ, b * 0.015)
}

/** Share of the energy that a sine wave of this frequency explains (Goertzel). */
function shareAt(hz: number, frame: Float32Array, energy: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ)
  let [before, last] = [0, 0]
  for (const sample of frame) {
    const next = sample + coefficient * last - before
    before = last
    last = next
  }
  return (2 * (last * last + before * before - coefficient * last * before)) / (frame.length * energy)
}
