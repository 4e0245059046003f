// Whole calls between two of our user agents: over a fake network in bad weather, under attack, and over real UDP.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { InvalidInputError } from '../errors.ts'
import { FakeNetwork, seededDice, type Weather } from './fake-network.ts'
import type { LegEvent, OutgoingCall } from './leg.ts'
import { buildAnswer, buildOffer } from './sdp.ts'
import { SipUserAgent, type UserAgentOptions } from './user-agent.ts'

const log = pino({ level: 'silent' })
const callerAt = { address: '10.0.0.1', port: 5060 }
const calleeAt = { address: '10.0.0.2', port: 5060 }
const offer = buildOffer({ address: '10.0.0.1', port: 6000, sessionId: 1, version: 1 })
const answer = (theirs: string): string => buildAnswer(theirs, { address: '10.0.0.2', port: 7000, sessionId: 2, version: 1 })!.sdp

function isLast(event: LegEvent): boolean {
  return event.type === 'failed' || event.type === 'ended'
}

function inviteTo(agent: SipUserAgent, target: { address: string; port: number }, onEvent: (event: LegEvent) => void, ringMsMax = 40_000): OutgoingCall {
  return agent.invite({ target, requestUri: `sip:13800138000@${target.address}:${target.port}`, from: 'sip:02160001000@10.0.0.1', to: 'sip:13800138000@10.0.0.2', sdp: offer, ringMsMax, onEvent })
}

/** Plays `count` calls whose callees and callers do something random at random times, then lets everything time out. */
async function playRandomCalls(seed: number, count: number, weather: Weather) {
  const network = new FakeNetwork(seed)
  network.weather = weather
  const dice = seededDice(seed + 1_000)
  const at = (msMax: number, run: () => void): void => void network.clock.after(dice() * msMax, run)
  const open = (address: { address: string; port: number }, onCall?: UserAgentOptions['onCall']) =>
    SipUserAgent.open({ ...address, log, onCall, clock: network.clock, openTransport: network.open(address.address, address.port) })
  let unsettled = 0
  const follow = (promise: Promise<unknown>): void => {
    unsettled += 1
    void promise.then(() => (unsettled -= 1))
  }
  const calleeStories: LegEvent[][] = []
  const callerStories: LegEvent[][] = []
  const callee = await open(calleeAt, (call) => {
    const story: LegEvent[] = []
    calleeStories.push(story)
    call.listen((event) => story.push(event))
    const plan = dice()
    if (plan < 0.3) at(500, () => call.progress(183, { sdp: answer(call.offer!) }))
    else if (plan < 0.7) at(500, () => call.progress(180))
    if (plan < 0.6) {
      at(8_000, () => {
        call.answer(answer(call.offer!))
        at(20_000, () => follow(call.hold().then(() => call.reoffer(undefined))))
        if (plan < 0.25) at(20_000, () => void call.hangUp({ q850: 16 }))
      })
    } else if (plan < 0.85) at(8_000, () => call.reject(plan < 0.7 ? 486 : 603))
    // The rest ring for ever.
  })
  const caller = await open(callerAt)
  for (let number = 0; number < count; number += 1) {
    at(10_000, () => {
      const story: LegEvent[] = []
      callerStories.push(story)
      const call = inviteTo(caller, calleeAt, (event) => story.push(event), 20_000)
      const plan = dice()
      // Offers of both sides cross each other, the answer and the end.
      at(60_000, () => follow(call.hold().then(() => call.resume())))
      at(60_000, () => follow(call.transfer('sip:4001@10.0.0.9')))
      if (plan < 0.3) at(10_000, () => void call.hangUp()) // often in the middle of a race
      else at(60_000, () => void call.hangUp())
    })
  }
  await network.clock.advance(400_000)
  return { caller, callee, callerStories, calleeStories, network, unsettled }
}

for (const [seed, weather] of [
  [1, { loss: 0, duplication: 0, delayMsMin: 5, delayMsMax: 5 }],
  [2, { loss: 0.15, duplication: 0.05, delayMsMin: 5, delayMsMax: 60 }],
  [3, { loss: 0.4, duplication: 0.2, delayMsMin: 5, delayMsMax: 900 }],
] as const) {
  void test(`200 random calls with hold and transfer at ${weather.loss * 100} % loss each end exactly once on both sides and leave nothing behind`, async () => {
    const { caller, callee, callerStories, calleeStories, network, unsettled } = await playRandomCalls(seed, 200, weather)
    assert.equal(callerStories.length, 200)
    for (const story of [...callerStories, ...calleeStories]) {
      assert.equal(story.filter(isLast).length, 1, JSON.stringify(story))
      assert.equal(isLast(story.at(-1)!), true, JSON.stringify(story))
      assert.equal(story.at(-1)!.type, story.some(({ type }) => type === 'answered') ? 'ended' : story.at(-1)!.type)
    }
    assert.ok(callerStories.filter((story) => story.some(({ type }) => type === 'answered')).length > 50)
    for (const agent of [caller, callee]) {
      const { calls, transactions, malformed, failed } = agent.stats
      assert.deepEqual({ calls, transactions, malformed, failed }, { calls: 0, transactions: 0, malformed: 0, failed: 0 })
    }
    assert.equal(network.clock.planned, 0)
    assert.equal(unsettled, 0)
  })
}

void test('damaged copies of live traffic crash nobody, and every call still ends', async () => {
  const network = new FakeNetwork(5)
  const dice = seededDice(6)
  const options = { log, clock: network.clock, limits: { callsMax: 50, transactionsMax: 300, incomingRingMsMax: 20_000, unknownPerSecondMax: Infinity } }
  const stories: LegEvent[][] = []
  const callee = await SipUserAgent.open({
    ...options,
    ...calleeAt,
    openTransport: network.open(calleeAt.address, calleeAt.port),
    onCall(call) {
      call.progress(183, { sdp: answer(offer) })
      network.clock.after(1_000, () => call.answer(answer(offer)))
    },
  })
  const caller = await SipUserAgent.open({ ...options, ...callerAt, openTransport: network.open(callerAt.address, callerAt.port) })
  const attacker = await network.open('10.6.6.6', 5060)(() => {})
  const splices = ['\r\n', ';', '"', '<', '>', ',', 'BYE', 'CANCEL', 'ACK', 'INVITE', '200', '487', ' 2 ', ';tag=', 'Require: 100rel\r\nRSeq: 1\r\n', 'Record-Route: <x>\r\n', 'Contact: *\r\n']
  for (let round = 0; round < 40; round += 1) {
    const story: LegEvent[] = []
    stories.push(story)
    try {
      const call = inviteTo(caller, calleeAt, (event) => story.push(event), 10_000)
      network.clock.after(3_000 + dice() * 3_000, () => void call.hangUp())
    } catch {
      stories.pop() // Full because of the damage: refusing is right.
    }
    await network.clock.advance(200)
    for (let copy = 0; copy < 100; copy += 1) {
      const { text } = network.sent[Math.floor(dice() * network.sent.length)]!
      const cut = Math.floor(dice() * text.length)
      const damaged = text.slice(0, cut) + (dice() < 0.7 ? splices[Math.floor(dice() * splices.length)]! : '') + text.slice(cut + Math.floor(dice() * 6))
      attacker.send(Buffer.from(damaged, 'latin1'), dice() < 0.5 ? callerAt : calleeAt, () => {})
    }
  }
  await network.clock.advance(300_000)
  assert.ok(stories.length > 20)
  for (const story of stories) assert.equal(story.filter(isLast).length, 1, JSON.stringify(story))
  assert.ok(caller.stats.malformed + callee.stats.malformed > 100)
  for (const { calls, transactions, failed } of [caller.stats, callee.stats]) assert.deepEqual({ calls, transactions, failed }, { calls: 0, transactions: 0, failed: 0 })
})

void test('an agent whose address cannot be told to others is refused', async () => {
  await assert.rejects(SipUserAgent.open({ address: '0.0.0.0', port: 0, log }), InvalidInputError)
  await assert.rejects(SipUserAgent.open({ address: 'localhost', port: 0, log }), InvalidInputError)
  await using agent = await SipUserAgent.open({ address: '0.0.0.0', publicAddress: '127.0.0.1', port: 0, log })
  await assert.rejects(SipUserAgent.open({ address: '0.0.0.0', publicAddress: '127.0.0.1', port: agent.port, log }), { code: 'EADDRINUSE' })
})

void test('300 calls over real UDP are answered, hung up and end once on both sides', async () => {
  const calleeLast: LegEvent[] = []
  const allEnded = Promise.withResolvers<void>()
  await using callee = await SipUserAgent.open({
    address: '127.0.0.1',
    port: 0,
    log,
    onCall(call) {
      call.listen((event) => {
        if (!isLast(event)) return
        calleeLast.push(event)
        if (calleeLast.length === 300) allEnded.resolve()
      })
      call.progress(180)
      call.answer(answer(call.offer!))
    },
  })
  await using caller = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log })
  const stories = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const story: string[] = []
      const answered = Promise.withResolvers<void>()
      const call = inviteTo(caller, callee, (event) => {
        story.push(event.type)
        if (event.type === 'answered' || isLast(event)) answered.resolve()
      })
      await answered.promise
      await call.hangUp({ q850: 16, text: 'done' })
      return story.filter((type) => type !== 'progress').join(' ')
    }),
  )
  await allEnded.promise
  assert.deepEqual([...new Set(stories)], ['answered ended'])
  assert.deepEqual(calleeLast[0], { type: 'ended', by: 'remote', q850: 16, reason: 'done' })
  assert.deepEqual([caller.stats.calls, callee.stats.calls], [0, 0])
})

void test('a ping over real UDP is answered, and one to a dead port is not', async () => {
  await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log })
  assert.equal(await agent.ping(agent), 200)
  assert.deepEqual(await agent.probe(agent), { status: 200, reason: 'OK', seenAs: { address: '127.0.0.1', port: agent.port } })
  const network = new FakeNetwork()
  const alone = await SipUserAgent.open({ ...callerAt, log, clock: network.clock, openTransport: network.open(callerAt.address, callerAt.port) })
  const status = alone.ping(calleeAt)
  await network.clock.advance(32_100)
  assert.equal(await status, 408)
})
