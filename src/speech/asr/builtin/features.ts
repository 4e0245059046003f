// Knows how telephone audio becomes the vectors that the network reads. Does not know the network or syllables.
import { SAMPLE_RATE_HZ } from '../../../media/frame.ts'
import { Fft, hannWindow } from '../../../media/fft.ts'
import type { ModelHeader } from './model-file.ts'

// These numbers belong to the trained weights: tools/recogniser/features.py holds the same ones.
const HOP_SAMPLES = 80
const WINDOW_SAMPLES = 200
const WINDOW_FFT = 256
export const MELS = 40
const WINDOWS_PER_STEP = 3
export const STEP_SAMPLES = HOP_SAMPLES * WINDOWS_PER_STEP
/** Samples that one step looks at; neighbouring steps overlap. */
export const STEP_SPAN_SAMPLES = STEP_SAMPLES - HOP_SAMPLES + WINDOW_SAMPLES
const ENERGY_FLOOR = 1e4
/** Share of the new step in the running level: a time constant of 0.6 s. */
const RUNNING_RATE = 0.05
const PITCH_FFT = 512
const PITCH_FIRST_BIN = 4
const PITCH_END_BIN = 78
const PITCH_LAGS = 24
/** Values per step: three windows of log-mel energies, their mean relative to the running level, and pitch. */
export const FEATURES = WINDOWS_PER_STEP * MELS + MELS + PITCH_LAGS

/** Duration of one step of the recogniser. */
export const STEP_MS = (STEP_SAMPLES * 1000) / SAMPLE_RATE_HZ

type MelFilter = { firstBin: number; weights: Float64Array }

/** Triangular mel filters from 120 to 3700 Hz. */
function melFilters(): MelFilter[] {
  const mel = (hz: number) => 1127 * Math.log(1 + hz / 700)
  const low = mel(120)
  const step = (mel(3700) - low) / (MELS + 1)
  const edge = (i: number) => 700 * (Math.exp((low + step * i) / 1127) - 1)
  return Array.from({ length: MELS }, (_, m) => {
    const left = edge(m)
    const centre = edge(m + 1)
    const right = edge(m + 2)
    const bins = Array.from({ length: WINDOW_FFT / 2 + 1 }, (_, k) => {
      const hz = (k * SAMPLE_RATE_HZ) / WINDOW_FFT
      return Math.max(0, Math.min((hz - left) / (centre - left), (right - hz) / (right - centre)))
    })
    // The lowest filters are narrower than a bin and may hold none.
    const firstBin = bins.findIndex((weight) => weight > 0)
    const weights = firstBin < 0 ? [] : bins.slice(firstBin).filter((weight) => weight > 0)
    return { firstBin: Math.max(0, firstBin), weights: Float64Array.from(weights) }
  })
}

/** Cosine sums that turn a root spectrum into an autocorrelation at 24 lags (80 … 444 Hz). */
function pitchMatrix(): Float64Array {
  const bins = PITCH_END_BIN - PITCH_FIRST_BIN
  const matrix = new Float64Array(PITCH_LAGS * bins)
  for (let i = 0; i < PITCH_LAGS; i++) {
    const lag = Math.exp(Math.log(18) + ((Math.log(100) - Math.log(18)) * i) / (PITCH_LAGS - 1))
    for (let k = 0; k < bins; k++) matrix[i * bins + k] = Math.cos((2 * Math.PI * lag * (k + PITCH_FIRST_BIN)) / PITCH_FFT)
  }
  return matrix
}

const MEL_FILTERS = melFilters()
const PITCH_MATRIX = pitchMatrix()
const MEL_WINDOW = hannWindow(WINDOW_SAMPLES)
const PITCH_WINDOW = hannWindow(STEP_SPAN_SAMPLES)

/** PCM in, one vector of FEATURES values per 30 ms out. Keeps the running level over the utterances of a call. */
export class FeatureExtractor {
  readonly #header: ModelHeader
  readonly #melFft = new Fft(WINDOW_FFT)
  readonly #pitchFft = new Fft(PITCH_FFT)
  readonly #buffer = new Float32Array(STEP_SPAN_SAMPLES)
  readonly #power = new Float64Array(WINDOW_FFT / 2 + 1)
  readonly #root = new Float64Array(PITCH_END_BIN - PITCH_FIRST_BIN)
  readonly #stepMean = new Float64Array(MELS)
  readonly #runningMean: Float64Array
  #filled = 0

  constructor(header: ModelHeader) {
    this.#header = header
    this.#runningMean = Float64Array.from(header.melMean)
  }

  /** Forgets buffered samples, keeps the running level. */
  startUtterance(): void {
    this.#filled = 0
  }

  /** Takes any number of samples; `emit` gets a vector of its own per completed step. */
  accept(pcm: Int16Array, emit: (features: Float32Array) => void): void {
    let position = 0
    while (position < pcm.length) {
      const count = Math.min(STEP_SPAN_SAMPLES - this.#filled, pcm.length - position)
      for (let i = 0; i < count; i++) this.#buffer[this.#filled + i] = pcm[position + i]!
      this.#filled += count
      position += count
      if (this.#filled < STEP_SPAN_SAMPLES) return
      emit(this.#computeStep())
      this.#buffer.copyWithin(0, STEP_SAMPLES)
      this.#filled = STEP_SPAN_SAMPLES - STEP_SAMPLES
    }
  }

  #computeStep(): Float32Array {
    const features = new Float32Array(FEATURES)
    this.#stepMean.fill(0)
    for (let w = 0; w < WINDOWS_PER_STEP; w++) this.#melEnergies(w, features)
    this.#relativeLevels(features)
    this.#pitch(features)
    return features
  }

  #melEnergies(window: number, features: Float32Array): void {
    const power = this.#power
    const { real, imaginary } = this.#melFft
    const { melMean, melDeviation } = this.#header
    this.#melFft.transform(this.#buffer, window * HOP_SAMPLES, MEL_WINDOW)
    for (let k = 0; k < power.length; k++) power[k] = real[k]! ** 2 + imaginary[k]! ** 2
    for (let m = 0; m < MELS; m++) {
      const { firstBin, weights } = MEL_FILTERS[m]!
      let energy = ENERGY_FLOOR
      for (let k = 0; k < weights.length; k++) energy += weights[k]! * power[firstBin + k]!
      const logEnergy = Math.log(energy)
      this.#stepMean[m]! += logEnergy / WINDOWS_PER_STEP
      features[window * MELS + m] = (logEnergy - melMean[m]!) / melDeviation[m]!
    }
  }

  #relativeLevels(features: Float32Array): void {
    for (let m = 0; m < MELS; m++) {
      const difference = this.#stepMean[m]! - this.#runningMean[m]!
      features[WINDOWS_PER_STEP * MELS + m] = difference / 2
      this.#runningMean[m]! += RUNNING_RATE * difference
    }
  }

  #pitch(features: Float32Array): void {
    const root = this.#root
    const { real, imaginary } = this.#pitchFft
    this.#pitchFft.transform(this.#buffer, 0, PITCH_WINDOW)
    let sum = 1
    for (let k = 0; k < root.length; k++) {
      const bin = k + PITCH_FIRST_BIN
      root[k] = Math.sqrt(Math.hypot(real[bin]!, imaginary[bin]!))
      sum += root[k]!
    }
    for (let i = 0; i < PITCH_LAGS; i++) {
      let value = 0
      for (let k = 0; k < root.length; k++) value += PITCH_MATRIX[i * root.length + k]! * root[k]!
      features[(WINDOWS_PER_STEP + 1) * MELS + i] = (2 * value) / sum
    }
  }
}
