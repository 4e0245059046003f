// Knows what a voice is given to say: the spoken form of a text with the readings of the voice. Does not know providers.
import { toSpoken } from '../text/to-spoken.ts'
import type { Voice } from './provider.ts'

/** For a voice that takes pinyin beside the text. */
export function spokenWords(text: string, voice: Voice): string {
  return voice.readings?.spoken(text) ?? toSpoken(text)
}

/** For a voice that takes characters only. */
export function respelledWords(text: string, voice: Voice): string {
  const spoken = spokenWords(text, voice)
  return voice.readings?.respelled(spoken) ?? spoken
}

/** Equal for texts that sound the same. */
export function soundOfWords(text: string, voice: Voice): string {
  const spoken = spokenWords(text, voice)
  return voice.readings?.sound(spoken) ?? spoken
}
