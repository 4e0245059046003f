import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { log } from '../log.ts'
import type { Frame } from '../media/frame.ts'
import { EnergyVad } from '../media/vad.ts'
import { framesOf, speechFixture } from './asr/builtin/fixtures.ts'
import { CheckedActivity, type ActivitySource } from './checked-activity.ts'
import { fakeEngine, fakeModel, setFault } from './sherpa/fake-engine.ts'
import { SherpaVad } from './sherpa/vad.ts'

log.level = 'silent'
const folder = mkdtempSync(path.join(tmpdir(), 'waihu-activity-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A second detector that answers as it is told, so many frames late. */
function second(says: (frame: number) => boolean, late = 0) {
  let told: Parameters<ActivitySource['open']>[0] | undefined
  let pushed = 0
  const source: ActivitySource = {
    open(listener) {
      told = listener
      return {
        push: () => {
          pushed += 1
          if (pushed > late) told!.onActivity(says(pushed - late), pushed - late)
        },
        [Symbol.dispose]: () => {},
      }
    },
  }
  return { source, lose: () => told!.onLost(new Error('gone')) }
}

function judged(activity: CheckedActivity, pcm: Int16Array) {
  const vad = new EnergyVad()
  return framesOf(pcm).flatMap((frame) => activity.judge([frame], [vad.push(frame)]))
}
const { pcm, speechBeginMs } = speechFixture('tomorrow')
const alone = (() => {
  const vad = new EnergyVad()
  return framesOf(pcm).map((frame) => vad.push(frame))
})()

void test('what both hear is a voice, with its beginning', () => {
  const voices = judged(new CheckedActivity(second(() => true).source), pcm)
  assert.deepEqual(voices.map(({ speech, voiced }) => [speech, voiced]), alone.map(({ speech, voiced }) => [speech, voiced]))
  const first = voices.find(({ speech }) => speech)!
  assert.ok(Math.abs(first.onsetIndex! * 20 - speechBeginMs) <= 60)
})

void test('what the second detector hears as no voice is none, and speech that comes out of it begins there', () => {
  assert.ok(judged(new CheckedActivity(second(() => false).source), pcm).every(({ speech, voiced, voicedMs }) => !speech && !voiced && voicedMs === 0))
  const from = alone.findIndex(({ speech }) => speech) + 25
  const voices = judged(new CheckedActivity(second((frame) => frame > from).source), pcm)
  const first = voices.find(({ speech }) => speech)!
  assert.ok(first.index >= from && first.onsetIndex! >= from - 5 && first.voicedMs <= 120, JSON.stringify(first))
})

void test('a second detector that is late or gone leaves the first to decide alone', () => {
  const late = new CheckedActivity(second(() => false, 16).source)
  const voices = judged(late, pcm)
  assert.ok(!late.checks && voices.some(({ speech }) => speech))
  const { source, lose } = second(() => false)
  const lost = new CheckedActivity(source)
  lose()
  assert.deepEqual(judged(lost, pcm), alone)
})

/** Real time in small steps: the detector in the child answers between the frames. */
async function inTime(vad: SherpaVad, pcm: Int16Array): Promise<{ speech: number; checked: boolean }> {
  using activity = new CheckedActivity(vad)
  const energy = new EnergyVad()
  const frames: readonly Frame[] = framesOf(pcm)
  let speech = 0
  for (const frame of frames) {
    if (activity.judge([frame], [energy.push(frame)])[0]!.speech) speech += 1
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
  return { speech, checked: activity.checks }
}

void test('in a child: it is heard, and a call goes on without it when it dies', async () => {
  const model = fakeModel(path.join(folder, 'silero'), 'silero-vad')
  await using vad = new SherpaVad({ model, engine: fakeEngine, limits: { restartMsMin: 10 } })
  await vad.warmUp()
  const heard = await inTime(vad, pcm)
  assert.ok(heard.checked && heard.speech > 10, JSON.stringify(heard))
  setFault(model, 'abort')
  const without = await inTime(vad, pcm)
  assert.ok(!without.checked && without.speech > 10, JSON.stringify(without))
})

// The model is not part of the project: SILERO_FOLDER names one that was downloaded.
const silero = process.env['SILERO_FOLDER']
void test('the engine with a real model hears speech and no tone', { skip: silero === undefined || !existsSync(silero) ? 'SILERO_FOLDER is not set' : false }, async (t) => {
  await using vad = new SherpaVad({ model: silero! })
  await vad.warmUp()
  const said = await inTime(vad, pcm)
  const clicks = Int16Array.from({ length: 24_000 }, (_, i) => (i % 1_600 < 120 ? 14_000 * (i % 2 === 0 ? 1 : -1) : 0))
  const noise = Int16Array.from({ length: 24_000 }, (_, i) => (i < 8_000 ? 0 : (((i * 2_654_435_761) >>> 16) % 12_000) - 6_000))
  const energyOf = (sound: Int16Array) => {
    const energy = new EnergyVad()
    return framesOf(sound).filter((frame) => energy.push(frame).speech).length
  }
  const result = { speech: [energyOf(pcm), said.speech], clicks: [energyOf(clicks), (await inTime(vad, clicks)).speech], noise: [energyOf(noise), (await inTime(vad, noise)).speech] }
  t.diagnostic(JSON.stringify(result))
  assert.ok(said.checked && said.speech > 0.6 * energyOf(pcm))
  assert.ok(result.noise[1]! <= result.noise[0]! && result.clicks[1]! <= result.clicks[0]!)
})
