import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from './seeded-random.ts'
import { Fft, hannWindow } from './fft.ts'

/** The definition, slowly. */
function transformed(samples: readonly number[], size: number): { real: number[]; imaginary: number[] } {
  const sum = (k: number, wave: (angle: number) => number) => samples.reduce((total, sample, n) => total + sample * wave((-2 * Math.PI * k * n) / size), 0)
  return { real: Array.from({ length: size }, (_, k) => sum(k, Math.cos)), imaginary: Array.from({ length: size }, (_, k) => sum(k, Math.sin)) }
}

for (const size of [4, 8, 256, 512]) {
  void test(`transforms ${size} samples as the definition says, also from the middle of a buffer and padded with zeroes`, () => {
    const random = seededRandom(size)
    const fft = new Fft(size)
    for (const length of [size, Math.ceil(size * 0.625), size - 1, 1]) {
      const buffer = Float32Array.from({ length: length + 7 }, () => 2 * random() - 1)
      const window = hannWindow(length).map((value) => value + 0.1)
      fft.transform(buffer, 5, window)
      const expected = transformed([...window].map((value, n) => value * buffer[5 + n]!), size)
      for (const part of ['real', 'imaginary'] as const) {
        for (let k = 0; k <= size / 2; k += 1) assert.ok(Math.abs(fft[part][k]! - expected[part][k]!) < 1e-9, `${part}[${k}] of ${length} samples`)
      }
    }
  })
}
