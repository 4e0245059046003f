import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TtsEventQueue } from './event-queue.ts'
import type { TtsEvent } from './provider.ts'

const audio = (...samples: number[]): TtsEvent => ({ type: 'audio', pcm: Int16Array.from(samples) })

async function typesOf(events: AsyncIterable<TtsEvent>): Promise<string[]> {
  const types: string[] = []
  for await (const event of events) types.push(event.type)
  return types
}

void test('delivers events in order, whether they come before or while the reader waits', async () => {
  const queue = new TtsEventQueue()
  queue.push(audio(1))
  const read = typesOf(queue)
  await Promise.resolve()
  queue.push(audio(2))
  queue.push({ type: 'done' })
  assert.deepEqual(await read, ['audio', 'audio', 'done'])
})

void test('ignores what comes after the last event', async () => {
  const queue = new TtsEventQueue()
  queue.push({ type: 'failed', error: new Error('broken') })
  queue.push(audio(1))
  queue.push({ type: 'done' })
  assert.deepEqual(await typesOf(queue), ['failed'])
})

void test('drops unread audio when it is cut, also after the last event was pushed', async () => {
  const queue = new TtsEventQueue()
  queue.push(audio(1))
  queue.push({ type: 'done' })
  queue.cut()
  assert.deepEqual(await typesOf(queue), ['done'])
})

void test('wakes a waiting reader when it is cut', async () => {
  const queue = new TtsEventQueue()
  const read = typesOf(queue)
  await Promise.resolve()
  queue.cut()
  queue.cut()
  assert.deepEqual(await read, ['done'])
})

void test('says once that it ended, however it ended', async () => {
  for (const end of [(queue: TtsEventQueue) => queue.push({ type: 'done' }), (queue: TtsEventQueue) => queue.cut()]) {
    let ends = 0
    const queue = new TtsEventQueue(() => {
      ends += 1
    })
    end(queue)
    queue.cut()
    await typesOf(queue)
    assert.equal(ends, 1)
  }
})

void test('says that it ended when the reader leaves early', async () => {
  let ends = 0
  const queue = new TtsEventQueue(() => {
    ends += 1
  })
  queue.push(audio(1))
  for await (const event of queue) {
    assert.equal(event.type, 'audio')
    break
  }
  assert.equal(ends, 1)
  queue.push(audio(2))
  assert.equal(ends, 1)
})
