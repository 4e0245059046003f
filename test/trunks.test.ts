// Trunks set up while the program runs: the next call goes over them, from one to the next when one dies, and what was sent can be read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { log } from '../src/log.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { FarEnd } from './world/far-end.ts'
import { Platform } from './world/platform.ts'
import { freePort } from './world/free-port.ts'

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

test('a gateway that registers to us takes calls from that moment on; before it the call waits and says why', { timeout: 180_000 }, async () => {
  await using stack = new AsyncDisposableStack()
  const sipPort = await freePort()
  const platform = stack.use(await Platform.start({ ALLOW_DEMO_ASR: 'on', TEST_NUMBERS: '13800138000', SIMULATOR_LOAD: 'on', SIP_PORT: String(sipPort) }))
  const headers = { 'X-API-Key': platform.app.demo!.apiKey, 'Content-Type': 'application/json' }
  const config = { targets: ['registered'], gateway: { username: 'goip1', password: 'gateway pass' }, callers: [{ number: '13700000000' }], concurrencyMax: 1 }
  assert.equal((await fetch(`${platform.app.baseUrl}/api/v1/trunks/goip`, { method: 'PUT', headers, body: JSON.stringify({ config }) })).status, 200)
  const [id] = await platform.place('13800138000', REQUIREMENT)
  assert.equal((await platform.post('search_callinfo', { call_id: id })).body['waiting_reason'], 'down')

  const seen: string[] = []
  const gateway = stack.use(await SipUserAgent.open({ address: '127.0.0.1', port: 0, userAgent: 'goip', log, onCall: (call) => {
    seen.push(call.requestUri)
    call.reject(486)
  } }))
  const registered = Promise.withResolvers<void>()
  const registration = gateway.register({ registrar: { address: '127.0.0.1', port: sipPort }, aor: 'sip:goip1@127.0.0.1', credentials: { username: 'goip1', password: 'gateway pass' }, onState: ({ kind }) => kind === 'registered' && registered.resolve() })
  await registered.promise
  const info = await platform.ended(id!)
  assert.deepEqual([info['outcome'], info['line'], info['caller']], ['busy', 'goip', '13700000000'], JSON.stringify(info['provider_response']))
  assert.equal(seen.length, 1)
  assert.match(seen[0]!, /13800138000@/)
  await registration.close()
})
