// Calls to the carriers of test/sipp, which sipp plays over real UDP. Runs when `sipp` is on PATH; with REQUIRE_INTEROP=1 its absence fails.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { pino } from 'pino'
import { Sipp, withoutSipp as skip } from '../../test/world/sipp.ts'
import { assertNever } from '../errors.ts'
import type { Clock } from './clock.ts'
import { seededDice } from './fake-network.ts'
import type { InviteOptions } from './invitation.ts'
import type { IncomingCall, LegEvent, OutgoingCall } from './leg.ts'
import type { RegistrationState } from './registration.ts'
import { buildAnswer, buildOffer, remoteAudioOf } from './sdp.ts'
import type { Peer, Receive, Transport } from './transport.ts'
import { UdpTransport } from './udp-transport.ts'
import { SipUserAgent } from './user-agent.ts'

const log = pino({ level: 'silent' })
/** What went over the wire, lost or not. */
type Wire = { way: 'in' | 'out'; atMs: number; text: string }[]

/** Real UDP that loses datagrams of both directions. sipp's own `-lost` loses calls with them. */
function lossyUdp(loss: number, wire: Wire = []): (receive: Receive) => Promise<Transport> {
  const dice = seededDice(11)
  const note = (way: 'in' | 'out', bytes: Uint8Array) => void wire.push({ way, atMs: performance.now(), text: Buffer.from(bytes).toString('latin1') })
  return async (receive) => {
    const udp = await UdpTransport.open({
      address: '127.0.0.1',
      port: 0,
      log,
      receive(bytes, from) {
        note('in', bytes)
        if (dice() >= loss) receive(bytes, from)
      },
    })
    return {
      protocol: udp.protocol,
      reliable: udp.reliable,
      address: udp.address,
      port: udp.port,
      send(bytes, to, onFailed) {
        note('out', bytes)
        if (dice() >= loss) udp.send(bytes, to, onFailed)
      },
      [Symbol.asyncDispose]: () => udp[Symbol.asyncDispose](),
    }
  }
}

const withSdp = (text: string, sdp: string | undefined): string => (sdp === undefined ? text : `${text}+sdp`)

function text(event: LegEvent): string {
  switch (event.type) {
    case 'progress':
      return withSdp(`${event.status}`, event.sdp)
    case 'answered':
      return withSdp(`answered ${event.status}`, event.sdp)
    case 'failed':
      return ['failed', event.status, event.q850 && `q850=${event.q850}`, event.local].filter((word) => word !== undefined).join(' ')
    case 'ended':
      return `ended ${event.by}`
    case 'remote-offer':
      return `offer ${remoteAudioOf(event.sdp)?.send === true ? 'send' : 'hold'}`
    case 'remote-answer':
      return 'remote-answer'
    case 'info-digit':
      return `digit ${event.digit}`
    default:
      return assertNever(event)
  }
}

type Case = {
  args?: readonly string[]
  ringMsMax?: number
  hangUpAfterMs?: number
  hangUpWhenQuietMs?: number
  expect: RegExp
  calls?: number
  loss?: number
  protocol?: 'UDP' | 'TCP'
  /** Judges what went over the wire; UDP only. */
  wire?: (wire: Wire) => void
  /** Runs once the call is answered. */
  onAnswer?: (call: OutgoingCall, story: string[]) => void
}

/** Hangs up once nothing came for a while: whatever the far end repeats, it has stopped. */
function hangUpWhenQuiet(agent: SipUserAgent, call: OutgoingCall, quietMs: number, seen = agent.stats.received): void {
  setTimeout(() => {
    const { received } = agent.stats
    if (received === seen) void call.hangUp()
    else hangUpWhenQuiet(agent, call, quietMs, received)
  }, quietMs)
}

/** Places calls at a scenario and compares each call's events, joined by commas. */
async function placeCalls(scenario: string, { args = [], ringMsMax = 30_000, hangUpAfterMs = 400, hangUpWhenQuietMs, expect, calls = 1, loss = 0, protocol = 'UDP', wire, onAnswer }: Case): Promise<void> {
  await using sipp = await Sipp.start(scenario, { calls, protocol, args })
  const seen: Wire = []
  const transport = protocol === 'TCP' ? { transports: [{ protocol }] } : { openTransport: lossyUdp(loss, seen) }
  await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, ...transport })
  const stories = await Promise.all(
    Array.from({ length: calls }, async (_, index) => {
      const story: string[] = []
      const over = Promise.withResolvers<void>()
      const call = agent.invite({
        target: sipp,
        requestUri: `sip:13800138000@127.0.0.1:${sipp.port}`,
        from: '<sip:02160001000@127.0.0.1>',
        to: '<sip:13800138000@127.0.0.1>',
        credentials: { username: '1001', password: 'secret' },
        sdp: buildOffer({ address: '127.0.0.1', port: 40_000 + 2 * index, sessionId: index, version: 1 }),
        ringMsMax,
        onEvent(event) {
          story.push(text(event))
          if (event.type === 'answered') onAnswer?.(call, story)
          if (event.type === 'answered' && hangUpWhenQuietMs !== undefined) hangUpWhenQuiet(agent, call, hangUpWhenQuietMs)
          else if (event.type === 'answered' && hangUpAfterMs < Infinity) setTimeout(() => void call.hangUp(), hangUpAfterMs)
          if (event.type === 'failed' || event.type === 'ended') over.resolve()
        },
      })
      await over.promise
      if (loss === 0) await call.hangUp()
      return story.join(', ')
    }),
  )
  for (const story of stories) assert.match(story, expect)
  // sipp gives up on lost messages sooner than RFC 3261 says, so at a loss only our side is judged.
  if (loss === 0) assert.equal(await sipp.finished, 0, `sipp saw something else than ${scenario}: ${stories.join(' | ')}\n${sipp.output}`)
  assert.equal(agent.stats.calls, 0)
  wire?.(seen)
}

/** Ours, each once: sipp may not have been up for the first. */
const sent = (wire: Wire, method: string) => wire.filter(({ way, text }, at) => way === 'out' && text.startsWith(`${method} `) && wire.findIndex((other) => other.text === text) === at)
const received = (wire: Wire, status: number, method = 'INVITE') => wire.filter(({ way, text }) => way === 'in' && text.startsWith(`SIP/2.0 ${status} `) && new RegExp(`^CSeq: \\d+ ${method}\r$`, 'm').test(text))
const branchOf = ({ text }: { text: string }) => /branch=([^;\r]+)/.exec(text)?.[1]

/** A refusal costs one INVITE and one ACK of the same transaction, and nothing is tried anywhere else. */
function refusedOnce(wire: Wire): void {
  const [invites, acks] = [sent(wire, 'INVITE'), sent(wire, 'ACK')]
  assert.deepEqual([invites.length, acks.length], [1, 1])
  assert.equal(branchOf(acks[0]!), branchOf(invites[0]!))
}

/** RFC 4028 §10: half of the 8 s that the carrier asked for. */
function refreshedAtHalf(wire: Wire): void {
  const [refresh] = [...sent(wire, 'UPDATE'), ...sent(wire, 'INVITE').slice(1)]
  const afterMs = refresh!.atMs - received(wire, 200)[0]!.atMs
  assert.ok(afterMs > 3_000 && afterMs < 5_000, `refreshed after ${Math.round(afterMs)} ms`)
}

async function transfer(call: OutgoingCall, story: string[]): Promise<void> {
  const { outcome, status } = await call.transfer('sip:4001@127.0.0.1', { onProgress: (status) => story.push(`transfer ${status}`) })
  story.push(`transfer ${outcome} ${status}`)
  await call.hangUp()
}

/** Makes sipp keep on trying as long as we do, and not drop a call when the INVITE is repeated while it pauses. */
const patient = ['-max_invite_retrans', '12', '-max_non_invite_retrans', '12', '-default_behaviors', 'all,-abortunexp'] as const
/** Lost in each direction. */
const manyAtLoss = { calls: 100, loss: 0.15, args: patient } as const

const cases: [sentence: string, scenario: string, Case][] = [
  ['an answered call is hung up', 'uas-answer', { expect: /^100, 180, answered 200\+sdp, ended local$/ }],
  ['a hundred calls survive 15 % loss', 'uas-answer', { ...manyAtLoss, hangUpAfterMs: 2_500, expect: /answered 200\+sdp, ended local$/ }],
  ['a hundred calls that the callee ends survive 15 % loss', 'uas-callee-hangup', { ...manyAtLoss, hangUpAfterMs: Infinity, expect: /answered 200\+sdp, ended remote$/ }],
  ['a hundred refusals survive 15 % loss', 'uas-busy-486', { ...manyAtLoss, expect: /failed 486 q850=17$/ }],
  ['twenty reliable provisionals survive 15 % loss', 'uas-100rel', { ...manyAtLoss, calls: 20, hangUpAfterMs: 2_500, expect: /183\+sdp, answered 200\+sdp, ended local$/ }],
  ['early media is told before the answer', 'uas-early-media', { expect: /^100, 183\+sdp, answered 200\+sdp, ended local$/ }],
  ['a 180 after early media takes nothing away', 'uas-early-media-180', { expect: /^100, 180, 183\+sdp, 180, answered 200\+sdp, ended local$/ }],
  ['a 180 may carry early media', 'uas-180-sdp', { expect: /180\+sdp, answered 200\+sdp, ended local$/ }],
  ['a reliable 183 is acknowledged and its SDP holds for a bare 200', 'uas-100rel', { expect: /^100, 183\+sdp, answered 200\+sdp, ended local$/, wire: (wire) => assert.match(sent(wire, 'PRACK')[0]!.text, /^RAck: 1 1 INVITE\r$/m) }],
  ['a colour ring is switched by UPDATE while it rings', 'uas-ims-crbt', { expect: /^100, 183\+sdp, offer send, 180, answered 200\+sdp, ended local$/, wire: (wire) => assert.equal(wire.some(({ way, text }) => way === 'out' && /^SIP\/2.0 200 /.test(text) && /^CSeq: \d+ UPDATE\r$/m.test(text) && /^m=audio [1-9]/m.test(text)), true, 'UPDATE got no answer with SDP') }],
  ['the phone behind an announcement server gets the call', 'uas-forked-early', { expect: /^100, 183\+sdp, 180, answered 200\+sdp, ended local$/ }],
  ['busy is told with its cause', 'uas-busy-486', { expect: /failed 486 q850=17$/, wire: refusedOnce }],
  ['a decline is told', 'uas-declined-603', { expect: /failed 603( q850=21)?$/, wire: refusedOnce }],
  ['an announcement is heard before 480', 'uas-unavailable-480', { expect: /183\+sdp, failed 480 q850=20$/, wire: refusedOnce }],
  ['a redirect is not followed', 'uas-redirect-302', { expect: /failed 302$/, wire: refusedOnce }],
  ['congestion is told', 'uas-congested-503', { expect: /failed 503( q850=34)?$/, wire: refusedOnce }],
  ['nobody answers: the call is cancelled', 'uas-noanswer', { ringMsMax: 1_500, expect: /^100, 180, failed 487 timeout$/, wire: (wire) => assert.deepEqual([sent(wire, 'CANCEL').length, received(wire, 487).length, sent(wire, 'ACK').length], [1, 1, 1]) }],
  ['every repeated answer is acknowledged', 'uas-lost-ack', { args: ['-max_invite_retrans', '12'], hangUpWhenQuietMs: 4_500, expect: /answered 200\+sdp, ended local$/, wire: (wire) => assert.equal(wire.filter(({ way, text }) => way === 'out' && text.startsWith('ACK ')).length, received(wire, 200).length) }],
  ['a 401 is answered with the right digest', 'uas-auth-401', { expect: /answered 200\+sdp, ended local$/, wire: (wire) => assert.match(sent(wire, 'INVITE')[1]!.text, /^Authorization: Digest username="1001"/m) }],
  ['a 407 is answered with the right digest', 'uas-auth-407', { expect: /answered 200\+sdp, ended local$/, wire: (wire) => assert.match(sent(wire, 'INVITE')[1]!.text, /^Proxy-Authorization: Digest username="1001"/m) }],
  ['the callee hangs up', 'uas-callee-hangup', { hangUpAfterMs: Infinity, expect: /answered 200\+sdp, ended remote$/ }],
  ['hold and resume are answered', 'uas-hold', { hangUpAfterMs: 4_500, expect: /answered 200\+sdp, offer hold, offer send, ended local$/ }],
  ['a re-INVITE without SDP gets our offer', 'uas-reinvite-offerless', { hangUpAfterMs: 3_000, expect: /answered 200\+sdp, remote-answer, ended local$/ }],
  ['an invalid number speaks before 404', 'uas-vacant-404', { expect: /183\+sdp, failed 404 q850=1$/, wire: refusedOnce }],
  ['the network gives up ringing', 'uas-timeout-408', { expect: /^100, 180, failed 408 q850=18$/, wire: refusedOnce }],
  ['a forbidden caller number is told', 'uas-forbidden-403', { expect: /failed 403$/, wire: refusedOnce }],
  ['no codec in common is told', 'uas-codec-488', { expect: /failed 488$/, wire: refusedOnce }],
  ['a callee that talks for 22 s hangs up itself', 'uas-answer-talk', { hangUpAfterMs: Infinity, expect: /^100, answered 200\+sdp, ended remote$/ }],
  ['a silent callee is answered and hung up', 'uas-answer-silent', { expect: /^100, answered 200\+sdp, ended local$/ }],
  ['we refresh the session', 'uas-session-timer', { args: ['-key', 'se', '8'], hangUpAfterMs: 5_000, expect: /^100, answered 200\+sdp, ended local$/, wire: refreshedAtHalf }],
  ['the carrier refreshes the session', 'uas-session-timer-uas', { hangUpAfterMs: 3_000, expect: /^100, answered 200\+sdp, ended local$/, wire: (wire) => assert.equal(wire.some(({ way, text }) => way === 'out' && text.startsWith('SIP/2.0 200 ') && /^CSeq: \d+ (UPDATE|INVITE)\r$/m.test(text) && /^Session-Expires: /m.test(text)), true) }],
  ['a too small session interval is raised', 'uas-session-422', { expect: /^100, answered 200\+sdp, ended local$/, wire: (wire) => assert.match(sent(wire, 'INVITE')[1]!.text, /^Min-SE: 1800\r$/m) }],
  [
    'a transfer tells its states and outcome',
    'uas-refer',
    {
      hangUpAfterMs: Infinity,
      expect: /^100, answered 200\+sdp, transfer 100, transfer 200, transfer connected 200, ended local$/,
      onAnswer: (call, story) => void transfer(call, story),
    },
  ],
  ['over TCP an answered call is hung up', 'uas-answer', { protocol: 'TCP', expect: /^100, 180, answered 200\+sdp, ended local$/ }],
  ['over TCP the callee hangs up', 'uas-callee-hangup', { protocol: 'TCP', hangUpAfterMs: Infinity, expect: /answered 200\+sdp, ended remote$/ }],
  ['over TCP hold and resume are answered', 'uas-hold', { protocol: 'TCP', hangUpAfterMs: 4_500, expect: /answered 200\+sdp, offer hold, offer send, ended local$/ }],
  ['over TCP a 401 is answered', 'uas-auth-401', { protocol: 'TCP', expect: /answered 200\+sdp, ended local$/ }],
  ['over TCP busy is told', 'uas-busy-486', { protocol: 'TCP', expect: /failed 486 q850=17$/ }],
  ['over TCP nobody answers', 'uas-noanswer', { protocol: 'TCP', ringMsMax: 1_500, expect: /^100, 180, failed 487 timeout$/ }],
  ['over TCP early media is told before the answer', 'uas-early-media', { protocol: 'TCP', expect: /^100, 183\+sdp, answered 200\+sdp, ended local$/ }],
  ['over TCP a reliable 183 is acknowledged', 'uas-100rel', { protocol: 'TCP', expect: /^100, 183\+sdp, answered 200\+sdp, ended local$/ }],
  ['over TCP a colour ring is switched by UPDATE', 'uas-ims-crbt', { protocol: 'TCP', expect: /^100, 183\+sdp, offer send, 180, answered 200\+sdp, ended local$/ }],
  ['over TCP a re-INVITE without SDP gets our offer', 'uas-reinvite-offerless', { protocol: 'TCP', hangUpAfterMs: 3_000, expect: /answered 200\+sdp, remote-answer, ended local$/ }],
  ['over TCP we refresh the session', 'uas-session-timer', { protocol: 'TCP', args: ['-key', 'se', '8'], hangUpAfterMs: 5_000, expect: /^100, answered 200\+sdp, ended local$/ }],
  ['over TCP an invalid number speaks before 404', 'uas-vacant-404', { protocol: 'TCP', expect: /183\+sdp, failed 404 q850=1$/ }],
  ['a key press comes as INFO', 'uas-dtmf-info', { hangUpAfterMs: 2_500, expect: /answered 200\+sdp, digit 5, ended local$/ }],
]

void describe('calls to sipp', { skip, concurrency: 6, timeout: 120_000 }, () => {
  for (const [sentence, scenario, story] of cases) void test(`${sentence} (${scenario})`, () => placeCalls(scenario, story))

  void test('a carrier that answers OPTIONS is there (uas-options)', async () => {
    await using sipp = await Sipp.start('uas-options', { calls: 1 })
    await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log })
    assert.equal(await agent.ping(sipp), 200)
    assert.equal(await sipp.finished, 0)
  })
})

/** Real time, ten times as fast. */
const fastClock: Clock = {
  nowMs: () => performance.now() * 10,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs / 10)
    return () => clearTimeout(timer)
  },
}

function inviteSipp(agent: SipUserAgent, sipp: Peer, more: Partial<InviteOptions> & Pick<InviteOptions, 'onEvent'>): OutgoingCall {
  return agent.invite({
    target: sipp,
    requestUri: `sip:13800138000@127.0.0.1:${sipp.port}`,
    from: '<sip:02160001000@127.0.0.1>',
    to: '<sip:13800138000@127.0.0.1>',
    sdp: buildOffer({ address: '127.0.0.1', port: 40_600, sessionId: 1, version: 1 }),
    ringMsMax: 60_000,
    ...more,
  })
}

void describe('trunks played by sipp', { skip, timeout: 60_000 }, () => {
  void test('a dead trunk gets seven INVITEs and is given up after 64 T1 (uas-blackhole)', async () => {
    await using sipp = await Sipp.start('uas-blackhole')
    await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, clock: fastClock })
    const over = Promise.withResolvers<LegEvent>()
    inviteSipp(agent, sipp, { onEvent: over.resolve })
    assert.deepEqual(await over.promise, { type: 'failed', status: 408, reason: 'No response', local: 'timeout' })
    assert.equal(agent.stats.repeated, 6)
    sipp.stop()
    await sipp.finished
  })

  void test('the call beyond the channel limit of a trunk is told when to come again (uas-call-limit)', async () => {
    await using sipp = await Sipp.start('uas-call-limit', { calls: 4 })
    await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log })
    const place = (onAnswer: () => void): { over: Promise<LegEvent>; call: OutgoingCall } => {
      const over = Promise.withResolvers<LegEvent>()
      const call = inviteSipp(agent, sipp, {
        onEvent(event) {
          if (event.type === 'answered') onAnswer()
          if (event.type === 'failed' || event.type === 'ended') over.resolve(event)
        },
      })
      return { call, over: over.promise }
    }
    const up: ReturnType<typeof place>[] = []
    for (let count = 0; count < 3; count += 1) {
      const answered = Promise.withResolvers<void>()
      up.push(place(answered.resolve))
      await answered.promise
    }
    assert.deepEqual(await place(() => {}).over, { type: 'failed', status: 503, reason: 'Service Unavailable', q850: 34, retryAfterMs: 10_000, local: undefined })
    await Promise.all(up.map(({ call }) => call.hangUp()))
    assert.equal(await sipp.finished, 0)
  })

  void test('a registrar accepts our digest, grants a minute, and is asked again before it is over (uas-registrar)', async () => {
    await using sipp = await Sipp.start('uas-registrar', { calls: 1 })
    const wire: Wire = []
    await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, clock: fastClock, openTransport: lossyUdp(0, wire) })
    const states: RegistrationState[] = []
    agent.register({ registrar: sipp, aor: 'sip:1001@carrier.example', credentials: { username: '1001', password: 'secret' }, onState: (state) => states.push(state) })
    assert.equal(await sipp.finished, 0, sipp.output)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual(states, [
      { kind: 'registered', expiresSeconds: 60 },
      { kind: 'registered', expiresSeconds: 60 },
    ])
    const [, granted, again] = sent(wire, 'REGISTER')
    const afterMs = (again!.atMs - granted!.atMs) * 10
    assert.ok(afterMs > 20_000 && afterMs < 58_000, `asked again after ${Math.round(afterMs)} ms`)
    void agent.close()
  })

  void test('key presses come as telephone events (uas-dtmf)', { skip: skip === false && process.getuid?.() !== 0 ? 'sipp plays captures as root only' : skip }, async () => {
    await using sipp = await Sipp.start('uas-dtmf', { calls: 1 })
    const media = createSocket('udp4').bind(0, '127.0.0.1')
    await once(media, 'listening')
    const keys = new Map<number, string>()
    media.on('message', (packet) => {
      // One event has one timestamp however often it is sent (RFC 4733 §2.5.1.2).
      if ((packet[1]! & 0x7f) === 101 && packet.length >= 16) keys.set(packet.readUInt32BE(4), '0123456789*#ABCD'[packet[12]!]!)
    })
    try {
      await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log })
      const over = Promise.withResolvers<void>()
      const call = inviteSipp(agent, sipp, {
        sdp: buildOffer({ address: '127.0.0.1', port: media.address().port, sessionId: 1, version: 1 }),
        onEvent(event) {
          if (event.type === 'answered') setTimeout(() => void call.hangUp(), 3_500)
          if (event.type === 'ended') over.resolve()
        },
      })
      await over.promise
      assert.equal(await sipp.finished, 0)
      assert.equal([...keys.values()].join(''), '1234')
    } finally {
      media.close()
    }
  })
})

void describe('calls from sipp', { skip, timeout: 60_000 }, () => {
  void test('forty calls at 15 % loss are answered and end', async () => {
    const stories = new Map<string, string[]>()
    await using agent = await SipUserAgent.open({
      address: '127.0.0.1',
      port: 0,
      log,
      openTransport: lossyUdp(0.15),
      onCall(call: IncomingCall) {
        const story: string[] = []
        stories.set(call.callId, story)
        call.listen((event) => story.push(text(event)))
        call.progress(180)
        call.answer(buildAnswer(call.offer!, { address: '127.0.0.1', port: 40_500, sessionId: 1, version: 1 })!.sdp)
      },
    })
    await using sipp = await Sipp.start('uac-call', { calls: 40, args: ['-r', '30', '-s', '4001', ...patient], target: `127.0.0.1:${agent.port}` })
    await sipp.finished
    const told = [...stories.values()].map((story) => story.join(', '))
    assert.equal(told.length, 40)
    // One call in three hundred loses every ACK of four seconds; its BYE comes first then.
    for (const story of told) assert.match(story, /^(?:answered 200\+sdp, )?ended remote$/)
    assert.ok(told.filter((story) => story === 'ended remote').length <= 4, told.join(' | '))
  })

  void test('early media reaches a caller for certain, may be moved before the answer, and the answer repeats none of it (uac-100rel)', async () => {
    const stories: string[][] = []
    await using agent = await SipUserAgent.open({
      address: '127.0.0.1',
      port: 0,
      log,
      onCall(call: IncomingCall) {
        const story: string[] = []
        stories.push(story)
        call.listen((event) => {
          story.push(text(event))
          if (event.type === 'remote-offer') call.answer(sdp)
        })
        const sdp = buildAnswer(call.offer!, { address: '127.0.0.1', port: 40_100, sessionId: 1, version: 1 })!.sdp
        call.progress(183, { sdp })
      },
    })
    await using sipp = await Sipp.start('uac-100rel', { calls: 5, target: `127.0.0.1:${agent.port}` })
    assert.equal(await sipp.finished, 0)
    assert.deepEqual(stories.map((story) => story.join(', ')), Array<string>(5).fill('offer send, answered 200+sdp, ended remote'))
  })

  void test('our OPTIONS answer is what sipp expects (uac-options)', async () => {
    await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log })
    await using sipp = await Sipp.start('uac-options', { calls: 1, target: `127.0.0.1:${agent.port}` })
    assert.equal(await sipp.finished, 0)
  })
})
