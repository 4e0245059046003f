// Checks a conversation that a customer's callback server leads, on the line itself: what the callee hears when. Time is simulated, the server is the test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callbackServerDefaults } from '../robot/callback/plan.ts'
import { at, led, play, texts } from './callback-rig.ts'

test('the callee speaks over the opening: the server is told, and its answer takes the place of the opening', async () => {
  const { c, sent } = led(() => at(200, play('好的，改到明天。')))
  await using _ = c
  await c.advance(2_500)
  await c.hears('明天再送吧')
  await c.advance(4_000)
  assert.deepEqual(sent.map(({ type, content }) => [type, content['words'], content['is_playing'], content['current_media_code']]), [['normal', '明天再送吧', 'true', '$t$']])
  const [opening, reply] = c.of('robot-said')
  assert.ok(opening!.cut)
  assert.equal(reply!.text, '好的，改到明天。')
  // It was not the words that stopped the opening but the answer.
  assert.ok(opening!.endAtMs - c.answeredAtMs >= sent[0]!.atMs + 200, `${opening!.endAtMs - c.answeredAtMs} ${sent[0]!.atMs}`)
})

test('an opening with ActionCodeBreak=false is heard to its end, and the answer after it', async () => {
  const { c } = led(() => at(200, play('好的。')), { opening: { code: '$t$', texts, breakable: false, timeBreakMs: 300 } })
  await using _ = c
  await c.advance(2_500)
  await c.hears('明天再送吧', 1_500)
  await c.advance(9_000)
  assert.deepEqual(c.said, [texts.t, '好的。'])
  assert.deepEqual(c.of('robot-said').map(({ cut }) => cut), [false, false])
})

test('a voice that lasts for ActionCodeTimeBreak stops the opening by itself: timebreak, then the sentence', async () => {
  const { c, sent } = led(({ type }) => at(100, type === 'normal' ? play('您请说。') : { action: 'donothing' }), { opening: { code: '$t$', texts, breakable: true, timeBreakMs: 400 } })
  await using _ = c
  await c.advance(3_500)
  await c.hears('等一下我有问题', 1_500)
  await c.advance(4_000)
  assert.deepEqual(sent.map(({ type, content }) => [type, content['is_playing'] ?? content['current_media_code']]), [['timebreak', '$t$'], ['normal', 'false']])
  assert.ok(c.of('robot-said')[0]!.cut)
  assert.equal(c.said.at(-1), '您请说。')
})

test('silence of the mute time is told, and told again', async () => {
  const { c, sent } = led(() => at(50, { action: 'donothing', mute_time: 2_000 }), { muteMs: 3_000 })
  await using _ = c
  await c.advance(1_000)
  while (c.of('robot-said').length === 0) await c.advance(100)
  const endMs = c.of('robot-said')[0]!.endAtMs - c.answeredAtMs
  await c.advance(6_000)
  assert.ok(sent.length >= 2 && sent.every(({ type }) => type === 'mute'), JSON.stringify(sent))
  assert.ok(Math.abs(sent[0]!.atMs - endMs - 3_000) <= 300, `${sent[0]!.atMs} ${endMs}`)
  assert.ok(Math.abs(sent[1]!.atMs - sent[0]!.atMs - 2_000) <= 400, `${sent[1]!.atMs} ${sent[0]!.atMs}`)
})

test('a server that is dead: no silence is longer than 2.5 s, and after three turns the line says goodbye', async () => {
  const { c, problems } = led(() => at(0, undefined))
  await using _ = c
  await c.advance(12_000)
  const heardAt: number[] = []
  for (const words of ['你好', '喂', '有人吗']) {
    if (c.end) break
    const before = c.of('robot-said').length
    await c.hears(words)
    const quietSinceMs = c.time.now()
    for (let ms = 0; ms < 2_500 && c.line.heard.at(-1)?.us !== true; ms += 20) await c.advance(20)
    heardAt.push(c.time.now() - quietSinceMs)
    await c.advance(9_000)
    assert.ok(c.of('robot-said').length > before, words)
  }
  for (const ms of heardAt) assert.ok(ms < 2_500, heardAt.join())
  assert.ok(problems().length >= 3)
  assert.ok(c.said.includes(callbackServerDefaults.fallback) && c.said.includes(callbackServerDefaults.closing), c.said.join('|'))
  assert.equal(c.end?.end.detail, 'robot-hung-up')
})

test('the callee speaks again before the server has answered: both sentences are told in their order, one at a time, and the last answer is heard', async () => {
  let open = 0
  let openMax = 0
  const { c, sent } = led(({ content }) => {
    openMax = Math.max(openMax, (open += 1))
    setTimeout(() => (open -= 1), 1_499)
    return at(1_500, play(`听到${content['words'] ?? ''}。`))
  })
  await using _ = c
  await c.advance(12_000)
  await c.hears('我想改时间')
  await c.advance(900)
  await c.hears('改到后天')
  await c.advance(7_000)
  assert.deepEqual(sent.filter(({ type }) => type === 'normal').map(({ content }) => content['words']), ['我想改时间', '改到后天'])
  assert.equal(openMax, 1)
  const replies = c.of('robot-said').filter(({ text }) => text.startsWith('听到'))
  assert.equal(replies.at(-1)!.text, '听到改到后天。')
  assert.equal(replies.at(-1)!.cut, false)
})

test('a recording by its address is fetched and played; one that cannot be had is told, and is no silence', async () => {
  const fetched: string[] = []
  const sounds = async (url: string): Promise<Int16Array> => {
    fetched.push(url)
    return url.endsWith('gone.wav') ? Promise.reject(new Error('HTTP 404')) : Promise.resolve(new Int16Array(4_000).fill(900))
  }
  const { c, problems } = led(() => at(50, { action: 'play', action_code: 'https://files.test/gone.wav' }), { opening: { code: 'https://files.test/a.wav,$t$', texts: { t: '您好。' }, breakable: true, timeBreakMs: 0 } }, sounds)
  await using _ = c
  await c.advance(4_000)
  assert.deepEqual(c.said, ['（录音 https://files.test/a.wav）您好。'])
  await c.hears('你好')
  await c.advance(3_000)
  assert.deepEqual(fetched, ['https://files.test/a.wav', 'https://files.test/gone.wav'])
  assert.deepEqual(c.of('provider-failed').map(({ message }) => message), ['HTTP 404'])
  assert.deepEqual(problems(), ['nothing could be played of https://files.test/gone.wav'])
  assert.equal(c.said.at(-1), callbackServerDefaults.fallback)
})

test('PauseTime alone decides when a sentence is over, however finished its words sound', async () => {
  const over: number[] = []
  for (const pauseMs of [400, 1_200]) {
    const { c, sent } = led(() => at(50, { action: 'donothing' }), { pauseMs })
    await using _ = c
    await c.advance(12_000)
    await c.hears('好的')
    const quietMs = c.ms
    await c.advance(2_400)
    over.push(sent.find(({ type }) => type === 'normal')!.atMs - quietMs)
  }
  assert.ok(over[0]! >= 400 && over[0]! <= 600 && over[1]! >= 1_200 && over[1]! <= 1_400, over.join())
})
