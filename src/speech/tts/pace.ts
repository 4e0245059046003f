// Knows what speed and volume of a voice mean in figures. Does not know providers.

/** Times the normal pace: −500 is half of it, 500 twice. Source: Aliyun's speech_rate. */
export function paceOf(speed: number): number {
  return Math.round(2 ** (Math.max(-500, Math.min(500, speed)) / 500) * 100) / 100
}

/** Times the normal amplitude for providers without a volume of their own: 0 is silence, 50 normal, 100 twice. */
export function gainOf(volume: number): number {
  return Math.max(0, Math.min(100, volume)) / 50
}
