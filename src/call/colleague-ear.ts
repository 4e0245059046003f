// Writes down what a colleague says who has taken over, beside the callee's words. Only listens: nothing that goes wrong here touches the call.
import type { CallEvent } from '../events.ts'
import type { MediaEvent } from '../media/engine.ts'
import { log } from '../log.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { Listener } from '../speech/listener.ts'

export type ColleagueEarDeps = {
  asr: AsrProvider
  hotWords: readonly string[]
  now: () => number
  emit: (event: CallEvent) => void
  /** The number of the next turn of the conversation. */
  nextTurn: () => number
}

export class ColleagueEar {
  readonly #deps: ColleagueEarDeps
  readonly #listener: Listener | undefined

  constructor(deps: ColleagueEarDeps) {
    this.#deps = deps
    try {
      this.#listener = this.#open()
    } catch (error) {
      this.#lost(error)
    }
  }

  onMedia(event: MediaEvent): void {
    if (event.type !== 'frames') return
    this.#listener?.push(event.atMs, event.frames, event.voices)
    this.#listener?.tick(this.#deps.now())
  }

  close(): void {
    this.#listener?.close()
  }

  #open(): Listener {
    const { asr, hotWords, now, emit, nextTurn } = this.#deps
    return new Listener({
      asr,
      hotWords,
      phrases: [],
      now,
      // Two people: whoever speaks over whom is their affair.
      robotSpeech: () => ({ speaking: false }),
      onPartial: () => {},
      onUtterance: ({ text, beginAtMs, endAtMs, confidence }) => {
        if (text !== '') emit({ type: 'colleague-said', turn: nextTurn(), text, beginAtMs, endAtMs, confidence })
      },
      onFailed: (error, final) => final && this.#lost(error),
    })
  }

  #lost(error: unknown): void {
    const { asr, emit } = this.#deps
    log.warn({ err: error }, 'a colleague is not written down')
    emit({ type: 'provider-failed', provider: asr.name, message: error instanceof Error ? error.message : String(error), fallback: 'no transcript of the colleague' })
  }
}
