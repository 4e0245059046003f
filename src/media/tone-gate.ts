// Knows whether a frame is a machine's tone: one or two steady sine waves. Does not know voice activity, levels over time or calls.
import { FRAME_SAMPLES, SAMPLE_RATE_HZ, type Frame } from './frame.ts'
import { Fft, hannWindow } from './fft.ts'

const FFT_SIZE = 256
const BIN_HZ = SAMPLE_RATE_HZ / FFT_SIZE
/** Telephone tones lie between 300 and 2600 Hz; a little room on both sides. */
const FIRST_BIN = 6
const END_BIN = 116
/** Half the main lobe of the window, in bins: a second tone is looked for outside it. */
const LOBE_BINS = 5
/**
 * Share of the energy that two sine waves may leave unexplained. A-law leaves 0.0002 of a tone, a line 22 dB above its
 * noise 0.006; of loud synthetic speech one frame in a hundred leaves less.
 */
const RESIDUAL_MAX = 0.006
/** Enough when the frame before already had the same frequencies: voices never hold them. */
const RESIDUAL_STEADY_MAX = 0.03
/** Two frames have the same tone when the frequency moved less: 1 %, at least this much. */
const STEADY_HZ = 6
/** A weaker second component says nothing about steadiness. */
const SECOND_SHARE_MIN = 0.02

const WINDOW = hannWindow(FRAME_SAMPLES)

type Peak = { frequencyHz: number; power: number }

/** 450 Hz call progress tones, key presses (two sine waves), fax and test tones. State: the tone of the frame before. */
export class ToneGate {
  readonly #fft = new Fft(FFT_SIZE)
  readonly #power = new Float64Array(FFT_SIZE / 2 + 1)
  /** Of the frame before, when it was a tone. */
  #before: readonly number[] = []
  /** Strong frequencies of the last frame that was a tone or nearly one: the next one may confirm it. */
  #candidate: readonly number[] = []

  /** Consecutive frames; skip() for those that are too quiet to matter. */
  isTone(frame: Frame): boolean {
    const peaks = this.#peaks(frame)
    const frequencies = peaks.map(({ frequencyHz }) => frequencyHz)
    const before = this.#before
    this.#before = []
    // The end of a burst: the tone of the frame before still fills the first half.
    if (before.length > 0 && residualShare(frame, before, 0, FRAME_SAMPLES / 2) <= RESIDUAL_STEADY_MAX) {
      if (residualShare(frame, before, 0, FRAME_SAMPLES) <= RESIDUAL_STEADY_MAX) this.#before = before
      return true
    }
    const residual = frequencies.length === 0 ? 1 : residualShare(frame, frequencies, 0, FRAME_SAMPLES)
    if (residual > RESIDUAL_STEADY_MAX) return false
    const main = peaks.filter(({ power }) => power >= SECOND_SHARE_MIN * peaks[0]!.power).map(({ frequencyHz }) => frequencyHz)
    const steady = main.length === this.#candidate.length && main.every((hz, i) => Math.abs(hz - this.#candidate[i]!) <= Math.max(STEADY_HZ, hz / 100))
    this.#candidate = main
    if (residual > RESIDUAL_MAX && !steady) return false
    this.#before = frequencies
    return true
  }

  /** A frame that was not looked at. */
  skip(): void {
    this.#before = []
    this.#candidate = []
  }

  /** The strongest spectral peak, and the strongest outside its lobe. */
  #peaks(frame: Frame): Peak[] {
    const power = this.#power
    const { real, imaginary } = this.#fft
    this.#fft.transform(frame, 0, WINDOW)
    for (let k = 0; k < power.length; k++) power[k] = real[k]! ** 2 + imaginary[k]! ** 2
    const first = strongestBin(power, -1)
    const second = strongestBin(power, first)
    return [first, second].filter((bin) => bin > 0 && power[bin]! > 0).map((bin) => ({ frequencyHz: peakHz(power, bin), power: power[bin]! }))
  }
}

/** The strongest bin, not within a lobe of `except`; -1 when there is none. */
function strongestBin(power: Float64Array, except: number): number {
  let best = -1
  for (let k = FIRST_BIN; k < END_BIN; k++) {
    if (except >= 0 && Math.abs(k - except) < LOBE_BINS) continue
    // Only true peaks: the slope of another lobe is none.
    if (power[k]! < power[k - 1]! || power[k]! < power[k + 1]!) continue
    if (best < 0 || power[k]! > power[best]!) best = k
  }
  return best
}

/** Frequency between bins, by a parabola through the logarithms of three neighbours. */
function peakHz(power: Float64Array, bin: number): number {
  const left = Math.log(power[bin - 1]! + 1e-9)
  const centre = Math.log(power[bin]! + 1e-9)
  const right = Math.log(power[bin + 1]! + 1e-9)
  const curvature = left - 2 * centre + right
  const shift = curvature < 0 ? (0.5 * (left - right)) / curvature : 0
  return (bin + shift) * BIN_HZ
}

/**
 * Energy share of samples [from, to) that no sum of sine waves of these one or two frequencies explains: least squares.
 * The sums are spelled out: this runs for every loud frame of every call.
 */
function residualShare(frame: Frame, frequenciesHz: readonly number[], from: number, to: number): number {
  const [first = 0, second] = frequenciesHz
  return second === undefined ? residualOfOne(frame, first, from, to) : residualOfTwo(frame, first, second, from, to)
}

function residualOfOne(frame: Frame, hz: number, from: number, to: number): number {
  const step = (2 * Math.PI * hz) / SAMPLE_RATE_HZ
  const cos = Math.cos(step)
  const sin = Math.sin(step)
  let c = 1
  let s = 0
  let energy = 0
  let xc = 0
  let xs = 0
  let cc = 0
  let cs = 0
  let ss = 0
  for (let n = from; n < to; n++) {
    const x = frame[n]!
    energy += x * x
    xc += x * c
    xs += x * s
    cc += c * c
    cs += c * s
    ss += s * s
    const next = c * cos - s * sin
    s = s * cos + c * sin
    c = next
  }
  if (energy === 0) return 1
  return 1 - explainedEnergy([cc, 0, cs, ss], [xc, xs], 2) / energy
}

function residualOfTwo(frame: Frame, firstHz: number, secondHz: number, from: number, to: number): number {
  const step1 = (2 * Math.PI * firstHz) / SAMPLE_RATE_HZ
  const step2 = (2 * Math.PI * secondHz) / SAMPLE_RATE_HZ
  const cos1 = Math.cos(step1)
  const sin1 = Math.sin(step1)
  const cos2 = Math.cos(step2)
  const sin2 = Math.sin(step2)
  let c = 1
  let s = 0
  let d = 1
  let t = 0
  let energy = 0
  let xc = 0
  let xs = 0
  let xd = 0
  let xt = 0
  let cc = 0
  let cs = 0
  let ss = 0
  let dc = 0
  let ds = 0
  let dd = 0
  let tc = 0
  let ts = 0
  let td = 0
  let tt = 0
  for (let n = from; n < to; n++) {
    const x = frame[n]!
    energy += x * x
    xc += x * c
    xs += x * s
    xd += x * d
    xt += x * t
    cc += c * c
    cs += c * s
    ss += s * s
    dc += d * c
    ds += d * s
    dd += d * d
    tc += t * c
    ts += t * s
    td += t * d
    tt += t * t
    const nextC = c * cos1 - s * sin1
    s = s * cos1 + c * sin1
    c = nextC
    const nextD = d * cos2 - t * sin2
    t = t * cos2 + d * sin2
    d = nextD
  }
  if (energy === 0) return 1
  // Rows and columns: c, s of the first, d, t of the second.
  return 1 - explainedEnergy([cc, 0, 0, 0, cs, ss, 0, 0, dc, ds, dd, 0, tc, ts, td, tt], [xc, xs, xd, xt], 4) / energy
}

/** bᵀ A⁻¹ b by Cholesky factors of the lower triangle of A, in place. 0 when A is singular. */
function explainedEnergy(a: number[], b: number[], size: number): number {
  let explained = 0
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j]!
      for (let k = 0; k < j; k++) sum -= a[i * size + k]! * a[j * size + k]!
      if (i === j) {
        if (sum <= 1e-9) return 0
        a[i * size + i] = Math.sqrt(sum)
      } else a[i * size + j] = sum / a[j * size + j]!
    }
    let value = b[i]!
    for (let k = 0; k < i; k++) value -= a[i * size + k]! * b[k]!
    b[i] = value / a[i * size + i]!
    explained += b[i]! ** 2
  }
  return explained
}
