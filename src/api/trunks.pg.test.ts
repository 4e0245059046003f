// Trunks, the do-not-call list and readings of words over HTTP, on a real database: rights, versions, secrets, and what calls make of it.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { sql } from 'kysely'
import { DoNotCallDesk } from '../dialer/do-not-call-desk.ts'
import { dialerWorld, isBusy, noonMs, realLine, trunkStore, type World } from '../dialer/testing.ts'
import { TrunkDesk } from '../dialer/trunk-desk.ts'
import { ReadingDesk } from '../reading-desk.ts'
import { headers, memoryAccounts, testApi, type TestApi } from './testing.ts'

const config = { targets: ['192.0.2.10'], callers: [{ number: '02160001000' }], registration: { username: 'u', password: 'pass-of-line' } }
type Answer = { status: number; body: Record<string, unknown>; etag: unknown }

async function stage(): Promise<{ api: TestApi; world: World; ask(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown, more?: Record<string, string>): Promise<Answer> } & AsyncDisposable> {
  const world = await dialerWorld({ lines: [{ ...realLine, exempt: { hours: true, frequency: true } }], terms: false, script: isBusy })
  const now = () => world.clock.nowMs
  const accounts = memoryAccounts()
  // The account of the world stands for the one of the keys.
  const authenticate = accounts.authenticate.bind(accounts)
  accounts.authenticate = async (key) => {
    const found = await authenticate(key)
    return found && (found.accountId === 'acc_one' ? { ...found, accountId: world.accountId } : found)
  }
  const api = await testApi({ accounts, trunks: new TrunkDesk(world.db, trunkStore(world.db), world.service.trunks, now), doNotCall: new DoNotCallDesk(world.db, now), readings: new ReadingDesk(world.db, now), calls: world.service })
  return {
    api,
    world,
    async ask(method, url, body, more = {}) {
      const answer = await api.app.inject({ method, url: `/api/v1/${url}`, headers: { ...headers, 'x-api-key': 'sk_admin', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more }, ...(body === undefined ? {} : { payload: JSON.stringify(body) }) })
      return { status: answer.statusCode, body: answer.json<Record<string, unknown>>(), etag: answer.headers['etag'] }
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

void test('a trunk is put, shown without its password, changed by version, and taken away; calls use it at once', async () => {
  await using s = await stage()
  const put = await s.ask('PUT', 'trunks/a', { config })
  assert.equal(put.status, 200, JSON.stringify(put.body))
  const trunk = put.body['trunk'] as { version: number; config: Record<string, unknown> }
  assert.equal(put.etag, `"${trunk.version}"`)
  assert.deepEqual(trunk.config['registration'], { username: 'u', password: '********', expiresSec: 3_600 })
  const placed = await s.api.post('initiate_call', { phones: '13800138000', user_requirement: '通知您开会', line: 'a', caller: '02160001000' })
  assert.equal(placed.status, 200, placed.text)
  const [id] = placed.json()['call_ids'] as string[]
  await s.world.ended(id!)
  assert.deepEqual(s.world.invited[0]!.attempts[0], { trunk: 'a', callerId: '02160001000' })

  const changed = await s.ask('PUT', 'trunks/a', { config: { ...trunk.config, weight: 5 }, version: trunk.version })
  assert.equal((changed.body['trunk'] as { config: { weight: number } }).config.weight, 5)
  assert.equal((await trunkStore(s.world.db).get('a')).config?.registration?.password, 'pass-of-line')
  for (const [version, more] of [[trunk.version, {}], [undefined, { 'if-match': `"${trunk.version}"` }], [undefined, {}]] as const) {
    const late = await s.ask('PUT', 'trunks/a', { config, version }, more)
    assert.deepEqual([late.status, late.body['code'], late.body['call_started']], [409, 'version-conflict', false])
  }
  assert.equal((await s.ask('DELETE', 'trunks/a', undefined, { 'if-match': `"${trunk.version}"` })).status, 409)
  const listed = await s.ask('GET', 'trunks')
  assert.doesNotMatch(JSON.stringify(listed.body), /pass-of/)
  const match = { 'if-match': String((await s.ask('GET', 'trunks/a')).etag) }
  assert.equal((await s.ask('DELETE', 'trunks/a', undefined, match)).status, 200)
  const gone = await s.ask('GET', 'trunks/a')
  assert.deepEqual([gone.status, gone.body['code']], [404, 'trunk-not-found'])
  assert.equal((await s.api.post('initiate_call', { phones: '13800138001', user_requirement: '通知您开会', line: 'a' })).status, 400)
})

void test('only an admin’s key may see or change trunks', async () => {
  await using s = await stage()
  for (const [method, url, body] of [['GET', 'trunks'], ['GET', 'trunks/a'], ['GET', 'trunks/a/state'], ['PUT', 'trunks/a', { config }], ['DELETE', 'trunks/a']] as const) {
    const refused = await s.ask(method, url, body, { 'x-api-key': 'sk_one' })
    assert.deepEqual([refused.status, refused.body['code']], [403, 'not-allowed'], `${method} ${url}`)
    assert.equal((await s.ask(method, url, body, { 'x-api-key': 'nobody' })).status, 401)
  }
  assert.deepEqual(await trunkStore(s.world.db).list(), [])
})

void test('what is wrong with a configuration is told field by field, and never with a password', async () => {
  await using s = await stage()
  const wrong = await s.ask('PUT', 'trunks/a', { config: { ...config, cps: 0, callers: [], registration: { username: 'a b', password: 'pass-of-line' } } })
  assert.deepEqual([wrong.status, wrong.body['code']], [400, 'invalid-input'])
  const values = (wrong.body['errors'] as { value: string }[]).map(({ value }) => value)
  for (const field of ['cps', 'callers', 'registration.username']) assert.ok(values.includes(field), `${field} in ${values.join()}`)
  assert.doesNotMatch(JSON.stringify(wrong.body), /pass-of/)
  for (const [url, body, more] of [['trunks/A', { config }], ['trunks/trunk', { config }], ['trunks/a', {}], ['trunks/a', { config: [] }], ['trunks/a', { config: 7 }], ['trunks/a', { config, version: 'x' }], ['trunks/a', { config }, { 'if-match': 'x' }]] as const) {
    const refused = await s.ask('PUT', url, body, more)
    assert.equal(refused.status, 400, `${url} ${JSON.stringify(body)} ${JSON.stringify(refused.body)}`)
  }
})

void test('the state of a trunk tells limits, numbers, back-off, suspicion and how each process reaches it', async () => {
  await using s = await stage()
  await s.ask('PUT', 'trunks/a', { config: { ...config, concurrencyMax: 7 } })
  await s.world.service.live.watch.renew()
  s.world.service.live.watch.report('a', { startedMs: noonMs, atMs: noonMs, status: 503, retryAfterMs: 30_000 })
  await s.world.service.live.watch.flush()
  const { status, body } = await s.ask('GET', 'trunks/a/state')
  assert.equal(status, 200, JSON.stringify(body))
  const { nodes, ...rest } = body
  assert.deepEqual(rest, {
    success: true, name: 'a', built_in: false, enabled: true, problem: null,
    blocked: 'backing-off', blocked_until: new Date(noonMs + 30_000).toISOString(),
    running: 0, concurrency_max: 7,
    callers: [{ number: '02160001000', running: 0, concurrency_max: null, last_used_at: null }],
    backing_off: { until: new Date(noonMs + 30_000).toISOString(), because: 'retry-after', steps: 0 },
    suspect: null, faults_in_row: 1,
    failures: [{ at: new Date(noonMs).toISOString(), status: 503, local: null, retry_after_ms: 30_000 }],
  })
  assert.deepEqual((nodes as { up: boolean }[]).map(({ up }) => up), [true])
  // Whoever changes it wants it tried afresh.
  const { version } = await trunkStore(s.world.db).get('a')
  await s.ask('PUT', 'trunks/a', { config, version })
  assert.equal((await s.ask('GET', 'trunks/a/state')).body['blocked'], null)
  assert.equal((await s.ask('GET', 'trunks/b/state')).status, 404)
})

void test('what keeps a call waiting for the trunks is told with the call', async () => {
  await using s = await stage()
  await s.ask('PUT', 'trunks/a', { config: { ...config, enabled: true } })
  await sql`insert into trunk_states (trunk, backing_off_until, backing_off_since) values ('a', ${new Date(noonMs + 30_000)}, ${new Date(noonMs)})`.execute(s.world.db.sql)
  const placed = await s.api.post('initiate_call', { phones: '13800138000', user_requirement: '通知您开会' })
  const [id] = placed.json()['call_ids'] as string[]
  await s.world.service.live.idle()
  const info = (await s.api.post('search_callinfo', { call_id: id })).json()
  assert.deepEqual([info['status'], info['waiting_for'], info['waiting_reason']], ['queued', 'line', 'backing-off'])
  assert.match(String((await s.api.post('explain', { call_id: id })).json()['text']), /退避/)
})

void test('numbers are put onto the do-not-call list and taken off; calls that wait are not dialled any more', async () => {
  await using s = await stage()
  const added = await s.ask('POST', 'do_not_call', { phones: '13800138000、0571-88888888', reason: '客户 "要求"' }, { 'x-api-key': 'sk_one' })
  assert.deepEqual([added.status, added.body['phones']], [200, ['+8613800138000', '+8657188888888']], JSON.stringify(added.body))
  const refused = await s.api.post('initiate_call', { phones: '13800138000', user_requirement: '通知您开会' })
  assert.deepEqual([refused.status, refused.json()['code']], [403, 'do-not-call'])
  const { body } = await s.ask('GET', 'do_not_call?phone=13800138000', undefined, { 'x-api-key': 'sk_one' })
  assert.deepEqual((body['entries'] as Record<string, unknown>[]).map(({ phone, scope, source, reason }) => ({ phone, scope, source, reason })), [{ phone: '+8613800138000', scope: 'account', source: 'account', reason: '客户 “要求”' }])
  // Another account sees nothing of it, and may not take it off.
  assert.deepEqual((await s.ask('GET', 'do_not_call', undefined, { 'x-api-key': 'sk_two' })).body['entries'], [])
  assert.equal((await s.ask('DELETE', 'do_not_call/13800138000', undefined, { 'x-api-key': 'sk_two' })).status, 404)
  assert.equal((await s.ask('DELETE', 'do_not_call/13800138000', undefined, { 'x-api-key': 'sk_one' })).status, 200)
  assert.equal((await s.ask('DELETE', 'do_not_call/13800138000', undefined, { 'x-api-key': 'sk_one' })).status, 404)
  assert.equal((await sql<{ by: string }>`select removed_by as by from do_not_call where phone = '+8613800138000'`.execute(s.world.db.sql)).rows[0]!.by, s.world.accountId)
})

void test('the list for everybody is an admin’s, holds for all accounts, and does not tell why', async () => {
  await using s = await stage()
  for (const key of ['sk_one', 'sk_two']) assert.equal((await s.ask('POST', 'do_not_call', { phones: '13800138000', scope: 'everybody' }, { 'x-api-key': key })).status, 403)
  assert.equal((await s.ask('POST', 'do_not_call', { phones: '13800138000', scope: 'everybody', reason: '投诉' })).status, 200)
  const { body } = await s.ask('GET', 'do_not_call', undefined, { 'x-api-key': 'sk_two' })
  assert.deepEqual((body['entries'] as Record<string, unknown>[]).map(({ scope, reason }) => [scope, reason]), [['everybody', '']])
  assert.equal((await s.ask('DELETE', 'do_not_call/13800138000', undefined, { 'x-api-key': 'sk_one' })).status, 404, 'it is not on the account’s own list')
  assert.equal((await s.ask('DELETE', 'do_not_call/13800138000?scope=everybody', undefined, { 'x-api-key': 'sk_one' })).status, 403)
  assert.equal((await s.ask('DELETE', 'do_not_call/13800138000?scope=everybody')).status, 200)
})

void test('wrong numbers, times and pages are refused, all or nothing; an entry ends when it expires', async () => {
  await using s = await stage()
  for (const body of [{}, { phones: '' }, { phones: '13800138000,12x' }, { phones: '110' }, { phones: 7 }, { phones: '13800138000', expires_at: 'soon' }, { phones: '13800138000', expires_at: '2020-01-01T00:00:00Z' }, { phones: '13800138000', scope: 'all' }, { phones: '13800138000', reason: '长'.repeat(201) }]) {
    assert.equal((await s.ask('POST', 'do_not_call', body)).status, 400, JSON.stringify(body))
  }
  for (const query of ['phone=12x', 'limit=0', 'limit=501', 'before=x']) assert.equal((await s.ask('GET', `do_not_call?${query}`)).status, 400, query)
  assert.deepEqual((await s.ask('GET', 'do_not_call')).body['entries'], [])
  await s.ask('POST', 'do_not_call', { phones: '13800138000', expires_at: new Date(noonMs + 1_000).toISOString() })
  s.world.clock.nowMs += 1_000
  assert.deepEqual((await s.ask('GET', 'do_not_call')).body['entries'], [])
  await s.ask('POST', 'do_not_call', { phones: '13800138001,13800138002,13800138003' })
  const first = (await s.ask('GET', 'do_not_call?limit=2')).body['entries'] as { id: number; phone: string }[]
  const second = (await s.ask('GET', `do_not_call?limit=2&before=${first[1]!.id}`)).body['entries'] as { phone: string }[]
  assert.deepEqual([...first, ...second].map(({ phone }) => phone.slice(-1)), ['3', '2', '1'])
})

void test('the SIP messages of a call are given to whoever may hear it, in both forms', async () => {
  const traces = await mkdtemp(path.join(tmpdir(), 'waihu-traces-'))
  try {
    await using api = await testApi({ traces })
    await api.post('initiate_call', { phones: '13800138000', user_requirement: '通知您开会' })
    const get = (url: string, key = 'sk_one') => api.app.inject({ url: `/api/v1/callinfo/trace/${url}`, headers: { 'x-api-key': key } })
    const missing = await get('call_1')
    assert.deepEqual([missing.statusCode, missing.json<{ code: string }>().code], [404, 'trace-not-found'])
    await writeFile(path.join(traces, 'call_1.txt'), 'INVITE ──▶')
    await writeFile(path.join(traces, 'call_1.pcap'), Buffer.from([0xd4, 0xc3, 0xb2, 0xa1]))
    const [text, pcap] = [await get('call_1'), await get('call_1?format=pcap')]
    assert.deepEqual([text.body, text.headers['content-type']], ['INVITE ──▶', 'text/plain; charset=utf-8'])
    assert.deepEqual([...pcap.rawPayload], [0xd4, 0xc3, 0xb2, 0xa1])
    assert.match(String(pcap.headers['content-disposition']), /attachment; filename="call_1.pcap"/)
    for (const [url, key, status] of [['call_1', 'sk_two', 404], ['call_1', 'nobody', 401], ['call_1?format=json', 'sk_one', 400], ['..%2fcall_1', 'sk_one', 400], ['call_2', 'sk_one', 404], ['call_1?token=x', 'sk_one', 403]] as const) assert.equal((await get(url, key)).statusCode, status, url)
  } finally {
    await rm(traces, { recursive: true, force: true })
  }
})

void test('the reading of a word is set, tried, shown and taken away by the account whose calls speak by it', async () => {
  await using s = await stage()
  const one = { 'x-api-key': 'sk_one' }
  const set = await s.ask('POST', 'readings', { word: ' 乐天 ', pinyin: 'yuè tiān' }, one)
  assert.deepEqual([set.status, set.body], [200, { success: true, word: '乐天', pinyin: 'yue4 tian1', say: null }])
  const preview = await s.ask('GET', `readings/preview?text=${encodeURIComponent('明天9点到乐天')}`, undefined, one)
  assert.deepEqual(preview.body, { success: true, spoken: '明天九点到乐天', pinyin: 'ming2 tian1 jiu3 dian3 dao4 yue4 tian1' })
  assert.match(String((await s.ask('GET', `readings/preview?text=${encodeURIComponent('乐天')}`, undefined, { 'x-api-key': 'sk_two' })).body['pinyin']), /^le4/)
  assert.deepEqual((await s.ask('GET', 'readings', undefined, { 'x-api-key': 'sk_two' })).body['readings'], [])
  for (const [body, message] of [[{ word: '乐天', pinyin: 'yue4' }, /2 个字.*1 个音节/], [{ word: '乐天' }, /填且只填一个/], [{ word: '。', say: 'x' }, /词语/]] as const) {
    const refused = await s.ask('POST', 'readings', body, one)
    assert.equal(refused.status, 400)
    assert.match(String(refused.body['message']), message)
  }
  assert.equal((await s.ask('POST', 'readings', { word: '3M', say: '三M', scope: 'everybody' }, one)).status, 403)
  assert.equal((await s.ask('POST', 'readings', { word: '3M', say: '三M', scope: 'everybody' })).status, 200)
  assert.deepEqual(((await s.ask('GET', 'readings', undefined, one)).body['readings'] as { word: string }[]).map(({ word }) => word), ['3M', '乐天'])
  assert.equal((await s.ask('DELETE', `readings/${encodeURIComponent('乐天')}`, undefined, one)).status, 200)
  assert.equal((await s.ask('DELETE', `readings/${encodeURIComponent('乐天')}`, undefined, one)).status, 404)
})
