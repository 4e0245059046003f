// The table of speech synthesis: a name in the configuration → what makes the provider. A new provider adds a file and a line here.
import { needed } from '../needed-option.ts'
import type { NlsKeys } from '../sockets/nls.ts'
import { createCosyVoice } from './cosyvoice.ts'
import { createEspeak } from './espeak/provider.ts'
import { createNlsTts } from './nls.ts'
import { OpenAiTts } from './openai.ts'
import type { TtsProvider } from './provider.ts'
import { SherpaTts } from './sherpa.ts'

/** What the operator may set. Each provider takes what it needs. */
export type TtsSettings = {
  /** TTS_URL */
  url?: string | undefined
  /** TTS_API_KEY */
  apiKey?: string | undefined
  /** TTS_MODEL */
  model?: string | undefined
  /** Folder of the model that TTS_MODEL names. */
  modelFolder?: string | undefined
  /** SHERPA_ENGINE */
  engine?: string | undefined
  /** TTS_SAMPLE_RATE */
  sampleRateHz?: number | undefined
  /** NLS_ACCESS_KEY_ID and NLS_ACCESS_KEY_SECRET */
  nlsKeys?: NlsKeys | undefined
  /** NLS_APPKEY */
  nlsAppkey?: string | undefined
  /** NLS_TOKEN_URL */
  nlsTokenUrl?: string | undefined
}

/** Makes a provider; it starts nothing before warmUp() or synthesize(). Errors: InvalidInputError that names the option that is missing. */
export type TtsFactory = (settings: TtsSettings) => TtsProvider

export const ttsProviders = {
  espeak: () => createEspeak(),
  cosyvoice: ({ url, apiKey, model }) => createCosyVoice({ url, apiKey: needed('TTS_API_KEY', apiKey, 'sk-…'), model }),
  nls: ({ url, nlsKeys, nlsAppkey, nlsTokenUrl }) => createNlsTts({ url, keys: needed('NLS_ACCESS_KEY_ID', nlsKeys, 'LTAI… with NLS_ACCESS_KEY_SECRET'), appkey: needed('NLS_APPKEY', nlsAppkey, 'the appkey of a project'), tokenUrl: nlsTokenUrl }),
  openai: ({ url, apiKey, model, sampleRateHz }) => new OpenAiTts({ baseUrl: needed('TTS_URL', url, 'http://127.0.0.1:8880/v1'), apiKey, model, sampleRateHz }),
  sherpa: ({ modelFolder, engine }) => new SherpaTts({ model: needed('TTS_MODEL', modelFolder, 'a name of `waihu models list`, or the folder of a model'), engine }),
} as const satisfies Record<string, TtsFactory>

export type TtsProviderName = keyof typeof ttsProviders
