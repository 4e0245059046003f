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

test('keys are collected as the answer asks: until the end key, the most digits, or the time without any', async () => {
  const menu = (more: object) => ({ ...play('请输入卡号。'), action: 'dtmf', ...more })
  for (const [name, ask, press, digits, waitMs] of [
    ['end key', { dtmf_end_character: '#', dtmf_max_numbers: 10 }, '123#', '123', 0],
    ['most digits', { dtmf_max_numbers: 4 }, '12345', '1234', 0],
    ['another key ends nothing', { dtmf_end_character: '*', dtmf_max_numbers: 4 }, '1#23', '1#23', 0],
    ['time-out after some', { dtmf_nonin_overtime: 5, dtmf_end_character: '#' }, '12', '12', 5_000],
    ['time-out after none', { dtmf_nonin_overtime: '4' }, '', 'noInputTimeout', 4_000],
    ['the default time-out', {}, '', 'noInputTimeout', 3_000],
  ] as const) {
    const { c, sent } = led(({ type }) => at(50, type === 'normal' ? menu(ask) : { action: 'donothing' }))
    await using _ = c
    await c.advance(6_000)
    await c.hears('查余额')
    while (!c.said.includes('请输入卡号。')) await c.advance(20)
    const heardAtMs = c.ms
    for (const key of press) {
      c.line.press(key)
      await c.advance(120)
    }
    const lastKeyAtMs = press === '' ? heardAtMs : c.ms - 120
    await c.advance(7_000)
    const [told, ...more] = sent.filter(({ type }) => type === 'dtmf')
    assert.deepEqual([told?.content['dtmf_digits'], more.length], [digits, 0], name)
    if (waitMs > 0) assert.ok(Math.abs(told!.atMs - lastKeyAtMs - waitMs) <= 250, `${name}: ${told!.atMs - lastKeyAtMs}`)
    else assert.ok(told!.atMs - lastKeyAtMs <= 100, `${name}: ${told!.atMs - lastKeyAtMs}`)
  }
})

test('hanging up after its last words: they are heard to their end, and so is what may not be interrupted before them', async () => {
  for (const breakable of [true, false]) {
    const { c, sent } = led(() => at(100, { ...play('感谢您的来电，再见。'), action: 'hangup' }), { opening: { code: '$t$', texts, breakable, timeBreakMs: 0 } })
    await using _ = c
    await c.advance(2_500)
    await c.hears('不用了谢谢')
    while (!c.end && c.ms < 20_000) await c.advance(20)
    assert.deepEqual(c.of('robot-said').map(({ text, cut }) => [text === texts.t, cut]), [[!breakable, breakable], [false, false]])
    assert.deepEqual([c.said.at(-1), c.end?.end.detail], ['感谢您的来电，再见。', 'robot-hung-up'])
    const lastMs = c.of('robot-said').at(-1)!.endAtMs
    assert.ok(c.end!.atMs - lastMs >= 250 && c.end!.atMs - lastMs <= 600, `${c.end!.atMs - lastMs}`)
    // What the callee says into it is nobody's affair any more.
    assert.equal(sent.length, 1)
  }
})

test('a mute time that is changed in the middle of a call counts from the next silence on; out of range it is the default', async () => {
  const mutes = [2_000, 20_001, 1_000]
  const { c, sent } = led(() => at(20, { action: 'donothing', mute_time: mutes.shift() }), { muteMs: 4_000 })
  await using _ = c
  while (c.of('robot-said').length === 0) await c.advance(100)
  const endMs = c.of('robot-said')[0]!.endAtMs - c.answeredAtMs
  await c.advance(20_000)
  const gaps = sent.map(({ atMs }, i) => Math.round((atMs - (sent[i - 1]?.atMs ?? endMs)) / 1_000))
  assert.deepEqual(gaps.slice(0, 4), [4, 2, 10, 1])
})
