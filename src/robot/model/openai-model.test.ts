import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LoopbackModel, type LoopbackAnswer, saying } from '../../../test/world/loopback-model.ts'
import type { ChatEvent, ChatRequest } from './chat-model.ts'
import { OpenAiModel } from './openai-model.ts'

const request: ChatRequest = {
  instructions: '你是AI语音助手。',
  messages: [{ role: 'user', content: '<callee>喂</callee>' }],
  tools: [{ name: 'end_call', description: '结束', parameters: { type: 'object', properties: { reason: { type: 'string' } }, required: ['reason'] } }],
  tokensMax: 123,
}

async function ask(model: OpenAiModel, signal: AbortSignal = new AbortController().signal): Promise<ChatEvent[]> {
  const events: ChatEvent[] = []
  const askedAtMs = performance.now()
  for await (const event of model.stream(request, signal)) {
    if (event.type !== 'sentence' || event.begunAtMs === undefined) {
      events.push(event)
      continue
    }
    assert.ok(!events.some(({ type }) => type === 'sentence'), 'told with the first sentence')
    assert.ok(event.begunAtMs >= askedAtMs && event.begunAtMs <= performance.now())
    events.push({ type: 'sentence', text: event.text })
  }
  return events
}

async function answerTo(answer: LoopbackAnswer): Promise<ChatEvent[]> {
  await using loopback = await LoopbackModel.start(() => answer)
  return await ask(new OpenAiModel({ baseUrl: loopback.baseUrl, model: 'm' }))
}

const failed = (events: readonly ChatEvent[]) => {
  const last = events.at(-1)
  return last?.type === 'failed' ? last.failure : undefined
}

void test('hands out sentences as they are complete, then the tools, then the end', async () => {
  assert.deepEqual(await answerTo(saying(['好的，通知您。', '明天开会。', '再见'], { everyMs: 1, tools: [{ tool: 'end_call', input: { reason: 'confirmed' } }] })), [
    { type: 'sentence', text: '好的，通知您。' },
    { type: 'sentence', text: '明天开会。' },
    { type: 'tool', name: 'end_call', input: { reason: 'confirmed' } },
    { type: 'sentence', text: '再见' },
    { type: 'done' },
  ])
})

void test('does not wait for the rest of an answer to hand out its first sentence', async () => {
  await using loopback = await LoopbackModel.start(() => ({ steps: [{ text: '好的。' }, { text: '再见。', afterMs: 60_000 }] }))
  const stop = new AbortController()
  for await (const event of new OpenAiModel({ baseUrl: loopback.baseUrl, model: 'm' }).stream(request, stop.signal)) {
    assert.ok(event.type === 'sentence' && event.text === '好的。' && event.begunAtMs !== undefined)
    stop.abort()
  }
})

void test('sends key, model, messages, tools and limit', async () => {
  await using loopback = await LoopbackModel.start(() => saying(['好的。']))
  await ask(new OpenAiModel({ baseUrl: `${loopback.baseUrl}/`, apiKey: 'secret', model: 'qwen-plus' }))
  const [{ path, authorization, body }] = loopback.requests as [(typeof loopback.requests)[number]]
  assert.equal(path, '/v1/chat/completions')
  assert.equal(authorization, 'Bearer secret')
  assert.equal(body.model, 'qwen-plus')
  assert.equal(body.stream, true)
  assert.equal(body.max_tokens, 123)
  assert.deepEqual(body.messages, [{ role: 'system', content: request.instructions }, request.messages[0]])
  assert.deepEqual(body.tools?.map((tool) => tool.function.name), ['end_call'])
})

void test('tells failures of a provider apart', async () => {
  assert.deepEqual(failed(await answerTo({ status: 401 })), { why: 'rejected', status: 401 })
  assert.deepEqual(failed(await answerTo({ status: 404, body: 'no such model' })), { why: 'rejected', status: 404 })
  assert.deepEqual(failed(await answerTo({ status: 429, headers: { 'retry-after': '20' } })), { why: 'busy', status: 429, retryAfterMs: 20_000 })
  assert.deepEqual(failed(await answerTo({ status: 503, headers: { 'retry-after': 'soon' } })), { why: 'busy', status: 503, retryAfterMs: undefined })
  assert.deepEqual(failed(await answerTo({ status: 500 })), { why: 'unreachable', status: 500 })
})

for (const [what, answer] of Object.entries({
  'a chunk that is no JSON': { steps: [{ text: '好的，' }, { raw: 'data: {"choices": [\n\n' }] },
  'an error in the stream': { steps: [{ raw: 'data: {"error":{"message":"overloaded"}}\n\n' }] },
  'a page instead of a stream': { status: 200, headers: { 'content-type': 'text/html' }, body: '<html></html>' },
  'a whole answer instead of a stream': { status: 200, body: '{"choices":[{"message":{"content":"好的。"}}]}' },
  'a connection that breaks in the middle': { steps: [{ text: '好的。明天' }, { die: true, afterMs: 20 }] },
} satisfies Record<string, LoopbackAnswer>)) {
  void test(`calls ${what} broken, and never speaks of half a sentence`, async () => {
    const events = await answerTo(answer)
    assert.equal(failed(events)?.why, 'broken', JSON.stringify(events))
    for (const event of events) if (event.type === 'sentence') assert.equal(event.text, '好的。')
  })
}

void test('calls an answer without words or tools empty, garbage included', async () => {
  assert.equal(failed(await answerTo({ steps: [] }))?.why, 'empty')
  assert.equal(failed(await answerTo({ steps: [{ raw: new Uint8Array([0, 255, 17, 200]) }, { raw: '\n\n' }] }))?.why, 'empty')
  assert.equal(failed(await answerTo({ steps: [{ text: ' \n ' }] }))?.why, 'empty')
})

void test('calls a connection that breaks at once a failure', async () => {
  assert.equal((await answerTo({ steps: [{ die: true }] })).at(-1)?.type, 'failed')
})

void test('calls a server that is gone unreachable', async () => {
  const loopback = await LoopbackModel.start(() => saying(['好的。']))
  const model = new OpenAiModel({ baseUrl: loopback.baseUrl, model: 'm' })
  await loopback[Symbol.asyncDispose]()
  assert.deepEqual(await ask(model), [{ type: 'failed', failure: { why: 'unreachable' } }])
})

void test('passes tools on that nobody offered and input that is no JSON, for the robot to disbelieve', async () => {
  assert.deepEqual(await answerTo({ steps: [{ tool: 'fly', input: {} }, { tool: 'end_call', input: '{"rea' }] }), [{ type: 'tool', name: 'fly', input: {} }, { type: 'tool', name: 'end_call', input: '{"rea' }, { type: 'done' }])
})

void test('keeps thoughts to itself', async () => {
  assert.deepEqual(await answerTo({ steps: [{ text: '<think>他答应了。该结束了。</think>好的。' }] }), [{ type: 'sentence', text: '好的。' }, { type: 'done' }])
})

void test('stops an answer without end', async () => {
  const events = await answerTo({ steps: [{ forEver: '好的，我再说一下，您请听。'.repeat(20), everyMs: 0 }] })
  assert.equal(events.at(-1)?.type, 'done')
  assert.ok(events.length < 400)
})

void test('ends soon and silently when aborted', async () => {
  await using loopback = await LoopbackModel.start(() => ({ steps: [{ text: '好的。', afterMs: 60_000 }] }))
  const stop = new AbortController()
  setImmediate(() => stop.abort())
  assert.deepEqual(await ask(new OpenAiModel({ baseUrl: loopback.baseUrl, model: 'm' }), stop.signal), [])
  assert.deepEqual(await ask(new OpenAiModel({ baseUrl: loopback.baseUrl, model: 'm' }), AbortSignal.abort()), [])
})

void test('asks over the connection that was opened ahead, and opens none while one is warm', async () => {
  await using loopback = await LoopbackModel.start(() => saying(['好的。'], { firstMs: 0 }))
  const model = new OpenAiModel({ baseUrl: loopback.baseUrl, apiKey: 'secret', model: 'm' })
  await Promise.all([model.warmUp(), model.warmUp()])
  // fetch gives a connection back a moment after its answer was read; on the phone there are seconds.
  await sleep(20)
  await ask(model)
  await model.warmUp()
  await sleep(20)
  await ask(model)
  assert.deepEqual(loopback.warmUps, ['OPTIONS /v1/chat/completions'])
  assert.equal(loopback.connections, 1)
})

void test('a warm-up of a dead server harms nobody', async () => {
  const loopback = await LoopbackModel.start(() => saying([]))
  const model = new OpenAiModel({ baseUrl: loopback.baseUrl, model: 'm' })
  await loopback[Symbol.asyncDispose]()
  await model.warmUp()
})
