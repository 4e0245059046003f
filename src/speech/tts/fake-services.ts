// Synthesis services on loopback for tests. They speak the vendors' protocols with the built-in voice, in pieces of any size.
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { Resampler } from '../../media/resample.ts'
import { writeWav } from '../../media/wav.ts'
import { fakeKey, fakeNlsTokens } from '../asr/fake-services.ts'
import { fakeHttpService, fakeSocketService, SLOW_MS, type FakeHttpService, type FakeService, type Fault } from '../sockets/fake-service.ts'
import { defaultVoice, type TtsProvider } from './provider.ts'

const never = new AbortController().signal
/** Odd on purpose: samples are split between messages. */
const PIECE_BYTES = 1_601

async function* spoken(tts: TtsProvider, text: string): AsyncGenerator<Int16Array> {
  for await (const event of tts.synthesize(text, { ...defaultVoice, name: 'f3' }, never)) if (event.type === 'audio') yield event.pcm
}

function* pieces(pcm: Int16Array): Generator<Uint8Array> {
  const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.slice(at, at + PIECE_BYTES)
}

export function fakeCosyVoice(tts: TtsProvider): Promise<FakeService> {
  return fakeSocketService((request) => request.headers.authorization === `Bearer ${fakeKey}`, (send, service) => {
    let taskId = ''
    let text = ''
    const event = (name: string, payload: object = {}, more: object = {}) => send({ header: { task_id: taskId, event: name, attributes: {}, ...more }, payload })
    const refuse = () => event('task-failed', {}, { error_code: 'Throttling.AllocationQuota', error_message: 'Allocated quota exceeded' })
    return {
      async onText(message) {
        const { header, payload } = JSON.parse(message) as { header: { action: string; task_id: string }; payload: { parameters?: { voice: string; sample_rate: number }; input: { text?: string } } }
        if (header.action === 'run-task') {
          taskId = header.task_id
          text = ''
          if (service.fault === 'quota') return refuse()
          if (payload.parameters!.voice === 'no such voice') return event('task-failed', {}, { error_code: 'InvalidParameter', error_message: '[tts:]Engine return error code: 418' })
          if (payload.parameters!.sample_rate !== SAMPLE_RATE_HZ) return event('task-failed', {}, { error_code: 'InvalidParameter', error_message: 'this one speaks 8 kHz' })
          return event('task-started')
        }
        if (header.task_id !== taskId) return event('task-failed', {}, { error_code: 'InvalidParameter', error_message: 'task not found' })
        if (header.action === 'continue-task') text += payload.input.text ?? ''
        if (header.action !== 'finish-task') return
        event('result-generated', { output: { type: 'sentence-begin', sentence: { index: 0, words: [] } } })
        for await (const pcm of spoken(tts, text)) {
          if (service.fault === 'quota') return refuse()
          for (const piece of pieces(pcm)) send(piece)
        }
        event('task-finished', { output: {}, usage: { characters: text.length } })
      },
      onAudio: () => {},
    }
  })
}

export async function fakeNlsTts(tts: TtsProvider): Promise<FakeService & { tokenUrl: string }> {
  const tokens = await fakeNlsTokens()
  const service = await fakeSocketService((request) => request.headers['x-nls-token'] === tokens.token, (send, own) => {
    let taskId = ''
    let text = ''
    const event = (name: string, status = 20_000_000, statusText = 'GATEWAY|SUCCESS|Success.') => send({ header: { namespace: 'FlowingSpeechSynthesizer', name, status, message_id: 'm', task_id: taskId, status_text: statusText }, payload: {} })
    const refuse = () => event('TaskFailed', 40_000_005, 'Gateway:TOO_MANY_REQUESTS')
    return {
      async onText(message) {
        const { header, payload } = JSON.parse(message) as { header: { name: string; task_id: string; appkey: string }; payload?: { voice?: string; text?: string } }
        if (header.name === 'StartSynthesis') {
          taskId = header.task_id
          text = ''
          if (own.fault === 'quota') return refuse()
          if (payload!.voice === 'no such voice') return event('TaskFailed', 40_000_003, 'Gateway:PARAMETER_INVALID')
          return event('SynthesisStarted')
        }
        if (header.name === 'RunSynthesis') text += payload!.text ?? ''
        if (header.name !== 'StopSynthesis') return
        for await (const pcm of spoken(tts, text)) {
          if (own.fault === 'quota') return refuse()
          for (const piece of pieces(pcm)) send(piece)
        }
        event('SynthesisCompleted')
      },
      onAudio: () => {},
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

/** `/v1/audio/speech` in raw audio at 24 kHz, or WAV whatever was asked for. */
export async function fakeSpeech(tts: TtsProvider, form: 'raw' | 'wav'): Promise<FakeHttpService & { fault: Fault }> {
  const http = await fakeHttpService(async (request, body, response) => {
    const refuse = (status: number, message: string) => void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } }))
    if (service.fault === 'refuse' || request.headers.authorization !== `Bearer ${fakeKey}`) return refuse(401, 'Incorrect API key provided')
    if (service.fault === 'quota') return refuse(429, 'You exceeded your current quota')
    if (service.fault === 'garbage') return refuse(500, 'internal')
    if (service.fault === 'mute') return undefined
    if (service.fault === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
    const { input, voice, response_format } = JSON.parse(body.toString('utf8')) as { input: string; voice: string; response_format: string }
    if (voice === 'no such voice' || response_format !== 'pcm') return refuse(400, 'invalid voice or format')
    response.writeHead(200, { 'Content-Type': form === 'wav' ? 'audio/wav' : 'audio/pcm' })
    const rateHz = form === 'wav' ? 16_000 : 24_000
    const up = new Resampler(SAMPLE_RATE_HZ, rateHz)
    // The header of a stream says nothing about its length.
    if (form === 'wav') response.write(writeWav({ encoding: 'pcm16', sampleRateHz: rateHz }, [new Int16Array(0)]))
    for await (const pcm of spoken(tts, input)) {
      // It may come in the middle.
      const fault = service.fault as Fault
      if (fault === 'mute') return undefined
      if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
      for (const piece of pieces(up.push(pcm))) response.write(piece)
      if (service.fault === 'reset') return void request.socket.destroy()
      // Proper chunks, but the last one never comes.
      if (service.fault === 'half-close') return void request.socket.end()
    }
    for (const piece of pieces(up.flush())) response.write(piece)
    return void response.end()
  })
  const service = Object.assign(http, { fault: 'none' as Fault })
  return service
}
