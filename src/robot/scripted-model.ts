// A language model for tests that answers by a script on imaginary time. Knows the model's port and how to break its promises.
import type { ChatEvent, ChatModel, ChatRequest } from './model/chat-model.ts'
import type { Timers } from './prompt-answer.ts'

/** 'hang' never answers; 'throw' breaks the promise that a stream never throws; 'close' ends without a last event. */
export type ScriptedStep = ({ event: ChatEvent } | { hang: true } | { throw: true } | { close: true }) & { afterMs?: number }

/** Time that passes only when everybody waits for it. */
export class ImaginaryTime implements Timers {
  #nowMs = 0
  #timers: { atMs: number; run: () => void }[] = []

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  /** Lets the work go on, jumping to the next timer whenever nothing else can happen. Errors: Error when it waits for nothing. */
  async drive<T>(work: Promise<T>): Promise<T> {
    const state = { over: false }
    const watched = work.finally(() => (state.over = true))
    watched.catch(() => {})
    let idle = 0
    while (!state.over) {
      await new Promise((resolve) => setImmediate(resolve))
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (state.over) break
      if (!next) {
        idle += 1
        if (idle > 50) throw new Error('waits for nothing')
        continue
      }
      idle = 0
      this.#timers = this.#timers.filter((one) => one !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
    return await watched
  }
}

export class ScriptedModel implements ChatModel {
  readonly name = 'scripted'
  readonly requests: ChatRequest[] = []
  warmUps = 0
  readonly #time: Timers
  readonly #script: (request: ChatRequest, number: number) => readonly ScriptedStep[]

  constructor(time: Timers, script: (request: ChatRequest, number: number) => readonly ScriptedStep[]) {
    this.#time = time
    this.#script = script
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent> {
    this.requests.push(request)
    for (const step of this.#script(request, this.requests.length - 1)) {
      if (step.afterMs !== undefined) await this.#pause(step.afterMs, signal)
      if ('hang' in step) await this.#pause(undefined, signal)
      if (signal.aborted || 'close' in step) return
      if ('throw' in step) throw new Error('a promise was broken')
      if ('event' in step) yield step.event
    }
  }

  async warmUp(): Promise<void> {
    this.warmUps += 1
  }

  async #pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = ms === undefined ? () => {} : this.#time.after(ms, resolve)
      const onAbort = (): void => {
        cancel()
        resolve()
      }
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}

/** An answer of these sentences, the first after `firstMs`, each next after `everyMs`; then the tools. */
export function answering(sentences: readonly string[], options: { firstMs?: number; everyMs?: number; tools?: readonly { name: string; input: unknown }[] } = {}): ScriptedStep[] {
  return [
    ...sentences.map((text, i): ScriptedStep => ({ event: { type: 'sentence', text }, afterMs: i === 0 ? (options.firstMs ?? 300) : (options.everyMs ?? 200) })),
    ...(options.tools ?? []).map((tool): ScriptedStep => ({ event: { type: 'tool', ...tool } })),
    { event: { type: 'done' } },
  ]
}
