// Knows recognition by a service over WebSocket, one task per utterance: audio goes up, sentences come down, one final at its end.
// Does not know any vendor's messages: a dialect writes and reads them.
import { ProviderError } from '../../errors.ts'
import type { Frame } from '../../media/frame.ts'
import { SocketPool } from '../sockets/socket-pool.ts'
import type { AsrOptions, AsrProvider, AsrStream } from './provider.ts'
import type { AsrDialect } from './service-dialect.ts'
import { serviceLimits, ServiceUtterance, type Final, type ServiceLimits } from './service-utterance.ts'

/** One utterance in the order of their finals; one in which nothing was pushed has its final at once. */
type Queued = { readonly ended: boolean; readonly final: Final | undefined; drop(): void }

export class ServiceAsr implements AsrProvider {
  readonly name: string
  readonly capabilities: AsrProvider['capabilities']
  readonly #dialect: AsrDialect
  readonly #limits: ServiceLimits
  readonly #pool: SocketPool
  readonly #streams = new Set<ServiceAsrStream>()
  #closed = false

  constructor(dialect: AsrDialect, limits: Partial<ServiceLimits> = {}) {
    this.name = dialect.address.provider
    this.capabilities = { partials: true, hotWords: dialect.hotWords, understands: 'people' }
    this.#dialect = dialect
    this.#limits = { ...serviceLimits, ...limits }
    this.#pool = new SocketPool(dialect.address, { connectMsMax: this.#limits.connectMsMax, idleMsMax: dialect.idleMsMax })
  }

  /** Connects once, so that a wrong address or key is told at the start and not by the first callee. Errors: ProviderError. */
  async warmUp(): Promise<void> {
    this.#pool.give(await this.#pool.take())
  }

  open(options: AsrOptions): AsrStream {
    const stream = new ServiceAsrStream(options, this.#dialect, this.#limits, this.#pool, () => this.#streams.delete(stream))
    this.#streams.add(stream)
    if (this.#closed) stream.fail(new ProviderError(this.name, 'is closed', false))
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const stream of this.#streams) stream.fail(new ProviderError(this.name, 'is closed', false))
    this.#pool[Symbol.dispose]()
  }
}

class ServiceAsrStream implements AsrStream {
  readonly #options: AsrOptions
  readonly #dialect: AsrDialect
  readonly #limits: ServiceLimits
  readonly #pool: SocketPool
  readonly #onOver: () => void
  /** Oldest first. All but the last are waiting for their end; finals are told in order. */
  readonly #utterances: Queued[] = []
  #current: ServiceUtterance | undefined
  #lastAtMs = 0
  #over = false

  constructor(options: AsrOptions, dialect: AsrDialect, limits: ServiceLimits, pool: SocketPool, onOver: () => void) {
    this.#options = options
    this.#dialect = dialect
    this.#limits = limits
    this.#pool = pool
    this.#onOver = onOver
  }

  push(frame: Frame, atMs: number): void {
    if (this.#over) return
    this.#lastAtMs = atMs
    if (this.#current === undefined || this.#current.ended) this.#current = this.#begin()
    this.#current.push(frame, atMs)
  }

  endUtterance(): void {
    if (this.#over) return
    if (this.#current && !this.#current.ended) this.#current.end()
    else this.#utterances.push({ ended: true, final: { type: 'final', text: '', beginAtMs: this.#lastAtMs, endAtMs: this.#lastAtMs, confidence: 1 }, drop: () => {} })
    this.#tellFinals()
  }

  [Symbol.dispose](): void {
    this.#finish()
  }

  fail(error: ProviderError): void {
    if (this.#over) return
    this.#finish()
    // Never before open() has returned.
    queueMicrotask(() => this.#options.onEvent({ type: 'failed', error }))
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    for (const utterance of this.#utterances.splice(0)) utterance.drop()
    this.#onOver()
  }

  #begin(): ServiceUtterance {
    const utterance: ServiceUtterance = new ServiceUtterance(this.#dialect, this.#dialect.utterance(this.#options), this.#limits, this.#pool, {
      onPartial: (event) => this.#utterances[0] === utterance && this.#options.onEvent(event),
      onFinal: () => this.#tellFinals(),
      onFailed: (error) => this.fail(error),
    })
    this.#utterances.push(utterance)
    return utterance
  }

  #tellFinals(): void {
    for (let first = this.#utterances[0]; first?.final !== undefined; first = this.#utterances[0]) {
      this.#utterances.shift()
      this.#options.onEvent(first.final)
    }
  }
}
