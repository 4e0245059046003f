// Knows how to change the sample rate of a stream of speech. Does not know where it comes from.
import { InvalidInputError } from '../errors.ts'

/** Taps per output sample at 22.05 kHz to 8 kHz; more for a steeper step down, so that the transition band stays as narrow. */
const TAPS = 48
const TAPS_RATIO = 22_050 / 8_000
/** About 63 dB of stop band, well below the noise of G.711: a steeper edge is worth more than a quieter stop band. */
const KAISER_BETA = 6
/** Middle of the transition band, as a share of half the lower rate: what folds back lands above 3.4 kHz at 8 kHz. */
const CUTOFF = 0.985
const PHASES_MAX = 1_024

/**
 * One stream from `fromHz` to `toHz`: push blocks of any length, get what is ready, flush at the end.
 * The filter's delay is taken out: sample n of the output lies at n / toHz of the input. Polyphase FIR, Kaiser window.
 */
export class Resampler {
  readonly #up: number
  readonly #down: number
  readonly #taps: number
  /** `#up` filters of `#taps` coefficients, in the order in which they meet the input. */
  readonly #filters: Float64Array
  /** Input not fully used yet, oldest first. */
  #input: Float64Array
  #length: number
  /** Place of the next output sample: in `#input`, and between two of its samples in steps of 1 / #up. */
  #at = 0
  #phase = 0
  /** Output samples owed and made so far. */
  #pushed = 0
  #made = 0

  /** Errors: InvalidInputError for rates that are not whole or have no small common ratio. */
  constructor(fromHz: number, toHz: number) {
    if (!(fromHz > 0 && toHz > 0) || !Number.isInteger(fromHz) || !Number.isInteger(toHz)) throw new InvalidInputError('sampleRateHz', 'must be whole and positive')
    const divisor = greatestCommonDivisor(fromHz, toHz)
    this.#up = toHz / divisor
    this.#down = fromHz / divisor
    if (this.#up > PHASES_MAX) throw new InvalidInputError('sampleRateHz', `cannot resample ${fromHz} Hz to ${toHz} Hz`)
    this.#taps = 2 * Math.ceil((TAPS / 2) * Math.max(1, fromHz / toHz / TAPS_RATIO))
    this.#filters = filters(this.#up, this.#taps, Math.min(1, toHz / fromHz) * CUTOFF)
    // The first output sample lies in the middle of the filter: half of it is before the beginning.
    this.#length = this.#taps / 2 - 1
    this.#input = new Float64Array(this.#length + 4_096)
  }

  push(pcm: Int16Array): Int16Array {
    this.#pushed += pcm.length
    if (this.#up === this.#down) {
      this.#made += pcm.length
      return pcm.slice()
    }
    this.#append(pcm)
    return this.#make(Infinity)
  }

  /** The rest; as much output as all input lasts. The resampler begins anew after it. */
  flush(): Int16Array {
    const owed = Math.round((this.#pushed * this.#up) / this.#down) - this.#made
    this.#append(new Int16Array(this.#taps))
    const rest = this.#make(owed)
    this.#length = this.#taps / 2 - 1
    this.#input.fill(0)
    this.#at = 0
    this.#phase = 0
    this.#pushed = 0
    this.#made = 0
    return rest
  }

  #append(pcm: Int16Array): void {
    if (this.#length + pcm.length > this.#input.length) {
      const larger = new Float64Array((this.#length + pcm.length) * 2)
      larger.set(this.#input.subarray(0, this.#length))
      this.#input = larger
    }
    this.#input.set(pcm, this.#length)
    this.#length += pcm.length
  }

  #make(limit: number): Int16Array {
    const taps = this.#taps
    const ready = Math.max(0, Math.ceil(((this.#length - taps + 1 - this.#at) * this.#up - this.#phase) / this.#down))
    const out = new Int16Array(Math.min(ready, limit))
    for (let n = 0; n < out.length; n += 1) {
      const filter = this.#phase * taps
      let sum = 0
      for (let t = 0; t < taps; t += 1) sum += this.#input[this.#at + t]! * this.#filters[filter + t]!
      out[n] = Math.max(-32_768, Math.min(32_767, Math.round(sum)))
      this.#phase += this.#down
      this.#at += Math.floor(this.#phase / this.#up)
      this.#phase %= this.#up
    }
    // A step down may land beyond what has come in yet.
    const used = Math.min(this.#at, this.#length)
    this.#input.copyWithin(0, used, this.#length)
    this.#length -= used
    this.#at -= used
    this.#made += out.length
    return out
  }
}

/** Resamples audio that is complete. */
export function resample(pcm: Int16Array, fromHz: number, toHz: number): Int16Array {
  const resampler = new Resampler(fromHz, toHz)
  const body = resampler.push(pcm)
  const rest = resampler.flush()
  const out = new Int16Array(body.length + rest.length)
  out.set(body)
  out.set(rest, body.length)
  return out
}

/** `cutoff` is a share of half the input rate. Every filter passes a constant unchanged. */
function filters(phases: number, taps: number, cutoff: number): Float64Array {
  const out = new Float64Array(phases * taps)
  for (let phase = 0; phase < phases; phase += 1) {
    let sum = 0
    for (let t = 0; t < taps; t += 1) {
      const x = t - (taps / 2 - 1) - phase / phases
      const edge = x / (taps / 2)
      const angle = Math.PI * cutoff * x
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle
      const value = sinc * besselI0(KAISER_BETA * Math.sqrt(Math.max(0, 1 - edge * edge)))
      out[phase * taps + t] = value
      sum += value
    }
    for (let t = 0; t < taps; t += 1) out[phase * taps + t]! /= sum
  }
  return out
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / 2 / k) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
