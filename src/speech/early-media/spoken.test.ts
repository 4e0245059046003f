import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { FRAME_MS, nowMs, type Frame } from '../../media/frame.ts'
import { decodeAlaw, encodeAlaw } from '../../media/g711.ts'
import { framesOf } from '../asr/builtin/fixtures.ts'
import { BuiltinAsr } from '../asr/builtin/provider.ts'
import { silentFrames } from '../testing.ts'
import { createEspeak } from '../tts/espeak/provider.ts'
import { defaultVoice } from '../tts/provider.ts'
import { announcementTable } from './announcement-table.ts'
import { colourRingWords, melody } from './colour-ring.test-data.ts'
import { EarlyMedia, type EarlyMediaHeard } from './early-media.ts'
import { labelledSentences } from './labelled-sentences.test-data.ts'

const VOICES = ['', 'f1', 'm1']
/** Of all sentences in all voices; the goal is 95 %. */
const RIGHT_MIN = 0.95
const SIDE_BY_SIDE = 4

/** The built-in recogniser knows Mandarin only; English sentences are tested as text. */
const sentences = Object.entries(labelledSentences).flatMap(([status, texts]) => texts.filter((text) => /[\u4e00-\u9fff]/.test(text)).map((text) => ({ status, text })))

type Ear = { spoken: (text: string, voice: string) => Promise<Frame[]>; heard: (frames: readonly Frame[]) => Promise<EarlyMediaHeard> }

async function withEar(t: TestContext, run: (ear: Ear) => Promise<void>): Promise<void> {
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

  async function spoken(text: string, name: string): Promise<Frame[]> {
    const samples: number[] = []
    for await (const event of tts.synthesize(text, { ...defaultVoice, name }, new AbortController().signal)) {
      if (event.type === 'failed') throw event.error
      if (event.type === 'audio') for (const sample of event.pcm) samples.push(sample)
    }
    return [...silentFrames(300), ...framesOf(decodeAlaw(encodeAlaw(Int16Array.from(samples)))), ...silentFrames(1_000)]
  }

  /** The one thread works in order: when it has answered this, it has answered everything before. */
  async function recogniserIsDone(): Promise<void> {
    const done = Promise.withResolvers<void>()
    using probe = asr.open({ hotWords: [], phrases: [], onEvent: () => done.resolve() })
    probe.endUtterance()
    await done.promise
  }

  /** As fast as it is recognised. */
  async function heard(frames: readonly Frame[]): Promise<EarlyMediaHeard> {
    let clockMs = nowMs()
    const told: EarlyMediaHeard[] = []
    using early = new EarlyMedia({ asr, now: () => clockMs, onCertain: (verdict) => told.push(verdict) })
    for (const [index, frame] of frames.entries()) {
      clockMs += FRAME_MS
      early.push(clockMs, [frame])
      if (index % 10 === 9) await recogniserIsDone()
    }
    await recogniserIsDone()
    return { ...early.heard(), certain: told.length > 0 }
  }

  await run({ spoken, heard })
}

void test('announcements in the voices of the simulator are understood through an A-law line', { timeout: 240_000 }, async (t) => {
  await withEar(t, async ({ spoken, heard }) => {
    const tasks = VOICES.flatMap((voice) => sentences.map((sentence) => ({ ...sentence, voice })))
    const total = tasks.length
    const wrong: string[] = []
    const falseAlarms: string[] = []
    const unsure: string[] = []
    const work = async (): Promise<void> => {
      for (let task = tasks.shift(); task; task = tasks.shift()) {
        const { status, text, certain } = await heard(await spoken(task.text, task.voice))
        const told = `${task.voice || 'default'}: ${task.text} (${task.status}) was heard as ${text} (${status})`
        if (status !== task.status) wrong.push(told)
        if (certain && status !== task.status) falseAlarms.push(told)
        if (!certain && status !== 'unknown' && announcementTable[status].terminal) unsure.push(told)
      }
    }
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))

    const right = 1 - wrong.length / total
    t.diagnostic(`${(right * 100).toFixed(1)} % of ${total} right`)
    assert.ok(right >= RIGHT_MIN, `${(right * 100).toFixed(1)} % of ${total}\n${wrong.join('\n')}`)
    assert.ok(falseAlarms.length <= 1, falseAlarms.join('\n'))
    // What ends a call is certain within a second after its last word, when the machine is not overloaded.
    assert.ok(unsure.length <= total / 20, unsure.join('\n'))
  })
})

void test('announcements in two languages, round after round, are understood wherever one joins them', { timeout: 240_000 }, async (t) => {
  await withEar(t, async ({ spoken, heard }) => {
    const bilingual: readonly (readonly [string, string, string])[] = [
      ['powered-off', '您好，您拨打的电话已关机，请稍后再拨。', 'Sorry, the subscriber you dialed is powered off, please redial later.'],
      ['vacant-number', '您好，您拨打的号码是空号，请核对后再拨。', 'Sorry, the number you dialed does not exist, please check it and dial later.'],
      ['suspended', '对不起，您拨打的电话已停机。', 'Sorry, the subscriber you dialed is out of service.'],
      ['busy', '您好，您拨打的电话正在通话中，请稍后再拨。', 'Sorry, the subscriber you dialed is busy now, please redial later.'],
      ['no-answer', '您好，您拨打的电话暂时无人接听，请稍后再拨。', 'Sorry, there is no answer, please redial later.'],
    ]
    const wrong: string[] = []
    await Promise.all(
      bilingual.map(async ([status, chinese, english], i) => {
        const [first, second] = [await spoken(chinese, VOICES[i % VOICES.length]!), await spoken(english, VOICES[i % VOICES.length]!)]
        // Joined in the middle of a sentence: at first of the Chinese, then of the English one.
        for (const frames of [[...first.slice(60), ...second, ...first], [...second.slice(80), ...first, ...second]]) {
          const told = await heard(frames)
          if (told.status !== status || !told.certain) wrong.push(`${chinese} was heard as ${told.text} (${told.status})`)
        }
      }),
    )
    assert.ok(wrong.length <= 1, wrong.join('\n'))
  })
})

void test('colour rings, sung or spoken, are never taken for an announcement', { timeout: 240_000 }, async (t) => {
  await withEar(t, async ({ spoken, heard }) => {
    const rings = [
      ...colourRingWords.map((words, i) => ({ name: words, frames: () => spoken(words, VOICES[i % VOICES.length]!) })),
      ...[1, 2, 3, 4].map((seed) => ({ name: `melody ${seed}`, frames: async () => framesOf(decodeAlaw(encodeAlaw(melody(seed, 8_000)))) })),
    ]
    const taken = await Promise.all(
      rings.map(async ({ name, frames }) => {
        const { certain, status, text } = await heard(await frames())
        return certain || status !== 'unknown' ? [`${name} was heard as ${text} (${status})`] : []
      }),
    )
    assert.deepEqual(taken.flat(), [])
  })
})
