// Knows the messages of DashScope's realtime recognition (Paraformer, Fun-ASR). Source: Model Studio, Paraformer realtime WebSocket API.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { dashScopeAddress, dashScopeIdleMsMax, dashScopeMessage, readDashScope } from '../sockets/dashscope.ts'
import { ServiceAsr } from './service-asr.ts'
import type { AsrDialect, Reading, UtteranceDialect } from './service-dialect.ts'
import type { ServiceLimits } from './service-utterance.ts'

export type DashScopeAsrOptions = {
  apiKey: string
  /** The mainland service when absent. */
  url?: string | undefined
  /** `paraformer-realtime-8k-v2` when absent: made for telephone Mandarin. */
  model?: string | undefined
  limits?: Partial<ServiceLimits> | undefined
}

const DEFAULT_MODEL = 'paraformer-realtime-8k-v2'
/** Turns are ended by us; a sentence that the service ends earlier is settled earlier. */
const SENTENCE_SILENCE_MS = 500

const result = z.object({
  output: z.object({
    sentence: z
      .object({
        text: z.string(),
        begin_time: z.number().nullish(),
        end_time: z.number().nullish(),
        sentence_end: z.boolean().nullish(),
        heartbeat: z.boolean().nullish(),
      })
      .optional(),
  }),
})

export function createDashScopeAsr({ apiKey, url, model = DEFAULT_MODEL, limits }: DashScopeAsrOptions): ServiceAsr {
  const dialect: AsrDialect = {
    address: dashScopeAddress({ provider: 'dashscope', url, apiKey }),
    sampleRateHz: /8k/.test(model) ? 8_000 : 16_000,
    chunkMs: 100,
    waitsForStart: true,
    reusable: true,
    idleMsMax: dashScopeIdleMsMax,
    // Its hot words are vocabularies made in advance.
    hotWords: false,
    utterance: () => new DashScopeUtterance(model),
  }
  return new ServiceAsr(dialect, limits)
}

class DashScopeUtterance implements UtteranceDialect {
  readonly #taskId = randomUUID()
  readonly #model: string

  constructor(model: string) {
    this.#model = model
  }

  begin(): string {
    return dashScopeMessage('run-task', this.#taskId, {
      task_group: 'audio',
      task: 'asr',
      function: 'recognition',
      model: this.#model,
      parameters: {
        format: 'pcm',
        sample_rate: /8k/.test(this.#model) ? 8_000 : 16_000,
        semantic_punctuation_enabled: false,
        max_sentence_silence: SENTENCE_SILENCE_MS,
        punctuation_prediction_enabled: true,
        inverse_text_normalization_enabled: true,
        language_hints: ['zh'],
      },
      input: {},
    })
  }

  end(): string {
    return dashScopeMessage('finish-task', this.#taskId, { input: {} })
  }

  read(raw: unknown): readonly Reading[] {
    const message = readDashScope(raw, this.#taskId)
    switch (message.event) {
      case 'task-started':
        return [{ type: 'started' }]
      case 'task-finished':
        return [{ type: 'finished' }]
      case 'task-failed':
        return [{ type: 'failed', reason: message.reason, retryable: message.retryable }]
      case 'other':
        return []
    }
    const { sentence } = result.parse(message.payload).output
    if (sentence === undefined || sentence.heartbeat === true) return []
    // Older servers say the end of a sentence by its time alone.
    const isEnd = sentence.sentence_end ?? typeof sentence.end_time === 'number'
    if (!isEnd) return [{ type: 'partial', text: sentence.text }]
    return sentence.text === '' ? [] : [{ type: 'sentence', text: sentence.text, beginMs: sentence.begin_time ?? undefined, endMs: sentence.end_time ?? undefined }]
  }
}
