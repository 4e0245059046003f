// Knows how the options become a recogniser and a voice. Does not know calls.
import type { Config } from './config.ts'
import { InvalidInputError } from './errors.ts'
import { asrProviders, type AsrFactory } from './speech/asr/index.ts'
import type { AsrProvider } from './speech/asr/provider.ts'
import { ttsProviders, type TtsFactory } from './speech/tts/index.ts'
import { defaultVoice, type TtsProvider, type Voice } from './speech/tts/provider.ts'

/** The recogniser of ASR. Errors: InvalidInputError that names the option. */
export function openAsr(config: Config): AsrProvider {
  const { asrUrl: url, asrApiKey: apiKey, asrModel: model, asrTlsVerify: verifyCertificate } = config
  return pick<AsrFactory>('ASR', asrProviders, config.asr)({ url, apiKey, model, verifyCertificate, ...nlsSettings(config) })
}

/** The voice of TTS. Errors: InvalidInputError that names the option. */
export function openTts(config: Config): TtsProvider {
  const { ttsUrl: url, ttsApiKey: apiKey, ttsModel: model, ttsSampleRate } = config
  return pick<TtsFactory>('TTS', ttsProviders, config.tts)({ url, apiKey, model, sampleRateHz: ttsSampleRate || undefined, ...nlsSettings(config) })
}

/** What the robot speaks with. */
export function voiceOf(config: Config): Voice {
  // The plain voice of eSpeak is harder to follow on the telephone.
  return { ...defaultVoice, name: config.ttsVoice === '' && config.tts === 'espeak' ? 'f3' : config.ttsVoice }
}

function nlsSettings({ nlsAccessKeyId, nlsAccessKeySecret, nlsAppkey, nlsTokenUrl }: Config) {
  const nlsKeys = nlsAccessKeyId === undefined || nlsAccessKeySecret === undefined ? undefined : { accessKeyId: nlsAccessKeyId, accessKeySecret: nlsAccessKeySecret }
  return { nlsKeys, nlsAppkey, nlsTokenUrl }
}

function pick<T>(option: string, table: Record<string, T>, name: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found === undefined) throw new InvalidInputError(option, `${option} '${name}' is not known: choose one of ${Object.keys(table).join(', ')}`)
  return found
}
