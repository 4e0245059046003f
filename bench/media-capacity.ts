// Measures how many whole calls one media thread carries: receive, jitter buffer, decode, voice activity, playout, encode,
// send, report, record. Prints JSON and where the rule breaks. Does not judge anything but that rule.
//
//   node bench/media-capacity.ts [calls,calls,…] [seconds per count] [codec]
//
// Ports talk to each other in pairs on the one thread, so every port is a whole call and the kernel's work for both its
// ends is in the figures. Frames reach the main thread, which looks for voices in them and writes the recordings.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { CodecName, MediaEngine, MediaPort, PortStats } from '../src/media/engine.ts'
import { codecs } from '../src/media/codecs.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import { EnergyVad } from '../src/speech/vad.ts'
import { percentile, round } from './figures.ts'

/** What a line has to hold: half the calls keep time to 10 ms in 95 of 100 packets, and one packet in a thousand is not heard. */
const PACING_MS_MAX = 10
const UNHEARD_SHARE_MAX = 0.001
const SETTLE_MS = 1_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Result = {
  calls: number
  /** Of all threads, and of the media thread and the kernel alone. */
  cpuMsPerCallSecond: { whole: number; media: number; main: number }
  busiestWorker: number
  pacingErrorMsP95: { median: number; worst: number }
  jitterMs: { median: number; worst: number }
  /** Of the packets that were sent: lost in the kernel's buffers, or too late for the jitter buffer. */
  lostShare: number
  lateShare: number
  roundTripMs: number | undefined
  framesPerCallSecond: number
  voicedShare: number
  recordedSecondsPerCall: number
  recordingsFailed: number
  rssMb: number
  holds: boolean
}

/** A second and a half of something like a voice, then 0.7 s of silence. */
function speechOf(seconds: number): Int16Array {
  return Int16Array.from({ length: seconds * 8_000 }, (_, i) => {
    if (i % 17_600 > 12_000) return 0
    const syllable = 0.5 + 0.5 * Math.sin(i * 0.003)
    return syllable * (5_000 * Math.sin(i * 0.12) + 3_000 * Math.sin(i * 0.36 + 1) + 1_500 * Math.sin(i * 1.1))
  })
}

async function measure(engine: MediaEngine, calls: number, seconds: number, codec: CodecName): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'media-capacity-'))
  let frames = 0
  let voiced = 0
  const ports: MediaPort[] = []
  for (let i = 0; i < calls; i += 1) {
    const vad = new EnergyVad()
    ports.push(
      await engine.open({
        address: '127.0.0.1',
        recordingPath: join(folder, `${i}.wav`),
        onEvent(event) {
          if (event.type !== 'frames') return
          for (const frame of event.frames) if (vad.push(frame).voiced) voiced += 1
          frames += event.frames.length
        },
      }),
    )
  }
  const speech = speechOf(seconds + 3)
  ports.forEach((port, i) => {
    port.connect({ address: '127.0.0.1', port: ports[i ^ 1]!.port, codec, payloadType: codecs[codec].staticPayloadType, ptimeMs: 20, send: true })
    port.play(1, speech.subarray((i * 997) % 16_000), true)
  })
  await pause(SETTLE_MS)

  const [framesBefore, voicedBefore] = [frames, voiced]
  const [cpu, main, beginMs] = [process.cpuUsage(), process.threadCpuUsage(), performance.now()]
  await pause(seconds * 1_000)
  const callSeconds = ((performance.now() - beginMs) / 1_000) * calls
  const [used, usedMain] = [process.cpuUsage(cpu), process.threadCpuUsage(main)]
  const [framesSeen, voicedSeen] = [frames - framesBefore, voiced - voicedBefore]
  const { busiest } = engine.load()
  const rssMb = process.memoryUsage().rss / 1e6

  const stats = await Promise.all(ports.map((port) => port.close()))
  const sizes = await Promise.all((await readdir(folder)).map(async (file) => (await stat(join(folder, file))).size))
  await rm(folder, { recursive: true })
  const sum = (of: (one: PortStats) => number) => stats.reduce((total, one) => total + of(one), 0)
  const spread = (of: (one: PortStats) => number) => ({ median: round(percentile(stats.map(of), 0.5)), worst: round(Math.max(...stats.map(of))) })
  const roundTrips = stats.flatMap((one) => one.farEnd?.roundTripMs ?? [])
  const whole = (used.user + used.system) / 1_000 / callSeconds
  const onMain = (usedMain.user + usedMain.system) / 1_000 / callSeconds
  const pacingErrorMsP95 = spread((one) => one.pacingErrorMsP95)
  const lostShare = sum((one) => one.packetsLost) / sum((one) => one.packetsSent)
  const lateShare = sum((one) => one.packetsLate) / sum((one) => one.packetsSent)
  return {
    calls,
    cpuMsPerCallSecond: { whole: round(whole), media: round(whole - onMain), main: round(onMain) },
    busiestWorker: round(busiest),
    pacingErrorMsP95,
    jitterMs: spread((one) => one.jitterMs),
    lostShare: round(lostShare),
    lateShare: round(lateShare),
    roundTripMs: roundTrips.length === 0 ? undefined : round(percentile(roundTrips, 0.5)),
    framesPerCallSecond: round(framesSeen / callSeconds),
    voicedShare: round(voicedSeen / framesSeen),
    recordedSecondsPerCall: round(sizes.reduce((total, size) => total + size, 0) / 16_000 / calls),
    recordingsFailed: stats.filter((one) => one.recordingFailed !== undefined).length,
    rssMb: round(rssMb),
    holds: pacingErrorMsP95.median <= PACING_MS_MAX && lostShare + lateShare <= UNHEARD_SHARE_MAX,
  }
}

/** For comparison on the same machine, where it is installed; never installed by this. */
async function rtpengine(): Promise<string> {
  return new Promise((resolve) => {
    execFile('rtpengine', ['--version'], (error, stdout, stderr) => resolve(error === null ? (stdout + stderr).trim() : 'absent: no comparison'))
  })
}

const [counts = '50,100,200,400', seconds = '5', codec = 'PCMA'] = process.argv.slice(2)
if (!(codec in codecs)) throw new Error(`${codec} is none of ${Object.keys(codecs).join(' ')}`)
await using engine = await createMediaEngine({ workers: 1, portMin: 20_000, portMax: 31_999, admission: { busyMax: 1, lateMsMax: Infinity }, portRestMs: 0, log: pino({ level: 'warn' }, pino.destination(2)) })
const loadBefore = round(loadavg()[0]!)
// Once for nothing: the first calls of a process run code that is not compiled yet.
await measure(engine, 20, 2, codec as CodecName)
const results: Result[] = []
for (const count of counts.split(',').map(Number)) {
  if (!Number.isInteger(count) || count < 2 || count % 2 !== 0) throw new Error(`${count} is not an even number of calls`)
  results.push(await measure(engine, count, Number(seconds), codec as CodecName))
  // What follows would only be worse, and would starve the machine.
  if (!results.at(-1)!.holds && results.at(-1)!.busiestWorker > 0.95) break
}
const held = results.filter((result) => result.holds).map((result) => result.calls)
console.log(
  JSON.stringify(
    { bench: 'media-capacity', node: process.version, cores: availableParallelism(), loadBefore, codec, seconds: Number(seconds), mostCallsThatHeld: held.length === 0 ? 0 : Math.max(...held), results, rtpengine: await rtpengine() },
    undefined,
    2,
  ),
)
