// Knows several language models as one: the next is asked when one fails or is slow, and the first that says something answers. Does not know providers.
import type { Log } from '../../log.ts'
import type { ChatEvent, ChatModel, ChatRequest, ModelFailure } from './chat-model.ts'
import { CircuitBreaker } from './circuit-breaker.ts'

export type ModelChainOptions = {
  /** A model that has said nothing for this long is joined by the next one. Well below what a listener waits. */
  joinMs: number
  nowMs(): number
  after(ms: number, run: () => void): () => void
}
export const modelChainDefaults = {
  joinMs: 500,
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
} as const satisfies ModelChainOptions

type Link = { model: ChatModel; breaker: CircuitBreaker }
/** One model that is being asked. */
type Asked = { link: Link; abort: AbortController; iterator: AsyncIterator<ChatEvent>; next: Promise<void>; came: IteratorResult<ChatEvent> | 'thrown' | undefined }

/** Words are never mixed: once one model has said a sentence or used a tool, the others are dropped, and what breaks off then stays broken off. */
export class ModelChain implements ChatModel {
  readonly #links: readonly Link[]
  readonly #options: ModelChainOptions
  readonly #log: Log

  /** `models`: at least one, best first. */
  constructor(models: readonly [ChatModel, ...ChatModel[]], log: Log, options: Partial<ModelChainOptions> = {}) {
    this.#links = models.map((model) => ({ model, breaker: new CircuitBreaker() }))
    this.#log = log
    this.#options = { ...modelChainDefaults, ...options }
  }

  get name(): string {
    return this.#links.map(({ model }) => model.name).join(',')
  }

  /** Those that would be asked. */
  async warmUp(): Promise<void> {
    await Promise.all(this.#links.filter(({ breaker }) => !breaker.isOpen(this.#options.nowMs())).map(({ model }) => model.warmUp()))
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent> {
    const well = this.#links.filter(({ breaker }) => !breaker.isOpen(this.#options.nowMs()))
    // With all of them resting, no answer is not worse than no attempt.
    const waiting = [...(well.length > 0 ? well : this.#links)]
    const asked = new Set<Asked>()
    let failure: ModelFailure = { why: 'unreachable' }
    let wake = (): void => {}
    const ask = (): void => {
      const link = waiting.shift()
      if (!link) return
      link.breaker.admits(this.#options.nowMs())
      const abort = new AbortController()
      const iterator = link.model.stream(request, AbortSignal.any([signal, abort.signal]))[Symbol.asyncIterator]()
      const one: Asked = { link, abort, iterator, next: Promise.resolve(), came: undefined }
      one.next = iterator.next().then((came) => void (one.came = came), () => void (one.came = 'thrown')).then(() => wake())
      asked.add(one)
    }
    let winner: Asked | undefined
    let cancelJoin = (): void => {}
    const onAbort = (): void => wake()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      ask()
      while (!winner && asked.size > 0 && !signal.aborted) {
        let timeIsUp = false
        await new Promise<void>((resolve) => {
          wake = resolve
          if (signal.aborted || [...asked].some(({ came }) => came)) resolve()
          cancelJoin = waiting.length === 0 ? () => {} : this.#options.after(this.#options.joinMs, () => {
            timeIsUp = true
            resolve()
          })
        })
        cancelJoin()
        if (signal.aborted) return
        for (const one of asked) {
          if (!one.came) continue
          const event = one.came === 'thrown' || one.came.done ? undefined : one.came.value
          if (event !== undefined && event.type !== 'failed') {
            winner = one
            break
          }
          asked.delete(one)
          failure = event?.failure ?? { why: 'broken' }
          this.#failed(one.link, failure)
          if (asked.size === 0) ask()
        }
        if (timeIsUp && !winner) ask()
      }
      if (!winner) {
        if (!signal.aborted) yield { type: 'failed', failure }
        return
      }
      asked.delete(winner)
      // Whoever was asked first and is still silent was too slow.
      for (const { link } of asked) this.#failed(link, undefined)
      this.#drop(asked)
      asked.add(winner)
      winner.link.breaker.succeeded()
      for (let came = winner.came; came !== undefined && came !== 'thrown' && !came.done; came = await winner.iterator.next()) {
        if (came.value.type === 'failed') this.#failed(winner.link, came.value.failure)
        yield came.value
        if (came.value.type === 'failed' || came.value.type === 'done') {
          asked.delete(winner)
          return
        }
      }
    } catch {
      if (!signal.aborted) yield { type: 'failed', failure: { why: 'broken' } }
    } finally {
      cancelJoin()
      signal.removeEventListener('abort', onAbort)
      for (const { link } of asked) link.breaker.abandoned()
      this.#drop(asked)
    }
  }

  #drop(asked: Set<Asked>): void {
    for (const { abort, iterator, next } of asked) {
      abort.abort()
      // Not awaited: a stream that hangs would hang us with it.
      void next.then(() => iterator.return?.()).catch(() => {})
    }
    asked.clear()
  }

  /** `failure` undefined: it was slow, and another has answered meanwhile. */
  #failed({ model, breaker }: Link, failure: ModelFailure | undefined): void {
    breaker.failed(this.#options.nowMs(), { atOnce: failure?.why === 'rejected' || failure?.why === 'busy', retryAfterMs: failure?.retryAfterMs })
    this.#log.warn({ model: model.name, why: failure?.why ?? 'slow', status: failure?.status }, 'a language model of the chain failed')
  }
}
