// Knows the loop that turns queued calls into calls: wake, claim, run, keep the lease, close what others left. Does not know SIP or HTTP.
import { commandChannel } from '../db/call-commands.ts'
import { countEvents } from '../db/call-events.ts'
import { claimedBy, dueChannel, heartbeat, linesWithDueCalls, stopChannel, stopsRequested } from '../db/calls.ts'
import { passesByItself } from '../db/connection-loss.ts'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import type { RunCall } from '../call/call.ts'
import { log } from '../log.ts'
import { newOwnerId } from './call-id.ts'
import { claimCalls, type ClaimedCall } from './claim.ts'
import { CommandInbox } from './command-inbox.ts'
import { EventLog } from './event-log.ts'
import type { Line } from './line.ts'
import { LiveCall, type LiveCallDeps } from './live-call.ts'
import type { RobotMaker } from './robots.ts'
import type { DialerSettings } from './settings.ts'
import type { Blocked, LineReason } from './trunk-choice.ts'
import type { TrunkDirectory } from './trunk-directory.ts'
import { TrunkWatch } from './trunk-watch.ts'
import { endExpired, takeOverAbandoned } from './takeover.ts'
import { turnstile } from '../turnstile.ts'

export type LiveCallsDeps = {
  db: Database
  lines: readonly Line[]
  trunks: TrunkDirectory
  runCall: RunCall
  robots: RobotMaker
  settings: DialerSettings
  /** How many more calls this process can carry, as the media plane sees it now. Trunks have exact limits of their own. */
  capacity: () => number
  /** True when the recogniser understands people, not only the simulator. */
  understandsPeople: boolean
  /** Unix milliseconds; the wall clock unless a test says otherwise. */
  now?: (() => number) | undefined
  /** 0..1, below 1; decides among trunks of equal priority. */
  dice?: (() => number) | undefined
  recordingPath?: ((callId: string) => string | undefined) | undefined
  /** See LiveCallDeps. Absent: all words are read plainly. */
  readings?: LiveCallDeps['readings'] | undefined
  prices?: LiveCallDeps['prices']
  /** A call that was talking when its process died: its SIP dialog, for a BYE. */
  onOrphan?: ((callId: string, dialog: unknown) => void) | undefined
  /** Makes what was recorded of an interrupted call playable; its path, or undefined when there is nothing. Must not throw. */
  recoverRecording?: ((callId: string, what: 'recording' | 'clip') => Promise<string | undefined>) | undefined
  settleRetryMs?: readonly number[] | undefined
}

/** For a trunk that was removed between the claim and the call: it will not ring at all. */
const ringMsMaxOfUnknown = 60_000

export class LiveCalls {
  /** This incarnation of the process. */
  readonly owner: string
  readonly eventLog: EventLog
  readonly watch: TrunkWatch
  readonly #deps: LiveCallsDeps
  readonly #callDeps: LiveCallDeps
  readonly #now: () => number
  readonly #dice: () => number
  readonly #lines: ReadonlyMap<string, Line>
  readonly #linesNotCounted: readonly string[]
  readonly #live = new Map<string, LiveCall>()
  /** Why the calls of a line cannot be dialled, as last told. */
  readonly #blocked = new Map<string, LineReason | undefined>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #commands: CommandInbox
  readonly #unlisten: (() => Promise<void>)[] = []
  #pass: Promise<void> | undefined
  #again = false
  #beat: Promise<void> | undefined
  #sweeping: Promise<void> | undefined
  #soon: NodeJS.Timeout | undefined
  #closing = false
  /** A claim failed in a way that leaves open whether it was committed. */
  #claimUncertain = false
  /** When the database last failed us; leases of living owners may have run out until then. */
  #outageAtMs = -Infinity
  readonly stats = { claimed: 0, lost: 0, takenOver: 0, expired: 0 }

  constructor(deps: LiveCallsDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
    this.owner = newOwnerId(this.#now())
    this.eventLog = new EventLog(deps.db, deps.settings)
    this.watch = new TrunkWatch(deps.db, this.owner, deps.trunks)
    this.#dice = deps.dice ?? Math.random
    this.#commands = new CommandInbox({ db: deps.db, owner: this.owner, obey: (id, command) => this.#live.get(id)?.command(command) })
    const open = deps.lines.filter((line) => deps.understandsPeople || !line.understandsPeopleRequired)
    this.#lines = new Map(open.map((line) => [line.name, line]))
    this.#linesNotCounted = deps.lines.filter((line) => line.exempt.frequency).map((line) => line.name)
    this.#callDeps = {
      db: deps.db,
      eventLog: this.eventLog,
      runCall: deps.runCall,
      robots: deps.robots,
      settings: deps.settings,
      linesNotCounted: this.#linesNotCounted,
      trunks: deps.trunks,
      watch: this.watch,
      now: this.#now,
      dice: this.#dice,
      recordingPath: deps.recordingPath ?? (() => undefined),
      readings: deps.readings ?? (() => Promise.resolve(undefined)),
      prices: deps.prices,
      settling: turnstile(deps.settings.settlingMax),
      settleRetryMs: deps.settleRetryMs ?? [100, 200, 500, 1_000, 2_000],
    }
  }

  /** Calls on the line or being settled. */
  get live(): number {
    return this.#live.size
  }

  /** Closes what dead processes left, then dials whatever is due until `stop`. Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    const { db, settings, trunks } = this.#deps
    await db.retry('close abandoned calls', () => this.sweep())
    const wake = (): void => this.wake()
    trunks.onChange = wake
    await trunks.start()
    await this.watch.start()
    this.#unlisten.push(await db.listen(dueChannel, { onNotify: wake, onReconnect: wake }))
    this.#unlisten.push(
      await db.listen(stopChannel, { onNotify: (id) => this.#stopWanted(id), onReconnect: () => void this.#checkStops() }),
    )
    const look = (): void => void this.#commands.look([...this.#live.keys()])
    this.#unlisten.push(await db.listen(commandChannel, { onNotify: (id) => void (this.#live.has(id) && this.#commands.look([id])), onReconnect: look }))
    this.#every(settings.pollMs, wake)
    this.#every(settings.heartbeatMs, () => void this.heartbeat())
    this.#every(settings.takeoverMs, () => void this.sweep().catch((error: unknown) => this.#failed(error, 'look for abandoned calls')))
    this.wake()
  }

  /**
   * Dials nothing more and lets calls end by themselves for `graceMs`; then hangs up. Resolves when all are settled, or when the
   * database was away for so long that whoever starts next has to close them.
   */
  async stop(graceMs: number): Promise<void> {
    this.#closing = true
    clearTimeout(this.#soon)
    for (const unlisten of this.#unlisten.splice(0)) await unlisten()
    await this.#pass
    await this.#drained(graceMs)
    for (const call of this.#live.values()) call.stop({ by: 'platform', detail: 'shutting-down' })
    // An aborted call needs a few seconds for its BYE, and up to a grace of its own when it does not answer.
    await this.#drained(20_000)
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    await Promise.all([this.#beat, this.#sweeping, this.watch.stop(), this.#deps.trunks.stop()])
    if (this.#live.size > 0) log.error({ calls: this.#live.size }, 'stopping with calls that could not be settled')
  }

  /** Something may be due. Cheap to call; passes never overlap. */
  wake(): void {
    if (this.#closing) return
    this.#again = true
    this.#pass ??= this.#passes().finally(() => (this.#pass = undefined))
  }

  /** Resolves when no pass is under way. */
  async idle(): Promise<void> {
    while (this.#pass) await this.#pass
  }

  async #passes(): Promise<void> {
    while (this.#again && !this.#closing) {
      this.#again = false
      try {
        await this.#claimDue()
      } catch (error) {
        this.#claimUncertain = true
        this.#failed(error, 'claim due calls')
        return
      }
    }
  }

  async #claimDue(): Promise<void> {
    const { db, settings, trunks } = this.#deps
    if (this.#claimUncertain) await this.#adoptUnstarted()
    // What the last attempts have said about the trunks counts for the next ones.
    await this.watch.flush()
    const due = await linesWithDueCalls(db.sql, [...this.#lines.keys()], new Date(this.#now()))
    let capacity = this.#deps.capacity()
    for (const name of due) {
      const line = this.#lines.get(name)!
      if (capacity <= 0 || this.#closing) return
      const result = await claimCalls(db, {
        line,
        owner: this.owner,
        nowMs: this.#now(),
        capacity,
        settings,
        trunks,
        dice: this.#dice,
        linesNotCounted: this.#linesNotCounted,
      })
      for (const claimed of result.claimed) this.#run(claimed, line)
      capacity -= result.claimed.length
      if (result.more) this.#again = true
      this.#tellBlocked(name, result.blocked)
      // A full line is looked at again when a call ends, and when its next start is due by the calls per second.
      if (result.full) this.#wakeSoon(Math.min(settings.pollMs, 1_000 / Math.max(1, ...trunks.of(name).map(({ cps }) => cps))))
    }
  }

  /** Once per change: calls are due and no trunk can be used at all. A full line is no news. */
  #tellBlocked(line: string, blocked: Blocked | undefined): void {
    const why = blocked && (blocked.why === 'down' || blocked.why === 'backing-off' || blocked.why === 'none') ? blocked.why : undefined
    if (this.#blocked.get(line) === why) return
    this.#blocked.set(line, why)
    if (why) log.warn({ line, why }, 'calls wait because no trunk can be used')
    else log.info({ line }, 'trunks can be used again')
  }

  #wakeSoon(afterMs: number): void {
    clearTimeout(this.#soon)
    this.#soon = setTimeout(() => this.wake(), afterMs).unref()
  }

  /**
   * Starts calls whose claim was committed without our hearing of it: `dialing` is durable and no INVITE has left.
   * Only while the lease stands; what is older is closed by takeover.
   */
  async #adoptUnstarted(): Promise<void> {
    const { db, settings, trunks } = this.#deps
    for (const row of await claimedBy(db.sql, this.owner)) {
      const line = this.#lines.get(row.line)
      const { trunk, callerId } = row
      const fresh = row.dialingAt !== null && this.#now() - row.dialingAt.getTime() < settings.leaseMs
      if (this.#live.has(row.id) || line === undefined || trunk === null || callerId === null || !fresh) continue
      const { last } = await countEvents(db.sql, row.id)
      const ringMsMax = trunks.of(line.name).find(({ name }) => name === trunk)?.ringMsMax ?? ringMsMaxOfUnknown
      this.#run({ row, fence: row.fence, attempt: row.attempt, lastSeq: last, trunk, callerId, ringMsMax }, line)
    }
    this.#claimUncertain = false
  }

  #run(claimed: ClaimedCall, line: Line): void {
    const call = new LiveCall(claimed, line, this.#callDeps)
    this.#live.set(call.id, call)
    this.stats.claimed += 1
    // The wish may have come between the claim and now.
    if (claimed.row.stopRequestedAt) this.#stopNow(call)
    void call.done.then(() => {
      this.#live.delete(call.id)
      this.wake()
    })
  }

  /** Keeps the leases of all our calls, learns of stops, and hangs up what is no longer ours. */
  async heartbeat(): Promise<void> {
    this.#beat ??= this.#heartbeat().finally(() => (this.#beat = undefined))
    await this.#beat
  }

  async #heartbeat(): Promise<void> {
    const calls = [...this.#live.values()].filter((call) => call.ours)
    // A notification may have been lost.
    if (calls.length > 0) void this.#commands.look(calls.map((call) => call.id))
    if (calls.length === 0) return
    try {
      const answers = await heartbeat(this.#deps.db.sql, calls, { leaseMs: this.#deps.settings.leaseMs, now: new Date(this.#now()) })
      const kept = new Map(answers.map((answer) => [answer.id, answer]))
      for (const call of calls) {
        const answer = kept.get(call.id)
        if (answer?.stopRequested) this.#stopNow(call)
        // A call that is being settled may be gone because it is settled.
        if (answer !== undefined || !call.running) continue
        this.stats.lost += 1
        call.lose()
      }
    } catch (error) {
      this.#failed(error, 'prolong leases')
    }
  }

  /** Closes calls that nobody owns and queued calls past their time. Errors: those of the database. */
  async sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined))
    await this.#sweeping
  }

  async #sweep(): Promise<void> {
    const { db, settings, robots, onOrphan, recoverRecording } = this.#deps
    const limit = settings.takeoverBatchMax
    let expired: number
    do {
      expired = await endExpired(db, { nowMs: this.#now(), limit })
      this.stats.expired += expired
    } while (expired === limit && !this.#closing)
    // After an outage the other owners need a heartbeat before their calls may be called abandoned.
    if (this.#now() - this.#outageAtMs < settings.leaseMs) return
    let closed: number
    do {
      const isOurs = (id: string): boolean => this.#live.get(id)?.ours ?? false
      closed = await takeOverAbandoned(db, { nowMs: this.#now(), limit, isOurs, eventsPerCallMax: settings.eventsPerCallMax, onOrphan, recoverRecording, judge: robots.judge?.bind(robots), prepare: robots.prepare?.bind(robots) })
      this.stats.takenOver += closed
    } while (closed === limit && !this.#closing)
  }

  #stopWanted(id: string): void {
    const call = this.#live.get(id)
    if (call) this.#stopNow(call)
  }

  #stopNow(call: LiveCall): void {
    call.stop({ by: 'user', detail: 'hung-up-by-user' })
  }

  async #checkStops(): Promise<void> {
    try {
      for (const id of await stopsRequested(this.#deps.db.sql, [...this.#live.keys()])) this.#stopWanted(id)
    } catch (error) {
      this.#failed(error, 'look for stops')
    }
  }

  #failed(error: unknown, what: string): void {
    if (passesByItself(error)) this.#outageAtMs = this.#now()
    log.warn({ err: errorFacts(error), what }, 'the dialer could not use the database, trying again')
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms).unref())
  }

  async #drained(withinMs: number): Promise<void> {
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(() => late.resolve(), withinMs)
    const all = Promise.all([...this.#live.values()].map((call) => call.done))
    await Promise.race([all, late.promise])
    clearTimeout(timer)
  }
}
