// Knows which voices eSpeak has and how a Voice becomes eSpeak's settings. Does not know text or processes.
import type { Voice } from '../provider.ts'

/**
 * Voice variants that both eSpeak builds carry; '' is the plain voice. eSpeak takes any other name
 * without complaint and speaks with the plain voice, so names are checked here.
 */
export const espeakVariants: readonly string[] = [
  '', 'f1', 'f2', 'f3', 'f4', 'f5', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8',
  'Alex', 'Alicia', 'Andrea', 'Andy', 'Annie', 'AnxiousAndy', 'Denis', 'Diogo', 'Gene', 'Gene2', 'Henrique', 'Hugo', 'Jacky', 'Lee', 'Marco',
  'Mario', 'Michael', 'Mike', 'Nguyen', 'RicishayMax', 'RicishayMax2', 'RicishayMax3', 'Storm', 'Tweaky', 'UniRobot', 'adam', 'anika',
  'announcer', 'antonio', 'aunty', 'belinda', 'benjamin', 'boris', 'caleb', 'croak', 'david', 'ed', 'edward', 'edward2', 'fast', 'grandma',
  'grandpa', 'gustave', 'iven', 'iven2', 'iven3', 'iven4', 'john', 'kaukovalta', 'klatt', 'klatt2', 'klatt3', 'klatt4', 'klatt5', 'klatt6',
  'linda', 'marcelo', 'max', 'michel', 'miguel', 'norbert', 'pablo', 'paul', 'pedro', 'quincy', 'rob', 'robert', 'robosoft', 'robosoft2',
  'robosoft3', 'robosoft4', 'robosoft5', 'robosoft6', 'robosoft7', 'robosoft8', 'sandro', 'shelby', 'steph', 'steph2', 'steph3', 'travis',
  'victor', 'zac',
]

/** About 5.4 Mandarin syllables a second: what a person says on the telephone. */
const NATURAL_RATE_WPM = 240
/** Above this eSpeak switches to a different algorithm that the band-limited line makes unintelligible. */
const RATE_WPM_MAX = 450

/** −500 is half, 0 natural and 500 double pace, as the wire field promises; out-of-range values are clamped. */
export function rateWpm(speed: number): number {
  const octaves = Math.max(-500, Math.min(500, speed)) / 500
  return Math.min(RATE_WPM_MAX, Math.round(NATURAL_RATE_WPM * 2 ** octaves))
}

/** Linear gain over the normal level: 0 is silence, 50 is 1, 100 is 2 (6 dB, held below clipping by the limiter). */
export function volumeGain(volume: number): number {
  return Math.max(0, Math.min(100, volume)) / 50
}

/** The variant of a voice, or undefined when eSpeak has no such voice. */
export function variantOf(voice: Voice): string | undefined {
  return espeakVariants.includes(voice.name) ? voice.name : undefined
}
