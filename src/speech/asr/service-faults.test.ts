// Holds what becomes of a call's recognition when the service misbehaves: one `failed`, soon, and the next call is served again.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { FRAME_MS } from '../../media/frame.ts'
import type { Fault } from '../sockets/fake-service.ts'
import { framesOf, speechFixture } from './builtin/fixtures.ts'
import { BuiltinAsr } from './builtin/provider.ts'
import { createDashScopeAsr } from './dashscope.ts'
import { fakeDashScopeAsr, fakeFunAsr, fakeKey, fakeNlsAsr, fakeNlsKeys, fakeNlsTokens, fakeTranscriptions } from './fake-services.ts'
import { createFunAsr } from './funasr.ts'
import { createNlsAsr } from './nls.ts'
import { OpenAiAsr } from './openai.ts'
import type { AsrEvent, AsrProvider } from './provider.ts'

const limits = { connectMsMax: 1_000, startMsMax: 500, finishMsMax: 1_000 }
const services = new AsyncDisposableStack()
after(() => services.disposeAsync())
const ears = services.use(new BuiltinAsr())
await ears.warmUp()
const funasr = services.use(await fakeFunAsr(ears, 'cpp'))
const dashscope = services.use(await fakeDashScopeAsr(ears))
const nls = services.use(await fakeNlsAsr(ears))
const openai = services.use(await fakeTranscriptions(ears))

const rigs: Readonly<Record<string, { service: { fault: Fault }; create: () => AsrProvider }>> = {
  funasr: { service: funasr, create: () => createFunAsr({ url: funasr.url, limits }) },
  dashscope: { service: dashscope, create: () => createDashScopeAsr({ url: dashscope.url, apiKey: fakeKey, limits }) },
  nls: { service: nls, create: () => createNlsAsr({ url: nls.url, tokenUrl: nls.tokenUrl, keys: fakeNlsKeys, appkey: 'app', limits }) },
  openai: { service: openai, create: () => new OpenAiAsr({ baseUrl: `${openai.url}/v1`, apiKey: fakeKey, answerMsMax: 1_000 }) },
}
const faults = ['refuse', 'mute', 'garbage', 'reset', 'half-close', 'quota'] as const satisfies Fault[]

/** Says something on a new stream; resolves with its events once the last one came. */
async function hear(provider: AsrProvider): Promise<AsrEvent[]> {
  const events: AsrEvent[] = []
  const over = Promise.withResolvers<void>()
  using stream = provider.open({
    hotWords: [],
    phrases: [],
    onEvent(event) {
      events.push(event)
      if (event.type !== 'partial') over.resolve()
    },
  })
  framesOf(speechFixture('tomorrow').pcm).forEach((frame, i) => stream.push(frame, 1_000 + i * FRAME_MS))
  stream.endUtterance()
  await over.promise
  await new Promise((resolve) => setTimeout(resolve, 30))
  // Whatever a stream is asked for after its end, it says nothing more.
  stream.push(new Int16Array(160), 99_000)
  stream.endUtterance()
  return events
}

for (const [name, { service, create }] of Object.entries(rigs)) {
  void describe(name, () => {
    for (const fault of faults) {
      void test(`fails once when the service is at fault (${fault}), and hears again when it is well`, async () => {
        await using provider = create()
        service.fault = fault
        const startedAtMs = performance.now()
        const events = await hear(provider)
        assert.ok(performance.now() - startedAtMs < 5_000)
        assert.deepEqual(events.filter(({ type }) => type !== 'partial').map(({ type }) => type), ['failed'])
        const failed = events.at(-1)
        assert.ok(failed?.type === 'failed' && failed.error.name === 'ProviderError')
        assert.ok(!failed.error.message.includes(fakeKey) && !failed.error.message.includes(fakeNlsKeys.accessKeySecret), 'keys are not told')
        if (fault === 'refuse') assert.deepEqual([(failed.error as { retryable?: boolean }).retryable, /key/.test(failed.error.message)], [false, true])
        if (fault === 'refuse') await assert.rejects(provider.warmUp(), { name: 'ProviderError' }, 'and is told at the start')
        service.fault = 'none'
        const again = (await hear(provider)).at(-1)
        assert.equal(again?.type === 'final' && again.text, '明天下午三点')
      })
    }
  })
}

void test('an address where nobody answers fails the stream', async () => {
  await using provider = createFunAsr({ url: 'ws://127.0.0.1:9', limits })
  const events = await hear(provider)
  assert.deepEqual(events.map(({ type }) => type), ['failed'])
  await assert.rejects(provider.warmUp(), /cannot connect/)
})

void test('an address that is none is told, and not tried again', async () => {
  await using provider = createFunAsr({ url: 'example', limits })
  await assert.rejects(provider.warmUp(), { name: 'ProviderError', retryable: false })
})

void test('a free connection that broke is replaced without anybody noticing', async () => {
  await using provider = createFunAsr({ url: funasr.url, limits })
  await provider.warmUp()
  funasr.breakAll()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const events = await hear(provider)
  assert.equal(events.at(-1)?.type, 'final')
})

void test('connections serve one utterance after the other', async () => {
  await using provider = createDashScopeAsr({ url: dashscope.url, apiKey: fakeKey, limits })
  const before = dashscope.connections
  for (let i = 0; i < 5; i += 1) assert.equal((await hear(provider)).at(-1)?.type, 'final')
  assert.equal(dashscope.connections - before, 1)
})

void test('one token serves many connections, and a wrong secret is told', async () => {
  await using tokens = await fakeNlsTokens()
  await using provider = createNlsAsr({ url: nls.url, tokenUrl: tokens.url, keys: fakeNlsKeys, appkey: 'app', limits })
  await Promise.all([hear(provider), hear(provider), hear(provider)])
  assert.equal(tokens.asked, 1)
  await using wrong = createNlsAsr({ url: nls.url, tokenUrl: tokens.url, keys: { ...fakeNlsKeys, accessKeySecret: 'wrong' }, appkey: 'app', limits })
  await assert.rejects(wrong.warmUp(), /SignatureDoesNotMatch/)
})
