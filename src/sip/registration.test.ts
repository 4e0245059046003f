// Registrations against a registrar played by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { here, log, there } from './fake-call.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { ReceivedRequest } from './message.ts'
import { backOffMs, type RegisterOptions, type RegistrationState } from './registration.ts'
import { SipUserAgent } from './user-agent.ts'

async function stage(onRequest: (request: ReceivedRequest, peer: FakePeer) => void, options: Partial<RegisterOptions> = {}) {
  const network = new FakeNetwork()
  const peer = await FakePeer.open(network, there, here)
  peer.onRequest = (request) => onRequest(request, peer)
  const agent = await SipUserAgent.open({ ...here, log, clock: network.clock, openTransport: network.open(here.address, here.port) })
  const states: RegistrationState[] = []
  const registration = agent.register({ registrar: there, aor: 'sip:1001@carrier.example', onState: (state) => states.push(state), ...options })
  return { peer, agent, states, registration, wait: (ms: number) => network.clock.advance(ms) }
}

const grant = (seconds: number) => (request: ReceivedRequest, peer: FakePeer): void =>
  peer.reply(request, 200, { headers: [['Contact', '<sip:1001@10.9.9.9>;expires=7'], ['Contact', `${request.headers.get('Contact')};expires=${seconds}`]] })

void test('a registration asks for an hour, takes what it gets, and is refreshed at four fifths of it', async () => {
  const { peer, states, wait } = await stage(grant(60))
  await wait(5)
  const [first] = peer.got('REGISTER')
  assert.equal(first?.uri, 'sip:carrier.example')
  assert.equal(first?.headers.get('Contact'), '<sip:1001@10.0.0.1:5060>')
  assert.equal(first?.headers.get('Expires'), '3600')
  assert.deepEqual(states, [{ kind: 'registered', expiresSeconds: 60 }])
  await wait(47_900)
  assert.equal(peer.got('REGISTER').length, 1)
  await wait(200)
  const second = peer.got('REGISTER')[1]!
  assert.equal(second.envelope.cseq, 2)
  assert.equal(second.envelope.callId, first?.envelope.callId)
})

void test('a challenge is answered, and the nonce serves the next refresh', async () => {
  const { peer, states, wait } = await stage(
    (request, peer) => {
      if (request.headers.get('Authorization') === undefined) peer.reply(request, 401, { headers: [['WWW-Authenticate', 'Digest realm="carrier", nonce="n", qop="auth"']] })
      else grant(60)(request, peer)
    },
    { credentials: { username: '1001', password: 'secret' } },
  )
  await wait(50_000)
  assert.equal(states.length, 2)
  assert.equal(peer.got('REGISTER').length, 3)
  assert.match(peer.got('REGISTER')[2]!.headers.get('Authorization')!, /nc=00000002/)
})

void test('a wrong password is not tried in a row', async () => {
  const { peer, states, wait } = await stage((request, peer) => peer.reply(request, 401, { headers: [['WWW-Authenticate', 'Digest realm="carrier", nonce="n", qop="auth"']] }), {
    credentials: { username: '1001', password: 'wrong' },
  })
  await wait(14_000)
  assert.equal(peer.got('REGISTER').length, 2)
  assert.equal(states[0]?.kind === 'failed' && states[0].status, 401)
})

void test('423 is followed by a longer registration', async () => {
  const { states, wait } = await stage((request, peer) => {
    if (Number(request.headers.get('Expires')) < 600) peer.reply(request, 423, { headers: [['Min-Expires', '600']] })
    else grant(600)(request, peer)
  }, { expiresSeconds: 60 })
  await wait(20)
  assert.deepEqual(states, [{ kind: 'registered', expiresSeconds: 600 }])
})

void test('a registrar that is silent or asks for patience is tried again after a growing pause', async () => {
  const silent = await stage(() => {})
  await silent.wait(33_000)
  assert.equal(silent.states[0]?.kind === 'failed' && silent.states[0].status, 408)
  const busy = await stage((request, peer) => peer.reply(request, 503, { headers: [['Retry-After', '300']] }))
  await busy.wait(5)
  assert.deepEqual(busy.states, [{ kind: 'failed', status: 503, reason: 'Service Unavailable', retryMs: 300_000 }])
  assert.deepEqual([1, 2, 3, 99].map((failures) => [backOffMs(failures, 0), backOffMs(failures, 1)]), [
    [15_000, 30_000],
    [30_000, 60_000],
    [60_000, 120_000],
    [900_000, 1_800_000],
  ])
})

void test('closing unregisters and nothing follows', async () => {
  const { peer, registration, agent, wait } = await stage(grant(60))
  await wait(5)
  void registration.close()
  await wait(5)
  assert.equal(peer.got('REGISTER').at(-1)?.headers.get('Expires'), '0')
  await wait(200_000)
  assert.equal(peer.got('REGISTER').length, 2)
  assert.equal(agent.stats.transactions, 0)
  assert.equal(registration.state, undefined)
})

void test('closing the agent unregisters', async () => {
  const { peer, agent, wait } = await stage(grant(60))
  await wait(5)
  void agent.close()
  await wait(5)
  assert.equal(peer.got('REGISTER').at(-1)?.headers.get('Expires'), '0')
})

void test('an unusable address of record or time is refused', async () => {
  await assert.rejects(stage(() => {}, { aor: 'tel:10086' }), InvalidInputError)
  await assert.rejects(stage(() => {}, { aor: 'nonsense' }), InvalidInputError)
  await assert.rejects(stage(() => {}, { expiresSeconds: 5 }), InvalidInputError)
})

void test('asking what is registered proves the account and changes nothing', async () => {
  const network = new FakeNetwork()
  const peer = await FakePeer.open(network, there, here)
  peer.onRequest = (request) => {
    if (request.headers.get('Authorization') === undefined) peer.reply(request, 401, { headers: [['WWW-Authenticate', 'Digest realm="carrier", nonce="n", qop="auth"']] })
    else peer.reply(request, 200, { headers: [['Contact', '<sip:1001@10.9.9.9>;expires=7']] })
  }
  const agent = await SipUserAgent.open({ ...here, log, clock: network.clock, openTransport: network.open(here.address, here.port) })
  const asked = agent.queryRegistration({ registrar: there, aor: 'sip:1001@carrier.example', credentials: { username: '1001', password: 'secret' } })
  await network.clock.advance(1_000)
  const { status, contacts } = await asked
  assert.deepEqual([status, contacts.at(-1)], [200, '<sip:1001@10.9.9.9>;expires=7'])
  assert.deepEqual(peer.got('REGISTER').map(({ headers }) => [headers.get('Contact'), headers.get('Expires')]), [[undefined, undefined], [undefined, undefined]])
})
