// Checks how a simulated callee takes part in a call: turns, interruptions, murmurs, keys, leaving. Time, line and recogniser are played.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { log } from '../log.ts'
import { FakeAsr, FakePort, FakeTime, FakeTts } from '../speech/testing.ts'
import { Callee } from './callee.ts'
import { type CalleeScript, type Persona, PersonaScript } from './persona.ts'

log.level = 'silent'

function persona(more: Partial<Persona> = {}): Persona {
  return { title: '测试', voice: 'm1', greeting: '喂你好', interrupts: [], replies: [{ hears: [/再见/u], says: ['好的再见'], hangsUp: true }, { hears: [/按一/u], presses: ['1'], hangsUp: false }], otherwise: ['嗯知道'], ...more }
}

const stage = (script: Persona = persona()) => stageWith(new PersonaScript(script))

function stageWith(script: CalleeScript) {
  const time = new FakeTime()
  const port = new FakePort(time)
  const asr = new FakeAsr(time.now)
  const tts = new FakeTts()
  const said: string[] = []
  let hangUps = 0
  const callee = new Callee({ port, asr, tts, script, now: time.now, onSaid: (text) => said.push(text), hangUp: () => (hangUps += 1) })
  port.onEvent = (event) => callee.onMediaEvent(event)
  return {
    time,
    port,
    asr,
    tts,
    said,
    callee,
    hangUps: () => hangUps,
    /** The caller says this for so long. */
    hears: async (text: string, ms = 800) => {
      asr.texts.push(text)
      port.speak(ms)
      await time.advance(ms)
    },
    [Symbol.dispose]: () => {
      callee.close()
      time[Symbol.dispose]()
    },
  }
}

test('says its greeting a moment after picking up', async () => {
  using s = stage()
  await s.time.advance(320)
  assert.deepEqual(s.tts.asked, [])
  await s.time.advance(600)
  assert.deepEqual(s.said, ['喂你好'])
})

test('a silent persona says nothing, whatever it hears', async () => {
  using s = stage(persona({ greeting: undefined, replies: [], otherwise: [] }))
  await s.hears('您好请问是张总吗')
  await s.time.advance(5_000)
  assert.deepEqual(s.tts.asked, [])
})

test('replies when the caller has finished, not in the pauses between clauses', async () => {
  using s = stage()
  await s.time.advance(1_000)
  await s.hears('您好我是助理')
  await s.time.advance(300)
  s.port.speak(800)
  await s.time.advance(800)
  assert.deepEqual(s.said, ['喂你好'])
  await s.time.advance(2_000)
  assert.deepEqual(s.said, ['喂你好', '嗯知道'])
})

test('a caller who goes on before the reply is listened to', async () => {
  using s = stage()
  await s.time.advance(1_000)
  await s.hears('第一句', 600)
  // The turn is over after 750 ms, its final comes 100 ms later, the reply 120 ms after that: the caller is back by then.
  await s.time.advance(820)
  await s.hears('第二句', 800)
  assert.deepEqual(s.said, ['喂你好'])
  await s.time.advance(2_000)
  assert.deepEqual(s.said, ['喂你好', '嗯知道'])
})

test('presses the keys that it was asked for, by telephone events', async () => {
  using s = stage()
  await s.time.advance(1_000)
  await s.hears('听清楚请按一')
  await s.time.advance(2_000)
  assert.deepEqual(s.port.sentDigits, ['1'])
})

test('keys that the caller does not take are pressed in vain, and the call goes on', async () => {
  using s = stage()
  s.port.sendDigitsFails = new Error('no telephone events')
  await s.time.advance(1_000)
  await s.hears('听清楚请按一')
  await s.time.advance(2_000)
  await s.hears('您还在吗')
  await s.time.advance(2_000)
  assert.deepEqual(s.said, ['喂你好', '嗯知道'])
})

test('says goodbye to its end, waits a moment and hangs up once', async () => {
  using s = stage()
  await s.time.advance(1_000)
  await s.hears('好的再见')
  await s.time.advance(1_400)
  assert.equal(s.hangUps(), 0)
  await s.time.advance(500)
  assert.deepEqual(s.said, ['喂你好', '好的再见'])
  assert.equal(s.hangUps(), 1)
  await s.hears('等一下', 800)
  await s.time.advance(5_000)
  assert.deepEqual([s.said.length, s.hangUps()], [2, 1])
})

test('leaves without a word when the script has none', async () => {
  using s = stage(persona({ replies: [{ hears: [/再见/u], hangsUp: true }] }))
  await s.time.advance(1_000)
  await s.hears('再见')
  await s.time.advance(2_000)
  assert.equal(s.hangUps(), 1)
})

test('breaks in on the turn of its script while the caller still talks', async () => {
  using s = stage(persona({ interrupts: [{ onTurn: 2, afterMs: 600, says: '等一下几点' }] }))
  await s.time.advance(1_000)
  await s.hears('第一轮', 1_500)
  await s.time.advance(2_500)
  assert.deepEqual(s.said, ['喂你好', '嗯知道'])
  s.asr.texts.push('第二轮很长')
  s.port.speak(3_000)
  const beginAtMs = s.time.now()
  await s.time.advance(2_000)
  assert.deepEqual(s.said, ['喂你好', '嗯知道', '等一下几点'])
  const firstAtMs = s.port.heard.find(({ atMs, us }) => us && atMs > beginAtMs)!.atMs
  assert.ok(firstAtMs - beginAtMs >= 600 && firstAtMs - beginAtMs <= 800, `${firstAtMs - beginAtMs} ms in`)
})

test('does not break into a turn that is over', async () => {
  using s = stage(persona({ interrupts: [{ onTurn: 1, afterMs: 1_100, says: '等一下几点' }] }))
  await s.time.advance(1_000)
  await s.hears('很短', 500)
  await s.time.advance(3_000)
  assert.deepEqual(s.said, ['喂你好', '嗯知道'])
})

test('who has asked something waits for the answer, instead of replying to what came before', async () => {
  using s = stage(persona({ interrupts: [{ onTurn: 1, afterMs: 500, says: '几点' }] }))
  await s.time.advance(1_000)
  await s.hears('明天上午开会', 1_200)
  await s.time.advance(1_500)
  assert.deepEqual(s.said, ['喂你好', '几点'])
  await s.hears('九点', 600)
  await s.time.advance(1_500)
  assert.deepEqual(s.said, ['喂你好', '几点', '嗯知道'])
})

test('murmurs in its own time while the caller talks, in the order of its words, and stops with them', async () => {
  using s = stage(persona({ backchannels: { everyMs: 1_000, words: ['嗯', '对'] }, otherwise: [] }))
  await s.time.advance(1_000)
  await s.hears('一段很长的话', 3_600)
  await s.time.advance(4_000)
  assert.deepEqual(s.said, ['喂你好', '嗯', '对', '嗯'])
})

test('a recogniser that is gone leaves a callee who replies to nothing', async () => {
  using s = stage()
  await s.time.advance(1_000)
  s.asr.streams[0]!.emit({ type: 'failed', error: new Error('once') })
  s.asr.streams[1]!.emit({ type: 'failed', error: new Error('twice') })
  await s.hears('您好')
  await s.time.advance(3_000)
  assert.deepEqual(s.said, ['喂你好'])
})

test('a synthesiser that fails leaves a callee who is not heard, and who can still leave', async () => {
  using s = stage()
  s.tts.manner = () => 'fails'
  await s.time.advance(1_500)
  await s.hears('再见')
  await s.time.advance(3_000)
  assert.deepEqual(s.said, [], 'nothing was said')
  assert.equal(s.hangUps(), 1)
})

for (const [when, ms] of [['before the greeting', 100], ['in the greeting', 500], ['while it listens', 2_000], ['while it thinks', 2_870], ['in its goodbye', 3_400]] as const) {
  test(`a call that ends ${when} leaves nothing that speaks or hangs up later`, async () => {
    using s = stage(persona({ backchannels: { everyMs: 500, words: ['嗯'] }, interrupts: [{ onTurn: 1, afterMs: 700, says: '几点' }] }))
    s.asr.texts.push('再见')
    void s.time.advance(1_000).then(() => s.port.speak(1_000))
    await s.time.advance(ms)
    s.callee.close()
    s.callee.close()
    const { length } = s.tts.asked
    await s.hears('还在吗', 800)
    await s.port.close()
    await s.time.advance(5_000)
    assert.deepEqual([s.tts.asked.length, s.hangUps()], [length, 0])
  })
}

test('no timer is left behind', async () => {
  const timers = liveTimers()
  const callee = new Callee({ port: { play: () => {}, flush: () => {}, setLevel: () => {}, sendDigits: () => {} }, asr: new FakeAsr(Date.now), tts: new FakeTts(), script: new PersonaScript(persona()), now: Date.now, hangUp: () => {} })
  await sleep(100)
  assert.ok(liveTimers() > timers)
  callee.close()
  await sleep(50)
  assert.equal(liveTimers(), timers)
})

test('thinks longer when the script says so', async () => {
  const script = new PersonaScript(persona())
  using s = stageWith({ voice: 'm1', greeting: '喂你好', backchannels: undefined, over: () => [], replyTo: (heard) => ({ ...script.replyTo(heard), afterMs: 2_000 }) })
  await s.time.advance(1_000)
  await s.hears('您好请问是谁')
  await s.time.advance(2_000)
  assert.deepEqual(s.said, ['喂你好'])
  await s.time.advance(2_000)
  assert.deepEqual(s.said, ['喂你好', '嗯知道'])
})

test('words over the caller that are no longer due are not said, a murmur waits for no answer, and what was said is told with its time', async () => {
  const spoken: [string, number, number][] = []
  using s = stageWith({
    voice: 'm1', greeting: '喂你好', backchannels: undefined,
    over: (turn) => (turn === 1 ? [{ afterMs: 400, says: '等一下', isDue: () => false }, { afterMs: 500, says: '嗯', murmur: true }] : []),
    replyTo: () => ({ says: '好的', hangsUp: false }),
    said: (text, beginAtMs, endAtMs) => spoken.push([text, beginAtMs, endAtMs]),
  })
  await s.time.advance(1_000)
  await s.hears('明天上午开会', 1_500)
  await s.time.advance(2_500)
  assert.deepEqual(s.said, ['喂你好', '嗯', '好的'])
  assert.deepEqual(spoken.map(([text]) => text), ['喂你好', '嗯', '好的'])
  assert.ok(spoken.every(([, beginAtMs, endAtMs]) => endAtMs > beginAtMs && beginAtMs > 0))
})

function liveTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}
