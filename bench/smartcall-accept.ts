// Measures how many signed SmartCall requests a second the whole program accepts, each durable before its answer: nonce, call, ticket, ledger
// hold and queue row. Prints JSON. Judges: every answer is right, and the ledger, the calls and the nonces are exactly what was answered.
//
//   node bench/smartcall-accept.ts [requests per second] [seconds] [requests in flight,… for the highest rate]
//
// Server, database (on the disk, with fsync) and load share this machine. Requests come on 64 kept connections at their appointed times; the
// time of an answer counts from the appointed one. Accounts are mixed; one has no money, and each of its requests must be refused alone.
// Nothing is dialled (CALLS_MAX=0). `signatureUs`: reading and checking a signature alone, in this process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AccessKeys } from '../src/account/access-keys.ts'
import { createAccount } from '../src/account/accounts.ts'
import { CallbackServers } from '../src/account/callback-servers.ts'
import { verifyLedger } from '../src/account/ledger.ts'
import { readConfig } from '../src/config.ts'
import { withDatabase } from '../src/cli/database.ts'
import type { Database } from '../src/db/connection.ts'
import { callbackServerDefaults } from '../src/robot/callback/plan.ts'
import { openSecretBox } from '../src/secret-box.ts'
import { ServerProcess } from '../test/world/server-process.ts'
import { round, usageOfTree } from './figures.ts'
import type { Account, LoadFigures, LoadOrder } from './smartcall-accept/load.ts'
import { signatureUs } from './smartcall-accept/signature.ts'

const perSecond = Number(process.argv[2] ?? 1_000)
const seconds = Number(process.argv[3] ?? 60)
const inFlight = (process.argv[4] ?? '16,64,128').split(',').map(Number)
const HIGHEST_SECONDS = 10
/** One account may send 1,000 a second, and have 10,000 calls waiting. */
const ACCOUNTS = 20
const P99_MS_MAX = 50

/** A fresh server with accounts, keys and callback servers; `work` is told where it is. */
async function withServer<T>(work: (p: { url: URL; accounts: Account[]; pid: number; database: <R>(look: (db: Database) => Promise<R>) => Promise<R> }) => Promise<T>): Promise<T> {
  // Not in memory: a commit must cost what it costs.
  const dataDir = await mkdtemp(path.join(tmpdir(), 'waihu-accept-'))
  const env = { DATA_DIR: dataDir, PORT: '0', CALLS_MAX: '0', HOME: dataDir, LOG_LEVEL: 'warn', SIMULATOR_LOAD: 'on' }
  const server = new ServerProcess({ env })
  try {
    const url = new URL(await server.up(120_000))
    const config = readConfig(env)
    const database = <R>(look: (db: Database) => Promise<R>): Promise<R> => withDatabase(config, look, { migrates: false })
    const accounts = await database(async (db) => {
      const keys = new AccessKeys(db, await openSecretBox(config))
      const servers = new CallbackServers(db, { privateAllowed: true, phoneOf: () => undefined })
      const made: Account[] = []
      for (let nth = 0; nth <= ACCOUNTS; nth += 1) {
        const isPoor = nth === ACCOUNTS
        const { id } = await createAccount(db, { name: `account ${nth}`, creditLi: isPoor ? 0 : 1_000_000_000 })
        await servers.put(id, { ...callbackServerDefaults, url: 'http://127.0.0.1:9/', parameters: 'form', saysSynthetic: true, callCentres: {} })
        made.push({ ...(await keys.create(id)), isPoor })
      }
      return made
    })
    // The built-in voices practise after a start.
    await sleep(15_000)
    return await work({ url, accounts, pid: server.pid, database })
  } finally {
    server.kill('SIGTERM')
    await server.ended(60_000)
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** In a process of its own, as clients are. */
async function load(order: LoadOrder): Promise<LoadFigures> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('smartcall-accept/load.ts', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(order))
  const said = child.stdout.setEncoding('utf8').toArray()
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the load ended with ${code}`)
  return JSON.parse((await said).join('')) as LoadFigures
}

/** What the database holds, against what was answered. */
async function differences(db: Database, placed: number, requests: number): Promise<string[]> {
  const { rows } = await db.pool.query<{ calls: number; tickets: number; holds: number; held: number; nonces: number }>(
    `select (select count(*)::int from calls where status = 'queued') as calls, (select count(*)::int from call_tickets) as tickets,
            (select count(*)::int from ledger_entries where kind = 'hold') as holds, (select sum(held_li)::bigint from wallets) as held, (select count(*)::int from used_nonces) as nonces`,
  )
  const found = rows[0]!
  const { wallets, stranded } = await verifyLedger(db.sql)
  const price = found.holds === 0 ? 0 : found.held / found.holds
  return [
    ...(found.calls === placed && found.tickets === placed && found.holds === placed ? [] : [`${placed} were accepted; there are ${found.calls} calls, ${found.tickets} tickets, ${found.holds} holds`]),
    ...(Number.isInteger(price) ? [] : [`what is held is no multiple of the holds: ${found.held}`]),
    ...(found.nonces === requests ? [] : [`${requests} requests were answered, ${found.nonces} nonces are kept`]),
    ...(wallets.length + stranded.length === 0 ? [] : [`the ledger does not add up: ${JSON.stringify({ wallets, stranded })}`]),
  ]
}

async function measure(order: Pick<LoadOrder, 'perSecond' | 'inFlight' | 'seconds'>): Promise<Record<string, unknown>> {
  return await withServer(async ({ url, accounts, pid, database }) => {
    await load({ host: url.hostname, port: Number(url.port), accounts, perSecond: 200, inFlight: 64, seconds: 3 })
    const warm = await database(async (db) => (await db.pool.query<{ n: number; all: number }>('select (select count(*)::int from calls) as n, (select count(*)::int from used_nonces) as all')).rows[0]!)
    const before = usageOfTree(pid)
    const figures = await load({ host: url.hostname, port: Number(url.port), accounts, ...order })
    const cpuSec = usageOfTree(pid).cpuSec - before.cpuSec
    const { accepted, refused, requests, wrong, ...rest } = figures
    const problems = [...(wrong.length > 0 ? [`wrong answers: ${wrong.join(' | ')}`] : []), ...(await database((db) => differences(db, warm.n + accepted, warm.all + accepted + refused)))]
    const row = {
      ...(order.perSecond === undefined ? { inFlight: order.inFlight } : { perSecond: order.perSecond }),
      seconds: round(figures.seconds),
      requests,
      accepted,
      refusedForMoney: refused,
      reachedPerSecond: round((accepted + refused) / figures.seconds),
      answerMs: rest.answerMs,
      cpuMsPerRequest: { server: round((cpuSec * 1_000) / requests), load: round((figures.cpuSec * 1_000) / requests) },
      problems,
    }
    console.error(JSON.stringify(row))
    return row
  })
}

const signature = await signatureUs()
const sustained = await measure({ perSecond, inFlight: 200, seconds })
const highest = []
for (const count of inFlight) highest.push(await measure({ inFlight: count, seconds: HIGHEST_SECONDS }))
const problems = [sustained, ...highest].flatMap((row) => row['problems'] as string[])
const p99 = (sustained['answerMs'] as { p99: number }).p99
console.log(
  JSON.stringify(
    { bench: 'smartcall-accept', target: { perSecond: 1_000, seconds: 60, p99MsMax: P99_MS_MAX, highestPerSecond: 5_000 }, held: problems.length === 0 && p99 <= P99_MS_MAX, highestPerSecond: Math.max(...highest.map((row) => row['reachedPerSecond'] as number)), signatureUs: signature, loadAverage: round(loadavg()[0]!), sustained, highest },
    undefined,
    1,
  ),
)
if (problems.length > 0) process.exitCode = 1
