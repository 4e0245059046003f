// A storm: calls through every kind of trouble at once, against carriers played by sipp, over a line that loses datagrams.
// Counts how they ended and what is left of them. Does not know what is good enough.
import { setTimeout as sleep } from 'node:timers/promises'
import { Leg, type LegEnd, type Trunk } from '../../src/call/leg.ts'
import type { Log } from '../../src/log.ts'
import type { MediaEngine } from '../../src/media/engine.ts'
import { noAttribution } from '../../src/numbering/attribution.ts'
import type { Clock } from '../../src/sip/clock.ts'
import { seededDice } from '../../src/sip/fake-network.ts'
import type { Peer, Receive, Transport } from '../../src/sip/transport.ts'
import { UdpTransport } from '../../src/sip/udp-transport.ts'
import { SipUserAgent } from '../../src/sip/user-agent.ts'
import { configuredTrunk } from '../../src/trunk/configured-trunk.ts'
import { parseTrunkConfig } from '../../src/trunk/trunk-config.ts'
import { freePort } from './free-port.ts'
import { Sipp } from './sipp.ts'

const address = '127.0.0.1'
/** Timers of our SIP stack run this many times as fast, so that 32 s of patience take 8. */
const HASTE = 4
const hasty: Clock = {
  nowMs: () => performance.now() * HASTE,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs / HASTE)
    return () => clearTimeout(timer)
  },
}
/** sipp repeats as long as we do and takes an INVITE that comes again while it pauses. */
const patient = ['-max_invite_retrans', '12', '-max_non_invite_retrans', '12', '-default_behaviors', 'all,-abortunexp']

/** What happens to a call. Times are of the real clock. */
type Trouble = {
  name: string
  share: number
  /** Carriers in the order they are tried; a number is a port where nobody is. */
  carriers: readonly string[]
  /** Hangs up so long after it was placed, or after the answer. */
  giveUpAfterMs?: (dice: () => number) => number
  hangUpAfterMs?: (dice: () => number) => number
  /** The carrier dies so long after the storm began. */
  carrierDiesAfterMs?: number
}

const troubles: readonly Trouble[] = [
  { name: 'talk', share: 0.2, carriers: ['uas-answer'], hangUpAfterMs: (dice) => dice() * 3_000 },
  { name: '503, then the next carrier', share: 0.12, carriers: ['uas-congested-503', 'uas-answer'], hangUpAfterMs: (dice) => dice() * 1_000 },
  { name: 'nobody there', share: 0.08, carriers: ['nobody'] },
  { name: 'nobody there, then the next carrier', share: 0.08, carriers: ['nobody', 'uas-answer'], hangUpAfterMs: () => 300 },
  { name: 'lost ACKs', share: 0.1, carriers: ['uas-lost-ack'], hangUpAfterMs: (dice) => 1_000 + dice() * 1_000 },
  // It hangs up 2 s after its answer: so do we, a little before or after.
  { name: 'both hang up', share: 0.14, carriers: ['uas-callee-hangup'], hangUpAfterMs: (dice) => 1_950 + dice() * 100 },
  // It answers after 1 s: we give up around then.
  { name: 'CANCEL crosses the answer', share: 0.14, carriers: ['uas-answer'], giveUpAfterMs: (dice) => 900 + dice() * 250 },
  { name: 'rings on', share: 0.06, carriers: ['uas-noanswer'], giveUpAfterMs: (dice) => 500 + dice() * 2_000 },
  { name: 'the carrier dies in the call', share: 0.08, carriers: ['uas-answer-talk'], carrierDiesAfterMs: 4_000, hangUpAfterMs: (dice) => 5_000 + dice() * 1_000 },
]

export type StormResult = {
  calls: number
  /** Per trouble: how calls ended, `answered` first where they were. */
  endings: Record<string, Record<string, number>>
  /** Calls that told no end. */
  stuck: number
  left: { calls: number; ports: number; transactions: number }
  /** Messages that our own code failed on. */
  failed: number
  repeated: number
  seconds: number
}

/** Resolves when everything has ended and every timer has run out, or should have. */
export async function storm({ calls, media, log, loss = 0.1, seed = 1 }: { calls: number; media: MediaEngine; log: Log; loss?: number; seed?: number }): Promise<StormResult> {
  const beganMs = performance.now()
  await using stack = new AsyncDisposableStack()
  const dice = seededDice(seed)
  const agent = stack.use(await SipUserAgent.open({ address, port: 0, log, clock: hasty, openTransport: lossyUdp(loss, dice, log) }))
  const portsBefore = media.load().ports
  const endings: StormResult['endings'] = {}
  let stuck = 0
  const dead = await freePort()
  const flights: Promise<void>[] = []
  for (const trouble of troubles) {
    const count = Math.max(1, Math.round(calls * trouble.share))
    const peers: Peer[] = []
    for (const scenario of trouble.carriers) {
      if (scenario === 'nobody') peers.push({ address, port: dead })
      else {
        const carrier = stack.use(await Sipp.start(scenario, { args: patient, seconds: 100 }))
        peers.push({ address, port: carrier.port })
        if (trouble.carrierDiesAfterMs !== undefined) flights.push(sleep(trouble.carrierDiesAfterMs).then(() => carrier[Symbol.asyncDispose]()))
      }
    }
    const ends = (endings[trouble.name] = {} as Record<string, number>)
    for (let nth = 0; nth < count; nth += 1) {
      flights.push(
        sleep(dice() * 1_000).then(async () => {
          const end = await fly(trouble, peers, { agent, media, dice })
          if (end === 'stuck') stuck += 1
          ends[end] = (ends[end] ?? 0) + 1
        }),
      )
    }
  }
  await Promise.all(flights)
  // The last transactions wait 64 T1 for repeats.
  for (const deadline = performance.now() + 40_000 / HASTE; agent.stats.transactions > 0 && performance.now() < deadline; ) await sleep(100)
  const { calls: left, transactions, failed, repeated } = agent.stats
  return { calls: Object.values(endings).reduce((sum, ends) => sum + Object.values(ends).reduce((a, b) => a + b, 0), 0), endings, stuck, left: { calls: left, ports: media.load().ports - portsBefore, transactions }, failed, repeated, seconds: (performance.now() - beganMs) / 1_000 }
}

async function fly(trouble: Trouble, peers: readonly Peer[], { agent, media, dice }: { agent: SipUserAgent; media: MediaEngine; dice: () => number }): Promise<string> {
  const port = await media.open({ address, onEvent: () => {} })
  const leg = new Leg(trunkOf(agent), port, { phone: '+8613800138000', callerId: '02160001000', ringMsMax: 60_000, onRinging: () => {}, onDigit: () => {} })
  leg.dial(peers as [Peer, ...Peer[]])
  const limit = (ms: number) => sleep(ms, 'stuck' as const, { ref: false })
  const giveUp = trouble.giveUpAfterMs && sleep(trouble.giveUpAfterMs(dice)).then(() => leg.hangUp(20_000))
  const first = await Promise.race([leg.answered, leg.ended, limit(40_000)])
  let end: LegEnd | 'stuck' = first === 'stuck' || first.type === 'answered' ? 'stuck' : first
  if (first !== 'stuck' && first.type === 'answered') {
    const hungUp = trouble.hangUpAfterMs && sleep(trouble.hangUpAfterMs(dice)).then(() => leg.hangUp(20_000))
    end = await Promise.race([leg.ended, limit(40_000)])
    await hungUp
  }
  await giveUp
  await port.close()
  const answered = first !== 'stuck' && first.type === 'answered' ? 'answered, ' : ''
  return end === 'stuck' ? 'stuck' : `${answered}${end.type === 'failed' ? `failed ${end.status} ${end.local ?? 'by them'}` : end.type === 'ended' ? `ended ${end.by}` : end.type}`
}

function trunkOf(userAgent: SipUserAgent): Trunk {
  const config = parseTrunkConfig({ name: 'storm', targets: [address], callers: [{ number: '02160001000' }] })
  return configuredTrunk(config, { userAgent, mediaAddress: address, domain: () => address, targets: () => Promise.resolve([]), attribution: noAttribution })
}

/** Real UDP that loses datagrams of both directions. */
function lossyUdp(loss: number, dice: () => number, log: Log): (receive: Receive) => Promise<Transport> {
  return async (receive) => {
    const udp = await UdpTransport.open({ address, port: 0, log, receive: (bytes, from) => void (dice() >= loss && receive(bytes, from)) })
    return {
      protocol: udp.protocol,
      reliable: udp.reliable,
      address: udp.address,
      port: udp.port,
      send: (bytes, to, onFailed) => void (dice() >= loss && udp.send(bytes, to, onFailed)),
      [Symbol.asyncDispose]: () => udp[Symbol.asyncDispose](),
    }
  }
}
