// Knows the Fourier transform of short real blocks. Does not know what the numbers mean.

/**
 * Transform of one fixed size; its buffers are reused, so read the result before the next call. Real samples in pairs are the
 * complex samples of a radix-2 transform of half the size, from which theirs is taken apart again: half the work.
 */
export class Fft {
  readonly real: Float64Array
  readonly imaginary: Float64Array
  readonly #size: number
  readonly #cosines: Float64Array
  readonly #sines: Float64Array
  /** The same, spaced as one stage of butterflies after the other walks through them. */
  readonly #stageCosines: Float64Array
  readonly #stageSines: Float64Array
  readonly #reversed: Uint16Array
  /** Of half the size. */
  readonly #pairReal: Float64Array
  readonly #pairImaginary: Float64Array

  /** @param size a power of two, 4 to 65 536 */
  constructor(size: number) {
    const half = size >> 1
    this.#size = size
    this.real = new Float64Array(half + 1)
    this.imaginary = new Float64Array(half + 1)
    this.#pairReal = new Float64Array(half)
    this.#pairImaginary = new Float64Array(half)
    this.#cosines = Float64Array.from({ length: half }, (_, i) => Math.cos((2 * Math.PI * i) / size))
    this.#sines = Float64Array.from({ length: half }, (_, i) => -Math.sin((2 * Math.PI * i) / size))
    this.#stageCosines = new Float64Array(half)
    this.#stageSines = new Float64Array(half)
    // The stage of `length` begins at length / 2.
    for (let length = 2; length <= half; length <<= 1) {
      for (let k = 0; k < length >> 1; k++) {
        this.#stageCosines[(length >> 1) + k] = this.#cosines[(k * size) / length]!
        this.#stageSines[(length >> 1) + k] = this.#sines[(k * size) / length]!
      }
    }
    this.#reversed = new Uint16Array(half)
    for (let i = 0; i < half; i++) this.#reversed[i] = (this.#reversed[i >> 1]! >> 1) | (i & 1 ? half >> 1 : 0)
  }

  /** Transforms `samples[start …]` times `window`, zero-padded to the size. Result in `real` and `imaginary`: bins 0 to size / 2, the others mirror them. */
  transform(samples: Float32Array | Int16Array, start: number, window: Float64Array): void {
    const half = this.#size >> 1
    const real = this.#pairReal
    const imaginary = this.#pairImaginary
    const reversed = this.#reversed
    const pairs = window.length >> 1
    for (let i = 0; i < pairs; i++) {
      const n = 2 * i
      const to = reversed[i]!
      real[to] = samples[start + n]! * window[n]!
      imaginary[to] = samples[start + n + 1]! * window[n + 1]!
    }
    for (let i = pairs; i < half; i++) {
      const to = reversed[i]!
      real[to] = 2 * i < window.length ? samples[start + 2 * i]! * window[2 * i]! : 0
      imaginary[to] = 0
    }
    let length = 2
    if (half >= 4) {
      this.#fours()
      length = 8
    }
    for (; length <= half; length <<= 1) this.#butterflies(length)
    this.#takeApart()
  }

  /** The stages of 2 and 4, whose factors are 1 and −i. */
  #fours(): void {
    const real = this.#pairReal
    const imaginary = this.#pairImaginary
    for (let a = 0; a < real.length; a += 4) {
      const evenReal = real[a]! + real[a + 1]!
      const evenImaginary = imaginary[a]! + imaginary[a + 1]!
      const apartReal = real[a]! - real[a + 1]!
      const apartImaginary = imaginary[a]! - imaginary[a + 1]!
      const oddReal = real[a + 2]! + real[a + 3]!
      const oddImaginary = imaginary[a + 2]! + imaginary[a + 3]!
      const turnedReal = imaginary[a + 2]! - imaginary[a + 3]!
      const turnedImaginary = real[a + 3]! - real[a + 2]!
      real[a] = evenReal + oddReal
      imaginary[a] = evenImaginary + oddImaginary
      real[a + 1] = apartReal + turnedReal
      imaginary[a + 1] = apartImaginary + turnedImaginary
      real[a + 2] = evenReal - oddReal
      imaginary[a + 2] = evenImaginary - oddImaginary
      real[a + 3] = apartReal - turnedReal
      imaginary[a + 3] = apartImaginary - turnedImaginary
    }
  }

  #butterflies(length: number): void {
    const real = this.#pairReal
    const imaginary = this.#pairImaginary
    const cosines = this.#stageCosines
    const sines = this.#stageSines
    const half = length >> 1
    for (let begin = 0; begin < real.length; begin += length) {
      for (let k = 0; k < half; k++) {
        const a = begin + k
        const b = a + half
        const cos = cosines[half + k]!
        const sin = sines[half + k]!
        const re = real[b]! * cos - imaginary[b]! * sin
        const im = real[b]! * sin + imaginary[b]! * cos
        real[b] = real[a]! - re
        imaginary[b] = imaginary[a]! - im
        real[a]! += re
        imaginary[a]! += im
      }
    }
  }

  /** The pairs' transform is that of the even samples plus i times that of the odd ones; each is symmetrical. */
  #takeApart(): void {
    const { real, imaginary } = this
    const re = this.#pairReal
    const im = this.#pairImaginary
    const cosines = this.#cosines
    const sines = this.#sines
    const half = this.#size >> 1
    real[0] = re[0]! + im[0]!
    real[half] = re[0]! - im[0]!
    imaginary[0] = 0
    imaginary[half] = 0
    for (let k = 1; k < half; k++) {
      const m = half - k
      const evenReal = (re[k]! + re[m]!) / 2
      const evenImaginary = (im[k]! - im[m]!) / 2
      const oddReal = (im[k]! + im[m]!) / 2
      const oddImaginary = (re[m]! - re[k]!) / 2
      const cos = cosines[k]!
      const sin = sines[k]!
      real[k] = evenReal + cos * oddReal - sin * oddImaginary
      imaginary[k] = evenImaginary + cos * oddImaginary + sin * oddReal
    }
  }
}

/** Periodic Hann window. */
export function hannWindow(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
}
