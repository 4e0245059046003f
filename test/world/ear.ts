// Listens to a recording after the fact, with the recogniser and nothing else. Does not know what was meant to be said.
import { CallRecogniser } from '../../src/speech/asr/builtin/call-recogniser.ts'
import { framesOf } from '../../src/speech/asr/builtin/fixtures.ts'
import { loadLexicon } from '../../src/speech/asr/builtin/lexicon-file.ts'
import { loadModel } from '../../src/speech/asr/builtin/model-file.ts'
import { EnergyVad } from '../../src/media/vad.ts'

const PAUSE_FRAMES = 20
const folder = new URL('../../src/speech/asr/builtin/model/', import.meta.url)
const model = loadModel(folder)
const lexicon = loadLexicon(new URL('lexicon.txt.gz', folder), model.header.units)

/** The words of one channel, 8 kHz: a text per stretch of speech between pauses of 0.4 s. Open vocabulary, no phrase list, no hot words. */
export function hear(pcm: Int16Array): string[] {
  const recogniser = new CallRecogniser(model, lexicon)
  const vad = new EnergyVad()
  const texts: string[] = []
  let silent = Infinity
  for (const frame of framesOf(pcm)) {
    silent = vad.push(frame).speech ? 0 : silent + 1
    recogniser.accept(frame)
    if (silent !== PAUSE_FRAMES) continue
    const { text } = recogniser.flush()
    if (text !== '') texts.push(text)
  }
  const { text } = recogniser.flush()
  return text === '' ? texts : [...texts, text]
}

/** Seconds of speech in a channel. */
export function speechSec(pcm: Int16Array): number {
  const vad = new EnergyVad()
  return framesOf(pcm).filter((frame) => vad.push(frame).speech).length * 0.02
}
