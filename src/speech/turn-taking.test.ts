// Checks voice activity, recognition, endpointing and barge-in together on recordings, frame by frame. Does not use threads or clocks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FRAME_MS } from '../media/frame.ts'
import { CallRecogniser } from './asr/builtin/call-recogniser.ts'
import { framesOf, speechFixture } from './asr/builtin/fixtures.ts'
import { loadLexicon } from './asr/builtin/lexicon-file.ts'
import { loadModel } from './asr/builtin/model-file.ts'
import { decideBargeIn, type RobotVoice } from './barge-in.ts'
import { isTurnOver } from './endpointing.ts'
import { EnergyVad } from '../media/vad.ts'

const directory = new URL('./asr/builtin/model/', import.meta.url)
const model = loadModel(directory)
const lexicon = loadLexicon(new URL('lexicon.txt.gz', directory), model.header.units)
const talking: RobotVoice = { speaking: true, interruptible: true, endsWithQuestion: false, remainingMs: 3000 }

/** What happens to a recording followed by three seconds of silence, in milliseconds from its first sample. */
function listen(name: string) {
  const { pcm, speechBeginMs, speechEndMs } = speechFixture(name)
  const vad = new EnergyVad()
  const recogniser = new CallRecogniser(model, lexicon)
  const frames = framesOf(Int16Array.from({ length: pcm.length + 24_000 }, (_, i) => pcm[i] ?? 0))
  let partial = ''
  let changedMs = 0
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
    if (speech && stopMs === undefined && decideBargeIn({ voicedMs, sinceOnsetMs: atMs - onsetIndex * FRAME_MS, partial, robot: talking }) === 'stop') stopMs = atMs
    const silenceMs = atMs - (lastVoicedIndex + 1) * FRAME_MS
    if (isTurnOver({ silenceMs, partial, partialStableMs: atMs - changedMs })) overMs.push(atMs)
  }
  return { stopAfterMs: stopMs === undefined ? undefined : stopMs - speechBeginMs, overAfterMs: overMs.map((ms) => ms - speechEndMs), text: recogniser.flush().text }
}

for (const [name, limitMs] of [
  ['tomorrow', 400],
  ['busy', 400],
  ['robot', 400],
  ['name', 400],
  // 等 is heard as 嗯 until its second half is known: a backchannel for one syllable.
  ['stop', 500],
] as const) {
  test(`"${name}" over the robot's voice stops it within ${limitMs} ms`, () => {
    const { stopAfterMs } = listen(name)
    assert.ok(stopAfterMs !== undefined && stopAfterMs <= limitMs, `after ${stopAfterMs} ms`)
  })
}

for (const name of ['backchannel', 'yes']) {
  test(`"${name}" over the robot's voice does not stop it`, () => {
    assert.equal(listen(name).stopAfterMs, undefined)
  })
}

for (const [name, expectedMs] of [
  ['backchannel', 400],
  ['robot', 400],
  ['stop', 400],
  ['quiet', 400],
  ['tomorrow', 520],
  ['number', 1800],
] as const) {
  test(`the turn "${name}" is over ${expectedMs} ms after its last sound, and not before`, () => {
    const { overAfterMs } = listen(name)
    assert.ok(Math.abs(overAfterMs[0]! - expectedMs) <= 80, `after ${overAfterMs[0]} ms`)
  })
}
