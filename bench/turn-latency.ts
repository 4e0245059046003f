// Milliseconds from the end of the callee's speech to the first RTP packet of the reply, and where they go.
// Whole calls on the simulated carrier: SIP, RTP, speech, robot. Usage: node bench/turn-latency.ts [turns] [calls at once] [model|rules]
// `model` (the default): a language model on loopback whose first token comes at 0 ms. Prints JSON: percentiles per step, as the
// platform logged them and as both channels of the recordings show them; the answer to the callee's 喂 apart from the others. What follows the
// end-point is the platform's share: its p95 is to be at most 40 ms, and what took the time of slower answers is named.
import { readFile } from 'node:fs/promises'
import { readWav } from '../src/media/wav.ts'
import { LoopbackModel, saying } from '../test/world/loopback-model.ts'
import { Platform } from '../test/world/platform.ts'
import { percentile, round } from './figures.ts'

const turnsWanted = Number(process.argv[2] ?? 64)
const atOnce = Number(process.argv[3] ?? 2)
const robot = process.argv[4] ?? 'model'
const steps = ['endpoint', 'recognition', 'robot', 'synthesis', 'playout', 'total'] as const
/** Those after the decision that the callee has finished. */
const platformSteps = ['recognition', 'robot', 'synthesis', 'playout'] as const
const PLATFORM_MS_MAX = 40
type Logged = { [step in (typeof steps)[number]]: number } & { first_token: number | null; ahead: number | null; dropped: number }

await using model = await LoopbackModel.start(() => saying(['通知您，明天上午九点在三楼会议室开会。', '请问您清楚了吗？']))
await using platform = await Platform.start(robot === 'model' ? { LLM_BASE_URL: model.baseUrl, LLM_API_KEY: 'loopback', LLM_MODEL: 'loopback' } : { ROBOT: 'rules' })
const openings: Logged[] = []
const answers: Logged[] = []
const onTheWire = { openings: [] as number[], answers: [] as number[] }

async function oneCall(): Promise<void> {
  const [id] = await platform.place('13800138013', '通知张总明天上午9点在三楼会议室开会')
  const info = await platform.ended(id!)
  const robots = info.turns.filter(({ speaker }) => speaker === 'assistant')
  for (const [i, turn] of robots.entries()) if (turn['latency_ms']) (i === 0 ? openings : answers).push(turn['latency_ms'] as Logged)
  const [first, ...others] = gapsInRecording(await readFile(platform.recordingOf(id!)))
  if (first !== undefined) onTheWire.openings.push(first)
  onTheWire.answers.push(...others)
}

while (answers.length < turnsWanted) {
  await Promise.all(Array.from({ length: atOnce }, oneCall))
  console.error(`${answers.length} of ${turnsWanted} turns`)
}

const told = (turns: readonly Logged[]) => Object.fromEntries(steps.map((step) => [step, spread(turns.map((turn) => turn[step]))]))
const byModel = answers.filter((turn) => turn.first_token !== null)
console.log(
  JSON.stringify(
    {
      bench: 'turn-latency',
      robot,
      callsAtOnce: atOnce,
      answers: { turns: answers.length, byModel: byModel.length, ms: told(answers), platform: platformShare(answers), firstTokenMs: spread(byModel.map((turn) => turn.first_token!)) },
      begunAhead: { answers: answers.filter((turn) => turn.ahead !== null).length, ms: spread(answers.flatMap((turn) => turn.ahead ?? [])), dropped: answers.reduce((sum, turn) => sum + turn.dropped, 0) },
      // Who picked up is judged meanwhile: what it holds up would be in `robot`, between the words and the opening.
      openings: { calls: openings.length, ms: told(openings) },
      fromRecordingsMs: { answers: { gaps: onTheWire.answers.length, ...spread(onTheWire.answers) }, openings: { gaps: onTheWire.openings.length, ...spread(onTheWire.openings) } },
    },
    undefined,
    1,
  ),
)

/** What the platform adds to the wait of the callee, and which steps are to blame where that is too much. */
function platformShare(turns: readonly Logged[]) {
  const slow = turns.filter((turn) => turn.total - turn.endpoint > PLATFORM_MS_MAX)
  const worstOf = (turn: Logged) => platformSteps.toSorted((a, b) => turn[b] - turn[a])[0]!
  return {
    shareMs: spread(turns.map((turn) => turn.total - turn.endpoint)),
    stepsMs: Object.fromEntries(platformSteps.map((step) => [step, spread(turns.map((turn) => turn[step]))])),
    slowerThan40Ms: { answers: slow.length, mostTimeIn: Object.fromEntries(platformSteps.map((step) => [step, slow.filter((turn) => worstOf(turn) === step).length])) },
  }
}

function spread(values: number[]): { p50: number; p95: number; max: number } {
  return { p50: round(percentile(values, 0.5)), p95: round(percentile(values, 0.95)), max: round(Math.max(...values)) }
}

/** Silences between the callee's last sound (left) and the robot's first sound after it (right); the first one is that before the opening. */
function gapsInRecording(wav: Buffer): number[] {
  const { channels } = readWav(wav)
  const [callee, robot] = channels.map(loudFrames)
  const gaps: number[] = []
  let calleeEnd = -1
  for (let frame = 0; frame < Math.min(callee!.length, robot!.length); frame++) {
    if (callee![frame]) calleeEnd = frame
    if (!robot![frame] || robot!.slice(Math.max(0, frame - 15), frame).includes(true)) continue
    // A new stretch of the robot's speech: an answer when the callee spoke since its last one.
    if (calleeEnd >= 0) gaps.push((frame - calleeEnd - 1) * 20)
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
