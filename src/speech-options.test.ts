import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import { openAsr, openTts, voiceOf } from './speech-options.ts'

const made = async (env: Record<string, string>) => {
  const config = readConfig(env)
  await using asr = openAsr(config)
  await using tts = openTts(config)
  return { asr: asr.name, understands: asr.capabilities.understands, tts: tts.name, voice: voiceOf(config).name }
}

void test('without options the built-in engines hear and speak', async () => {
  assert.deepEqual(await made({}), { asr: 'builtin', understands: 'simulator', tts: 'espeak', voice: 'f3' })
})

void test('several are a chain, and their settings go by position', async () => {
  const env = { ASR: 'funasr, dashscope', ASR_URL: 'ws://127.0.0.1:10095', ASR_API_KEY: ',sk-1', TTS: 'cosyvoice,espeak', TTS_API_KEY: 'sk-2', TTS_VOICE: 'longyan,m1' }
  assert.deepEqual(await made(env), { asr: 'funasr,dashscope', understands: 'people', tts: 'cosyvoice,espeak', voice: 'longyan' })
  assert.equal((await made({ ASR: 'funasr,builtin', ASR_URL: 'ws://127.0.0.1:10095' })).understands, 'simulator', 'a chain understands people only when each of it does')
})

void test('what is wrong or missing is told by name', async () => {
  const wrong: readonly [Record<string, string>, RegExp][] = [
    [{ ASR: 'whisper' }, /ASR 'whisper' is not known: choose one of builtin, funasr/],
    [{ ASR: 'funasr' }, /needs ASR_URL: ws:/],
    [{ ASR: 'funasr,dashscope', ASR_URL: 'ws://a', ASR_API_KEY: 'sk' }, /needs ASR_API_KEY/],
    [{ ASR: 'funasr', ASR_URL: 'host 1' }, /ASR_URL 'host 1' is no address/],
    [{ ASR: 'funasr', ASR_URL: 'ws://a,ws://b' }, /ASR_URL has more entries than ASR names: funasr/],
    [{ ASR: 'builtin,' }, /ASR '' is not known/],
    [{ TTS: 'nls', NLS_ACCESS_KEY_ID: 'id' }, /needs NLS_ACCESS_KEY_ID/],
    [{ TTS: 'nls', NLS_ACCESS_KEY_ID: 'id', NLS_ACCESS_KEY_SECRET: 'x' }, /needs NLS_APPKEY/],
    [{ TTS: 'espeak', TTS_VOICE: 'f1,f2' }, /TTS_VOICE has more entries/],
  ]
  for (const [env, message] of wrong) await assert.rejects(made(env), message)
})
