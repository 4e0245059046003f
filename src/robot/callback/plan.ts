// What is stored with a call that a customer's callback server leads, and the limits of its server. Does not know HTTP.
import type { VoiceWish } from '../voice-wish.ts'

/** How a customer's server is asked. Every time is one of the callee's patience. */
export type CallbackServer = {
  /** http or https; its own query is kept. */
  url: string
  /** Where the four parameters go: the body or the address, never both. Source: the published sample shows a query; its receivers read forms. */
  parameters: 'form' | 'query'
  /** A turn is given up after this long, retries included. */
  timeoutMs: number
  /** After a connection that failed or a status of 5xx or 429. The server may then have seen the turn twice. */
  retriesMax: number
  /** While a turn takes longer than this after the callee's last sound, they hear `waiting`. */
  waitingAfterMs: number
  /** '' says nothing. */
  waiting: string
  /** Said when a turn failed and nothing is playing. '' says nothing. */
  fallback: string
  /** Said before hanging up, when `failuresMax` turns failed one after the other. */
  closing: string
  failuresMax: number
}
export const callbackServerDefaults = {
  parameters: 'form',
  timeoutMs: 5_000,
  retriesMax: 0,
  waitingAfterMs: 1_900,
  waiting: '请您稍等。',
  fallback: '抱歉，我这边没有听清，请您再说一遍。',
  closing: '抱歉，系统暂时无法处理，稍后再与您联系，再见。',
  failuresMax: 3,
} as const satisfies Omit<CallbackServer, 'url'>

/** What SmartCall asked for, within its ranges. */
export type CallbackPlan = {
  /** As the customer's server knows the call: digits^digits. */
  wireId: string
  server: CallbackServer
  /** In front of the account's names of its recorded files. */
  filePrefix: string
  /** VoiceCode and its texts; played as soon as the callee picked up. `notice`: said before it, that the voice is synthetic. */
  opening: { notice?: string | undefined; code: string; texts: Readonly<Record<string, string>>; breakable: boolean; timeBreakMs: number }
  muteMs: number
  pauseMs?: number | undefined
  talkMsMax?: number | undefined
  dynamicId?: string | undefined
  /** Whether the words of the network before the answer are told. */
  earlyMedia?: boolean | undefined
  /** Whether the call may be recorded; callbacks then tell since when. */
  recorded: boolean
  itn: boolean
  /** Whether words are told while they are spoken. */
  partials?: boolean | undefined
  voice: VoiceWish
  background?: string | undefined
  /** Names of call centres → E.164: whom a parallel transfer may call by name. */
  callCentres: Readonly<Record<string, string>>
}

/** Stored with the call in the place of a requirement. */
export type CallbackSpec = { kind: 'callback'; plan: CallbackPlan }

export function isCallback(spec: unknown): spec is CallbackSpec {
  return typeof spec === 'object' && spec !== null && 'kind' in spec && spec.kind === 'callback'
}

/** Times for the callee's silence. Source: SmartCall's MuteTime and a reply's mute_time: out of range is the default, no error. */
export const muteTime = { min: 1_000, max: 20_000, or: 10_000 } as const
