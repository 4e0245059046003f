// Knows the messages of Aliyun's realtime transcription (NLS SpeechTranscriber). Source: Intelligent Speech Interaction, SpeechTranscriber WebSocket protocol.
import { z } from 'zod'
import { nlsId, nlsMessage, nlsUrl, NlsTokens, readNls, type NlsKeys } from '../sockets/nls.ts'
import { ServiceAsr } from './service-asr.ts'
import type { AsrDialect, Reading, UtteranceDialect } from './service-dialect.ts'
import type { ServiceLimits } from './service-utterance.ts'

export type NlsAsrOptions = {
  keys: NlsKeys
  /** Of the project whose model is for 8 kHz telephone speech. */
  appkey: string
  url?: string | undefined
  tokenUrl?: string | undefined
  limits?: Partial<ServiceLimits> | undefined
}

const NAMESPACE = 'SpeechTranscriber'
const SENTENCE_SILENCE_MS = 500

const sentence = z.object({ result: z.string(), begin_time: z.number().optional(), time: z.number().optional(), confidence: z.number().optional() })

export function createNlsAsr({ keys, appkey, url = nlsUrl, tokenUrl, limits }: NlsAsrOptions): ServiceAsr {
  const provider = 'nls'
  const tokens = new NlsTokens({ provider, keys, url: tokenUrl })
  const dialect: AsrDialect = {
    address: { provider, url, headers: async () => ({ 'X-NLS-Token': await tokens.get() }) },
    sampleRateHz: 8_000,
    chunkMs: 100,
    waitsForStart: true,
    reusable: true,
    // It gives up a connection on which nothing happens after ten seconds.
    idleMsMax: 8_000,
    // Its hot words are vocabularies made in advance.
    hotWords: false,
    utterance: () => new NlsUtterance(appkey),
  }
  return new ServiceAsr(dialect, limits)
}

class NlsUtterance implements UtteranceDialect {
  readonly #taskId = nlsId()
  readonly #appkey: string

  constructor(appkey: string) {
    this.#appkey = appkey
  }

  begin(): string {
    return this.#message('StartTranscription', {
      format: 'pcm',
      sample_rate: 8_000,
      enable_intermediate_result: true,
      enable_punctuation_prediction: true,
      enable_inverse_text_normalization: true,
      max_sentence_silence: SENTENCE_SILENCE_MS,
    })
  }

  end(): string {
    return this.#message('StopTranscription')
  }

  read(raw: unknown): readonly Reading[] {
    const message = readNls(raw, this.#taskId)
    if (message === undefined) return []
    if (message.failed) return [{ type: 'failed', ...message.failed }]
    switch (message.name) {
      case 'TranscriptionStarted':
        return [{ type: 'started' }]
      case 'TranscriptionCompleted':
        return [{ type: 'finished' }]
      case 'TranscriptionResultChanged':
        return [{ type: 'partial', text: sentence.parse(message.payload).result }]
      case 'SentenceEnd': {
        const { result, begin_time, time, confidence } = sentence.parse(message.payload)
        return result === '' ? [] : [{ type: 'sentence', text: result, beginMs: begin_time, endMs: time, confidence }]
      }
      default:
        return []
    }
  }

  #message(name: string, payload?: object): string {
    return nlsMessage({ namespace: NAMESPACE, name, taskId: this.#taskId, appkey: this.#appkey }, payload)
  }
}
