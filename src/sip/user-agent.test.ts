// Whole calls between two of our user agents: over a fake network with a fake clock, and once over real UDP.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { log } from '../log.ts'
import { SipUserAgent } from './user-agent.ts'
import { buildOffer, buildAnswer } from './sdp.ts'
import type { IncomingCall, LegEvent } from './leg.ts'

void test('a call over real UDP is answered, hung up by the caller and ends once on both sides', async () => {
  log.level = 'silent'
  const heard: LegEvent[] = []
  const calleeEnded = Promise.withResolvers<void>()
  await using callee = await SipUserAgent.open({
    address: '127.0.0.1', port: 0, log,
    onCall(call: IncomingCall) {
      call.listen((event) => {
        heard.push(event)
        if (event.type === 'ended') calleeEnded.resolve()
      })
      call.progress(180)
      call.answer(buildAnswer(call.offer!, { address: '127.0.0.1', port: 4000, sessionId: 1, version: 1 })!.sdp)
    },
  })
  await using caller = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log })
  const events: LegEvent[] = []
  const answered = Promise.withResolvers<void>()
  const call = caller.invite({
    target: callee, requestUri: `sip:13800138000@127.0.0.1:${callee.port}`, from: 'sip:02160001000@127.0.0.1', to: 'sip:13800138000@127.0.0.1',
    sdp: buildOffer({ address: '127.0.0.1', port: 4002, sessionId: 2, version: 1 }), ringMsMax: 5_000,
    onEvent(event) { events.push(event); if (event.type === 'answered') answered.resolve() },
  })
  await answered.promise
  await call.hangUp({ q850: 16, text: 'bye' })
  await calleeEnded.promise
  assert.deepEqual(events.map(({ type }) => type), ['progress', 'progress', 'answered', 'ended'])
  assert.deepEqual(heard.at(-1), { type: 'ended', by: 'remote', q850: 16, reason: 'bye' })
})
