// Checks what is spoken, in which order it ends, and what counts as heard, on a line that plays in simulated time. Does not touch audio content.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Speaker, type Speech, type SpokenResult } from './speaker.ts'
import { FakeLine, FakeTime, FakeTts } from './testing.ts'
import { defaultVoice } from './tts/provider.ts'

type Stage = Disposable & {
  time: FakeTime
  line: FakeLine
  tts: FakeTts
  speaker: Speaker
  started: string[]
  ended: (SpokenResult & { id: string })[]
  failures: string[]
  say: (id: string, text: string) => Speech
  ids: () => string[]
}

function stage(onFailed?: (speaker: Speaker) => void, level?: number): Stage {
  const time = new FakeTime()
  const line = new FakeLine(time)
  const tts = new FakeTts()
  const started: string[] = []
  const ended: (SpokenResult & { id: string })[] = []
  const failures: string[] = []
  const speaker: Speaker = new Speaker({
    port: line,
    tts,
    voice: defaultVoice,
    now: time.now,
    level,
    onStarted: ({ id }) => started.push(id),
    onEnded: ({ id }, result) => ended.push({ id, ...result }),
    onFailed: (error) => {
      failures.push(error.message)
      onFailed?.(speaker)
    },
  })
  line.onEvent = (event) => speaker.onMediaEvent(event)
  return { time, line, tts, speaker, started, ended, failures, say: (id, text) => speaker.say({ id, text, interruptible: true }), ids: () => ended.map(({ id }) => id), [Symbol.dispose]: () => time[Symbol.dispose]() }
}

test('says one after the other, each heard whole', async () => {
  using s = stage()
  s.say('a', '您好。')
  s.say('b', '我是助理。')
  assert.equal(s.speaker.current?.id, 'a')
  await s.time.advance(2_000)
  assert.deepEqual(s.started, ['a', 'b'])
  assert.deepEqual(s.ended.map(({ id, heardText, cut }) => ({ id, heardText, cut })), [
    { id: 'a', heardText: '您好。', cut: false },
    { id: 'b', heardText: '我是助理。', cut: false },
  ])
  assert.ok(s.ended[0]!.endAtMs <= s.ended[1]!.beginAtMs)
  assert.equal(s.speaker.isBusy, false)
})

test('puts the pauses of the punctuation between clauses, and none after the last', async () => {
  using s = stage()
  s.say('a', '好的，再见。')
  await s.time.advance(1_500)
  assert.deepEqual(s.line.played.map(({ ms }) => ms), [300, 140, 300, 0])
})

test('a say is synthesised while the one before it plays', async () => {
  using s = stage()
  s.say('a', '一二三四五六七八九十')
  s.say('b', '好')
  await s.time.advance(300)
  assert.deepEqual(s.tts.asked, ['一二三四五六七八九十', '好'])
  assert.equal(s.speaker.current?.id, 'a')
  const leftMs = s.speaker.currentEndAtMs - s.time.now()
  assert.ok(leftMs > 500 && leftMs < 1_000, `${leftMs} ms remain`)
})

for (const text of ['', '   ', '……。', '？！']) {
  test(`a say without words (${JSON.stringify(text)}) ends at once, in its turn, and is not synthesised`, async () => {
    using s = stage()
    s.say('before', '好的')
    s.say('empty', text)
    s.say('after', '再见')
    await s.time.advance(1_000)
    assert.deepEqual(s.ended.map(({ id, heardText, cut }) => ({ id, heardText, cut })), [
      { id: 'before', heardText: '好的', cut: false },
      { id: 'empty', heardText: '', cut: false },
      { id: 'after', heardText: '再见', cut: false },
    ])
    assert.deepEqual(s.tts.asked, ['好的', '再见'])
  })
}

// ── stop ─────────────────────────────────────────────────────────────────────

test('stop in mid-sentence cuts within a frame and keeps the share that was heard', async () => {
  using s = stage()
  s.say('a', '一二三四五六七八九十')
  s.say('b', '后面的')
  await s.time.advance(40 + 20 + 500)
  s.speaker.stop()
  assert.equal(s.speaker.current, undefined)
  await s.time.advance(20)
  assert.deepEqual(s.ids(), ['a', 'b'])
  assert.equal(s.ended[0]!.cut, true)
  assert.match(s.ended[0]!.heardText, /^一二三四五?$/)
  assert.deepEqual([s.ended[1]!.heardText, s.ended[1]!.cut], ['', true])
  await s.time.advance(2_000)
  assert.equal(s.line.heard.slice(-50).some(({ us }) => us), false, 'nothing follows')
})

test('stop while the first audio is awaited: the say ends unheard, and what comes late is not played', async () => {
  using s = stage()
  s.tts.delayMs = 500
  s.say('a', '太晚了')
  await s.time.advance(100)
  s.speaker.stop()
  assert.deepEqual(s.ended, [{ id: 'a', heardText: '', cut: true, beginAtMs: s.ended[0]!.beginAtMs, endAtMs: s.ended[0]!.endAtMs }])
  await s.time.advance(1_000)
  assert.deepEqual(s.line.played, [])
})

test('stop when idle does nothing, and stopping twice ends each say once', async () => {
  using s = stage()
  s.speaker.stop()
  assert.equal(s.line.flushes, 0)
  s.say('a', '一二三四五六')
  await s.time.advance(200)
  s.speaker.stop()
  s.speaker.stop()
  await s.time.advance(100)
  s.speaker.stop()
  assert.deepEqual(s.ids(), ['a'])
})

test('what is said after a stop is spoken, also right after it and while the old synthesis hangs', async () => {
  using s = stage()
  s.tts.manner = (text) => (text === '旧的' ? 'hangs' : 'speaks')
  s.say('old', '旧的')
  await s.time.advance(100)
  s.speaker.stop()
  s.say('new', '新的')
  await s.time.advance(500)
  assert.deepEqual(s.ended.map(({ id, heardText }) => ({ id, heardText })), [
    { id: 'old', heardText: '' },
    { id: 'new', heardText: '新的' },
  ])
})

test('a say that was sent and one that was not end in their order after a stop', async () => {
  using s = stage()
  s.tts.manner = (text) => (text === '第二' ? 'hangs' : 'speaks')
  s.say('sent', '一二三四五六')
  s.say('unsent', '第二')
  await s.time.advance(300)
  s.speaker.stop()
  // The line tells the end of what it played only afterwards.
  assert.deepEqual(s.ids(), [])
  await s.time.advance(20)
  assert.deepEqual(s.ids(), ['sent', 'unsent'])
})

// ── Yielding ─────────────────────────────────────────────────────────────────

const TWO = '一二三四五，六七八九十。'

test('a pause is silent within a frame, keeps everything, and goes on from the beginning of the clause', async () => {
  using s = stage()
  s.say('a', TWO)
  s.say('b', '完了')
  // 40 ms of synthesis, a first clause of 600 ms, its pause of 140 ms, 200 ms of the second.
  await s.time.advance(40 + 20 + 600 + 140 + 200)
  s.speaker.pause()
  await s.time.advance(20)
  const pausedAtMs = s.time.now()
  assert.equal(s.speaker.stance, 'paused')
  await s.time.advance(600)
  assert.equal(s.line.heard.some(({ us, atMs }) => us && atMs > pausedAtMs), false, 'nothing is heard in the pause')
  assert.deepEqual([s.ids(), s.speaker.current?.id], [[], 'a'])
  s.speaker.goOn()
  await s.time.advance(2_000)
  assert.deepEqual(s.ended.map(({ id, heardText, cut }) => ({ id, heardText, cut })), [
    { id: 'a', heardText: TWO, cut: false },
    { id: 'b', heardText: '完了', cut: false },
  ])
  const heardMs = s.line.heard.filter(({ us }) => us).length * 20
  // 1,340 ms and 200 ms, and 200 ms of the second clause once more; the cut fades out in one more packet.
  assert.ok(Math.abs(heardMs - 1_760) <= 40, `${heardMs} ms`)
  assert.deepEqual(s.started, ['a', 'b'])
})

test('a pause between two clauses goes on with the second', async () => {
  using s = stage()
  s.say('a', TWO)
  await s.time.advance(40 + 20 + 600 + 80)
  s.speaker.pause()
  await s.time.advance(400)
  s.speaker.goOn()
  await s.time.advance(2_000)
  const heardMs = s.line.heard.filter(({ us }) => us).length * 20
  assert.ok(Math.abs(heardMs - (680 + 600)) <= 60, `${heardMs} ms`)
})

test('what was heard before a pause counts when the say is stopped in it, at once and with the moment it was heard last', async () => {
  using s = stage()
  s.say('a', TWO)
  await s.time.advance(40 + 20 + 300)
  s.speaker.pause()
  await s.time.advance(500)
  const stoppedAtMs = s.time.now()
  s.speaker.stop()
  assert.deepEqual(s.ended.map(({ heardText, cut }) => ({ heardText, cut })), [{ heardText: '一二三', cut: true }])
  assert.ok(s.ended[0]!.endAtMs <= stoppedAtMs - 400)
  assert.equal(s.speaker.isBusy, false)
  s.say('b', '好的')
  await s.time.advance(600)
  assert.deepEqual(s.ids(), ['a', 'b'])
})

test('a say that is paused, goes on and is cut earlier in the clause than before keeps the furthest that was heard', async () => {
  using s = stage()
  s.say('a', '一二三四五六七八九十')
  await s.time.advance(40 + 20 + 600)
  s.speaker.pause()
  await s.time.advance(200)
  s.speaker.goOn()
  await s.time.advance(200)
  s.speaker.stop()
  await s.time.advance(20)
  assert.match(s.ended[0]!.heardText, /^一二三四五六?$/)
})

test('pausing and going on in the same moment, or again before the line has told, loses nothing', async () => {
  using s = stage()
  s.say('a', TWO)
  await s.time.advance(300)
  s.speaker.pause()
  s.speaker.goOn()
  s.speaker.pause()
  assert.equal(s.speaker.stance, 'paused')
  await s.time.advance(200)
  s.speaker.goOn()
  await s.time.advance(3_000)
  assert.deepEqual(s.ended.map(({ heardText, cut }) => ({ heardText, cut })), [{ heardText: TWO, cut: false }])
})

test('says that come in a pause are synthesised in it and spoken after it, ready ones as well, in their order', async () => {
  using s = stage()
  s.say('a', TWO)
  await s.time.advance(300)
  s.speaker.pause()
  s.say('b', '第二句')
  await s.time.advance(300)
  s.speaker.sayReady({ id: 'ready', text: '请稍等', interruptible: false }, new Int16Array(2_400).fill(500))
  assert.deepEqual(s.tts.asked, ['一二三四五，', '六七八九十。', '第二句'])
  assert.deepEqual(s.ids(), [])
  s.speaker.goOn()
  await s.time.advance(4_000)
  assert.deepEqual(s.ids(), ['a', 'b', 'ready'])
})

test('synthesis that fails in a pause, or a line that closes, ends everything once', async () => {
  using s = stage((speaker) => speaker.giveUp())
  s.tts.manner = (text) => (text === '坏的' ? 'fails' : 'speaks')
  s.say('a', TWO)
  s.say('bad', '坏的')
  await s.time.advance(50)
  s.speaker.pause()
  await s.time.advance(1_000)
  assert.equal(s.failures.length, 1)
  s.speaker.goOn()
  await s.time.advance(100)
  s.speaker.pause()
  await s.time.advance(100)
  s.line.close()
  assert.deepEqual(s.ids(), ['a', 'bad'])
  assert.equal(s.ended[0]!.cut, true)
})

test('the end of a say that pauses is where it would have been', async () => {
  using s = stage()
  s.say('a', TWO)
  await s.time.advance(400)
  const endAtMs = s.speaker.currentEndAtMs
  s.speaker.pause()
  await s.time.advance(700)
  assert.ok(Math.abs(s.speaker.currentEndAtMs - endAtMs) <= 20)
  assert.ok(s.speaker.audibleUntilMs <= s.time.now() - 660, 'the line is quiet since then')
  assert.equal(s.speaker.clauseRemainingMs, 0)
})

test('the end of a say is not known before all of it is synthesised', async () => {
  using s = stage()
  s.tts.delayMs = 200
  s.say('a', '您好，请问是张先生吗？')
  await s.time.advance(300)
  assert.equal(s.speaker.currentEndAtMs, Infinity)
  await s.time.advance(200)
  assert.ok(s.speaker.currentEndAtMs < s.time.now() + 1_500)
})

test('ducking lowers the level once, and it comes back by itself when there is nothing left to say', async () => {
  using s = stage()
  s.say('a', '一二三四五')
  await s.time.advance(200)
  s.speaker.duck()
  s.speaker.duck()
  assert.deepEqual([s.speaker.stance, s.line.levels.map(({ gain }) => gain)], ['ducked', [0.355]])
  await s.time.advance(1_000)
  assert.deepEqual([s.speaker.stance, s.line.levels.map(({ gain }) => gain)], ['full', [0.355, 1]])
})

test('nothing that yields does anything on a silent line', () => {
  using s = stage()
  s.speaker.pause()
  s.speaker.goOn()
  s.speaker.stop()
  assert.deepEqual([s.speaker.stance, s.line.flushes, s.line.levels], ['full', 0, []])
})

// ── Synthesis that fails ─────────────────────────────────────────────────────

test('a clause that fails before its first audio is tried once more', async () => {
  using s = stage()
  let tries = 0
  s.tts.manner = () => (++tries === 1 ? 'fails' : 'speaks')
  s.say('a', '您好')
  await s.time.advance(600)
  assert.equal(s.ended[0]!.heardText, '您好')
  assert.deepEqual(s.failures, [])
})

for (const manner of ['fails', 'throws', 'hangs'] as const) {
  test(`a synthesiser that ${manner} is told once per clause, and the next say is spoken`, async () => {
    using s = stage()
    s.tts.manner = (text) => (text === '坏的' ? manner : 'speaks')
    s.say('bad', '坏的')
    s.say('good', '好的')
    await s.time.advance(4_000)
    assert.equal(s.failures.length, 1)
    assert.deepEqual(s.ended.map(({ id, heardText }) => ({ id, heardText })), [
      { id: 'bad', heardText: '' },
      { id: 'good', heardText: '好的' },
    ])
    assert.deepEqual(s.tts.asked, ['坏的', '坏的', '好的'])
  })
}

for (const manner of ['fails-half', 'stalls'] as const) {
  test(`audio that came before a synthesiser ${manner} is heard, and the clause is said again from its beginning`, async () => {
    using s = stage()
    let tries = 0
    s.tts.manner = () => (++tries === 1 ? manner : 'speaks')
    s.say('a', '一二三四五六七八')
    await s.time.advance(8_000)
    assert.deepEqual(s.tts.asked, ['一二三四五六七八', '一二三四五六七八'])
    assert.deepEqual(s.failures, [])
    assert.deepEqual(s.ended.map(({ heardText }) => heardText), ['一二三四五六七八'])
  })

  test(`a clause that ${manner} twice is given up; what came of it is heard`, async () => {
    using s = stage()
    s.tts.manner = () => manner
    s.say('a', '一二三四五六七八')
    await s.time.advance(8_000)
    assert.equal(s.tts.asked.length, 2)
    assert.equal(s.failures.length, 1)
    assert.equal(s.ended.length, 1)
  })
}

test('words that give no sound at all are a failure; one silent clause among others is left out of what was heard', async () => {
  using s = stage()
  s.tts.manner = (text) => (text.startsWith('无声') ? 'silent' : 'speaks')
  s.say('none', '无声')
  s.say('some', '您好，无声，再见')
  await s.time.advance(2_000)
  assert.deepEqual(s.failures, ['the synthesiser gave no audio'])
  assert.deepEqual(s.ended.map(({ heardText }) => heardText), ['', '您好，再见'])
})

test('giveUp: what has audio is heard to its end, what has none never comes', async () => {
  using s = stage((speaker) => speaker.giveUp())
  s.tts.manner = (text) => (text === '坏的' ? 'fails' : 'speaks')
  s.say('good', '一二三四五六七八')
  s.say('bad', '坏的')
  s.say('never', '再见')
  await s.time.advance(2_000)
  assert.deepEqual(s.ended.map(({ id, heardText, cut }) => ({ id, heardText, cut })), [
    { id: 'good', heardText: '一二三四五六七八', cut: false },
    { id: 'bad', heardText: '', cut: true },
    { id: 'never', heardText: '', cut: true },
  ])
  assert.equal(s.failures.length, 1)
  assert.equal(s.speaker.isBusy, false)
})

test('giveUp completes a say that was half synthesised', async () => {
  using s = stage()
  s.tts.manner = () => 'stalls'
  s.say('a', '一二三四')
  await s.time.advance(100)
  s.speaker.giveUp()
  await s.time.advance(500)
  assert.deepEqual(s.ids(), ['a'])
})

// ── Ready audio ──────────────────────────────────────────────────────────────

test('ready audio overtakes a say that has no audio yet, and that say is still spoken', async () => {
  using s = stage()
  s.tts.delayMs = 1_000
  s.say('slow', '慢的')
  await s.time.advance(200)
  s.speaker.sayReady({ id: 'ready', text: '请稍等', interruptible: false }, new Int16Array(2_400).fill(500))
  await s.time.advance(2_000)
  assert.deepEqual(s.ended.map(({ id, heardText, cut }) => ({ id, heardText, cut })), [
    { id: 'ready', heardText: '请稍等', cut: false },
    { id: 'slow', heardText: '慢的', cut: false },
  ])
})

test('ready audio waits for what is playing', async () => {
  using s = stage()
  s.say('a', '一二三四五六')
  await s.time.advance(200)
  s.speaker.sayReady({ id: 'ready', text: '请稍等', interruptible: false }, new Int16Array(2_400).fill(500))
  await s.time.advance(1_500)
  assert.deepEqual(s.ids(), ['a', 'ready'])
})

// ── Limits and the end ───────────────────────────────────────────────────────

test('says that pile up are told by isFull', () => {
  using s = stage()
  for (let i = 0; i < 64; i += 1) {
    assert.equal(s.speaker.isFull, false)
    s.say(String(i), '好')
  }
  assert.equal(s.speaker.isFull, true)
})

test('many says are all heard, in order', async () => {
  using s = stage()
  s.tts.delayMs = 0
  const ids = Array.from({ length: 60 }, (_, i) => String(i))
  for (const id of ids) s.say(id, '好')
  await s.time.advance(10_000)
  assert.deepEqual(s.ids(), ids)
  assert.deepEqual(s.started, ids)
})

test('a line that closes in mid-sentence: what was heard until then is kept, the rest was never said', async () => {
  using s = stage()
  s.say('a', '一二三四五六七八九十')
  s.say('b', '后面的')
  await s.time.advance(60 + 500)
  s.line.close()
  assert.deepEqual(s.ids(), ['a', 'b'])
  assert.match(s.ended[0]!.heardText, /^一二三四五?$/)
  assert.deepEqual([s.ended[1]!.heardText, s.ended[1]!.cut], ['', true])
  s.say('late', '没人听')
  s.speaker.stop()
  await s.time.advance(1_000)
  assert.deepEqual(s.ids(), ['a', 'b'], 'nothing is told afterwards')
  assert.equal(s.speaker.isBusy, false)
})

test('the line is known to be audible until the audio at hand is over', async () => {
  using s = stage()
  assert.equal(s.speaker.audibleUntilMs, -Infinity)
  s.say('a', '一二三四五')
  await s.time.advance(200)
  const untilMs = s.speaker.audibleUntilMs
  await s.time.advance(1_000)
  assert.ok(Math.abs(s.ended[0]!.endAtMs - untilMs) <= 40)
  assert.equal(s.speaker.audibleUntilMs, s.ended[0]!.endAtMs)
})

// ── Recordings ───────────────────────────────────────────────────────────────

test('a recording that is paused goes on where it was, a text at its clause', async () => {
  using s = stage()
  const recording = async () => new Int16Array(8 * 4_000)
  s.speaker.say({ id: 'a', text: '好的。（录音）', parts: [{ text: '好的。' }, { text: '（录音）', recording }], interruptible: true })
  // 40 ms to the first audio, 300 of speech, 260 of pause, and 2 s of the recording.
  await s.time.advance(2_600)
  s.speaker.pause()
  await s.time.advance(500)
  s.speaker.goOn()
  await s.time.advance(40)
  const leftMs = s.speaker.currentEndAtMs - s.time.now()
  assert.ok(leftMs > 1_900 && leftMs < 2_100, `${leftMs} ms remain`)
  await s.time.advance(3_000)
  assert.deepEqual(s.ended.map(({ heardText, cut }) => [heardText, cut]), [['好的。（录音）', false]])
})

test('a recording that does not come is left out after a moment, and what follows is said', async () => {
  using s = stage()
  s.speaker.say({ id: 'a', text: '（录音）再见', parts: [{ text: '（录音）', recording: () => new Promise(() => undefined) }, { text: '再见' }], interruptible: true })
  await s.time.advance(3_000)
  assert.deepEqual(s.ended.map(({ heardText, cut }) => [heardText, cut]), [['再见', false]])
  assert.deepEqual(s.failures, [])
})

test('stopping while a recording is awaited ends the say at once', async () => {
  using s = stage()
  s.speaker.say({ id: 'a', text: '（录音）', parts: [{ text: '（录音）', recording: () => new Promise(() => undefined) }], interruptible: true })
  await s.time.advance(100)
  s.speaker.stop()
  s.say('b', '好的')
  await s.time.advance(1_000)
  assert.deepEqual(s.ids(), ['a', 'b'])
})

test('a level of its own holds from the first sound, and ducking is below it', async () => {
  using s = stage(undefined, 2)
  s.say('a', '一二三四五六七八九十')
  await s.time.advance(200)
  s.speaker.duck()
  s.speaker.goOn()
  assert.deepEqual(s.line.levels.map(({ gain }) => gain), [2, 0.71, 2])
})

test('a level that no line has is the nearest one', () => {
  for (const [wished, gains] of [[9, [4.3]], [-1, [0]], [1, []]] as const) {
    using s = stage(undefined, wished)
    assert.deepEqual(s.line.levels.map(({ gain }) => gain), gains)
  }
})
