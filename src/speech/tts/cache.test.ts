import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProviderError } from '../../errors.ts'
import { SynthesisCache } from './cache.ts'
import { TtsEventQueue } from './event-queue.ts'
import { defaultVoice, type TtsEvent, type TtsProvider } from './provider.ts'

/** Hands the test each synthesis to play by hand. */
class ManualTts implements TtsProvider {
  readonly name = 'manual'
  readonly asked: { text: string; events: TtsEventQueue; signal: AbortSignal }[] = []
  warmUps = 0
  disposed = 0
  async warmUp(): Promise<void> {
    this.warmUps += 1
  }
  synthesize(text: string, _voice: unknown, signal: AbortSignal): TtsEventQueue {
    const events = new TtsEventQueue()
    signal.addEventListener('abort', () => events.cut())
    this.asked.push({ text, events, signal })
    return events
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1
  }
}

const audio = (samples: number): TtsEvent => ({ type: 'audio', pcm: new Int16Array(samples).fill(7) })
const never = new AbortController().signal

async function read(events: AsyncIterable<TtsEvent>): Promise<{ samples: number; end: string }> {
  let samples = 0
  let end = ''
  for await (const event of events) {
    if (event.type === 'audio') samples += event.pcm.length
    else end = event.type
  }
  return { samples, end }
}

async function speak(cache: SynthesisCache, inner: ManualTts, text: string, samples: number): Promise<void> {
  const reading = read(cache.synthesize(text, defaultVoice, never))
  const take = inner.asked.at(-1)!
  take.events.push(audio(samples))
  take.events.push({ type: 'done' })
  assert.deepEqual(await reading, { samples, end: 'done' })
}

void test('speaks a sentence once and hands out the same audio afterwards', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner)
  await speak(cache, inner, '您好', 100)
  assert.deepEqual(await read(cache.synthesize('您好', defaultVoice, never)), { samples: 100, end: 'done' })
  assert.equal(inner.asked.length, 1)
  assert.deepEqual(cache.stats, { hits: 1, shared: 0, misses: 1, evicted: 0, bytes: 200, entries: 1 })
})

void test('knows texts that sound the same, and voices that do not', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner)
  await speak(cache, inner, '明天9:00', 10)
  await read(cache.synthesize('明天09:00', defaultVoice, never))
  assert.equal(inner.asked.length, 1)
  for (const voice of [{ ...defaultVoice, name: 'f1' }, { ...defaultVoice, speed: 100 }, { ...defaultVoice, volume: 80 }]) void cache.synthesize('明天9:00', voice, never)
  assert.equal(inner.asked.length, 4)
})

void test('shares one synthesis between two calls that ask at the same time', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner)
  const first = read(cache.synthesize('您好', defaultVoice, never))
  inner.asked[0]!.events.push(audio(50))
  await new Promise(setImmediate)
  const second = read(cache.synthesize('您好', defaultVoice, never))
  inner.asked[0]!.events.push(audio(30))
  inner.asked[0]!.events.push({ type: 'done' })
  assert.deepEqual(await Promise.all([first, second]), [{ samples: 80, end: 'done' }, { samples: 80, end: 'done' }])
  assert.equal(inner.asked.length, 1)
  assert.equal(cache.stats.shared, 1)
})

void test('goes on for the other call when one call is aborted', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner)
  const leaving = new AbortController()
  const first = read(cache.synthesize('您好', defaultVoice, leaving.signal))
  const second = read(cache.synthesize('您好', defaultVoice, never))
  inner.asked[0]!.events.push(audio(50))
  leaving.abort()
  assert.equal((await first).end, 'done')
  assert.equal(inner.asked[0]!.signal.aborted, false)
  inner.asked[0]!.events.push(audio(50))
  inner.asked[0]!.events.push({ type: 'done' })
  assert.deepEqual(await second, { samples: 100, end: 'done' })
  assert.equal(cache.stats.entries, 1)
})

void test('stops the synthesis when the last call leaves, and keeps nothing of it', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner)
  const leaving = new AbortController()
  const only = read(cache.synthesize('您好', defaultVoice, leaving.signal))
  inner.asked[0]!.events.push(audio(50))
  leaving.abort()
  assert.equal((await only).end, 'done')
  assert.equal(inner.asked[0]!.signal.aborted, true)
  await new Promise(setImmediate)
  assert.equal(cache.stats.entries, 0)
  await speak(cache, inner, '您好', 60)
  assert.equal(inner.asked.length, 2)
})

void test('does not keep failures', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner)
  const reading = read(cache.synthesize('您好', defaultVoice, never))
  inner.asked[0]!.events.push(audio(50))
  inner.asked[0]!.events.push({ type: 'failed', error: new ProviderError('manual', 'broken', true) })
  assert.deepEqual(await reading, { samples: 50, end: 'failed' })
  assert.equal(cache.stats.entries, 0)
  await speak(cache, inner, '您好', 60)
})

void test('drops the sentence that was not used for longest when it is full', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner, { bytesMax: 400 })
  await speak(cache, inner, '一', 100)
  await speak(cache, inner, '二', 100)
  await read(cache.synthesize('一', defaultVoice, never))
  await speak(cache, inner, '三', 100)
  assert.equal(cache.stats.evicted, 1)
  assert.equal(cache.stats.bytes, 400)
  await read(cache.synthesize('一', defaultVoice, never))
  assert.equal(inner.asked.length, 3)
  await speak(cache, inner, '二', 100)
  assert.equal(inner.asked.length, 4)
})

void test('does not keep a sentence larger than the limit for one', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner, { entryBytesMax: 100 })
  await speak(cache, inner, '很长', 51)
  await speak(cache, inner, '短', 50)
  assert.equal(cache.stats.entries, 1)
})

void test('ends with a failure when the provider breaks its contract', async () => {
  const broken = {
    name: 'broken',
    warmUp: async () => {},
    async *synthesize(text: string): AsyncGenerator<TtsEvent> {
      yield audio(10)
      if (text === '抛') throw new Error('boom')
    },
    [Symbol.asyncDispose]: async () => {},
  } satisfies TtsProvider
  const cache = new SynthesisCache(broken)
  assert.deepEqual(await read(cache.synthesize('抛', defaultVoice, never)), { samples: 10, end: 'failed' })
  assert.deepEqual(await read(cache.synthesize('停', defaultVoice, never)), { samples: 10, end: 'failed' })
  assert.equal(cache.stats.entries, 0)
})

void test('warms up and closes the provider it wraps', async () => {
  const inner = new ManualTts()
  const cache = new SynthesisCache(inner)
  await cache.warmUp()
  const reading = read(cache.synthesize('您好', defaultVoice, never))
  await cache[Symbol.asyncDispose]()
  assert.equal((await reading).end, 'done')
  assert.deepEqual([inner.warmUps, inner.disposed, cache.name], [1, 1, 'manual'])
})
