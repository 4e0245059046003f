// Kamailio as the edge between us and carriers: TLS to it, UDP behind it. Runs when kamailio, openssl and sipp are installed;
// with REQUIRE_INTEROP=1 their absence fails.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { SimulatedCarrier } from '../src/simulator/process.ts'
import type { LegEvent, OutgoingCall } from '../src/sip/leg.ts'
import { buildAnswer, buildOffer } from '../src/sip/sdp.ts'
import type { Peer } from '../src/sip/transport.ts'
import { SipUserAgent, type UserAgentOptions } from '../src/sip/user-agent.ts'
import { makeAuthority, makeCertificate, type Certificate } from './world/certificates.ts'
import { Kamailio, withoutKamailio, type KamailioOptions } from './world/kamailio.ts'
import { Platform } from './world/platform.ts'
import { freePort } from './world/free-port.ts'
import { Sipp, withoutSipp } from './world/sipp.ts'

const address = '127.0.0.1'
const log = pino({ level: 'silent' })
const skip = withoutKamailio || withoutSipp

describe('Kamailio', { skip, timeout: 240_000 }, () => {
  let folder: string
  let authority: Certificate
  let edgeCertificate: Certificate
  let ours: { cert: string; key: string }
  let ca: string
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'waihu-kamailio-'))
    authority = makeAuthority(folder, 'authority')
    edgeCertificate = makeCertificate(folder, authority, 'edge', ['DNS:edge.example', 'DNS:localhost', `IP:${address}`])
    const own = makeCertificate(folder, authority, 'ours', [`IP:${address}`])
    ours = { cert: await readFile(own.cert, 'utf8'), key: await readFile(own.key, 'utf8') }
    ca = await readFile(authority.cert, 'utf8')
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** An edge in a folder of its own. */
  async function edgeTo(carriers: readonly number[], more: Partial<KamailioOptions> = {}): Promise<Kamailio> {
    return await Kamailio.start({ folder: await mkdtemp(path.join(folder, 'edge-')), certificate: edgeCertificate, authority, carriers, ...more })
  }

  /** An agent that speaks TLS and nothing else. */
  const agentWith = (tls: { cert?: string; key?: string; ca?: string }, more: Partial<UserAgentOptions> = {}) => SipUserAgent.open({ address, port: 0, log, transports: [{ protocol: 'TLS', ...tls }], ...more })
  const overTls = ({ ports }: Kamailio, serverName = 'edge.example'): Peer => ({ address, port: ports.tls, protocol: 'TLS', tls: { serverName } })

  type Story = { call: OutgoingCall; told: string[]; over: Promise<LegEvent>; answered: Promise<void> }
  function place(agent: SipUserAgent, target: Peer, alternatives: Peer[] = []): Story {
    const told: string[] = []
    const over = Promise.withResolvers<LegEvent>()
    const answered = Promise.withResolvers<void>()
    const call = agent.invite({
      target,
      alternatives,
      requestUri: `sip:13800138000@${address}:${target.port}`,
      from: `<sip:02160001000@${address}>`,
      to: `<sip:13800138000@${address}>`,
      sdp: buildOffer({ address, port: 40_700, sessionId: 1, version: 1 }),
      ringMsMax: 20_000,
      onEvent(event) {
        told.push(event.type === 'progress' ? String(event.status) : event.type === 'ended' ? `ended ${event.by}` : event.type)
        if (event.type === 'answered') answered.resolve()
        if (event.type === 'failed' || event.type === 'ended') over.resolve(event)
      },
    })
    return { call, told, over: over.promise, answered: answered.promise }
  }

  test('a call over TLS is answered by a carrier behind it and hung up along the recorded route', { timeout: 40_000 }, async () => {
    await using carrier = await Sipp.start('uas-answer', { calls: 1 })
    await using edge = await edgeTo([carrier.port])
    await using agent = await agentWith({ ca })
    assert.equal(await agent.ping(overTls(edge)), 200)
    const { call, told, over, answered } = place(agent, overTls(edge))
    await answered
    const { routeSet, remoteTarget } = call.dialogState()!
    assert.equal(routeSet.length, 2)
    assert.match(routeSet[0]!, new RegExp(`^<sip:${address}:${edge.ports.tls};transport=tls;.*lr`))
    assert.match(routeSet[1]!, new RegExp(`^<sip:${address}:${edge.ports.udp};.*lr`))
    assert.match(remoteTarget, new RegExp(`:${carrier.port}`))
    await call.hangUp()
    await over
    assert.equal(await carrier.finished, 0, carrier.output)
    assert.deepEqual(told.filter((it) => it !== '100'), ['180', 'answered', 'ended local'])
  })

  test('requests of the carrier come back over our connection, though nobody can connect to us', { timeout: 40_000 }, async () => {
    for (const [scenario, end] of [['uas-callee-hangup', 'ended remote'], ['uas-hold', 'ended local']] as const) {
      await using carrier = await Sipp.start(scenario, { calls: 1 })
      await using edge = await edgeTo([carrier.port])
      // Without a certificate no connection to us could be made.
      await using agent = await agentWith({ ca })
      const { call, told, over, answered } = place(agent, overTls(edge))
      await answered
      if (scenario === 'uas-hold') {
        await sleep(4_500)
        await call.hangUp()
      }
      await over
      assert.equal(await carrier.finished, 0, carrier.output)
      assert.equal(told.at(-1), end)
      if (scenario === 'uas-hold') assert.deepEqual(told.slice(-3), ['remote-offer', 'remote-offer', 'ended local'])
    }
  })

  test('our refresh inside the call takes the same way', { timeout: 40_000 }, async () => {
    await using carrier = await Sipp.start('uas-session-timer', { calls: 1, args: ['-key', 'se', '8'] })
    await using edge = await edgeTo([carrier.port])
    await using agent = await agentWith({ ca })
    const { call, over, answered } = place(agent, overTls(edge))
    await answered
    await sleep(5_000)
    await call.hangUp()
    await over
    assert.equal(await carrier.finished, 0, carrier.output)
  })

  test('an edge that asks for our certificate gets it; without one the call fails', { timeout: 40_000 }, async () => {
    await using carrier = await Sipp.start('uas-answer', { calls: 1 })
    await using edge = await edgeTo([carrier.port])
    const asking: Peer = { ...overTls(edge), port: edge.ports.tlsAsking }
    {
      await using nobody = await agentWith({ ca })
      const end = await place(nobody, asking).over
      assert.ok(end.type === 'failed' && end.status === 503 && end.local === 'transport', JSON.stringify(end))
    }
    await using agent = await agentWith({ ...ours, ca })
    const { call, over, answered } = place(agent, asking)
    await answered
    await call.hangUp()
    assert.equal((await over).type, 'ended')
    assert.equal(await carrier.finished, 0, carrier.output)
  })

  for (const [sentence, make, reason] of [
    ['of an authority we do not know', () => ({ trusted: undefined, name: 'edge.example', certificate: undefined }), /certificate/i],
    ['for another name', () => ({ trusted: ca, name: 'other.example', certificate: undefined }), /other\.example/],
    ['that has expired', () => ({ trusted: ca, name: 'edge.example', certificate: makeCertificate(folder, authority, 'expired', ['DNS:edge.example'], -1) }), /expired/i],
  ] as const) {
    test(`an edge with a certificate ${sentence} is refused, and the reason says so`, { timeout: 30_000 }, async () => {
      const { trusted, name, certificate } = make()
      await using edge = await edgeTo([9], certificate && { certificate })
      await using agent = await agentWith(trusted === undefined ? {} : { ca: trusted })
      const end = await place(agent, overTls(edge, name)).over
      assert.ok(end.type === 'failed' && end.local === 'transport' && end.status === 503, JSON.stringify(end))
      assert.match(end.reason, reason)
      assert.equal(await agent.ping(overTls(edge, name)), 503)
    })
  }

  test('a target with a wrong certificate is passed over for the next one', { timeout: 40_000 }, async () => {
    await using carrier = await Sipp.start('uas-answer', { calls: 1 })
    await using edge = await edgeTo([carrier.port])
    await using agent = await agentWith({ ca })
    const { call, over, answered } = place(agent, overTls(edge, 'other.example'), [overTls(edge)])
    await answered
    await call.hangUp()
    await over
    assert.equal(await carrier.finished, 0, carrier.output)
  })

  test('an edge that restarts in the middle of a call gets the BYE over a new connection, and the next call too', { timeout: 40_000 }, async () => {
    await using carrier = await Sipp.start('uas-answer', { calls: 2 })
    const options = { folder: await mkdtemp(path.join(folder, 'edge-')), certificate: edgeCertificate, authority, carriers: [carrier.port] }
    const first = await Kamailio.start(options)
    await using agent = await agentWith({ ca })
    const { call, over, answered } = place(agent, overTls(first))
    await answered
    // Our ACK must be through.
    await sleep(500)
    await first[Symbol.asyncDispose]()
    await using second = await Kamailio.start({ ...options, ports: first.ports })
    await call.hangUp()
    const end = await over
    assert.ok(end.type === 'ended' && end.by === 'local', JSON.stringify(end))
    const next = place(agent, overTls(second))
    await next.answered
    await next.call.hangUp()
    await next.over
    assert.equal(await carrier.finished, 0, carrier.output)
  })

  test('of three carriers the first says 503, the second is dead, the third answers', { timeout: 40_000 }, async () => {
    await using congested = await Sipp.start('uas-congested-503', { calls: 1 })
    await using third = await Sipp.start('uas-answer', { calls: 1 })
    await using edge = await edgeTo([congested.port, await freePort(), third.port])
    await using agent = await agentWith({ ca })
    const { call, told, over, answered } = place(agent, overTls(edge))
    await answered
    await call.hangUp()
    await over
    assert.deepEqual([await congested.finished, await third.finished], [0, 0], third.output)
    assert.deepEqual(told.filter((it) => it !== '100'), ['180', 'answered', 'ended local'])
  })

  test('a carrier that stops answering OPTIONS gets no calls until it answers again', { timeout: 40_000 }, async () => {
    const port = await freePort()
    const openCarrier = () => SipUserAgent.open({ address, port, log, onCall: (call) => void call.answer(buildAnswer(call.offer!, { address, port: 40_800, sessionId: 2, version: 1 })!.sdp) })
    let carrier = await openCarrier()
    await using edge = await edgeTo([port], { pingSeconds: 1 })
    await using agent = await agentWith({ ca })
    const attempt = async (): Promise<string> => {
      const { call, over, answered } = place(agent, overTls(edge))
      const first = await Promise.race([answered, over])
      await call.hangUp()
      return first === undefined ? 'answered' : first.type === 'failed' ? String(first.status) : first.type
    }
    try {
      await untilItIs('answered', attempt)
      await carrier[Symbol.asyncDispose]()
      await untilItIs('503', attempt)
      // Known to be dead: refused at once, not after the silence of an INVITE.
      const beganMs = performance.now()
      assert.equal(await attempt(), '503')
      assert.ok(performance.now() - beganMs < 1_000, 'a dead carrier was tried')
      carrier = await openCarrier()
      await untilItIs('answered', attempt)
    } finally {
      await carrier[Symbol.asyncDispose]()
    }
  })

  test('the whole program holds a conversation over a trunk with TLS', { timeout: 120_000 }, async () => {
    await using carrier = await SimulatedCarrier.start({ address, port: 0, load: false, log })
    await using edge = await edgeTo([carrier.port])
    await using platform = await Platform.start({
      SIP_TRUNK: `sip:localhost:${edge.ports.tls};transport=tls`,
      SIP_TLS_CA: authority.cert,
      ALLOW_DEMO_ASR: 'on',
      TEST_NUMBERS: '13800138000',
      CALLING_HOURS: '08:00-22:00',
    })
    const info = await platform.call('13800138000', '通知张总明天上午9点在三楼会议室开会')
    assert.deepEqual([info['outcome'], info['conversation']], ['answered', 'confirmed'], JSON.stringify(info['provider_response']))
  })
})

/** Tries again for up to 12 s: probes come once a second. */
async function untilItIs(wanted: string, attempt: () => Promise<string>): Promise<void> {
  let found = ''
  for (const deadline = performance.now() + 12_000; performance.now() < deadline; await sleep(300)) {
    found = await attempt()
    if (found === wanted) return
  }
  assert.equal(found, wanted)
}
