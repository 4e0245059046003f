// How many whole simulated calls this machine holds at once: SIP, RTP, recognition, synthesis, recording, database and the callees themselves.
// Usage: node bench/concurrent-calls.ts [counts, comma separated]. Stops at the first count whose p95 RTP pacing error is over 10 ms.
// Prints JSON: per count the pacing error, CPU per call-second, memory per call, and how the calls ended.
import { Platform } from '../test/world/platform.ts'
import { percentile, round, usageOfTree } from './figures.ts'

const PACING_MS_MAX = 10
const counts = (process.argv[2] ?? '20,50,100,150,200,260').split(',').map(Number)

await using platform = await Platform.start({ CALLS_MAX: '400', CALLS_PER_SECOND: '20' })
const { db } = platform.app
const idle = usageOfTree(process.pid)
const rows: Record<string, unknown>[] = []
for (const count of counts) {
  const before = usageOfTree(process.pid)
  const startedAt = performance.now()
  const phones = Array.from({ length: count }, () => '13800138000')
  const ids = (await Promise.all(phones.map((phone) => platform.place(phone, '通知张总明天上午9点在三楼会议室开会')))).flat()
  // Memory is looked at while all of them talk.
  const peak = new Promise<number>((resolve) => setTimeout(() => resolve(usageOfTree(process.pid).rssMb), 15_000))
  await Promise.all(ids.map((id) => platform.ended(id, 240_000)))
  const wallSec = (performance.now() - startedAt) / 1000
  const used = usageOfTree(process.pid).cpuSec - before.cpuSec
  const { rows: ended } = await db.pool.query<{ event: { talkMs: number; conversation: string; reason: { outcome: string }; media?: { pacingErrorMsP95: number; packetsLost: number } } }>(
    "select event from call_events where event->>'type' = 'ended' and call_id = any($1)",
    [ids],
  )
  const talkSec = ended.reduce((sum, { event }) => sum + event.talkMs / 1000, 0)
  const pacing = ended.map(({ event }) => event.media?.pacingErrorMsP95 ?? Infinity)
  const row = {
    calls: count,
    confirmed: ended.filter(({ event }) => event.conversation === 'confirmed').length,
    pacingErrorMsP95: { p50: round(percentile(pacing, 0.5)), p95: round(percentile(pacing, 0.95)), worst: round(Math.max(...pacing)) },
    packetsLost: ended.reduce((sum, { event }) => sum + (event.media?.packetsLost ?? 0), 0),
    cpuMsPerCallSecond: round((used * 1000) / talkSec),
    coresBusy: round(used / wallSec),
    memoryMbPerCall: round(Math.max(0, (await peak) - idle.rssMb) / count),
  }
  rows.push(row)
  console.error(JSON.stringify(row))
  if (row.pacingErrorMsP95.p95 > PACING_MS_MAX) break
}
const held = rows.filter((row) => (row['pacingErrorMsP95'] as { p95: number }).p95 <= PACING_MS_MAX && row['confirmed'] === row['calls'])
console.log(JSON.stringify({ bench: 'concurrent-calls', note: 'CPU and memory include the simulated callees, their speech and the database', pacingMsMax: PACING_MS_MAX, heldAtOnce: Math.max(0, ...held.map((row) => row['calls'] as number)), idleMemoryMb: round(idle.rssMb), rows }, undefined, 1))

