// Checks what stops the robot, what becomes of what it was going to say, and what counts as heard. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownLines } from './own-lines.ts'
import { after, Conversation, greets, say } from './testing.ts'

const LONG = '明天上午九点在三楼会议室开会，请您准时参加，带上笔记本。'

test('a voice over the robot stops it in half a second, with all that was to follow', async () => {
  await using c = new Conversation(greets(() => [say(LONG, { id: 'long' }), say('听清楚了吗？', { id: 'asks' })]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  const beginAtMs = c.time.now()
  await c.hears('等一下几点开始', 1_200)
  const lastUsAtMs = c.line.heard.findLast(({ us }) => us)!.atMs
  assert.ok(lastUsAtMs - beginAtMs <= 500, `heard for ${lastUsAtMs - beginAtMs} ms more`)
  await c.advance(1_500)
  const said = c.of('robot-said').at(-1)!
  assert.deepEqual([said.cut, said.plannedText], [true, LONG])
  assert.ok(LONG.startsWith(said.text) && said.text.length > 3 && said.text.length < LONG.length, said.text)
  assert.deepEqual(c.robot.of('played').slice(1), [
    { type: 'played', say: 'long', heardText: said.text, cut: true },
    { type: 'played', say: 'asks', heardText: '', cut: true },
  ])
  assert.deepEqual(c.robot.of('utterance').at(-1)!.bargeIn, true)
})

test('the robot knows what was heard before it knows what broke in', async () => {
  await using c = new Conversation(greets(() => [say(LONG)]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('等一下几点开始', 1_200)
  await c.advance(1_500)
  assert.deepEqual(c.robot.events.slice(-2).map(({ type }) => type), ['played', 'utterance'])
})

test('the answer to a barge-in is spoken', async () => {
  await using c = new Conversation(greets((event) => [say(event.type === 'utterance' && event.bargeIn ? '九点开始。' : LONG)]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('等一下几点开始', 1_000)
  await c.advance(2_500)
  assert.equal(c.said.at(-1), '九点开始。')
})

test('a barge-in also stops what the robot is still thinking out', async () => {
  await using c = new Conversation(
    greets((event) =>
      event.type === 'utterance' && event.bargeIn
        ? []
        : (async function* () {
            yield say(LONG)
            yield* after(1_500, say('还有一件事。'))
          })(),
    ),
  )
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_300)
  await c.hears('等一下几点开始', 1_000)
  await c.advance(4_000)
  assert.equal(c.said.includes('还有一件事。'), false)
})

test('a say that must not be interrupted is heard to its end; the words over it are a turn all the same', async () => {
  await using c = new Conversation(greets(() => [say(LONG, { interruptible: false })]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('等一下几点开始', 1_000)
  await c.advance(4_000)
  assert.deepEqual([c.of('robot-said').at(-1)!.text, c.of('robot-said').at(-1)!.cut], [LONG, false])
  assert.deepEqual(c.robot.of('utterance').map(({ bargeIn }) => bargeIn), [false, false])
})

test('a farewell is heard to its end, whoever talks into it, and nothing is asked of the robot any more', async () => {
  await using c = new Conversation(greets(() => [say('好的，那就不打扰您了，祝您生活愉快，再见。'), { type: 'hang-up' }]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_200)
  await c.hears('等一下等一下', 1_000)
  await c.advance(4_000)
  assert.deepEqual([c.said.at(-1), c.of('robot-said').at(-1)!.cut], ['好的，那就不打扰您了，祝您生活愉快，再见。', false])
  assert.equal(c.robot.of('utterance').length, 1)
  assert.deepEqual(c.end?.end, { by: 'robot', detail: 'robot-hung-up' })
  assert.deepEqual(c.of('callee-said').at(-1)!.text, '等一下等一下', 'what was said last is written down')
})

test('noise that stopped the robot is told as a turn nobody understood, so that it does not end in silence', async () => {
  await using c = new Conversation(greets((event) => [say(event.type === 'utterance' && event.confidence < 0.3 ? '没听清，请再说一遍。' : LONG)]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('', 1_300)
  await c.advance(4_000)
  assert.deepEqual(c.robot.of('utterance').at(-1)!.text, '')
  assert.deepEqual(c.robot.of('utterance').at(-1)!.confidence, 0)
  assert.equal(c.said.at(-1), '没听清，请再说一遍。')
  assert.equal(c.of('callee-said').some(({ text }) => text === ''), false)
})

// ── In stages ────────────────────────────────────────────────────────────────

/** A conversation in which the robot has said a second of LONG. */
async function inTheMiddle(more: Parameters<typeof say>[1] = {}, text = LONG): Promise<Conversation> {
  const c = new Conversation(greets((event) => [event.type === 'utterance' && event.text === '可以' ? say(text, { id: 'long', ...more }) : say('九点开始。')]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_900)
  assert.ok(c.line.heard.at(-1)!.us, 'the robot speaks')
  return c
}

for (const { what, text, ms } of [
  { what: '嗯', text: '嗯', ms: 400 },
  { what: '对对对', text: '对对对', ms: 700 },
  { what: 'a cough', text: '', ms: 440 },
  { what: 'a syllable that was misheard', text: '更', ms: 300 },
]) {
  test(`${what} over the robot makes it pause at most; it goes on with the clause that was cut, and nothing is asked of it`, async () => {
    await using c = await inTheMiddle()
    const beginAtMs = c.time.now()
    await c.hears(text, ms)
    await c.advance(6_000)
    assert.deepEqual([c.said.at(-1), c.of('robot-said').at(-1)!.cut], [LONG, false])
    assert.deepEqual(c.robot.of('utterance').map((event) => event.text), ['可以'])
    // The clauses are 1.5, 0.9 and 0.7 s long.
    const againMs = c.line.heard.filter(({ us, atMs }) => us && atMs > beginAtMs).length * 20
    assert.ok(againMs <= 3_500, `${againMs} ms`)
    assert.ok(c.line.longestSilenceMs(beginAtMs, beginAtMs + 2_000) <= 700, 'the line is not quiet for long')
  })
}

test('a short sound only makes the robot softer for a moment', async () => {
  await using c = await inTheMiddle()
  const flushes = c.line.flushes
  await c.hears('', 160)
  await c.advance(3_000)
  assert.deepEqual(c.line.levels.map(({ gain }) => gain), [0.355, 1])
  assert.equal(c.line.flushes, flushes)
})

test('a voice silences the robot 0.3 s after its onset, before any word is known', async () => {
  await using c = await inTheMiddle()
  c.asr.partialAfterFrames = 30
  const beginAtMs = c.time.now()
  await c.hears('几点开始', 1_000)
  const lastUsAtMs = c.line.heard.findLast(({ us }) => us)!.atMs
  assert.ok(lastUsAtMs - beginAtMs <= 320, `heard for ${lastUsAtMs - beginAtMs} ms more`)
  await c.advance(2_500)
  assert.equal(c.said.at(-1), '九点开始。')
})

test('a recogniser without partials: the robot waits in its pause and is stopped by what was said', async () => {
  await using c = await inTheMiddle()
  c.asr.partialAfterFrames = Infinity
  await c.hears('几点开始', 600)
  await c.advance(3_500)
  assert.equal(c.said.at(-1), '九点开始。')
  const utterance = c.robot.of('utterance').at(-1)!
  assert.deepEqual([utterance.text, utterance.bargeIn], ['几点开始', true])
  assert.deepEqual(c.robot.events.slice(-3).map(({ type }) => type), ['played', 'utterance', 'played'])
  assert.ok(c.robot.of('played').find(({ say }) => say === 'long')!.cut)
})

test('words that come when the robot has gone on stop it all the same', async () => {
  await using c = await inTheMiddle()
  c.asr.partialAfterFrames = 55
  await c.hears('几点开始', 460)
  await c.advance(4_000)
  assert.equal(c.said.at(-1), '九点开始。')
  assert.equal(c.of('callee-said').at(-1)!.bargeIn, true)
})

test('a murmur that turns into a sentence takes the floor', async () => {
  await using c = await inTheMiddle()
  await c.hears('嗯', 300)
  await c.advance(340)
  c.asr.texts[0] = '嗯几点开始'
  c.line.speak(700)
  await c.advance(300)
  c.asr.streams[0]!.emit({ type: 'partial', text: '嗯几点开始', beginAtMs: 0, endAtMs: c.time.now() })
  await c.advance(3_500)
  assert.equal(c.said.at(-1), '九点开始。')
})

test('our own goodbye is said at once while the robot pauses, and heard to its end', async () => {
  await using c = await inTheMiddle({}, '好的，那我就不打扰您了，再见。')
  c.line.speak(2_000)
  c.asr.texts.push('')
  await c.advance(400)
  assert.equal(c.line.heard.at(-1)!.us, false, 'it pauses')
  c.loop.endPolitely('time')
  await c.advance(6_000)
  assert.equal(c.said.at(-1), ownLines.outOfTime)
  assert.ok(c.end)
})

test('a hang-up that follows the farewell lets it be heard whole, though somebody spoke over it', async () => {
  await using c = new Conversation(
    greets(() =>
      (async function* () {
        yield say('好的，那就不打扰您了，祝您生活愉快，再见。', { id: 'bye' })
        yield* after(1_200, { type: 'hang-up' as const })
      })(),
    ),
  )
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('', 500)
  await c.advance(6_000)
  assert.deepEqual([c.said.at(-1), c.of('robot-said').at(-1)!.cut], ['好的，那就不打扰您了，祝您生活愉快，再见。', false])
  assert.deepEqual(c.end?.end, { by: 'robot', detail: 'robot-hung-up' })
})

test('a short answer into the last syllables of a question is an answer; the question is not asked again', async () => {
  const asks = '明天上午的会议您能来吗？'
  await using c = new Conversation(greets((event) => (event.type === 'utterance' && event.text === '可以吧' ? [say(asks)] : event.type === 'utterance' ? [say('好的，再见。')] : [])))
  await c.greeted()
  await c.hears('可以吧')
  // The say of 1.2 s has 0.5 s to go.
  while (!c.line.heard.at(-1)!.us) await c.advance(20)
  await c.advance(700)
  const beginAtMs = c.time.now()
  await c.hears('能', 320)
  await c.advance(3_000)
  assert.equal(c.robot.of('utterance').at(-1)!.text, '能')
  assert.equal(c.said.at(-1), '好的，再见。')
  assert.equal(c.tts.asked.filter((text) => asks.includes(text)).length, 1)
  const robotMs = c.line.heard.filter(({ us, atMs }) => us && atMs > beginAtMs).length * 20
  assert.ok(robotMs <= 520 + 620 + 140 + 60, `${robotMs} ms`)
})

// ── Protected, and by time ───────────────────────────────────────────────────

test('喂 into the first words of the opening neither stops it nor is answered', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('您好，我是张总的助理，给您打电话。')] : event.type === 'utterance' ? [say('请说。')] : []))
  while (!c.line.heard.at(-1)?.us) await c.advance(20)
  await c.advance(200)
  await c.hears('喂', 500)
  await c.advance(5_000)
  assert.deepEqual(c.said, ['您好，我是张总的助理，给您打电话。'])
  assert.deepEqual([c.line.levels, c.robot.of('utterance')], [[], []])
})

test('打错了 into the first words of the opening stops it', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('您好，我是张总的助理，给您打电话。')] : event.type === 'utterance' ? [say('不好意思。')] : []))
  while (!c.line.heard.at(-1)?.us) await c.advance(20)
  await c.advance(200)
  await c.hears('你打错了', 700)
  await c.advance(3_000)
  assert.equal(c.said.at(-1), '不好意思。')
  assert.equal(c.robot.of('utterance')[0]!.bargeIn, true)
})

test('a say may be protected for longer than the opening', async () => {
  await using c = await inTheMiddle({ protectedMs: 3_000 })
  await c.hears('几点开始', 900)
  await c.advance(6_000)
  assert.equal(c.of('robot-said').find(({ text }) => text === LONG)?.cut, false)
})

test('a say with a time-break is stopped by a voice that lasts so long, by nothing else, and the robot is told', async () => {
  await using c = await inTheMiddle({ timeBreakMs: 700 }, LONG + LONG)
  await c.hears('等一下', 500)
  await c.advance(600)
  assert.deepEqual(c.robot.of('time-break'), [])
  const beginAtMs = c.time.now()
  await c.hears('几点开始呢', 1_200)
  const lastUsAtMs = c.line.heard.findLast(({ us }) => us)!.atMs
  assert.ok(lastUsAtMs - beginAtMs >= 680 && lastUsAtMs - beginAtMs <= 780, `after ${lastUsAtMs - beginAtMs} ms`)
  assert.deepEqual(c.robot.of('time-break'), [{ type: 'time-break', text: '几点开始呢' }])
  await c.advance(3_000)
  assert.deepEqual(c.robot.of('utterance').map(({ text, bargeIn }) => ({ text, bargeIn })).slice(1), [{ text: '等一下', bargeIn: false }, { text: '几点开始呢', bargeIn: true }])
})

test('our own goodbye cannot be interrupted', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  c.loop.endPolitely('time')
  await c.advance(400)
  await c.hears('等一下等一下', 1_000)
  await c.advance(4_000)
  assert.equal(c.said.at(-1), ownLines.outOfTime)
})
