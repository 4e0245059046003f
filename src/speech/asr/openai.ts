// Knows recognition by any server with OpenAI's transcription endpoint: one request per utterance, no partial results. Source: POST /v1/audio/transcriptions.
import { z } from 'zod'
import { ProviderError } from '../../errors.ts'
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, type Frame } from '../../media/frame.ts'
import { writeWav } from '../../media/wav.ts'
import { httpError } from '../sockets/http-error.ts'
import { AudioClock } from './audio-clock.ts'
import type { AsrEvent, AsrOptions, AsrProvider, AsrStream } from './provider.ts'

export type OpenAiAsrOptions = {
  /** Base of the API, such as http://127.0.0.1:8000/v1. */
  baseUrl: string
  apiKey?: string | undefined
  /** `whisper-1` when absent. */
  model?: string | undefined
  /** A result later than this is of no use to a conversation. Default 5 s. */
  answerMsMax?: number | undefined
}

const PROVIDER = 'openai'
const ANSWER_MS_MAX = 5_000
const GAP_MS_MAX = 1_000
/** Whisper invents sentences for silence; above this it thinks itself that nobody spoke. */
const NO_SPEECH_MAX = 0.6
const CONFIDENCE_UNKNOWN = 0.9

const answer = z.object({ text: z.string(), segments: z.array(z.object({ start: z.number().optional(), end: z.number().optional(), avg_logprob: z.number().optional(), no_speech_prob: z.number().optional() })).optional() })

/** Times are positions in the audio, as far as the server tells. */
type Heard = { text: string; confidence: number; beginMs?: number | undefined; endMs?: number | undefined }

export class OpenAiAsr implements AsrProvider {
  readonly name = PROVIDER
  readonly capabilities = { partials: false, hotWords: true, understands: 'people' } as const
  readonly #options: OpenAiAsrOptions
  readonly #streams = new Set<OpenAiStream>()
  #closed = false

  constructor(options: OpenAiAsrOptions) {
    this.#options = options
  }

  /** Half a second of silence, so that a wrong address, key or model is told at the start. Errors: ProviderError. */
  async warmUp(): Promise<void> {
    this.#refuseWhenClosed()
    await transcribe(this.#options, new Int16Array(SAMPLE_RATE_HZ / 2), [], AbortSignal.timeout(30_000))
  }

  open(options: AsrOptions): AsrStream {
    const stream = new OpenAiStream(this.#options, options, () => this.#streams.delete(stream))
    this.#streams.add(stream)
    if (this.#closed) stream.fail(new ProviderError(PROVIDER, 'is closed', false))
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const stream of this.#streams) stream.fail(new ProviderError(PROVIDER, 'is closed', false))
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new ProviderError(PROVIDER, 'is closed', false)
  }
}

class OpenAiStream implements AsrStream {
  readonly #service: OpenAiAsrOptions
  readonly #options: AsrOptions
  readonly #onOver: () => void
  readonly #abort = new AbortController()
  #clock = new AudioClock()
  #frames: Int16Array[] = []
  #lastAtMs = 0
  /** Finals are told in the order of their utterances. */
  #told: Promise<void> = Promise.resolve()

  constructor(service: OpenAiAsrOptions, options: AsrOptions, onOver: () => void) {
    this.#service = service
    this.#options = options
    this.#onOver = onOver
  }

  push(frame: Frame, atMs: number): void {
    if (this.#abort.signal.aborted) return
    const missing = Math.round(Math.min(this.#clock.gapMs(atMs), GAP_MS_MAX) / FRAME_MS)
    if (missing > 0) this.#keep(new Int16Array(missing * FRAME_SAMPLES), atMs - missing * FRAME_MS)
    this.#keep(frame, atMs)
  }

  endUtterance(): void {
    if (this.#abort.signal.aborted) return
    const [frames, clock] = [this.#frames, this.#clock]
    this.#frames = []
    this.#clock = new AudioClock()
    const span = frames.length === 0 ? { beginAtMs: this.#lastAtMs, endAtMs: this.#lastAtMs } : { beginAtMs: clock.at(0), endAtMs: clock.at(clock.lengthMs) }
    const heard = frames.length === 0 ? Promise.resolve<Heard>({ text: '', confidence: 1 }) : this.#transcribe(frames)
    // A failure is told when its turn comes; until then it must not count as unhandled.
    heard.catch(() => {})
    this.#told = this.#told.then(async () => {
      try {
        const { text, confidence, beginMs, endMs } = await heard
        const within = (ms: number) => clock.at(Math.min(Math.max(ms, 0), clock.lengthMs))
        if (beginMs !== undefined) span.beginAtMs = within(beginMs)
        if (endMs !== undefined) span.endAtMs = within(endMs)
        this.#tell({ type: 'final', text, confidence, ...span })
      } catch (error) {
        this.fail(error instanceof ProviderError ? error : new ProviderError(PROVIDER, String(error), true, { cause: error }))
      }
    })
  }

  [Symbol.dispose](): void {
    this.#finish()
  }

  fail(error: ProviderError): void {
    if (!this.#finish()) return
    // Never before open() has returned.
    queueMicrotask(() => this.#options.onEvent({ type: 'failed', error }))
  }

  #finish(): boolean {
    if (this.#abort.signal.aborted) return false
    this.#abort.abort()
    this.#frames = []
    this.#onOver()
    return true
  }

  #keep(pcm: Int16Array, atMs: number): void {
    this.#clock.push(pcm.length, atMs)
    this.#frames.push(pcm)
    this.#lastAtMs = atMs
  }

  #tell(event: AsrEvent): void {
    if (!this.#abort.signal.aborted) this.#options.onEvent(event)
  }

  #transcribe(frames: readonly Int16Array[]): Promise<Heard> {
    const pcm = new Int16Array(frames.reduce((sum, frame) => sum + frame.length, 0))
    let at = 0
    for (const frame of frames) {
      pcm.set(frame, at)
      at += frame.length
    }
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(this.#service.answerMsMax ?? ANSWER_MS_MAX)])
    return transcribe(this.#service, pcm, this.#options.hotWords, signal)
  }
}

/** Errors: ProviderError. */
async function transcribe({ baseUrl, apiKey, model = 'whisper-1' }: OpenAiAsrOptions, pcm: Int16Array, hotWords: readonly string[], signal: AbortSignal): Promise<Heard> {
  const form = new FormData()
  form.set('file', new Blob([writeWav({ encoding: 'pcm16', sampleRateHz: SAMPLE_RATE_HZ }, [pcm]) as Uint8Array<ArrayBuffer>], { type: 'audio/wav' }), 'utterance.wav')
  form.set('model', model)
  form.set('language', 'zh')
  // Later models give text only; the others say how sure they are.
  form.set('response_format', model.startsWith('gpt-') ? 'json' : 'verbose_json')
  if (hotWords.length > 0) form.set('prompt', hotWords.join('，'))
  let response: Response
  try {
    response = await fetch(`${baseUrl.replace(/\/$/, '')}/audio/transcriptions`, { method: 'POST', body: form, signal, headers: apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` } })
  } catch (error) {
    throw new ProviderError(PROVIDER, signal.aborted ? 'gave no result in time' : 'does not answer', true, { cause: error })
  }
  if (!response.ok) throw await httpError(PROVIDER, response)
  const parsed = answer.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) throw new ProviderError(PROVIDER, 'sent what cannot be read', true)
  const { text, segments = [] } = parsed.data
  if (segments.length > 0 && segments.every(({ no_speech_prob = 0 }) => no_speech_prob > NO_SPEECH_MAX)) return { text: '', confidence: 1 }
  const confidences = segments.flatMap(({ avg_logprob }) => (avg_logprob === undefined ? [] : [Math.exp(avg_logprob)]))
  const [begin, end] = [segments[0]?.start, segments.at(-1)?.end]
  return {
    text: text.trim(),
    confidence: confidences.length === 0 ? CONFIDENCE_UNKNOWN : Math.min(1, ...confidences),
    beginMs: begin === undefined ? undefined : begin * 1_000,
    endMs: end === undefined ? undefined : end * 1_000,
  }
}
