// Knows how a vendor's recognition over WebSocket is described: its messages for one utterance, and what its answers come to. Does not know connections.
import type { ServiceAddress } from '../sockets/service-socket.ts'
import type { AsrOptions } from './provider.ts'

/** What a message of the service comes to. Times are milliseconds from the beginning of the utterance's audio. */
export type Reading =
  /** Audio may be sent now. */
  | { type: 'started' }
  /** The sentence under way, whole. */
  | { type: 'partial'; text: string }
  | { type: 'sentence'; text: string; beginMs?: number | undefined; endMs?: number | undefined; confidence?: number | undefined }
  /** Everything of this utterance has been said. */
  | { type: 'finished' }
  | { type: 'failed'; reason: string; retryable: boolean }

/** One utterance as the vendor's messages. */
export type UtteranceDialect = {
  begin(): string
  end(): string
  /** Errors: any for what cannot be read; the utterance fails then. */
  read(message: unknown): readonly Reading[]
}

export type AsrDialect = {
  address: ServiceAddress
  sampleRateHz: 8_000 | 16_000
  /** Audio per message, milliseconds. */
  chunkMs: number
  /** Audio before the service has said `started` is an error. */
  waitsForStart: boolean
  /** The connection serves another utterance after this one. */
  reusable: boolean
  /** The service drops a connection without a task after about this long. */
  idleMsMax: number
  hotWords: boolean
  utterance(options: Pick<AsrOptions, 'hotWords'>): UtteranceDialect
}
