import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../../errors.ts'
import { log } from '../../log.ts'
import type { ChatEvent, ChatModel, ModelFailure } from './chat-model.ts'
import { endpointsOf } from './endpoints.ts'
import { ModelChain } from './model-chain.ts'

log.level = 'silent'
const request = { instructions: '', messages: [], tools: [], tokensMax: 100 }
const never = new AbortController().signal

type Way = 'says' | 'hangs' | 'throws' | 'breaks-off' | ModelFailure['why']
/** Answers with its own name, or does not. */
class Voice implements ChatModel {
  readonly name: string
  way: Way
  asked = 0
  aborted = 0
  constructor(name: string, way: Way) {
    this.name = name
    this.way = way
  }
  async warmUp(): Promise<void> {}
  async *stream(_request: unknown, signal: AbortSignal): AsyncIterable<ChatEvent> {
    this.asked += 1
    signal.addEventListener('abort', () => (this.aborted += 1))
    if (this.way === 'throws') throw new Error('thrown')
    if (this.way === 'hangs') await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    else if (this.way === 'says' || this.way === 'breaks-off') {
      yield { type: 'sentence', text: this.name }
      yield this.way === 'says' ? { type: 'done' } : { type: 'failed', failure: { why: 'broken' } }
    } else yield { type: 'failed', failure: { why: this.way } }
  }
}

/** Time passes when everybody waits. */
function clock() {
  let nowMs = 0
  const due: { atMs: number; run: () => void }[] = []
  return {
    nowMs: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms
      for (const { run } of due.splice(0).filter(({ atMs }) => atMs <= nowMs)) run()
    },
    after: (ms: number, run: () => void) => {
      const timer = { atMs: nowMs + ms, run }
      due.push(timer)
      setImmediate(() => {
        const at = due.indexOf(timer)
        if (at < 0) return
        due.splice(at, 1)
        nowMs = Math.max(nowMs, timer.atMs)
        run()
      })
      return () => void (due.includes(timer) && due.splice(due.indexOf(timer), 1))
    },
  }
}

async function answer(chain: ModelChain, signal = never): Promise<string> {
  const told: string[] = []
  for await (const event of chain.stream(request, signal)) told.push(event.type === 'sentence' ? event.text : event.type === 'failed' ? event.failure.why : event.type)
  return told.join(' ')
}

for (const way of ['rejected', 'busy', 'unreachable', 'broken', 'empty', 'throws', 'hangs'] as const) {
  void test(`a model that does not answer (${way}) is replaced before anybody hears of it`, async () => {
    const [first, second] = [new Voice('first', way), new Voice('second', 'says')]
    const time = clock()
    const chain = new ModelChain([first, second], log, time)
    assert.equal(await answer(chain), 'second done')
    assert.deepEqual([first.asked, second.asked], [1, 1])
    assert.ok(time.nowMs() <= 500, `${time.nowMs()} ms`)
    if (way === 'hangs') assert.equal(first.aborted, 1, 'the slow one is not paid for on')
    if (way === 'busy' || way === 'rejected') {
      assert.equal(await answer(chain), 'second done')
      assert.equal(first.asked, 1, 'it rests')
      time.pass(60_000)
      first.way = 'says'
      assert.equal(await answer(chain), 'first done')
    }
  })
}

void test('a model that is slow three times in a row is not waited for any more', async () => {
  const [first, second] = [new Voice('first', 'hangs'), new Voice('second', 'says')]
  const chain = new ModelChain([first, second], log, clock())
  for (let i = 0; i < 5; i += 1) assert.equal(await answer(chain), 'second done')
  assert.equal(first.asked, 3)
})

void test('an answer is never made of two models: what breaks off stays broken off', async () => {
  const [first, second] = [new Voice('first', 'breaks-off'), new Voice('second', 'says')]
  assert.equal(await answer(new ModelChain([first, second], log, clock())), 'first broken')
  assert.equal(second.asked, 0)
})

void test('when none answers the last failure is told, and all of them resting are still asked', async () => {
  const [first, second] = [new Voice('first', 'busy'), new Voice('second', 'rejected')]
  const chain = new ModelChain([first, second], log, clock())
  assert.deepEqual([await answer(chain), await answer(chain)], ['rejected', 'rejected'])
  assert.deepEqual([first.asked, second.asked], [2, 2])
})

void test('who interrupts ends all that were asked, without an event', async () => {
  const [first, second] = [new Voice('first', 'hangs'), new Voice('second', 'hangs')]
  const stop = new AbortController()
  const chain = new ModelChain([first, second], log, clock())
  setTimeout(() => stop.abort(), 20)
  assert.equal(await answer(chain, stop.signal), '')
  assert.deepEqual([first.aborted, second.aborted], [1, 1])
})

void test('several endpoints are told by position; one key or model is that of all', () => {
  assert.deepEqual(endpointsOf({ baseUrl: undefined, apiKey: undefined, model: 'm' }), [])
  assert.deepEqual(endpointsOf({ baseUrl: 'http://a/v1', apiKey: 'k', model: 'm' }), [{ baseUrl: 'http://a/v1', apiKey: 'k', model: 'm' }])
  assert.deepEqual(endpointsOf({ baseUrl: 'http://a/v1, http://b/v1', apiKey: ',kb', model: 'm' }), [
    { baseUrl: 'http://a/v1', apiKey: undefined, model: 'm' },
    { baseUrl: 'http://b/v1', apiKey: 'kb', model: 'm' },
  ])
  for (const [settings, field] of [[{ baseUrl: 'no address', apiKey: undefined, model: 'm' }, 'LLM_BASE_URL'], [{ baseUrl: 'http://a/v1', apiKey: 'a,b', model: 'm' }, 'LLM_API_KEY'], [{ baseUrl: 'http://a/v1', apiKey: undefined, model: 'a,b' }, 'LLM_MODEL']] as const) {
    assert.throws(() => endpointsOf(settings), (error) => error instanceof InvalidInputError && error.field === field)
  }
})
