// Knows how a robot may want to sound, and what vendors' parameters of it mean. Does not know voices or audio.

/** What is absent is as the installation has it. */
export type VoiceWish = {
  /** A voice of the synthesiser. */
  name?: string | undefined
  /** −500..500: half to twice the natural pace. Synthesised speech only. */
  speed?: number | undefined
  /** 0..100, 50 is normal. Synthesised speech only. */
  volume?: number | undefined
  /** How loud everything is that we play, recordings too: times the normal amplitude, 0..4.3. */
  level?: number | undefined
}

/** Steps of playback volume as telephone switches have them, −4..4: a fifth to more than four times the amplitude. Source: uuid_audio of FreeSWITCH, whose range SmartCall's Volume has. */
const levelSteps = [0.2, 0.4, 0.6, 0.8, 1, 1.3, 2.3, 3.3, 4.3] as const

/** SmartCall's `Volume`, −4..4; beyond, the nearest. */
export function levelOfStep(step: number): number {
  return levelSteps[Math.max(-4, Math.min(4, Math.round(step))) + 4]!
}

/** `Volume` of a voice notice, 0..100 per cent of the normal amplitude. */
export function levelOfPercent(percent: number): number {
  return Math.max(0, Math.min(100, percent)) / 100
}

/** `Speed` of a voice notice and `tts_speed` of a robot are the same scale: −500..500; beyond, the nearest. */
export function speedOf(speed: number): number {
  return Math.max(-500, Math.min(500, speed))
}

/** The voices that SmartCall's TtsStyle names; Alibaba Cloud's own synthesiser has them, others have none of them. */
export const smartCallVoices: readonly string[] = ['xiaoyun', 'xiaogang', 'ruoxi', 'xiaomeng', 'xiaowei', 'amei', 'xiaoxue', 'siqi', 'sijia', 'sicheng', 'siyue', 'xiaomei', 'sitong', 'ninger', 'xiaobei', 'yina']

/** `TtsConf` with `TtsStyle`, `TtsVolume` and `TtsSpeed`: only when the first is true. A volume of 0 is the documented default and means the normal one. */
export function wishOfTts(p: { conf?: boolean | undefined; style?: string | undefined; volume?: number | undefined; speed?: number | undefined }): VoiceWish {
  if (p.conf !== true) return {}
  return {
    ...(p.style !== undefined && p.style !== '' && { name: p.style }),
    ...(p.volume !== undefined && p.volume > 0 && { volume: Math.min(100, p.volume) }),
    ...(p.speed !== undefined && { speed: Math.max(-200, Math.min(200, p.speed)) }),
  }
}
