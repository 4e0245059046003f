import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ttsProviders } from './index.ts'
import { defaultVoice, type TtsEvent } from './provider.ts'

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

for (const [name, create] of Object.entries(ttsProviders)) {
  void test(`${name}: keeps the contract of speech synthesis`, async (t) => {
    await using provider = create()
    assert.equal(provider.name, name)
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
      for (const text of ['', '。', '😊', 'https://example.com']) assert.deepEqual(await hear(provider.synthesize(text, defaultVoice, never)), { samples: 0, types: ['done'] })
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
