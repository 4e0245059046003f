// Checks voice activity, recognition, endpointing and barge-in together on recordings, frame by frame. Does not use threads or clocks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FRAME_MS } from '../media/frame.ts'
import { CallRecogniser } from './asr/builtin/call-recogniser.ts'
import { framesOf, speechFixture } from './asr/builtin/fixtures.ts'
import { loadLexicon } from './asr/builtin/lexicon-file.ts'
import { loadModel } from './asr/builtin/model-file.ts'
import { decideFloor, type RobotVoice, type Yielding } from './barge-in.ts'
import { isTurnOver } from './endpointing.ts'
import { EnergyVad } from '../media/vad.ts'

const directory = new URL('./asr/builtin/model/', import.meta.url)
const model = loadModel(directory)
const lexicon = loadLexicon(new URL('lexicon.txt.gz', directory), model.header.units)
const talking: RobotVoice = { speaking: true, interruptible: true, isProtected: false, timeBreakMs: undefined, endsWithQuestion: false, endAtMs: Infinity }

/** What happens to a recording followed by three seconds of silence, in milliseconds from its first sample. */
function listen(name: string) {
  const { pcm, speechBeginMs, speechEndMs } = speechFixture(name)
  const vad = new EnergyVad()
  const recogniser = new CallRecogniser(model, lexicon)
  const frames = framesOf(Int16Array.from({ length: pcm.length + 24_000 }, (_, i) => pcm[i] ?? 0))
  let partial = ''
  let changedMs = 0
  let yielding: Yielding = 'nothing'
  let silentMs: number | undefined
  let stopMs: number | undefined
  const overMs: number[] = []
  let onset: number | undefined
  for (const frame of frames) {
    const { index, speech, onsetIndex, lastVoicedIndex, voicedMs } = vad.push(frame)
    const atMs = (index + 1) * FRAME_MS
    const heard = recogniser.accept(frame)
    if (heard) [partial, changedMs] = [heard.text, atMs]
    if (onsetIndex === undefined || lastVoicedIndex === undefined) continue
    onset ??= onsetIndex
    const silenceMs = atMs - (lastVoicedIndex + 1) * FRAME_MS
    if (speech && stopMs === undefined) {
      const voice = { beginAtMs: onsetIndex * FRAME_MS, atMs, voicedMs, silenceMs, partial }
      yielding = decideFloor({ stance: yielding === 'pause' ? 'paused' : 'full', pausedMs: 0, voice, settled: undefined, robot: talking })
      if (yielding === 'pause' || yielding === 'stop') silentMs ??= atMs
      if (yielding === 'stop') stopMs = atMs
    }
    if (isTurnOver({ silenceMs, partial, partialStableMs: atMs - changedMs })) overMs.push(atMs)
  }
  return { silentAfterMs: silentMs === undefined ? undefined : silentMs - speechBeginMs, stopAfterMs: stopMs === undefined ? undefined : stopMs - speechBeginMs, overAfterMs: overMs.map((ms) => ms - speechEndMs), text: recogniser.flush().text }
}

for (const name of ['tomorrow', 'busy', 'robot', 'name', 'stop']) {
  test(`"${name}" over the robot's voice silences it within 350 ms, and for good once it is surely speech`, () => {
    const { silentAfterMs, stopAfterMs } = listen(name)
    assert.ok(silentAfterMs !== undefined && silentAfterMs <= 350, `silent after ${silentAfterMs} ms`)
    assert.ok(stopAfterMs !== undefined && stopAfterMs <= 1_100, `stopped after ${stopAfterMs} ms`)
  })
}

for (const name of ['backchannel', 'yes']) {
  test(`"${name}" over the robot's voice does not stop it`, () => {
    assert.equal(listen(name).stopAfterMs, undefined)
  })
}

for (const [name, expectedMs] of [
  ['backchannel', 460],
  ['robot', 460],
  ['stop', 460],
  ['quiet', 460],
  ['tomorrow', 520],
  ['number', 1800],
] as const) {
  test(`the turn "${name}" is over ${expectedMs} ms after its last sound, and not before`, () => {
    const { overAfterMs } = listen(name)
    assert.ok(Math.abs(overAfterMs[0]! - expectedMs) <= 80, `after ${overAfterMs[0]} ms`)
  })
}
