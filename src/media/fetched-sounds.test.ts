import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { InvalidInputError, ProviderError } from '../errors.ts'
import { FetchedSounds, type FetchedSoundsOptions } from './fetched-sounds.ts'
import { writeWav } from './wav.ts'

const pcm = Int16Array.from({ length: 800 }, (_, i) => i)
const wav = writeWav({ encoding: 'pcm16', sampleRateHz: 8_000 }, [pcm])

async function serving(t: TestContext, listener: RequestListener, options: Partial<FetchedSoundsOptions> = {}) {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url!)
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const base = `http://127.0.0.1:${port}`
  return { base, seen, sounds: new FetchedSounds({ privateAllowed: true, ...options }) }
}

test('a recording is fetched once for all who play it, and again when it is old', async (t) => {
  let nowMs = 0
  const { base, seen, sounds } = await serving(t, (_, response) => response.end(wav), { keepMs: 1_000, now: () => nowMs })
  const [first, second] = await Promise.all([sounds.read(`${base}/a.wav`), sounds.read(`${base}/a.wav`)])
  assert.deepEqual(first, pcm)
  assert.equal(first, second)
  nowMs = 999
  await sounds.read(`${base}/a.wav`)
  assert.equal(seen.length, 1)
  nowMs = 1_000
  await sounds.read(`${base}/a.wav`)
  assert.equal(seen.length, 2)
})

test('one that cannot be had is not asked for again at once', async (t) => {
  let nowMs = 0
  const { base, seen, sounds } = await serving(t, (_, response) => response.writeHead(404).end(), { failedKeepMs: 500, now: () => nowMs })
  for (const atMs of [0, 499, 500]) {
    nowMs = atMs
    await assert.rejects(sounds.read(`${base}/a.wav`), /HTTP 404/)
  }
  assert.equal(seen.length, 2)
})

test('least recently played first out', async (t) => {
  const { base, seen, sounds } = await serving(t, (_, response) => response.end(wav), { keptBytesMax: pcm.byteLength * 2 })
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await sounds.read(`${base}/${name}`)
  assert.deepEqual(seen, ['/a', '/b', '/c', '/b'])
})

test('what is too long, of another type, no sound, or breaks off is refused in words', async (t) => {
  const table: [name: string, listener: RequestListener, why: RegExp][] = [
    ['too long, told', (_, response) => response.writeHead(200, { 'content-length': 20_001 }).flushHeaders(), /longer than 20000 bytes/],
    ['too long, not told', (_, response) => { const more = () => { if (!response.destroyed) response.write(Buffer.alloc(5_000), more) }; more() }, /longer than 20000 bytes/],
    ['a page', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(wav), /text\/html is no recording/],
    ['noise', (_, response) => response.end('nothing that could be played'), /不是能播放的/],
    ['reset', (request) => request.socket.resetAndDestroy(), /ECONNRESET|hang up/],
    ['breaks off', (_, response) => { response.writeHead(200, { 'content-length': 100 }); response.write('x', () => response.destroy()) }, /aborted|ECONNRESET/],
    ['500', (_, response) => response.writeHead(500).end(), /HTTP 500/],
    ['leads nowhere', (_, response) => response.writeHead(302).end(), /HTTP 302/],
    ['leads in circles', (_, response) => response.writeHead(302, { location: '/again' }).end(), /too many redirects/],
    ['leads to a file', (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(), /不是 http/],
  ]
  for (const [name, listener, why] of table) {
    const { base, sounds } = await serving(t, listener, { bytesMax: 20_000 })
    await assert.rejects(sounds.read(`${base}/a.wav`), why, name)
  }
})

test('all of it has one deadline, redirects included', async (t) => {
  const trickle = Promise.withResolvers<void>()
  const { base, sounds } = await serving(t, (request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end()
    else response.writeHead(200, { 'content-length': 1_000 }).write('R', () => trickle.resolve())
  })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const read = sounds.read(`${base}/a`)
  await trickle.promise
  t.mock.timers.tick(3_000)
  await assert.rejects(read, (error) => error instanceof ProviderError && /not within 3000 ms/.test(error.message))
})

test('a redirect is followed', async (t) => {
  const { base, sounds } = await serving(t, (request, response) => (request.url === '/a' ? response.writeHead(302, { location: '/b' }).end() : response.end(wav)))
  assert.deepEqual(await sounds.read(`${base}/a`), pcm)
})

test('private addresses are not fetched from, by number or by name, and a redirect is no way in', async (t) => {
  const { base, seen } = await serving(t, (_, response) => response.end(wav))
  const sounds = new FetchedSounds()
  const { port } = new URL(base)
  for (const host of ['127.0.0.1', '127.1', '[::1]', '169.254.169.254', '10.0.0.1']) await assert.rejects(sounds.read(`http://${host}:${port}/a`), InvalidInputError, host)
  await assert.rejects(sounds.read(`http://localhost:${port}/a`), /private address/)
  for (const address of ['file:///etc/passwd', 'ftp://example.com/a.wav', 'http://user:password@example.com/a.wav', 'nonsense', '']) await assert.rejects(sounds.read(address), InvalidInputError, address)
  assert.deepEqual(seen, [])
})

test('no more than so many are fetched at once', async (t) => {
  const { base, sounds } = await serving(t, () => undefined, { fetchesMax: 2, msMax: 200 })
  const waiting = [sounds.read(`${base}/1`), sounds.read(`${base}/2`)]
  await assert.rejects(sounds.read(`${base}/3`), /too many/)
  for (const read of waiting) await assert.rejects(read, /not within/)
})
