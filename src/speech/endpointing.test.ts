// Checks when a turn is over, by silence, words and pauses. Does not touch audio.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Completeness } from './completeness.ts'
import { endpointingDefaults, greetingMsMax, greetingMsMin, isPickUpOver, isTurnOver, pickUpEndpointing } from './endpointing.ts'
import { noPauses, withPause } from './own-pauses.ts'

const phrases = new Set(['没收到'])
const spoken: Record<Completeness, string[]> = {
  expected: ['没收到', '对，我是', '好的，没收到'],
  complete: ['你是谁', '我知道了', '13800138000'],
  neutral: ['王丽华', '明天下午三点'],
  incomplete: ['然后', '可以但是'],
  digits: ['一三八', '138001380'],
  none: ['', '……'],
}
const all = Object.entries(spoken) as [Completeness, string[]][]

for (const [completeness, texts] of all) {
  const { usualMs } = endpointingDefaults.silenceMs[completeness]
  test(`a turn of ${completeness} words is over after ${usualMs} ms of silence, not before`, () => {
    for (const partial of texts) {
      assert.equal(isTurnOver({ silenceMs: usualMs - 1, partial, partialStableMs: 5000, phrases }), false)
      assert.equal(isTurnOver({ silenceMs: usualMs, partial, partialStableMs: 5000, phrases }), true)
    }
  })
}

test('words that still change keep the turn open', () => {
  assert.equal(isTurnOver({ silenceMs: 600, partial: '好的', partialStableMs: 159 }), false)
  assert.equal(isTurnOver({ silenceMs: 600, partial: '好的', partialStableMs: 160 }), true)
})

test('after 2.5 s every turn is over, whatever its words', () => {
  for (const [completeness, texts] of all) {
    for (const partial of texts) {
      assert.equal(isTurnOver({ silenceMs: 2500, partial, partialStableMs: 0 }), true)
      assert.equal(isTurnOver({ silenceMs: 2499, partial, partialStableMs: 0 }), completeness === 'none')
    }
  }
})

test('while somebody speaks no turn is over', () => {
  for (const partial of Object.values(spoken).flat()) {
    assert.equal(isTurnOver({ silenceMs: 0, partial, partialStableMs: 5000 }), false)
    assert.equal(isPickUpOver({ silenceMs: 0, partial, partialStableMs: 5000 }), false)
  }
})

test('somebody who has been heard to pause is waited for', () => {
  const pauses = withPause(withPause(noPauses, 'neutral', 650), 'neutral', 700)
  const turn = { partial: '明天下午三点', partialStableMs: 5000 }
  assert.equal(isTurnOver({ ...turn, silenceMs: 700 }), true)
  assert.equal(isTurnOver({ ...turn, silenceMs: 700, pauses }), false)
  assert.equal(isTurnOver({ ...turn, silenceMs: 900, pauses }), true)
})

test('who picks up with a greeting is answered at once, who plays a text is heard', () => {
  for (const partial of ['喂', '你好', '喂，你好', '哪位', '']) {
    const greeting = { silenceMs: partial === '' ? 400 : 240, partial, partialStableMs: 40, voicedMs: 400 }
    assert.equal(isPickUpOver(greeting), true, partial)
    assert.equal(isPickUpOver({ ...greeting, silenceMs: greeting.silenceMs - 1 }), false, partial)
    assert.equal(isPickUpOver({ ...greeting, voicedMs: greetingMsMax + 20 }), false, partial)
  }
  assert.equal(isPickUpOver({ silenceMs: 400, partial: '您好我是张先生的助理他现在', partialStableMs: 200, voicedMs: 2_400 }), false)
})

test('the tail of a ringing tone is not somebody who picks up', () => {
  const blip = { partial: '', partialStableMs: 400, voicedMs: greetingMsMin - 20 }
  assert.equal(isPickUpOver({ ...blip, silenceMs: endpointingDefaults.silenceMs.none.usualMs - 1 }), false)
  assert.equal(isPickUpOver({ ...blip, silenceMs: 400, voicedMs: greetingMsMin }), true)
  assert.equal(isPickUpOver({ ...blip, silenceMs: 240, partial: '喂' }), true, 'a word is one however short')
})

test('a turn that is over stays over: more silence, words that stand longer and shorter pauses never reopen it', () => {
  const times = Array.from({ length: 27 }, (_, i) => i * 100 - (i % 2))
  for (const partial of Object.values(spoken).flat()) {
    for (const pauseMs of [0, 200, 450, 800, 1_500]) {
      const pauses = all.reduce((own, [kind]) => withPause(withPause(own, kind, pauseMs), kind, pauseMs), noPauses)
      const longer = all.reduce((own, [kind]) => withPause(own, kind, pauseMs + 300), pauses)
      for (const decide of [isTurnOver, isPickUpOver]) {
        for (const partialStableMs of [0, 39, 40, 159, 160, 1_000]) {
          const given = { partial, partialStableMs, phrases, voicedMs: 500 }
          const over = times.map((ms) => decide({ ...given, silenceMs: Math.max(0, ms), pauses }))
          assert.deepEqual(over, over.toSorted((a, b) => Number(a) - Number(b)), `${partial} over, then not, after pauses of ${pauseMs} ms`)
          for (const [i, ms] of times.entries()) {
            if (over[i]) assert.ok(decide({ ...given, partialStableMs: partialStableMs + 100, silenceMs: ms, pauses }))
            if (!over[i]) assert.ok(!decide({ ...given, silenceMs: Math.max(0, ms), pauses: longer }), `${partial} is taken earlier of somebody who pauses longer`)
          }
        }
      }
    }
  }
})

for (const [name, { silenceMs, silenceMsMax, partialStableMsMin }] of Object.entries({ endpointingDefaults, pickUpEndpointing })) {
  test(`the numbers of ${name} agree with one another`, () => {
    for (const range of Object.values(silenceMs)) {
      assert.ok(range.leastMs <= range.usualMs && range.usualMs <= range.mostMs && range.mostMs < silenceMsMax)
      assert.ok(range.leastMs >= silenceMs.expected.leastMs && range.leastMs > partialStableMsMin)
    }
    assert.ok(silenceMs.complete.usualMs <= silenceMs.neutral.usualMs && silenceMs.neutral.usualMs < silenceMs.incomplete.usualMs && silenceMs.incomplete.usualMs < silenceMs.digits.usualMs)
  })
}
