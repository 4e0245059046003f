// Knows every limit and default of the dialer. Does not know where they come from.
import { handoverDefaults, type HandoverTerms } from '../call/controls.ts'
import { assertHours, type DayWindow } from './admission/calling-hours.ts'
import type { FrequencyLimit } from './admission/frequency.ts'
import { taskDefaults, type TaskSettings } from './tasks/task-settings.ts'

export type DialerSettings = {
  /** How humans are brought into calls. */
  handover: HandoverTerms
  /** When single calls may be dialled, Asia/Shanghai. Must lie within 08:00–22:00. */
  hours: readonly DayWindow[]
  /** Attempts per callee over all accounts and lines, failures included. */
  frequency: readonly FrequencyLimit[]
  /** E.164 numbers of the operator's own telephones, dialled at any hour. Never-dial and do-not-call bind them too. */
  testNumbers: readonly string[]
  /** A call that could not be dialled within this time expires. */
  queueMsMax: number
  /** Most numbers in one request. */
  phonesPerRequestMax: number
  requirementCharsMax: number
  idempotencyKeyCharsMax: number
  /** How long an idempotency key answers for its request. */
  idempotencyKeyMs: number
  /** Queued calls of one account. */
  queuedPerAccountMax: number
  /** Queued calls of everybody. */
  queuedMax: number
  /** Told to clients that met a full queue. */
  retryAfterMs: number
  /** A call whose owner was not heard of for this long is closed by whoever notices. Must be several heartbeats. */
  leaseMs: number
  heartbeatMs: number
  /** Look for due calls at least this often; NOTIFY only makes it sooner. */
  pollMs: number
  /** Most calls examined or started on a line in one transaction. */
  claimBatchMax: number
  takeoverMs: number
  takeoverBatchMax: number
  /** Money is extended when less than this of talking is covered. */
  extendAheadMs: number
  /** How much talking one extension should cover. */
  extendByMs: number
  /** The robot says goodbye when less than this is covered. Must be shorter than `extendAheadMs`. */
  goodbyeMs: number
  /** A call that runs this much longer than its line allows is aborted. */
  overrunMsMax: number
  /** Events of one call; a call that produces more is ended. */
  eventsPerCallMax: number
  /** Events of all calls waiting for the database; calls beyond it are ended. */
  eventsBufferedMax: number
  eventsPerBatchMax: number
  /** Followers of one process. */
  followersMax: number
  followPollMs: number
  /** Settlements that run at once. */
  settlingMax: number
  failover: FailoverSettings
  webhook: WebhookSettings
  tasks: TaskSettings
}

/** What becomes of a call whose attempt failed before anything rang. */
export type FailoverSettings = {
  /** Attempts of one call, the first included. */
  attemptsMax: number
  /** No attempt begins later than this after the first one. */
  withinMs: number
  /** Before the only trunk is tried once more after it said that it is busy. */
  sameTrunkPauseMs: number
}

export type WebhookSettings = {
  timeoutMs: number
  /** Wait before the 2nd, 3rd … attempt. After the last one the delivery is dead. */
  backoffMs: readonly number[]
  concurrencyMax: number
  pollMs: number
  /** May webhooks point to loopback, link-local and private addresses? */
  privateAllowed: boolean
  responseBytesMax: number
}

export type ReceiptSettings = {
  /** For the whole answer. */
  timeoutMs: number
  /** Wait before the 2nd, 3rd … attempt. After the last one a receipt is dead. */
  backoffMs: readonly number[]
  /** Receipts in one post; their ids go in one header, which many servers keep below 8 KiB. */
  batchMax: number
  /** Posts at once; one at a time to each address. */
  postsMax: number
  /** An address that failed is left alone for so long, twice as long after the second failure in a row, and so on: what is due gathers meanwhile. */
  pauseMs: number
  pauseMsMax: number
  pollMs: number
  /** May receipts go to loopback, link-local and private addresses? */
  privateAllowed: boolean
  answerBytesMax: number
  /** Waiting for one address; more are given up, to be asked for again by hand. */
  backlogMax: number
  tidyMs: number
  keepDeliveredMs: number
  keepDeadMs: number
}

/** Rows a log may hold beside the events of the call itself: accepted, waiting, dialing, ended. */
export const rowsBesideMax = 100

const minute = 60_000
const hour = 60 * minute

export const dialerDefaults: DialerSettings = checkDialerSettings({
  handover: handoverDefaults,
  hours: [{ openMinute: 8 * 60, closeMinute: 21 * 60 }],
  frequency: [
    { count: 1, windowMs: minute },
    { count: 3, windowMs: hour },
    { count: 5, windowMs: 24 * hour },
  ],
  testNumbers: [],
  queueMsMax: 30 * minute,
  phonesPerRequestMax: 100,
  requirementCharsMax: 2_000,
  idempotencyKeyCharsMax: 255,
  idempotencyKeyMs: 7 * 24 * hour,
  queuedPerAccountMax: 10_000,
  queuedMax: 100_000,
  retryAfterMs: 5_000,
  leaseMs: 10_000,
  heartbeatMs: 2_000,
  pollMs: 500,
  claimBatchMax: 50,
  takeoverMs: 2_000,
  takeoverBatchMax: 50,
  extendAheadMs: 25_000,
  extendByMs: 60_000,
  goodbyeMs: 8_000,
  overrunMsMax: 30_000,
  eventsPerCallMax: 2_000,
  eventsBufferedMax: 200_000,
  eventsPerBatchMax: 1_000,
  followersMax: 10_000,
  followPollMs: 1_000,
  settlingMax: 8,
  failover: { attemptsMax: 3, withinMs: 45_000, sameTrunkPauseMs: 1_000 },
  webhook: {
    timeoutMs: 5_000,
    backoffMs: [10_000, minute, 5 * minute, 30 * minute, 2 * hour],
    concurrencyMax: 4,
    pollMs: 1_000,
    privateAllowed: false,
    responseBytesMax: 4_096,
  },
  tasks: taskDefaults,
})

/** Source of time-out and waits: the published HTTP batch push. */
export const receiptDefaults: ReceiptSettings = {
  timeoutMs: 700,
  backoffMs: [minute, 5 * minute, 10 * minute],
  batchMax: 50,
  postsMax: 32,
  pauseMs: 1_000,
  pauseMsMax: 5_000,
  pollMs: 1_000,
  privateAllowed: false,
  answerBytesMax: 16_384,
  backlogMax: 20_000,
  tidyMs: 30_000,
  keepDeliveredMs: 3 * 24 * hour,
  keepDeadMs: 30 * 24 * hour,
}

/** Refuses settings that contradict each other. Errors: Error naming the setting; a start-up mistake, so not an AppError. */
export function checkDialerSettings(settings: DialerSettings): DialerSettings {
  assertHours(settings.hours)
  const must = (holds: boolean, message: string) => {
    if (!holds) throw new Error(`dialer settings: ${message}`)
  }
  for (const limit of settings.frequency) must(limit.count >= 1 && limit.windowMs > 0, 'frequency limits need a count and a window')
  must(settings.leaseMs >= 3 * settings.heartbeatMs, 'leaseMs must be at least three heartbeats, one lost packet must not end calls')
  must(settings.goodbyeMs < settings.extendAheadMs, 'goodbyeMs must be shorter than extendAheadMs, or money is never extended in time')
  must(settings.claimBatchMax >= 1 && settings.takeoverBatchMax >= 1 && settings.eventsPerBatchMax >= 1, 'batches hold at least one')
  must(settings.failover.attemptsMax >= 1, 'failover.attemptsMax counts the first attempt')
  must(settings.webhook.backoffMs.length >= 1, 'webhook.backoffMs names at least one wait')
  return settings
}
