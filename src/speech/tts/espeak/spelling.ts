// Knows how eSpeak's pinyin voice wants its input spelled and how long a stretch may be. Does not know characters or processes.
import type { SpeechUnit } from '../pinyin.ts'
import type { SpeechPart } from './protocol.ts'

/** With the standard spelling the voice falls back to reading English letters. The same holds for ü, which is always written v here. */
const spellings: Readonly<Record<string, string>> = { xiong: 'xong', qiong: 'qong', jiong: 'jong' }

/** About six seconds of speech: bounds how long one part holds the child, and how late a cancel is noticed. */
const PART_SYLLABLES_MAX = 32
/** A breath between two voices, so that the change of voice does not run words together. */
const LANGUAGE_CHANGE_MS = 30

/** Groups units into parts that are each spoken in one go. `pace` scales the pauses: 2 is double speed, half the pause. */
export function toSpeechParts(units: readonly SpeechUnit[], pace: number): SpeechPart[] {
  const parts: SpeechPart[] = []
  let words: string[] = []
  let language: SpeechPart['language'] = 'pinyin'
  const close = (pauseMs: number): void => {
    if (words.length > 0) parts.push({ language, text: words.join(' '), pauseMs })
    words = []
  }
  for (const unit of units) {
    if (unit.type === 'pause') {
      close(Math.round(unit.ms / pace))
      continue
    }
    const wanted = unit.type === 'word' ? 'english' : 'pinyin'
    if (wanted !== language) {
      close(LANGUAGE_CHANGE_MS)
      language = wanted
    }
    if (words.length >= PART_SYLLABLES_MAX) close(0)
    words.push(unit.type === 'word' ? unit.english : spellSyllable(unit.pinyin))
  }
  close(0)
  return parts
}

function spellSyllable(pinyin: string): string {
  const base = pinyin.slice(0, -1)
  return (spellings[base] ?? base) + pinyin.slice(-1)
}
