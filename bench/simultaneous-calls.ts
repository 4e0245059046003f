// How many complete calls this machine holds at once: our SIP, media threads, recording and voice activity against sipp with real RTP.
// First a storm of calls through every kind of failure; then `calls` calls that talk side by side for `seconds`.
// Prints JSON: how they ended, what was lost, how well packets kept time, CPU, memory, and what was left afterwards.
//
//   node bench/simultaneous-calls.ts [calls] [seconds] [storm calls]
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import { Leg } from '../src/call/leg.ts'
import type { MediaPort, PortStats } from '../src/media/engine.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import { noAttribution } from '../src/numbering/attribution.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { speechFixture } from '../src/speech/asr/builtin/fixtures.ts'
import { EnergyVad } from '../src/media/vad.ts'
import { configuredTrunk } from '../src/trunk/configured-trunk.ts'
import { parseTrunkConfig } from '../src/trunk/trunk-config.ts'
import { Sipp } from '../test/world/sipp.ts'
import { storm } from '../test/world/storm.ts'
import { percentile, round, usageOfTree } from './figures.ts'

const address = '127.0.0.1'
const CALLS_PER_SECOND = 25
/** RFC 3261 timers B, H, J, L, M, and a moment. */
const TRANSACTIONS_END_MS = 34_000
const [calls = 500, seconds = 180, stormCalls = 100] = process.argv.slice(2).map(Number)
const log = pino({ level: 'warn' }, pino.destination(2))

function heapMb(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed / 1e6
}

const rssMb = () => process.memoryUsage().rss / 1e6
const loadBefore = loadavg()[0]!
// Admission would refuse calls where the machine has other work; here the figures say what that did.
await using media = await createMediaEngine({ portMin: 20_000, portMax: 29_998, portRestMs: 0, admission: { busyMax: 1, lateMsMax: Infinity }, log })
const afterStorm = stormCalls > 0 ? await storm({ calls: stormCalls, media, log }) : undefined
if (afterStorm) console.error(JSON.stringify(afterStorm))

await using agent = await SipUserAgent.open({ address, port: 0, log })
await using carrier = await Sipp.start('uas-talks-on', { calls, args: ['-l', String(calls + 50), '-max_socket', String(4 * calls + 100)], seconds: seconds + calls / CALLS_PER_SECOND + 120 })
await sleep(500)
const config = parseTrunkConfig({ name: 'sipp', targets: [address], callers: [{ number: '02160001000' }] })
const trunk = configuredTrunk(config, { userAgent: agent, mediaAddress: address, domain: () => address, targets: () => Promise.resolve([]), attribution: noAttribution })
const folder = await mkdtemp(path.join(tmpdir(), 'waihu-simultaneous-'))
const sentence = speechFixture('tomorrow').pcm
/** Between the end of a sentence of ours and the next. */
const PAUSE_MS = 3_000

type Talk = { leg: Leg; port: MediaPort; answeredAtMs: number; frames: number; voiced: number }
const talks: Talk[] = []
const over = new AbortController()
const failures: Record<string, number> = {}
const count = (why: string) => void (failures[why] = (failures[why] ?? 0) + 1)
const heapBefore = heapMb()
const rssBefore = rssMb()

async function place(nth: number): Promise<void> {
  const vad = new EnergyVad()
  let talk: Talk | undefined
  const port = await media.open({
    address,
    recordingPath: path.join(folder, `${nth}.wav`),
    onEvent(event) {
      if (event.type === 'playout-ended' && !event.cut) setTimeout(() => over.signal.aborted || port.play(event.playout + 1, sentence, true), PAUSE_MS).unref()
      if (event.type !== 'frames' || !talk) return
      talk.frames += event.frames.length
      for (const frame of event.frames) if (vad.push(frame).voiced) talk.voiced += 1
    },
  })
  const leg = new Leg(trunk, port, { phone: '+8613800138000', callerId: '02160001000', ringMsMax: 60_000, onRinging: () => {}, onDigit: () => {} })
  leg.dial([{ address, port: carrier.port }])
  const first = await Promise.race([leg.answered, leg.ended])
  if (first.type !== 'answered') {
    count(JSON.stringify(first))
    await port.close()
    return
  }
  talk = { leg, port, answeredAtMs: performance.now(), frames: 0, voiced: 0 }
  talks.push(talk)
  void leg.ended.then((end) => end.type === 'ended' && end.by === 'remote' && count('hung up by the carrier'))
  port.play(1, sentence, true)
}

for (let nth = 0; nth < calls; nth += 1) {
  place(nth).catch((error: unknown) => count(String(error)))
  await sleep(1_000 / CALLS_PER_SECOND)
}
const upMs = performance.now()
await sleep(2_000)
const cpu = usageOfTree(process.pid)
const sippCpu = usageOfTree(carrier.pid)
await sleep(seconds * 1_000)
const atOnce = talks.length
// sipp is below us in the tree.
const used = usageOfTree(process.pid).cpuSec - cpu.cpuSec
const usedBySipp = usageOfTree(carrier.pid).cpuSec - sippCpu.cpuSec
const cpuSec = (performance.now() - upMs - 2_000) / 1_000
const rssPeak = rssMb()
over.abort()

const stats: (PortStats & { talkMs: number; frames: number; voiced: number })[] = []
await Promise.all(
  talks.map(async (talk) => {
    await sleep(Math.random() * 4_000)
    const talkMs = performance.now() - talk.answeredAtMs
    await talk.leg.hangUp(30_000)
    stats.push({ ...(await talk.port.close()), talkMs, frames: talk.frames, voiced: talk.voiced })
  }),
)
const recorded = await Promise.all((await readdir(folder)).map(async (file) => (await stat(path.join(folder, file))).size))
const sippEnded = await Promise.race([carrier.finished, sleep(30_000, 'not within 30 s', { ref: false })])
await sleep(TRANSACTIONS_END_MS)
await rm(folder, { recursive: true, force: true })

const sum = (of: (one: (typeof stats)[number]) => number) => stats.reduce((total, one) => total + of(one), 0)
const spread = (of: (one: (typeof stats)[number]) => number) => ({ median: round(percentile(stats.map(of), 0.5)), p95: round(percentile(stats.map(of), 0.95)), worst: round(Math.max(...stats.map(of))) })
const { calls: callsLeft, transactions, failed, repeated } = agent.stats
console.log(
  JSON.stringify(
    {
      bench: 'simultaneous-calls',
      node: process.version,
      cores: availableParallelism(),
      loadBefore: round(loadBefore),
      loadAfter: round(loadavg()[0]!),
      storm: afterStorm,
      calls,
      seconds,
      answered: atOnce,
      failures,
      sippEnded,
      packets: { received: sum((one) => one.packetsReceived), lost: sum((one) => one.packetsLost), late: sum((one) => one.packetsLate), lostShare: round(sum((one) => one.packetsLost) / Math.max(1, sum((one) => one.packetsReceived))) },
      pacingErrorMsP95: spread((one) => one.pacingErrorMsP95),
      jitterMs: spread((one) => one.jitterMs),
      framesOfTalkShare: round((sum((one) => one.frames) * 20) / sum((one) => one.talkMs)),
      voicedShare: round(sum((one) => one.voiced) / sum((one) => one.frames)),
      recordedSecondsPerCall: round(recorded.reduce((a, b) => a + b, 0) / 16_000 / Math.max(1, recorded.length)),
      recordingsFailed: stats.filter((one) => one.recordingFailed !== undefined).length,
      cpuMsPerCallSecond: { ours: round(((used - usedBySipp) * 1_000) / cpuSec / Math.max(1, atOnce)), sipp: round((usedBySipp * 1_000) / cpuSec / Math.max(1, atOnce)) },
      memory: { rssBeforeMb: round(rssBefore), rssPeakMb: round(rssPeak), rssAfterMb: round(rssMb()), heapBeforeMb: round(heapBefore), heapAfterMb: round(heapMb()) },
      left: { calls: callsLeft, transactions, ports: media.load().ports },
      failed,
      repeated,
    },
    undefined,
    1,
  ),
)
