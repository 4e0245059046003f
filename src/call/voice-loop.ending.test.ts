// Checks every way in which a conversation ends: who decides, what is heard to its end, what is written down, what is left behind. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { log } from '../log.ts'
import { defaultVoice } from '../speech/tts/provider.ts'
import { FakeAsr, FakeTts } from '../speech/testing.ts'
import { ownLines } from './own-lines.ts'
import { after, Conversation, FakeRobot, greets, hangs, say } from './testing.ts'
import { VoiceLoop } from './voice-loop.ts'

const FAREWELL = '好的，再见。'
const leaves = greets(() => [say(FAREWELL), { type: 'hang-up' }])

// What goes wrong here is meant to.
log.level = 'silent'

// ── Politely ─────────────────────────────────────────────────────────────────

test('the robot hangs up after its last word was heard and had a moment to arrive', async () => {
  await using c = new Conversation(leaves)
  await c.greeted()
  await c.hears('可以')
  await c.advance(4_000)
  const said = c.of('robot-said').at(-1)!
  assert.deepEqual([said.text, said.cut], [FAREWELL, false])
  assert.deepEqual(c.end!.end, { by: 'robot', detail: 'robot-hung-up' })
  const restMs = c.end!.atMs - said.endAtMs
  assert.ok(restMs >= 300 && restMs <= 420, `rests ${restMs} ms`)
})

test('what the robot says after asking to hang up is heard as well, and its notes are taken', async () => {
  await using c = new Conversation(greets(() => [{ type: 'hang-up' }, say(FAREWELL), { type: 'note', note: { outcome: 'delivered' } }]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(4_000)
  assert.equal(c.said.at(-1), FAREWELL)
  assert.equal(c.loop.conversation, 'delivered')
  assert.ok(c.end)
})

test('a robot that hangs up without a word ends the call at once', async () => {
  await using c = new Conversation(() => [{ type: 'hang-up' }])
  await c.advance(2_000)
  assert.ok(c.end && c.end.atMs - c.answeredAtMs <= 1_800)
})

test('a farewell that is never heard, because the line is on hold, ends after a minute', async () => {
  await using c = new Conversation(leaves)
  await c.greeted()
  await c.hears('可以')
  c.line.held = true
  await c.advance(59_000)
  assert.equal(c.end, undefined)
  await c.advance(3_000)
  assert.deepEqual(c.end!.end, { by: 'robot', detail: 'robot-hung-up' })
})

for (const [why, line, end] of [
  ['time', ownLines.outOfTime, { by: 'platform', detail: 'talk-limit' }],
  ['money', ownLines.outOfMoney, { by: 'platform', detail: 'balance-used-up' }],
  [{ by: 'user', detail: 'hung-up-by-user' }, ownLines.stopped, { by: 'user', detail: 'hung-up-by-user' }],
] as const) {
  test(`at the end of ${typeof why === 'string' ? why : 'the user\'s patience'} the robot is stopped and the line says goodbye`, async () => {
    await using c = new Conversation(greets(() => [say('字'.repeat(50)), say('还有。')]))
    await c.greeted()
    await c.hears('可以')
    await c.advance(1_500)
    c.loop.endPolitely(why)
    await c.advance(7_000)
    assert.equal(c.said.at(-1), line)
    assert.equal(c.of('robot-said').at(-2)!.cut, true)
    assert.deepEqual(c.end!.end, end)
    assert.equal(c.robot.of('utterance').length, 1)
  })
}

test('a robot that thinks while the call must end says nothing more', async () => {
  await using c = new Conversation(greets(() => after(1_500, say('太晚了。'))))
  await c.greeted()
  await c.hears('可以')
  await c.advance(800)
  c.loop.endPolitely('time')
  await c.advance(7_000)
  assert.deepEqual(c.said.slice(1), [ownLines.outOfTime])
})

test('a goodbye under way is not begun anew at the limit, but must end within 8 s', async () => {
  await using c = new Conversation(greets(() => [say('字'.repeat(300)), { type: 'hang-up' }]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(2_000)
  c.loop.endPolitely('time')
  const limitAtMs = c.time.now()
  await c.advance(7_800)
  assert.equal(c.end, undefined)
  await c.advance(400)
  assert.deepEqual(c.end!.end, { by: 'robot', detail: 'robot-hung-up' })
  assert.ok(c.end!.atMs - limitAtMs <= 8_100)
})

test('our goodbye that cannot be heard ends within 8 s', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  c.line.held = true
  c.loop.endPolitely('money')
  await c.advance(8_200)
  assert.ok(c.end)
})

// ── Providers ────────────────────────────────────────────────────────────────

test('a recogniser that fails once is opened anew and the conversation goes on', async () => {
  await using c = new Conversation(greets(() => [say('好的。')]))
  await c.greeted()
  c.asr.streams[0]!.emit({ type: 'failed', error: new Error('connection lost') })
  await c.hears('可以')
  await c.advance(3_000)
  assert.deepEqual(c.of('provider-failed'), [{ type: 'provider-failed', provider: 'fake-asr', message: 'connection lost', fallback: 'reopened' }])
  assert.equal(c.said.at(-1), '好的。')
  assert.equal(c.end, undefined)
})

test('a recogniser that fails twice ends the call with a goodbye', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  c.asr.streams[0]!.emit({ type: 'failed', error: new Error('once') })
  c.asr.streams[1]!.emit({ type: 'failed', error: new Error('twice') })
  await c.advance(5_000)
  assert.deepEqual(c.of('provider-failed').map(({ fallback }) => fallback), ['reopened', 'goodbye'])
  assert.equal(c.said.at(-1), ownLines.cannotHear)
  assert.deepEqual(c.end!.end, { by: 'platform', detail: 'recognition-failed', error: 'twice' })
})

test('a recogniser that fails twice under a long say: what was begun is heard, and so is all of the goodbye', async () => {
  await using c = new Conversation(greets(() => [say('字'.repeat(65))]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  c.asr.streams[0]!.emit({ type: 'failed', error: new Error('once') })
  c.asr.streams[1]!.emit({ type: 'failed', error: new Error('twice') })
  await c.advance(12_000)
  assert.equal(c.said.at(-1), ownLines.cannotHear)
  assert.equal(c.end!.end.detail, 'recognition-failed')
})

test('a synthesiser that is gone ends the call within 4 s, because nothing can be said', async () => {
  await using c = new Conversation(greets(() => [say('好的。'), say('还有。')]))
  await c.greeted()
  c.tts.manner = () => 'hangs'
  await c.hears('可以')
  const atMs = c.time.now()
  await c.advance(6_000)
  assert.deepEqual(c.end!.end, { by: 'platform', detail: 'synthesis-failed', error: 'no audio for 1500 ms' })
  assert.ok(c.end!.atMs - atMs <= 4_500, `after ${c.end!.atMs - atMs} ms`)
  assert.equal(c.of('provider-failed').length, 1)
  assert.equal(c.of('provider-failed')[0]!.provider, 'fake-tts')
})

test('what a failing synthesiser gave is heard to its end before the call is', async () => {
  await using c = new Conversation(greets(() => [say('一二三四五六七八九十。'), say('坏了。')]), { prepare: (c) => (c.tts.manner = (text) => (text === '坏了。' ? 'fails' : 'speaks')) })
  await c.greeted()
  await c.hears('可以')
  await c.advance(4_000)
  assert.deepEqual([c.said.at(-1), c.of('robot-said').at(-1)!.cut], ['一二三四五六七八九十。', false])
  assert.ok(c.end)
})

test('a goodbye that cannot be synthesised ends the call all the same', async () => {
  await using c = new Conversation(greets(() => {
    throw new Error('broken')
  }))
  await c.greeted()
  c.tts.manner = () => 'fails'
  await c.hears('可以')
  await c.advance(3_000)
  assert.deepEqual([c.end!.end.detail, c.end!.end.error], ['robot-failed', 'broken'])
})

test('a robot that throws leaves the callee with a goodbye, and its late events unheard', async () => {
  await using c = new Conversation(
    greets(() =>
      (async function* () {
        yield say('我先说一句。')
        throw new Error('model down')
      })(),
    ),
  )
  await c.greeted()
  await c.hears('可以')
  await c.advance(6_000)
  assert.deepEqual(c.said.slice(1), ['我先说一句。', ownLines.giveUp])
  assert.deepEqual(c.of('provider-failed'), [{ type: 'provider-failed', provider: 'robot', message: 'model down', fallback: 'goodbye' }])
  assert.deepEqual(c.end!.end, { by: 'platform', detail: 'robot-failed', error: 'model down' })
})

// ── The line is gone ─────────────────────────────────────────────────────────

test('a line that ends in mid-sentence: what was heard is written down and told, then the robot hears that it is over', async () => {
  await using c = new Conversation(greets(() => [say('一二三四五六七八九十一二三四五六七八九十。', { id: 'cut' }), say('还有。', { id: 'never' })]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.close()
  const said = c.of('robot-said').at(-1)!
  assert.equal(said.cut, true)
  assert.ok(said.text.length >= 5 && said.text.length <= 12, said.text)
  assert.deepEqual(c.robot.events.slice(-3), [
    { type: 'played', say: 'cut', heardText: said.text, cut: true },
    { type: 'played', say: 'never', heardText: '', cut: true },
    { type: 'ended' },
  ])
  assert.deepEqual(c.end!.end, { by: 'platform', detail: 'conversation-closed' })
})

test('what was heard of a farewell is told to the robot at its end', async () => {
  await using c = new Conversation(greets(() => [say('九点开会。', { id: 'fact' }), say(FAREWELL, { id: 'bye' }), { type: 'hang-up' }]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(5_000)
  await c.close()
  assert.deepEqual(c.robot.events.slice(-3).map((event) => (event.type === 'played' ? event.heardText : event.type)), ['九点开会。', FAREWELL, 'ended'])
})

test('the last notes of the robot are taken, its last words are not', async () => {
  await using c = new Conversation((event) => (event.type === 'ended' ? [say('再见。'), { type: 'note', note: { outcome: 'delivered', summary: '已通知' } }] : []))
  await c.advance(2_000)
  await c.close()
  assert.equal(c.loop.conversation, 'delivered')
  assert.deepEqual(c.of('noted').at(-1)!.note, { outcome: 'delivered', summary: '已通知' })
  assert.deepEqual(c.said, [])
})

test('closing twice, and at once with the end of the port, tells everything once', async () => {
  await using c = new Conversation(greets(() => [say('一二三四五六七八九十。')]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_200)
  const closings = [c.loop.close(), c.loop.close()]
  c.line.close('media thread died')
  await c.advance(1_000)
  await Promise.all(closings)
  assert.equal(c.robot.of('ended').length, 1)
  assert.equal(c.of('robot-said').length, 2)
})

test('a port that dies in mid-sentence keeps what was heard; the conversation waits for its owner to close it', async () => {
  await using c = new Conversation(greets(() => [say('一二三四五六七八九十。')]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_200)
  c.line.close('media thread died')
  await c.advance(100)
  assert.equal(c.of('robot-said').at(-1)!.cut, true)
  assert.equal(c.end, undefined)
})

for (const [when, bring] of [
  ['before the opening', (c: Conversation) => c.advance(200)],
  ['while the callee speaks', (c: Conversation) => c.greeted().then(() => c.hears('等一下', 400))],
  ['while a final is awaited', (c: Conversation) => c.greeted().then(() => c.hears('可以', 400)).then(() => c.advance(440))],
  ['while the robot thinks', (c: Conversation) => c.greeted().then(() => c.hears('可以', 400)).then(() => c.advance(700))],
  ['while keys are collected', (c: Conversation) => c.greeted().then(() => c.line.press('1'))],
  ['during a goodbye', (c: Conversation) => c.greeted().then(() => c.loop.endPolitely('time')).then(() => c.advance(300))],
] as const) {
  test(`closed ${when}: it ends, the robot is told once, and nothing is told afterwards`, async () => {
    await using c = new Conversation(greets(hangs))
    await bring(c)
    await c.close()
    assert.equal(c.robot.events.filter(({ type }) => type === 'ended').length, 1)
    assert.equal(c.robot.events.at(-1)!.type, 'ended')
    assert.ok(c.end)
    const [events, robotEvents] = [c.events.length, c.robot.events.length]
    c.line.press('5')
    await c.hears('还在吗', 600)
    c.loop.endPolitely('money')
    await c.advance(10_000)
    assert.deepEqual([c.events.length, c.robot.events.length], [events, robotEvents])
  })
}

test('a robot that hangs at its end does not hold the call for more than a second', async () => {
  await using c = new Conversation((event) => (event.type === 'ended' ? hangs() : []))
  await c.advance(2_000)
  let closed = false
  void c.loop.close().then(() => (closed = true))
  await c.advance(1_020)
  assert.equal(closed, true)
})

test('a robot that throws at its end costs its summary only', async () => {
  await using c = new Conversation((event) => {
    if (event.type === 'ended') throw new Error('no summary')
    return []
  })
  await c.advance(2_000)
  await c.close()
  assert.deepEqual(c.of('provider-failed'), [{ type: 'provider-failed', provider: 'robot', message: 'no summary', fallback: 'no summary' }])
})

test('an owner that throws at what it is told ends this conversation, not the process', async () => {
  await using c = new Conversation(greets(), {
    emit: (event) => {
      if (event.type === 'robot-said') throw new Error('log full')
    },
  })
  await c.advance(4_000)
  assert.deepEqual(c.end!.end, { by: 'platform', detail: 'internal-failure', error: 'log full' })
})

test('a recogniser that cannot be opened is an error of the constructor, and leaves nothing running', async () => {
  const asr = new FakeAsr(Date.now)
  asr.openFails = true
  const timers = liveTimers()
  const deps = { port: { play: () => {}, flush: () => {}, setLevel: () => {} }, asr, tts: new FakeTts(), voice: defaultVoice, robot: new FakeRobot(), emit: () => {}, now: Date.now }
  assert.throws(() => new VoiceLoop(deps), /no recogniser/)
  assert.equal(liveTimers(), timers)
})

test('a conversation that was closed leaves no timer behind', async () => {
  const timers = liveTimers()
  const tts = new FakeTts()
  tts.manner = () => 'hangs'
  tts.delayMs = 0
  const loop = new VoiceLoop({
    port: { play: () => {}, flush: () => {}, setLevel: () => {} },
    asr: new FakeAsr(Date.now),
    tts,
    voice: defaultVoice,
    robot: new FakeRobot((event) => (event.type === 'ended' ? [] : [say('您好。')])),
    emit: () => {},
    now: Date.now,
    options: { firstSoundMsMax: 0 },
  })
  await sleep(250)
  loop.onMediaEvent({ type: 'digit', atMs: Date.now(), digit: '1' })
  assert.ok(liveTimers() > timers)
  const { length } = tts.asked
  await loop.close()
  assert.equal(liveTimers(), timers)
  await sleep(50)
  assert.equal(tts.asked.length, length, 'nothing more is synthesised')
})

function liveTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}
