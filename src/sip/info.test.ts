// INFO between two user agents over UDP. Does not play carriers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import type { IncomingCall, LegEvent } from './leg.ts'
import { buildAnswer, buildOffer, remoteAudioOf } from './sdp.ts'
import { SipUserAgent } from './user-agent.ts'

const address = '127.0.0.1'
const log = pino({ level: 'silent' })
const local = { address, port: 6_000, sessionId: 1, version: 1 }

async function upCall(stack: AsyncDisposableStack, srtp: 'off' | 'optional' = 'off') {
  const incoming = Promise.withResolvers<IncomingCall>()
  const callee = stack.use(await SipUserAgent.open({ address, port: 0, onCall: (call) => incoming.resolve(call), log }))
  const caller = stack.use(await SipUserAgent.open({ address, port: 0, log }))
  const [here, there]: [LegEvent[], LegEvent[]] = [[], []]
  const uri = `sip:95588@${address}`
  const up = Promise.withResolvers<void>()
  const listen = (event: LegEvent): void => {
    here.push(event)
    if (event.type === 'answered') up.resolve()
  }
  const out = caller.invite({ target: { address, port: callee.port }, requestUri: uri, from: `sip:1001@${address}`, to: uri, sdp: buildOffer({ ...local, srtp }), ringMsMax: 5_000, onEvent: listen })
  const early = out.sendInfo('application/dtmf-relay', 'Signal=1')
  const call = await incoming.promise
  call.listen((event) => there.push(event))
  call.answer(buildAnswer(call.offer!, { ...local, port: 7_000, srtp })!.sdp)
  await up.promise
  return { out, call, here, there, early }
}

void test('keys go by INFO both ways inside a call; other bodies are refused; before and after there is 481', async () => {
  await using stack = new AsyncDisposableStack()
  const { out, call, here, there, early } = await upCall(stack)
  assert.equal(await early, 481)
  assert.equal(await out.sendInfo('application/dtmf-relay', 'Signal=5\r\nDuration=100\r\n'), 200)
  assert.equal(await out.sendInfo('application/dtmf', '#'), 200)
  assert.equal(await call.sendInfo('application/dtmf-relay', 'Signal=11\r\n'), 200)
  assert.equal(await out.sendInfo('application/json', '{}'), 415)
  const digits = (events: LegEvent[]) => events.flatMap((event) => (event.type === 'info-digit' ? [event.digit] : []))
  assert.deepEqual([digits(there), digits(here)], [['5', '#'], ['#']])
  await out.hangUp()
  assert.equal(await out.sendInfo('application/dtmf', '1'), 481)
})

void test('our description of an exchange can be read when it is told, and the two together give the keys, also after a hold', async () => {
  await using stack = new AsyncDisposableStack()
  const { out, call, here } = await upCall(stack, 'optional')
  const answer = here.find((event) => event.type === 'answered')!
  const keys = remoteAudioOf(answer.sdp!, out.localSdp)!.srtp!
  const theirs = remoteAudioOf(call.offer!, call.localSdp)!.srtp!
  assert.deepEqual([keys.sendKey, keys.receiveKey], [theirs.receiveKey, theirs.sendKey])
  const held = Promise.withResolvers<string>()
  call.listen((event) => {
    if (event.type === 'remote-offer') held.resolve(event.sdp)
  })
  assert.equal((await out.hold()).status, 200)
  const after = remoteAudioOf(await held.promise, call.localSdp)!
  assert.deepEqual([after.srtp, after.send], [theirs, false])
  await out.hangUp()
})
