// Every provider of the table keeps the contract: services against servers on loopback that speak their protocols and hear with the built-in recogniser.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { FRAME_MS, nowMs } from '../../media/frame.ts'
import { framesOf, speechFixture } from './builtin/fixtures.ts'
import { BuiltinAsr } from './builtin/provider.ts'
import { fakeDashScopeAsr, fakeFunAsr, fakeKey, fakeNlsAsr, fakeNlsKeys, fakeTranscriptions } from './fake-services.ts'
import { asrProviders } from './index.ts'
import type { AsrEvent, AsrProvider } from './provider.ts'
import { fakeEngine, fakeModel } from '../sherpa/fake-engine.ts'

/** A stream whose events can be waited for. */
function listen(provider: AsrProvider, options: { hotWords?: string[]; phrases?: string[] } = {}) {
  const events: AsrEvent[] = []
  let arrived = () => {}
  const stream = provider.open({
    hotWords: options.hotWords ?? [],
    phrases: options.phrases ?? [],
    onEvent(event) {
      events.push(event)
      arrived()
    },
  })
  const waitFor = async (type: AsrEvent['type'], count = 1) => {
    while (events.filter((event) => event.type === type).length < count) await new Promise<void>((resolve) => (arrived = resolve))
    return events
  }
  const say = (name: string, atMs = nowMs()) => framesOf(speechFixture(name).pcm).forEach((frame, i) => stream.push(frame, atMs + i * FRAME_MS))
  return { stream, events, waitFor, say }
}

const services = new AsyncDisposableStack()
after(() => services.disposeAsync())
const ears = services.use(new BuiltinAsr())
const [cpp, python, dashscope, nls, openai] = [
  services.use(await fakeFunAsr(ears, 'cpp')),
  services.use(await fakeFunAsr(ears, 'python')),
  services.use(await fakeDashScopeAsr(ears)),
  services.use(await fakeNlsAsr(ears)),
  services.use(await fakeTranscriptions(ears)),
]

const models = mkdtempSync(path.join(tmpdir(), 'waihu-models-'))
services.defer(() => rmSync(models, { recursive: true, force: true }))
const [streaming, utterance] = [fakeModel(path.join(models, 'streaming'), 'streaming-zipformer'), fakeModel(path.join(models, 'utterance'), 'sense-voice')]

/** Provider of the table → what makes it, once per server that it can speak to. */
const makers: Readonly<Record<string, readonly [where: string, create: () => AsrProvider][]>> = {
  builtin: [['', () => asrProviders.builtin({})]],
  funasr: [
    [' (C++ server)', () => asrProviders.funasr({ url: cpp.url })],
    [' (Python server)', () => asrProviders.funasr({ url: python.url })],
  ],
  dashscope: [
    [' (8 kHz model)', () => asrProviders.dashscope({ url: dashscope.url, apiKey: fakeKey })],
    [' (16 kHz model)', () => asrProviders.dashscope({ url: dashscope.url, apiKey: fakeKey, model: 'fun-asr-realtime' })],
  ],
  nls: [['', () => asrProviders.nls({ url: nls.url, nlsTokenUrl: nls.tokenUrl, nlsKeys: fakeNlsKeys, nlsAppkey: 'app' })]],
  openai: [['', () => asrProviders.openai({ url: `${openai.url}/v1`, apiKey: fakeKey })]],
  sherpa: [
    [' (streaming model)', () => asrProviders.sherpa({ modelFolder: streaming, engine: fakeEngine })],
    [' (utterance model)', () => asrProviders.sherpa({ modelFolder: utterance, engine: fakeEngine })],
  ],
}

test('every provider of the table is held to the contract', () => assert.deepEqual(Object.keys(makers), Object.keys(asrProviders)))

const rigs = Object.entries(makers).flatMap(([provider, of]) => of.map(([where, create]) => ({ provider, name: provider + where, create })))
for (const { provider: providerName, name, create } of rigs) {
  test(`${name}: states its name and what it understands`, async () => {
    await using provider = create()
    assert.equal(provider.name, providerName)
    assert.match(provider.capabilities.understands, /^(people|simulator)$/)
  })

  test(`${name}: answers an utterance with partials and one final, with times on the clock of the frames`, async () => {
    await using provider = create()
    await provider.warmUp()
    const { stream, events, waitFor, say } = listen(provider)
    using _ = stream
    const beginAtMs = 1_000_000
    say('tomorrow', beginAtMs)
    stream.endUtterance()
    await waitFor('final')
    const final = events.at(-1)
    assert.ok(final?.type === 'final')
    assert.equal(final.text, '明天下午三点')
    assert.ok(final.confidence > 0.3 && final.confidence <= 1)
    const { speechBeginMs, speechEndMs } = speechFixture('tomorrow')
    assert.ok(Math.abs(final.beginAtMs - beginAtMs - speechBeginMs) <= 200)
    assert.ok(Math.abs(final.endAtMs - beginAtMs - speechEndMs) <= 200)
    if (provider.capabilities.partials) assert.ok(events.some((event) => event.type === 'partial'))
  })

  test(`${name}: gives one final per end of utterance, in order, also for silence`, async () => {
    await using provider = create()
    const { stream, events, waitFor, say } = listen(provider)
    using _ = stream
    say('tomorrow')
    stream.endUtterance()
    stream.endUtterance()
    say('quiet')
    stream.endUtterance()
    await waitFor('final', 3)
    const finals = events.filter((event) => event.type === 'final').map(({ text }) => text)
    assert.deepEqual(finals, ['明天下午三点', '', '可以没问题'])
    assert.ok(!events.some((event) => event.type === 'failed'))
  })

  test(`${name}: a gap between frames is silence, and later words keep their time`, async () => {
    await using provider = create()
    const { stream, events, waitFor, say } = listen(provider)
    using _ = stream
    say('tomorrow', 10_000)
    say('quiet', 60_000)
    stream.endUtterance()
    await waitFor('final')
    const final = events.at(-1)
    assert.ok(final?.type === 'final')
    assert.equal(final.text, '明天下午三点可以没问题')
    assert.ok(Math.abs(final.beginAtMs - 10_300) <= 200)
    assert.ok(Math.abs(final.endAtMs - 60_000 - speechFixture('quiet').speechEndMs) <= 200)
  })

  test(`${name}: many calls at once do not mix`, async () => {
    await using provider = create()
    const names = ['tomorrow', 'quiet', 'number', 'robot', 'stop', 'busy']
    const calls = names.map((name) => ({ name, ...listen(provider) }))
    const length = Math.max(...names.map((name) => framesOf(speechFixture(name).pcm).length))
    const frames = names.map((name) => framesOf(speechFixture(name).pcm))
    for (let i = 0; i < length; i++) {
      calls.forEach(({ stream }, k) => {
        const frame = frames[k]![i]
        if (frame) stream.push(frame, 20 * i)
      })
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    for (const { stream } of calls) stream.endUtterance()
    for (const { name, events, waitFor, stream } of calls) {
      await waitFor('final')
      const final = events.at(-1)
      assert.equal(final?.type === 'final' && final.text, speechFixture(name).text.replaceAll('，', ''))
      stream[Symbol.dispose]()
    }
  })

  test(`${name}: a stream that was disposed says nothing more, and pushing to it does nothing`, async () => {
    await using provider = create()
    const { stream, events, say } = listen(provider)
    say('tomorrow')
    stream.endUtterance()
    stream[Symbol.dispose]()
    stream[Symbol.dispose]()
    say('quiet')
    stream.endUtterance()
    const other = listen(provider)
    other.stream.endUtterance()
    await other.waitFor('final')
    assert.deepEqual(events, [])
    other.stream[Symbol.dispose]()
  })

  test(`${name}: closing the provider fails its open streams and refuses new ones`, async () => {
    const provider = create()
    await provider.warmUp()
    const before = listen(provider)
    await provider[Symbol.asyncDispose]()
    await before.waitFor('failed')
    assert.equal(before.events.length, 1)
    const after = listen(provider)
    await after.waitFor('failed')
    after.say('tomorrow')
    after.stream.endUtterance()
    assert.equal(after.events.length, 1)
    await assert.rejects(provider.warmUp(), { name: 'ProviderError' })
  })

  test(`${name}: prefers the phrases and hot words of a call`, async () => {
    await using provider = create()
    const plain = listen(provider)
    const phrases = listen(provider, { phrases: ['我叫王丽华', '我不是', '你打错了'] })
    const hot = listen(provider, { hotWords: ['王丽华'] })
    for (const { stream, say, waitFor } of [plain, phrases, hot]) {
      say('name')
      stream.endUtterance()
      await waitFor('final')
      stream[Symbol.dispose]()
    }
    const text = ({ events }: typeof plain) => events.flatMap((event) => (event.type === 'final' ? [event.text] : []))
    // Only an engine of ours can be told what people usually answer.
    if (name === 'builtin') assert.deepEqual(text(phrases), ['我叫王丽华'])
    if (provider.capabilities.hotWords) assert.deepEqual(text(hot), ['我叫王丽华'])
  })
}
