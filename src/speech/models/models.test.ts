// Holds that models come whole or not at all, whatever the server of the files does. The server is on loopback.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { log } from '../../log.ts'
import { fakeEngine, fakeModel, setFault } from '../sherpa/fake-engine.ts'
import { readModelFolder } from '../sherpa/model-folder.ts'
import { readCatalogue, type CatalogueModel } from './catalogue.ts'
import { checkModel } from './check.ts'
import { download, DownloadError } from './download.ts'
import { InstallError, installModel } from './install.ts'

log.level = 'silent'
const folder = mkdtempSync(path.join(tmpdir(), 'waihu-models-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const content = randomBytes(300_000)
const CUT_AT_BYTES = 100_000
const sha256 = createHash('sha256').update(content).digest('hex')
const limits = { retryMs: 5, idleMsMax: 300, triesMax: 3 }

/** How the server treats requests; the ranges that were asked for are kept. */
type Manner = 'well' | 'cut' | 'stall' | 'no-ranges' | 'gone' | 'moved' | 'changed' | 'broken-once' | 'always-cut' | 'shorter' | 'no-validator'
let manner: Manner = 'well'
let ranges: (string | undefined)[] = []
const served = { '/model.bin': content } as Record<string, Buffer>
function serve(request: IncomingMessage, response: ServerResponse): unknown {
  const body = served[request.url!.replace('/elsewhere', '')]
  const { range } = request.headers
  ranges.push(range)
  const nth = ranges.length
  if (manner === 'moved' && !request.url!.startsWith('/elsewhere')) return response.writeHead(302, { Location: `/elsewhere${request.url!}` }).end()
  if (manner === 'gone' || body === undefined) return response.writeHead(404).end('no')
  if (manner === 'broken-once' && nth === 1) return response.writeHead(503).end()
  const etag = manner === 'changed' ? `"v${nth}"` : '"v1"'
  const asked = manner !== 'no-ranges' && range !== undefined && request.headers['if-range'] === etag ? Number(/bytes=(\d+)-/.exec(range)![1]) : 0
  const rest = body.subarray(asked)
  const headers = { 'Content-Length': manner === 'shorter' ? rest.length - 1 : rest.length, ...(manner === 'no-validator' ? {} : { ETag: etag }), ...(asked > 0 ? { 'Content-Range': `bytes ${asked}-${body.length - 1}/${body.length}` } : {}) }
  response.writeHead(asked > 0 ? 206 : 200, headers)
  if (manner === 'shorter') return response.end(rest.subarray(1))
  const breaks = manner === 'always-cut' || (nth === 1 && (manner === 'cut' || manner === 'stall' || manner === 'no-ranges' || manner === 'changed' || manner === 'no-validator'))
  if (!breaks) return response.end(rest)
  if (manner === 'always-cut') return response.write('', () => setTimeout(() => response.destroy(), 20))
  response.write(rest.subarray(0, CUT_AT_BYTES))
  return manner === 'stall' || breakOffOnceRead(response, path.join(folder, `file-${downloads}.part`))
}

/** What still waits in the socket of a reader is lost with the connection. */
function breakOffOnceRead(response: ServerResponse, part: string): void {
  if (existsSync(part) && statSync(part).size >= CUT_AT_BYTES) response.destroy()
  else setTimeout(() => breakOffOnceRead(response, part), 5)
}
const server = createServer((request, response) => void serve(request, response))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** Number of the download that goes on. */
let downloads = 0
async function fetchAs(how: Manner, wanted: { bytes?: number; sha256?: string } = { sha256 }): Promise<{ dest: string; result: { sha256: string; bytes: number } | Error; ranges: (string | undefined)[] }> {
  manner = how
  ranges = []
  const dest = path.join(folder, `file-${(downloads += 1)}`)
  const result = await download({ url: `${base}/model.bin`, ...wanted }, dest, { limits }).catch((error: Error) => error)
  return { dest, result, ranges }
}

void test('a file comes whole, with its progress', async () => {
  manner = 'well'
  const seen: number[] = []
  const dest = path.join(folder, 'whole')
  assert.deepEqual(await download({ url: `${base}/model.bin`, bytes: content.length, sha256 }, dest, { onProgress: ({ doneBytes, totalBytes }) => seen.push(doneBytes / totalBytes!) }), { sha256, bytes: content.length })
  assert.deepEqual([seen[0], seen.at(-1)], [0, 1])
  assert.deepEqual(readFileSync(dest), content)
})

for (const [how, expected] of [
  ['cut', [undefined, 'bytes=100000-']],
  ['stall', [undefined, 'bytes=100000-']],
  ['no-ranges', [undefined, 'bytes=100000-']],
  ['changed', [undefined, 'bytes=100000-']],
  ['no-validator', [undefined, undefined]],
  ['broken-once', [undefined, undefined]],
  ['moved', [undefined, undefined]],
] as const) {
  void test(`a file is complete in the end when the server behaves so: ${how}`, async () => {
    const { dest, result, ranges } = await fetchAs(how)
    assert.deepEqual(result, { sha256, bytes: content.length })
    assert.deepEqual(readFileSync(dest), content)
    assert.deepEqual(ranges, expected)
    assert.ok(!existsSync(`${dest}.part`) && !existsSync(`${dest}.part.json`))
  })
}

void test('what broke off for good goes on in the next run', async () => {
  manner = 'stall'
  ranges = []
  const dest = path.join(folder, 'later')
  await assert.rejects(download({ url: `${base}/model.bin`, sha256 }, dest, { limits: { ...limits, triesMax: 1 } }), (error) => error instanceof DownloadError && /run it again/.test(error.message))
  assert.equal(readFileSync(`${dest}.part`).length, 100_000)
  await download({ url: `${base}/model.bin`, sha256 }, dest, { limits })
  assert.equal(ranges.at(-1), 'bytes=100000-')
})

void test('a file that is missing, wrong or never comes is told with what to do, and nothing wrong stays', async () => {
  for (const [how, wanted, told] of [
    ['gone', { sha256 }, /answered 404; try a mirror/],
    ['well', { sha256: 'a'.repeat(64) }, /not what the catalogue says and was removed/],
    ['well', { bytes: 5 }, /another size.*300000 bytes instead of 5/],
    ['always-cut', { sha256 }, /broke off/],
  ] as const) {
    const { dest, result } = await fetchAs(how, wanted)
    assert.ok(result instanceof DownloadError, how)
    assert.match(result.message, told)
    assert.ok(!existsSync(dest))
  }
})

void test('a download that is stopped stops at once', async () => {
  manner = 'stall'
  ranges = []
  const stop = new AbortController()
  const running = download({ url: `${base}/model.bin` }, path.join(folder, 'stopped'), { signal: stop.signal, limits: { ...limits, idleMsMax: 60_000 } })
  setTimeout(() => stop.abort(new Error('enough')), 50)
  await assert.rejects(running, /enough/)
})

/** An archive as the project's releases are: one folder with the model's files. */
function archive(name: string): Buffer {
  fakeModel(path.join(folder, 'made', name), 'sense-voice')
  rmSync(path.join(folder, 'made', name, 'waihu-model.json'))
  const file = path.join(folder, `${name}.tar.gz`)
  execFileSync('tar', ['-czf', file, '-C', path.join(folder, 'made'), name])
  return readFileSync(file)
}
const modelOf = (name: string, sum?: string): CatalogueModel => ({ name, kind: 'sense-voice', about: '', licence: 'MIT', files: [{ url: `${base}/${name}.tar.gz`, ...(sum === undefined ? {} : { sha256: sum }) }] })
const never = async (): Promise<boolean> => false

void test('a model is unpacked, looked through and moved to its place, and works', async () => {
  manner = 'well'
  const bytes = (served['/good.tar.gz'] = archive('good'))
  const dir = path.join(folder, 'models')
  const place = await installModel(modelOf('good', createHash('sha256').update(bytes).digest('hex')), { dir, trusts: never, limits })
  assert.deepEqual(readdirSync(dir).toSorted(), ['.download', 'good'])
  assert.deepEqual(readdirSync(path.join(dir, '.download')), [])
  const read = readModelFolder(place, 'asr')
  assert.ok(read.ok && read.model.kind === 'sense-voice')
  const checked = await checkModel(place, 'asr', { engine: fakeEngine })
  assert.ok(checked.ok && checked.share < 5, JSON.stringify(checked))
})

void test('a file without a known sum is installed only when somebody trusts it', async () => {
  manner = 'well'
  served['/unknown.tar.gz'] = archive('unknown')
  const dir = path.join(folder, 'asked')
  await assert.rejects(installModel(modelOf('unknown'), { dir, trusts: never, limits }), (error) => error instanceof InstallError && /not confirmed \(SHA-256 [0-9a-f]{64}\)/.test(error.message))
  assert.ok(!existsSync(path.join(dir, 'unknown')))
  ranges = []
  const asked: string[] = []
  await installModel(modelOf('unknown'), { dir, trusts: async ({ sha256 }) => asked.push(sha256) > 0, limits })
  assert.deepEqual([asked.length, ranges.length], [1, 0], 'what was downloaded is not downloaded again')
})

void test('what cannot be unpacked or is no model leaves the one before in its place', async () => {
  manner = 'well'
  const dir = path.join(folder, 'kept')
  served['/kept.tar.gz'] = archive('kept')
  await installModel(modelOf('kept'), { dir, trusts: async () => true, limits })
  for (const [bytes, told] of [[randomBytes(2_000), /could not be unpacked/], [archive('empty'), /no file for 'tokens'/]] as const) {
    if (told.source.includes('tokens')) {
      rmSync(path.join(folder, 'made', 'empty', 'tokens.txt'))
      execFileSync('tar', ['-czf', path.join(folder, 'empty.tar.gz'), '-C', path.join(folder, 'made'), 'empty'])
    }
    served['/kept.tar.gz'] = told.source.includes('tokens') ? readFileSync(path.join(folder, 'empty.tar.gz')) : bytes
    rmSync(path.join(dir, '.download'), { recursive: true, force: true })
    await assert.rejects(installModel(modelOf('kept'), { dir, trusts: async () => true, limits }), told)
    assert.ok(readModelFolder(path.join(dir, 'kept'), 'asr').ok)
  }
})

void test('a bad model is told by the check, which outlives it', async () => {
  const limits = { startMsMax: 20_000 }
  const bad = fakeModel(path.join(folder, 'bad'), 'silero-vad')
  assert.ok((await checkModel(bad, 'vad', { engine: fakeEngine, limits })).ok)
  for (const [fault, told] of [['abort-load', /damaged/], ['refuse-load', /refused/], ['abort', /damaged/]] as const) {
    setFault(bad, fault)
    const checked = await checkModel(bad, 'vad', { engine: fakeEngine, limits })
    assert.ok(!checked.ok)
    assert.match(checked.reason, told)
  }
  assert.match(JSON.stringify(await checkModel(path.join(folder, 'nowhere'), 'tts')), /waihu models download/)
})

void test('the engine itself ends on a damaged model of voice activity, and the check tells it', async (t) => {
  const dir = fakeModel(path.join(folder, 'damaged-vad'), 'silero-vad')
  writeFileSync(path.join(dir, 'silero_vad.onnx'), randomBytes(5_000))
  const checked = await checkModel(dir, 'vad')
  assert.ok(!checked.ok)
  if (/npm install/.test(checked.reason) && process.env['REQUIRE_INTEROP'] !== '1') return t.skip(checked.reason)
  assert.match(checked.reason, /damaged|refused/)
})

void test('the catalogue names each model once, with files of the project it says', () => {
  const models = readCatalogue()
  assert.ok(models.length >= 8)
  for (const { files, name } of models) for (const { url } of files) assert.match(url, /^https:\/\/github\.com\/k2-fsa\/sherpa-onnx\/releases\/download\//, name)
})
