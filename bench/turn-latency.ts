// Milliseconds from the end of the callee's speech to the first RTP packet of the reply, and where they go.
// Whole calls on the simulated carrier, rules robot. Usage: node bench/turn-latency.ts [turns] [calls at once]
// Prints JSON: percentiles per step, as the platform logged them and as both channels of the recordings show them.
import { readFile } from 'node:fs/promises'
import { readWav } from '../src/media/wav.ts'
import { Platform } from '../test/world/platform.ts'
import { percentile, round } from './figures.ts'

const turnsWanted = Number(process.argv[2] ?? 50)
const atOnce = Number(process.argv[3] ?? 4)
const steps = ['endpoint', 'recognition', 'robot', 'synthesis', 'playout', 'total'] as const

await using platform = await Platform.start()
const logged: { [step in (typeof steps)[number]]: number }[] = []
const onTheWire: number[] = []

async function oneCall(): Promise<void> {
  const [id] = await platform.place('13800138013', '通知张总明天上午9点在三楼会议室开会')
  const info = await platform.ended(id!)
  for (const turn of info.turns) if (turn['latency_ms']) logged.push(turn['latency_ms'] as (typeof logged)[number])
  onTheWire.push(...gapsInRecording(await readFile(platform.recordingOf(id!))))
}

while (logged.length < turnsWanted) {
  await Promise.all(Array.from({ length: atOnce }, oneCall))
  console.error(`${logged.length} of ${turnsWanted} turns`)
}

const table = Object.fromEntries(steps.map((step) => [step, spread(logged.map((turn) => turn[step]))]))
console.log(
  JSON.stringify(
    {
      bench: 'turn-latency',
      turns: logged.length,
      callsAtOnce: atOnce,
      ms: table,
      platformShareMs: spread(logged.map((turn) => turn.total - turn.endpoint)),
      fromRecordingsMs: { gaps: onTheWire.length, ...spread(onTheWire) },
    },
    undefined,
    1,
  ),
)

function spread(values: number[]): { p50: number; p95: number; max: number } {
  return { p50: round(percentile(values, 0.5)), p95: round(percentile(values, 0.95)), max: round(Math.max(...values)) }
}

/** Silences between the callee's last sound (left) and the robot's first sound after it (right), without the robot's opening. */
function gapsInRecording(wav: Buffer): number[] {
  const { channels } = readWav(wav)
  const [callee, robot] = channels.map(loudFrames)
  const gaps: number[] = []
  let calleeEnd = -1
  let opened = false
  for (let frame = 0; frame < Math.min(callee!.length, robot!.length); frame++) {
    if (callee![frame]) calleeEnd = frame
    if (!robot![frame] || robot!.slice(Math.max(0, frame - 15), frame).includes(true)) continue
    // A new stretch of the robot's speech: an answer when the callee spoke since its last one.
    if (calleeEnd >= 0 && opened) gaps.push((frame - calleeEnd - 1) * 20)
    opened = true
    calleeEnd = -1
  }
  return gaps
}

/** Per 20 ms: louder than −45 dBFS. */
function loudFrames(pcm: Int16Array): boolean[] {
  return Array.from({ length: Math.floor(pcm.length / 160) }, (_, frame) => {
    let sum = 0
    for (let i = frame * 160; i < (frame + 1) * 160; i++) sum += pcm[i]! ** 2
    return Math.sqrt(sum / 160) > 185
  })
}
