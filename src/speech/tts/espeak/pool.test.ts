import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { ProviderError } from '../../../errors.ts'
import { defaultVoice, type TtsEvent } from '../provider.ts'
import { EspeakPool, type PoolOptions, type SpeakOrder } from './pool.ts'
import { createEspeak } from './provider.ts'

const wasmIsInstalled = ((): boolean => {
  try {
    import.meta.resolve('@echogarden/espeak-ng-emscripten')
    return true
  } catch {
    return false
  }
})()
const required = process.env['REQUIRE_INTEROP'] === '1'
const needsWasm = { skip: !wasmIsInstalled && !required }
const needsProgram = { skip: spawnSync('espeak-ng', ['--version']).status !== 0 && !required }

function order(text: string, more: Partial<SpeakOrder> = {}): SpeakOrder {
  return { voice: '', rateWpm: 240, gain: 1, parts: text.split(',').map((part) => ({ language: 'pinyin', text: part.trim(), pauseMs: 100 })), ...more }
}
const hello = order('nin2 hao3, wo3 shi4 yu3 yin1 zhu4 shou3')
const never = new AbortController().signal

async function hear(events: AsyncIterable<TtsEvent>): Promise<{ pcm: Int16Array; error: Error | undefined }> {
  const samples: number[] = []
  let error: Error | undefined
  for await (const event of events) {
    if (event.type === 'audio') for (const sample of event.pcm) samples.push(sample)
    if (event.type === 'failed') error = event.error
  }
  return { pcm: Int16Array.from(samples), error }
}

/** Polls a condition that another process brings about. */
async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return
    await delay(20)
  }
  assert.fail(`never: ${what}`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function startedPool(options: Partial<PoolOptions> = {}): Promise<EspeakPool> {
  const pool = new EspeakPool({ children: 1, restartMsMin: 10, restartMsMax: 100, ...options })
  await pool.start()
  return pool
}

void test('speaks telephone audio that is loud, not clipped and without silence at the ends', needsWasm, async () => {
  await using pool = await startedPool()
  for (const voice of ['', 'f1', 'm8', 'klatt2']) {
    const { pcm, error } = await hear(pool.speak({ ...hello, voice }, never))
    assert.equal(error, undefined)
    const seconds = pcm.length / 8_000
    assert.ok(seconds > 1.2 && seconds < 3, `${voice}: ${seconds} s`)
    const peak = pcm.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0)
    assert.ok(peak > 15_000 && peak <= 29_206, `${voice}: peak ${peak}`)
    const audible = (sample: number): boolean => Math.abs(sample) > 400
    assert.ok(pcm.findIndex(audible) <= 200, `${voice}: silence before`)
    assert.ok(pcm.length - pcm.findLastIndex(audible) <= 200, `${voice}: silence after`)
  }
})

void test('scales with the gain, down to silence', needsWasm, async () => {
  await using pool = await startedPool()
  const rms = (pcm: Int16Array): number => Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length)
  const [full, half, none] = await Promise.all([1, 0.5, 0].map(async (gain) => (await hear(pool.speak({ ...hello, gain }, never))).pcm))
  assert.ok(rms(half!) / rms(full!) > 0.4 && rms(half!) / rms(full!) < 0.6)
  assert.ok(none!.every((sample) => sample === 0))
  assert.ok(Math.abs(none!.length - full!.length) < 80)
})

void test('speaks faster at a higher rate', needsWasm, async () => {
  await using pool = await startedPool()
  const slow = await hear(pool.speak({ ...hello, rateWpm: 120 }, never))
  const fast = await hear(pool.speak({ ...hello, rateWpm: 450 }, never))
  assert.ok(slow.pcm.length > 2.5 * fast.pcm.length)
})

void test('makes the pauses that were asked for between parts and none at the end', needsWasm, async () => {
  await using pool = await startedPool()
  const part = (pauseMs: number): SpeakOrder => ({ ...hello, parts: [{ language: 'pinyin', text: 'ma1', pauseMs }, { language: 'pinyin', text: 'ma1', pauseMs }] })
  const [short, long] = [await hear(pool.speak(part(0), never)), await hear(pool.speak(part(1_000), never))]
  assert.ok(Math.abs(long.pcm.length - short.pcm.length - 8_000) < 80)
})

void test('keeps each of many requests at once in order and apart', needsWasm, async () => {
  await using pool = await startedPool({ children: 2 })
  const alone = new Map<string, number>()
  const texts = ['yi1', 'yi1 er4 san1 si4, wu3 liu4', Array.from({ length: 30 }, () => 'ba1').join(' ')]
  for (const text of texts) alone.set(text, (await hear(pool.speak(order(text), never))).pcm.length)
  await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const text = texts[i % texts.length]!
      const { pcm, error } = await hear(pool.speak(order(text), never))
      assert.equal(error, undefined)
      assert.ok(Math.abs(pcm.length - alone.get(text)!) < 160, text)
    }),
  )
})

void test('does not hold up a short request behind a long one', needsWasm, async () => {
  await using pool = await startedPool()
  await hear(pool.speak(hello, never))
  const ended: string[] = []
  const long = hear(pool.speak(order(Array.from({ length: 60 }, () => 'zhong1 guo2 ren2 min2 yin2 hang2').join(',')), never)).then(() => ended.push('long'))
  const short = hear(pool.speak(order('hao3'), never)).then(() => ended.push('short'))
  await Promise.all([long, short])
  assert.deepEqual(ended, ['short', 'long'])
})

void test('ends at once with done when aborted, and the child goes on with others', needsWasm, async () => {
  await using pool = await startedPool()
  const aborting = new AbortController()
  const long = order(Array.from({ length: 200 }, () => 'zhong1 guo2 ren2 min2 yin2 hang2').join(','))
  let samples = 0
  const types: string[] = []
  for await (const event of pool.speak(long, aborting.signal)) {
    types.push(event.type)
    if (event.type === 'audio') samples += event.pcm.length
    if (event.type === 'audio') aborting.abort()
  }
  assert.deepEqual(types, ['audio', 'done'])
  assert.ok(samples < 8_000)
  const next = await hear(pool.speak(hello, never))
  assert.equal(next.error, undefined)
})

void test('delivers nothing when the signal is aborted before', needsWasm, async () => {
  await using pool = await startedPool()
  assert.deepEqual(await hear(pool.speak(hello, AbortSignal.abort())), { pcm: new Int16Array(0), error: undefined })
})

void test('takes back a request whose reader left', needsWasm, async () => {
  await using pool = await startedPool({ perChildMax: 1 })
  for (let i = 0; i < 5; i += 1) {
    for await (const event of pool.speak(hello, never)) {
      assert.equal(event.type, 'audio')
      break
    }
  }
  assert.equal((await hear(pool.speak(hello, never))).error, undefined)
})

void test('fails the request of a child that dies, retryable, and replaces the child', needsWasm, async () => {
  await using pool = await startedPool()
  const [pid] = pool.pids
  const hearing = hear(pool.speak(order(Array.from({ length: 300 }, () => 'zhong1 guo2 ren2 min2').join(',')), never))
  process.kill(pid!, 'SIGKILL')
  const { error } = await hearing
  assert.ok(error instanceof ProviderError && error.retryable, String(error))
  // The next request waits for the new child instead of failing.
  assert.equal((await hear(pool.speak(hello, never))).error, undefined)
  assert.notEqual(pool.pids[0], pid)
})

void test('is ready although children die while they load and practise', needsWasm, async () => {
  await using voice = createEspeak({ children: 2, restartMsMin: 50, practiceAfterMs: 0 })
  const ready = voice.warmUp()
  await eventually('both children are loaded and practise', () => voice.childPids.length === 2)
  for (const afterMs of [0, 150, 150, 150]) {
    await delay(afterMs)
    const [pid] = voice.childPids
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }
  await ready
  assert.equal((await hear(voice.synthesize('您好', defaultVoice, never))).error, undefined)
})

void test('goes on speaking on the other child while one is replaced', needsWasm, async () => {
  await using pool = await startedPool({ children: 2, restartMsMin: 60_000, restartMsMax: 60_000 })
  process.kill(pool.pids[0]!, 'SIGKILL')
  await eventually('one child left', () => pool.pids.length === 1)
  assert.equal((await hear(pool.speak(hello, never))).error, undefined)
})

void test('fails a request that takes too long and ends the child that hangs', { ...needsWasm, skip: needsWasm.skip || process.platform === 'win32' }, async () => {
  await using pool = await startedPool({ requestMsMax: 400 })
  const [pid] = pool.pids
  process.kill(pid!, 'SIGSTOP')
  const { error } = await hear(pool.speak(hello, never))
  assert.ok(error instanceof ProviderError && error.retryable && error.message.includes('400 ms'), String(error))
  await eventually('the child that hangs is gone', () => !pool.pids.includes(pid!))
})

void test('refuses when too many requests wait', needsWasm, async () => {
  await using pool = await startedPool({ perChildMax: 1, waitingMax: 2 })
  const results = await Promise.all(Array.from({ length: 6 }, () => hear(pool.speak(hello, never))))
  const refused = results.filter(({ error }) => error !== undefined)
  assert.equal(refused.length, 3)
  assert.ok(refused.every(({ error }) => error instanceof ProviderError && error.retryable))
})

void test('fails what is open when it is closed, refuses afterwards, and leaves no process', needsWasm, async () => {
  const pool = await startedPool({ children: 2 })
  const { pids } = pool
  const open = hear(pool.speak(order(Array.from({ length: 300 }, () => 'zhong1 guo2 ren2 min2').join(',')), never))
  await pool[Symbol.asyncDispose]()
  await pool[Symbol.asyncDispose]()
  const closed = (await open).error
  assert.ok(closed instanceof ProviderError && !closed.retryable)
  assert.ok((await hear(pool.speak(hello, never))).error instanceof ProviderError)
  assert.ok(pids.length === 2 && pids.every((pid) => !isAlive(pid)))
})

void test('leaves no process behind when the server is killed', needsWasm, async () => {
  const poolUrl = new URL('pool.ts', import.meta.url).href
  const script = `import { EspeakPool } from ${JSON.stringify(poolUrl)}
    const pool = new EspeakPool({ children: 2 })
    await pool.start()
    console.log(pool.pids.join(' '))
    setInterval(() => {}, 1000)`
  const server = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(server.stdout, 'data')) as [Buffer]
  const pids = line.toString().trim().split(' ').map(Number)
  assert.equal(pids.filter(isAlive).length, 2)
  server.kill('SIGKILL')
  await eventually('both children are gone', () => !pids.some(isAlive))
})

void test('does not keep a process running that has nothing else to do', needsWasm, async () => {
  const poolUrl = new URL('pool.ts', import.meta.url).href
  const script = `import { EspeakPool } from ${JSON.stringify(poolUrl)}
    const pool = new EspeakPool({ children: 1 })
    await pool.start()`
  const server = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  const [code] = (await once(server, 'exit')) as [number | null]
  assert.equal(code, 0)
})

void test('waits for children that must be killed, although nothing else keeps the process', { ...needsWasm, skip: needsWasm.skip || process.platform === 'win32' }, async () => {
  const poolUrl = new URL('pool.ts', import.meta.url).href
  const script = `import { EspeakPool } from ${JSON.stringify(poolUrl)}
    const pool = new EspeakPool({ children: 2, closeMsMax: 50 })
    await pool.start()
    for (const pid of pool.pids) process.kill(pid, 'SIGSTOP')
    await pool[Symbol.asyncDispose]()
    console.log('closed')`
  const server = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const words = server.stdout.setEncoding('utf8').toArray()
  // 13: the event loop had nothing left while the end was still awaited.
  assert.deepEqual([...(await once(server, 'exit')) as [number | null], (await words).join('')], [0, null, 'closed\n'])
})

void test('speaks with the program when only that may be used', needsProgram, async () => {
  await using pool = await startedPool({ engine: 'program' })
  const { pcm, error } = await hear(pool.speak(hello, never))
  assert.equal(error, undefined)
  assert.ok(pcm.length > 8_000)
})

void test('says what to install when there is no eSpeak, and does not keep requests waiting', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = '/nowhere'
  try {
    await using pool = new EspeakPool({ children: 1, engine: 'program', restartMsMin: 60_000, restartMsMax: 60_000 })
    await assert.rejects(pool.start(), (error) => error instanceof ProviderError && !error.retryable && error.message.includes('install'))
    const { error } = await hear(pool.speak(hello, never))
    assert.ok(error instanceof ProviderError && !error.retryable)
  } finally {
    process.env['PATH'] = path
  }
})

void test('never loads eSpeak into the server process', async () => {
  // The child program and what it alone imports may name the package; no module that the server loads may.
  const served = ['provider.ts', 'pool.ts', 'protocol.ts', 'spelling.ts', 'voices.ts'].map((name) => fileURLToPath(new URL(name, import.meta.url)))
  const { readFile } = await import('node:fs/promises')
  for (const file of served) assert.doesNotMatch(await readFile(file, 'utf8'), /from '(?:@echogarden|\.\/synthesizer|\.\/child)/, file)
})
