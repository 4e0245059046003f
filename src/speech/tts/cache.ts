// Knows which sentences were spoken before. Does not know how speech is made.
import { ProviderError } from '../../errors.ts'
import type { Meter } from '../../service-use.ts'
import { TtsEventQueue } from './event-queue.ts'
import type { TtsEvent, TtsProvider, Voice } from './provider.ts'
import { soundOfWords } from './voice-words.ts'

export type SynthesisCacheOptions = {
  /** Audio kept. 32 MB are 33 minutes of speech: every fixed line of some hundred scripts. */
  bytesMax: number
  /** A single sentence larger than this is not kept, so that one long text cannot push out all short ones. */
  entryBytesMax: number
}
export const synthesisCacheDefaults = { bytesMax: 32 << 20, entryBytesMax: 1 << 20 } as const satisfies SynthesisCacheOptions

export type SynthesisCacheStats = { hits: number; shared: number; misses: number; evicted: number; bytes: number; entries: number }

/** One synthesis that has begun. Readers that come later first get what is there. */
type Take = {
  readonly audio: Int16Array[]
  bytes: number
  ending: Exclude<TtsEvent, { type: 'audio' }> | undefined
  readonly readers: Set<TtsEventQueue>
  readonly abandon: AbortController
}

/**
 * A provider that speaks each sentence once: finished audio is kept up to a number of bytes, least recently used first out,
 * and calls that ask for the same sentence at the same time share one synthesis. Failures are not kept.
 * Audio arrays are shared between readers and must not be written to.
 */
export class SynthesisCache implements TtsProvider {
  readonly #inner: TtsProvider
  readonly #options: SynthesisCacheOptions
  /** Finished, in order of last use. */
  readonly #kept = new Map<string, Take>()
  readonly #running = new Map<string, Take>()
  readonly #counts = { hits: 0, shared: 0, misses: 0, evicted: 0 }
  #bytes = 0

  constructor(inner: TtsProvider, options: Partial<SynthesisCacheOptions> = {}) {
    this.#inner = inner
    this.#options = { ...synthesisCacheDefaults, ...options }
  }

  get name(): string {
    return this.#inner.name
  }

  get stats(): SynthesisCacheStats {
    return { ...this.#counts, bytes: this.#bytes, entries: this.#kept.size }
  }

  warmUp(): Promise<void> {
    return this.#inner.warmUp()
  }

  /** Only the call that has something made anew is told what it took. */
  synthesize(text: string, voice: Voice, signal: AbortSignal, meter?: Meter): AsyncIterable<TtsEvent> {
    const key = JSON.stringify([this.#inner.name, voice.name, voice.speed, voice.volume, soundOfWords(text, voice)])
    const take = this.#find(key) ?? this.#begin(key, text, voice, meter)
    const onAbort = (): void => reader.cut()
    const reader = new TtsEventQueue(() => {
      signal.removeEventListener('abort', onAbort)
      take.readers.delete(reader)
      // Nobody listens any more: speech that was not finished is not worth paying for.
      if (take.readers.size === 0 && take.ending === undefined) {
        this.#running.delete(key)
        take.abandon.abort()
      }
    })
    take.readers.add(reader)
    if (signal.aborted) reader.cut()
    else signal.addEventListener('abort', onAbort, { once: true })
    for (const pcm of take.audio) reader.push({ type: 'audio', pcm })
    if (take.ending) reader.push(take.ending)
    return reader
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const take of this.#running.values()) take.abandon.abort()
    this.#kept.clear()
    this.#bytes = 0
    await this.#inner[Symbol.asyncDispose]()
  }

  #find(key: string): Take | undefined {
    const kept = this.#kept.get(key)
    if (kept) {
      this.#counts.hits += 1
      this.#kept.delete(key)
      this.#kept.set(key, kept)
      return kept
    }
    const running = this.#running.get(key)
    if (running) this.#counts.shared += 1
    return running
  }

  #begin(key: string, text: string, voice: Voice, meter: Meter | undefined): Take {
    this.#counts.misses += 1
    const take: Take = { audio: [], bytes: 0, ending: undefined, readers: new Set(), abandon: new AbortController() }
    this.#running.set(key, take)
    void this.#run(key, take, text, voice, meter)
    return take
  }

  /** Never rejects: whatever the provider does, every reader gets a last event. */
  async #run(key: string, take: Take, text: string, voice: Voice, meter: Meter | undefined): Promise<void> {
    const end = (event: Exclude<TtsEvent, { type: 'audio' }>): void => {
      take.ending = event
      for (const reader of take.readers) reader.push(event)
    }
    try {
      for await (const event of this.#inner.synthesize(text, voice, take.abandon.signal, meter)) {
        if (event.type !== 'audio') {
          end(event)
          break
        }
        take.audio.push(event.pcm)
        take.bytes += event.pcm.byteLength
        for (const reader of take.readers) reader.push(event)
      }
    } catch (error) {
      end({ type: 'failed', error: new ProviderError(this.name, 'broke off', true, { cause: error }) })
    }
    if (take.ending === undefined) end({ type: 'failed', error: new ProviderError(this.name, 'ended without saying how', true) })
    if (this.#running.get(key) === take) this.#running.delete(key)
    // An abandoned synthesis also ends with `done`, but not with all of the sentence.
    if (take.ending?.type === 'done' && !take.abandon.signal.aborted) this.#keep(key, take)
  }

  #keep(key: string, take: Take): void {
    if (take.bytes > this.#options.entryBytesMax || take.bytes > this.#options.bytesMax) return
    this.#kept.set(key, take)
    this.#bytes += take.bytes
    for (const [oldest, entry] of this.#kept) {
      if (this.#bytes <= this.#options.bytesMax) break
      this.#kept.delete(oldest)
      this.#bytes -= entry.bytes
      this.#counts.evicted += 1
    }
  }
}
