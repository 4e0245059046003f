// Knows how a whole user agent lives through an hour of damaged messages: a call of ours, calls to us, a registration, on a clock of its own.
// Whatever came, every call and transaction must end, no timer may stay, and our own code may not have failed anywhere.
import assert from 'node:assert/strict'
import { pino } from 'pino'
import { AppError } from '../../src/errors.ts'
import { FakeClock } from '../../src/sip/fake-clock.ts'
import type { IncomingCall, LegEvent } from '../../src/sip/leg.ts'
import { digestResponse, parseChallenge } from '../../src/sip/digest.ts'
import { Registrar } from '../../src/sip/registrar.ts'
import { buildAnswer, buildOffer } from '../../src/sip/sdp.ts'
import { CallTrace } from '../../src/sip/trace.ts'
import type { Peer, Receive, Transport } from '../../src/sip/transport.ts'
import { SipUserAgent } from '../../src/sip/user-agent.ts'
import type { FuzzCase, FuzzKind, Probe, Step } from './fuzz-kind.ts'
import { drawMessage } from './sip-kinds.ts'

const here = { address: '10.0.0.1', port: 5_060 }
const there: Peer = { address: '10.0.0.2', port: 5_060, protocol: 'UDP' }
const STEPS = 30
/** Longer than any timer that a message can set off, session timers left out: they end with their call. */
const REST_MS = 400_000
const REGISTERED_MS = 3_700_000
const gateway = { username: 'gw', password: 'correct-horse' }
const ours = { address: here.address, port: 6_000, sessionId: 1, version: 1 }

export const agent: FuzzKind = {
  draw(dice) {
    return Array.from({ length: STEPS }, (): Step => {
      const bytes = drawMessage(dice)
      return { bytes, waitMs: dice.chance(0.7) ? dice.below(50) : dice.size(40_000), way: dice.pick(['answer', 'ring', 'refuse', 'offer', 'hang-up', 'hold', 'again', '', '', '', '']) }
    })
  },
  play: playAgent,
}

async function playAgent(steps: FuzzCase, probe: Probe): Promise<void> {
  const clock = new FakeClock()
  const mistakes: string[] = []
  // What our own code fails on is logged as an error; a far end's nonsense never is.
  const log = pino({ level: 'error' }, { write: (line: string) => void mistakes.push(line) })
  let receive: Receive = () => {}
  const sent: string[] = []
  const transport: Transport = {
    protocol: 'UDP',
    reliable: false,
    ...here,
    send(bytes) {
      assert.ok(bytes.length < 200_000, `we sent ${bytes.length} bytes`)
      sent.push(Buffer.from(bytes).toString('latin1'))
      if (sent.length > 200) sent.splice(0, 100)
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const calls: IncomingCall[] = []
  const endings = new Map<object, number>()
  const listenTo = (call: object) => (event: LegEvent): void => {
    assert.ok(!endings.has(call), `${event.type} after the last event`)
    if (event.type === 'failed' || event.type === 'ended') endings.set(call, 1)
  }
  let way = ''
  const registrar = new Registrar({ realm: 'waihu', account: (username) => (username === gateway.username ? { user: gateway.username, password: gateway.password } : undefined), clock, log })
  const agent = await SipUserAgent.open({
    ...here,
    log,
    clock,
    limits: { callsMax: 20, transactionsMax: 100, unknownPerSecondMax: Infinity },
    reliableProvisionals: true,
    registrar,
    openTransport: (taker) => {
      receive = taker
      return Promise.resolve(transport)
    },
    onCall(call) {
      calls.push(call)
      call.listen(listenTo(call))
      take(call, way)
    },
  })
  const invite = () => {
    const key = {}
    return agent.invite({
      target: there,
      requestUri: 'sip:13800138000@carrier.example',
      from: '<sip:02160001000@carrier.example>',
      to: '<sip:13800138000@carrier.example>',
      credentials: { username: '1001', password: 'secret' },
      sdp: buildOffer(ours),
      ringMsMax: 45_000,
      trace: new CallTrace(),
      onEvent: listenTo(key),
    })
  }
  const placed = [invite()]
  const registration = agent.register({ registrar: there, aor: 'sip:1001@carrier.example', credentials: { username: '1001', password: 'secret' }, onState: () => {} })
  let number = 0
  for (const { bytes, waitMs, way: wish = '' } of steps) {
    way = wish
    const last = placed.at(-1)!
    const newest = calls.at(-1)
    if (wish === 'hang-up') void (newest ?? last).hangUp()
    if (wish === 'hold') void last.hold()
    if (wish === 'again' && placed.length < 5) placed.push(invite())
    number += 1
    const filled = fill(bytes, { sent, callId: last.callId, number })
    probe.input(filled, () => receive(filled, there))
    await clock.advance(waitMs)
  }
  for (const call of [...placed, ...calls]) void call.hangUp()
  void registration.close()
  // A gateway may have registered with us: it is forgotten in an hour.
  await clock.advance(REST_MS + REGISTERED_MS)
  const { calls: left, transactions, failed } = agent.stats
  assert.deepEqual(mistakes, [], 'our own code failed')
  assert.deepEqual({ left, transactions, failed, timers: clock.planned }, { left: 0, transactions: 0, failed: 0, timers: 0 })
  assert.equal(endings.size, placed.length + calls.length, 'a call never told its end')
}

/** What whoever takes the call does with it. SDP that cannot be read is refused, as in the calls of the program. */
function take(call: IncomingCall, way: string): void {
  try {
    const answer = call.offer === undefined ? buildOffer(ours) : buildAnswer(call.offer, ours)?.sdp
    if (answer === undefined || way === 'refuse') return void call.reject(488)
    if (way === 'ring') call.progress(180)
    else if (way === 'offer') call.progress(183, { sdp: answer })
    else call.answer(answer)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    call.reject(488)
  }
}

/** Puts what our agent said into the places that stand for it, so that the message meets a living dialog. */
function fill(bytes: Uint8Array, { sent, callId, number }: { sent: readonly string[]; callId: string; number: number }): Buffer {
  const text = Buffer.from(bytes).toString('latin1')
  if (!text.includes('$')) return Buffer.from(bytes)
  const invite = sent.findLast((it) => it.startsWith('INVITE') && it.includes(callId)) ?? ''
  const answer = sent.findLast((it) => it.startsWith('SIP/2.0 2') && it.includes('in-call')) ?? ''
  const challenge = parseChallenge(/\r\nWWW-Authenticate: ([^\r]+)/.exec(sent.findLast((it) => it.startsWith('SIP/2.0 401')) ?? '')?.[1] ?? 'Digest realm="waihu", nonce="none", qop="auth"')!
  const known: Readonly<Record<string, string>> = {
    $NONCE: challenge.nonce,
    $RESPONSE: digestResponse({ ...gateway, challenge, method: 'REGISTER', uri: 'sip:10.0.0.1', cnonce: 'x', count: 1 }),
    $BRANCH: /branch=([^;\r]+)/.exec(invite)?.[1] ?? 'z9hG4bKnone',
    $CALL: callId,
    $OURS: /\r\nFrom: [^\r]*;tag=([^;\r]+)/.exec(invite)?.[1] ?? 'none',
    $INTAG: /\r\nTo: [^\r]*;tag=([^;\r]+)/.exec(answer)?.[1] ?? 'none',
    $N: String(number),
  }
  return Buffer.from(text.replace(/\$(BRANCH|CALL|OURS|INTAG|NONCE|RESPONSE|N)/g, (name) => known[name]!), 'latin1')
}
