// When the listener takes a turn as over: cut-ins into scripted turns with inner pauses, and delay after finished ones.
// Built-in voices, an A-law line, noise on every other call, voice activity detection and the built-in recogniser; the clock is that of the audio.
// Usage: node bench/end-pointing.ts [calls] [seed]. Prints JSON; fixed silences for comparison hear the same audio.
import { recogniserPhrases } from '../src/robot/intents.ts'
import { DeafAsr, type HeardCall, HearingRig, ImmediateAsr } from '../src/speech/hearing-rig.ts'
import { scriptedCalls, type TurnKind } from '../src/speech/scripted-turns.test-data.ts'
import { createEspeak } from '../src/speech/tts/espeak/provider.ts'
import { percentile, round } from './figures.ts'

const calls = scriptedCalls(Number(process.argv[2] ?? 40), Number(process.argv[3] ?? 1))
const answers: readonly TurnKind[] = ['short answer', 'neutral answer']

await using tts = createEspeak({ children: 1 })
await tts.warmUp()
const rig = new HearingRig(tts, new ImmediateAsr(), recogniserPhrases)

const begunAtMs = performance.now()
const heard: HeardCall[] = []
for (const call of calls) heard.push(await rig.hear(call))
const tookMs = performance.now() - begunAtMs

const compared: { [name: string]: unknown } = {}
const deaf = new HearingRig(tts, new DeafAsr(), [])
for (const ms of [400, 700, 1_000, 1_500]) {
  const fixed: HeardCall[] = []
  for (const call of calls) fixed.push(await deaf.hear(call, ({ silenceMs }) => silenceMs >= ms))
  const { cutIns, delayAfterShortAnswersMs } = figuresOf(fixed)
  compared[`${ms} ms of silence`] = { cutInsOfPausedTurns: cutIns.share, delayAfterShortAnswersMs: delayAfterShortAnswersMs.mean }
}

console.log(JSON.stringify({ bench: 'end-pointing', calls: calls.length, ...figuresOf(heard), fixedSilences: compared, tookSec: round(tookMs / 1_000) }, undefined, 1))
if (process.env['SHOW']) for (const { turns } of heard) for (const { turn, delayMs, cutIn, texts } of turns) if (cutIn || delayMs > 1_000) console.error(turn.kind, cutIn ? 'CUT IN' : delayMs, turn.pieces.map(({ text, afterMs }) => `${text} (${afterMs})`).join(' '), '→', texts.join(' | '))

function figuresOf(calls: readonly HeardCall[]) {
  const turns = calls.flatMap((call) => call.turns)
  const of = (...kinds: TurnKind[]) => turns.filter(({ turn }) => kinds.includes(turn.kind))
  const paused = turns.filter(({ turn }) => !answers.includes(turn.kind))
  const byKind = (['phone number', 'identity card', 'hesitation', 'clause'] as const).map((kind) => {
    const own = of(kind)
    return [kind, { turns: own.length, cutIns: own.filter(({ cutIn }) => cutIn).length, delayMs: spread(own.map(({ delayMs }) => delayMs)) }] as const
  })
  const cutIns = paused.filter(({ cutIn }) => cutIn).length
  return {
    cutIns: { pausedTurns: paused.length, cutIns, share: round(cutIns / paused.length) },
    byKind: Object.fromEntries(byKind),
    delayAfterShortAnswersMs: spread(of('short answer', 'neutral answer').map(({ delayMs }) => delayMs)),
    ofThemNeutral: spread(of('neutral answer').map(({ delayMs }) => delayMs)),
    delayAfterGreetingMs: spread(calls.map(({ greetingDelayMs }) => greetingDelayMs)),
  }
}

function spread(all: readonly number[]) {
  const values = all.filter((value) => !Number.isNaN(value))
  return { n: values.length, unheard: all.length - values.length, mean: round(values.reduce((sum, value) => sum + value, 0) / values.length), p50: round(percentile(values, 0.5)), p95: round(percentile(values, 0.95)), max: round(Math.max(...values)) }
}
