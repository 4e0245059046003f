// Knows synthesis by any server with OpenAI's speech endpoint: one request per text, raw audio back as it is made. Source: POST /v1/audio/speech.
import { ProviderError } from '../../errors.ts'
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { Resampler } from '../../media/resample.ts'
import { httpError } from '../sockets/http-error.ts'
import { TtsEventQueue } from './event-queue.ts'
import { gainOf, paceOf } from './pace.ts'
import type { TtsEvent, TtsProvider, Voice } from './provider.ts'
import { respelledWords } from './voice-words.ts'

export type OpenAiTtsOptions = {
  /** Base of the API, such as http://127.0.0.1:8880/v1. */
  baseUrl: string
  apiKey?: string | undefined
  /** `tts-1` when absent. */
  model?: string | undefined
  /** Rate of its raw audio where the answer does not say: 24000 at OpenAI, others differ. */
  sampleRateHz?: number | undefined
  /** Between two pieces of audio, and before the first. Default 5 s. */
  audioMsMax?: number | undefined
}

const PROVIDER = 'openai'
const DEFAULT_VOICE = 'alloy'
const OPENAI_RATE_HZ = 24_000
const AUDIO_MS_MAX = 5_000
const TEXT_CHARS_MAX = 1_500
const WAV_HEADER_BYTES_MAX = 4_096

export class OpenAiTts implements TtsProvider {
  readonly name = PROVIDER
  readonly #options: OpenAiTtsOptions

  constructor(options: OpenAiTtsOptions) {
    this.#options = options
  }

  /** One syllable, so that a wrong address, key or model is told at the start. Errors: ProviderError. */
  async warmUp(): Promise<void> {
    for await (const event of this.synthesize('喂', { name: '', speed: 0, volume: 50 }, AbortSignal.timeout(30_000))) if (event.type === 'failed') throw event.error
  }

  synthesize(text: string, voice: Voice, signal: AbortSignal): AsyncIterable<TtsEvent> {
    const spoken = respelledWords(text, voice)
    const abort = new AbortController()
    const onAbort = () => events.cut()
    const events = new TtsEventQueue(() => {
      signal.removeEventListener('abort', onAbort)
      abort.abort()
    })
    if (signal.aborted || !/[\p{L}\p{N}]/u.test(spoken)) events.push({ type: 'done' })
    else if (text.length > TEXT_CHARS_MAX) events.push({ type: 'failed', error: new ProviderError(PROVIDER, `text of ${text.length} characters is longer than ${TEXT_CHARS_MAX}`, false) })
    else {
      signal.addEventListener('abort', onAbort, { once: true })
      void this.#speak(spoken, voice, events, abort)
    }
    return events
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #speak(spoken: string, voice: Voice, events: TtsEventQueue, abort: AbortController): Promise<void> {
    let late = false
    const limitMs = this.#options.audioMsMax ?? AUDIO_MS_MAX
    const giveUp = () => {
      late = true
      abort.abort()
    }
    let timer = setTimeout(giveUp, limitMs)
    try {
      const response = await this.#ask(spoken, voice, abort.signal)
      if (!response.ok) throw await httpError(PROVIDER, response)
      const audio = new RawAudio(response.headers.get('content-type') ?? '', this.#options.sampleRateHz ?? OPENAI_RATE_HZ, gainOf(voice.volume))
      for await (const bytes of response.body ?? []) {
        clearTimeout(timer)
        timer = setTimeout(giveUp, limitMs)
        const pcm = audio.push(bytes)
        if (pcm.length > 0) events.push({ type: 'audio', pcm })
      }
      const rest = audio.flush()
      if (rest.length > 0) events.push({ type: 'audio', pcm: rest })
      events.push({ type: 'done' })
    } catch (error) {
      const known = error instanceof ProviderError ? error : new ProviderError(PROVIDER, late ? `sent no audio within ${limitMs} ms` : 'does not answer, or stopped in the middle', true, { cause: error })
      events.push({ type: 'failed', error: known })
    } finally {
      clearTimeout(timer)
    }
  }

  #ask(spoken: string, voice: Voice, signal: AbortSignal): Promise<Response> {
    const { baseUrl, apiKey, model = 'tts-1' } = this.#options
    return fetch(`${baseUrl.replace(/\/$/, '')}/audio/speech`, {
      method: 'POST',
      signal,
      headers: { 'Content-Type': 'application/json', ...(apiKey !== undefined && { Authorization: `Bearer ${apiKey}` }) },
      body: JSON.stringify({ model, input: spoken, voice: voice.name === '' ? DEFAULT_VOICE : voice.name, response_format: 'pcm', speed: paceOf(voice.speed) }),
    })
  }
}

/** Raw or WAV bytes in pieces of any size, as 8 kHz samples. Some servers send WAV whatever was asked for. */
class RawAudio {
  #rateHz: number
  readonly #gain: number
  #resampler: Resampler | undefined
  /** Bytes that are no whole sample yet, or no whole header. */
  #waiting: Buffer = Buffer.alloc(0)
  #inHeader = true

  constructor(contentType: string, rateHz: number, gain: number) {
    this.#rateHz = Number(/\brate=(\d{4,6})\b/.exec(contentType)?.[1] ?? rateHz)
    this.#gain = gain
  }

  push(bytes: Uint8Array): Int16Array {
    this.#waiting = Buffer.concat([this.#waiting, bytes])
    if (this.#inHeader && !this.#passHeader()) return new Int16Array(0)
    const samples = this.#waiting.length >> 1
    const pcm = new Int16Array(samples)
    for (let i = 0; i < samples; i += 1) pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round(this.#waiting.readInt16LE(2 * i) * this.#gain)))
    this.#waiting = this.#waiting.subarray(2 * samples)
    return (this.#resampler ??= new Resampler(this.#rateHz, SAMPLE_RATE_HZ)).push(pcm)
  }

  flush(): Int16Array {
    return this.#resampler?.flush() ?? new Int16Array(0)
  }

  /** False while the header is not whole. A streamed one has no true sizes, so only the rate and where the samples begin are read. */
  #passHeader(): boolean {
    if (this.#waiting.length < 4) return false
    if (this.#waiting.toString('latin1', 0, 4) === 'RIFF') {
      const data = this.#waiting.subarray(0, WAV_HEADER_BYTES_MAX).indexOf('data', 12, 'latin1')
      if (data === -1 || this.#waiting.length < data + 8) {
        if (this.#waiting.length > WAV_HEADER_BYTES_MAX) throw new ProviderError(PROVIDER, 'sent a WAV file without audio', false)
        return false
      }
      if (this.#waiting.readUInt16LE(20) !== 1 || this.#waiting.readUInt16LE(22) !== 1) throw new ProviderError(PROVIDER, 'sent audio that is not 16-bit mono PCM', false)
      this.#rateHz = this.#waiting.readUInt32LE(24)
      this.#waiting = this.#waiting.subarray(data + 8)
    }
    this.#inHeader = false
    return true
  }
}
