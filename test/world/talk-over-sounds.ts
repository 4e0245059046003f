// What callees utter over the robot's voice: sentences, murmurs, coughs, bursts of noise, clicks. Seeded; speech is spoken by the built-in voices.
// Does not know when it is uttered, or what it does.
import { SAMPLE_RATE_HZ } from '../../src/media/frame.ts'
import { seededRandom } from '../../src/media/seeded-random.ts'
import type { TtsProvider } from '../../src/speech/tts/provider.ts'

export type SoundKind = 'interruption' | 'backchannel' | 'cough' | 'noise' | 'click'
export type Sound = { kind: SoundKind; what: string; pcm: Int16Array }

export const interruptions = [
  '等一下', '你先等等我问一下', '我现在没空', '你是哪里的', '我不需要谢谢', '几点开始', '你打错了', '别说了', '我在开车呢', '什么会议啊', '能不能改到下午', '我听不清楚', '这个多少钱', '你说慢一点',
  '我不是张总', '地址在哪里', '你怎么知道我电话的', '这件事我已经知道了', '我想问一下停车的问题', '明天我来不了',
]
export const backchannels = ['嗯', '对', '好', '是', '哦', '行', '嗯嗯', '对对', '好的', '是的', '嗯', '好', '对', '哦']
/** The plain voice and variants that speak at ordinary pitch. */
const voices = ['', 'f1', 'f2', 'f3', 'f4', 'm1', 'm2', 'm3', 'm4', 'm5', 'm7']

/** `of` kinds in turn: speech, or what people and rooms do instead. The same seed gives the same sounds. */
export async function soundsOf(tts: TtsProvider, kinds: readonly SoundKind[], count: number, seed: number): Promise<Sound[]> {
  const random = seededRandom(seed)
  const sounds: Sound[] = []
  for (let i = 0; i < count; i += 1) {
    const kind = kinds[i % kinds.length]!
    const nth = Math.floor(i / kinds.length)
    if (kind === 'interruption' || kind === 'backchannel') {
      const texts = kind === 'interruption' ? interruptions : backchannels
      const what = texts[nth % texts.length]!
      const voice = { name: voices[Math.floor(random() * voices.length)]!, speed: Math.round(random() * 160 - 80), volume: 50 }
      sounds.push({ kind, what, pcm: await spoken(tts, what, voice) })
    } else {
      sounds.push({ kind, what: kind, pcm: makers[kind](random) })
    }
  }
  return sounds
}

/** Tried three times: on a machine that is busy with other things the voices may be late. */
export async function spoken(tts: TtsProvider, text: string, voice: { name: string; speed: number; volume: number }): Promise<Int16Array> {
  let failure: Error | undefined
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const pieces: Int16Array[] = []
    failure = undefined
    for await (const event of tts.synthesize(text, voice, AbortSignal.timeout(30_000))) {
      if (event.type === 'failed') failure = event.error
      if (event.type === 'audio') pieces.push(event.pcm)
    }
    if (failure === undefined) return joined(pieces)
  }
  throw failure
}

export function joined(pieces: readonly Int16Array[]): Int16Array {
  const pcm = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    pcm.set(piece, at)
    at += piece.length
  }
  return pcm
}

const makers: { [kind in 'cough' | 'noise' | 'click']: (random: () => number) => Int16Array } = {
  /** One to three bursts of 80 to 240 ms: breath through a throat that resonates, with the rough voice of its end. */
  cough(random) {
    const pieces: Int16Array[] = []
    for (let left = 1 + Math.floor(random() * 3); left > 0; left -= 1) {
      const breath = coloured(0.08 + random() * 0.16, 500 + random() * 700, 0.9, random)
      const pitchHz = 90 + random() * 60
      pieces.push(shaped(breath, 5_000 + random() * 6_000, (share, sec) => (share < 0.06 ? share / 0.06 : Math.exp(-3 * share)) * (share < 0.5 ? 1 : 0.6 + 0.4 * Math.sin(2 * Math.PI * pitchHz * sec))))
      pieces.push(new Int16Array(Math.round((0.05 + random() * 0.12) * SAMPLE_RATE_HZ)))
    }
    return joined(pieces)
  },
  /** A door, a plate, a rustling sleeve: 60 to 600 ms with a hard beginning. */
  noise(random) {
    const sound = coloured(0.06 + random() * 0.54, 300 + random() * 1_800, 0.5 + random() * 0.45, random)
    const fall = 1 + random() * 5
    return shaped(sound, 3_000 + random() * 7_000, (share) => Math.min(1, share / 0.01) * Math.exp(-fall * share))
  },
  /** Keys of a keyboard or a pen: one to eight damped strokes. */
  click(random) {
    const pieces: Int16Array[] = []
    for (let left = 1 + Math.floor(random() * 8); left > 0; left -= 1) {
      const hz = 900 + random() * 2_200
      const damping = 150 + random() * 350
      const loud = 4_000 + random() * 10_000
      pieces.push(Int16Array.from({ length: SAMPLE_RATE_HZ / 50 }, (_, i) => Math.round(loud * Math.exp((-damping * i) / SAMPLE_RATE_HZ) * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE_HZ))))
      pieces.push(new Int16Array(Math.round((0.06 + random() * 0.2) * SAMPLE_RATE_HZ)))
    }
    return joined(pieces)
  },
}

/** Noise through one resonance; `sharpness` is the radius of its pole. */
function coloured(sec: number, hz: number, sharpness: number, random: () => number): Float64Array {
  const [a, b] = [2 * sharpness * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ), -(sharpness ** 2)]
  let [one, two] = [0, 0]
  return Float64Array.from({ length: Math.round(sec * SAMPLE_RATE_HZ) }, () => {
    const value = random() + random() - 1 + a * one + b * two
    two = one
    one = value
    return value
  })
}

/** At its peak `loud`. */
function shaped(sound: Float64Array, loud: number, envelope: (share: number, sec: number) => number): Int16Array {
  const shapedSound = sound.map((value, i) => value * envelope(i / sound.length, i / SAMPLE_RATE_HZ))
  const peak = shapedSound.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9)
  return Int16Array.from(shapedSound, (value) => Math.round((value / peak) * loud))
}
