// Knows the messages of the FunASR runtime, in the dialects of its C++ and its Python server. Source: FunASR runtime/docs/websocket_protocol.
import { z } from 'zod'
import type { ServiceAddress } from '../sockets/service-socket.ts'
import { ServiceAsr } from './service-asr.ts'
import type { AsrDialect, Reading, UtteranceDialect } from './service-dialect.ts'
import type { ServiceLimits } from './service-utterance.ts'

export type FunAsrOptions = {
  /** ws://host:10095 or wss://…: the C++ server speaks TLS unless started with `--certfile 0`. */
  url: string
  /** Its own certificate is self-signed as shipped. */
  verifyCertificate?: boolean | undefined
  limits?: Partial<ServiceLimits> | undefined
}

/** Begin and end of each word, ms; a number in partials, JSON in a string from the C++ server. */
const wordTimes = z.array(z.tuple([z.number(), z.number()])).catch([])
const timestamp = z.preprocess((value) => (typeof value === 'string' ? parsedOr(value, []) : value), wordTimes)

function parsedOr(json: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return otherwise
  }
}

const message = z.object({
  text: z.string().optional(),
  mode: z.string().optional(),
  is_final: z.boolean().optional(),
  is_end: z.boolean().optional(),
  error: z.string().optional(),
  slice_type: z.number().optional(),
  start_time: z.number().optional(),
  end_time: z.number().optional(),
  timestamp,
  stamp_sents: z.unknown().optional(),
})

/** [left, now, right] in 60 ms: a step of 480 ms, the quicker one of the two that its models take. */
const CHUNK_SIZE = [8, 8, 4] as const
const CHUNK_INTERVAL = 8
const HOT_WORD_WEIGHT = 20

/** Makes a recogniser; it connects when it is warmed up or first needed. */
export function createFunAsr({ url, verifyCertificate, limits }: FunAsrOptions): ServiceAsr {
  const address: ServiceAddress = { provider: 'funasr', url, subprotocol: 'binary', verifyCertificate }
  const dialect: AsrDialect = {
    address,
    // The Python server does not resample.
    sampleRateHz: 16_000,
    chunkMs: 60,
    waitsForStart: false,
    reusable: true,
    idleMsMax: 60_000,
    hotWords: true,
    utterance: ({ hotWords }) => new FunAsrUtterance(hotWords),
  }
  return new ServiceAsr(dialect, limits)
}

class FunAsrUtterance implements UtteranceDialect {
  readonly #hotWords: readonly string[]
  /** Partials are increments. */
  #partial = ''
  #ended = false
  #endAcknowledged = false

  constructor(hotWords: readonly string[]) {
    this.#hotWords = hotWords
  }

  begin(): string {
    const hotWords = this.#hotWords.length === 0 ? {} : { hotwords: JSON.stringify(Object.fromEntries(this.#hotWords.map((word) => [word, HOT_WORD_WEIGHT]))) }
    return JSON.stringify({
      mode: '2pass',
      wav_name: 'call',
      wav_format: 'pcm',
      audio_fs: 16_000,
      is_speaking: true,
      chunk_size: CHUNK_SIZE,
      chunk_interval: CHUNK_INTERVAL,
      encoder_chunk_look_back: 4,
      decoder_chunk_look_back: 0,
      itn: true,
      ...hotWords,
    })
  }

  /** `is_end` makes the Python server acknowledge; the C++ server knows no such key. */
  end(): string {
    this.#ended = true
    return JSON.stringify({ is_speaking: false, is_end: true })
  }

  read(raw: unknown): readonly Reading[] {
    const { text = '', mode = '', is_final = false, is_end = false, error, slice_type, start_time, end_time, timestamp, stamp_sents } = message.parse(raw)
    if (error !== undefined) return [{ type: 'failed', reason: error, retryable: true }]
    if (text.startsWith('ERROR.')) return [{ type: 'failed', reason: text, retryable: false }]
    if (is_end) return this.#finished([])
    if (mode.endsWith('online')) {
      this.#partial += text
      // The C++ server in the mode without a second pass ends here.
      return is_final && this.#ended ? this.#finished(this.#sentence(this.#partial)) : [{ type: 'partial', text: this.#partial }]
    }
    const sentence = text === '' ? [] : this.#sentence(text, start_time ?? timestamp[0]?.[0], end_time ?? timestamp.at(-1)?.[1])
    // From the Python server every sentence is final, and the end comes by itself; that of the C++ server has keys of its own, or no text.
    const isEnd = is_final && this.#ended && (slice_type !== undefined || start_time !== undefined || stamp_sents !== undefined || text === '')
    return isEnd ? this.#finished(sentence) : sentence
  }

  #sentence(text: string, beginMs?: number, endMs?: number): Reading[] {
    this.#partial = ''
    return text === '' ? [] : [{ type: 'sentence', text, beginMs, endMs }]
  }

  #finished(before: Reading[]): Reading[] {
    if (this.#endAcknowledged) return []
    this.#endAcknowledged = true
    return [...before, { type: 'finished' }]
  }
}
