// Checks that the line's own words are at hand, and that a synthesiser that fails costs nothing but them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeTime, FakeTts } from '../speech/testing.ts'
import { defaultVoice } from '../speech/tts/provider.ts'
import { ReadyLines } from './own-lines.ts'

test('lines are synthesised one after the other and then at hand', async () => {
  using time = new FakeTime()
  const tts = new FakeTts()
  const ready = new ReadyLines(tts, defaultVoice, ['一', '二二'])
  assert.equal(ready.audioOf('一'), undefined)
  await time.advance(200)
  assert.equal(ready.audioOf('一')!.length, 800)
  assert.equal(ready.audioOf('二二')!.length, 1_600)
  assert.equal(ready.audioOf('三'), undefined)
})

for (const manner of ['fails', 'throws', 'silent', 'fails-half'] as const) {
  test(`a line whose synthesis ${manner} is not there; the next one is`, async () => {
    using time = new FakeTime()
    const tts = new FakeTts()
    tts.manner = (text) => (text === '坏' ? manner : 'speaks')
    const ready = new ReadyLines(tts, defaultVoice, ['坏', '好'])
    await time.advance(300)
    assert.equal(ready.audioOf('坏'), undefined)
    assert.ok(ready.audioOf('好'))
  })
}

test('a synthesiser that hangs is left when the conversation closes', async () => {
  using time = new FakeTime()
  const tts = new FakeTts()
  tts.manner = () => 'hangs'
  const ready = new ReadyLines(tts, defaultVoice, ['一', '二'])
  await time.advance(300)
  ready.close()
  await time.advance(100)
  assert.deepEqual(tts.asked, ['一'])
})

test('more sound than a line can have is thrown away', async () => {
  using time = new FakeTime()
  const text = '长'.repeat(101)
  const ready = new ReadyLines(new FakeTts(), defaultVoice, [text])
  await time.advance(300)
  assert.equal(ready.audioOf(text), undefined)
})
