// Checks how frames become utterances: beginning, end, finals that fail to come, failing recognisers, barge-in. The voice is real, the recogniser is played.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StretchVoice } from './barge-in.ts'
import { FRAME_MS, FRAME_SAMPLES } from '../media/frame.ts'
import type { VadFrame } from '../media/vad.ts'
import { Listener, type Utterance } from './listener.ts'
import { FakeAsr, FakeLine, FakeTime } from './testing.ts'

type Stage = Disposable & {
  time: FakeTime
  line: FakeLine
  asr: FakeAsr
  listener: Listener
  utterances: Utterance[]
  texts: () => string[]
  partials: string[]
  failures: { message: string; final: boolean }[]
  robot: { speaking: boolean }
  /** What was told of the stretches, frame by frame. */
  voices: StretchVoice[]
  wins: (voice: StretchVoice) => boolean
  /** The other side says this for so long; time passes until it has. */
  says: (text: string, ms?: number) => Promise<void>
}

function stage(): Stage {
  const time = new FakeTime()
  const line = new FakeLine(time)
  const asr = new FakeAsr(time.now)
  const utterances: Utterance[] = []
  const partials: string[] = []
  const failures: { message: string; final: boolean }[] = []
  const s: Stage = {
    time,
    line,
    asr,
    utterances,
    partials,
    failures,
    robot: { speaking: false },
    voices: [],
    wins: () => false,
    texts: () => utterances.map(({ text }) => text),
    says: async (text, ms = 600) => {
      asr.texts.push(text)
      line.speak(ms)
      await time.advance(ms)
    },
    listener: new Listener({
      asr,
      hotWords: ['张总'],
      phrases: ['我是'],
      now: time.now,
      robotSpeech: () => s.robot,
      onPartial: (text) => partials.push(text),
      takesFloor: (voice) => {
        s.voices.push(voice)
        return s.wins(voice)
      },
      onUtterance: (utterance) => utterances.push(utterance),
      onFailed: (error, final) => failures.push({ message: error.message, final }),
    }),
    [Symbol.dispose]: () => {
      s.listener.close()
      time[Symbol.dispose]()
    },
  }
  line.onEvent = (event) => {
    if (event.type === 'frames') s.listener.push(event.atMs, event.frames)
  }
  let frames = 0
  time.everyFrame(() => {
    if (++frames % 5 === 0) s.listener.tick(time.now())
  })
  return s
}

// ── Utterances ───────────────────────────────────────────────────────────────

test('gives words with the moments of the voice, not of the processing', async () => {
  using s = stage()
  await s.time.advance(500)
  const beginAtMs = s.time.now()
  await s.says('可以', 600)
  const endAtMs = s.time.now()
  assert.equal(s.listener.isSpeaking, true)
  assert.equal(s.listener.partial, '可以')
  await s.time.advance(1_500)
  assert.equal(s.utterances.length, 1)
  const [utterance] = s.utterances
  assert.equal(utterance!.text, '可以')
  assert.ok(Math.abs(utterance!.beginAtMs - beginAtMs) <= 80, `begins ${utterance!.beginAtMs - beginAtMs} ms off`)
  assert.ok(endAtMs - utterance!.endAtMs >= 0 && endAtMs - utterance!.endAtMs <= 100, `ends ${endAtMs - utterance!.endAtMs} ms off`)
  assert.ok(utterance!.endpointAtMs - utterance!.endAtMs >= 360 && utterance!.endpointAtMs - utterance!.endAtMs <= 440, 'a whole answer is taken within 0.44 s')
  assert.ok(utterance!.voicedMs > 300 && utterance!.voicedMs <= 620)
  assert.equal(utterance!.bargeIn, false)
  assert.equal(s.listener.isSpeaking, false)
})

test('the recogniser gets the words it should favour, and audio from before the first loud frame', async () => {
  using s = stage()
  await s.time.advance(400)
  const beginAtMs = s.time.now()
  await s.says('可以', 200)
  const [stream] = s.asr.streams
  assert.deepEqual([stream!.options.hotWords, stream!.options.phrases], [['张总'], ['我是']])
  assert.ok(beginAtMs - stream!.frames[0]!.atMs >= 180, 'at least 180 ms before')
  const gaps = stream!.frames.slice(1).map(({ atMs }, i) => atMs - stream!.frames[i]!.atMs)
  assert.ok(gaps.every((gap) => gap === 20), 'no frame is missing or doubled')
})

test('nothing is recognised while nobody speaks', async () => {
  using s = stage()
  await s.time.advance(5_000)
  assert.equal(s.asr.streams[0]!.frames.length, 0)
  assert.equal(s.listener.isSpeaking, false)
  assert.equal(s.listener.lastVoicedAtMs, -Infinity)
})

test('speech without words is told as an utterance without text', async () => {
  using s = stage()
  await s.says('', 400)
  await s.time.advance(2_000)
  assert.deepEqual(s.texts(), [''])
})

test('a line that stops sending ends the turn like silence does', async () => {
  using s = stage()
  await s.says('可以', 600)
  s.line.starved = true
  await s.time.advance(1_500)
  assert.deepEqual(s.texts(), ['可以'])
})

test('a line that sends again after a gap in mid-speech begins a new utterance there', async () => {
  using s = stage()
  await s.says('可以', 600)
  s.line.starved = true
  await s.time.advance(1_500)
  s.line.starved = false
  const againAtMs = s.time.now()
  await s.says('好的', 600)
  await s.time.advance(1_500)
  assert.deepEqual(s.texts(), ['可以', '好的'])
  assert.ok(s.utterances[1]!.beginAtMs >= againAtMs - 100, 'it does not begin before the gap')
  assert.ok(s.utterances[1]!.voicedMs <= 620)
})

test('utterances in quick succession keep their order and their words', async () => {
  using s = stage()
  s.asr.finalAfterMs = 680
  for (const text of ['是', '对', '没错', '好的']) {
    await s.says(text, 400)
    await s.time.advance(940)
  }
  await s.time.advance(1_500)
  assert.deepEqual(s.texts(), ['是', '对', '没错', '好的'])
})

test('a turn is cut at 30 s, and what follows is one new turn, not one for each frame', async () => {
  using s = stage()
  await s.says('一段很长的话', 30_000)
  await s.says('后面的话', 3_000)
  await s.time.advance(2_500)
  assert.equal(s.utterances.length, 2, `${s.utterances.length} utterances`)
  assert.ok(s.utterances[0]!.endAtMs - s.utterances[0]!.beginAtMs > 29_500)
  assert.ok(s.utterances[1]!.beginAtMs >= s.utterances[0]!.endAtMs)
  assert.ok(s.utterances[1]!.voicedMs <= 3_100)
})

// ── Finals ───────────────────────────────────────────────────────────────────

test('a final that never comes: the words so far are taken after 0.7 s', async () => {
  using s = stage()
  s.asr.finalAfterMs = undefined
  await s.says('可以', 600)
  await s.time.advance(2_000)
  assert.deepEqual(s.texts(), ['可以'])
  const [utterance] = s.utterances
  assert.equal(utterance!.confidence, 0)
  assert.equal(s.listener.isSpeaking, false)
})

test('a final that comes too late is not taken for the next turn', async () => {
  using s = stage()
  s.asr.finalAfterMs = 1_000
  await s.says('第一句的开头', 600)
  await s.time.advance(1_450)
  assert.deepEqual(s.texts(), ['第一句的开头'], 'given up')
  await s.says('可以', 500)
  await s.time.advance(2_500)
  assert.deepEqual(s.texts(), ['第一句的开头', '可以'])
})

test('a turn whose final is missing is handed over before the next one', async () => {
  using s = stage()
  s.asr.finalAfterMs = undefined
  await s.says('可以', 400)
  await s.time.advance(440)
  s.asr.finalAfterMs = 20
  await s.says('好', 160)
  await s.time.advance(480)
  assert.deepEqual(s.utterances.map(({ text, confidence }) => ({ text, confidence })), [
    { text: '可以', confidence: 0 },
    { text: '好', confidence: 0.9 },
  ])
})

test('late words of the turn before are not taken for words of this one', async () => {
  using s = stage()
  s.asr.finalAfterMs = 600
  await s.says('可以', 400)
  const endAtMs = s.time.now()
  await s.time.advance(440)
  await s.says('好', 100)
  s.asr.streams[0]!.emit({ type: 'partial', text: '可以参加', beginAtMs: endAtMs - 400, endAtMs })
  assert.equal(s.listener.isSpeaking, true)
  assert.equal(s.listener.partial, '')
})

test('finals that never came do not shift the later ones', async () => {
  using s = stage()
  s.asr.finalAfterMs = undefined
  for (const text of ['一', '二', '三']) {
    await s.says(text, 400)
    await s.time.advance(1_800)
  }
  s.asr.finalAfterMs = 100
  await s.says('可以', 400)
  await s.time.advance(1_000)
  assert.equal(s.texts().at(-1), '可以')
  assert.equal(s.utterances.at(-1)!.confidence, 0.9, 'it is the final of this turn')
})

test('finals of an engine that ends turns by itself are one utterance with the rest', async () => {
  using s = stage()
  s.asr.partialAfterFrames = Infinity
  s.asr.texts.push('开会的事')
  s.line.speak(2_000)
  await s.time.advance(1_000)
  const nowMs = s.time.now()
  s.asr.streams[0]!.emit({ type: 'final', text: '我想问一下', beginAtMs: nowMs - 900, endAtMs: nowMs, confidence: 0.7 })
  assert.equal(s.listener.partial, '我想问一下')
  s.asr.streams[0]!.emit({ type: 'partial', text: '开会', beginAtMs: nowMs, endAtMs: nowMs + 300 })
  assert.equal(s.listener.partial, '我想问一下开会')
  await s.time.advance(3_000)
  assert.deepEqual(s.texts(), ['我想问一下开会的事'])
  assert.equal(s.utterances[0]!.confidence, 0.7)
})

test('an engine that settled everything by itself is not waited for', async () => {
  using s = stage()
  s.asr.finalAfterMs = undefined
  s.asr.partialAfterFrames = Infinity
  s.line.speak(600)
  await s.time.advance(600)
  const nowMs = s.time.now()
  s.asr.streams[0]!.emit({ type: 'final', text: '可以', beginAtMs: nowMs - 500, endAtMs: nowMs, confidence: 0.8 })
  await s.time.advance(500)
  assert.deepEqual(s.texts(), ['可以'])
})

test('Latin words of two finals keep their space', async () => {
  using s = stage()
  s.asr.partialAfterFrames = Infinity
  s.asr.texts.push('meeting')
  s.line.speak(1_000)
  await s.time.advance(600)
  s.asr.streams[0]!.emit({ type: 'final', text: 'what', beginAtMs: s.time.now() - 500, endAtMs: s.time.now(), confidence: 0.8 })
  s.asr.streams[0]!.emit({ type: 'partial', text: 'meet', beginAtMs: s.time.now(), endAtMs: s.time.now() + 200 })
  await s.time.advance(3_000)
  assert.deepEqual(s.texts(), ['what meeting'])
})

// ── Failing recognisers ──────────────────────────────────────────────────────

test('a recogniser that fails in mid-utterance is opened anew and hears the utterance again', async () => {
  using s = stage()
  await s.says('可以参加', 600)
  const before = s.asr.streams[0]!.frames
  s.asr.streams[0]!.emit({ type: 'failed', error: new Error('connection lost') })
  assert.equal(s.asr.streams.length, 2)
  assert.equal(s.asr.streams[0]!.disposed, true)
  assert.deepEqual(s.asr.streams[1]!.frames.map(({ atMs }) => atMs), before.map(({ atMs }) => atMs))
  await s.time.advance(2_000)
  assert.deepEqual(s.texts(), ['可以参加'])
  assert.deepEqual(s.failures, [{ message: 'connection lost', final: false }])
})

test('a turn whose final was still awaited when the recogniser failed is taken as understood so far', async () => {
  using s = stage()
  s.asr.finalAfterMs = 600
  await s.says('可以', 600)
  await s.time.advance(500)
  s.asr.streams[0]!.emit({ type: 'failed', error: new Error('gone') })
  assert.deepEqual(s.texts(), ['可以'])
  await s.says('好的', 600)
  await s.time.advance(2_000)
  assert.deepEqual(s.texts(), ['可以', '好的'])
})

test('a turn of which nothing was understood when the recogniser failed is recognised anew', async () => {
  using s = stage()
  s.asr.partialAfterFrames = Infinity
  s.asr.finalAfterMs = 600
  await s.says('可以', 600)
  await s.time.advance(1_000)
  s.asr.texts.push('可以')
  s.asr.streams[0]!.emit({ type: 'failed', error: new Error('gone') })
  assert.deepEqual(s.texts(), [], 'it is waited for')
  assert.equal(s.listener.isSpeaking, true)
  await s.time.advance(800)
  assert.deepEqual(s.utterances.map(({ text, isLost }) => ({ text, isLost })), [{ text: '可以', isLost: false }])
})

test('a turn of which nothing is ever told is lost, not silent', async () => {
  using s = stage()
  s.asr.partialAfterFrames = Infinity
  s.asr.finalAfterMs = undefined
  await s.says('可以', 600)
  await s.time.advance(5_000)
  s.asr.finalAfterMs = 100
  await s.says('', 600)
  await s.time.advance(2_000)
  assert.deepEqual(s.utterances.map(({ text, isLost }) => ({ text, isLost })), [{ text: '', isLost: true }, { text: '', isLost: false }])
})

test('a recogniser that fails twice is gone for good, and nothing is heard from it again', async () => {
  using s = stage()
  await s.says('可以', 600)
  s.asr.streams[0]!.emit({ type: 'failed', error: new Error('once') })
  s.asr.streams[1]!.emit({ type: 'failed', error: new Error('twice') })
  await s.says('好的', 600)
  await s.time.advance(2_000)
  assert.deepEqual(s.failures, [
    { message: 'once', final: false },
    { message: 'twice', final: true },
  ])
  assert.equal(s.asr.streams.length, 2)
  assert.deepEqual(s.texts(), [])
  assert.equal(s.listener.isSpeaking, false)
})

test('a failure long after the first one is a first one again', async () => {
  using s = stage()
  s.asr.streams[0]!.emit({ type: 'failed', error: new Error('once') })
  await s.time.advance(31_000)
  s.asr.streams[1]!.emit({ type: 'failed', error: new Error('again') })
  assert.deepEqual(s.failures.map(({ final }) => final), [false, false])
  assert.equal(s.asr.streams.length, 3)
})

test('a recogniser that cannot be opened anew is gone for good', async () => {
  using s = stage()
  s.asr.openFails = true
  s.asr.streams[0]!.emit({ type: 'failed', error: new Error('gone') })
  assert.deepEqual(s.failures, [{ message: 'gone', final: true }])
})

test('what a replaced stream says later is nobody\'s', async () => {
  using s = stage()
  const [old] = s.asr.streams
  old!.emit({ type: 'failed', error: new Error('once') })
  old!.options.onEvent({ type: 'failed', error: new Error('late') })
  await s.says('可以', 600)
  old!.options.onEvent({ type: 'final', text: '旧的', beginAtMs: s.time.now(), endAtMs: s.time.now() + 500, confidence: 1 })
  await s.time.advance(2_000)
  assert.deepEqual(s.texts(), ['可以'])
  assert.equal(s.failures.length, 1)
})

test('a recogniser that fails while it is being opened is opened once more, and then gone', async () => {
  using time = new FakeTime()
  let opened = 0
  const failures: boolean[] = []
  const listener = new Listener({
    asr: {
      name: 'dead',
      capabilities: { partials: false, hotWords: false, understands: 'people' },
      warmUp: () => Promise.resolve(),
      open: (options) => {
        opened += 1
        options.onEvent({ type: 'failed', error: new Error('no key') })
        return { push: () => {}, endUtterance: () => {}, [Symbol.dispose]: () => {} }
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    hotWords: [],
    phrases: [],
    now: time.now,
    robotSpeech: () => ({ speaking: false }),
    onPartial: () => {},
    onUtterance: () => {},
    onFailed: (_, final) => failures.push(final),
  })
  await time.advance(100)
  assert.equal(opened, 2)
  assert.deepEqual(failures, [false, true])
  listener.close()
})

// ── Barge-in ─────────────────────────────────────────────────────────────────

test('a stretch is told frame by frame: voice, silence and words so far', async () => {
  using s = stage()
  await s.says('明天下午三点', 600)
  await s.time.advance(300)
  const { beginAtMs } = s.voices[0]!
  assert.ok(s.voices.every((voice, i) => voice.beginAtMs === beginAtMs && voice.atMs === s.voices[0]!.atMs + i * 20))
  const [first, last] = [s.voices[0]!, s.voices.at(-1)!]
  assert.deepEqual([first.partial, last.partial], ['', '明天下午三点'])
  assert.ok(first.voicedMs <= 100 && last.voicedMs >= 400 && last.voicedMs <= 600, `${first.voicedMs}, ${last.voicedMs}`)
  assert.ok(last.silenceMs >= 240 && last.silenceMs <= 360, `${last.silenceMs}`)
})

test('a stretch that won the floor is not asked about again, and its utterance says so; the next one is', async () => {
  using s = stage()
  s.wins = ({ voicedMs }) => voicedMs >= 250
  await s.says('我想问一下是什么会议', 800)
  await s.time.advance(3_000)
  const asked = s.voices.length
  assert.ok(s.voices.at(-1)!.voicedMs <= 260, `asked until ${s.voices.at(-1)!.voicedMs} ms`)
  s.wins = () => false
  await s.says('好的', 800)
  await s.time.advance(3_000)
  assert.ok(s.voices.length > asked)
  assert.deepEqual(s.utterances.map(({ text, bargeIn }) => ({ text, bargeIn })), [
    { text: '我想问一下是什么会议', bargeIn: true },
    { text: '好的', bargeIn: false },
  ])
})

// ── The end ──────────────────────────────────────────────────────────────────

test('after close nothing is told, whatever still comes', async () => {
  using s = stage()
  await s.says('可以', 600)
  await s.time.advance(420)
  s.listener.close()
  assert.equal(s.asr.streams[0]!.disposed, true)
  await s.says('好的', 600)
  s.asr.streams[0]!.options.onEvent({ type: 'failed', error: new Error('late') })
  await s.time.advance(3_000)
  assert.deepEqual([s.utterances, s.failures], [[], []])
  assert.equal(s.listener.isSpeaking, false)
})

// ── The callee's own pauses ──────────────────────────────────────────────────

test('somebody who goes on after a pause is given more time at the next one', async () => {
  using s = stage()
  await s.says('喂', 300)
  await s.time.advance(1_000)
  // Words of no decided ending, twice with a pause of 0.4 s in the middle.
  for (let turn = 0; turn < 2; turn++) {
    s.asr.texts.push('明天下午三点')
    s.line.speak(500)
    await s.time.advance(500 + 400)
    s.line.speak(400)
    await s.time.advance(400 + 1_500)
  }
  assert.deepEqual(s.texts(), ['喂', '明天下午三点', '明天下午三点'], 'nobody is cut in on')
  const [, first, second] = s.utterances.map(({ endAtMs, endpointAtMs }) => endpointAtMs - endAtMs)
  assert.ok(first! > 580 && second! > 580, `${first} and ${second} ms after pauses of 400`)
})

test('a turn that was taken too early teaches: what goes on right after it was a pause', async () => {
  using s = stage()
  await s.says('喂', 300)
  await s.time.advance(1_000)
  await s.says('明天下午三点', 500)
  await s.time.advance(700)
  assert.deepEqual(s.texts(), ['喂', '明天下午三点'], 'taken after the usual time')
  await s.says('在三楼会议室', 500)
  await s.time.advance(800)
  assert.equal(s.utterances.length, 2, 'the next one is waited for')
  await s.time.advance(700)
  assert.equal(s.utterances.length, 3)
})

test('how one picks up says nothing of how one talks', async () => {
  using s = stage()
  s.asr.texts.push('您好李明')
  s.line.speak(400)
  await s.time.advance(400 + 460)
  s.line.speak(400)
  await s.time.advance(400 + 1_000)
  assert.deepEqual(s.listener.pauses, {})
})

test('takes from the port whether somebody speaks; who spoke already when it came begins with it', async () => {
  using s = stage()
  s.line.starved = true
  const push = (from: number, count: number, speaks: (index: number) => boolean) => {
    const frames = Array.from({ length: count }, () => new Int16Array(FRAME_SAMPLES))
    const voices = frames.map((_, i): VadFrame => ({ index: from + i, speech: speaks(from + i), voiced: speaks(from + i), onsetIndex: 100, lastVoicedIndex: 704, voicedMs: 9_000, levelDbfs: -20, noiseDbfs: -60 }))
    s.listener.push(beginMs + (from - 700) * FRAME_MS, frames, voices)
  }
  const beginMs = s.time.now()
  push(700, 5, (index) => index >= 702)
  assert.ok(s.listener.isSpeaking, 'although the audio is silent')
  push(705, 200, () => false)
  await s.time.advance(200)
  assert.deepEqual(s.utterances.map(({ beginAtMs, endAtMs, voicedMs }) => [beginAtMs - beginMs, endAtMs - beginMs, voicedMs]), [[40, 100, 60]])
})
