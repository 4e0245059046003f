// Knows the messages of Aliyun's flowing synthesis (NLS FlowingSpeechSynthesizer). Source: Intelligent Speech Interaction, FlowingSpeechSynthesizer WebSocket protocol.
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { nlsId, nlsMessage, nlsUrl, NlsTokens, readNls, type NlsKeys } from '../sockets/nls.ts'
import type { Voice } from './provider.ts'
import { ServiceTts, type SpeechDialect, type SpeechLimits } from './service-tts.ts'

export type NlsTtsOptions = {
  keys: NlsKeys
  appkey: string
  url?: string | undefined
  tokenUrl?: string | undefined
  limits?: Partial<SpeechLimits> | undefined
}

const NAMESPACE = 'FlowingSpeechSynthesizer'
const DEFAULT_VOICE = 'longxiaochun_v2'

export function createNlsTts({ keys, appkey, url = nlsUrl, tokenUrl, limits }: NlsTtsOptions): ServiceTts {
  const provider = 'nls'
  const tokens = new NlsTokens({ provider, keys, url: tokenUrl })
  return new ServiceTts(
    {
      address: { provider, url, headers: async () => ({ 'X-NLS-Token': await tokens.get() }) },
      // It gives up a connection on which nothing happens after ten seconds.
      idleMsMax: 8_000,
      speech: (spoken, voice) => speech(appkey, spoken, voice),
    },
    limits,
  )
}

function speech(appkey: string, spoken: string, voice: Voice): SpeechDialect {
  const taskId = nlsId()
  const message = (name: string, payload?: object) => nlsMessage({ namespace: NAMESPACE, name, taskId, appkey }, payload)
  const clamped = (value: number, min: number, max: number) => Math.round(Math.max(min, Math.min(max, value)))
  return {
    begin: () =>
      message('StartSynthesis', {
        voice: voice.name === '' ? DEFAULT_VOICE : voice.name,
        format: 'pcm',
        sample_rate: SAMPLE_RATE_HZ,
        volume: clamped(voice.volume, 0, 100),
        speech_rate: clamped(voice.speed, -500, 500),
        pitch_rate: 0,
        enable_subtitle: false,
      }),
    say: () => [message('RunSynthesis', { text: spoken }), message('StopSynthesis')],
    read: (raw) => {
      const event = readNls(raw, taskId)
      if (event === undefined) return undefined
      if (event.failed) return { type: 'failed', ...event.failed }
      if (event.name === 'SynthesisStarted') return { type: 'started' }
      if (event.name === 'SynthesisCompleted') return { type: 'finished' }
      return undefined
    },
  }
}
