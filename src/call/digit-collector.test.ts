// Checks how key presses become answers. Time is given; nothing waits.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DigitCollector, type KeyPath } from './digit-collector.ts'

function collector() {
  const answers: [string, string][] = []
  return { answers, keys: new DigitCollector((digits, ended) => answers.push([digits, ended])) }
}

const asked = { digitsMax: 4, endKey: '#', timeOutMs: 5_000 }

test('keys that nobody asked for are one answer after a pause of 1.5 s', () => {
  const { answers, keys } = collector()
  keys.press('1', 'rtp', 0)
  keys.press('2', 'rtp', 1_000)
  keys.tick(2_400, false)
  assert.deepEqual(answers, [])
  keys.tick(2_500, false)
  keys.tick(9_000, false)
  assert.deepEqual(answers, [['12', 'pressed']])
})

test('an answer ends with its last key, with the end key, or when no more come', () => {
  const { answers, keys } = collector()
  keys.collect({ ...asked, digitsMax: 2 }, 0)
  keys.press('1', 'rtp', 100)
  keys.press('2', 'rtp', 300)
  keys.collect(asked, 1_000)
  keys.press('7', 'rtp', 2_000)
  keys.press('#', 'rtp', 3_000)
  keys.collect(asked, 10_000)
  keys.press('9', 'rtp', 11_000)
  keys.tick(15_900, false)
  keys.tick(16_000, false)
  assert.deepEqual(answers, [
    ['12', 'max-digits'],
    ['7', 'key'],
    ['9', 'time-out'],
  ])
})

test('no key at all ends as an empty answer', () => {
  const { answers, keys } = collector()
  keys.collect(asked, 0)
  keys.tick(5_000, false)
  keys.tick(60_000, false)
  assert.deepEqual(answers, [['', 'time-out']])
})

test('the end key alone is an empty answer', () => {
  const { answers, keys } = collector()
  keys.collect(asked, 0)
  keys.press('#', 'rtp', 10)
  assert.deepEqual(answers, [['', 'key']])
})

test('the time for the first key begins when the robot has finished asking', () => {
  const { answers, keys } = collector()
  keys.collect(asked, 0)
  for (let ms = 100; ms <= 8_000; ms += 100) keys.tick(ms, true)
  assert.deepEqual(answers, [], 'a prompt longer than the time is not cut short')
  keys.tick(12_900, false)
  assert.deepEqual(answers, [])
  keys.tick(13_000, false)
  assert.deepEqual(answers, [['', 'time-out']])
})

test('between keys the time runs although the robot is speaking', () => {
  const { answers, keys } = collector()
  keys.collect(asked, 0)
  keys.press('1', 'rtp', 1_000)
  keys.tick(6_000, true)
  assert.deepEqual(answers, [['1', 'time-out']])
})

test('keys pressed just before they are asked for count', () => {
  const { answers, keys } = collector()
  keys.press('1', 'rtp', 0)
  keys.collect({ ...asked, digitsMax: 2 }, 500)
  keys.press('2', 'rtp', 1_000)
  keys.press('3', 'rtp', 2_000)
  keys.collect({ ...asked, digitsMax: 1 }, 2_100)
  assert.deepEqual(answers, [
    ['12', 'max-digits'],
    ['3', 'max-digits'],
  ])
})

test('after an answer, keys are loose again', () => {
  const { answers, keys } = collector()
  keys.collect({ ...asked, digitsMax: 1 }, 0)
  keys.press('1', 'rtp', 100)
  keys.press('#', 'rtp', 1_000)
  keys.tick(2_500, false)
  assert.deepEqual(answers, [
    ['1', 'max-digits'],
    ['#', 'pressed'],
  ])
})

test('a key that comes over both paths within 100 ms counts once, whichever is first', () => {
  const { answers, keys } = collector()
  keys.collect(asked, 0)
  assert.equal(keys.press('5', 'rtp', 0), true)
  assert.equal(keys.press('5', 'info', 90), false)
  assert.equal(keys.press('6', 'info', 500), true)
  assert.equal(keys.press('6', 'rtp', 600), false)
  keys.tick(10_000, false)
  assert.deepEqual(answers, [['56', 'time-out']])
})

test('a key pressed twice counts twice, also when each press comes over both paths', () => {
  const { answers, keys } = collector()
  keys.collect(asked, 0)
  for (const [path, ms] of [['rtp', 0], ['info', 30], ['rtp', 95], ['info', 125]] as const) keys.press('5', path, ms)
  keys.tick(10_000, false)
  assert.deepEqual(answers, [['55', 'time-out']])
})

test('the same key over the other path later, and another key at once, are presses of their own', () => {
  const { answers, keys } = collector()
  keys.press('5', 'rtp', 0)
  keys.press('6', 'info', 20)
  keys.press('5', 'info', 150)
  keys.tick(2_000, false)
  assert.deepEqual(answers, [['565', 'pressed']])
})

test('a key that comes over all three paths counts once, in whatever order', () => {
  const orders: [KeyPath, number][][] = [
    [['rtp', 0], ['info', 40], ['tone', 160]],
    [['rtp', 0], ['tone', 90], ['info', 240]],
    [['info', 0], ['tone', 150], ['rtp', 200]],
    [['tone', 0], ['info', 180]],
  ]
  for (const order of orders) {
    const { answers, keys } = collector()
    keys.collect(asked, 0)
    for (const [path, ms] of order) keys.press('5', path, ms)
    keys.tick(10_000, false)
    assert.deepEqual(answers, [['5', 'time-out']], JSON.stringify(order))
  }
})

test('fast repeats are kept on every mixture of paths: eight presses in 1.2 s, whatever else copies them', () => {
  const delays: Partial<Record<KeyPath, number>>[] = [{ rtp: 0 }, { tone: 120 }, { info: 60 }, { rtp: 0, info: 95 }, { tone: 110, info: 160 }, { rtp: 0, tone: 140 }, { rtp: 0, tone: 140, info: 90 }]
  for (const paths of delays) {
    const { answers, keys } = collector()
    keys.collect({ ...asked, digitsMax: 20 }, 0)
    const arrivals = Array.from({ length: 8 }, (_, press) => (Object.entries(paths) as [KeyPath, number][]).map(([path, delayMs]) => ({ path, ms: press * 150 + delayMs }))).flat()
    for (const { path, ms } of arrivals.sort((a, b) => a.ms - b.ms)) keys.press('8', path, ms)
    keys.tick(20_000, false)
    assert.deepEqual(answers, [['88888888', 'time-out']], JSON.stringify(paths))
  }
})

test('more than 64 loose keys are cut', () => {
  const { answers, keys } = collector()
  for (let i = 0; i < 100; i += 1) keys.press('1', 'rtp', i)
  keys.tick(10_000, false)
  assert.equal(answers[0]![0].length, 64)
})
