// Knows how events pushed by one side are read by the other as a stream. Does not know who speaks.
import type { TtsEvent } from './provider.ts'

/**
 * One synthesis as an async iterable: events are pushed in, one reader takes them out.
 * The first `done` or `failed` is the last event; later pushes are ignored. Unread audio is kept: the length of the text bounds it.
 */
export class TtsEventQueue implements AsyncIterable<TtsEvent> {
  readonly #events: TtsEvent[] = []
  #ended = false
  /** The reader has seen the last event or left. */
  #read = false
  #wake: (() => void) | undefined
  readonly #onEnd: () => void

  /** `onEnd` is called once, when nothing more can come: after the last event was pushed, the stream was cut or the reader left. */
  constructor(onEnd: () => void = () => {}) {
    this.#onEnd = onEnd
  }

  push(event: TtsEvent): void {
    if (this.#ended) return
    this.#events.push(event)
    if (event.type !== 'audio') this.#end()
    this.#wake?.()
  }

  /** Ends at once: what was not read yet is dropped, even when the last event is among it. */
  cut(): void {
    if (this.#read) return
    this.#events.length = 0
    this.#events.push({ type: 'done' })
    this.#end()
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TtsEvent, void, undefined> {
    try {
      for (;;) {
        const event = this.#events.shift()
        if (event === undefined) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
          this.#wake = undefined
          continue
        }
        if (event.type !== 'audio') this.#read = true
        yield event
        if (this.#read) return
      }
    } finally {
      if (!this.#read) {
        this.#read = true
        this.#events.length = 0
        this.#end()
      }
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd()
  }
}
