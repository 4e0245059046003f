// Checks how the operations that say or play something read volume and speed, and what they ask of the dialer. No call is made.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallService } from '../../dialer/call-service.ts'
import type { Manner, SingleCalls } from '../../dialer/single-calls.ts'
import { toAliyunError } from './errors.ts'
import { operations } from './index.ts'
import { readParameters } from './parameters.ts'

const needed = { SingleCallByTts: { CalledNumber: '13800138000', TtsCode: 'TTS_1' }, SingleCallByVoice: { CalledNumber: '13800138000', VoiceCode: 'welcome.wav' } }

async function mannerOf(name: keyof typeof needed, params: Record<string, string>): Promise<Manner> {
  const asked: Manner[] = []
  const take = (_call: unknown, _what: unknown, manner: Manner) => Promise.resolve(void asked.push(manner)).then(() => '1^2')
  const operation = operations[name]!
  await operation.handle(readParameters(operation.parameters, new Map(Object.entries({ ...needed[name], ...params }))), { accountId: 'acc_1', requestId: 'r', origin: '', calls: {} as CallService, singleCalls: { speak: take, play: take } as unknown as SingleCalls })
  return asked[0]!
}

test('volume is per cent of the normal loudness, of text and of recordings; speed is the pace of text', async () => {
  assert.deepEqual(await mannerOf('SingleCallByTts', {}), { playTimes: 3, voice: { level: 1, speed: 0 } })
  assert.deepEqual(await mannerOf('SingleCallByTts', { Volume: '40', Speed: '-500', PlayTimes: '1' }), { playTimes: 1, voice: { level: 0.4, speed: -500 } })
  assert.deepEqual(await mannerOf('SingleCallByVoice', { Volume: '0' }), { playTimes: 3, voice: { level: 0 } })
  assert.deepEqual(await mannerOf('SingleCallByVoice', { Speed: 'fast' }), { playTimes: 3, voice: { level: 1 } })
})

test('out of range is refused', async () => {
  for (const [params, code] of [[{ Volume: '101' }, 'isv.INVALID_PARAMETERS'], [{ Volume: '-1' }, 'isv.INVALID_PARAMETERS'], [{ Speed: '501' }, 'isv.INVALID_PARAMETERS'], [{ Volume: 'loud' }, 'InvalidVolume']] as const) {
    await assert.rejects(mannerOf('SingleCallByTts', params), (error) => toAliyunError(error).code === code, JSON.stringify(params))
  }
})
