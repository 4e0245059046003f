// Knows how feature vectors become probabilities of syllables and tones, step by step. Does not know words.
import { FeatureExtractor, STEP_MS, STEP_SPAN_SAMPLES } from './features.ts'
import { SAMPLE_RATE_HZ } from '../../../media/frame.ts'
import type { AcousticModel, BlockWeights, Dense } from './model-file.ts'

/** Index of the CTC blank among the units. */
export const BLANK = 0

/** What the network says about 30 ms of audio, in natural-log probabilities. */
export type Step = {
  /** One per unit of the model; [BLANK] is the blank. */
  units: Float32Array
  /** Tones 1 … 5. */
  tones: Float32Array
}

/** Delay between a sound and its step, feature window included. */
export function lookAheadMs(model: AcousticModel): number {
  const steps = model.header.blocks.reduce((sum, block) => sum + block.lookAhead, 0)
  return steps * STEP_MS + (STEP_SPAN_SAMPLES * 1000) / SAMPLE_RATE_HZ
}

/** y = W x + b, four rows at a time so that inputs are read once for four products. */
function applyDense(layer: Dense, x: Float32Array, y: Float32Array): void {
  const { rows, columns, weights, bias } = layer
  let row = 0
  for (; row + 4 <= rows; row += 4) {
    const a = row * columns
    const b = a + columns
    const c = b + columns
    const d = c + columns
    let sumA = 0
    let sumB = 0
    let sumC = 0
    let sumD = 0
    for (let k = 0; k < columns; k++) {
      const value = x[k]!
      sumA += weights[a + k]! * value
      sumB += weights[b + k]! * value
      sumC += weights[c + k]! * value
      sumD += weights[d + k]! * value
    }
    y[row] = sumA + bias[row]!
    y[row + 1] = sumB + bias[row + 1]!
    y[row + 2] = sumC + bias[row + 2]!
    y[row + 3] = sumD + bias[row + 3]!
  }
  for (; row < rows; row++) {
    let sum = bias[row]!
    for (let k = 0; k < columns; k++) sum += weights[row * columns + k]! * x[k]!
    y[row] = sum
  }
}

/** One gated block: the last inputs that its convolution reaches, and its arithmetic. */
class GatedBlock {
  readonly #weights: BlockWeights
  readonly #channels: number
  readonly #kernel: number
  /** A ring of `span` inputs. */
  readonly #history: readonly Float32Array[]
  readonly #filtered: Float32Array
  readonly #gated: Float32Array
  #received = 0

  constructor(weights: BlockWeights, channels: number, kernel: number) {
    this.#weights = weights
    this.#channels = channels
    this.#kernel = kernel
    const span = (kernel - 1) * weights.dilation + 1
    this.#history = Array.from({ length: span }, () => new Float32Array(channels))
    this.#filtered = new Float32Array(channels)
    this.#gated = new Float32Array(2 * channels)
  }

  reset(): void {
    this.#received = 0
    for (const row of this.#history) row.fill(0)
  }

  /** Takes one input (null pads the end); gives the output `lookAhead` steps earlier, if there is one yet. */
  push(input: Float32Array | null): Float32Array | null {
    const now = this.#received++
    const span = this.#history.length
    const { lookAhead, pointwise } = this.#weights
    const slot = this.#history[now % span]!
    if (input) slot.set(input)
    else slot.fill(0)
    if (now < lookAhead) return null
    this.#convolve(now)
    applyDense(pointwise, this.#filtered, this.#gated)
    return this.#gate(this.#history[(now - lookAhead + span) % span]!)
  }

  #convolve(now: number): void {
    const { dilation, depthwise, depthwiseBias } = this.#weights
    const filtered = this.#filtered
    const kernel = this.#kernel
    const channels = this.#channels
    const span = this.#history.length
    filtered.set(depthwiseBias)
    for (let k = 0; k < kernel; k++) {
      const row = this.#history[(now + 1 + k * dilation) % span]!
      for (let c = 0; c < channels; c++) filtered[c]! += depthwise[c * kernel + k]! * row[c]!
    }
  }

  #gate(residual: Float32Array): Float32Array {
    const channels = this.#channels
    const gated = this.#gated
    const output = new Float32Array(channels)
    for (let c = 0; c < channels; c++) output[c] = residual[c]! + gated[c]! / (1 + Math.exp(-gated[c + channels]!))
    return output
  }
}

function logSoftmax(values: Float32Array): void {
  let max = -Infinity
  for (const value of values) max = Math.max(max, value)
  let sum = 0
  for (const value of values) sum += Math.exp(value - max)
  const shift = max + Math.log(sum)
  for (let i = 0; i < values.length; i++) values[i]! -= shift
}

/** Audio of one call in, steps out. Feeding a signal in pieces gives exactly the numbers that feeding it at once gives. */
export class StepStream {
  readonly #model: AcousticModel
  readonly #features: FeatureExtractor
  readonly #blocks: readonly GatedBlock[]

  constructor(model: AcousticModel) {
    this.#model = model
    this.#features = new FeatureExtractor(model.header)
    this.#blocks = model.blocks.map((block) => new GatedBlock(block, model.header.channels, model.header.kernel))
  }

  /** 8 kHz PCM of any length; the steps that became available. */
  accept(pcm: Int16Array): Step[] {
    const steps: Step[] = []
    this.#features.accept(pcm, (features) => this.#pushFeatures(features, steps))
    return steps
  }

  /** End of an utterance: the remaining steps. Ready for the next utterance of the same call, whose level it remembers. */
  flush(): Step[] {
    const steps: Step[] = []
    this.#blocks.forEach((_, block) => {
      for (let k = 0; k < this.#model.blocks[block]!.lookAhead; k++) this.#through(block, null, steps)
    })
    for (const block of this.#blocks) block.reset()
    this.#features.startUtterance()
    return steps
  }

  #pushFeatures(features: Float32Array, steps: Step[]): void {
    const hidden = new Float32Array(this.#model.input.rows)
    applyDense(this.#model.input, features, hidden)
    for (let c = 0; c < hidden.length; c++) hidden[c] = Math.max(0, hidden[c]!)
    this.#through(0, hidden, steps)
  }

  #through(firstBlock: number, input: Float32Array | null, steps: Step[]): void {
    let x = input
    for (let b = firstBlock; b < this.#blocks.length; b++) {
      x = this.#blocks[b]!.push(x)
      if (!x) return
    }
    if (x) steps.push(this.#project(x))
  }

  #project(x: Float32Array): Step {
    const units = new Float32Array(this.#model.output.rows)
    const tones = new Float32Array(this.#model.tone.rows)
    applyDense(this.#model.output, x, units)
    applyDense(this.#model.tone, x, tones)
    logSoftmax(units)
    logSoftmax(tones)
    return { units, tones }
  }
}
