// The engine that is measured, as the server has it: one media thread, which looks for voices too, and a main thread that hears of them and writes recordings.
// A process of its own, told what to do by its parent.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { assertNever } from '../../src/errors.ts'
import { codecs } from '../../src/media/codecs.ts'
import type { CodecName, MediaEvent, MediaPort, PortStats } from '../../src/media/engine.ts'
import { createMediaEngine } from '../../src/media/worker-engine.ts'
import { percentile, round } from '../figures.ts'
import { talk, TURN_SAMPLES } from './talk.ts'

export type EngineAsked = { type: 'open'; count: number } | { type: 'connect'; to: number[]; codec: CodecName } | { type: 'begin' } | { type: 'end' } | { type: 'close' }
export type EngineFigures = {
  mainCpuMs: number
  busiestWorker: number
  lateBeatMsP99: number
  framesPerCallSecond: number
  voicedShare: number
  rssMb: number
}
export type EngineStats = {
  pacingErrorMsP99: { median: number; worst: number }
  lost: number
  late: number
  received: number
  recordedSecondsPerCall: number
  recordingsFailed: number
}
export type EngineAnswer = { type: 'ports'; ports: number[] } | { type: 'done' } | ({ type: 'figures' } & EngineFigures) | ({ type: 'stats' } & EngineStats)

const ADDRESS = '127.0.0.1'
const DYNAMIC_TYPE = 111
const EVENT_TYPE = 101
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const TURN_MS = (TURN_SAMPLES * 1_000) / 8_000

const engine = await createMediaEngine({
  workers: 1,
  portMin: 12_000,
  portMax: 19_999,
  portRestMs: 0,
  admission: { busyMax: 1, lateMsMax: Infinity },
  aigc: { producer: 'bench' },
  log: pino({ level: 'error' }, pino.destination(2)),
})
const turn = talk(TURN_MS / 1_000).subarray(0, TURN_SAMPLES)
let folder = ''
let ports: MediaPort[] = []
let frames = 0
let voiced = 0
let speaking: NodeJS.Timeout | undefined
let since = { frames: 0, voiced: 0, cpu: process.threadCpuUsage(), atMs: 0 }

async function open(count: number): Promise<number[]> {
  folder = await mkdtemp(join(tmpdir(), 'media-capacity-'))
  ports = []
  for (let i = 0; i < count; i += 1) {
    const onFrames = (event: Extract<MediaEvent, { type: 'frames' }>) => {
      for (const voice of event.voices ?? []) if (voice.voiced) voiced += 1
      frames += event.frames.length
    }
    ports.push(await engine.open({ address: ADDRESS, recordingPath: join(folder, `${i}.wav`), onEvent: (event) => event.type === 'frames' && onFrames(event) }))
  }
  return ports.map((port) => port.port)
}

/** Calls begin one after the other, 1,000 a second; utterances come one by one, as a synthesiser makes them. */
async function connect(to: readonly number[], codec: CodecName): Promise<void> {
  const payloadType = codecs[codec].staticPayloadType ?? DYNAMIC_TYPE
  for (const [i, port] of ports.entries()) {
    port.connect({ address: ADDRESS, port: to[i]!, codec, payloadType, eventPayloadType: EVENT_TYPE, ptimeMs: 20, send: true })
    if (i % 10 === 9) await pause(10)
  }
  const slots = 44
  let slot = 0
  speaking = setInterval(() => {
    for (let i = slot % slots; i < ports.length; i += slots) ports[i]!.play(Math.floor(slot / slots) + 1, turn, true)
    slot += 1
  }, TURN_MS / slots)
}

function figures(): EngineFigures {
  const seconds = (performance.now() - since.atMs) / 1_000
  const { user, system } = process.threadCpuUsage(since.cpu)
  const { busiest, lateMsP99 } = engine.load()
  return {
    mainCpuMs: (user + system) / 1_000,
    busiestWorker: round(busiest),
    lateBeatMsP99: round(lateMsP99),
    framesPerCallSecond: round((frames - since.frames) / seconds / ports.length),
    voicedShare: round((voiced - since.voiced) / Math.max(1, frames - since.frames)),
    rssMb: round(process.memoryUsage().rss / 1e6),
  }
}

async function close(): Promise<EngineStats> {
  clearInterval(speaking)
  const stats = await Promise.all(ports.map((port) => port.close()))
  const sizes = await Promise.all((await readdir(folder)).map(async (file) => (await stat(join(folder, file))).size))
  await rm(folder, { recursive: true })
  const sum = (of: (one: PortStats) => number) => stats.reduce((total, one) => total + of(one), 0)
  const p99 = stats.map((one) => one.pacingErrorMsP99)
  return {
    pacingErrorMsP99: { median: round(percentile(p99, 0.5)), worst: round(Math.max(...p99)) },
    lost: sum((one) => one.packetsLost),
    late: sum((one) => one.packetsLate),
    received: sum((one) => one.packetsReceived),
    recordedSecondsPerCall: round(sizes.reduce((total, size) => total + size, 0) / 16_000 / stats.length),
    recordingsFailed: stats.filter((one) => one.recordingFailed !== undefined).length,
  }
}

async function obey(asked: EngineAsked): Promise<EngineAnswer> {
  switch (asked.type) {
    case 'open':
      return { type: 'ports', ports: await open(asked.count) }
    case 'connect':
      await connect(asked.to, asked.codec)
      return { type: 'done' }
    case 'begin':
      since = { frames, voiced, cpu: process.threadCpuUsage(), atMs: performance.now() }
      return { type: 'done' }
    case 'end':
      return { type: 'figures', ...figures() }
    case 'close':
      return { type: 'stats', ...(await close()) }
    default:
      return assertNever(asked)
  }
}

process.on('message', (asked: EngineAsked) => void obey(asked).then((answer) => process.send!(answer)))
process.on('disconnect', () => void engine[Symbol.asyncDispose]().then(() => process.exit()))
