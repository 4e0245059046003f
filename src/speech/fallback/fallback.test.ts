import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { ProviderError } from '../../errors.ts'
import { log } from '../../log.ts'
import type { AsrEvent, AsrOptions, AsrProvider } from '../asr/provider.ts'
import { defaultVoice, type TtsEvent, type TtsProvider } from '../tts/provider.ts'
import { AsrChain } from './asr-chain.ts'
import { Breaker } from './breaker.ts'
import { TtsChain } from './tts-chain.ts'

log.level = 'silent'
const never = new AbortController().signal
const broken = (name: string, retryable = true) => new ProviderError(name, 'is down', retryable)

void test('a failure rests a provider, each further one for longer, and a success makes it new', () => {
  const breaker = new Breaker({ restMs: 1_000, restMsMax: 3_000 })
  assert.equal(breaker.take(0), true)
  breaker.failed(0)
  breaker.failed(10) // under way when it failed
  assert.deepEqual([breaker.take(999), breaker.take(1_000), breaker.take(1_001)], [false, true, false], 'one trial after the rest')
  breaker.failed(1_100)
  assert.deepEqual([breaker.take(3_099), breaker.take(3_100)], [false, true])
  breaker.failed(3_100)
  assert.deepEqual([breaker.take(6_099), breaker.take(6_100)], [false, true], 'never longer than the longest')
  assert.equal(breaker.take(7_100), true, 'a trial that came to nothing is followed by another')
  breaker.succeeded()
  assert.deepEqual([breaker.take(7_101), breaker.take(7_101)], [true, true])
})

class Ears implements AsrProvider {
  readonly name: string
  readonly capabilities: AsrProvider['capabilities']
  well = true
  opened = 0
  constructor(name: string, partials = true) {
    this.name = name
    this.capabilities = { partials, hotWords: true, understands: 'people' }
  }
  warmUp(): Promise<void> {
    return this.well ? Promise.resolve() : Promise.reject(broken(this.name))
  }
  open(options: AsrOptions) {
    this.opened += 1
    return { push: () => {}, endUtterance: () => options.onEvent(this.well ? { type: 'final', text: this.name, beginAtMs: 0, endAtMs: 1, confidence: 1 } : { type: 'failed', error: broken(this.name) }), [Symbol.dispose]: () => {} }
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}

void test('the first recogniser that is well hears; one that failed rests and is tried again', async () => {
  const [first, second] = [new Ears('first'), new Ears('second', false)]
  let now = 0
  const chain = new AsrChain([first, second], () => now)
  const hear = () => {
    const events: AsrEvent[] = []
    chain.open({ hotWords: [], phrases: [], onEvent: (event) => events.push(event) }).endUtterance()
    const [event] = events
    return event?.type === 'final' ? event.text : event?.type
  }
  assert.deepEqual(chain.capabilities, { partials: false, hotWords: true, understands: 'people' })
  assert.equal(hear(), 'first')
  first.well = false
  assert.deepEqual([hear(), hear(), hear()], ['failed', 'second', 'second'], 'the next stream comes from the next one')
  now = 5_000
  first.well = true
  assert.deepEqual([hear(), hear()], ['first', 'first'])
  first.well = second.well = false
  assert.deepEqual([hear(), hear(), hear()], ['failed', 'failed', 'failed'], 'with none left the attempt is still made')
  await assert.rejects(chain.warmUp(), /first/)
  second.well = true
  await chain.warmUp()
})

/** Says its name and the voice asked for as samples, or fails before or after them. */
function mouth(name: string, state: { fails: 'never' | 'before' | 'after'; retryable?: boolean }): TtsProvider & { voices: string[] } {
  return {
    name,
    voices: [],
    warmUp: async () => {},
    async *synthesize(_text, voice) {
      this.voices.push(voice.name)
      if (state.fails !== 'before') yield { type: 'audio', pcm: new Int16Array(name.length) } as const
      yield state.fails === 'never' ? ({ type: 'done' } as const) : ({ type: 'failed', error: broken(name, state.retryable ?? true) } as const)
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

async function said(events: AsyncIterable<TtsEvent>): Promise<string> {
  const seen: string[] = []
  for await (const event of events) seen.push(event.type === 'audio' ? String(event.pcm.length) : event.type)
  return seen.join(' ')
}

void test('a voice that cannot begin is replaced within the sentence, with the voice name of the other; one that breaks off is not', async () => {
  const state = { fails: 'before' as 'never' | 'before' | 'after' }
  const [one, three] = [mouth('a', state), mouth('abc', { fails: 'never' })]
  let now = 0
  const chain = new TtsChain([{ provider: one }, { provider: three, voiceName: 'f3' }], () => now)
  const speak = () => said(chain.synthesize('您好', { ...defaultVoice, name: 'longanyang' }, never))
  assert.equal(await speak(), '3 done')
  assert.deepEqual([one.voices, three.voices], [['longanyang'], ['f3']])
  assert.equal(await speak(), '3 done')
  assert.equal(one.voices.length, 1, 'it rests')
  now = 5_000
  state.fails = 'after'
  assert.equal(await speak(), '1 failed', 'a sentence is not said by two voices')
  now = 20_000
  state.fails = 'never'
  assert.equal(await speak(), '1 done')
})

void test('with no voice left the last failure is told', async () => {
  const chain = new TtsChain([{ provider: mouth('a', { fails: 'before' }) }, { provider: mouth('b', { fails: 'before', retryable: false }) }])
  assert.equal(await said(chain.synthesize('您好', defaultVoice, never)), 'failed')
  assert.equal(await said(chain.synthesize('您好', defaultVoice, never)), 'failed')
})

void test('a voice that says nothing is not waited for longer than a listener waits', async () => {
  const silent: TtsProvider = {
    name: 'silent',
    warmUp: async () => {},
    async *synthesize() {
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      yield { type: 'done' } as const
    },
    [Symbol.asyncDispose]: async () => {},
  }
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const chain = new TtsChain([{ provider: silent }, { provider: mouth('abc', { fails: 'never' }) }], () => 0)
    const speaking = said(chain.synthesize('您好', defaultVoice, never))
    for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve))
    mock.timers.tick(899)
    assert.equal(await Promise.race([speaking, new Promise((resolve) => setImmediate(resolve, 'waits'))]), 'waits')
    mock.timers.tick(1)
    assert.equal(await speaking, '3 done')
    assert.equal(await said(chain.synthesize('您好', defaultVoice, never)), '3 done', 'it rests')
  } finally {
    mock.timers.reset()
  }
})

void test('a voice that breaks off without a word is given up once its words have been heard, and rests', async () => {
  const stalls: TtsProvider = {
    name: 'stalls',
    warmUp: async () => {},
    async *synthesize() {
      yield { type: 'audio', pcm: new Int16Array(16_000) } as const
      await new Promise(() => {})
    },
    [Symbol.asyncDispose]: async () => {},
  }
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const chain = new TtsChain([{ provider: stalls }, { provider: mouth('abc', { fails: 'never' }) }], () => 0)
    const speaking = said(chain.synthesize('您好', defaultVoice, never))
    for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve))
    mock.timers.tick(2_999)
    assert.equal(await Promise.race([speaking, new Promise((resolve) => setImmediate(resolve, 'waits'))]), 'waits', 'two seconds are heard, and one of silence')
    mock.timers.tick(1)
    assert.equal(await speaking, '16000 failed')
    assert.equal(await said(chain.synthesize('您好', defaultVoice, never)), '3 done', 'said again, by another')
  } finally {
    mock.timers.reset()
  }
})

void test('a voice of last resort speaks when no other can, and does not hide at the start that none works', async () => {
  const down = { ...mouth('down', { fails: 'before' }), warmUp: () => Promise.reject(broken('down')) }
  const chain = new TtsChain([{ provider: down }, { provider: mouth('abc', { fails: 'never' }), lastResort: true }])
  assert.equal(chain.name, 'down')
  assert.equal(await said(chain.synthesize('您好', defaultVoice, never)), '3 done')
  await assert.rejects(chain.warmUp(), /down/)
})
