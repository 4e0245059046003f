// The contract of speech synthesis. Knows text in and frames out. Does not know calls or robots.
import type { Meter } from '../../service-use.ts'

import type { ReadingDictionary } from '../text/reading-dictionary.ts'

export type Voice = {
  /** Provider-specific voice name; '' is the provider's default. */
  name: string
  /** −500..500 as in Aliyun's speech_rate; 0 is natural telephone pace. */
  speed: number
  /** 0..100; 50 is normal. */
  volume: number
  /** Words that whoever calls wants read in their way. */
  readings?: ReadingDictionary | undefined
}
export const defaultVoice = { name: '', speed: 0, volume: 50 } as const satisfies Voice

export type TtsEvent =
  /** 8 kHz mono PCM, any length, in order. */
  | { type: 'audio'; pcm: Int16Array }
  /** Everything was delivered. Last event. */
  | { type: 'done' }
  /** Synthesis stopped; what came before stays valid. Last event. */
  | { type: 'failed'; error: Error }

export interface TtsProvider extends AsyncDisposable {
  readonly name: string
  warmUp(): Promise<void>
  /** Never throws; the last event says how it ended. Aborting the signal ends the stream at once with `done`. `text` is display text: providers normalise what they need. `meter` is told what it took of which service. */
  synthesize(text: string, voice: Voice, signal: AbortSignal, meter?: Meter): AsyncIterable<TtsEvent>
}
