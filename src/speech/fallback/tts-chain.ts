// Knows several voices as one: a sentence that one cannot begin is begun by the next. Does not know vendors.
import { log } from '../../log.ts'
import { nowMs } from '../../media/frame.ts'
import { ProviderError } from '../../errors.ts'
import type { Meter } from '../../service-use.ts'
import type { TtsEvent, TtsProvider, Voice } from '../tts/provider.ts'
import { Breaker } from './breaker.ts'
import { warmUpChain } from './warm-up.ts'

export type VoiceLink = {
  provider: TtsProvider
  /** Voice names are each provider's own; undefined: the name that is asked for. */
  voiceName?: string | undefined
}

/** The first voice that is well speaks. One that fails before its first sound is replaced in mid-sentence without anybody hearing it; later it is too late. */
export class TtsChain implements TtsProvider {
  readonly #links: readonly (VoiceLink & { breaker: Breaker })[]
  readonly #now: () => number

  /** `links`: at least one, best first. */
  constructor(links: readonly [VoiceLink, ...VoiceLink[]], now: () => number = nowMs) {
    this.#links = links.map((link) => ({ ...link, breaker: new Breaker() }))
    this.#now = now
  }

  get name(): string {
    return this.#links.map(({ provider }) => provider.name).join(',')
  }

  /** One that is well is enough. Errors: ProviderError of the first when none is. */
  warmUp(): Promise<void> {
    return warmUpChain(this.#links, this.#now)
  }

  async *synthesize(text: string, voice: Voice, signal: AbortSignal, meter?: Meter): AsyncGenerator<TtsEvent, void, undefined> {
    let failed: TtsEvent = { type: 'failed', error: new ProviderError(this.name, 'no voice is well', true) }
    const rested = this.#links.filter(({ breaker }) => breaker.take(this.#now()))
    // With all of them resting, a try is not worse than silence.
    for (const { provider, breaker, voiceName } of rested.length > 0 ? rested : this.#links) {
      let heard = false
      for await (const event of provider.synthesize(text, { ...voice, name: voiceName ?? voice.name }, signal, meter)) {
        if (event.type !== 'failed') {
          if (event.type === 'audio') {
            if (!heard) breaker.succeeded()
            heard = true
          }
          yield event
          if (event.type === 'done') return
          continue
        }
        // What is wrong with the text or the voice's name is wrong for this provider only, and no reason to rest it.
        if (!(event.error instanceof ProviderError) || event.error.retryable) breaker.failed(this.#now())
        log.warn({ provider: provider.name, err: event.error }, 'a voice failed')
        failed = event
      }
      if (heard) break
    }
    yield failed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map(({ provider }) => provider[Symbol.asyncDispose]()))
  }
}
