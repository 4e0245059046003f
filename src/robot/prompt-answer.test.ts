import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChatEvent } from './model/chat-model.ts'
import { type AnswerEvent, answerLimits, boundedAnswer, patienceMs } from './prompt-answer.ts'
import { answering, ImaginaryTime, ScriptedModel, type ScriptedStep } from './scripted-model.ts'

const limits = answerLimits
const request = { instructions: '', messages: [], tools: [], tokensMax: 1 }

async function heard(steps: readonly ScriptedStep[], options: { take?: (sentence: string) => boolean; abortAtMs?: number } = {}): Promise<{ text: string; how: string; atMs: number; abandoned: boolean }> {
  const time = new ImaginaryTime()
  const stop = new AbortController()
  if (options.abortAtMs !== undefined) time.after(options.abortAtMs, () => stop.abort())
  const giveUp = new AbortController()
  const stream = new ScriptedModel(time, () => steps).stream(request, giveUp.signal)
  const events: AnswerEvent[] = []
  await time.drive((async () => {
    for await (const event of boundedAnswer(stream, options.take ?? (() => true), { firstSentenceMsMax: limits.firstSentenceMsMax, limits, timers: time, signal: stop.signal })) events.push(event)
  })())
  giveUp.abort()
  const last = events.at(-1)
  assert.ok(last?.type === 'over')
  return { text: events.map((event) => (event.type === 'sentence' ? event.text : '')).join(''), how: last.end.how, atMs: time.nowMs(), abandoned: stop.signal.aborted }
}

void test('passes a whole answer on', async () => {
  assert.deepEqual(await heard(answering(['好。', '再见。'])), { text: '好。再见。', how: 'complete', atMs: 500, abandoned: false })
})

void test('waits so long for the first sentence and no longer', async () => {
  assert.equal((await heard(answering(['好。'], { firstMs: limits.firstSentenceMsMax - 1 }))).how, 'complete')
  const late = await heard(answering(['好。'], { firstMs: limits.firstSentenceMsMax + 1 }))
  assert.deepEqual([late.how, late.text, late.atMs], ['late', '', limits.firstSentenceMsMax])
})

void test('does not let sentences that are not spoken buy time', async () => {
  const blocked = await heard([...answering(['坏。', '坏。'], { firstMs: 500, everyMs: 500 }).slice(0, 2), { hang: true }], { take: () => false })
  assert.deepEqual([blocked.how, blocked.atMs], ['unusable', limits.firstSentenceMsMax])
})

void test('gives up on a stall, and on an answer that never ends', async () => {
  const stalled = await heard([...answering(['好。']).slice(0, 1), { hang: true }])
  assert.deepEqual([stalled.how, stalled.text, stalled.atMs], ['stalled', '好。', 300 + limits.stallMsMax])
  const slow = await heard(answering(['一。', '二。', '三。', '四。', '五。', '六。', '七。'], { everyMs: 1_400 }))
  assert.deepEqual([slow.how, slow.atMs], ['full', limits.answerMsMax])
})

void test('takes so many sentences and characters and no more', async () => {
  const many = await heard(answering(Array.from({ length: 20 }, (_, i) => `${i}。`), { everyMs: 1 }))
  assert.deepEqual([many.how, many.text.split('。').length - 1], ['full', limits.sentencesMax])
  const long = await heard(answering(Array.from({ length: 6 }, () => '好'.repeat(60)), { everyMs: 1 }))
  assert.deepEqual([long.how, long.text.length], ['full', limits.charsMax])
})

void test('ends at once when the callee speaks', async () => {
  assert.deepEqual(await heard([{ hang: true }], { abortAtMs: 70 }), { text: '', how: 'aborted', atMs: 70, abandoned: true })
})

void test('survives streams that throw or end without a word', async () => {
  assert.equal((await heard([{ throw: true }])).how, 'failed')
  assert.equal((await heard([{ close: true }])).how, 'complete')
  const broken: AsyncIterable<ChatEvent> = { [Symbol.asyncIterator]: () => ({ next: async () => Promise.reject(new Error('next')), return: async () => Promise.reject(new Error('return')) }) }
  const events: AnswerEvent[] = []
  for await (const event of boundedAnswer(broken, () => true, { firstSentenceMsMax: 10, limits, timers: new ImaginaryTime(), signal: new AbortController().signal })) events.push(event)
  assert.equal(events.length, 1)
})

void test('has less patience after a long silence, and asks nobody who cannot make it', () => {
  assert.equal(patienceMs(0, limits), limits.firstSentenceMsMax)
  assert.equal(patienceMs(1_500, limits), limits.silenceMsMax - 1_500)
  assert.equal(patienceMs(limits.silenceMsMax - limits.firstSentenceMsMin, limits), limits.firstSentenceMsMin)
  assert.equal(patienceMs(limits.silenceMsMax - limits.firstSentenceMsMin + 1, limits), undefined)
  assert.ok(limits.silenceMsMax < 2_500)
})
