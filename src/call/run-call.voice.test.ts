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

test('the background that a robot wishes goes on from the answer until a human has the callee', async () => {
  using s = new CallStage(greets())
  const sound = new Int16Array(8_000)
  s.readSound = (name) => (name === 'office' ? Promise.resolve(sound) : Promise.reject(new Error('no such file')))
  s.robot.background = 'office'
  await s.answered()
  await s.time.advance(4_000)
  const callee = s.port
  assert.deepEqual(callee.under, [sound])
  await s.command({ type: 'transfer', phone: '+8613900139000' })
  s.invite.answer()
  await s.time.advance(2_000)
  assert.deepEqual(callee.under, [sound, undefined])
})

test('a background that is not there is told, and the call goes on without', async () => {
  using s = new CallStage(greets())
  s.robot.background = 'lost'
  s.readSound = () => Promise.reject(new Error('no such file'))
  await s.answered()
  await s.time.advance(3_000)
  assert.deepEqual(s.port.under, [])
  assert.deepEqual(s.events.flatMap((event) => (event.type === 'provider-failed' ? [[event.provider, event.fallback]] : [])), [['recordings', 'left out']])
  assert.ok(s.events.some(({ type }) => type === 'robot-said'))
})
