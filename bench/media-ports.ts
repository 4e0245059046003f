// Measures what one media port costs and how well it keeps time, on loopback. Prints JSON. Does not judge the figures.
//
//   node bench/media-ports.ts [ports,ports,…] [seconds per count] [workers]
//
// Ports talk to each other in pairs: each sends 50 packets a second of sound, receives 50, and its frames reach the
// main thread. The kernel's work for both ends is in the figures, as it is when a call leaves the machine.
import { availableParallelism } from 'node:os'
import { pino } from 'pino'
import type { MediaEngine, MediaPort, PortStats } from '../src/media/engine.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'

const SETTLE_MS = 500
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Result = {
  ports: number
  cpuMsPerCallSecond: number
  ofThatMainThread: number
  busiestWorker: number
  /** Over the ports: half of them, and the worst one. */
  pacingErrorMsP95: { median: number; worst: number }
  pacingErrorMsMax: number
  jitterMs: { median: number; worst: number }
  framesPerCallSecond: number
  packetsLost: number
  packetsLate: number
}

async function measure(engine: MediaEngine, count: number, seconds: number): Promise<Result> {
  let frames = 0
  const open = () =>
    engine.open({
      address: '127.0.0.1',
      onEvent(event) {
        if (event.type === 'frames') frames += event.frames.length
      },
    })
  const ports: MediaPort[] = []
  for (let i = 0; i < count; i += 1) ports.push(await open())
  const sound = Int16Array.from({ length: (seconds + 2) * 8_000 }, (_, i) => 6_000 * Math.sin(i * 0.2) + 3_000 * Math.sin(i * 0.033))
  ports.forEach((port, i) => {
    port.connect({ address: '127.0.0.1', port: ports[i ^ 1]!.port, codec: 'PCMA', payloadType: 8, ptimeMs: 20, send: true })
    port.play(1, sound, true)
  })
  await pause(SETTLE_MS)

  const framesBefore = frames
  const cpu = process.cpuUsage()
  const main = process.threadCpuUsage()
  const beginMs = performance.now()
  await pause(seconds * 1_000)
  const callSeconds = ((performance.now() - beginMs) / 1_000) * count
  const used = process.cpuUsage(cpu)
  const usedMain = process.threadCpuUsage(main)
  const framesSeen = frames - framesBefore
  const { busiest } = engine.load()

  const stats = await Promise.all(ports.map((port) => port.close()))
  const sorted = (of: (one: PortStats) => number) => stats.map(of).sort((a, b) => a - b)
  const spread = (of: (one: PortStats) => number) => ({ median: round(sorted(of)[count >> 1]!), worst: round(sorted(of).at(-1)!) })
  return {
    ports: count,
    cpuMsPerCallSecond: round((used.user + used.system) / 1_000 / callSeconds),
    ofThatMainThread: round((usedMain.user + usedMain.system) / 1_000 / callSeconds),
    busiestWorker: round(busiest),
    pacingErrorMsP95: spread((one) => one.pacingErrorMsP95),
    pacingErrorMsMax: spread((one) => one.pacingErrorMsMax).worst,
    jitterMs: spread((one) => one.jitterMs),
    framesPerCallSecond: round(framesSeen / callSeconds),
    packetsLost: stats.reduce((sum, one) => sum + one.packetsLost, 0),
    packetsLate: stats.reduce((sum, one) => sum + one.packetsLate, 0),
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

const [counts = '20,100,300', seconds = '4', workers = String(Math.max(1, availableParallelism() - 1))] = process.argv.slice(2)
await using engine = await createMediaEngine({ workers: Number(workers), portMin: 22_000, portMax: 29_999, admission: { busyMax: 1, lateMsMax: Infinity }, portRestMs: 0, log: pino({ level: 'warn' }, pino.destination(2)) })
const results: Result[] = []
for (const count of counts.split(',').map(Number)) {
  if (!Number.isInteger(count) || count < 2 || count % 2 !== 0) throw new Error(`${count} is not an even number of ports`)
  results.push(await measure(engine, count, Number(seconds)))
}
console.log(JSON.stringify({ bench: 'media-ports', node: process.version, cores: availableParallelism(), workers: Number(workers), seconds: Number(seconds), results }, undefined, 2))
