import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dialog, type DialogState } from './dialog.ts'
import { parseMessage, SipHeaders, type ReceivedResponse } from './message.ts'

const target = { address: '10.0.0.9', port: 5060 }
const state: DialogState = {
  callId: 'x',
  localTag: 'a',
  remoteTag: 'b',
  localParty: '<sip:a@h>;tag=a',
  remoteParty: '<sip:b@h>;tag=b',
  cseq: 5,
  remoteTarget: 'sip:b@10.0.0.2:5070',
  routeSet: [],
  target,
}

void test('requests are numbered on, and go to the remote target when there is no route', () => {
  const dialog = new Dialog(state)
  const bye = dialog.request('BYE')
  assert.equal(bye.uri, 'sip:b@10.0.0.2:5070')
  assert.equal(bye.headers.get('CSeq'), '6 BYE')
  assert.deepEqual(dialog.hop(), { address: '10.0.0.2', port: 5070 })
  assert.equal(dialog.ack(5).headers.get('CSeq'), '5 ACK')
  assert.equal(dialog.state().cseq, 6)
})

void test('a loose route keeps the target in the request line, a strict one takes its place', () => {
  const loose = new Dialog({ ...state, routeSet: ['<sip:10.0.0.3;lr>', '<sip:10.0.0.4;lr=on>'] })
  assert.equal(loose.request('BYE').uri, state.remoteTarget)
  assert.deepEqual(loose.request('BYE').headers.all('Route'), ['<sip:10.0.0.3;lr>', '<sip:10.0.0.4;lr=on>'])
  assert.deepEqual(loose.hop(), { address: '10.0.0.3', port: 5060 })
  const strict = new Dialog({ ...state, routeSet: ['<sip:10.0.0.3:5062>', '<sip:10.0.0.4;lr>'] })
  const bye = strict.request('BYE')
  assert.equal(bye.uri, 'sip:10.0.0.3:5062')
  assert.deepEqual(bye.headers.all('Route'), ['<sip:10.0.0.4;lr>', '<sip:b@10.0.0.2:5070>'])
  assert.deepEqual(strict.hop(), { address: '10.0.0.3', port: 5062 })
})

void test('a name or tel: as target is reached where the far end was met', () => {
  for (const remoteTarget of ['sip:b@sbc.carrier.example', 'tel:+8613800138000']) assert.deepEqual(new Dialog({ ...state, remoteTarget }).hop(), target)
  assert.deepEqual(new Dialog({ ...state, remoteTarget: 'sip:b@[2001:db8::1]' }).hop(), { address: '2001:db8::1', port: 5060 })
})

void test('older requests are refused, equal and newer ones taken', () => {
  const dialog = new Dialog(state)
  assert.deepEqual([5, 4, 5, 9].map((cseq) => dialog.acceptsCseq(cseq)), [true, false, true, true])
})

void test('a re-INVITE moves the target, unless its Contact is nonsense', () => {
  const dialog = new Dialog(state)
  dialog.refreshTarget(new SipHeaders([['Contact', '<sip:new@10.0.0.7>']]))
  assert.equal(dialog.request('INFO').uri, 'sip:new@10.0.0.7')
  for (const contact of ['*', '<nonsense>', '"open']) dialog.refreshTarget(new SipHeaders([['Contact', contact]]))
  assert.equal(dialog.request('INFO').uri, 'sip:new@10.0.0.7')
})

void test('a response without Contact, tag or usable routes still makes a dialog that can be ended', () => {
  const text = 'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=a\r\nTo: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nRecord-Route: <nonsense>, <sip:10.0.0.3;lr>\r\n\r\n'
  const response = parseMessage(Buffer.from(text)) as ReceivedResponse
  const invite = { method: 'INVITE', uri: 'sip:b@carrier.example', headers: new SipHeaders([['From', '<sip:a@h>;tag=a']]), body: new Uint8Array(0) }
  const dialog = Dialog.ofResponse(invite, response, target)
  assert.equal(dialog.remoteTag, '')
  assert.equal(dialog.request('BYE').uri, 'sip:b@carrier.example')
  assert.deepEqual(dialog.request('BYE').headers.all('Route'), ['<sip:10.0.0.3;lr>'])
})
