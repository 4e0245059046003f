import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CircuitBreaker } from './circuit-breaker.ts'

const options = { failuresMax: 3, openMs: 10_000, openMsMax: 60_000 }

void test('opens after failures in a row, not after scattered ones', () => {
  const breaker = new CircuitBreaker(options)
  breaker.failed(0)
  breaker.failed(0)
  breaker.succeeded()
  breaker.failed(0)
  breaker.failed(0)
  assert.ok(breaker.admits(0))
  breaker.failed(0)
  assert.ok(!breaker.admits(9_999))
  assert.ok(breaker.isOpen(9_999))
})

void test('lets one probe through after a while, and closes when it succeeds', () => {
  const breaker = new CircuitBreaker(options)
  for (let i = 0; i < 3; i += 1) breaker.failed(0)
  assert.ok(!breaker.isOpen(10_000))
  assert.ok(breaker.admits(10_000))
  assert.ok(!breaker.admits(10_000), 'a second caller does not wait for the same dead provider')
  assert.ok(breaker.isOpen(10_000))
  breaker.succeeded()
  assert.ok(breaker.admits(10_001))
  assert.ok(breaker.admits(10_001))
})

void test('opens again at once when the probe fails, and offers another when it was given up', () => {
  const breaker = new CircuitBreaker(options)
  for (let i = 0; i < 3; i += 1) breaker.failed(0)
  assert.ok(breaker.admits(10_000))
  breaker.failed(10_000)
  assert.ok(!breaker.admits(19_999))
  assert.ok(breaker.admits(20_000))
  breaker.abandoned()
  assert.ok(breaker.admits(20_000))
})

void test('opens at once for as long as the provider asks, within reason', () => {
  const breaker = new CircuitBreaker(options)
  breaker.failed(0, { atOnce: true, retryAfterMs: 20_000 })
  assert.ok(!breaker.admits(19_999))
  assert.ok(breaker.admits(20_000))
  breaker.failed(20_000, { atOnce: true, retryAfterMs: 3_600_000 })
  assert.ok(!breaker.admits(79_999))
  assert.ok(breaker.admits(80_000))
  breaker.failed(80_000, { atOnce: true, retryAfterMs: 1 })
  assert.ok(!breaker.admits(89_999))
})

void test('a late failure of a request from before does not take the probe\'s place', () => {
  const breaker = new CircuitBreaker(options)
  for (let i = 0; i < 3; i += 1) breaker.failed(0)
  breaker.failed(5_000)
  assert.ok(!breaker.admits(14_999))
  assert.ok(breaker.admits(15_000))
})
