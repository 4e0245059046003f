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
/** One for all gates of a thread, as nothing of it outlasts a frame: tables of its own for every call would not fit the cache. */
const fft = new Fft(FFT_SIZE)
const power = new Float64Array(FFT_SIZE / 2 + 1)

type Peak = { frequencyHz: number; power: number }

/** 450 Hz call progress tones, key presses (two sine waves), fax and test tones. State: the tone of the frame before. */
export class ToneGate {
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
    const { real, imaginary } = fft
    fft.transform(frame, 0, WINDOW)
    for (let k = FIRST_BIN - 1; k <= END_BIN; k++) power[k] = real[k]! * real[k]! + imaginary[k]! * imaginary[k]!
    const first = strongestBin(-1)
    const second = strongestBin(first)
    return [first, second].filter((bin) => bin > 0 && power[bin]! > 0).map((bin) => ({ frequencyHz: peakHz(bin), power: power[bin]! }))
  }
}

/** The strongest bin, not within a lobe of `except`; -1 when there is none. */
function strongestBin(except: number): number {
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
function peakHz(bin: number): number {
  const left = Math.log(power[bin - 1]! + 1e-9)
  const centre = Math.log(power[bin]! + 1e-9)
  const right = Math.log(power[bin + 1]! + 1e-9)
  const curvature = left - 2 * centre + right
  const shift = curvature < 0 ? (0.5 * (left - right)) / curvature : 0
  return (bin + shift) * BIN_HZ
}

/** Room for the sums of one question: this runs for every loud frame of every call. */
const matrix = new Float64Array(16)
const vector = new Float64Array(4)

/**
 * Energy share of samples [from, to) that no sum of sine waves of these one or two frequencies explains: least squares.
 * Time runs backwards from the last sample, which changes no share: so Goertzel's recursion gives the products with the samples,
 * and those of the waves with each other are sums of known closed form.
 */
function residualShare(frame: Frame, frequenciesHz: readonly number[], from: number, to: number): number {
  const [first = 0, second] = frequenciesHz
  return second === undefined ? residualOfOne(frame, first, from, to) : residualOfTwo(frame, first, second, from, to)
}

function residualOfOne(frame: Frame, hz: number, from: number, to: number): number {
  const step = (2 * Math.PI * hz) / SAMPLE_RATE_HZ
  const cos = Math.cos(step)
  const turn = 2 * cos
  let one = 0
  let two = 0
  let energy = 0
  for (let n = from; n < to; n++) {
    const x = frame[n]!
    energy += x * x
    const now = x + turn * one - two
    two = one
    one = now
  }
  if (energy === 0) return 1
  writeOwn(0, step, to - from, 2)
  vector[0] = one - two * cos
  vector[1] = two * Math.sin(step)
  return 1 - explainedEnergy(2) / energy
}

function residualOfTwo(frame: Frame, firstHz: number, secondHz: number, from: number, to: number): number {
  const step1 = (2 * Math.PI * firstHz) / SAMPLE_RATE_HZ
  const step2 = (2 * Math.PI * secondHz) / SAMPLE_RATE_HZ
  const cos1 = Math.cos(step1)
  const cos2 = Math.cos(step2)
  const turn1 = 2 * cos1
  const turn2 = 2 * cos2
  let one1 = 0
  let two1 = 0
  let one2 = 0
  let two2 = 0
  let energy = 0
  for (let n = from; n < to; n++) {
    const x = frame[n]!
    energy += x * x
    const now1 = x + turn1 * one1 - two1
    two1 = one1
    one1 = now1
    const now2 = x + turn2 * one2 - two2
    two2 = one2
    one2 = now2
  }
  if (energy === 0) return 1
  const samples = to - from
  writeOwn(0, step1, samples, 4)
  writeOwn(2, step2, samples, 4)
  const sum = step1 + step2
  const difference = step1 - step2
  const [cosSum, sinSum] = [cosines(sum, samples), sines(sum, samples)]
  const [cosDifference, sinDifference] = [cosines(difference, samples), sines(difference, samples)]
  // Rows: cosine and sine of the second; columns: those of the first.
  matrix[8] = (cosDifference + cosSum) / 2
  matrix[9] = (sinSum + sinDifference) / 2
  matrix[12] = (sinSum - sinDifference) / 2
  matrix[13] = (cosDifference - cosSum) / 2
  vector[0] = one1 - two1 * cos1
  vector[1] = two1 * Math.sin(step1)
  vector[2] = one2 - two2 * cos2
  vector[3] = two2 * Math.sin(step2)
  return 1 - explainedEnergy(4) / energy
}

/** A wave's products with itself, from row and column `at`. */
function writeOwn(at: number, step: number, samples: number, size: number): void {
  const cos = cosines(2 * step, samples)
  matrix[at * size + at] = (samples + cos) / 2
  matrix[(at + 1) * size + at] = sines(2 * step, samples) / 2
  matrix[(at + 1) * size + at + 1] = (samples - cos) / 2
}

/** Σ cos(n · step) over n = 0 … samples − 1. */
function cosines(step: number, samples: number): number {
  const half = Math.sin(step / 2)
  return Math.abs(half) < 1e-9 ? samples : (Math.sin((samples * step) / 2) * Math.cos(((samples - 1) * step) / 2)) / half
}

function sines(step: number, samples: number): number {
  const half = Math.sin(step / 2)
  return Math.abs(half) < 1e-9 ? 0 : (Math.sin((samples * step) / 2) * Math.sin(((samples - 1) * step) / 2)) / half
}

/** bᵀ A⁻¹ b of `matrix` and `vector` by Cholesky factors of the lower triangle of A, in place. 0 when A is singular. */
function explainedEnergy(size: number): number {
  const [a, b] = [matrix, vector]
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
