// Knows the Fourier transform of short real blocks. Does not know what the numbers mean.

/** Radix-2 transform of one fixed size; its buffers are reused, so read the result before the next call. */
export class Fft {
  readonly real: Float64Array
  readonly imaginary: Float64Array
  readonly #size: number
  readonly #cosines: Float64Array
  readonly #sines: Float64Array
  readonly #reversed: Uint16Array

  /** @param size a power of two, at most 65 536 */
  constructor(size: number) {
    this.#size = size
    this.real = new Float64Array(size)
    this.imaginary = new Float64Array(size)
    this.#cosines = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size))
    this.#sines = Float64Array.from({ length: size / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / size))
    this.#reversed = new Uint16Array(size)
    for (let i = 0; i < size; i++) this.#reversed[i] = (this.#reversed[i >> 1]! >> 1) | (i & 1 ? size >> 1 : 0)
  }

  /** Transforms `samples[start …]` times `window`, zero-padded to the size. Result in `real` and `imaginary`. */
  transform(samples: Float32Array | Int16Array, start: number, window: Float64Array): void {
    const size = this.#size
    const real = this.real
    const reversed = this.#reversed
    this.imaginary.fill(0)
    for (let i = 0; i < size; i++) real[reversed[i]!] = i < window.length ? samples[start + i]! * window[i]! : 0
    for (let length = 2; length <= size; length <<= 1) this.#butterflies(length)
  }

  #butterflies(length: number): void {
    const { real, imaginary } = this
    const size = this.#size
    const cosines = this.#cosines
    const sines = this.#sines
    const half = length >> 1
    const stride = size / length
    for (let block = 0; block < size; block += length) {
      for (let k = 0; k < half; k++) {
        const cos = cosines[k * stride]!
        const sin = sines[k * stride]!
        const a = block + k
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
}

/** Periodic Hann window. */
export function hannWindow(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
}
