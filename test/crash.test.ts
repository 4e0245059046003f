// Holds what must never happen, whatever is killed when: a call lost, dialled twice, ended twice, paid wrongly, or a process left behind.
// Runs alone: two hundred calls at once, and everything is killed.
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { balanceOf, verifyLedger } from '../src/account/ledger.ts'
import { openDatabase, type Database } from '../src/db/connection.ts'
import { openFolder } from '../src/db/postgres/folder.ts'
import { clientConfig, readPidFile } from '../src/db/postgres/postmaster.ts'
import { supervisorDefaults } from '../src/db/postgres/supervisor.ts'
import { log } from '../src/log.ts'
import { seededRandom } from '../src/media/seeded-random.ts'
import { readWav, wavChunks } from '../src/media/wav.ts'
import { neverDial } from '../src/numbering/never-dial.ts'
import { parsePhone } from '../src/numbering/phone.ts'
import { numberTable } from '../src/simulator/numbers.ts'
import { KeptServer, oneOf, PersistentClient, type Victim } from './world/crash-run.ts'
import { canSeeProcesses, processesWith, udpPortsOf, untilNone } from './world/processes.ts'
import { DataFolder } from './world/server-process.ts'

log.level = process.env['LOG_LEVEL'] ?? 'error'

const CALLS = 200
const RING_MS_MAX = 4_000
const TALK_MS_MAX = 5_000
/** Goodbye after the talk limit, one more dial after a 503, the lease of a dead owner, and the start of the server that closes its calls. */
const GRACE_MS = 40_000
/** All that may wait in the queue when the last kill comes, twenty at a time. */
const QUEUE_MS_MAX = 110_000
/** How long placing goes on, so that kills meet calls in every stage. */
const PLACING_MS = 50_000
const CREDIT_LI = 1_000_000
const CONGESTED_ONCE = '13800138016'
const plannedKills: Readonly<Record<Victim, number>> = { server: 6, carrier: 5, postgres: 4, postmaster: 1, backend: 2, speech: 2 }

const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)

void test('200 calls survive kills of server, carrier and database: each ends once, is dialled at most once and is paid right', { skip: !canSeeProcesses && 'needs /proc', timeout: 280_000 }, async (t) => {
  t.diagnostic(`CRASH_SEED=${seed}`)
  const random = seededRandom(seed)
  await using folder = await DataFolder.make()
  const callLog = path.join(folder.path, 'invites.jsonl')
  const server = new KeptServer(folder, {
    PORT: '0',
    HOME: folder.path,
    LOG_LEVEL: process.env['SERVER_LOG_LEVEL'] ?? 'warn',
    SIMULATOR_LOAD: 'on',
    SIMULATOR_CALL_LOG: callLog,
    RING_MS_MAX: String(RING_MS_MAX),
    TALK_MS_MAX: String(TALK_MS_MAX),
    CALLS_MAX: '20',
    CREDIT_LI: String(CREDIT_LI),
  })
  server.start()
  const over = new AbortController()
  try {
    await server.current.up(60_000)
    const { account_id: accountId, api_key: apiKey } = await folder.demoAccount()
    const client = new PersistentClient(server, apiKey)

    const digits = calleeNumbers(random)
    const [callIds, kills] = await Promise.all([placeAll(client, digits, random), killAll(server, seededRandom(seed + 1), over.signal)])
    assert.deepEqual(server.unasked.filter(({ wasUp }) => wasUp), [], 'a server that was up never ends by itself')
    assert.equal(new Set(callIds).size, CALLS, 'every number was accepted as one call')

    const lastKillAt = Date.now()
    const db = await databaseOf(folder, t)
    const late = await untilEnded(db, QUEUE_MS_MAX)
    assert.deepEqual(late, [], 'every call ends in time after the last kill')
    const settledMs = Date.now() - lastKillAt

    const calls = await callsIn(db)
    assert.deepEqual(calls.map(({ id }) => id).sort(), callIds.sort(), 'the server knows the calls that it accepted, and no others')
    for (const call of calls) assertEndedOnce(call)
    const dials = assertDialledOnce(calls, callLog)
    await assertPaidRight(db, accountId, calls)
    const recordings = calls.filter(({ recording }) => recording !== null)
    for (const call of recordings) assertPlayable(call)
    const cutOff = calls.filter(({ outcome, answeredAt, talkMs }) => outcome === 'interrupted' && answeredAt && talkMs! > 2_000)
    assert.ok(cutOff.every(({ recording }) => recording !== null), 'what was recorded of interrupted calls is kept')
    for (const id of callIds) assert.equal((await client.post('search_callinfo', { call_id: id })).answer.body['status'], 'ended')

    // Callees whose caller was killed before it had stored how to hang up: nobody is left who could tell them.
    const lonelyCallees = processesWith(server.markOf(server.starts)).filter(({ command }) => command.includes('simulator/main.ts')).flatMap(({ pid }) => udpPortsOf(pid)).filter((port) => port < 20_000).length
    const leftPorts = await untilNone(() => udpPortsOf(server.current.pid).filter(isRtpPort), 5_000)
    assert.deepEqual(leftPorts, [], 'the server holds no RTP port when no call is under way')
    await db.close()
    const stop = await server.stop(40_000)
    assert.equal(stop.code, 0)
    const left = await untilNone(() => processesWith(folder.path), 3_000)
    assert.deepEqual(left, [], 'no process is left behind')
    assert.equal(server.errors['unhandled rejection'], undefined)

    const outcomes: { [outcome: string]: number } = {}
    for (const { outcome } of calls) outcomes[outcome ?? ''] = (outcomes[outcome ?? ''] ?? 0) + 1
    const longestMs = Math.max(...calls.map((call) => (call.dialingAt ? call.endedAt!.getTime() - call.dialingAt.getTime() : 0)))
    t.diagnostic(
      JSON.stringify({
        seed,
        calls: calls.length,
        kills,
        serverStarts: server.starts,
        startsGivenUp: server.unasked.length,
        startMs: server.startMs,
        outcomes,
        dials,
        recordings: recordings.length,
        longestMs,
        lonelyCallees,
        settledMs,
        stopMs: stop.ms,
        requestFailures: client.failures,
        errorsLogged: server.errors,
      }),
    )
  } catch (error) {
    t.diagnostic(server.current.lastWords)
    throw error
  } finally {
    over.abort()
    if (!server.current.exit) await server.stop(40_000).catch(() => {})
  }
})

const isRtpPort = (port: number): boolean => port >= 20_000 && port <= 29_998

/** Each row of the carrier's table once, then others that fall to it by their hash: all different, so that an INVITE tells its call. */
function calleeNumbers(random: () => number): string[] {
  const numbers = new Set(Object.keys(numberTable))
  while (numbers.size < CALLS) {
    const digits = `${oneOf(['136', '151', '187', '189', '133', '186'], random)!}${String(Math.floor(random() * 1e8)).padStart(8, '0')}`
    const parsed = parsePhone(digits)
    if (parsed.ok && !neverDial(parsed.phone.phone)) numbers.add(digits)
  }
  return [...numbers].map((digits) => ({ digits, at: random() })).sort((a, b) => a.at - b.at).map(({ digits }) => digits)
}

/** Places all numbers in requests of one to eight, sends each until it is accepted, and some again afterwards. Answers the ids of the calls. */
async function placeAll(client: PersistentClient, digits: readonly string[], random: () => number): Promise<string[]> {
  const requests: string[][] = []
  for (let at = 0; at < digits.length; at += requests.at(-1)!.length) requests.push(digits.slice(at, at + 1 + Math.floor(random() * 8)))
  const delays = requests.map(() => random() * PLACING_MS).sort((a, b) => a - b)
  // Drawn beforehand, so that a seed means the same however the answers come.
  const repeats = requests.map(() => random() < 0.3)
  const hangUps = requests.map(() => random() < 0.15)
  const placed = await Promise.all(
    requests.map(async (phones, index) => {
      await sleep(delays[index])
      const body = { phones: phones.join(','), user_requirement: '通知张总明天上午9点在三楼会议室开会' }
      const headers = { 'Idempotency-Key': `request-${seed}-${index}` }
      const { answer } = await client.post('initiate_call', body, headers)
      const ids = answer.body['call_ids'] as string[]
      if (repeats[index]) {
        await sleep(500)
        const { answer: again } = await client.post('initiate_call', body, headers)
        assert.deepEqual(again.body['call_ids'], ids, 'a repeated request answers with the same calls')
        assert.equal(again.body['replayed'], true)
      }
      if (hangUps[index]) await client.post('hang_up', { call_id: ids[0] })
      return ids
    }),
  )
  return placed.flat()
}

/** Kills everything in random order at random moments. Answers how often each victim was hit. */
async function killAll(server: KeptServer, random: () => number, signal: AbortSignal): Promise<Record<Victim, number>> {
  const victims = (Object.entries(plannedKills) as [Victim, number][]).flatMap(([victim, times]) => Array.from({ length: times }, () => victim))
  const order = victims.map((victim) => ({ victim, at: random() })).sort((a, b) => a.at - b.at).map(({ victim }) => victim)
  const done: Record<Victim, number> = { server: 0, carrier: 0, postgres: 0, postmaster: 0, backend: 0, speech: 0 }
  const leftBehind: Promise<void>[] = []
  await sleep(1_000)
  for (const victim of order) {
    // One in four comes at once, in the middle of what the kill before has set in motion.
    const atOnce = random() < 0.25
    if (!atOnce) for (const deadline = performance.now() + 30_000; !server.isUp && performance.now() < deadline; ) await sleep(50, undefined, { signal })
    await sleep(atOnce ? random() * 400 : 300 + random() * 6_000, undefined, { signal })
    const start = server.starts
    while (!(await server.kill(victim, random))) await sleep(50, undefined, { signal })
    done[victim] += 1
    if (victim === 'server') leftBehind.push(assertAllGone(server, start))
  }
  await Promise.all(leftBehind)
  return done
}

/** What a killed server has started ends by itself, PostgreSQL excepted: the next server goes on with it. */
async function assertAllGone(server: KeptServer, start: number): Promise<void> {
  assert.deepEqual(await untilNone(() => processesWith(server.markOf(start)), 15_000), [], 'the children of a killed server end')
}

/** A connection of our own. The server may be in the middle of bringing the database up. */
async function databaseOf(folder: DataFolder, t: { after(run: () => Promise<void>): void }): Promise<Database> {
  for (const deadline = performance.now() + 60_000; ; await sleep(100)) {
    const found = await readPidFile(await openFolder(folder.path))
    if (found?.status !== 'ready' && performance.now() < deadline) continue
    const db = openDatabase({ log, config: clientConfig(found!.socketDir, supervisorDefaults.database), poolMax: 2 })
    t.after(() => db.close().catch(() => {}))
    return db
  }
}

/** Calls that have not ended within the time. */
async function untilEnded(db: Database, withinMs: number): Promise<{ id: string; status: string }[]> {
  for (const deadline = performance.now() + withinMs; ; await sleep(250)) {
    const open = await db.retry('look for open calls', () => db.sql.selectFrom('calls').select(['id', 'status']).where('status', '<>', 'ended').execute(), { withinMs: 30_000 })
    if (open.length === 0 || performance.now() > deadline) return open
  }
}

type SeenCall = {
  id: string
  phone: string
  outcome: string | null
  attempt: number
  dialingAt: Date | null
  answeredAt: Date | null
  endedAt: Date | null
  talkMs: number | null
  costLi: number | null
  recording: string | null
  seqs: number[]
  types: string[]
}

async function callsIn(db: Database): Promise<SeenCall[]> {
  const { rows } = await sql<SeenCall>`
    select id, phone, outcome, attempt, dialing_at as "dialingAt", answered_at as "answeredAt", ended_at as "endedAt", talk_ms as "talkMs", cost_li::int as "costLi", recording,
           array(select seq from call_events e where e.call_id = c.id order by seq) as seqs,
           array(select event ->> 'type' from call_events e where e.call_id = c.id order by seq) as types
    from calls c`.execute(db.sql)
  return rows
}

function assertEndedOnce({ id, seqs, types, dialingAt, endedAt }: SeenCall): void {
  assert.deepEqual(seqs, seqs.map((_, index) => index + 1), `the log of ${id} has no gap`)
  assert.equal(types[0], 'accepted', `the log of ${id} begins with its acceptance`)
  assert.deepEqual([types.at(-1), types.filter((type) => type === 'ended').length], ['ended', 1], `${id} ended once, and last: ${types.join()}`)
  if (dialingAt) {
    const ms = endedAt!.getTime() - dialingAt.getTime()
    assert.ok(ms <= RING_MS_MAX + TALK_MS_MAX + GRACE_MS, `${id} took ${ms} ms from dialling to its end`)
  }
}

/**
 * Judged by what the carrier received, not by what we wrote down. A retransmission keeps its Call-ID, also when it reaches another carrier process.
 * Answers how many dials there were, and how many of them a second carrier process saw again.
 */
function assertDialledOnce(calls: readonly SeenCall[], callLog: string): { dials: number; seenAgain: number } {
  const invites = readFileSync(callLog, 'utf8').trim().split('\n').filter((line) => line.includes('requestUri')).map((line) => JSON.parse(line) as { at: string; callId: string; requestUri?: string }).filter((line) => line.requestUri !== undefined)
  const byNumber = Map.groupBy(invites, ({ requestUri }) => /^sip:(\d+)@/.exec(requestUri!)?.[1] ?? requestUri!)
  const known = new Set(calls.map(({ phone }) => phone.replace('+86', '')))
  for (const number of byNumber.keys()) assert.ok(known.has(number), `${number} was dialled and belongs to no call`)
  for (const { id, phone, outcome, dialingAt, answeredAt, endedAt } of calls) {
    const number = phone.replace('+86', '')
    const seen = byNumber.get(number) ?? []
    const dials = new Set(seen.map(({ callId }) => callId)).size
    // Only the 503 of the congested number, before anything rang, permits one more.
    assert.ok(dials <= (number === CONGESTED_ONCE ? 2 : 1), `${id} (${outcome}) was dialled ${dials} times`)
    if (answeredAt) assert.ok(dials >= 1, `${id} was answered and never dialled`)
    for (const { at } of seen) {
      assert.ok(dialingAt && Date.parse(at) >= dialingAt.getTime(), `${id} was dialled before that was stored`)
      assert.ok(Date.parse(at) <= endedAt!.getTime(), `${id} was dialled after its end`)
    }
  }
  const dials = new Set(invites.map(({ callId }) => callId)).size
  return { dials, seenAgain: invites.length - dials }
}

async function assertPaidRight(db: Database, accountId: string, calls: readonly SeenCall[]): Promise<void> {
  assert.deepEqual(await verifyLedger(db.sql), { wallets: [], stranded: [] })
  const costLi = calls.reduce((sum, call) => sum + (call.costLi ?? 0), 0)
  const { balanceLi, heldLi } = await balanceOf(db.sql, accountId)
  assert.deepEqual({ balanceLi, heldLi }, { balanceLi: CREDIT_LI - costLi, heldLi: 0 })
  for (const { id, answeredAt, costLi } of calls) if (!answeredAt) assert.equal(costLi, 0, `${id} was not answered and costs nothing`)
}

function assertPlayable({ id, recording, talkMs, outcome }: SeenCall): void {
  const bytes = readFileSync(recording!)
  assert.equal(bytes.readUInt32LE(4), statSync(recording!).size - 8, `${id}: the RIFF size is that of the file`)
  // Whatever stands before it, such as the AIGC label: the samples are the last chunk and reach to the end of the file.
  const data = [...wavChunks(bytes)].at(-1)!
  assert.equal(data.id, 'data', `${id}: the samples come last`)
  assert.deepEqual([bytes.readUInt32LE(data.begin - 4), data.begin + data.size], [bytes.length - data.begin, bytes.length], `${id}: the data size is that of the samples`)
  const { format, channels } = readWav(bytes)
  assert.equal(format.channels, 2)
  const ms = (channels[0]!.length / format.sampleRateHz) * 1_000
  // A killed server had up to a second of audio in memory.
  assert.ok(ms >= talkMs! - (outcome === 'interrupted' ? 2_000 : 500), `${id} talked for ${talkMs} ms and has ${ms} ms of recording`)
}
