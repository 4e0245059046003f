// Knows how recognition is scored. Does not know audio or models.
import type { CallRecogniser, Recognition } from '../../src/speech/asr/builtin/call-recogniser.ts'
import { PACKET_SAMPLES } from './signals.ts'

/** Text without punctuation, as characters (Chinese) or words (English). */
export function textUnits(text: string): string[] {
  return text.replace(/[，,。？！]/g, '').match(/[a-z']+|[^\sa-z']/g) ?? []
}

/** "ni3" → "ni". */
export function toneless(syllables: readonly string[]): string[] {
  return syllables.map((syllable) => syllable.slice(0, -1))
}

export function syllablesOf(recognition: Recognition): string[] {
  return recognition.syllables === '' ? [] : recognition.syllables.split(' ')
}

/** Sends audio in packets as one utterance. */
export function recognise(recogniser: CallRecogniser, pcm: Int16Array, onPartial: (partial: Recognition, position: number) => void = () => {}): Recognition {
  for (let at = 0; at < pcm.length; at += PACKET_SAMPLES) {
    const partial = recogniser.accept(pcm.subarray(at, at + PACKET_SAMPLES))
    if (partial) onPartial(partial, at + PACKET_SAMPLES)
  }
  return recogniser.flush()
}

export function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`
}
