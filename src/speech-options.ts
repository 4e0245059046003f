// Knows how the options become a recogniser and a voice. Does not know calls.
import path from 'node:path'
import type { Config } from './config.ts'
import { InvalidInputError } from './errors.ts'
import { endpointsOf } from './robot/model/endpoints.ts'
import { smartCallVoices } from './robot/voice-wish.ts'
import type { ServicePrices } from './service-use.ts'
import { asrProviders, type AsrFactory } from './speech/asr/index.ts'
import type { AsrProvider } from './speech/asr/provider.ts'
import { meteredAsr, meteredTts } from './speech/metering.ts'
import { createEspeak } from './speech/tts/espeak/provider.ts'
import { SherpaVad } from './speech/sherpa/vad.ts'
import { ttsProviders, type TtsFactory } from './speech/tts/index.ts'
import { AsrChain } from './speech/fallback/asr-chain.ts'
import { TtsChain } from './speech/fallback/tts-chain.ts'
import { defaultVoice, type TtsProvider, type Voice } from './speech/tts/provider.ts'

/**
 * The recogniser of ASR, or the chain of several. ASR_URL, ASR_API_KEY and ASR_MODEL belong to them by position.
 * Errors: InvalidInputError that names the option.
 */
export function openAsr(config: Config): AsrProvider {
  const names = listed(config.asr)
  const [urls, keys, models] = [urlsOf('ASR_URL', config.asrUrl, names), byPosition('ASR_API_KEY', config.asrApiKey, names), byPosition('ASR_MODEL', config.asrModel, names)]
  const [first, ...others] = names.map((name, i) => meteredAsr(pick<AsrFactory>('ASR', asrProviders, name)({ url: urls[i], apiKey: keys[i], model: models[i], verifyCertificate: config.asrTlsVerify, modelFolder: modelFolder(config, models[i]), engine: config.sherpaEngine, ...nlsSettings(config) })))
  return others.length === 0 ? first! : new AsrChain([first!, ...others])
}

/** The voice of TTS, or the chain of several. TTS_URL, TTS_API_KEY, TTS_MODEL and TTS_VOICE belong to them by position. Errors: as openAsr(). */
export function openTts(config: Config): TtsProvider {
  const names = listed(config.tts)
  const [urls, keys, models] = [urlsOf('TTS_URL', config.ttsUrl, names), byPosition('TTS_API_KEY', config.ttsApiKey, names), byPosition('TTS_MODEL', config.ttsModel, names)]
  const voices = voiceNames(config)
  const [first, ...others] = names.map((name, i) => ({
    provider: meteredTts(pick<TtsFactory>('TTS', ttsProviders, name)({ url: urls[i], apiKey: keys[i], model: models[i], sampleRateHz: config.ttsSampleRate || undefined, modelFolder: modelFolder(config, models[i]), engine: config.sherpaEngine, ...nlsSettings(config) })),
    voiceName: voices[i],
  }))
  const lastResort = config.ttsLastResort && !names.includes('espeak') ? [{ provider: meteredTts(createEspeak({ children: 1 })), voiceName: 'f3', lastResort: true }] : []
  return others.length + lastResort.length === 0 ? first!.provider : new TtsChain([first!, ...others, ...lastResort])
}

/** What the robot speaks with. */
export function voiceOf(config: Config): Voice {
  return { ...defaultVoice, name: voiceNames(config)[0]! }
}

/** Whether the first synthesiser has one of the voices that SmartCall names. */
export function knowsSmartCallVoice({ tts }: Config, name: string): boolean {
  return listed(tts)[0] === 'nls' && smartCallVoices.includes(name)
}

function voiceNames(config: Config): string[] {
  const names = listed(config.tts)
  const voices = byPosition('TTS_VOICE', config.ttsVoice, names)
  // The plain voice of eSpeak is harder to follow on the telephone.
  return names.map((name, i) => voices[i] ?? (name === 'espeak' ? 'f3' : ''))
}

/** Where downloaded models are kept. */
export function modelsDir({ dataDir }: { dataDir: string }): string {
  return path.join(dataDir, 'models')
}

/** A name is a model that was downloaded; a path is one of the operator's own. */
export function modelFolder(config: { dataDir: string }, model: string | undefined): string | undefined {
  if (model === undefined) return undefined
  return model.includes('/') ? path.resolve(model) : path.join(modelsDir(config), model)
}

/** The second voice detector; undefined: the built-in one decides alone. */
export function openActivity(config: Config): SherpaVad | undefined {
  return config.vad === 'silero' ? new SherpaVad({ model: modelFolder(config, config.vadModel)!, engine: config.sherpaEngine }) : undefined
}

/** What services cost, by the options of prices. Those that run on this machine cost nothing. Errors: InvalidInputError that names the option. */
export function pricesOf(config: Config): ServicePrices {
  const local = new Set(['builtin', 'espeak', 'sherpa'])
  const byName = (option: string, text: string | undefined, names: readonly string[]) => {
    const prices = new Map<string, number>(names.filter((name) => local.has(name)).map((name) => [name, 0]))
    byPosition(option, text, names).forEach((price, i) => price !== undefined && prices.set(names[i]!, priceOf(option, price)))
    return prices
  }
  const models = endpointsOf({ baseUrl: config.llmBaseUrl, apiKey: config.llmApiKey, model: config.llmModel }).map(({ model }) => model)
  const model = new Map<string, { input: number; output: number }>()
  byPosition('LLM_PRICE', config.llmPrice, models).forEach((pair, i) => {
    if (pair === undefined) return
    const [input, output = input] = pair.split('/').map((price) => priceOf('LLM_PRICE', price))
    model.set(models[i]!, { input: input!, output: output! })
  })
  return { recognition: byName('ASR_PRICE', config.asrPrice, listed(config.asr)), synthesis: byName('TTS_PRICE', config.ttsPrice, listed(config.tts)), model }
}

function priceOf(option: string, text: string): number {
  const price = Number(text)
  if (text.trim() === '' || !Number.isFinite(price) || price < 0) throw new InvalidInputError(option, `${option} '${text}' 不是价格。 ${option} '${text}' is no price: write RMB such as 0.86`)
  return price
}

function listed(text: string): string[] {
  return text.split(',').map((name) => name.trim())
}

/** One value for each name; undefined where it is left empty. */
function byPosition(option: string, text: string | undefined, names: readonly string[]): (string | undefined)[] {
  const values = text === undefined ? [] : listed(text)
  if (values.length > names.length) throw new InvalidInputError(option, `${option} 的项数多于 ${option.slice(0, 3)}。 ${option} has more entries than ${option.slice(0, 3)} names: ${names.join(', ')}`)
  return names.map((_, i) => values[i] || undefined)
}

function urlsOf(option: string, text: string | undefined, names: readonly string[]): (string | undefined)[] {
  const urls = byPosition(option, text, names)
  for (const url of urls) if (url !== undefined && !URL.canParse(url)) throw new InvalidInputError(option, `${option} '${url}' 不是地址。 ${option} '${url}' is no address: write ws://host:port or http://host:port/v1`)
  return urls
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
