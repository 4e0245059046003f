// Checks how a call sounds: the readings of its account, and what its robot wishes. SIP and media are played.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReadingDictionary } from '../speech/text/reading-dictionary.ts'
import { defaultVoice } from '../speech/tts/provider.ts'
import { CallStage, greets } from './testing.ts'

test('every word of a call is said by the readings of its account and the voice that its robot wishes', async () => {
  const readings = new ReadingDictionary([{ word: '乐天', pinyin: 'yue4 tian1' }])
  using s = new CallStage(greets(), { readings })
  s.robot.voice = { name: 'xiaoyun', speed: 100, level: 1.3 }
  await s.answered()
  await s.time.advance(3_000)
  assert.ok(s.tts.voices.length > 0)
  for (const voice of s.tts.voices) assert.deepEqual(voice, { name: 'xiaoyun', speed: 100, volume: defaultVoice.volume, readings })
  assert.equal(s.port.levels[0]?.gain, 1.3)
})

test('a robot without wishes sounds as the installation has it', async () => {
  using s = await new CallStage(greets()).answered()
  await s.time.advance(3_000)
  for (const voice of s.tts.voices) assert.deepEqual(voice, { ...defaultVoice, readings: undefined })
  assert.deepEqual(s.port.levels, [])
})
