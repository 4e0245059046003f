import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRtcp, writeRtcp, type ReportBlock } from './rtcp.ts'
import { reportIntervalMs, RtcpSession, type SessionFigures } from './rtcp-session.ts'
import { seededRandom } from './seeded-random.ts'

const BEGIN_MS = 1_700_000_000_123.5
const US = 0x8000_0001
const THEM = 77

const figures = (more: Partial<SessionFigures> = {}) => (): SessionFigures => ({ rtpTimestamp: 160, packetsSent: 100, octetsSent: 16_000, heard: undefined, ...more })
const heard = (expected: number, received: number) => ({ ssrc: THEM, highestSequence: 5_000 + expected - 1, expected, received, jitterMs: 2.5 })

/** Asks every 5 ms until it reports. */
function untilReport(session: RtcpSession, fromMs: number, what = figures()): { atMs: number; bytes: Uint8Array } {
  for (let atMs = fromMs; atMs < fromMs + 20_000; atMs += 5) {
    const bytes = session.report(atMs, what)
    if (bytes !== undefined) return { atMs, bytes }
  }
  throw new Error('no report within 20 s')
}

function reportOf(bytes: Uint8Array | undefined) {
  const packet = parseRtcp(bytes ?? new Uint8Array(0))?.[0]
  assert.equal(packet?.type, 'report')
  return packet
}

void test('reports first after 1 to 3.1 s, then every 2 to 6.2 s, never in step', () => {
  const session = new RtcpSession(US, seededRandom(1))
  assert.equal(session.report(BEGIN_MS, figures()), undefined, 'not before it starts')
  session.start(BEGIN_MS)
  const gaps: number[] = []
  let lastMs = BEGIN_MS
  for (let n = 0; n < 200; n += 1) {
    const { atMs } = untilReport(session, lastMs, figures({ packetsSent: 100 + n }))
    gaps.push(atMs - lastMs)
    lastMs = atMs
  }
  const [first, ...later] = gaps
  assert.ok(first! >= 1_026 && first! <= 3_085, `${first}`)
  assert.ok(Math.min(...later) >= 2_050 && Math.max(...later) <= 6_165, `${Math.min(...later)} ${Math.max(...later)}`)
  assert.ok(new Set(later).size > 100)
})

void test('the interval grows with members and size, as RFC 3550 §6.3.1 computes it', () => {
  const middle = (of: Partial<Parameters<typeof reportIntervalMs>[0]>) =>
    Math.round(reportIntervalMs({ members: 2, senders: 2, weSend: true, averageBytes: 120, first: false, ...of }, () => 0.5) * (Math.E - 1.5))
  assert.equal(middle({}), 5_000)
  assert.equal(middle({ first: true }), 2_500)
  assert.equal(middle({ members: 100, senders: 60 }), (100 * 120 * 1_000) / 500)
  assert.equal(middle({ members: 100, senders: 20 }), 20 * 120 * 1_000 / 125)
  assert.equal(middle({ members: 100, senders: 20, weSend: false }), 80 * 120 * 1_000 / 375)
})

void test('a report of a sender carries both clocks, its counts and its name', () => {
  const session = new RtcpSession(US)
  session.start(BEGIN_MS)
  const { atMs, bytes } = untilReport(session, BEGIN_MS)
  const [report, description] = parseRtcp(bytes)!
  assert.deepEqual(report?.type === 'report' && report.sender, {
    ntpSeconds: Math.floor(atMs / 1_000) + 2_208_988_800,
    ntpFraction: Math.floor(((atMs / 1_000) % 1) * 2 ** 32),
    rtpTimestamp: 160,
    packets: 100,
    octets: 16_000,
  })
  assert.equal(description?.type === 'description' && description.ssrc, US)
  assert.match(description?.type === 'description' ? description.cname : '', /^[\w+/]{16}$/)
})

void test('who sent nothing since the last report reports as a receiver', () => {
  const session = new RtcpSession(US)
  session.start(BEGIN_MS)
  const first = untilReport(session, BEGIN_MS)
  assert.ok('sender' in reportOf(first.bytes))
  assert.ok(!('sender' in reportOf(untilReport(session, first.atMs).bytes)))
})

void test('reports loss since the last report and since the beginning, and the far end\'s last report', () => {
  const session = new RtcpSession(US)
  session.start(BEGIN_MS)
  const first = untilReport(session, BEGIN_MS, figures({ heard: heard(100, 75) }))
  assert.deepEqual(reportOf(first.bytes).blocks, [
    { ssrc: THEM, fractionLost: 64, packetsLost: 25, highestSequence: 5_099, jitter: 20, lastReport: 0, sinceLastReport: 0 },
  ])
  const sender = { ntpSeconds: 0x1234_5678, ntpFraction: 0x9abc_def0, rtpTimestamp: 0, packets: 1, octets: 1 }
  session.receive(writeRtcp([{ type: 'report', ssrc: THEM, sender, blocks: [] }]), first.atMs + 100)
  const second = untilReport(session, first.atMs, figures({ heard: heard(300, 275) }))
  const [block] = reportOf(second.bytes).blocks
  assert.deepEqual([block!.fractionLost, block!.packetsLost, block!.lastReport], [0, 25, 0x5678_9abc])
  assert.ok(Math.abs(block!.sinceLastReport / 65.536 - (second.atMs - first.atMs - 100)) < 0.1)
})

void test('late packets never make a loss negative, and a new source is counted from its own beginning', () => {
  const session = new RtcpSession(US)
  session.start(BEGIN_MS)
  const first = untilReport(session, BEGIN_MS, figures({ heard: heard(100, 90) }))
  const second = untilReport(session, first.atMs, figures({ heard: heard(110, 109) }))
  assert.equal(reportOf(second.bytes).blocks[0]!.fractionLost, 0)
  const third = untilReport(session, second.atMs, figures({ heard: { ...heard(10, 5), ssrc: 78 } }))
  assert.deepEqual([reportOf(third.bytes).blocks[0]!.fractionLost, reportOf(third.bytes).blocks[0]!.packetsLost], [128, 5])
})

void test('knows the round trip and the losses that the far end reports', () => {
  const session = new RtcpSession(US)
  assert.deepEqual([session.farEnd], [undefined])
  session.start(BEGIN_MS)
  const { atMs, bytes } = untilReport(session, BEGIN_MS)
  const { sender } = reportOf(bytes)
  const lastReport = (((sender!.ntpSeconds & 0xffff) << 16) | (sender!.ntpFraction >>> 16)) >>> 0
  const block: ReportBlock = { ssrc: US, fractionLost: 128, packetsLost: 9, highestSequence: 1, jitter: 80, lastReport, sinceLastReport: 65_536 }
  const answer = (more: Partial<ReportBlock>) => writeRtcp([{ type: 'report', ssrc: THEM, blocks: [{ ...block, ...more }] }])
  session.receive(answer({ ssrc: 5 }), atMs + 1_080)
  assert.deepEqual([session.farEnd], [undefined], 'about somebody else')
  session.receive(answer({}), atMs + 1_080)
  assert.ok(Math.abs(session.farEnd!.roundTripMs! - 80) < 0.1)
  assert.deepEqual({ ...session.farEnd, roundTripMs: 80 }, { packetsLost: 9, lossShare: 0.5, lossShareMax: 0.5, jitterMs: 10, roundTripMs: 80 })
  session.receive(answer({ lastReport: lastReport + 1, fractionLost: 0 }), atMs + 5_000)
  assert.ok(Math.abs(session.farEnd!.roundTripMs! - 80) < 0.1, 'a report we never sent tells nothing')
  assert.deepEqual([session.farEnd!.lossShare, session.farEnd!.lossShareMax], [0, 0.5])
  session.receive(answer({ sinceLastReport: 0xffff_ffff }), atMs + 1_000)
  assert.ok(session.farEnd!.roundTripMs! >= 0)
})

void test('says goodbye once, and not when nothing was ever sent', () => {
  const silent = new RtcpSession(US)
  assert.equal(silent.bye(BEGIN_MS, figures()), undefined, 'never started')
  silent.start(BEGIN_MS)
  assert.equal(silent.bye(BEGIN_MS, figures({ packetsSent: 0 })), undefined)
  const session = new RtcpSession(US)
  session.start(BEGIN_MS)
  const packets = parseRtcp(session.bye(BEGIN_MS + 100, figures())!)!
  assert.deepEqual(packets.map((packet) => packet.type), ['report', 'description', 'bye'])
  assert.equal(session.bye(BEGIN_MS + 200, figures()), undefined)
})

void test('reads a bounded number of packets a second, whatever the flood', () => {
  const session = new RtcpSession(US)
  session.start(BEGIN_MS)
  const bytes = writeRtcp([{ type: 'report', ssrc: THEM, blocks: [] }])
  let read = 0
  for (let n = 0; n < 2_000; n += 1) if (session.receive(bytes, BEGIN_MS + n)) read += 1
  assert.equal(read, 40)
  assert.equal(session.receive(bytes.subarray(1), BEGIN_MS + 5_000), false, 'not RTCP')
})
