// An answer of the model that was asked for before it was known whether it will be wanted. Does not know who asks, or what for.
import type { ChatEvent, ChatModel, ChatRequest } from './chat-model.ts'

/** A request that was made ahead. Its events are kept, so that whoever comes later reads them from the beginning. */
export class Draft {
  readonly #key: string
  readonly #abort = new AbortController()
  readonly #events: ChatEvent[] = []
  #over = false
  #more = Promise.withResolvers<void>()

  /** `signal`: the conversation is over. */
  constructor(model: ChatModel, request: ChatRequest, signal: AbortSignal) {
    this.#key = JSON.stringify(request)
    void this.#read(model.stream(request, AbortSignal.any([signal, this.#abort.signal])))
  }

  /** Whether this is what would be asked now: the same words, at the same place of the conversation. */
  answers(request: ChatRequest): boolean {
    return !this.#abort.signal.aborted && this.#key === JSON.stringify(request)
  }

  /** From the first event on. Ends without a last event when the draft is given up. */
  async *events(): AsyncGenerator<ChatEvent, void> {
    for (let at = 0; ; at++) {
      while (at >= this.#events.length && !this.#over) await this.#more.promise
      const event = this.#events[at]
      if (event === undefined) return
      yield event
    }
  }

  giveUp(): void {
    this.#abort.abort()
    this.#end()
  }

  async #read(stream: AsyncIterable<ChatEvent>): Promise<void> {
    try {
      for await (const event of stream) {
        if (this.#over) return
        this.#events.push(event)
        this.#wake()
      }
    } catch {
      this.#events.push({ type: 'failed', failure: { why: 'broken' } })
    } finally {
      this.#end()
    }
  }

  #end(): void {
    this.#over = true
    this.#wake()
  }

  #wake(): void {
    const { resolve } = this.#more
    this.#more = Promise.withResolvers<void>()
    resolve()
  }
}
