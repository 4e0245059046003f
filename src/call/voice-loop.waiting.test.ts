// Checks that a callee who has spoken is never left in silence for more than 2.5 s, whoever is late, dead or broken. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownLines, waitLines } from './own-lines.ts'
import { after, Conversation, greets, hangs, say, type Reaction } from './testing.ts'

const SILENCE_MS_MAX = 2_500
const goodbye = /再见。$/

/** What a person may end with, by how long the end of the turn takes: 0.4, 0.7, 1.5 and 1.8 s. */
const turns = { 'a whole answer': '可以', 'a sentence': '我在外面', 'an unfinished sentence': '我想问一下因为', 'half a number': '我的号码是138001' }

const manners: Record<string, { react: Reaction; prepare?: (c: Conversation) => void }> = {
  'a robot that takes 2 s': { react: () => after(2_000, say('好的，知道了。')) },
  'a robot that takes 6 s': { react: () => after(6_000, say('好的，知道了。')) },
  'a robot that hangs': { react: hangs },
  'a robot that throws': {
    react: () => {
      throw new Error('model down')
    },
  },
  'finals that take 0.65 s': { react: () => [say('好的，知道了。')], prepare: (c) => (c.asr.finalAfterMs = 650) },
  'finals that never come': { react: () => [say('好的，知道了。')], prepare: (c) => (c.asr.finalAfterMs = undefined) },
  'a synthesiser that takes 1.4 s': { react: () => [say('好的，知道了。')], prepare: (c) => (c.tts.delayMs = 1_400) },
  'a synthesiser that hangs now': { react: () => [say('好的，知道了。')], prepare: (c) => (c.tts.manner = (text) => (text.startsWith('好的') ? 'hangs' : 'speaks')) },
  'a synthesiser and a robot that are slow': { react: () => after(1_200, say('好的，知道了。')), prepare: (c) => (c.tts.delayMs = 1_300) },
  'a robot that thinks for 1.9 s and a synthesiser that stalls': { react: () => after(1_900, say('好的，知道了。')), prepare: (c) => (c.tts.manner = (text) => (text.startsWith('好的') ? 'stalls' : 'speaks')) },
}

for (const [what, { react, prepare }] of Object.entries(manners)) {
  for (const [how, text] of Object.entries(turns)) {
    test(`${what}, after ${how}: nobody waits in silence for more than 2.5 s`, async () => {
      await using c = new Conversation(greets(react), prepare ? { prepare } : {})
      await c.greeted()
      await c.advance(1_500)
      const saidBefore = c.said.length
      await c.hears(text, 800)
      const sinceMs = c.time.now()
      for (let ms = 0; ms < 30_000; ms += 100) {
        await c.advance(100)
        if (c.end || c.said.slice(saidBefore).some((line) => line.startsWith('好的'))) break
      }
      // The voice of the recording fades out a little before its last frame.
      const silenceMs = c.line.longestSilenceMs(sinceMs) + 80
      assert.ok(silenceMs <= SILENCE_MS_MAX, `silent for ${silenceMs} ms; said ${JSON.stringify(c.said)}`)
      assert.ok(c.end !== undefined || c.said.at(-1)!.startsWith('好的'), `it neither answers nor ends: ${JSON.stringify(c.said)}`)
    })
  }
}

test('an answer in time is not talked over: no wait line', async () => {
  await using c = new Conversation(greets(() => after(1_700, say('好的。'))))
  await c.greeted()
  await c.hears('可以')
  await c.advance(5_000)
  assert.deepEqual(c.said.slice(1), ['好的。'])
})

test('an answer whose audio is on its way is as good as heard', async () => {
  await using c = new Conversation(greets(() => [say('好的。')]))
  await c.greeted()
  await c.hears('可以')
  c.line.held = true
  await c.advance(5_000)
  c.line.held = false
  await c.advance(1_000)
  assert.deepEqual(c.said.slice(1), ['好的。'])
})

test('while an answer is thought out the line asks for patience, twice, and then gives the robot up', async () => {
  await using c = new Conversation(greets(hangs))
  await c.greeted()
  await c.hears('可以')
  const atMs = c.time.now()
  await c.advance(16_000)
  assert.deepEqual(c.said.slice(1), [...waitLines, ownLines.giveUp])
  assert.deepEqual(c.of('robot-said').slice(1).map(({ source }) => source), ['fallback', 'fallback', 'fallback'])
  assert.equal(c.end?.end.by, 'platform')
  assert.equal(c.end!.end.detail, 'robot-failed')
  assert.match(c.end!.end.error!, /^no answer/)
  assert.ok(c.end!.atMs - atMs <= 14_000, `ended after ${c.end!.atMs - atMs} ms`)
  assert.equal(c.of('provider-failed').length, 1)
  assert.deepEqual(c.robot.of('played').length, 1, 'the robot hears nothing of our own lines')
})

test('a late answer follows the wait line', async () => {
  await using c = new Conversation(greets(() => after(3_500, say('好的。'))))
  await c.greeted()
  await c.hears('可以')
  await c.advance(8_000)
  assert.deepEqual(c.said.slice(1), [waitLines[0], '好的。'])
})

test('each turn has its own wait lines', async () => {
  await using c = new Conversation(greets(() => after(3_500, say('好的。'))))
  await c.greeted()
  for (let turn = 0; turn < 2; turn += 1) {
    await c.hears('可以')
    await c.advance(7_000)
  }
  assert.deepEqual(c.said.slice(1), [waitLines[0], '好的。', waitLines[0], '好的。'])
})

test('a robot that hangs while the callee goes on talking is given up all the same', async () => {
  await using c = new Conversation(greets(hangs))
  await c.greeted()
  for (let turn = 0; turn < 6 && !c.end; turn += 1) {
    await c.hears('喂喂你还在吗')
    await c.advance(2_400)
  }
  await c.advance(6_000)
  assert.equal(c.end!.end.detail, 'robot-failed')
  assert.match(c.said.at(-1)!, goodbye)
})

test('a robot that ignores the interruption still gets the new words, and answers them', async () => {
  await using c = new Conversation(greets((event) => (event.type === 'utterance' && event.text === '第一句吗' ? hangs() : [say('好的。')])))
  await c.greeted()
  await c.hears('第一句吗')
  await c.advance(1_000)
  await c.hears('你还在吗')
  await c.advance(3_000)
  assert.equal(c.said.at(-1), '好的。')
})

test('a robot that hangs at the pick-up leaves the callee with words, too', async () => {
  await using c = new Conversation(() => hangs())
  await c.advance(16_000)
  assert.deepEqual(c.said, [...waitLines, ownLines.giveUp])
  assert.ok(c.line.longestSilenceMs(c.answeredAtMs, c.end!.atMs) <= 1_300 + SILENCE_MS_MAX)
})

test('a robot that does nothing about a turn owes nothing: the silence event follows', async () => {
  await using c = new Conversation(greets(() => []))
  await c.greeted()
  await c.hears('可以')
  await c.advance(6_500)
  assert.equal(c.said.length, 1)
  assert.deepEqual(c.robot.of('silence').length, 1)
})

test('a robot that hangs over what was heard is given up, although nobody waits for words', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('您好。')] : event.type === 'played' ? hangs() : []))
  await c.advance(1_500 + 600 + 8_300)
  assert.match(c.of('provider-failed')[0]!.message, /no answer within/)
})

test('a robot that goes on thinking while it is heard is not given up', async () => {
  const long = '字'.repeat(90)
  await using c = new Conversation(
    greets(() =>
      (async function* () {
        yield say(long)
        yield* after(9_000, say('还有。'))
      })(),
    ),
  )
  await c.greeted()
  await c.hears('可以')
  await c.advance(12_000)
  assert.deepEqual(c.of('provider-failed'), [])
  assert.equal(c.said.at(-1), '还有。')
})

test('wait lines that could not be synthesised ahead are synthesised when they are needed', async () => {
  let asked = 0
  await using c = new Conversation(greets(hangs), { prepare: (c) => (c.tts.manner = (text) => (text === waitLines[0] && ++asked <= 1 ? 'fails' : 'speaks')) })
  await c.greeted()
  await c.hears('可以')
  await c.advance(4_500)
  assert.equal(c.said.at(-1), waitLines[0])
})

test('nothing is filled in while the callee speaks', async () => {
  await using c = new Conversation(greets(() => after(2_200, say('好的。'))))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_000)
  await c.hears('但是我还想问一个别的问题可以吗', 4_000)
  const before = c.said.length
  assert.equal(before, 1)
  await c.advance(4_000)
  assert.equal(c.said.at(-1), '好的。')
})
