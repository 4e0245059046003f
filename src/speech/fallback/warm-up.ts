// Knows how the providers of a chain are warmed up: one that is well is enough. Does not know what they do.
import { log } from '../../log.ts'
import type { Breaker } from './breaker.ts'

/** Those that do not work begin with a rest. Errors: that of the first, when none works. */
export async function warmUpChain(links: readonly { provider: { name: string; warmUp(): Promise<void> }; breaker: Breaker }[], nowMs: () => number): Promise<void> {
  const results = await Promise.allSettled(links.map(({ provider }) => provider.warmUp()))
  results.forEach((result, index) => {
    if (result.status === 'fulfilled') return
    const { provider, breaker } = links[index]!
    breaker.failed(nowMs())
    log.warn({ provider: provider.name, err: result.reason as unknown }, 'a speech provider of the chain does not work')
  })
  if (results.every(({ status }) => status === 'rejected')) throw (results[0] as PromiseRejectedResult).reason
}
