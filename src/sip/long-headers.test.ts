import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from './fake-clock.ts'
import { log } from './fake-call.ts'
import type { Receive } from './transport.ts'
import { SipUserAgent } from './user-agent.ts'

/** As long as a header may be, and as long as a head may be, less the rest of it. */
const LENGTHS = [7_500, 30_000]
/** A datagram of this length takes about a millisecond; where time grows with the square of the length it takes seconds. */
const CPU_MS_MAX = 80
const units = [' ', '\t', '\r', '\r\n ', ';', ',', ':', '=', '"', '\\', '\\"', '<', '>', '(', '[', '[:', '/', '%', '%25', '@', '?', '&', '*', '.', '-', 'a', '0', ';a', ';a=', ';a="', ';a="b"', ';tag=x', ';rport', 'a=b,', '<sip:a>,', 'a="b",', 'SIP / ', '\0', '\xff', '--b\r\n ', '; handling = ']
const values: Readonly<Record<string, string>> = {
  Via: 'SIP/2.0/UDP 10.0.0.2',
  From: '<sip:a@b>;tag=1',
  To: '<sip:c@d>',
  'Call-ID': 'x',
  CSeq: '1 INVITE',
  Contact: '<sip:a@10.0.0.2>',
  'Content-Type': 'multipart/mixed;boundary=b',
  'Content-Disposition': 'session',
  'Record-Route': '<sip:10.0.0.9;lr>',
  'Session-Expires': '1800;refresher=uac',
  'Min-SE': '90',
  Require: 'timer',
  Reason: 'Q.850;cause=16',
  'Authorization': 'Digest realm="a"',
  'X-Other': '1',
}

async function openAgent() {
  let receive: Receive = () => {}
  const agent = await SipUserAgent.open({
    address: '10.0.0.1',
    port: 5_060,
    log,
    clock: new FakeClock(),
    onCall: (call) => void call.reject(486),
    openTransport: (taker) => {
      receive = taker
      return Promise.resolve({ protocol: 'UDP', reliable: false, address: '10.0.0.1', port: 5_060, send: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() })
    },
  })
  return { agent, receive: (bytes: Uint8Array) => receive(bytes, { address: '10.0.0.2', port: 5_060 }) }
}

function cpuMsOf(act: () => void): number {
  const before = process.threadCpuUsage()
  act()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

let requests = 0

/** One header, or the first line, with `unit` as often as there is room. */
function padded(where: string, unit: string, length: number, end: string): Buffer {
  // Each is a request of its own.
  requests += 1
  const padding = unit.repeat(Math.floor(length / unit.length)) + end
  const first = `INVITE sip:c@10.0.0.1${where === 'first line' ? padding : ''} SIP/2.0\r\n`
  const lines = Object.entries(values).map(([name, value]) => `${name}: ${value}${name === 'Via' ? `;branch=z9hG4bK${requests}` : ''}${name === where ? padding : ''}\r\n`)
  return Buffer.from(`${first}${lines.join('')}\r\n--b\r\n\r\nx`, 'latin1')
}

for (const where of ['first line', ...Object.keys(values)]) {
  void test(`a datagram whose ${where} goes on and on is dealt with in time that grows with its length`, async () => {
    const { agent, receive } = await openAgent()
    for (const unit of units) {
      for (const [length, end] of LENGTHS.flatMap((length) => [[length, ''], [length, '!']] as const)) {
        const bytes = padded(where, unit, length, end)
        // The least of three: a collection of garbage is not the header's fault.
        let cpuMs = Infinity
        for (let round = 0; round < 3 && cpuMs > CPU_MS_MAX; round += 1) cpuMs = Math.min(cpuMs, cpuMsOf(() => receive(bytes)))
        assert.ok(cpuMs <= CPU_MS_MAX, `${where} with ${JSON.stringify(unit)} for ${length} characters takes ${cpuMs} ms`)
      }
    }
    assert.equal(agent.stats.failed, 0)
  })
}
