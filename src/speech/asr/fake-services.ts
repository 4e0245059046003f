// Recognition services on loopback for tests. They speak the vendors' protocols and hear with the built-in recogniser, so what they answer was in the audio.
import { createHmac } from 'node:crypto'
import { FRAME_MS, FRAME_SAMPLES } from '../../media/frame.ts'
import { Resampler } from '../../media/resample.ts'
import { readWav } from '../../media/wav.ts'
import { fakeHttpService, fakeSocketService, SLOW_MS, type FakeHttpService, type FakeService, type Fault } from '../sockets/fake-service.ts'
import type { AsrEvent, AsrProvider } from './provider.ts'

export const fakeKey = 'sk-test'

/** What the services hear with. */
export type Ears = Pick<AsrProvider, 'open'>

/** Ears of one utterance: bytes of 16-bit PCM in, words out. Times are positions in the audio. */
class Ear {
  readonly #stream
  readonly #down: Resampler | undefined
  #rest = new Int16Array(0)
  #frames = 0
  #bytes: Buffer = Buffer.alloc(0)

  constructor(asr: Ears, sampleRateHz: number, hotWords: readonly string[], onEvent: (event: AsrEvent) => void) {
    this.#stream = asr.open({ hotWords, phrases: [], onEvent })
    this.#down = sampleRateHz === 8_000 ? undefined : new Resampler(sampleRateHz, 8_000)
  }

  push(bytes: Buffer): void {
    const all = Buffer.concat([this.#bytes, bytes])
    const pcm = new Int16Array(all.length >> 1)
    for (let i = 0; i < pcm.length; i += 1) pcm[i] = all.readInt16LE(2 * i)
    this.#bytes = all.subarray(2 * pcm.length)
    this.#take(this.#down ? this.#down.push(pcm) : pcm)
  }

  end(): void {
    if (this.#down) this.#take(this.#down.flush())
    this.#stream.endUtterance()
  }

  close(): void {
    this.#stream[Symbol.dispose]()
  }

  #take(pcm: Int16Array): void {
    const all = new Int16Array(this.#rest.length + pcm.length)
    all.set(this.#rest)
    all.set(pcm, this.#rest.length)
    let at = 0
    for (; at + FRAME_SAMPLES <= all.length; at += FRAME_SAMPLES) this.#stream.push(all.slice(at, at + FRAME_SAMPLES), FRAME_MS * this.#frames++)
    this.#rest = all.slice(at)
  }
}

/** FunASR as its C++ or its Python server speaks. */
export function fakeFunAsr(asr: Ears, server: 'cpp' | 'python'): Promise<FakeService> {
  return fakeSocketService(() => true, (send, service) => {
    let ear: Ear | undefined
    let told = ''
    const refuse = () => send({ text: 'ERROR. Real-time transcription service ONLY SUPPORT PCM stream.', wav_name: 'call', is_final: true })
    const onEvent = (event: AsrEvent) => {
      if (event.type === 'partial') {
        // Partials are increments here; a recogniser that changes its mind is shown by the sentence.
        if (!event.text.startsWith(told) || event.text === told) return
        const text = event.text.slice(told.length)
        told = event.text
        send({ text, mode: '2pass-online', wav_name: 'call', is_final: false, ...(server === 'cpp' && { slice_type: 1, index: 0, timestamp: Date.now() }) })
      } else if (event.type === 'final') {
        if (server === 'python') {
          if (event.text !== '') send({ mode: '2pass-offline', spk_name: 'unknown', spk_score: 0, text: event.text, wav_name: 'call', is_final: true, timestamp: [[event.beginAtMs, event.endAtMs]] })
          return send({ mode: '2pass', wav_name: 'call', is_final: true, is_end: true })
        }
        if (event.text !== '') send({ text: event.text, mode: '2pass-offline', slice_type: 2, index: 0, start_time: Math.round(event.beginAtMs), end_time: Math.round(event.endAtMs), timestamp: '[[120,300]]', wav_name: 'call', is_final: false })
        send({ text: '', wav_name: 'call', is_final: true })
      }
    }
    return {
      onText(text) {
        const message = JSON.parse(text) as { is_speaking: boolean; hotwords?: string; audio_fs?: number; wav_format?: string; chunk_size?: number[] }
        if (!message.is_speaking) return ear?.end()
        if (service.fault === 'quota') return refuse()
        ear?.close()
        told = ''
        ear = new Ear(asr, message.audio_fs ?? 16_000, message.hotwords === undefined ? [] : Object.keys(JSON.parse(message.hotwords) as object), onEvent)
      },
      // Audio before the configuration is dropped.
      onAudio: (bytes) => (service.fault === 'quota' ? refuse() : ear?.push(bytes)),
      onClosed: () => ear?.close(),
    }
  })
}

export function fakeDashScopeAsr(asr: Ears): Promise<FakeService> {
  return fakeSocketService((request) => request.headers.authorization === `Bearer ${fakeKey}`, (send, service) => {
    let ear: Ear | undefined
    let taskId = ''
    const event = (name: string, payload: object = {}, more: object = {}) => send({ header: { task_id: taskId, event: name, attributes: {}, ...more }, payload })
    const refuse = () => event('task-failed', {}, { error_code: 'Arrearage', error_message: 'Access denied, please make sure your account is in good standing.' })
    const sentence = (text: string, beginMs: number, endMs: number | null) =>
      event('result-generated', { output: { sentence: { begin_time: Math.round(beginMs), end_time: endMs === null ? null : Math.round(endMs), text, heartbeat: false, sentence_end: endMs !== null, words: [] } }, usage: endMs === null ? null : { duration: 1 } })
    return {
      onText(text) {
        const { header, payload } = JSON.parse(text) as { header: { action: string; task_id: string }; payload: { parameters?: { sample_rate: number }; input?: object } }
        if (payload.input === undefined) return event('task-failed', {}, { error_code: 'InvalidParameter', error_message: 'input must be present' })
        if (header.action === 'finish-task') return ear?.end()
        taskId = header.task_id
        if (service.fault === 'quota') return refuse()
        ear?.close()
        ear = new Ear(asr, payload.parameters!.sample_rate, [], (heard) => {
          if (heard.type === 'partial') sentence(heard.text, heard.beginAtMs, null)
          if (heard.type !== 'final') return
          if (heard.text !== '') sentence(heard.text, heard.beginAtMs, heard.endAtMs)
          event('task-finished', { output: {}, usage: null })
        })
        // A result that carries nothing, as with heartbeats.
        setTimeout(() => event('task-started'), 20)
      },
      onAudio(bytes) {
        if (service.fault === 'quota') refuse()
        else if (ear) ear.push(bytes)
        else event('task-failed', {}, { error_code: 'CLIENT_ERROR', error_message: 'audio before task-started' })
      },
      onClosed: () => ear?.close(),
    }
  })
}

export const fakeNlsKeys = { accessKeyId: 'test-id', accessKeySecret: 'test-secret' }

/** The gateway, and beside it the service that gives tokens for signed requests. */
export async function fakeNlsAsr(asr: Ears): Promise<FakeService & { tokenUrl: string }> {
  const tokens = await fakeNlsTokens()
  const service = await fakeSocketService((request) => request.headers['x-nls-token'] === tokens.token, (send, own) => {
    let ear: Ear | undefined
    let taskId = ''
    const event = (name: string, payload: object = {}, status = 20_000_000, statusText = 'GATEWAY|SUCCESS|Success.') => send({ header: { namespace: 'SpeechTranscriber', name, status, message_id: 'm', task_id: taskId, status_text: statusText }, payload })
    const refuse = () => event('TaskFailed', {}, 40_000_005, 'Gateway:TOO_MANY_REQUESTS')
    return {
      onText(text) {
        const { header, payload } = JSON.parse(text) as { header: { name: string; task_id: string; appkey: string }; payload?: { sample_rate: number } }
        taskId = header.task_id
        if (header.appkey !== 'app') return event('TaskFailed', {}, 40_000_003, 'Gateway:APPKEY_NOT_EXIST')
        if (header.name === 'StopTranscription') return ear?.end()
        if (own.fault === 'quota') return refuse()
        ear?.close()
        ear = new Ear(asr, payload!.sample_rate, [], (heard) => {
          if (heard.type === 'partial') event('TranscriptionResultChanged', { index: 1, time: Math.round(heard.endAtMs), result: heard.text, confidence: 0.8, words: [], status: 0 })
          if (heard.type !== 'final') return
          if (heard.text !== '') event('SentenceEnd', { index: 1, time: Math.round(heard.endAtMs), begin_time: Math.round(heard.beginAtMs), result: heard.text, confidence: 0.93, words: [], status: 0 })
          event('TranscriptionCompleted')
        })
        event('TranscriptionStarted', { session_id: 's' })
        event('SentenceBegin', { index: 1, time: 0 })
      },
      onAudio: (bytes) => (own.fault === 'quota' ? refuse() : ear?.push(bytes)),
      onClosed: () => ear?.close(),
    }
  })
  const disposeGateway = service[Symbol.asyncDispose].bind(service)
  return Object.assign(service, {
    tokenUrl: tokens.url,
    [Symbol.asyncDispose]: async () => {
      await disposeGateway()
      await tokens[Symbol.asyncDispose]()
    },
  })
}

/** CreateToken: checks the signature as the real one does. */
export async function fakeNlsTokens(): Promise<FakeHttpService & { token: string; asked: number }> {
  const escaped = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  const http = await fakeHttpService((request, _body, response) => {
    service.asked += 1
    const query = new URL(request.url!, 'http://localhost').searchParams
    const canonical = [...query].filter(([name]) => name !== 'Signature').sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&')
    const expected = createHmac('sha1', `${fakeNlsKeys.accessKeySecret}&`).update(`GET&%2F&${escaped(canonical)}`).digest('base64')
    const isRight = query.get('AccessKeyId') === fakeNlsKeys.accessKeyId && query.get('Signature') === expected && query.get('Action') === 'CreateToken' && query.get('Version') === '2019-02-28'
    response.writeHead(isRight ? 200 : 400, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(isRight ? { Token: { Id: service.token, ExpireTime: Math.floor(Date.now() / 1_000) + 86_400, UserId: 'u' } } : { Code: 'SignatureDoesNotMatch', Message: 'Specified signature is not matched with our calculation.' }))
  })
  const service = Object.assign(http, { token: 'token-1', asked: 0 })
  return service
}

/** `/v1/audio/transcriptions`. */
export async function fakeTranscriptions(asr: Ears): Promise<FakeHttpService & { fault: Fault; forms: FormData[] }> {
  const http = await fakeHttpService(async (request, body, response) => {
    const answer = (status: number, value: unknown) => void response.writeHead(status, { 'Content-Type': 'application/json' }).end(typeof value === 'string' ? value : JSON.stringify(value))
    const refuse = (status: number, message: string) => answer(status, { error: { message, type: 'invalid_request_error', param: null, code: null } })
    if (service.fault === 'refuse' || request.headers.authorization !== `Bearer ${fakeKey}`) return refuse(401, 'Incorrect API key provided')
    if (service.fault === 'quota') return refuse(429, 'You exceeded your current quota')
    if (service.fault === 'garbage') return answer(200, '{"no": ')
    if (service.fault === 'reset') return void request.socket.destroy()
    if (service.fault === 'half-close') return void response.writeHead(200, { 'Content-Length': '100' }).end('{"text":')
    if (service.fault === 'mute') return undefined
    if (service.fault === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
    const form = await new Response(body as Buffer<ArrayBuffer>, { headers: { 'Content-Type': request.headers['content-type']! } }).formData()
    service.forms.push(form)
    const { format, channels } = readWav(Buffer.from(await (form.get('file') as File).arrayBuffer()))
    const pcm = channels[0]!
    const { text, beginAtMs, endAtMs } = await new Promise<Extract<AsrEvent, { type: 'final' }>>((resolve) => {
      const ear = new Ear(asr, format.sampleRateHz, ((form.get('prompt') as string | null) ?? '').split('，').filter(Boolean), (event) => event.type === 'final' && resolve(event))
      ear.push(Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength))
      ear.end()
    })
    return answer(200, { task: 'transcribe', language: 'chinese', duration: pcm.length / 8_000, text, segments: [{ id: 0, start: beginAtMs / 1_000, end: endAtMs / 1_000, text, avg_logprob: -0.2, no_speech_prob: text === '' ? 0.9 : 0.01 }] })
  })
  const service = Object.assign(http, { fault: 'none' as Fault, forms: [] as FormData[] })
  return service
}
