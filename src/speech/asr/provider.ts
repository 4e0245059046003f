// The contract of speech recognition. Knows frames in and text out. Does not know calls or robots.
import type { Frame } from '../../media/frame.ts'
import type { Meter } from '../../service-use.ts'

export type AsrOptions = {
  /** Names, organisations, products: favoured over homophones. */
  hotWords: readonly string[]
  /** Things people usually answer; engines with a phrase list prefer them when they match well. */
  phrases: readonly string[]
  onEvent(event: AsrEvent): void
  /** Told how much audio went to which service. */
  meter?: Meter | undefined
}

export type AsrEvent =
  /** Unsettled text of the utterance so far. Times are positions on the nowMs clock. */
  | { type: 'partial'; text: string; beginAtMs: number; endAtMs: number }
  /** Settled text of one utterance; may be '' when there were no words. One per endUtterance() for engines without own end-pointing. */
  | { type: 'final'; text: string; beginAtMs: number; endAtMs: number; confidence: number }
  /** The stream is over; nothing follows. */
  | { type: 'failed'; error: Error }

/** One call's recognition. A started stream never throws: its last event says how it ended. */
export interface AsrStream extends Disposable {
  /** `atMs`: when the frame was received (nowMs clock). Frames come in order; gaps mean silence that was not sent. */
  push(frame: Frame, atMs: number): void
  /** Our end-pointing says that the utterance is over: answer with a `final`. */
  endUtterance(): void
}

export interface AsrProvider extends AsyncDisposable {
  readonly name: string
  readonly capabilities: {
    partials: boolean
    hotWords: boolean
    /** 'simulator': understands the built-in simulated callees only, never people. Real trunks refuse to dial with it. */
    understands: 'people' | 'simulator'
  }
  /** Loads models or opens connections ahead of the first call. Errors: ProviderError. */
  warmUp(): Promise<void>
  open(options: AsrOptions): AsrStream
}
