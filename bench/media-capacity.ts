// Measures how many whole calls one core carries: receive, jitter buffer, decode, voice activity, playout, encode, send, report,
// record; and in the same run what rtpengine in user space takes to relay the same number of legs. Prints JSON. Judges one rule.
//
//   node bench/media-capacity.ts [calls,calls,…] [seconds per count] [codec]
//
// The engine (media thread, main thread and everything else of its process) and rtpengine are held on the first core, the
// far ends on the last: each sends 50 packets a second to its port and counts what it hears. A leg of rtpengine carries
// the same packets: it hands on what a far end sends, and sends it what another one says.
import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { codecs } from '../src/media/codecs.ts'
import type { CodecName } from '../src/media/engine.ts'
import { round, usageOfTree } from './figures.ts'
import type { EngineAnswer, EngineAsked, EngineFigures, EngineStats } from './media-capacity/engine.ts'
import type { PeersAnswer, PeersAsked, PeersFigures } from './media-capacity/peers.ts'
import { Rtpengine } from './media-capacity/rtpengine.ts'

/** What a core has to hold: every call keeps time to 10 ms in 99 of 100 packets, and one packet in a thousand is not heard. */
const PACING_MS_MAX = 10
const UNHEARD_SHARE_MAX = 0.001
const SETTLE_MS = 3_000
const LEGS_PER_RELAY = 2
const cores = availableParallelism()
const [engineCore, peersCore] = [0, cores - 1]
const pinned = cores > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0
/** Put before a command to hold it on a core. */
const heldOn = (core: number) => (pinned ? ['taskset', '-c', String(core)] : [])
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A child process that answers what it is asked, one after the other. */
class Part<Asked extends object, Answer extends { type: string }> implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #died: Promise<never>

  constructor(file: string, core: number) {
    const path = new URL(file, import.meta.url).pathname
    const node = { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] as ['ignore', 'ignore', 'inherit', 'ipc'] }
    const [execPath, ...execArgv] = [...heldOn(core), process.execPath]
    this.#child = fork(path, [], { ...node, execPath, execArgv })
    this.#died = once(this.#child, 'exit').then(() => Promise.reject(new Error('a part of the bench died')))
    this.#died.catch(() => {})
  }

  get pid(): number {
    return this.#child.pid!
  }

  async ask<T extends Answer['type']>(asked: Asked, _answer: T): Promise<Extract<Answer, { type: T }>> {
    const answered = Promise.withResolvers<Extract<Answer, { type: T }>>()
    this.#child.once('message', answered.resolve)
    this.#child.send(asked)
    return await Promise.race([answered.promise, this.#died])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }
}

/** Busy milliseconds of one core since the machine started, by whomever. Source: proc(5). */
function coreBusyMs(core: number): number {
  const line = readFileSync('/proc/stat', 'utf8').split('\n').find((text) => text.startsWith(`cpu${core} `))
  const [user = 0, nice = 0, system = 0, _idle, _wait, irq = 0, softirq = 0, steal = 0] = (line ?? '').split(/\s+/).slice(1).map(Number)
  return (user + nice + system + irq + softirq + steal) * 10
}

type Cost = {
  cpuMsPerLegSecond: number
  /** Of the core, by the measured process. */
  coreShare: number
  /** Of the same core, by anybody else: what the figures suffer from. */
  othersShare: number
}

/** What a process takes while `during` runs. */
async function costOf(pid: number, legs: number, during: () => Promise<void>): Promise<Cost> {
  const [before, coreBefore, beginMs] = [usageOfTree(pid).cpuSec, coreBusyMs(engineCore), performance.now()]
  await during()
  const wallMs = performance.now() - beginMs
  const cpuMs = (usageOfTree(pid).cpuSec - before) * 1_000
  const others = Math.max(0, coreBusyMs(engineCore) - coreBefore - cpuMs)
  return { cpuMsPerLegSecond: round((cpuMs * 1_000) / wallMs / legs), coreShare: round(cpuMs / wallMs), othersShare: round(others / wallMs) }
}

const peersLost = ({ sent, received, lost, arrivalErrorMsP99 }: PeersFigures) => ({ sent, received, lost, arrivalErrorMsP99: round(arrivalErrorMsP99) })

async function measureEngine(engine: Part<EngineAsked, EngineAnswer>, peers: Part<PeersAsked, PeersAnswer>, calls: number, seconds: number, codec: CodecName) {
  const { ports } = await engine.ask({ type: 'open', count: calls }, 'ports')
  const far = await peers.ask({ type: 'open', count: calls }, 'ports')
  await peers.ask({ type: 'send', to: ports }, 'done')
  await engine.ask({ type: 'connect', to: far.ports, codec }, 'done')
  await pause(SETTLE_MS)
  let figures!: EngineFigures
  let heard!: PeersFigures
  const cost = await costOf(engine.pid, calls, async () => {
    await Promise.all([engine.ask({ type: 'begin' }, 'done'), peers.ask({ type: 'begin' }, 'done')])
    await pause(seconds * 1_000)
    ;[figures, heard] = await Promise.all([engine.ask({ type: 'end' }, 'figures'), peers.ask({ type: 'end' }, 'figures')])
  })
  // The engine first: packets of a call that its far end left are no loss.
  const stats: EngineStats = await engine.ask({ type: 'close' }, 'stats')
  await peers.ask({ type: 'close' }, 'done')
  const lostShare = (stats.lost + stats.late) / Math.max(1, stats.received) + heard.lost / Math.max(1, heard.received)
  const { mainCpuMs, type: _type, ...seen } = figures as EngineFigures & { type: string }
  return {
    calls,
    ...cost,
    mainCpuMsPerLegSecond: round(mainCpuMs / seconds / calls),
    ...seen,
    pacingErrorMsP99: stats.pacingErrorMsP99,
    unheardShare: round(lostShare),
    engine: { received: stats.received, lost: stats.lost, late: stats.late },
    peers: peersLost(heard),
    recordedSecondsPerCall: stats.recordedSecondsPerCall,
    recordingsFailed: stats.recordingsFailed,
    holds: stats.pacingErrorMsP99.worst < PACING_MS_MAX && lostShare < UNHEARD_SHARE_MAX && heard.received > heard.sent * 0.99,
  }
}

async function measureRelay(rtpengine: Rtpengine, peers: Part<PeersAsked, PeersAnswer>, legs: number, seconds: number) {
  const { ports } = await peers.ask({ type: 'open', count: legs }, 'ports')
  const to: number[] = []
  for (let i = 0; i < legs; i += LEGS_PER_RELAY) {
    const { forA, forB } = await rtpengine.relay(`bench-${legs}-${i}`, ports[i]!, ports[i + 1]!)
    to.push(forA, forB)
  }
  await peers.ask({ type: 'send', to }, 'done')
  await pause(SETTLE_MS)
  let heard!: PeersFigures
  const cost = await costOf(rtpengine.pid, legs, async () => {
    await peers.ask({ type: 'begin' }, 'done')
    await pause(seconds * 1_000)
    heard = await peers.ask({ type: 'end' }, 'figures')
  })
  for (let i = 0; i < legs; i += LEGS_PER_RELAY) await rtpengine.end(`bench-${legs}-${i}`)
  await peers.ask({ type: 'close' }, 'done')
  return { legs, ...cost, peers: peersLost(heard), unheardShare: round(heard.lost / Math.max(1, heard.received)) }
}

const [counts = '200,400,600,800,1000,1200', seconds = '8', codecName = 'PCMA'] = process.argv.slice(2)
if (!(codecName in codecs)) throw new Error(`${codecName} is none of ${Object.keys(codecs).join(' ')}`)
// The far ends speak A-law only; what is measured beside it is what we send.
const codec = codecName as CodecName
const loadBefore = round(loadavg()[0]!)
await using peers = new Part<PeersAsked, PeersAnswer>('media-capacity/peers.ts', peersCore)
await using engine = new Part<EngineAsked, EngineAnswer>('media-capacity/engine.ts', engineCore)
await using rtpengine = await Rtpengine.start({ ngPort: 22_222, portMin: 20_000, portMax: 28_000, prefix: heldOn(engineCore) })
// Once for nothing: the first calls of a process run code that is not compiled yet.
await measureEngine(engine, peers, 100, 6, codec)
const results = []
for (const calls of counts.split(',').map(Number)) {
  if (!Number.isInteger(calls) || calls < 2 || calls % 2 !== 0) throw new Error(`${calls} is not an even number of calls`)
  const whole = await measureEngine(engine, peers, calls, Number(seconds), codec)
  const relay = rtpengine && (await measureRelay(rtpengine, peers, calls, Number(seconds)))
  results.push({ ...whole, rtpengine: relay, cpuPerLegToRtpengine: relay && round(whole.cpuMsPerLegSecond / relay.cpuMsPerLegSecond) })
  process.stderr.write(`${calls} calls: ${whole.cpuMsPerLegSecond} ms/s each, p99 ${whole.pacingErrorMsP99.worst} ms, unheard ${whole.unheardShare}, core ${whole.coreShare} + others ${whole.othersShare}; relay ${relay?.cpuMsPerLegSecond} ms/s\n`)
  // What follows would only be worse, and would starve the machine.
  if (!whole.holds && whole.coreShare + whole.othersShare > 0.97) break
}
const held = results.filter((result) => result.holds).map((result) => result.calls)
console.log(
  JSON.stringify(
    { bench: 'media-capacity', node: process.version, cores, pinned, loadBefore, loadAfter: round(loadavg()[0]!), codec, seconds: Number(seconds), mostCallsThatHeld: held.length === 0 ? 0 : Math.max(...held), rtpengine: rtpengine ? 'user space' : 'absent: no comparison', results },
    undefined,
    2,
  ),
)
