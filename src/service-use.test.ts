import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import { InvalidInputError } from './errors.ts'
import { noPrices, UseMeter, type ServiceUse } from './service-use.ts'
import { pricesOf } from './speech-options.ts'
import { AsrChain } from './speech/fallback/asr-chain.ts'
import { TtsChain } from './speech/fallback/tts-chain.ts'
import { asrFor, meteredAsr, meteredTts, ttsFor } from './speech/metering.ts'
import { SynthesisCache } from './speech/tts/cache.ts'
import type { AsrProvider } from './speech/asr/provider.ts'
import { defaultVoice, type TtsProvider } from './speech/tts/provider.ts'

void test('what a call uses is added up by service and costs what the operator says', () => {
  const meter = new UseMeter()
  const uses: ServiceUse[] = [
    { kind: 'recognition', provider: 'dashscope', seconds: 60 },
    { kind: 'recognition', provider: 'dashscope', seconds: 30.02 },
    { kind: 'synthesis', provider: 'cosyvoice', characters: 500 },
    { kind: 'synthesis', provider: 'espeak', characters: 20 },
    { kind: 'model', provider: 'qwen-plus', inputTokens: 1_000, outputTokens: 50, untold: 0 },
    { kind: 'model', provider: 'qwen-plus', inputTokens: 0, outputTokens: 0, untold: 1 },
    { kind: 'model', provider: 'other', inputTokens: 7, outputTokens: 7, untold: 0 },
  ]
  uses.forEach(meter.add)
  const prices = pricesOf(readConfig({ ASR: 'dashscope', ASR_PRICE: '0.864', TTS: 'cosyvoice,espeak', TTS_PRICE: '2', LLM_BASE_URL: 'http://a/v1,http://b/v1', LLM_MODEL: 'qwen-plus,other', LLM_PRICE: '0.8/2' }))
  assert.deepEqual(meter.costs(prices), [
    { kind: 'recognition', provider: 'dashscope', seconds: 90.02, costLi: 21.605 },
    { kind: 'synthesis', provider: 'cosyvoice', characters: 500, costLi: 100 },
    { kind: 'synthesis', provider: 'espeak', characters: 20, costLi: 0 },
    { kind: 'model', provider: 'qwen-plus', inputTokens: 1_000, outputTokens: 50, untold: 1, costLi: 0.9 },
    { kind: 'model', provider: 'other', inputTokens: 7, outputTokens: 7, untold: 0, costLi: undefined },
  ])
  assert.ok(meter.costs(noPrices).every(({ costLi }) => costLi === undefined))
  for (const [env, field] of [[{ ASR_PRICE: '1,2' }, 'ASR_PRICE'], [{ TTS_PRICE: 'much' }, 'TTS_PRICE'], [{ LLM_BASE_URL: 'http://a/v1', LLM_PRICE: '-1/2' }, 'LLM_PRICE']] as const) {
    assert.throws(() => pricesOf(readConfig(env)), (error) => error instanceof InvalidInputError && error.field === field)
  }
})

const ears = (name: string, fails = false): AsrProvider => ({
  name,
  capabilities: { partials: false, hotWords: false, understands: 'people' },
  warmUp: async () => {},
  open: (options) => ({ push: () => {}, endUtterance: () => options.onEvent(fails ? { type: 'failed', error: new Error('down') } : { type: 'final', text: '', beginAtMs: 0, endAtMs: 0, confidence: 1 }), [Symbol.dispose]: () => {} }),
  [Symbol.asyncDispose]: async () => {},
})
const mouth = (name: string, fails = false): TtsProvider => ({
  name,
  warmUp: async () => {},
  async *synthesize() {
    if (fails) yield { type: 'failed', error: new Error('down') } as const
    else yield* [{ type: 'audio', pcm: new Int16Array(8) } as const, { type: 'done' } as const]
  },
  [Symbol.asyncDispose]: async () => {},
})

void test('audio counts for the recogniser that had it, the one that failed included, and for the call that spoke', () => {
  const chain = new AsrChain([meteredAsr(ears('first', true)), meteredAsr(ears('second'))])
  const [one, two] = [new UseMeter(), new UseMeter()]
  const call = (meter: UseMeter, frames: number, ends: boolean) => {
    const stream = asrFor(chain, meter.add).open({ hotWords: [], phrases: [], onEvent: () => {} })
    for (let i = 0; i < frames; i += 1) stream.push(new Int16Array(160), i * 20)
    if (ends) stream.endUtterance()
    stream[Symbol.dispose]()
  }
  call(one, 50, true) // fails, and the chain goes on to the next
  call(one, 25, true)
  call(two, 10, false)
  assert.deepEqual(one.costs(noPrices).map((use) => [use.provider, use.kind === 'recognition' && use.seconds]), [['first', 1], ['second', 0.5]])
  assert.deepEqual(two.costs(noPrices).map((use) => use.kind === 'recognition' && use.seconds), [0.2])
})

void test('characters count for the voice that spoke them, once, and for the call that had them made', async () => {
  const voice = new SynthesisCache(new TtsChain([{ provider: meteredTts(mouth('first', true)) }, { provider: meteredTts(mouth('second')) }]))
  const [one, two] = [new UseMeter(), new UseMeter()]
  for (const meter of [one, two]) for await (const _ of ttsFor(voice, meter.add).synthesize('您好', defaultVoice, new AbortController().signal));
  assert.deepEqual(one.costs(noPrices).map((use) => [use.provider, use.kind === 'synthesis' && use.characters]), [['second', 2]])
  assert.deepEqual(two.costs(noPrices), [], 'what was made before costs nothing')
})
