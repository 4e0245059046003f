// Knows the eSpeak NG voice variants for training, and those kept apart for testing. Does not know texts.
import type { Random } from './random.ts'

export type Split = 'train' | 'seen' | 'unseen'

/** Variants close to what a simulator would use; drawn half of the time. */
export const MAIN_VOICES = [
  '', 'm1', 'm2', 'm4', 'm5', 'm7', 'm8', 'f1', 'f3', 'f4', 'Annie', 'Andy', 'Alex', 'Lee', 'adam', 'belinda', 'david', 'linda', 'steph',
  'john',
]

/** Further variants for acoustic variety. */
export const EXTRA_VOICES = [
  'Andrea', 'AnxiousAndy', 'Denis', 'Diogo', 'Gene', 'Gene2', 'Henrique', 'Jacky', 'Marco', 'Mario', 'Mike', 'Reed', 'RicishayMax',
  'RicishayMax2', 'RicishayMax3', 'Tweaky', 'UniRobot', 'announcer', 'antonio', 'aunty', 'benjamin', 'boris', 'caleb', 'croak', 'ed',
  'fast', 'grandpa', 'gustave', 'ian', 'iven', 'iven2', 'iven3', 'iven4', 'kaukovalta', 'klatt', 'klatt2', 'klatt3', 'klatt4', 'klatt5',
  'klatt6', 'marcelo', 'max', 'michel', 'miguel', 'mike2', 'norbert', 'pablo', 'pedro', 'quincy', 'rob', 'robert', 'robosoft', 'robosoft2',
  'robosoft3', 'robosoft4', 'robosoft6', 'robosoft7', 'sandro', 'shelby', 'steph2', 'steph3', 'victor',
]

/** Never used in training. */
export const UNSEEN_VOICES = [
  'm3', 'f2', 'm6', 'f5', 'anika', 'Michael', 'edward', 'Nguyen', 'grandma', 'zac', 'Hugo', 'travis', 'paul', 'Alicia', 'Storm',
]

/** Draw a variant for the given split. */
export function pickVoice(random: Random, split: Split): string {
  if (split === 'unseen') return random.pick(UNSEEN_VOICES)
  if (split === 'seen') return random.pick(MAIN_VOICES)
  return random.pick(random.chance(0.5) ? MAIN_VOICES : EXTRA_VOICES)
}
