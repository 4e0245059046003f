// The table of speech recognition providers: name → how to make one. Adding one is a file and a line here.
import { needed } from '../needed-option.ts'
import type { NlsKeys } from '../sockets/nls.ts'
import { BuiltinAsr, type BuiltinAsrOptions } from './builtin/provider.ts'
import { createDashScopeAsr } from './dashscope.ts'
import { createFunAsr } from './funasr.ts'
import { createNlsAsr } from './nls.ts'
import { OpenAiAsr } from './openai.ts'
import type { AsrProvider } from './provider.ts'
import { SherpaAsr } from './sherpa.ts'

/** What the operator may set. Each provider takes what it needs. */
export type AsrSettings = {
  builtin?: BuiltinAsrOptions
  /** ASR_URL */
  url?: string | undefined
  /** ASR_API_KEY */
  apiKey?: string | undefined
  /** ASR_MODEL */
  model?: string | undefined
  /** Folder of the model that ASR_MODEL names. */
  modelFolder?: string | undefined
  /** SHERPA_ENGINE */
  engine?: string | undefined
  /** ASR_TLS_VERIFY */
  verifyCertificate?: boolean | undefined
  /** NLS_ACCESS_KEY_ID and NLS_ACCESS_KEY_SECRET */
  nlsKeys?: NlsKeys | undefined
  /** NLS_APPKEY */
  nlsAppkey?: string | undefined
  /** NLS_TOKEN_URL */
  nlsTokenUrl?: string | undefined
}

/** Makes a provider; it starts nothing before warmUp() or open(). Errors: InvalidInputError that names the option that is missing. */
export type AsrFactory = (settings: AsrSettings) => AsrProvider

export const asrProviders = {
  builtin: (settings) => new BuiltinAsr(settings.builtin),
  funasr: ({ url, verifyCertificate }) => createFunAsr({ url: needed('ASR_URL', url, 'ws://host:10095'), verifyCertificate }),
  dashscope: ({ url, apiKey, model }) => createDashScopeAsr({ url, apiKey: needed('ASR_API_KEY', apiKey, 'sk-…'), model }),
  nls: ({ url, nlsKeys, nlsAppkey, nlsTokenUrl }) => createNlsAsr({ url, keys: needed('NLS_ACCESS_KEY_ID', nlsKeys, 'LTAI… with NLS_ACCESS_KEY_SECRET'), appkey: needed('NLS_APPKEY', nlsAppkey, 'the appkey of a project for 8 kHz speech'), tokenUrl: nlsTokenUrl }),
  openai: ({ url, apiKey, model }) => new OpenAiAsr({ baseUrl: needed('ASR_URL', url, 'http://127.0.0.1:8000/v1'), apiKey, model }),
  sherpa: ({ modelFolder, engine }) => new SherpaAsr({ model: needed('ASR_MODEL', modelFolder, 'a name of `waihu models list`, or the folder of a model'), engine }),
} as const satisfies Record<string, AsrFactory>

export type AsrProviderName = keyof typeof asrProviders
