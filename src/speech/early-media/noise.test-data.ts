// Noise of lines for tests: white, pink, mains hum, and people in the background. Does not know what tests make of it.
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { seededRandom } from '../../media/seeded-random.ts'
import { speechFixtures } from '../asr/builtin/fixtures.ts'

export const noises = ['white', 'pink', 'hum', 'babble'] as const
export type Noise = (typeof noises)[number]

/** RMS of a sine wave of this level; full scale of G.711 is +3.14 dBm0. */
export const rmsOf = (dbm0: number): number => (32_767 / Math.SQRT2) * 10 ** ((dbm0 - 3.14) / 20)

/** The samples with noise of this level on top, clipped like a line would. */
export function withNoise(pcm: Int16Array, noise: Noise, noiseDbm0: number, seed: number): Int16Array {
  const made = makers[noise](pcm.length, seed)
  let energy = 0
  for (const value of made) energy += value * value
  const gain = rmsOf(noiseDbm0) / Math.sqrt(energy / made.length)
  return Int16Array.from(pcm, (sample, i) => Math.max(-32_768, Math.min(32_767, Math.round(sample + gain * made[i]!))))
}

const makers: Readonly<Record<Noise, (samples: number, seed: number) => Float64Array>> = {
  white(samples, seed) {
    const random = seededRandom(seed)
    return Float64Array.from({ length: samples }, () => random() + random() + random() - 1.5)
  },
  /** Six poles after Paul Kellet: −3 dB per octave. */
  pink(samples, seed) {
    const random = seededRandom(seed)
    const poles = [0.99886, 0.99332, 0.969, 0.8665, 0.55, -0.7616]
    const gains = [0.0555179, 0.0750759, 0.153852, 0.3104856, 0.5329522, -0.016898]
    const states = new Float64Array(6)
    return Float64Array.from({ length: samples }, () => {
      const white = 2 * random() - 1
      let sum = white * 0.5362
      for (let i = 0; i < 6; i += 1) sum += states[i] = poles[i]! * states[i]! + white * gains[i]!
      return sum
    })
  },
  hum(samples, seed) {
    const phase = seed * 0.7
    return Float64Array.from({ length: samples }, (_, i) => [50, 100, 150, 250].reduce((sum, hz, k) => sum + Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE_HZ + phase * k) / (k + 1), 0))
  },
  babble(samples, seed) {
    const voices = speechFixtures()
    const out = new Float64Array(samples)
    for (let voice = 0; voice < 6; voice += 1) {
      const { pcm } = voices[(seed + voice) % voices.length]!
      const offset = (seed * 3_001 + voice * 7_919) % pcm.length
      for (let i = 0; i < samples; i += 1) out[i]! += pcm[(i + offset) % pcm.length]!
    }
    return out
  },
}
