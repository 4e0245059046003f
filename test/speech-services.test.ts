// Holds that whole calls are heard and spoken by services: each on loopback with its vendor's protocol, hearing and speaking with the built-in engines.
// Runs alone: calls through every service at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BuiltinAsr } from '../src/speech/asr/builtin/provider.ts'
import { fakeDashScopeAsr, fakeFunAsr, fakeKey, fakeNlsAsr, fakeNlsKeys, fakeTranscriptions } from '../src/speech/asr/fake-services.ts'
import { createEspeak } from '../src/speech/tts/espeak/provider.ts'
import { fakeCosyVoice, fakeNlsTts, fakeSpeech } from '../src/speech/tts/fake-services.ts'
import { Platform } from './world/platform.ts'

const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'
const nlsKeys = { NLS_ACCESS_KEY_ID: fakeNlsKeys.accessKeyId, NLS_ACCESS_KEY_SECRET: fakeNlsKeys.accessKeySecret, NLS_APPKEY: 'app' }

void test('a call is understood and answered through every kind of speech service', { timeout: 180_000 }, async (t) => {
  await using stack = new AsyncDisposableStack()
  const ears = stack.use(new BuiltinAsr())
  const voice = stack.use(createEspeak())
  await Promise.all([ears.warmUp(), voice.warmUp()])
  const [funasr, dashscope, nlsAsr, transcriptions] = [stack.use(await fakeFunAsr(ears, 'cpp')), stack.use(await fakeDashScopeAsr(ears)), stack.use(await fakeNlsAsr(ears)), stack.use(await fakeTranscriptions(ears))]
  const [cosyvoice, nlsTts, speech] = [stack.use(await fakeCosyVoice(voice)), stack.use(await fakeNlsTts(voice)), stack.use(await fakeSpeech(voice, 'raw'))]
  const settings: Readonly<Record<string, { [option: string]: string }>> = {
    'funasr, cosyvoice': { ASR: 'funasr', ASR_URL: funasr.url, TTS: 'cosyvoice', TTS_URL: cosyvoice.url, TTS_API_KEY: fakeKey },
    'dashscope, openai': { ASR: 'dashscope', ASR_URL: dashscope.url, ASR_API_KEY: fakeKey, TTS: 'openai', TTS_URL: `${speech.url}/v1`, TTS_API_KEY: fakeKey },
    'nls, espeak': { ASR: 'nls', ASR_URL: nlsAsr.url, NLS_TOKEN_URL: nlsAsr.tokenUrl, ...nlsKeys },
    'openai, nls': { ASR: 'openai', ASR_URL: `${transcriptions.url}/v1`, ASR_API_KEY: fakeKey, TTS: 'nls', TTS_URL: nlsTts.url, NLS_TOKEN_URL: nlsTts.tokenUrl, ...nlsKeys },
  }
  for (const pair of [Object.entries(settings).slice(0, 2), Object.entries(settings).slice(2)]) {
    await Promise.all(
      pair.map(async ([name, env]) => {
        await using platform = await Platform.start(env)
        const info = await platform.call('13800138000', REQUIREMENT)
        assert.deepEqual([info['outcome'], info['conversation']], ['answered', 'confirmed'], `${name}: ${JSON.stringify(info.call_content)}`)
        const latencies = info.turns.flatMap(({ latency_ms: latency }) => (latency ? [(latency as { total: number }).total] : []))
        t.diagnostic(JSON.stringify({ services: name, turnMs: latencies }))
      }),
    )
  }
})
