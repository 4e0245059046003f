// Knows several recognisers as one: the first that is well hears a call, and a failed one is left alone for a while. Does not know vendors.
import { log } from '../../log.ts'
import { nowMs } from '../../media/frame.ts'
import type { AsrEvent, AsrOptions, AsrProvider, AsrStream } from '../asr/provider.ts'
import { Breaker } from './breaker.ts'
import { warmUpChain } from './warm-up.ts'

/**
 * A stream that fails ends as any other does; whoever opens the next one gets it from the next provider.
 * With all of them resting, the one whose rest is over first is tried: no answer is not worse than no attempt.
 */
export class AsrChain implements AsrProvider {
  readonly #links: readonly { provider: AsrProvider; breaker: Breaker }[]
  readonly #now: () => number

  /** `providers`: at least one, best first. */
  constructor(providers: readonly [AsrProvider, ...AsrProvider[]], now: () => number = nowMs) {
    this.#links = providers.map((provider) => ({ provider, breaker: new Breaker() }))
    this.#now = now
  }

  get name(): string {
    return this.#links.map(({ provider }) => provider.name).join(',')
  }

  /** What can be said of all of them. */
  get capabilities(): AsrProvider['capabilities'] {
    const all = this.#links.map(({ provider }) => provider.capabilities)
    return {
      partials: all.every(({ partials }) => partials),
      hotWords: all.every(({ hotWords }) => hotWords),
      understands: all.every(({ understands }) => understands === 'people') ? 'people' : 'simulator',
    }
  }

  /** One that is well is enough. Errors: ProviderError of the first when none is. */
  warmUp(): Promise<void> {
    return warmUpChain(this.#links, this.#now)
  }

  open(options: AsrOptions): AsrStream {
    const nowMs = this.#now()
    const { provider, breaker } = this.#links.find((link) => link.breaker.take(nowMs)) ?? this.#links.toSorted((a, b) => a.breaker.restsUntilMs - b.breaker.restsUntilMs)[0]!
    const onEvent = (event: AsrEvent): void => {
      if (event.type === 'failed') {
        breaker.failed(this.#now())
        log.warn({ provider: provider.name, err: event.error }, 'a recogniser failed')
      } else if (event.type === 'final') breaker.succeeded()
      options.onEvent(event)
    }
    return provider.open({ ...options, onEvent })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map(({ provider }) => provider[Symbol.asyncDispose]()))
  }
}
