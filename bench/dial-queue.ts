// Measures what it costs to feed, claim and settle calls of tasks, however many numbers wait. Prints JSON. Judges: claims stay below 5 ms at p99
// and do not slow down with the numbers that wait; a task of 200 keeps 95 % of its line's pace beside one of 200,000 that may not be called now.
//
//   node bench/dial-queue.ts [numbers that wait,…] [rounds] [numbers of the blocked task]
//
// PostgreSQL (on the disk, with fsync) and the dialer's own functions, one after the other in this process; nothing rings, calls end as they
// begin. `feed`: one pass over all open tasks, ten calls each. `claim`: one claim of those calls, never-dial, do-not-call and frequency asked.
// `settle`: one call with its money, its number and the counters. Blocked numbers are due, and were all called by somebody a moment ago.
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { pino } from 'pino'
import { createAccount } from '../src/account/accounts.ts'
import { verifyLedger } from '../src/account/ledger.ts'
import { openDatabase, type Database } from '../src/db/connection.ts'
import { migrate } from '../src/db/migrations.ts'
import { startEmbeddedPostgres } from '../src/db/postgres/supervisor.ts'
import { counterDifferences } from '../src/db/tasks.ts'
import { claimCalls, type ClaimedCall } from '../src/dialer/claim.ts'
import { dialerDefaults } from '../src/dialer/settings.ts'
import { settleCall, unansweredEnding } from '../src/dialer/settle.ts'
import { realLine, trunksOn } from '../src/dialer/testing.ts'
import { TaskFeeder } from '../src/dialer/tasks/feeder.ts'
import { makePlan } from '../src/dialer/tasks/plan.ts'
import type { TrunkTerms } from '../src/dialer/trunk-choice.ts'
import { percentile, round } from './figures.ts'

const waiting = (process.argv[2] ?? '1000,100000,1000000').split(',').map(Number)
const rounds = Number(process.argv[3] ?? 200)
const blockedNumbers = Number(process.argv[4] ?? 200_000)
const CLAIM_P99_MS_MAX = 5
const SMALL = 200
const CPS = 20
const lines = ['one', 'two', 'three'].map((name) => ({ ...realLine, name }))
/** A Friday afternoon. */
const startMs = Date.parse('2026-11-20T15:00:00+08:00')
const log = pino({ level: 'silent' })

class Rig {
  readonly db: Database
  readonly settings = dialerDefaults
  readonly feeder: TaskFeeder
  readonly #trunks
  readonly #beganMs = performance.now()
  readonly times = { feed: [] as number[], claim: [] as number[], settle: [] as number[] }

  constructor(db: Database, terms: Partial<TrunkTerms>) {
    this.db = db
    this.#trunks = trunksOn(db, lines, terms)
    this.feeder = new TaskFeeder({ db, lines, trunks: this.#trunks, settings: this.settings, defaultPrice: { priceLiPerMin: 150, initialBlockSec: 60, incrementSec: 60 }, now: () => this.now() })
  }

  now(): number {
    return Math.round(startMs + performance.now() - this.#beganMs)
  }

  async timed<T>(what: keyof Rig['times'], work: () => Promise<T>): Promise<T> {
    const began = performance.now()
    const result = await work()
    this.times[what].push(performance.now() - began)
    return result
  }

  async claim(line = lines[0]!): Promise<ClaimedCall[]> {
    const input = { line, owner: 'own_bench', nowMs: this.now(), capacity: 1_000, settings: this.settings, trunks: this.#trunks, dice: Math.random, linesNotCounted: [] }
    return (await this.timed('claim', () => claimCalls(this.db, input))).claimed
  }

  async settle({ row, fence }: ClaimedCall): Promise<void> {
    await this.timed('settle', () => settleCall(this.db, { id: row.id, fence }, unansweredEnding('rejected', 'final-response', new Date(this.now()), { by: 'callee', stage: 'ringing' })))
  }

  figures(): object {
    return Object.fromEntries(Object.entries(this.times).map(([name, ms]) => [name, { times: ms.length, p50Ms: round(percentile(ms, 0.5)), p99Ms: round(percentile(ms, 0.99)) }]))
  }
}

/** A running task, its numbers made by the database. */
async function task(db: Database, accountId: string, name: string, p: { numbers: number; from: number; dueAt: Date; concurrencyMax?: number }): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into tasks (account_id, name, script_id, script_version, source, plan, status, started_at)
    values (${accountId}, ${name}, 'notice', 1, 'api', ${JSON.stringify(makePlan({ concurrencyMax: p.concurrencyMax }))}::jsonb, 'running', ${new Date(startMs)}) returning id`.execute(db.sql)
  const { id } = rows[0]!
  for (let done = 0; done < p.numbers; done += 50_000) {
    await sql`
      insert into task_numbers (task_id, phone, phone_as_given, vars, due_at)
      select ${id}, '+861' || (3000000000 + ${p.from}::bigint + n), '1' || (3000000000 + ${p.from}::bigint + n), '{"name":"张伟","time":"明天上午9点"}', ${p.dueAt}::timestamptz
      from generate_series(${done}::int, ${Math.min(done + 50_000, p.numbers) - 1}::int) as n`.execute(db.sql)
  }
  return id
}

/** Feed, claim and settle again and again beside this many numbers that wait for later. */
async function flat(db: Database, accountId: string, numbers: number, nth: number): Promise<object> {
  const waits = await task(db, accountId, 'waits', { numbers, from: 0, dueAt: new Date(startMs + 3_600_000) })
  await task(db, accountId, 'runs', { numbers: rounds * 10, from: 50_000_000 + nth * 1_000_000, dueAt: new Date(startMs), concurrencyMax: 10 })
  await sql`analyze task_numbers`.execute(db.sql)
  const rig = new Rig(db, { concurrencyMax: 1_000, cps: 10_000 })
  const began = performance.now()
  let calls = 0
  for (let done = 0; done < rounds; done += 1) {
    await rig.timed('feed', async () => rig.feeder.pass())
    for (const claimed of await rig.claim()) {
      await rig.settle(claimed)
      calls += 1
    }
  }
  const perSecond = round(calls / ((performance.now() - began) / 1_000))
  await sql`update tasks set status = 'cancelled' where id = ${waits} or name = 'runs'`.execute(db.sql)
  return { waiting: numbers, calls, callsPerSecond: perSecond, ...rig.figures() }
}

/** Two accounts on three lines: one has numbers that may not be called now, the other a few that may. */
async function beside(db: Database, accounts: readonly string[]): Promise<{ seconds: number; paceShare: number; claimP99Ms: number; passedOver: number } & Record<string, unknown>> {
  const blocked = await task(db, accounts[0]!, 'blocked', { numbers: blockedNumbers, from: 100_000_000, dueAt: new Date(startMs) })
  await sql`
    insert into calls (id, account_id, source, phone, phone_as_given, user_requirement, robot, line, status, expires_at, dialing_at, ended_at, outcome, end_reason, talk_ms, cost_li, price_li_per_min, initial_block_sec, increment_sec)
    select 'call_b' || seq, ${accounts[1]!}, 'stepone', phone, phone, '', '{}', 'one', 'ended', n.due_at, n.due_at + interval '1 second', n.due_at, 'busy', '{}', 0, 0, 1, 1, 1
    from task_numbers n cross join generate_series(1, 1) where n.task_id = ${blocked}`.execute(db.sql)
  const small = await task(db, accounts[1]!, 'small', { numbers: SMALL, from: 900_000_000, dueAt: new Date(startMs) })
  await sql`analyze task_numbers, calls`.execute(db.sql)
  const rig = new Rig(db, { concurrencyMax: 50, cps: CPS })
  const starts: number[] = []
  const feeding = new AbortController()
  const feed = (async () => {
    while (!feeding.signal.aborted) {
      await rig.timed('feed', () => rig.feeder.pass())
      await sleep(rig.settings.tasks.pollMs)
    }
  })()
  while (starts.length < SMALL && rig.now() < startMs + 60_000) {
    for (const claimed of await rig.claim()) {
      if (claimed.row.taskId === small) starts.push(rig.now())
      await rig.settle(claimed)
    }
    await sleep(1_000 / CPS / 4)
  }
  feeding.abort()
  await feed
  const seconds = (starts.at(-1)! - starts[0]!) / 1_000
  const { rows } = await sql<{ n: number }>`select waiting_frequency as n from tasks where id = ${blocked}`.execute(db.sql)
  return { blocked: blockedNumbers, small: starts.length, seconds: round(seconds), paceShare: round((starts.length - 1) / seconds / CPS), claimP99Ms: round(percentile(rig.times.claim, 0.99)), passedOver: rows[0]!.n, ...rig.figures() }
}

const dataDir = await mkdtemp(path.join(tmpdir(), 'waihu-dial-queue-'))
const postgres = await startEmbeddedPostgres({ dataDir, log })
const db = openDatabase({ config: postgres.connectionConfig, log })
try {
  await migrate(db, { log })
  const accounts = [await createAccount(db, { name: 'a', creditLi: 1_000_000_000 }), await createAccount(db, { name: 'b', creditLi: 1_000_000_000 })].map(({ id }) => id)
  const queues: object[] = []
  for (const [nth, numbers] of waiting.entries()) queues.push(await flat(db, accounts[0]!, numbers, nth))
  const two = await beside(db, accounts)
  const { wallets, stranded } = await verifyLedger(db.sql)
  const counters = await counterDifferences(db.sql)
  console.log(JSON.stringify({ bench: 'dial-queue', queues, beside: two, ledgerWrong: wallets.length + stranded.length, countersWrong: counters.length, load: loadavg()[0] }, undefined, 2))
  if (wallets.length + stranded.length + counters.length > 0 || two.claimP99Ms > CLAIM_P99_MS_MAX || two.paceShare < 0.95) process.exitCode = 1
} finally {
  await db.close()
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}
