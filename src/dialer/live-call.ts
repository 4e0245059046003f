// Knows how one claimed call is run and brought to its end by the process that owns it. Does not know how calls are chosen.
import { setTimeout as sleep } from 'node:timers/promises'
import { costOf, type Price } from '../account/billing.ts'
import type { CallHooks, CallRequest, CallResult, DialFailure, NextDial, RunCall, StopCause } from '../call/call.ts'
import type { CallCommand, CallControls, CommandResult } from '../call/controls.ts'
import type { EndDetail } from '../call/end-reason.ts'
import { passesByItself } from '../db/connection-loss.ts'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { AppError, RefusedError } from '../errors.ts'
import type { CallEvent } from '../events.ts'
import { log } from '../log.ts'
import { noPrices, UseMeter, type ServicePrices } from '../service-use.ts'
import { neverDial } from '../numbering/never-dial.ts'
import type { SpokenTurn } from '../robot/after-call/judgement.ts'
import type { RobotNote } from '../robot/robot.ts'
import { CallHold } from './call-hold.ts'
import { CallLegs } from './call-legs.ts'
import type { ClaimedCall } from './claim.ts'
import type { CallLog, EventLog } from './event-log.ts'
import { nextAttempt } from './failover.ts'
import { planCallBack, turnOf } from './judged.ts'
import type { Line } from './line.ts'
import type { RobotMaker } from './robots.ts'
import { settleCall, type Ending } from './settle.ts'
import type { DialerSettings } from './settings.ts'
import type { TrunkDirectory } from './trunk-directory.ts'
import type { TrunkWatch } from './trunk-watch.ts'

export type LiveCallDeps = {
  db: Database
  eventLog: EventLog
  runCall: RunCall
  robots: RobotMaker
  settings: DialerSettings
  trunks: TrunkDirectory
  watch: TrunkWatch
  /** Lines whose attempts ring nobody. */
  linesNotCounted: readonly string[]
  /** Unix milliseconds. */
  now: () => number
  /** 0..1, below 1. */
  dice: () => number
  /** Where the recording of a call goes; undefined: not recorded. */
  recordingPath: (callId: string) => string | undefined
  /** How an account wants words read. Must not reject, and answers within a moment. */
  readings: (accountId: string) => Promise<CallRequest['readings']>
  /** Runs settlements a few at a time. */
  settling: <T>(work: () => Promise<T>) => Promise<T>
  /** What services cost the operator; absent: not known. */
  prices?: ServicePrices | undefined
  /** Waits between tries to settle; the last one repeats. */
  settleRetryMs: readonly number[]
}

/** How long an aborted call has to come back before it is settled without its answer. */
const abortGraceMs = 15_000
/** A settlement that the database refuses this often is left to takeover, which needs only what is stored. */
const refusalsMax = 5

export class LiveCall {
  readonly id: string
  readonly fence: number
  readonly line: string
  /** Resolves when the call is settled or lost. Never rejects. */
  readonly done: Promise<void>
  readonly #claimed: ClaimedCall
  readonly #lineOf: Line
  readonly #deps: LiveCallDeps
  readonly #abort = new AbortController()
  readonly #log: CallLog
  readonly #hold: CallHold
  #phase: 'running' | 'settling' | 'lost' | 'done' = 'running'
  #answeredAt: Date | undefined
  /** Kept here too, in case the call never answers for itself. */
  readonly #notes: RobotNote[] = []
  /** For the judgement. */
  readonly #turns: SpokenTurn[] = []
  #stage: 'dialing' | 'ringing' | 'talking' = 'dialing'
  readonly #legs: CallLegs
  #controls: CallControls | undefined
  #overdue: NodeJS.Timeout | undefined
  /** The attempt that is being made; `told` once its trunk has shown what it can do. */
  #attempt: { number: number; trunk: string; startedMs: number; told: boolean }

  constructor(claimed: ClaimedCall, line: Line, deps: LiveCallDeps) {
    this.id = claimed.row.id
    this.fence = claimed.fence
    this.line = line.name
    this.#claimed = claimed
    this.#lineOf = line
    this.#deps = deps
    const { row, fence, lastSeq } = claimed
    this.#attempt = { number: claimed.attempt, trunk: claimed.trunk, startedMs: deps.now(), told: false }
    this.#log = deps.eventLog.open({ callId: row.id, fence, lastSeq }, () => this.lose())
    const price: Price = { priceLiPerMin: row.priceLiPerMin, initialBlockSec: row.initialBlockSec, incrementSec: row.incrementSec }
    const held = { id: row.id, accountId: row.accountId, fence, heldLi: costOf(1, price).costLi, price }
    this.#hold = new CallHold(deps.db, held, deps.settings, (heldLi) => this.#append({ type: 'hold-extended', heldLi }))
    const { db, trunks, now, dice } = deps
    this.#legs = new CallLegs({ db, trunks, now, dice, settings: deps.settings, linesNotCounted: deps.linesNotCounted, line, call: { id: row.id, fence, accountId: row.accountId }, trunk: () => this.#attempt.trunk, mayDial: () => this.running && !this.#abort.signal.aborted })
    this.done = this.#run()
  }

  /** Still on the line: its lease must be prolonged. */
  get running(): boolean {
    return this.#phase === 'running'
  }

  /** Not settled yet and not lost: nobody else should take it. */
  get ours(): boolean {
    return this.#phase === 'running' || this.#phase === 'settling'
  }

  /** Hangs up. The first cause stays. */
  stop(cause: StopCause): void {
    if (!this.#abort.signal.aborted) this.#abort.abort(cause)
  }

  /** Has the call do something from outside of its conversation. Never rejects. */
  async command(command: CallCommand): Promise<CommandResult> {
    if (!this.running || !this.#controls) return { ok: false, code: 'not-possible', message: this.running ? '还没有接通，接通之后才能操作' : '通话已经结束' }
    return await this.#controls.command(command)
  }

  /** Somebody else owns the call now: hangs up and writes nothing more. */
  lose(): void {
    if (!this.ours) return
    this.#phase = 'lost'
    this.#log.discard()
    log.warn({ call: this.id }, 'lost the lease of a call, hanging up')
    this.stop({ by: 'platform', detail: 'ownership-lost' })
  }

  async #run(): Promise<void> {
    const result = await this.#untilResult()
    const endedAt = new Date(this.#deps.now())
    await this.#hold.close()
    if (this.#phase === 'lost') return
    const judged = await this.#judged(result, endedAt)
    if (!this.ours) return
    this.#phase = 'settling'
    const unwritten = await this.#log.close()
    await this.#settle({ ...result, endedAt, unwritten, ...judged })
  }

  /** What the call came to. A mistake in judging costs the judgement, not the record. */
  async #judged(result: CallResult, endedAt: Date): Promise<Pick<Ending, 'judgement' | 'callBack'>> {
    const { robots, settings } = this.#deps
    const { robot, callsBack, callBackOf } = this.#claimed.row
    const outcome = result.conversation ?? result.notes.findLast((note) => note.outcome !== undefined)?.outcome
    try {
      await robots.prepare?.(robot).catch(() => undefined)
      const finished = { turns: this.#turns, notes: result.notes, outcome, answered: result.answeredAt !== undefined, now: result.answeredAt ?? endedAt }
      const byRules = robots.judge?.(robot, finished)
      const meter = new UseMeter()
      const judgement = byRules && ((await robots.readAgain?.(robot, finished, byRules, meter.add)) ?? byRules)
      const services = meter.costs(this.#deps.prices ?? noPrices)
      if (services.length > 0) this.#append({ type: 'services-used', services, afterCall: true })
      const wish = judgement?.callBack
      return { judgement, callBack: wish && planCallBack(wish, { callsBack, isCallBack: callBackOf !== null, doNotCall: judgement.doNotCall !== undefined, endedAtMs: endedAt.getTime() }, settings) }
    } catch (error) {
      log.error({ err: errorFacts(error), call: this.id }, 'a call could not be judged')
      return {}
    }
  }

  /** What the call came to. Bounded: time for other trunks + ring time + talk time + grace, whatever the call does. */
  async #untilResult(): Promise<CallResult> {
    const { deps, line, row } = { deps: this.#deps, line: this.#lineOf, row: this.#claimed.row }
    const overdue = new AbortController()
    const { trunk, callerId, ringMsMax } = this.#claimed
    const ringMsLongest = Math.max(ringMsMax, ...deps.trunks.of(line.name).map((terms) => terms.ringMsMax))
    const limitMs = deps.settings.failover.withinMs + ringMsLongest + line.talkMsMax + deps.settings.overrunMsMax
    this.#endAfter(limitMs)
    try {
      const unprepared = await this.#prepared()
      if (unprepared) return unprepared
      const meter = new UseMeter()
      const robot = deps.robots.open(row.robot, { meter: meter.add, callId: row.id, startedAt: new Date(deps.now()), attempt: this.#claimed.attempt })
      const request = {
        meter,
        id: row.id,
        phone: row.phone,
        trunk,
        callerId,
        attempt: this.#claimed.attempt,
        ringMsMax,
        talkMsMax: Math.min(line.talkMsMax, robot.talkMsMax ?? Infinity),
        handover: deps.settings.handover,
        recordingPath: robot.recorded === false ? undefined : deps.recordingPath(row.id),
        readings: await deps.readings(row.accountId),
        robot,
      }
      const result = deps.runCall(request, this.#hooks(), this.#abort.signal)
      return await Promise.race([result, this.#deaf(overdue.signal)])
    } catch (error) {
      log.error({ err: errorFacts(error), call: this.id }, 'a call failed')
      return this.#failed('internal-failure', String(error))
    } finally {
      clearTimeout(this.#overdue)
      overdue.abort()
    }
  }

  /** What the robot speaks by is at hand before anybody's telephone rings; a call without it is not dialled. */
  async #prepared(): Promise<CallResult | undefined> {
    try {
      await this.#deps.robots.prepare?.(this.#claimed.row.robot)
      return undefined
    } catch (error) {
      log.warn({ err: errorFacts(error), call: this.id }, 'what a robot speaks by could not be had')
      return this.#failed('no-script', error instanceof AppError ? error.message : String(error))
    }
  }

  /** From now on; takes the place of the limit before. */
  #endAfter(ms: number): void {
    clearTimeout(this.#overdue)
    this.#overdue = setTimeout(() => this.stop({ by: 'platform', detail: 'overdue' }), ms)
  }

  /** Resolves when the call was aborted and did not come back within the grace. */
  async #deaf(signal: AbortSignal): Promise<CallResult> {
    const aborted = Promise.withResolvers<void>()
    this.#abort.signal.addEventListener('abort', () => aborted.resolve(), { once: true })
    await aborted.promise
    await sleep(abortGraceMs, undefined, { signal, ref: false }).catch(() => new Promise(() => undefined))
    log.error({ call: this.id }, 'an aborted call did not end in time')
    return this.#failed('abort-overdue')
  }

  #failed(detail: EndDetail, error?: string): CallResult {
    const talkMs = this.#answeredAt ? this.#deps.now() - this.#answeredAt.getTime() : 0
    return {
      reason: { outcome: 'interrupted', by: 'platform', stage: this.#stage, detail, evidence: error === undefined ? {} : { error } },
      answeredAt: this.#answeredAt,
      talkMs,
      conversation: undefined,
      notes: this.#notes,
      recording: undefined,
      media: undefined,
    }
  }

  #hooks(): CallHooks {
    return {
      onEvent: (event) => this.#onEvent(event),
      beforeInvite: () => {
        // The third and last of three independent checks; the others are at submission and at the claim.
        const never = neverDial(this.#claimed.row.phone)
        if (never) throw new RefusedError('never-dial', never.reason)
        if (this.#abort.signal.aborted || !this.ours) throw new RefusedError('not-allowed', '通话在拨出前被取消')
      },
      onDialFailed: (failure) => this.#dialFailed(failure),
      onDialog: (dialog) => this.#legs.onDialogs([dialog]),
      mayContinue: (talkMs) => this.#hold.mayContinue(talkMs),
      legs: this.#legs,
      onControls: (controls) => (this.#controls = controls),
    }
  }

  /** The trunk learns from it first, then the call moves on where it can. */
  async #dialFailed(failure: DialFailure): Promise<NextDial | undefined> {
    const { status, local, retryAfterMs } = failure
    this.#tellTrunk({ status, local, retryAfterMs })
    if (!this.running || this.#abort.signal.aborted) return undefined
    const { db, trunks, settings, now, dice } = this.#deps
    try {
      const call = { id: this.id, fence: this.fence, line: this.line }
      const next = await nextAttempt(db, { call, attempt: this.#attempt.number, failure, trunks, settings: settings.failover, nowMs: now(), dice: dice() })
      if (next === undefined) return undefined
      this.#attempt = { number: next.attempt, trunk: next.trunk, startedMs: now() + next.pauseMs, told: false }
      this.#append({ type: 'dialing', line: next.trunk, attempt: next.attempt })
      return next
    } catch (error) {
      log.warn({ err: errorFacts(error), call: this.id }, 'a call could not be moved to another trunk')
      return undefined
    }
  }

  /** Once per attempt: the first thing that comes of it. */
  #tellTrunk(came: { status: number | undefined; local?: DialFailure['local']; retryAfterMs?: number | undefined }): void {
    const { trunk, startedMs, told } = this.#attempt
    if (told) return
    this.#attempt.told = true
    this.#deps.watch.report(trunk, { startedMs, atMs: this.#deps.now(), ...came })
  }

  #onEvent(event: CallEvent): void {
    if (event.type === 'ringing' || event.type === 'answered') this.#tellTrunk({ status: undefined })
    if (event.type === 'ringing' && this.#stage === 'dialing') this.#stage = 'ringing'
    if (event.type === 'answered') {
      this.#stage = 'talking'
      this.#answeredAt ??= new Date(this.#deps.now())
    }
    // A colleague may talk for longer than a robot.
    if (event.type === 'transfer' && event.state === 'joined') this.#endAfter(this.#deps.settings.handover.talkMsMax + this.#deps.settings.overrunMsMax)
    if (event.type === 'noted') this.#notes.push(event.note)
    const turn = turnOf(event)
    if (turn) this.#turns.push(turn)
    this.#append(event)
  }

  #append(event: CallEvent): void {
    if (this.#phase !== 'running') return
    if (this.#log.append(event, new Date(this.#deps.now())) === 'full') this.stop({ by: 'platform', detail: 'log-full' })
  }

  /** Tries until the database took it. The lease is kept meanwhile, so that nobody closes the call as interrupted. */
  async #settle(ending: Ending): Promise<void> {
    const waits = this.#deps.settleRetryMs
    let refusals = 0
    for (let tries = 0; this.#phase === 'settling'; tries += 1) {
      try {
        const settled = await this.#deps.settling(() => settleCall(this.#deps.db, { id: this.id, fence: this.fence }, ending))
        if (settled === 'not-ours') log.warn({ call: this.id }, 'a call was taken over before it was settled')
        this.#phase = settled === 'settled' ? 'done' : 'lost'
        return
      } catch (error) {
        if (!passesByItself(error)) refusals += 1
        log[refusals > 0 ? 'error' : 'warn']({ err: errorFacts(error), call: this.id, tries }, 'a call could not be settled, trying again')
        if (refusals >= refusalsMax) {
          this.#phase = 'lost'
          return
        }
        await sleep(waits[Math.min(tries, waits.length - 1)] ?? 1_000, undefined, { ref: false })
      }
    }
  }
}
