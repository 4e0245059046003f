// Colour rings (彩铃) for tests: melodies and things that people record for their callers. Does not know what tests make of them.
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { seededRandom } from '../../media/seeded-random.ts'

/** Said by people, companies and songs while it rings; none of it says how the call ends. */
export const colourRingWords: readonly string[] = [
  '欢迎致电示例公司，您的来电正在为您接入，祝您生活愉快。',
  '您好，我现在很忙，请听首歌，我马上就来接您的电话。',
  '示例银行提醒您，网络安全为人民，网络安全靠人民，请不要向陌生人转账。',
  '电话那头的朋友，别挂机，听完这首歌，今天一天都有好心情。',
  '我在等你的电话，等你说你爱我，就算世界关机我也不走。',
  '热烈祝贺我公司成立十周年，全场五折，欢迎新老客户光临。',
]

const samplesOf = (ms: number): number => Math.round((ms * SAMPLE_RATE_HZ) / 1_000)

/** Decaying notes with a beat, tuned to 440 Hz, now and then a rest; every third one of pure sine waves. */
export function melody(seed: number, ms: number): Int16Array {
  const random = seededRandom(seed)
  const scaleHz = [220, 261.6, 293.7, 329.6, 392, 440, 523.3, 587.3, 659.3, 784, 880]
  const overtones = seed % 3 === 0 ? [1] : [1, 0.5, 0.3, 0.15]
  const beatMs = [250, 300, 350, 400, 500][seed % 5]!
  const pcm = new Float64Array(samplesOf(ms))
  let degree = 5
  for (let atMs = 0; atMs < ms; ) {
    degree = Math.max(0, Math.min(scaleHz.length - 1, degree + Math.floor(random() * 5) - 2))
    const lengthMs = beatMs * [1, 1, 2, 1, 3][Math.floor(random() * 5)]!
    if (random() > 0.15) {
      const hz = scaleHz[degree]!
      const begin = samplesOf(atMs)
      for (let i = 0; i < samplesOf(lengthMs * 1.5) && begin + i < pcm.length; i += 1) {
        const t = i / SAMPLE_RATE_HZ
        const envelope = Math.min(1, t / 0.01) * Math.exp(-t * 3)
        overtones.forEach((level, k) => {
          pcm[begin + i]! += 6_000 * level * envelope * Math.sin(2 * Math.PI * hz * (k + 1) * t)
        })
      }
    }
    atMs += lengthMs
  }
  return Int16Array.from(pcm, (value) => Math.max(-32_768, Math.min(32_767, Math.round(value))))
}
