// Knows synthesis by a sherpa-onnx voice on this machine, in a child process: a text goes over, audio comes back. Does not know model folders or processes.
import { ProviderError } from '../../errors.ts'
import { SherpaHost, type HostLimits } from '../sherpa/host.ts'
import { modelOrder } from '../sherpa/model-order.ts'
import { TtsEventQueue } from './event-queue.ts'
import { gainOf, paceOf } from './pace.ts'
import type { TtsEvent, TtsProvider, Voice } from './provider.ts'
import { respelledWords } from './voice-words.ts'

export type SherpaTtsOptions = {
  /** Folder of the model. */
  model: string
  threads?: number | undefined
  /** What to load instead of the package; for tests. */
  engine?: string | undefined
  limits?: Partial<HostLimits & { audioMsMax: number }> | undefined
}

const PROVIDER = 'sherpa'
/** Until the next piece of audio. A sentence is made in one go. */
const AUDIO_MS_MAX = 5_000
const WARM_UP_MS_MAX = 30_000
/** About five minutes of speech; no robot says that in one go. */
const TEXT_CHARS_MAX = 1_500

export class SherpaTts implements TtsProvider {
  readonly name = PROVIDER
  readonly #host: SherpaHost
  readonly #audioMsMax: number

  constructor({ model, threads, engine, limits }: SherpaTtsOptions) {
    this.#host = new SherpaHost(PROVIDER, modelOrder(model, 'tts', { threads, engine }), limits)
    this.#audioMsMax = limits?.audioMsMax ?? AUDIO_MS_MAX
  }

  /** For diagnosis. */
  get pid(): number | undefined {
    return this.#host.pid
  }

  /** Loads the model and speaks a syllable, for the first run of a network is slow. Errors: ProviderError with the reason in words. */
  async warmUp(): Promise<void> {
    await this.#host.ready()
    for await (const event of this.#speak('喂', { name: '', speed: 0, volume: 50 }, AbortSignal.timeout(WARM_UP_MS_MAX), WARM_UP_MS_MAX)) if (event.type === 'failed') throw event.error
  }

  synthesize(text: string, voice: Voice, signal: AbortSignal): AsyncIterable<TtsEvent> {
    return this.#speak(text, voice, signal, this.#audioMsMax)
  }

  #speak(text: string, voice: Voice, signal: AbortSignal, audioMsMax: number): AsyncIterable<TtsEvent> {
    const spoken = respelledWords(text, voice)
    let id: number | undefined
    let timer: NodeJS.Timeout | undefined
    const onAbort = (): void => events.cut()
    const events = new TtsEventQueue(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      if (id !== undefined) this.#host.drop(id)
    })
    const fail = (reason: string, retryable: boolean): void => events.push({ type: 'failed', error: new ProviderError(PROVIDER, reason, retryable) })
    // Voices are numbered; which they are tells the model's page.
    const speaker = /^\d{0,5}$/.test(voice.name) ? Number(voice.name) : -1
    const speakers = this.#host.speakers ?? Infinity
    if (signal.aborted || !/[\p{L}\p{N}]/u.test(spoken)) events.push({ type: 'done' })
    else if (text.length > TEXT_CHARS_MAX) fail(`text of ${text.length} characters is longer than ${TEXT_CHARS_MAX}`, false)
    else if (speaker < 0 || speaker >= speakers) fail(`has no voice '${voice.name}': its voices are numbers${speakers === Infinity ? '' : ` from 0 to ${speakers - 1}`}`, false)
    else {
      signal.addEventListener('abort', onAbort, { once: true })
      const gain = gainOf(voice.volume)
      const limit = (): void => {
        clearTimeout(timer)
        timer = setTimeout(() => fail(`sent no audio within ${audioMsMax} ms`, true), audioMsMax)
      }
      limit()
      id = this.#host.begin({
        message: (message) => {
          if (message.type === 'audio') {
            limit()
            events.push({ type: 'audio', pcm: gain === 1 ? message.pcm : amplified(message.pcm, gain) })
          } else if (message.type === 'done') events.push({ type: 'done' })
          else if (message.type === 'failed') fail(message.reason, true)
        },
        lost: (error) => events.push({ type: 'failed', error }),
      })
      this.#host.send({ op: 'speak', id, text: spoken, speaker, speed: paceOf(voice.speed) })
    }
    return events
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]()
  }
}

function amplified(pcm: Int16Array, gain: number): Int16Array {
  return pcm.map((sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * gain))))
}
