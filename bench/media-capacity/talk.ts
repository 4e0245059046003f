// What both ends of a measured call say: a second and a half of something like a voice, then 0.7 s of silence. Does not know packets.

export const UTTERANCE_SAMPLES = 12_000
export const TURN_SAMPLES = 17_600

export function talk(seconds: number): Int16Array {
  return Int16Array.from({ length: seconds * 8_000 }, (_, i) => {
    if (i % TURN_SAMPLES > UTTERANCE_SAMPLES) return 0
    const syllable = 0.5 + 0.5 * Math.sin(i * 0.003)
    return syllable * (5_000 * Math.sin(i * 0.12) + 3_000 * Math.sin(i * 0.36 + 1) + 1_500 * Math.sin(i * 1.1))
  })
}
