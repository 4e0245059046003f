// Who keeps the floor when the callee speaks over the robot, measured in what the far end of real RTP sent and heard.
// Usage: node bench/barge-in.ts [sounds of each sort] [calls at once]
// Prints JSON, without noise and at 15 dB: interruptions that were detected and how soon we were silent; murmurs, coughs and noises that stopped
// the robot for good, and how much it repeated after the others. Everything spoken is the built-in voice, everything else synthesised from a seed.
import { createMediaEngine } from '../src/media/worker-engine.ts'
import { BuiltinAsr } from '../src/speech/asr/builtin/provider.ts'
import { createEspeak } from '../src/speech/tts/espeak/provider.ts'
import { log } from '../src/log.ts'
import { talkOver, type Uttered } from '../test/world/talk-over.ts'
import { soundsOf, type Sound } from '../test/world/talk-over-sounds.ts'
import { percentile, round } from './figures.ts'

const wanted = Number(process.argv[2] ?? 208)
const atOnce = Number(process.argv[3] ?? 14)
const PER_CALL = 8

log.level = 'error'
await using engine = await createMediaEngine({ portMin: 24_000, portMax: 25_999, log, admission: { busyMax: 1, lateMsMax: Infinity } })
await using asr = new BuiltinAsr()
await using tts = createEspeak()
await Promise.all([asr.warmUp(), tts.warmUp()])

type Job = { sort: string; sounds: readonly Sound[]; snrDb: number | undefined }

const conditions = { clean: undefined, '15 dB': 15 } as const
const sorts = {
  interruptions: await soundsOf(tts, ['interruption'], wanted, 1),
  disturbances: await soundsOf(tts, ['backchannel', 'backchannel', 'cough', 'noise', 'click'], wanted, 2),
}
const jobs = Object.entries(conditions).flatMap(([condition, snrDb]) => Object.entries(sorts).flatMap(([name, sounds]) => inCalls(sounds).map((some): Job => ({ sort: `${name}, ${condition}`, sounds: some, snrDb }))))

const measures = new Map<string, (() => Uttered[])[]>()
let next = 0
let done = 0
await Promise.all(
  Array.from({ length: Math.min(atOnce, jobs.length) }, async () => {
    for (let job = next++; job < jobs.length; job = next++) {
      const { sort, sounds, snrDb } = jobs[job]!
      const measure = await talkOver({ engine, asr, tts, sounds, snrDb, seed: 100 + job })
      measures.set(sort, [...(measures.get(sort) ?? []), measure])
      console.error(`${++done} of ${jobs.length} calls`)
    }
  }),
)
const measured = (sort: string) => (measures.get(sort) ?? []).flatMap((measure) => measure())
const result = Object.fromEntries(
  Object.keys(conditions).map((condition) => [condition, { interruptions: interruptionFigures(measured(`interruptions, ${condition}`)), disturbances: disturbanceFigures(measured(`disturbances, ${condition}`)) }]),
)
console.log(JSON.stringify({ bench: 'barge-in', ofEachSort: wanted, callsAtOnce: atOnce, ...result }, undefined, 1))

function inCalls(sounds: readonly Sound[]): Sound[][] {
  return Array.from({ length: Math.ceil(sounds.length / PER_CALL) }, (_, call) => sounds.slice(call * PER_CALL, (call + 1) * PER_CALL))
}

/** Detected: silent before the sentence was over or right after, and for good. */
function interruptionFigures(uttered: readonly Uttered[]) {
  const detected = uttered.filter(({ stopped, silentAfterMs }) => stopped && silentAfterMs !== undefined)
  return { count: uttered.length, detected: share(detected, uttered), silentAfterMs: spread(detected.map(({ silentAfterMs }) => silentAfterMs!)), missed: tally(uttered.filter((one) => !detected.includes(one))) }
}

function disturbanceFigures(uttered: readonly Uttered[]) {
  const stopped = uttered.filter((one) => one.stopped)
  const wentOn = uttered.flatMap((one) => (one.wentOn ? [one.wentOn] : []))
  return {
    count: uttered.length,
    stoppedForGood: share(stopped, uttered),
    byKind: Object.fromEntries([...new Set(uttered.map(({ kind }) => kind))].map((kind) => [kind, { count: uttered.filter((one) => one.kind === kind).length, stopped: stopped.filter((one) => one.kind === kind).length }])),
    whatStopped: tally(stopped),
    paused: wentOn.length,
    silenceMs: spread(wentOn.map(({ silenceMs }) => silenceMs)),
    repeatedMs: spread(wentOn.map(({ repeatedMs }) => repeatedMs)),
    repeatedMoreThanAClause: wentOn.filter(({ beforeClauseMs }) => beforeClauseMs > 30).length,
  }
}

function share(some: readonly unknown[], all: readonly unknown[]): number {
  return round(some.length / all.length)
}

function tally(uttered: readonly Uttered[]): { [what: string]: number } {
  const counts: { [what: string]: number } = {}
  for (const { what } of uttered) counts[what] = (counts[what] ?? 0) + 1
  return counts
}

function spread(values: readonly number[]): { p50: number; p95: number; max: number } | undefined {
  return values.length === 0 ? undefined : { p50: round(percentile(values, 0.5)), p95: round(percentile(values, 0.95)), max: round(Math.max(...values)) }
}
