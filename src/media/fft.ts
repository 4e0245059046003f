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
    this.#reversed = new Uint16Array(half)
    for (let i = 0; i < half; i++) this.#reversed[i] = (this.#reversed[i >> 1]! >> 1) | (i & 1 ? half >> 1 : 0)
  }

  /** Transforms `samples[start …]` times `window`, zero-padded to the size. Result in `real` and `imaginary`: bins 0 to size / 2, the others mirror them. */
  transform(samples: Float32Array | Int16Array, start: number, window: Float64Array): void {
    const half = this.#size >> 1
    const real = this.#pairReal
    const imaginary = this.#pairImaginary
    const reversed = this.#reversed
    const samplesEnd = window.length
    for (let i = 0; i < half; i++) {
      const n = 2 * i
      real[reversed[i]!] = n < samplesEnd ? samples[start + n]! * window[n]! : 0
      imaginary[reversed[i]!] = n + 1 < samplesEnd ? samples[start + n + 1]! * window[n + 1]! : 0
    }
    this.#pairs()
    for (let length = 4; length <= half; length <<= 1) this.#butterflies(length)
    this.#takeApart()
  }

  /** The first butterflies turn nothing. */
  #pairs(): void {
    const real = this.#pairReal
    const imaginary = this.#pairImaginary
    for (let a = 0; a < real.length; a += 2) {
      const re = real[a + 1]!
      const im = imaginary[a + 1]!
      real[a + 1] = real[a]! - re
      imaginary[a + 1] = imaginary[a]! - im
      real[a]! += re
      imaginary[a]! += im
    }
  }

  #butterflies(length: number): void {
    const real = this.#pairReal
    const imaginary = this.#pairImaginary
    const end = this.#size >> 1
    const cosines = this.#cosines
    const sines = this.#sines
    const half = length >> 1
    const stride = this.#size / length
    for (let k = 0; k < half; k++) {
      const cos = cosines[k * stride]!
      const sin = sines[k * stride]!
      for (let a = k; a < end; a += length) {
        const b = a + half
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
    const [re, im] = [this.#pairReal, this.#pairImaginary]
    const half = this.#size >> 1
    real[0] = re[0]! + im[0]!
    real[half] = re[0]! - im[0]!
    imaginary[0] = 0
    imaginary[half] = 0
    for (let k = 1; k < half; k++) {
      const evenReal = (re[k]! + re[half - k]!) / 2
      const evenImaginary = (im[k]! - im[half - k]!) / 2
      const oddReal = (im[k]! + im[half - k]!) / 2
      const oddImaginary = (re[half - k]! - re[k]!) / 2
      const cos = this.#cosines[k]!
      const sin = this.#sines[k]!
      real[k] = evenReal + cos * oddReal - sin * oddImaginary
      imaginary[k] = evenImaginary + cos * oddImaginary + sin * oddReal
    }
  }
}

/** Periodic Hann window. */
export function hannWindow(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
}
