// Templates and voice files over HTTP, on a real database and a real folder: what was set is what a client's call is made of, for its own account only.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AccessKeys } from '../account/access-keys.ts'
import { createAccount } from '../account/accounts.ts'
import { NonceBook } from '../account/nonce-book.ts'
import { TtsTemplates } from '../account/tts-templates.ts'
import { testDatabase } from '../db/testing.ts'
import { until } from '../dialer/testing.ts'
import { mp3Of } from '../media/mp3.test-data.ts'
import { SoundShelf } from '../media/sound-shelf.ts'
import { writeWav } from '../media/wav.ts'
import { SecretBox } from '../secret-box.ts'
import { VoiceFileDesk } from '../voice-file-desk.ts'
import { signedV3 } from './aliyun/testing.ts'
import { memoryAccounts, testApi } from './testing.ts'

const second = (rateHz: number): Buffer => Buffer.from(writeWav({ encoding: 'pcm16', sampleRateHz: rateHz }, [Int16Array.from({ length: rateHz }, (_, i) => (i % 100) * 50)]))
const mp3 = mp3Of('16 kHz')

async function world() {
  const stack = new AsyncDisposableStack()
  const { db } = stack.use(await testDatabase())
  const folder = await mkdtemp(path.join(tmpdir(), 'waihu-voices-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const [one, two] = [await createAccount(db, { name: 'one' }), await createAccount(db, { name: 'two' })]
  const ids = new Map([['sk_one', one.id], ['sk_two', two.id]])
  const keys = new AccessKeys(db, new SecretBox(Buffer.alloc(32, 7)))
  const key = await keys.create(one.id)
  const api = stack.use(await testApi({
    accounts: { ...memoryAccounts(), authenticate: async (given) => Promise.resolve(ids.has(given) ? { accountId: ids.get(given)!, admin: false } : undefined) },
    aliyun: { keys, nonces: new NonceBook(db), templates: new TtsTemplates(db), voiceFiles: new VoiceFileDesk(folder), sounds: new SoundShelf(folder) },
  }))
  type Method = 'GET' | 'PUT' | 'DELETE'
  const ask = async (method: Method, url: string, body?: object | Buffer, { as = 'sk_one', type = Buffer.isBuffer(body) ? 'audio/wav' : 'application/json' } = {}) => {
    const answer = await api.app.inject({ method, url: `/api/v1/account/${url}`, headers: { 'x-api-key': as, ...(body && { 'content-type': type }) }, ...(body && { payload: Buffer.isBuffer(body) ? body : JSON.stringify(body) }) })
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
  }
  const call = async (action: string, params: Record<string, string>) => {
    const { url, headers, body } = signedV3({ action, params: { CalledNumber: '13800138000', ...params }, key, nowMs: api.clock.nowMs() })
    return (await api.app.inject({ method: 'POST', url, headers: headers as Record<string, string>, payload: body })).json<{ Code: string }>().Code
  }
  return { api, folder, ask, call, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('a template is set, shown, spoken and removed, by its own account only', async () => {
  await using w = await world()
  const { ask, call } = w
  const speaks = (TtsParam = '{"name":"张总"}') => call('SingleCallByTts', { TtsCode: 'TTS_1', TtsParam })
  assert.deepEqual((await ask('GET', 'tts_templates')).body['tts_templates'], [])
  assert.equal(await speaks(), 'isv.TTS_TEMPLATE_ILLEGAL')
  const set = await ask('PUT', 'tts_templates/TTS_1', { text: ' ${name}您好，您的快递到了。 ', name: '快递' })
  const { created_at: at, ...shown } = set.body['tts_template'] as Record<string, string>
  assert.deepEqual([set.status, shown], [200, { code: 'TTS_1', name: '快递', text: '${name}您好，您的快递到了。', state: 'approved', says_synthetic: false }])
  assert.ok(!Number.isNaN(Date.parse(at!)))
  assert.deepEqual((await ask('GET', 'tts_templates')).body['tts_templates'], [set.body['tts_template']])
  assert.equal(await speaks(), 'OK')
  assert.equal(await speaks('{}'), 'isv.TEMPLATE_MISSING_PARAMETERS')
  assert.equal((await ask('PUT', 'tts_templates/TTS_1', { text: '好', state: 'pending' })).status, 200)
  assert.equal(await speaks(), 'isv.TTS_TEMPLATE_ILLEGAL')

  const refused: [string, object, number][] = [
    ['TTS_', { text: '好' }, 400], ['hello', { text: '好' }, 400], ['TTS_%27', { text: '好' }, 400], [`TTS_${'1'.repeat(33)}`, { text: '好' }, 400], ['TTS_2', {}, 400], ['TTS_2', { text: '' }, 400], ['TTS_2', { text: 7 }, 400],
    ['TTS_2', { text: '长'.repeat(1_001) }, 400], ['TTS_2', { text: '好\u0000' }, 400], ['TTS_2', { text: '好', state: 'maybe' }, 400], ['TTS_2', { text: '好', name: 'x'.repeat(101) }, 400], ['TTS_2', { text: '好', says_synthetic: 'no' }, 400],
  ]
  for (const [code, body, status] of refused) {
    const answer = await ask('PUT', `tts_templates/${code}`, body)
    assert.deepEqual([answer.status, answer.body['success'], typeof answer.body['message']], [status, false, 'string'], JSON.stringify([code, body]).slice(0, 100))
  }
  assert.deepEqual((await ask('GET', 'tts_templates', undefined, { as: 'sk_two' })).body['tts_templates'], [])
  assert.equal((await ask('DELETE', 'tts_templates/TTS_1', undefined, { as: 'sk_two' })).status, 404)
  assert.equal((await ask('GET', 'tts_templates', undefined, { as: 'sk_none' })).status, 401)
  assert.equal((await ask('DELETE', 'tts_templates/TTS_1')).status, 200)
  assert.equal((await ask('DELETE', 'tts_templates/TTS_1')).status, 404)
})

test('a voice file is uploaded, listed, played, replaced and removed, by its own account only', async () => {
  await using w = await world()
  const { ask, call } = w
  const plays = (VoiceCode = 'welcome.wav') => call('SingleCallByVoice', { VoiceCode })
  assert.deepEqual((await ask('GET', 'voice_files')).body['voice_files'], [])
  assert.equal(await plays(), 'isv.VOICE_FILE_ILLEGAL')
  const wav = second(16_000)
  assert.deepEqual((await ask('PUT', 'voice_files/welcome.wav', wav)).body, { success: true, code: 'welcome.wav', bytes: wav.length, duration_ms: 1_000 })
  assert.equal(await plays(), 'OK')
  assert.equal(await plays('welcome'), 'OK')
  // What is in it gives the ending, whatever the client calls it.
  const jingle = await ask('PUT', 'voice_files/jingle', mp3, { type: 'application/octet-stream' })
  assert.deepEqual([jingle.status, jingle.body['code']], [200, 'jingle.mp3'])
  assert.equal(await plays('jingle.mp3'), 'OK')
  const other = second(8_000)
  assert.equal((await ask('PUT', 'voice_files/welcome.wav', other)).status, 200)
  const listed = (await ask('GET', 'voice_files')).body['voice_files'] as { code: string; bytes: number }[]
  assert.deepEqual(listed.map(({ code, bytes }) => [code, bytes]), [['jingle.mp3', mp3.length], ['welcome.wav', other.length]])

  assert.deepEqual((await ask('GET', 'voice_files', undefined, { as: 'sk_two' })).body['voice_files'], [])
  assert.equal((await ask('DELETE', 'voice_files/welcome.wav', undefined, { as: 'sk_two' })).status, 404)
  assert.equal((await ask('DELETE', 'voice_files/welcome.wav')).status, 200)
  assert.equal((await ask('DELETE', 'voice_files/welcome.wav')).status, 404)
  assert.equal(await plays(), 'isv.VOICE_FILE_ILLEGAL')
})

test('what is no voice file is refused with what to do, and leaves nothing behind', async () => {
  await using w = await world()
  const { ask, folder } = w
  const wav = second(8_000)
  const refused: [string, Buffer, number, string, RegExp][] = [
    ['a', Buffer.from('no sound at all'), 400, 'audio/wav', /不是能播放的 WAV 或 MP3/],
    ['a', Buffer.alloc(0), 400, 'audio/wav', /./],
    ['a', wav.subarray(0, 30), 400, 'audio/wav', /./],
    ['a', Buffer.alloc((10 << 20) + 1), 400, 'audio/wav', /10 MB/],
    ['a', Buffer.from(writeWav({ encoding: 'alaw', sampleRateHz: 8_000 }, [new Int16Array(8_000 * 301)])), 400, 'audio/wav', /5 分钟/],
    ['a', wav, 415, 'text/html', /Content-Type/],
    ['a', wav, 415, 'application/json', /Content-Type/],
    ['..%2Fa', wav, 400, 'audio/wav', /编号/],
    ['a%00b', wav, 400, 'audio/wav', /编号/],
    ['-a', wav, 400, 'audio/wav', /编号/],
    ['x'.repeat(60), wav, 400, 'audio/wav', /编号/],
    ['a.exe', wav, 400, 'audio/wav', /编号/],
  ]
  for (const [code, bytes, status, type, message] of refused) {
    const answer = await ask('PUT', `voice_files/${code}`, bytes, { type })
    assert.deepEqual([answer.status, answer.body['success']], [status, false], `${code} ${type}: ${JSON.stringify(answer.body)}`)
    assert.match(String(answer.body['message']), message)
  }
  assert.equal((await ask('PUT', 'voice_files/a', wav, { as: 'sk_none' })).status, 401)
  assert.deepEqual(await readdir(folder), [])
  for (const code of ['..%2Fa', 'a', '.wav']) assert.equal((await ask('DELETE', `voice_files/${code}`)).status, 404, code)
  // A file where JSON is wanted is still no JSON.
  assert.equal((await ask('PUT', 'tts_templates/TTS_1', wav)).status, 415)
})

test('only a few files are received at a time, and who hangs up makes room', async () => {
  await using w = await world()
  const { port, hostname } = new URL(await w.api.listening())
  const wav = second(8_000)
  const begin = async () => {
    const request = httpRequest({ host: hostname, port, method: 'PUT', path: '/api/v1/account/voice_files/slow.wav', headers: { 'x-api-key': 'sk_one', 'content-type': 'audio/wav', 'content-length': wav.length } })
    request.on('error', () => undefined)
    await new Promise<void>((resolve) => request.write(wav.subarray(0, 1_000), () => resolve()))
    return request
  }
  const put = async (): Promise<number> => (await w.ask('PUT', 'voice_files/quick.wav', wav)).status
  let arrived = 0
  const all = new Promise<void>((resolve) => w.api.app.server.on('request', () => (arrived += 1) === 4 && resolve()))
  const slow = await Promise.all([begin(), begin(), begin(), begin()])
  await all
  assert.equal(await put(), 503)
  for (const request of slow) request.destroy()
  // Sockets are looked at between two turns of the loop only.
  await until('there is room', async () => (await sleep(10), (await put()) === 200))
})
