// Checks that a stream is left at once when its signal aborts, whatever the stream does. Does not touch speech.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { untilAborted } from './until-aborted.ts'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

test('gives everything of a stream that ends by itself', async () => {
  async function* source() {
    yield 1
    yield 2
  }
  assert.deepEqual(await collect(untilAborted(source(), new AbortController().signal)), [1, 2])
})

test('ends when the signal aborts although the stream never says anything again', async () => {
  const abort = new AbortController()
  async function* source() {
    yield 1
    await new Promise(() => {})
  }
  const items = collect(untilAborted(source(), abort.signal))
  await settle()
  abort.abort()
  assert.deepEqual(await items, [1])
})

test('does not begin when the signal is aborted already', async () => {
  let asked = false
  const source: AsyncIterable<number> = { [Symbol.asyncIterator]: () => ((asked = true), { next: () => Promise.resolve({ done: true, value: undefined }) }) }
  assert.deepEqual(await collect(untilAborted(source, AbortSignal.abort())), [])
  assert.equal(asked, false)
})

test('tells the stream that it is left, also when the reader leaves', async () => {
  let told = 0
  async function* source() {
    try {
      yield 1
      yield 2
    } finally {
      told += 1
    }
  }
  for await (const _ of untilAborted(source(), new AbortController().signal)) break
  await settle()
  assert.equal(told, 1)
})

test('passes on what the stream throws, but not after the abort', async () => {
  async function* breaks(): AsyncGenerator<number> {
    yield 1
    throw new Error('broken')
  }
  await assert.rejects(collect(untilAborted(breaks(), new AbortController().signal)), /broken/)
  const abort = new AbortController()
  let fail: (error: Error) => void = () => {}
  const source: AsyncIterable<number> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise((_, reject) => (fail = reject)) }) }
  const items = collect(untilAborted(source, abort.signal))
  await settle()
  abort.abort()
  assert.deepEqual(await items, [])
  fail(new Error('too late'))
  await settle()
})

test('leaves no listener on the signal', async () => {
  const { signal } = new AbortController()
  async function* source() {
    yield 1
  }
  await collect(untilAborted(source(), signal))
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})
