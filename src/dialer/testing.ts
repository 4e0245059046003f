// Knows how tests of the dialer get a database, an account, a clock and calls that end as scripted. Not for the program itself.
import { setTimeout as sleep } from 'node:timers/promises'
import { createAccount } from '../account/accounts.ts'
import { verifyLedger } from '../account/ledger.ts'
import type { CallHooks, CallRequest, CallResult, DialFailure, RunCall, StopCause } from '../call/call.ts'
import type { EndReason, Outcome } from '../call/end-reason.ts'
import type { Database } from '../db/connection.ts'
import { testDatabase } from '../db/testing.ts'
import { RefusedError } from '../errors.ts'
import type { CallEvent, CallEventRow } from '../events.ts'
import type { Robot, RobotNote } from '../robot/robot.ts'
import { DialerCallService, type DialerOptions } from './dialer-call-service.ts'
import type { Line } from './line.ts'
import type { RobotMaker } from './robots.ts'
import { SecretBox } from '../secret-box.ts'
import type { TrunkConfig } from '../trunk/trunk-config.ts'
import { severedDatabase, type SeveredDatabase } from './severed-database.ts'
import type { TrunkTerms } from './trunk-choice.ts'
import { TrunkDirectory, type TrunkRuntime } from './trunk-directory.ts'
import { TrunkStore } from './trunk-store.ts'

/** Noon in Shanghai. */
export const noonMs = Date.parse('2026-11-20T12:00:00+08:00')

export const realLine: Line = {
  name: 'trunk',
  talkMsMax: 180_000,
  exempt: { hours: false, frequency: false },
  understandsPeopleRequired: false,
}
export const simulatedLine: Line = { ...realLine, name: 'simulator', exempt: { hours: true, frequency: true } }

/** The trunk that each line of a test has, named like the line. */
export const plainTerms: Omit<TrunkTerms, 'name'> = { version: 0, callers: [{ number: '02160001000' }], concurrencyMax: 100, cps: 1_000, priority: 10, weight: 1, ringMsMax: 45_000 }

/** Trunks that are always up. */
export const plainRuntime = (): TrunkRuntime & { configs: readonly TrunkConfig[] } => ({
  configs: [],
  set(configs) {
    this.configs = configs
  },
  isUp: () => true,
  details() {
    return this.configs.map(({ name }) => ({ trunk: name, up: true, detail: {} }))
  },
})

/** What a process on these lines knows of trunks: one for each line, unless `terms` is false, and those in the database. */
export function trunksOn(db: Database, lines: readonly Line[], terms: Partial<TrunkTerms> | false = {}, runtime: TrunkRuntime = plainRuntime()): TrunkDirectory {
  const builtIn = new Map(terms === false ? [] : lines.map(({ name }) => [name, [{ ...plainTerms, name, ...terms }]]))
  return new TrunkDirectory({ db, store: trunkStore(db), builtIn, storedLine: 'trunk', runtime, pollMs: 200 })
}

export const trunkStore = (db: Database): TrunkStore => new TrunkStore(db, new SecretBox(Buffer.alloc(32, 7)))

/** What a scripted call does between dial and end. */
export type Script = (call: ScriptedCall) => Promise<Partial<CallResult> | void>

export class ScriptedCall {
  readonly request: CallRequest
  readonly hooks: CallHooks
  readonly signal: AbortSignal
  readonly notes: RobotNote[] = []
  /** What was dialled, the first included. */
  readonly attempts: { trunk: string; callerId: string; pauseMs?: number }[]
  answeredAt: Date | undefined
  talkMs = 0
  readonly #now: () => number

  constructor(request: CallRequest, hooks: CallHooks, signal: AbortSignal, now: () => number) {
    this.request = request
    this.hooks = hooks
    this.signal = signal
    this.attempts = [{ trunk: request.trunk, callerId: request.callerId }]
    this.#now = now
  }

  emit(event: CallEvent): void {
    this.hooks.onEvent(event)
  }

  ring(): void {
    this.emit({ type: 'ringing', sipStatus: 180, earlyMedia: false })
  }

  answer(): void {
    this.answeredAt = new Date(this.#now())
    this.emit({ type: 'answered', sipStatus: 200 })
    this.hooks.onDialog({ callId: this.request.id, localTag: 'a', remoteTag: 'b' })
  }

  say(text: string, turn = 1): void {
    this.emit({ type: 'robot-said', turn, text, cut: false, beginAtMs: 0, endAtMs: 100 })
  }

  note(note: RobotNote): void {
    this.notes.push(note)
    this.emit({ type: 'noted', note })
  }

  /** The attempt failed before anything rang. True when there is another one, which is the last of `attempts` then. */
  async fails(failure: Partial<DialFailure> = {}): Promise<boolean> {
    const next = await this.hooks.onDialFailed({ trunk: this.attempts.at(-1)!.trunk, outcome: 'line-fault', status: 503, ...failure })
    if (next === undefined) return false
    this.hooks.beforeInvite()
    this.attempts.push(next)
    return true
  }

  /** Resolves when somebody hangs up from outside. */
  async stopped(): Promise<StopCause> {
    if (!this.signal.aborted) await new Promise((resolve) => this.signal.addEventListener('abort', resolve, { once: true }))
    return this.signal.reason as StopCause
  }
}

export function reason(outcome: Outcome, more: Partial<EndReason> = {}): EndReason {
  return { outcome, by: 'robot', stage: 'talking', detail: 'robot-hung-up', evidence: {}, ...more }
}

/** Rings, answers, talks for 20 s by its own account, confirms. */
export const confirms: Script = async (call) => {
  call.ring()
  call.answer()
  call.say('您好')
  call.note({ outcome: 'confirmed', summary: '已确认' })
  return { talkMs: 20_000, conversation: 'confirmed' }
}

export const isBusy: Script = async () => ({ reason: reason('busy', { by: 'callee', stage: 'dialing', evidence: { sipStatus: 486 } }) })

/** Answers and talks until it is hung up from outside. */
export const talksOn: Script = async (call) => {
  call.ring()
  call.answer()
  const cause = await call.stopped()
  return { talkMs: 5_000, reason: reason('answered', { by: cause.by, detail: cause.detail }) }
}

const plainRobot = { kind: 'scripted', hotWords: [], phrases: [], handle: async function* handle() {}, async [Symbol.asyncDispose]() {} } satisfies Robot

/** Fixes "今天" at acceptance like the real one, and nothing else. */
export const scriptedRobots: RobotMaker = {
  accept: (userRequirement, { acceptedAt }) => {
    const inMs = /(\d+)ms内/.exec(userRequirement)?.[1]
    return { spec: { userRequirement, day: acceptedAt.toISOString() }, expiresAt: inMs === undefined ? undefined : new Date(acceptedAt.getTime() + Number(inMs)) }
  },
  open: (spec) => {
    if ((spec as { userRequirement?: string }).userRequirement === undefined) throw new Error('not a spec')
    return plainRobot
  },
}

export type World = AsyncDisposable & {
  db: Database
  accountId: string
  clock: { nowMs: number }
  /** What each call does, by its phone; others do `script`. */
  scripts: Map<string, Script>
  /** Every call that came as far as the INVITE, in order. */
  invited: ScriptedCall[]
  service: DialerCallService
  /** Another process on the same database. */
  another(options?: Partial<DialerOptions> & Made): DialerCallService
  /** A database handle of its own, whose connections can be cut. Closed with the world. */
  severed(): Promise<SeveredDatabase>
  /** Places one call and answers its id. */
  place(phone?: string, requirement?: string, wish?: { line?: string; caller?: string; callsBack?: boolean }): Promise<string>
  /** The log of a call once it is over. */
  ended(callId: string, service?: DialerCallService): Promise<CallEventRow[]>
  /** Throws when any wallet differs from its ledger or money is held for a call that is over. */
  assertLedger(): Promise<void>
}

/** `terms`: of the trunks that the lines have; false: they have none. */
type Made = { script?: Script | undefined; terms?: Partial<TrunkTerms> | false | undefined; runtime?: TrunkRuntime | undefined }
export type WorldOptions = Partial<DialerOptions> & Made & { script?: Script; creditLi?: number; started?: boolean; webhookUrl?: string }

/** A started dialer on a fresh database with one account (10 RMB at 150 厘 a minute) and a simulated line. */
export async function dialerWorld(options: WorldOptions = {}): Promise<World> {
  const { script = confirms, terms, runtime, creditLi = 10_000, started = true, webhookUrl, ...more } = options
  const test = await testDatabase()
  const account = await createAccount(test.db, { name: 'test', creditLi })
  const clock = { nowMs: noonMs }
  const scripts = new Map<string, Script>()
  const invited: ScriptedCall[] = []
  const others: DialerCallService[] = []
  const databases: SeveredDatabase[] = []
  if (webhookUrl !== undefined) {
    await test.db.sql.updateTable('accounts').set({ webhook_url: webhookUrl, webhook_secret: 'whsec_test' }).where('id', '=', account.id).execute()
  }

  const runner = (by: Script): RunCall => async (request, hooks, signal) => {
    const call = new ScriptedCall(request, hooks, signal, () => clock.nowMs)
    try {
      hooks.beforeInvite()
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      return result(call, { reason: reason('bad-number', { by: 'platform', stage: 'dialing', detail: 'refused', evidence: { error: error.message } }) })
    }
    invited.push(call)
    return result(call, (await (scripts.get(request.phone) ?? by)(call)) ?? {})
  }
  const result = (call: ScriptedCall, said: Partial<CallResult>): CallResult => ({
    reason: reason('answered'),
    answeredAt: call.answeredAt,
    talkMs: call.talkMs,
    conversation: undefined,
    notes: call.notes,
    recording: undefined,
    media: undefined,
    ...said,
  })
  const create = (db: Database, made: Required<Pick<Made, 'script'>> & Made, overrides: Partial<DialerOptions>): DialerCallService => {
    const lines = overrides.lines ?? [simulatedLine]
    return new DialerCallService({
      db,
      lines,
      trunks: trunksOn(db, lines, made.terms, made.runtime),
      robots: scriptedRobots,
      runCall: runner(made.script ?? confirms),
      capacity: () => 1_000,
      understandsPeople: true,
      defaultPrice: { priceLiPerMin: 150, initialBlockSec: 60, incrementSec: 60 },
      now: () => clock.nowMs,
      ...overrides,
      settings: { pollMs: 50, heartbeatMs: 100, takeoverMs: 100, leaseMs: 1_000, followPollMs: 100, ...overrides.settings },
    })
  }
  const service = create(more.db ?? test.db, { script, terms, runtime }, more)
  // Following works even where nothing is dialled.
  await (started ? service.start() : service.followers.start())

  return {
    db: test.db,
    accountId: account.id,
    clock,
    scripts,
    invited,
    service,
    another({ script: by = script, terms: itsTerms = terms, runtime: itsRuntime = runtime, ...overrides } = {}) {
      const other = create(overrides.db ?? test.db, { script: by, terms: itsTerms, runtime: itsRuntime }, { ...more, ...overrides })
      others.push(other)
      return other
    },
    async severed() {
      const database = await severedDatabase(test.config)
      databases.push(database)
      return database
    },
    async place(phone = '13800138000', requirement = '通知张总明天上午9点开会', wish = {}) {
      const { callIds } = await service.place({ accountId: account.id, source: 'stepone', phones: phone, userRequirement: requirement, ...wish })
      return callIds[0]!
    },
    async ended(callId, from = service) {
      const rows: CallEventRow[] = []
      for await (const row of from.follow(account.id, callId, 0, AbortSignal.timeout(20_000))) rows.push(row)
      if (rows.at(-1)?.event.type !== 'ended') throw new Error(`call did not end: ${JSON.stringify(rows.map((row) => row.event.type))}`)
      return rows
    },
    async assertLedger() {
      const found = await verifyLedger(test.db.sql)
      if (found.wallets.length + found.stranded.length > 0) throw new Error(`ledger: ${JSON.stringify(found)}`)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([service.close(0), ...others.map((other) => other.close(0))])
      await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()))
      await test[Symbol.asyncDispose]()
    },
  }
}

type Found<T> = T | undefined | null | false

/** Waits for something that comes about by itself, without guessing how long it takes. Errors: Error after `withinMs`. */
export async function until<T>(what: string, look: () => Found<T> | Promise<Found<T>>, withinMs = 10_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`)
    await sleep(5)
  }
}
