// Knows how a test of a call that we place begins: our agent, a far end played by hand, a clock that stands still. Used by tests only.
import assert from 'node:assert/strict'
import { pino } from 'pino'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { InviteOptions } from './invitation.ts'
import type { LegEvent, OutgoingCall } from './leg.ts'
import type { ReceivedRequest } from './message.ts'
import { buildOffer } from './sdp.ts'
import { SipUserAgent, type UserAgentLimits } from './user-agent.ts'

export const log = pino({ level: 'silent' })
export const here = { address: '10.0.0.1', port: 5060 }
export const there = { address: '10.0.0.2', port: 5060 }
export const theirSdp = buildOffer({ address: '10.0.0.2', port: 7000, sessionId: 9, version: 1 })
export const otherSdp = buildOffer({ address: '10.0.0.3', port: 7002, sessionId: 8, version: 1 })

export type Stage = {
  network: FakeNetwork
  agent: SipUserAgent
  peer: FakePeer
  events: LegEvent[]
  types: () => string[]
  call: OutgoingCall
  invite: () => ReceivedRequest
  wait: (ms: number) => Promise<void>
}

/** Our agent with one call placed; nothing has arrived yet. */
export async function dial(options: Partial<InviteOptions> = {}, limits: Partial<UserAgentLimits> = {}): Promise<Stage> {
  const network = new FakeNetwork()
  const peer = await FakePeer.open(network, there, here)
  const agent = await SipUserAgent.open({ ...here, log, limits, clock: network.clock, openTransport: network.open(here.address, here.port) })
  const events: LegEvent[] = []
  const call = agent.invite({
    target: there,
    requestUri: 'sip:13800138000@carrier.example',
    from: '"外呼" <sip:02160001000@carrier.example>',
    to: 'sip:13800138000@carrier.example',
    sdp: buildOffer({ address: '10.0.0.1', port: 6000, sessionId: 1, version: 1 }),
    ringMsMax: 45_000,
    onEvent: (event) => events.push(event),
    ...options,
  })
  return {
    network,
    agent,
    peer,
    events,
    call,
    types: () => events.map(({ type }) => type),
    invite: () => peer.got('INVITE').at(-1)!,
    wait: (ms) => network.clock.advance(ms),
  }
}

/** A stage whose call was answered with SDP. */
export async function dialAndAnswer(options: Partial<InviteOptions> = {}): Promise<Stage> {
  const stage = await dial(options)
  await stage.wait(5)
  stage.peer.reply(stage.invite(), 200, { sdp: theirSdp })
  await stage.wait(5)
  assert.equal(stage.events.at(-1)?.type, 'answered')
  return stage
}
