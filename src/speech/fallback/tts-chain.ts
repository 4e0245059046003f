// Knows several voices as one: a sentence that one cannot begin is begun by the next. Does not know vendors.
import { log } from '../../log.ts'
import { nowMs } from '../../media/frame.ts'
import { ProviderError } from '../../errors.ts'
import type { Meter } from '../../service-use.ts'
import type { TtsEvent, TtsProvider, Voice } from '../tts/provider.ts'
import { HeardUntil } from '../heard-until.ts'
import { untilAborted } from '../until-aborted.ts'
import { Breaker } from './breaker.ts'
import { warmUpChain } from './warm-up.ts'

export type VoiceLink = {
  provider: TtsProvider
  /** Voice names are each provider's own; undefined: the name that is asked for. */
  voiceName?: string | undefined
  /** Nobody asked for it: it speaks rather than nobody, and does not count when the others do not work at the start. */
  lastResort?: boolean | undefined
}

/** Whoever listens gives a sentence up after 1.5 s without sound; the next voice must have begun by then. */
const FIRST_AUDIO_MS_MAX = 900
/** One that has begun and says nothing more for so long after it was heard to the end of what it gave is not well. Sooner than whoever listens gives it up. */
const DRY_MS_MAX = 1_000

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
    return this.#wanted.map(({ provider }) => provider.name).join(',')
  }

  /** One that is well is enough. Errors: ProviderError of the first when none is. */
  async warmUp(): Promise<void> {
    await warmUpChain(this.#wanted, this.#now)
    for (const { provider } of this.#links.filter(({ lastResort }) => lastResort)) provider.warmUp().catch((error: unknown) => log.warn({ provider: provider.name, err: error }, 'the voice of last resort does not work'))
  }

  get #wanted(): readonly (VoiceLink & { breaker: Breaker })[] {
    return this.#links.filter(({ lastResort }) => !lastResort)
  }

  async *synthesize(text: string, voice: Voice, signal: AbortSignal, meter?: Meter): AsyncGenerator<TtsEvent, void, undefined> {
    let failed: Extract<TtsEvent, { type: 'failed' }> = { type: 'failed', error: new ProviderError(this.name, 'no voice is well', true) }
    const rested = this.#links.filter(({ breaker }) => breaker.take(this.#now()))
    // With all of them resting, a try is not worse than silence.
    const tried = rested.length > 0 ? rested : this.#links
    for (const [i, { provider, breaker, voiceName }] of tried.entries()) {
      let heard: HeardUntil | undefined
      const late = new AbortController()
      const msMax = FIRST_AUDIO_MS_MAX / (tried.length - 1)
      // The last one has all the time that its listener gives it.
      let timer = i === tried.length - 1 ? undefined : setTimeout(() => late.abort(), msMax)
      try {
        for await (const event of untilAborted(provider.synthesize(text, { ...voice, name: voiceName ?? voice.name }, signal, meter), late.signal)) {
          if (event.type === 'failed') {
            failed = event
            break
          }
          clearTimeout(timer)
          if (event.type === 'audio') {
            if (!heard) breaker.succeeded()
            heard ??= new HeardUntil()
            timer = setTimeout(() => late.abort(), heard.add(event.pcm, this.#now()) + DRY_MS_MAX)
          }
          yield event
          if (event.type === 'done') return
        }
      } finally {
        clearTimeout(timer)
      }
      if (late.signal.aborted) failed = { type: 'failed', error: new ProviderError(provider.name, heard ? 'stopped sending audio' : `no audio within ${msMax} ms`, true) }
      // What is wrong with the text or the voice's name is wrong for this provider only, and no reason to rest it.
      if (!(failed.error instanceof ProviderError) || failed.error.retryable) breaker.failed(this.#now())
      log.warn({ provider: provider.name, err: failed.error }, 'a voice failed')
      if (heard || signal.aborted) break
    }
    yield failed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map(({ provider }) => provider[Symbol.asyncDispose]()))
  }
}
