// Checks threads that crash, lag or cannot start. What every provider does is in provider.contract.test.ts.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { FRAME_MS, FRAME_SAMPLES } from '../../../media/frame.ts'
import type { AsrEvent } from '../provider.ts'
import { framesOf, speechFixture } from './fixtures.ts'
import { BuiltinAsr, builtinAsrDefaults, type BuiltinAsrOptions } from './provider.ts'

const SILENCE = new Int16Array(FRAME_SAMPLES)

/** A provider whose threads the test can reach. */
function withThreads(options: BuiltinAsrOptions = {}) {
  const threads: Worker[] = []
  const provider = new BuiltinAsr({
    ...options,
    startWorker(directory) {
      const thread = builtinAsrDefaults.startWorker(directory)
      threads.push(thread)
      return thread
    },
  })
  return { provider, threads }
}

function open(provider: BuiltinAsr, phrases: readonly string[] = []) {
  const events: AsrEvent[] = []
  let arrived = () => {}
  const stream = provider.open({
    hotWords: [],
    phrases,
    onEvent(event) {
      events.push(event)
      arrived()
    },
  })
  const say = (name: string) => framesOf(speechFixture(name).pcm).forEach((frame, i) => stream.push(frame, i * FRAME_MS))
  const next = async (type: AsrEvent['type']): Promise<AsrEvent> => {
    for (;;) {
      const index = events.findIndex((event) => event.type === type)
      if (index >= 0) return events.splice(0, index + 1).at(-1)!
      await new Promise<void>((resolve) => (arrived = resolve))
    }
  }
  return { stream, events, say, next }
}

async function hear(call: ReturnType<typeof open>, name: string): Promise<string> {
  call.say(name)
  call.stream.endUtterance()
  const final = await call.next('final')
  return final.type === 'final' ? final.text : ''
}

test('a thread that crashes fails its streams once, and the next call is understood again', async () => {
  const { provider, threads } = withThreads({ workersMax: 1 })
  await using _ = provider
  await provider.warmUp()
  const calls = [open(provider), open(provider)]
  for (const { say } of calls) say('tomorrow')
  await threads[0]!.terminate()
  for (const { next, events, stream, say } of calls) {
    const failed = await next('failed')
    assert.ok(failed.type === 'failed' && failed.error.name === 'ProviderError' && /ended/.test(failed.error.message))
    say('quiet')
    stream.endUtterance()
    assert.deepEqual(events, [])
  }
  assert.equal(provider.stats.restarts, 1)
  assert.equal(provider.stats.streams, 0)
  assert.equal(await hear(open(provider), 'tomorrow'), '明天下午三点')
  assert.equal(threads.length, 2)
})

test('phrase lists are known again after a crash', async () => {
  const { provider, threads } = withThreads({ workersMax: 1 })
  await using _ = provider
  const phrases = ['我叫王丽华', '不是我']
  assert.equal(await hear(open(provider, phrases), 'name'), '我叫王丽华')
  await threads[0]!.terminate()
  assert.equal(await hear(open(provider, phrases), 'name'), '我叫王丽华')
})

test('damaged weights are told by warmUp and fail every stream, and nothing starts over and over', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'recogniser-'))
  try {
    cpSync(builtinAsrDefaults.modelDirectory, folder, { recursive: true })
    truncateSync(path.join(folder, 'model.bin'), 5000)
    const { provider, threads } = withThreads({ workersMax: 1, modelDirectory: pathToFileURL(`${folder}/`) })
    await using _ = provider
    const call = open(provider)
    const failed = await call.next('failed')
    assert.ok(failed.type === 'failed' && /builtin: model\.bin is damaged/.test(failed.error.message))
    await assert.rejects(provider.warmUp(), /model\.bin is damaged/)
    assert.equal(threads.length, 2)
    assert.equal(provider.stats.restarts, 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('frames that a late thread cannot take are dropped and counted, and the final still comes', async () => {
  const { provider } = withThreads({ workersMax: 1, queuedFramesMax: 50 })
  await using _ = provider
  // The thread is still loading: nothing is taken yet.
  const call = open(provider)
  for (let i = 0; i < 80; i++) call.stream.push(SILENCE, i * FRAME_MS)
  assert.equal(provider.stats.droppedFrames, 30)
  call.stream.endUtterance()
  const final = await call.next('final')
  assert.ok(final.type === 'final' && final.text === '')
  call.stream.push(SILENCE, 0)
  assert.equal(provider.stats.droppedFrames, 30)
})

test('something that is not a frame is dropped and counted', async () => {
  const { provider } = withThreads({ workersMax: 1 })
  await using _ = provider
  const call = open(provider)
  call.stream.push(new Int16Array(10), 0)
  assert.equal(provider.stats.droppedFrames, 1)
})

test('a stream that asks for more finals than anybody waits for fails', async () => {
  const { provider } = withThreads({ workersMax: 1 })
  await using _ = provider
  const call = open(provider)
  for (let i = 0; i < 70; i++) call.stream.endUtterance()
  const failed = await call.next('failed')
  assert.ok(failed.type === 'failed' && /wait for their text/.test(failed.error.message))
  assert.equal(provider.stats.streams, 0)
})

test('another thread is started only when the first one is well filled', async () => {
  const { provider, threads } = withThreads({ workersMax: 2, streamsPerWorker: 2 })
  await using _ = provider
  const calls = [open(provider), open(provider)]
  assert.equal(threads.length, 1)
  calls.push(open(provider), open(provider), open(provider))
  assert.deepEqual(provider.stats, { workers: 2, streams: 5, droppedFrames: 0, restarts: 0 })
  assert.deepEqual(await Promise.all(calls.map((call) => hear(call, 'tomorrow'))), calls.map(() => '明天下午三点'))
})

test('a final without words still has times', async () => {
  const { provider } = withThreads({ workersMax: 1 })
  await using _ = provider
  const call = open(provider)
  call.stream.push(SILENCE, 5000)
  call.stream.push(SILENCE, 5020)
  call.stream.endUtterance()
  const final = await call.next('final')
  assert.deepEqual(final, { type: 'final', text: '', beginAtMs: 5000, endAtMs: 5040, confidence: 0 })
})

test('six hundred phrases are prepared once per thread, not once per call', async () => {
  const { provider, threads } = withThreads({ workersMax: 1 })
  await using _ = provider
  await provider.warmUp()
  const sent: string[] = []
  const post = threads[0]!.postMessage.bind(threads[0]!)
  threads[0]!.postMessage = (message: { type: string }, ...rest: []) => {
    sent.push(message.type)
    post(message, ...rest)
  }
  const list = () => Array.from({ length: 600 }, (_, i) => `第${Array.from(String(i), (digit) => '零一二三四五六七八九'[Number(digit)]).join('')}号`).concat('我叫王丽华')
  const calls = [open(provider, list()), open(provider, list()), open(provider, list())]
  assert.deepEqual(sent.filter((type) => type === 'grammar'), ['grammar'])
  assert.deepEqual(await Promise.all(calls.map((call) => hear(call, 'name'))), calls.map(() => '我叫王丽华'))
})
