import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { fakeKey, fakeNlsKeys } from '../asr/fake-services.ts'
import { fakeEngine, fakeModel } from '../sherpa/fake-engine.ts'
import type { Fault } from '../sockets/fake-service.ts'
import { createEspeak } from './espeak/provider.ts'
import { fakeCosyVoice, fakeNlsTts, fakeSpeech } from './fake-services.ts'
import { createCosyVoice } from './cosyvoice.ts'
import { ttsProviders } from './index.ts'
import { createNlsTts } from './nls.ts'
import { OpenAiTts } from './openai.ts'
import { defaultVoice, type TtsEvent, type TtsProvider } from './provider.ts'

const never = new AbortController().signal

async function hear(events: AsyncIterable<TtsEvent>): Promise<{ samples: number; types: string[] }> {
  let samples = 0
  const types: string[] = []
  for await (const event of events) {
    types.push(event.type)
    if (event.type === 'audio') {
      assert.ok(event.pcm instanceof Int16Array)
      samples += event.pcm.length
    }
  }
  return { samples, types }
}

const services = new AsyncDisposableStack()
after(() => services.disposeAsync())
const voice = services.use(createEspeak())
const cosyvoice = services.use(await fakeCosyVoice(voice))
const nls = services.use(await fakeNlsTts(voice))
const raw = services.use(await fakeSpeech(voice, 'raw'))
const wav = services.use(await fakeSpeech(voice, 'wav'))

const models = mkdtempSync(path.join(tmpdir(), 'waihu-models-'))
services.defer(() => rmSync(models, { recursive: true, force: true }))
const vits = fakeModel(path.join(models, 'vits'), 'vits')

/** Provider of the table → what makes it, once per kind of server that it can speak to. */
const makers: Readonly<Record<string, readonly [where: string, create: () => TtsProvider][]>> = {
  espeak: [['', () => ttsProviders.espeak()]],
  cosyvoice: [['', () => ttsProviders.cosyvoice({ url: cosyvoice.url, apiKey: fakeKey })]],
  nls: [['', () => ttsProviders.nls({ url: nls.url, nlsTokenUrl: nls.tokenUrl, nlsKeys: fakeNlsKeys, nlsAppkey: 'app' })]],
  openai: [
    [' (raw audio)', () => ttsProviders.openai({ url: `${raw.url}/v1`, apiKey: fakeKey })],
    [' (WAV)', () => ttsProviders.openai({ url: `${wav.url}/v1`, apiKey: fakeKey })],
  ],
  sherpa: [['', () => ttsProviders.sherpa({ modelFolder: vits, engine: fakeEngine })]],
}

void test('every provider of the table is held to the contract', () => assert.deepEqual(Object.keys(makers), Object.keys(ttsProviders)))

const rigs = Object.entries(makers).flatMap(([provider, of]) => of.map(([where, create]) => ({ provider, name: provider + where, create })))
for (const { provider: providerName, name, create } of rigs) {
  void test(`${name}: keeps the contract of speech synthesis`, async (t) => {
    await using provider = create()
    assert.equal(provider.name, providerName)
    try {
      await provider.warmUp()
    } catch (error) {
      if (process.env['REQUIRE_INTEROP'] === '1') throw error
      t.skip(String(error))
      return
    }

    await t.test('audio comes first and done comes last', async () => {
      const { samples, types } = await hear(provider.synthesize('您好，请问是张先生吗？', defaultVoice, never))
      assert.ok(samples > 4_000 && samples < 40_000, `${samples} samples`)
      assert.equal(types.at(-1), 'done')
      assert.ok(types.slice(0, -1).every((type) => type === 'audio'))
    })

    await t.test('text without words is done without audio', async () => {
      for (const text of ['', '。', '😊', 'https://example.com/a?b=1']) assert.deepEqual(await hear(provider.synthesize(text, defaultVoice, never)), { samples: 0, types: ['done'] })
    })

    await t.test('display text is normalised', async () => {
      const digits = await hear(provider.synthesize('13800138000', defaultVoice, never))
      const amount = await hear(provider.synthesize('13800', defaultVoice, never))
      assert.ok(digits.samples > 1.3 * amount.samples)
    })

    await t.test('an unknown voice and too long a text fail without an exception', async () => {
      assert.deepEqual((await hear(provider.synthesize('您好', { ...defaultVoice, name: 'no such voice' }, never))).types, ['failed'])
      assert.deepEqual((await hear(provider.synthesize('好'.repeat(100_000), defaultVoice, never))).types, ['failed'])
    })

    await t.test('an aborted signal ends the stream with done', async () => {
      assert.deepEqual((await hear(provider.synthesize('您好', defaultVoice, AbortSignal.abort()))).types, ['done'])
      const aborting = new AbortController()
      const types: string[] = []
      for await (const event of provider.synthesize('今天天气很好，'.repeat(60), defaultVoice, aborting.signal)) {
        types.push(event.type)
        aborting.abort()
      }
      assert.deepEqual(types, ['audio', 'done'])
    })

    await t.test('many requests at once all end', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => hear(provider.synthesize(`第${i}位`, defaultVoice, never))))
      assert.ok(results.every(({ types }) => types.at(-1) === 'done'))
    })
  })
}

const limits = { connectMsMax: 500, startMsMax: 500, audioMsMax: 1_000 }
const faulty = [
  { name: 'cosyvoice', service: cosyvoice, create: () => createCosyVoice({ url: cosyvoice.url, apiKey: fakeKey, limits }) },
  { name: 'nls', service: nls, create: () => createNlsTts({ url: nls.url, tokenUrl: nls.tokenUrl, keys: fakeNlsKeys, appkey: 'app', limits }) },
  { name: 'openai', service: raw, create: () => new OpenAiTts({ baseUrl: `${raw.url}/v1`, apiKey: fakeKey, audioMsMax: 1_000 }) },
] as const

for (const { name, service, create } of faulty) {
  for (const fault of ['refuse', 'mute', 'garbage', 'reset', 'half-close', 'quota'] as const satisfies Fault[]) {
    void test(`${name}: fails soon when the service is at fault (${fault}), and speaks again when it is well`, async () => {
      await using provider = create()
      service.fault = fault
      const startedAtMs = performance.now()
      const { types } = await hear(provider.synthesize('您好，请问是张先生吗？', defaultVoice, never))
      assert.ok(performance.now() - startedAtMs < 5_000)
      assert.equal(types.at(-1), 'failed')
      if (fault === 'refuse') await assert.rejects(provider.warmUp(), { name: 'ProviderError', retryable: false })
      service.fault = 'none'
      assert.equal((await hear(provider.synthesize('您好', defaultVoice, never))).types.at(-1), 'done')
    })
  }
}
