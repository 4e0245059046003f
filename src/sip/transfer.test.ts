// Transfers by REFER (RFC 3515) and offers of ours inside a call, against a far end played by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { dial, dialAndAnswer, otherSdp, theirSdp, type Stage } from './fake-call.ts'
import type { OfferResult, TransferResult } from './leg.ts'

const notify = ({ peer, invite }: Stage, cseq: number, line: string, state = 'active;expires=60'): void =>
  peer.request(invite(), 'NOTIFY', cseq, { headers: [['Event', 'refer'], ['Subscription-State', state], ['Content-Type', 'message/sipfrag;version=2.0']], body: `${line}\r\n` })

async function referred(stage: Stage, status = 202): Promise<{ result: () => TransferResult | undefined; told: number[] }> {
  const told: number[] = []
  let result: TransferResult | undefined
  void stage.call.transfer('sip:4001@10.0.0.9', { onProgress: (status) => told.push(status) }).then((value) => (result = value))
  await stage.wait(5)
  stage.peer.reply(stage.peer.got('REFER').at(-1)!, status)
  await stage.wait(5)
  return { result: () => result, told }
}

void test('a transfer tells what NOTIFY tells and resolves with the outcome', async () => {
  const stage = await dialAndAnswer()
  const { result, told } = await referred(stage)
  const refer = stage.peer.got('REFER')[0]!
  assert.equal(refer.headers.get('Refer-To'), '<sip:4001@10.0.0.9>')
  assert.equal(refer.headers.get('Referred-By'), '<sip:02160001000@carrier.example>')
  notify(stage, 1, 'SIP/2.0 100 Trying')
  notify(stage, 2, 'SIP/2.0 180 Ringing')
  await stage.wait(5)
  assert.equal(result(), undefined)
  notify(stage, 3, 'SIP/2.0 200 OK', 'terminated;reason=noresource')
  await stage.wait(5)
  assert.deepEqual(told, [100, 180, 200])
  assert.deepEqual(result(), { outcome: 'connected', status: 200 })
  assert.deepEqual(stage.peer.responses.map(({ status }) => status), [200, 200, 200])
})

void test('a transfer whose new call is busy has failed; one that is not accepted was refused', async () => {
  const stage = await dialAndAnswer()
  const busy = await referred(stage)
  notify(stage, 1, 'SIP/2.0 486 Busy Here', 'terminated')
  await stage.wait(5)
  assert.deepEqual(busy.result(), { outcome: 'failed', status: 486 })
  const refused = await referred(stage, 405)
  assert.deepEqual(refused.result(), { outcome: 'refused', status: 405 })
  assert.deepEqual(stage.types(), ['answered'])
})

void test('a transfer nobody reports on ends after its limit, with the call, or when the reports end', async () => {
  const stage = await dialAndAnswer()
  const limit = await referred(stage)
  notify(stage, 1, 'SIP/2.0 180 Ringing')
  await stage.wait(61_000)
  assert.deepEqual(limit.result(), { outcome: 'unknown', status: 180 })
  const terminated = await referred(stage)
  notify(stage, 2, '', 'terminated;reason=timeout')
  await stage.wait(5)
  assert.deepEqual(terminated.result(), { outcome: 'unknown', status: 0 })
  const over = await referred(stage)
  stage.peer.request(stage.invite(), 'BYE', 3)
  await stage.wait(5)
  assert.deepEqual(over.result(), { outcome: 'unknown', status: 0 })
})

void test('only an answered call is transferred, and only to an address', async () => {
  const { call, wait } = await dial()
  await wait(5)
  assert.deepEqual(await call.transfer('sip:4001@10.0.0.9'), { outcome: 'refused', status: 481 })
  assert.deepEqual(await call.hold(), { status: 481 })
  await assert.rejects(call.transfer('nobody'), InvalidInputError)
  await assert.rejects(call.transfer('sip:a@b\r\nX: y'), InvalidInputError)
})

/** Collects what an offer of ours came to. */
function settled(promise: Promise<OfferResult>): () => OfferResult | undefined {
  let result: OfferResult | undefined
  void promise.then((value) => (result = value))
  return () => result
}
const sdpText = (message: { body: Uint8Array }): string => Buffer.from(message.body).toString()

void test('hold offers sendonly under the next version, stays on hold, and resume takes it back', async () => {
  const { peer, wait, call, invite, events } = await dialAndAnswer()
  const original = invite()
  const held = settled(call.hold())
  await wait(5)
  const hold = peer.got('INVITE').at(-1)!
  assert.match(sdpText(hold), /^o=- 1 2 /m)
  assert.match(sdpText(hold), /^a=sendonly/m)
  peer.reply(hold, 200, { sdp: otherSdp })
  await wait(5)
  assert.deepEqual(held(), { status: 200, sdp: otherSdp })
  assert.equal(peer.got('ACK').at(-1)?.envelope.cseq, hold.envelope.cseq)
  assert.deepEqual(events.at(-1), { type: 'remote-answer', sdp: otherSdp })
  peer.reply(hold, 200, { sdp: otherSdp })
  await wait(5)
  assert.equal(peer.got('ACK').length, 3) // the answer came again, so does its ACK
  peer.request(original, 'UPDATE', 1, { sdp: theirSdp })
  await wait(5)
  assert.match(sdpText(peer.responses.at(-1)!), /^a=sendonly/m)
  const resumed = settled(call.resume())
  await wait(5)
  assert.match(sdpText(peer.got('INVITE').at(-1)!), /^a=sendrecv/m)
  peer.reply(peer.got('INVITE').at(-1)!, 200, { sdp: theirSdp })
  await wait(5)
  assert.equal(resumed()?.status, 200)
})

void test('a refused offer changes nothing', async () => {
  const { peer, wait, call, types } = await dialAndAnswer()
  const held = settled(call.hold())
  await wait(5)
  peer.reply(peer.got('INVITE').at(-1)!, 488)
  await wait(5)
  assert.deepEqual(held(), { status: 488 })
  assert.deepEqual(types(), ['answered'])
})

void test('asking for an offer answers it in the ACK', async () => {
  const { peer, wait, call, events } = await dialAndAnswer()
  const asked = settled(call.reoffer(undefined))
  await wait(5)
  const reinvite = peer.got('INVITE').at(-1)!
  assert.equal(reinvite.body.length, 0)
  peer.reply(reinvite, 200, { sdp: otherSdp })
  await wait(5)
  assert.match(sdpText(peer.got('ACK').at(-1)!), /^m=audio 6000 RTP\/AVP 8/m)
  assert.deepEqual(events.at(-1), { type: 'remote-offer', sdp: otherSdp })
  assert.equal(asked()?.status, 200)
})

void test('an offer we asked for without a codec of ours is acknowledged and ends the call', async () => {
  const { peer, wait, call, events } = await dialAndAnswer()
  void call.reoffer(undefined)
  await wait(5)
  peer.reply(peer.got('INVITE').at(-1)!, 200, { sdp: theirSdp.replace(/m=audio.*/, 'm=audio 7000 RTP/AVP 18').replace(/a=rtpmap.*\r\n/g, '') })
  await wait(5)
  assert.equal(peer.got('ACK').length, 2)
  assert.equal(peer.got('BYE').length, 1)
  assert.equal(events.at(-1)?.type, 'ended')
})

void test('two offers that cross are both refused with 491; ours comes again 2.1 to 4 s later', async () => {
  const { peer, wait, call, invite, events } = await dialAndAnswer()
  const first = invite()
  const held = settled(call.hold())
  await wait(5)
  peer.request(first, 'INVITE', 1, { sdp: otherSdp })
  await wait(5)
  assert.equal(peer.responses.at(-1)?.status, 491)
  peer.reply(peer.got('INVITE').at(-1)!, 491)
  const numbers = (): number[] => [...new Set(peer.got('INVITE').map(({ envelope }) => envelope.cseq))]
  await wait(2_000)
  assert.deepEqual(numbers(), [1, 2])
  await wait(2_010)
  assert.deepEqual(numbers(), [1, 2, 3])
  peer.reply(peer.got('INVITE').at(-1)!, 200, { sdp: theirSdp })
  await wait(5)
  assert.equal(held()?.status, 200)
  assert.equal(events.length, 1)
})

void test('our offer waits until theirs is acknowledged', async () => {
  const { peer, wait, call, invite } = await dialAndAnswer()
  const first = invite()
  peer.request(first, 'INVITE', 1, { sdp: otherSdp })
  await wait(5)
  void call.hold()
  await wait(300)
  assert.equal(peer.got('INVITE').length, 1)
  peer.request(first, 'ACK', 1)
  await wait(5)
  assert.equal(peer.got('INVITE').length, 2)
})

void test('an offer that is only ever told 100 is cancelled after 32 s, and the call with it', async () => {
  const { peer, wait, call, events } = await dialAndAnswer()
  const held = settled(call.hold())
  await wait(5)
  peer.reply(peer.got('INVITE').at(-1)!, 100)
  await wait(33_000)
  assert.equal(peer.got('CANCEL').length > 0, true)
  assert.deepEqual(held(), { status: 408 })
  assert.equal(events.at(-1)?.type, 'ended')
})

void test('hanging up ends what still waits', async () => {
  const { peer, wait, call } = await dialAndAnswer()
  const [one, two] = [settled(call.hold()), settled(call.resume())]
  await wait(5)
  void call.hangUp()
  peer.reply(peer.got('INVITE').at(-1)!, 491)
  await wait(5)
  assert.deepEqual([one(), two()], [{ status: 491 }, { status: 481 }])
})
