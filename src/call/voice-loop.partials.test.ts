// Checks what a callback server hears of words while they are spoken (StreamAsr). Time is simulated, the server is the test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, led, play, type Answer, type Sent } from './callback-rig.ts'

/** After the opening the callee speaks, one word after the other, each known `everyMs` after the one before; then the sentence is over. */
async function speaking(words: readonly string[], answer: (sent: Sent) => Answer, p: { partials?: boolean; everyMs?: number; overOpening?: boolean } = {}) {
  const { partials = true, everyMs = 400, overOpening = false } = p
  const led_ = led(answer, { partials, ...(!overOpening && { opening: { code: '$t$', texts: { t: '您好。' }, breakable: true, timeBreakMs: 0 } }) })
  const { c } = led_
  await c.advance(4_000)
  c.asr.partialAfterFrames = Infinity
  c.asr.texts.push(words.at(-1)!)
  c.line.speak(words.length * everyMs + 100)
  const beganMs = c.ms
  await c.advance(200)
  for (const text of words) {
    c.asr.streams.at(-1)!.emit({ type: 'partial', text, beginAtMs: c.time.now() - 200, endAtMs: c.time.now() })
    await c.advance(everyMs)
  }
  return { ...led_, beganMs }
}
const wordsOf = (sent: readonly Sent[]) => sent.filter(({ type }) => type === 'normal').map(({ content }) => content['words'])

test('words are told as they grow, in the shape of a sentence, and the whole sentence at its end', async () => {
  const { c, sent, beganMs } = await speaking(['我', '我想改', '我想改到后天', '我想改到后天下午'], () => at(50, { action: 'donothing' }))
  await using _ = c
  await c.advance(3_000)
  // A single syllable can still become anything.
  assert.deepEqual(wordsOf(sent), ['我想改', '我想改到后天', '我想改到后天下午', '我想改到后天下午'])
  const [first, , , last] = sent
  assert.deepEqual(Object.keys(first!.content), Object.keys(last!.content))
  assert.ok(Math.abs(Number(first!.content['begin_offset']) - beganMs) <= 300 && Number(first!.content['end_offset']) < Number(last!.content['end_offset']))
  assert.ok(last!.atMs - sent[2]!.atMs > 300, 'the sentence is told when it is over')
})

test('without StreamAsr nothing is told before the end', async () => {
  const { c, sent } = await speaking(['我想改', '我想改到后天'], () => at(50, { action: 'donothing' }), { partials: false })
  await using _ = c
  assert.deepEqual(wordsOf(sent), [])
  await c.advance(3_000)
  assert.deepEqual(wordsOf(sent), ['我想改到后天'])
})

test('one request is in flight: a slow server hears of the newest words when it has answered, and of the sentence after that', async () => {
  let open = 0
  let openMax = 0
  const { c, sent } = await speaking(['我想', '我想改', '我想改到', '我想改到后天'], ({ content }) => {
    openMax = Math.max(openMax, (open += 1))
    setTimeout(() => (open -= 1), 899)
    return at(900, content['words'] === '我想' ? { action: 'donothing' } : play(`听到${content['words'] ?? ''}。`))
  })
  await using _ = c
  await c.advance(6_000)
  assert.deepEqual([openMax, wordsOf(sent)], [1, ['我想', '我想改到', '我想改到后天', '我想改到后天']])
  assert.equal(c.said.at(-1), '听到我想改到后天。')
})

test('an answer to words that go on takes effect at once', async () => {
  const { c, sent } = await speaking(['停一下', '停一下我有问题', '停一下我有问题要问'], ({ content }) => at(50, content['words'] === '停一下' ? { action: 'break' } : content['words']!.endsWith('要问') ? play('您请讲。') : { action: 'continue' }), { overOpening: true })
  await using _ = c
  await c.advance(4_000)
  const [opening, reply] = c.of('robot-said')
  assert.deepEqual([opening!.cut, reply!.text], [true, '您请讲。'])
  const [first, second] = sent
  assert.ok(opening!.endAtMs - c.answeredAtMs - first!.atMs < 200, 'the server stopped it by the first words')
  assert.deepEqual([first!.content['is_playing'], second!.content['is_playing']], ['true', 'false'])
})

test('a murmur over what plays is not told, as without StreamAsr', async () => {
  const { c, sent } = await speaking(['嗯嗯'], () => at(50, { action: 'donothing' }), { overOpening: true })
  await using _ = c
  await c.advance(2_000)
  assert.deepEqual(wordsOf(sent), [])
})

test('a server that fails over words that go on is asked about the sentence, and has failed only then', async () => {
  const { c, problems, sent } = await speaking(['我想改', '我想改到', '我想改到后', '我想改到后天'], ({ content }) => (content['end_offset'] === undefined ? at(0, {}) : at(30, { call_id: 'another' })))
  await using _ = c
  await c.advance(3_000)
  assert.equal(sent.length, 5)
  assert.equal(problems().length, 5)
  assert.equal(c.end, undefined)
  assert.ok(c.said.at(-1)!.includes('再说一遍'), c.said.join())
})

test('a server that hangs over the beginning of a sentence is not waited for: it is asked about the sentence, and the callee is not left in silence', async () => {
  const { c, sent, problems } = await speaking(['我想改', '我想改到后天'], ({ content }) => (content['words'] === '我想改' ? { afterMs: 0, data: undefined } : at(200, play('好的，后天。'))))
  await using _ = c
  const quietSinceMs = c.time.now()
  await c.advance(4_000)
  assert.deepEqual(wordsOf(sent), ['我想改', '我想改到后天'])
  assert.deepEqual(problems(), ['the words so far were answered too late'])
  assert.equal(c.said.at(-1), '好的，后天。')
  assert.ok(c.line.longestSilenceMs(quietSinceMs, quietSinceMs + 3_500) < 2_500, `${c.line.longestSilenceMs(quietSinceMs, quietSinceMs + 3_500)}`)
})
