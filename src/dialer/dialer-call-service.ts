// Knows how the APIs' wishes are met: place, look up, follow, stop. Joins the parts of the dialer. Does not know HTTP.
import type { Price } from '../account/billing.ts'
import type { RunCall } from '../call/call.ts'
import { eventsAfter } from '../db/call-events.ts'
import { findTicket, type CallTicket } from '../db/call-tickets.ts'
import { findCall, latestCalls, lockCall, requestStop, type CallRow } from '../db/calls.ts'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { receiptsOf } from '../db/receipts.ts'
import { deliveriesOf } from '../db/webhook-deliveries.ts'
import type { CallCommand } from '../call/controls.ts'
import { CommandDesk, type CommandLimits, type Controlled } from './command-desk.ts'
import { forgetRequests } from '../db/idempotency.ts'
import { NotFoundError } from '../errors.ts'
import type { CallEventRow } from '../events.ts'
import { log } from '../log.ts'
import { toRecord } from './call-record.ts'
import type { Attribution } from '../numbering/attribution.ts'
import type { CallRecord, CallService, PlaceRequest, Undelivered } from './call-service.ts'
import { wishOf } from './claim.ts'
import { Followers } from './follow.ts'
import type { Line } from './line.ts'
import { LiveCalls, type LiveCallsDeps } from './live-calls.ts'
import { PlacingDesk, type Placed, type PlaceDeps } from './place.ts'
import { QueueDepth } from './queue-depth.ts'
import type { RobotMaker } from './robots.ts'
import { checkDialerSettings, dialerDefaults, rowsBesideMax, type DialerSettings } from './settings.ts'
import { endInTransaction, unansweredEnding } from './settle.ts'
import { readBoard } from './trunk-board.ts'
import { TaskFeeder } from './tasks/feeder.ts'
import { chooseTrunk, type Blocked } from './trunk-choice.ts'
import type { TrunkDirectory } from './trunk-directory.ts'
import { Webhooks } from './webhooks.ts'

export type DialerOptions = {
  db: Database
  /** The first one takes new calls while nobody has set up trunks. */
  lines: readonly Line[]
  trunks: TrunkDirectory
  robots: RobotMaker
  /** Undefined: calls that name a script are refused. */
  scripts?: PlaceDeps['scripts']
  runCall: RunCall
  /** How many more calls this process can carry, as the media plane sees it now. Trunks have exact limits of their own. */
  capacity: () => number
  /** True when the recogniser understands people, or the operator dials with the built-in one all the same. */
  understandsPeople: boolean
  defaultPrice: Price
  settings?: Partial<DialerSettings> | undefined
  commandLimits?: Partial<CommandLimits> | undefined
  /** Unix milliseconds; the wall clock unless a test says otherwise. */
  now?: (() => number) | undefined
  /** Where numbers are from, for tasks; absent: known of fixed lines alone. */
  attribution?: Attribution | undefined
  /** 0..1, below 1; decides among trunks of equal priority. */
  dice?: (() => number) | undefined
  recordingPath?: ((callId: string) => string | undefined) | undefined
  /** How an account wants words read; absent: plainly. Must not reject. */
  readings?: LiveCallsDeps['readings']
  prices?: LiveCallsDeps['prices']
  /** A call that was talking when its process died: its SIP dialog, for a BYE. */
  onOrphan?: ((callId: string, dialog: unknown) => void) | undefined
  /** Makes what was recorded of an interrupted call playable; its path, or undefined when there is nothing. Must not throw. */
  recoverRecording?: ((callId: string, what: 'recording' | 'clip') => Promise<string | undefined>) | undefined
}

const listMax = 1_000
const forgetEveryMs = 3_600_000

export class DialerCallService implements CallService {
  readonly settings: DialerSettings
  readonly live: LiveCalls
  readonly followers: Followers
  readonly webhooks: Webhooks
  readonly feeder: TaskFeeder
  readonly #commands: CommandDesk
  readonly trunks: TrunkDirectory
  readonly #db: Database
  readonly #now: () => number
  readonly #placing: PlacingDesk
  #forgetting: NodeJS.Timeout | undefined

  /** Errors: Error when the settings contradict each other. */
  constructor(options: DialerOptions) {
    this.settings = checkDialerSettings({ ...dialerDefaults, ...options.settings })
    this.#db = options.db
    this.#now = options.now ?? Date.now
    this.trunks = options.trunks
    const inner = { ...options, settings: this.settings, now: this.#now }
    this.#placing = new PlacingDesk({ ...inner, queueDepth: new QueueDepth(this.settings) })
    this.live = new LiveCalls(inner)
    this.feeder = new TaskFeeder({ ...inner, lines: options.lines.filter((line) => options.understandsPeople || !line.understandsPeopleRequired) })
    this.followers = new Followers(options.db, this.settings)
    this.#commands = new CommandDesk(options.db, this.#now, options.commandLimits)
    this.webhooks = new Webhooks(options.db, this.settings.webhook, this.#now)
  }

  /** Closes what dead processes left, then dials. Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    await this.followers.start()
    await this.#commands.start()
    await this.live.start()
    await this.feeder.start()
    await this.webhooks.start()
    this.#forgetting = setInterval(() => void this.forgetOldRequests(), forgetEveryMs).unref()
  }

  /** Dials nothing more, lets calls end for `graceMs`, hangs up the rest and settles all. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.#forgetting)
    await this.feeder.stop()
    await this.live.stop(graceMs)
    await this.#commands.stop()
    await this.webhooks.stop()
    await this.followers.stop()
  }

  place(request: PlaceRequest): Promise<Placed> {
    return this.#placing.place(request)
  }

  async lookUp(accountId: string, callId: string): Promise<CallRecord> {
    const row = await this.#find(accountId, callId)
    const record = toRecord(row, this.#now())
    return record.waitingFor === 'line' ? { ...record, waitingBecause: await this.#blockedNow(row) } : record
  }

  /** What keeps a queued call from the trunks at this moment; undefined when it is its turn. */
  async #blockedNow(row: CallRow): Promise<Blocked | undefined> {
    const nowMs = this.#now()
    const board = await this.#db.retry('look at the trunks', () => readBoard(this.#db.sql, { trunks: this.trunks, line: row.line, nowMs }))
    const choice = chooseTrunk({ candidates: board, wish: wishOf(row), nowMs, dice: 0 })
    return 'blocked' in choice ? choice.blocked : undefined
  }

  async events(accountId: string, callId: string): Promise<CallEventRow[]> {
    await this.#find(accountId, callId)
    return this.#db.retry('read a call log', () => eventsAfter(this.#db.sql, [{ callId, afterSeq: 0 }], this.settings.eventsPerCallMax + rowsBesideMax))
  }

  async *follow(accountId: string, callId: string, afterSeq: number, signal: AbortSignal): AsyncGenerator<CallEventRow, void, undefined> {
    await this.#find(accountId, callId)
    yield* this.followers.follow(callId, afterSeq, signal)
  }

  async stop(accountId: string, callId: string, wish: 'cancel' | 'hang-up'): Promise<'stopping' | 'already-ended'> {
    const stopping = (): Promise<'stopping' | 'already-ended'> =>
      this.#db.transaction(async (tx) => {
        const call = await lockCall(tx, callId)
        if (call === undefined || call.accountId !== accountId) throw noCall(callId)
        if (call.status === 'ended') return 'already-ended'
        const now = new Date(this.#now())
        if (call.status !== 'queued') await requestStop(tx, callId, now)
        // Nobody has dialled it and nobody will: it can be ended here and now.
        else await endInTransaction(tx, call, unansweredEnding('cancelled', stopDetails[wish], now, { by: 'user' }))
        return 'stopping'
      })
    return this.#db.retry('stop a call', stopping)
  }

  async control(accountId: string, callId: string, command: CallCommand): Promise<Controlled> {
    return await this.#commands.send(await this.#find(accountId, callId), command)
  }

  /** Drops idempotency keys that no client still repeats. Never throws: the next hour does the same. */
  async forgetOldRequests(): Promise<void> {
    try {
      await forgetRequests(this.#db.sql, new Date(this.#now() - this.settings.idempotencyKeyMs))
      await this.#commands.forgetOld()
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'old idempotency keys could not be dropped')
    }
  }

  async undelivered(accountId: string, callId: string): Promise<Undelivered[]> {
    await this.#find(accountId, callId)
    const [webhooks, receipts] = await this.#db.retry('look at what was sent', () => Promise.all([deliveriesOf(this.#db.sql, callId), receiptsOf(this.#db.sql, callId)]))
    return [...webhooks.map((delivery) => ({ what: 'webhook' as const, ...delivery })), ...receipts.map(({ kind, ...receipt }) => ({ what: kind, ...receipt }))].flatMap(({ what, attempts, lastError, deliveredAt, deadAt, dueAt }) =>
      lastError === null || deliveredAt ? [] : [{ what, attempts, error: lastError, againAt: deadAt ? undefined : dueAt }],
    )
  }

  async list(accountId: string, limit: number): Promise<CallRecord[]> {
    const rows = await this.#db.retry('list calls', () => latestCalls(this.#db.sql, accountId, Math.min(Math.max(1, limit), listMax)))
    return rows.map((row) => toRecord(row, this.#now()))
  }

  ticket(accountId: string, wireId: string): Promise<(CallTicket & { callId: string }) | undefined> {
    return this.#db.retry('find a call by its ticket', () => findTicket(this.#db.sql, accountId, wireId), { withinMs: 3_000 })
  }

  async #find(accountId: string, callId: string): Promise<CallRow> {
    const row = await this.#db.retry('look up a call', () => findCall(this.#db.sql, accountId, callId))
    if (row === undefined) throw noCall(callId)
    return row
  }
}

const stopDetails = { cancel: 'cancelled-by-user', 'hang-up': 'hung-up-by-user' } as const

function noCall(callId: string): NotFoundError {
  return new NotFoundError('call', `没有通话 ${callId}：请检查 call_id 和所用的密钥`)
}
