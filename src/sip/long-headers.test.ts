import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from './fake-clock.ts'
import { log } from './fake-call.ts'
import { Registrar } from './registrar.ts'
import { CallTrace } from './trace.ts'
import type { Receive } from './transport.ts'
import { SipUserAgent } from './user-agent.ts'

/** As long as a header may be, and as long as a head may be, less the rest of it. */
const LENGTHS = [7_500, 30_000]
/** A datagram of this length takes about a millisecond; where time grows with the square of the length it takes seconds. */
const CPU_MS_MAX = 80
const units = [' ', '\t', '\r', '\r\n ', ';', ',', ':', '=', '"', '\\', '\\"', '<', '>', '(', '[', '[:', '/', '%', '%25', '@', '?', '&', '*', '.', '-', 'a', '0', ';a', ';a=', ';a="', ';a="b"', ';tag=x', ';rport', 'a=b,', '<sip:a>,', 'a="b",', 'SIP / ', 'sip:a:', 'sip:a:b@', '\r\ni:', '\0', '\xff', '--b\r\n ', '; handling = ']
const values: Readonly<Record<string, string>> = {
  Via: 'SIP/2.0/UDP 10.0.0.2',
  From: '<sip:a@b>;tag=1',
  To: '<sip:c@d>',
  'Call-ID': 'CALL',
  CSeq: '1 INVITE',
  Contact: '<sip:a@10.0.0.2>',
  'Content-Type': 'multipart/mixed;boundary=b',
  'Content-Disposition': 'session',
  'Record-Route': '<sip:10.0.0.9;lr>',
  'Session-Expires': '1800;refresher=uac',
  'Min-SE': '90',
  Require: 'timer',
  Reason: 'Q.850;cause=16',
  Authorization: 'Digest username="gw", realm="waihu", nonce="x", uri="sip:a", response="0"',
  'X-Other': '1',
}

async function openAgent() {
  let receive: Receive = () => {}
  const agent = await SipUserAgent.open({
    address: '10.0.0.1',
    port: 5_060,
    log,
    clock: new FakeClock(),
    // What is refused unread costs nothing.
    limits: { unknownPerSecondMax: Infinity },
    registrar: new Registrar({ realm: 'waihu', account: () => undefined, log }),
    onCall: (call) => void call.reject(486),
    openTransport: (taker) => {
      receive = taker
      return Promise.resolve({ protocol: 'UDP', reliable: false, address: '10.0.0.1', port: 5_060, send: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() })
    },
  })
  const there = { address: '10.0.0.2', port: 5_060 }
  // While one call is traced every message is looked at, and those of the call are masked.
  const { callId } = agent.invite({ target: there, requestUri: 'sip:a@b', from: 'sip:c@d', to: 'sip:a@b', sdp: 'v=0\r\n', ringMsMax: 60_000, trace: new CallTrace(), onEvent: () => {} })
  return { agent, receive: (bytes: Uint8Array) => receive(bytes, there), callId }
}

function cpuMsOf(act: () => void): number {
  const before = process.threadCpuUsage()
  act()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

let requests = 0

/** One header, or the first line, with `unit` as often as there is room. */
function padded(method: string, callId: string, where: string, unit: string, length: number, end: string): Buffer {
  // Each is a request of its own.
  requests += 1
  const padding = unit.repeat(Math.floor(length / unit.length)) + end
  const first = `${method} sip:c@10.0.0.1${where === 'first line' ? padding : ''} SIP/2.0\r\n`
  const lines = Object.entries(values).map(([name, value]) => `${name}: ${value.replace('INVITE', method).replace('CALL', callId)}${name === 'Via' ? `;branch=z9hG4bK${requests}` : ''}${name === where ? padding : ''}\r\n`)
  return Buffer.from(`${first}${lines.join('')}\r\n--b\r\n\r\nx`, 'latin1')
}

for (const where of ['first line', ...Object.keys(values)]) {
  void test(`a datagram whose ${where} goes on and on is dealt with in time that grows with its length`, async () => {
    const { agent, receive, callId } = await openAgent()
    for (const unit of units) {
      for (const [method, length, end] of LENGTHS.flatMap((length) => [['INVITE', length, ''], ['INVITE', length, '!'], ['REGISTER', length, '!']] as const)) {
        const bytes = padded(method, callId, where, unit, length, end)
        // The least of three: a collection of garbage is not the header's fault.
        let cpuMs = Infinity
        for (let round = 0; round < 3 && cpuMs > CPU_MS_MAX; round += 1) cpuMs = Math.min(cpuMs, cpuMsOf(() => receive(bytes)))
        assert.ok(cpuMs <= CPU_MS_MAX, `${where} with ${JSON.stringify(unit)} for ${length} characters takes ${cpuMs} ms of a ${method}`)
      }
    }
    assert.equal(agent.stats.failed, 0)
  })
}
