// Checks who picked up with voices, an A-law line, noise and the recogniser: what is said by machines and by people, and what is made of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FRAME_MS, nowMs, type Frame } from '../../media/frame.ts'
import { decodeAlaw, encodeAlaw } from '../../media/g711.ts'
import { ToneGenerator } from '../../media/tone.ts'
import { framesOf } from '../asr/builtin/fixtures.ts'
import { BuiltinAsr } from '../asr/builtin/provider.ts'
import { endpointingDefaults, isTurnOver } from '../endpointing.ts'
import { withNoise } from '../early-media/noise.test-data.ts'
import { Listener } from '../listener.ts'
import { silentFrames } from '../testing.ts'
import { createEspeak } from '../tts/espeak/provider.ts'
import { defaultVoice } from '../tts/provider.ts'
import { AnsweredBy } from './answered-by.ts'
import type { Verdict } from './judgement.ts'
import { machineSays, personSays } from './labelled-answers.test-data.ts'

const VOICES = ['f5', 'm1'] as const
/** Machines that are taken for people cost a few seconds … */
const MACHINES_MISSED_MAX = 0.1
/** … people who are taken for machines, a conversation. */
const PERSONS_TAKEN_MAX = 0.01
const VERDICT_MS_MAX = 2_000
const SIDE_BY_SIDE = 4

const isChinese = (text: string): boolean => /[\u4e00-\u9fff]/.test(text)
type Task = { who: string; text: string; voice: string; noisy: boolean; beep: boolean }

void test('confusion table of spoken answers', { timeout: 300_000 }, async (t) => {
  await using tts = createEspeak({ children: 1 })
  await using asr = new BuiltinAsr({ workersMax: 1 })
  try {
    await tts.warmUp()
  } catch (error) {
    if (process.env['REQUIRE_INTEROP'] === '1') throw error
    t.skip(String(error))
    return
  }
  await asr.warmUp()

  async function recogniserIsDone(): Promise<void> {
    const done = Promise.withResolvers<void>()
    using probe = asr.open({ hotWords: [], phrases: [], onEvent: () => done.resolve() })
    probe.endUtterance()
    await done.promise
  }

  async function line({ text, voice, noisy, beep }: Task): Promise<{ frames: Frame[]; endMs: number }> {
    const samples: number[] = []
    for await (const event of tts.synthesize(text, { ...defaultVoice, name: voice }, new AbortController().signal)) {
      if (event.type === 'failed') throw event.error
      if (event.type === 'audio') for (const sample of event.pcm) samples.push(sample)
    }
    const speech = [...silentFrames(400), ...framesOf(Int16Array.from(samples))]
    const tone = beep ? [...silentFrames(400), ...framesOf(new ToneGenerator({ frequencyHz: 1_000, cadenceMs: [500, 60_000] }).next(4_000))] : []
    const all = [...speech, ...tone, ...silentFrames(2_500)]
    const pcm = new Int16Array(all.length * all[0]!.length)
    all.forEach((frame, i) => pcm.set(frame, i * frame.length))
    return { frames: framesOf(decodeAlaw(encodeAlaw(noisy ? withNoise(pcm, 'white', -52, 1) : pcm))), endMs: (speech.length + tone.length) * FRAME_MS }
  }

  /** As fast as it is recognised, as the conversation would hear it. */
  async function judged(task: Task): Promise<{ verdict: Verdict | undefined; afterMs: number; heard: string }> {
    const { frames, endMs } = await line(task)
    let clockMs = nowMs()
    let index = 0
    let atMs = 0
    let heard = ''
    const ear = new AnsweredBy({ rangMs: 4_000, onVerdict: () => (atMs = index * FRAME_MS), onRinging: () => {}, onRefused: () => {} })
    const listener = new Listener({
      asr,
      hotWords: [],
      phrases: [],
      now: () => clockMs,
      robotSpeech: () => ({ speaking: false }),
      isTurnOver: (input) => isTurnOver(input, { ...endpointingDefaults, silenceMsMax: 2_000 }),
      onPartial: (text) => ear.hear(text, false),
      onUtterance: ({ text }) => {
        heard += text
        ear.hear(text, true)
      },
      onFailed: (error) => assert.fail(error),
    })
    for (const frame of frames) {
      index += 1
      clockMs += FRAME_MS
      ear.push([frame])
      listener.push(clockMs, [frame])
      if (index % 10 === 0) await recogniserIsDone()
    }
    await recogniserIsDone()
    listener.close()
    return { verdict: ear.verdict, afterMs: atMs - endMs, heard }
  }

  const machines = Object.entries(machineSays).flatMap(([who, texts]) =>
    texts.filter(isChinese).flatMap((text, i) => VOICES.map((voice, v): Task => ({ who, text, voice, noisy: (i + v) % 2 === 0, beep: who === 'voicemail' && v === 1 }))),
  )
  const persons = personSays.filter(isChinese).map((text, i): Task => ({ who: 'person', text, voice: VOICES[i % VOICES.length]!, noisy: i % 2 === 0, beep: false }))
  const tasks = [...machines, ...persons]
  const table = new Map<string, number>()
  const [missed, taken, late, other]: [string[], string[], string[], string[]] = [[], [], [], []]
  const work = async (): Promise<void> => {
    for (let task = tasks.shift(); task; task = tasks.shift()) {
      const { verdict, afterMs, heard } = await judged(task)
      const who = verdict?.who ?? 'person'
      const told = `${task.text} (${task.voice}${task.noisy ? ', noisy' : ''}) was heard as ${heard}: ${who}, ${verdict?.because.join(', ')}`
      table.set(`${task.who} → ${who}`, (table.get(`${task.who} → ${who}`) ?? 0) + 1)
      if (task.who === 'person' && who !== 'person') taken.push(told)
      if (task.who !== 'person' && who === 'person') missed.push(told)
      else if (task.who !== who) other.push(told)
      if (task.who !== 'person' && who !== 'person' && afterMs > VERDICT_MS_MAX) late.push(`${told}, ${afterMs} ms`)
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))

  for (const [pair, count] of [...table].sort(([a], [b]) => a.localeCompare(b))) t.diagnostic(`${pair}: ${count}`)
  assert.ok(taken.length / persons.length <= PERSONS_TAKEN_MAX, `${taken.length} of ${persons.length} persons\n${taken.join('\n')}`)
  assert.ok(missed.length / machines.length <= MACHINES_MISSED_MAX, `${missed.length} of ${machines.length} machines\n${missed.join('\n')}`)
  assert.ok(other.length / machines.length <= MACHINES_MISSED_MAX, other.join('\n'))
  assert.deepEqual(late, [])
})
