// Knows the messages of DashScope's CosyVoice synthesis. Source: Model Studio, CosyVoice WebSocket API.
import { randomUUID } from 'node:crypto'
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { dashScopeAddress, dashScopeIdleMsMax, dashScopeMessage, readDashScope } from '../sockets/dashscope.ts'
import { paceOf } from './pace.ts'
import type { Voice } from './provider.ts'
import { ServiceTts, type SpeechDialect, type SpeechLimits } from './service-tts.ts'

export type CosyVoiceOptions = {
  apiKey: string
  /** The mainland service when absent. */
  url?: string | undefined
  /** `cosyvoice-v3-flash` when absent. The voice must be one of the model's. */
  model?: string | undefined
  limits?: Partial<SpeechLimits> | undefined
}

const DEFAULT_MODEL = 'cosyvoice-v3-flash'
const DEFAULT_VOICE = 'longanyang'

export function createCosyVoice({ apiKey, url, model = DEFAULT_MODEL, limits }: CosyVoiceOptions): ServiceTts {
  return new ServiceTts(
    {
      address: dashScopeAddress({ provider: 'cosyvoice', url, apiKey }),
      idleMsMax: dashScopeIdleMsMax,
      speech: (spoken, voice) => speech(model, spoken, voice),
    },
    limits,
  )
}

function speech(model: string, spoken: string, voice: Voice): SpeechDialect {
  const taskId = randomUUID()
  const parameters = {
    text_type: 'PlainText',
    voice: voice.name === '' ? DEFAULT_VOICE : voice.name,
    format: 'pcm',
    sample_rate: SAMPLE_RATE_HZ,
    volume: Math.round(Math.max(0, Math.min(100, voice.volume))),
    rate: paceOf(voice.speed),
    pitch: 1,
  }
  return {
    begin: () => dashScopeMessage('run-task', taskId, { task_group: 'audio', task: 'tts', function: 'SpeechSynthesizer', model, parameters, input: {} }),
    // Without the end the tail of the text may never be spoken.
    say: () => [dashScopeMessage('continue-task', taskId, { input: { text: spoken } }), dashScopeMessage('finish-task', taskId, { input: {} })],
    read: (raw) => {
      const message = readDashScope(raw, taskId)
      if (message.event === 'task-started') return { type: 'started' }
      if (message.event === 'task-finished') return { type: 'finished' }
      if (message.event === 'task-failed') return { type: 'failed', reason: message.reason, retryable: message.retryable }
      return undefined
    },
  }
}
