// Trunks set up while the program runs: the next call goes over them, from one to the next when one dies, and what was sent can be read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FarEnd } from './world/far-end.ts'
import { Platform } from './world/platform.ts'

const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'

test('a trunk that is added at run time carries the next call; when it dies, calls go on over the other one', { timeout: 180_000 }, async () => {
  await using stack = new AsyncDisposableStack()
  const first = await FarEnd.start(() => 'answers')
  const closeFirst = stack.use({ closed: false, async [Symbol.asyncDispose]() {
    if (!this.closed) await first[Symbol.asyncDispose]()
    this.closed = true
  } })
  const second = stack.use(await FarEnd.start(() => 'answers'))
  const platform = stack.use(await Platform.start({ ALLOW_DEMO_ASR: 'on', TEST_NUMBERS: '13800138000,13900139000', SIMULATOR_LOAD: 'on', TALK_MS_MAX: '2000' }))
  const headers = { 'X-API-Key': platform.app.demo!.apiKey }
  const url = (path: string): string => `${platform.app.baseUrl}/api/v1/${path}`
  const put = async (name: string, config: object): Promise<number> =>
    (await fetch(url(`trunks/${name}`), { method: 'PUT', headers: { ...headers, 'Content-Type': 'application/json' }, body: JSON.stringify({ config }) })).status

  // Nobody has set anything up: the simulated carrier takes the call, as for every newcomer.
  assert.equal((await platform.call('13800138001', REQUIREMENT))['outcome'], 'busy')
  const common = { healthCheckSec: 0, trace: true }
  assert.equal(await put('main', { ...common, targets: [`127.0.0.1:${first.port}`], priority: 1, callers: [{ number: '02160001111' }] }), 200)
  assert.equal(await put('reserve', { ...common, targets: [`127.0.0.1:${second.port}`], priority: 2, callers: [{ number: '02160002222' }] }), 200)
  const one = await platform.call('13900139000', REQUIREMENT)
  assert.equal(one['outcome'], 'answered', JSON.stringify(one))
  assert.deepEqual([[...first.calls.keys()], second.calls.size], [['13900139000'], 0])

  const ladder = await (await fetch(url(`callinfo/trace/${String(one['call_id'])}`), { headers })).text()
  for (const part of ['INVITE', `:${first.port}`, '02160001111']) assert.ok(ladder.includes(part), `${part} in\n${ladder}`)
  const pcap = Buffer.from(await (await fetch(url(`callinfo/trace/${String(one['call_id'])}?format=pcap`), { headers })).arrayBuffer())
  assert.equal(pcap.readUInt32BE(0), 0xa1b2c3d4, 'a capture file')

  await closeFirst[Symbol.asyncDispose]()
  const two = await platform.call('13800138000', REQUIREMENT)
  assert.equal(two['outcome'], 'answered', JSON.stringify(two))
  const attempts = (await platform.app.calls.events(platform.app.demo!.accountId, String(two['call_id']))).flatMap(({ event }) => (event.type === 'dialing' ? [`${event.attempt} ${event.line}`] : []))
  assert.deepEqual(attempts, ['1 main', '2 reserve'])
  assert.deepEqual([...second.calls.keys()], ['13800138000'])
  const state = (await (await fetch(url('trunks/main/state'), { headers })).json()) as { failures: unknown[]; faults_in_row: number }
  assert.deepEqual([state.failures.length, state.faults_in_row], [1, 1], JSON.stringify(state))
  const metrics = await (await fetch(`${platform.app.baseUrl}/metrics`)).text()
  for (const line of ['waihu_trunk_calls_total{trunk="reserve",outcome="answered"} 1', 'waihu_trunk_failed_attempts_total{trunk="main"} 1', 'waihu_trunk_up{trunk="reserve"} 1']) assert.ok(metrics.includes(line), line)
})
