// Checks the published fields and codes of every message type. Nothing is sent.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomes, type EndReason, type Outcome } from '../../call/end-reason.ts'
import { callProducts, type CallProduct } from '../../db/call-tickets.ts'
import { receiptKinds, receiptsOwed, type ReceiptKind } from '../../db/receipt-moments.ts'
import type { ReceiptFacts } from '../../dialer/receipt-facts.ts'
import type { CallEvent } from '../../events.ts'
import type { ConversationOutcome } from '../../robot/robot.ts'
import { kindOfMessage, messageTypes, receiptRenderer } from './receipts.ts'
import { earlyMediaCodeOf, hangupDirectionOf } from './status-codes.ts'

const render = receiptRenderer({ recordingLink: (accountId, callId) => `https://calls.example/${accountId}/${callId}` })
const noon = Date.parse('2026-11-20T12:00:00+08:00')
const at = (seconds: number) => new Date(noon + seconds * 1_000)
const hungUp: EndReason = { outcome: 'answered', by: 'callee', stage: 'talking', detail: 'callee-hung-up', evidence: {} }

function facts(kind: ReceiptKind, event: CallEvent, more: Partial<ReceiptFacts> & { product?: CallProduct; reason?: EndReason } = {}): ReceiptFacts {
  const { product = 'smart', reason = hungUp, ...rest } = more
  return {
    kind, event, at: at(12), accountId: 'acc_1',
    call: {
      id: 'call_1', phone: '+8613900000000', phoneAsGiven: '13900000000', userRequirement: '', status: 'ended', waitingFor: undefined, callerId: '057112345678', createdAt: at(0), dialingAt: at(1), ringingAt: at(3),
      answeredAt: at(5), endedAt: at(12), reason, conversation: undefined, talkMs: 6_400, billedSec: 60, costLi: 150, summary: undefined, slots: undefined, recording: '/tmp/a.wav',
    },
    ticket: { wireId: '116012854210^102814270000', product, shownNumber: '057100000000', outId: 'crm-1' },
    earlyMediaWanted: false, scriptNumber: undefined, keys: '', transfer: { joined: false, failed: undefined }, legs: [],
    ...rest,
  }
}
const end = (reason: EndReason = hungUp, more: { conversation?: 'delivered'; talkMs?: number } = {}): CallEvent => ({ type: 'ended', reason, talkMs: 6_400, billedSec: 60, costLi: 150, recording: '/tmp/a.wav', ...more })

void test('a SmartCall is reported with its published fields: texts, but for the seconds of the called leg', () => {
  assert.deepEqual(render(facts('report', end())), {
    call_id: '116012854210^102814270000', out_id: 'crm-1', originate_time: '2026-11-20 12:00:01', ring_time: '2026-11-20 12:00:03', start_time: '2026-11-20 12:00:05', end_time: '2026-11-20 12:00:12',
    duration: '7', caller: '057112345678', callee: '13900000000', status_code: '200001', smart_status_code: 'ANSWERED', status_msg: '用户提前挂断', hangup_direction: '用户', voice_type: 'voice',
    b_originate_time: '2026-11-20 12:00:01', b_ring_time: '2026-11-20 12:00:03', b_start_time: '2026-11-20 12:00:05', b_end_time: '2026-11-20 12:00:12', b_duration: 7, toll_type: 'UNKNOWN',
  })
})

void test('a call that said something is reported with the keys that were pressed, without what only a conversation has', () => {
  for (const product of ['voice', 'tts', 'ivr'] as const) {
    const record = render(facts('report', end(hungUp, { conversation: 'delivered' }), { product, keys: '1#' }))
    assert.deepEqual([record['dtmf'], record['toll_type'], record['status_code'], record['status_msg']], ['1#', 'UNKNOWN', '200000', '用户听完'], product)
    for (const field of ['early_media_code', 'b_duration', 'b_start_time', 'dialog_id', 'parallel_leg_hangup_cause']) assert.ok(!(field in record), `${product} ${field}`)
  }
})

void test('what did not happen is an empty text, and a call that nobody answered lasted 0 s', () => {
  const busy: EndReason = { outcome: 'busy', by: 'callee', stage: 'dialing', detail: 'final-response', evidence: {} }
  const { call, ...rest } = facts('report', end(busy, { talkMs: 0 }), { reason: busy })
  const record = render({ ...rest, call: { ...call, ringingAt: undefined, answeredAt: undefined, dialingAt: undefined, callerId: undefined }, ticket: { ...rest.ticket, outId: undefined } })
  const { originate_time, ring_time, start_time, b_start_time, duration, b_duration, caller, out_id, status_code, smart_status_code } = record
  assert.deepEqual({ originate_time, ring_time, start_time, b_start_time, duration, b_duration, caller, out_id, status_code, smart_status_code }, {
    originate_time: '', ring_time: '', start_time: '', b_start_time: '', duration: '0', b_duration: 0, caller: '057100000000', out_id: '', status_code: '200002', smart_status_code: 'USER_BUSY',
  })
})

void test('a call between two is reported as theirs: both numbers, the codes of two parties, and times of the second leg', () => {
  const leg = (state: 'calling' | 'ringing' | 'answered' | 'joined' | 'failed', s: number) => ({ at: at(s), event: { type: 'transfer', how: 'bridge', state, phone: '+8613900139000' } as const })
  const of = (legs: ReceiptFacts['legs'], more: Partial<ReceiptFacts['call']>, reason: EndReason = hungUp) => {
    const { call, ...rest } = facts('report', end(reason), { product: 'click-to-dial', reason, legs })
    return render({ ...rest, call: { ...call, connects: { phoneAsGiven: '139 0013 9000', callerId: undefined }, ...more } })
  }
  const joined = of([leg('calling', 6), leg('ringing', 7), leg('answered', 9), leg('joined', 9)], { conversation: 'transferred' }, { ...hungUp, by: 'colleague', detail: 'colleague-hung-up' })
  assert.deepEqual(joined, {
    call_id: '116012854210^102814270000', out_id: 'crm-1', originate_time: '2026-11-20 12:00:01', ring_time: '2026-11-20 12:00:03', start_time: '2026-11-20 12:00:09', end_time: '2026-11-20 12:00:12',
    duration: '3', caller: '13900000000', callee: '139 0013 9000', status_code: '200100', smart_status_code: 'ANSWERED', status_msg: '通话结束', hangup_direction: 'bleg', voice_type: 'voice', toll_type: 'UNKNOWN',
    b_originate_time: '2026-11-20 12:00:06', b_ring_time: '2026-11-20 12:00:07', b_start_time: '2026-11-20 12:00:09', b_end_time: '2026-11-20 12:00:12', b_duration: 3,
  })
  const busy = of([leg('calling', 6), leg('failed', 8)], { slots: { party: 'busy' } }, { ...hungUp, by: 'robot', detail: 'robot-hung-up' })
  assert.deepEqual([busy['status_code'], busy['smart_status_code'], busy['duration'], busy['b_start_time'], busy['b_end_time'], busy['hangup_direction']], ['200112', 'USER_BUSY', '0', '', '2026-11-20 12:00:08', '机器'])
})

void test('transfers, early media and scripts have their own fields', () => {
  const off: EndReason = { outcome: 'powered-off', by: 'network', stage: 'ringing', detail: 'announced', evidence: { announcement: '您拨打的用户已关机', rule: 'text:powered-off' } }
  const of = (more: Parameters<typeof facts>[2], reason?: EndReason) => render(facts('report', end(reason), more))
  assert.equal(of({ transfer: { joined: true, failed: undefined } })['voice_type'], 'smart_transfer')
  assert.equal(of({ transfer: { joined: false, failed: 'busy' } })['parallel_leg_hangup_cause'], 'USER_BUSY')
  assert.equal(of({ earlyMediaWanted: true }, off)['early_media_code'], '200010')
  assert.ok(!('early_media_code' in of({}, off)))
  const robot = of({ product: 'robot', scriptNumber: 100000007, ticket: { wireId: '4000000001^000000000701', product: 'robot', shownNumber: '', outId: 'ALICOM_SMART_SAAS^4000000001^1' } })
  assert.deepEqual([robot['dialog_id'], robot['out_id'], robot['call_id'], robot['b_duration']], ['100000007', 'ALICOM_SMART_SAAS^4000000001^1', '4000000001^000000000701', 7])
  const codes = { busy: '200002', 'no-answer': '200003', 'invalid-number': '200004', rejected: '200005', unreachable: '200007', 'powered-off': '200010', suspended: '200011', 'call-loss': '200012' } as const
  for (const [outcome, code] of Object.entries(codes)) assert.equal(earlyMediaCodeOf({ ...off, outcome: outcome as Outcome, evidence: { announcement: 'x', rule: `text:${outcome}` } }), code)
  assert.equal(earlyMediaCodeOf({ ...off, outcome: 'unknown', evidence: { announcement: '嗯' } }), '200130', 'words that mean nothing to us')
  assert.equal(earlyMediaCodeOf({ ...off, evidence: { rule: 'sip:480' } }), '', 'nothing was said')
})

void test('the callee hung up, or the machine did: two words', () => {
  const by = (who: EndReason['by']) => hangupDirectionOf({ by: who })
  assert.deepEqual((['callee', 'network', 'robot', 'user', 'platform', 'colleague'] as const).map(by), ['用户', '用户', '机器', '机器', '机器', '机器'])
})

void test('every outcome of every kind of call can be reported', () => {
  for (const outcome of outcomes) {
    for (const product of callProducts) {
      const reason: EndReason = { ...hungUp, outcome }
      const record = render(facts('report', end(reason), { product, reason }))
      assert.match(String(record['status_code']), /^\d{3,6}$/, outcome)
      for (const [field, value] of Object.entries(record)) assert.equal(typeof value, field === 'b_duration' ? 'number' : 'string', `${product} ${field}`)
    }
  }
})

void test('an answered call is normal when its conversation came to something, hung up early when it did not', () => {
  const code = (conversation: ConversationOutcome | undefined) => render(facts('report', { ...end(), conversation } as CallEvent))['status_code']
  for (const conversation of ['delivered', 'confirmed', 'refused', 'wrong-number', 'machine', 'transferred'] as const) assert.equal(code(conversation), '200000', conversation)
  for (const conversation of [undefined, 'unconfirmed', 'silent'] as const) assert.equal(code(conversation), '200001', conversation)
})

void test('progress is told by the published codes', () => {
  const transfer = (state: 'calling' | 'ringing' | 'answered'): CallEvent => ({ type: 'transfer', how: 'bridge', state, phone: '+8613900000001' })
  const table: [CallEvent, string, string][] = [
    [{ type: 'dialing', line: 'a', attempt: 1 }, '200101', ''],
    [{ type: 'ringing', sipStatus: 180, earlyMedia: false }, '200201', ''],
    [{ type: 'answered', sipStatus: 200 }, '200102', ''],
    [transfer('calling'), '200102', ''],
    [transfer('ringing'), '200202', ''],
    [transfer('answered'), '200103', ''],
    [end(), '200100', 'ANSWERED'],
  ]
  for (const [event, status, smart] of table) {
    assert.deepEqual(render(facts('progress', event)), { call_id: '116012854210^102814270000', out_id: 'crm-1', status_code: status, smart_status_code: smart, status_time: '2026-11-20 12:00:12' }, status)
  }
  const keys = render(facts('progress', { type: 'keys-pressed', digits: '1' }))
  assert.deepEqual([keys['status_code'], keys['dtmf']], ['300000', '1'])
})

void test('a recording is told with a link; since when it runs is told of SmartCall', () => {
  assert.deepEqual(render(facts('recording', end())), {
    call_id: '116012854210^102814270000', out_id: 'crm-1', start_time: '2026-11-20 12:00:05', end_time: '2026-11-20 12:00:12', duration: '7', status_code: '200001', smart_status_code: 'ANSWERED',
    record_file: 'https://calls.example/acc_1/call_1', record_begin_time: '2026-11-20 12:00:05',
  })
  assert.ok(!('record_begin_time' in render(facts('recording', end(), { product: 'tts' }))))
})

void test('live text has its offsets as numbers, from the answer on', () => {
  const said: CallEvent = { type: 'callee-said', turn: 1, text: '二零二六年', written: '2026年', beginAtMs: at(6).getTime(), endAtMs: at(7).getTime() + 0.4, confidence: 0.9, bargeIn: false }
  const first = render(facts('live-text', said, { product: 'click-to-dial' }))
  assert.deepEqual(first, { call_id: '116012854210^102814270000', out_id: 'crm-1', role: 'A', identity: 'id1', words: '2026年', begin_offset: 1_000, end_offset: 2_000, begin_time: '2026-11-20 12:00:06' })
  const second = render(facts('live-text', { type: 'colleague-said', turn: 2, text: '好', beginAtMs: 0, endAtMs: 1, confidence: 0.9 }, { product: 'click-to-dial' }))
  assert.deepEqual([second['role'], second['identity'], second['begin_offset']], ['B', 'id2', 0])
})

void test('whatever is owed can be told', () => {
  const transfers = (['referring', 'calling', 'ringing', 'answered', 'joined', 'failed', 'ended'] as const).map((state): CallEvent => ({ type: 'transfer', how: 'bridge', state, phone: '1' }))
  const said = { turn: 1, text: '喂', beginAtMs: 0, endAtMs: 1, confidence: 1 }
  const events: CallEvent[] = [
    { type: 'accepted' }, { type: 'dialing', line: 'a', attempt: 1 }, { type: 'ringing', sipStatus: 180, earlyMedia: false }, { type: 'answered', sipStatus: 200 }, { type: 'keys-pressed', digits: '1' },
    { type: 'callee-said', ...said, bargeIn: false }, { type: 'colleague-said', ...said }, ...transfers, end(),
  ]
  const told = new Set<ReceiptKind>()
  for (const event of events) {
    for (const { kind, product = 'smart' } of receiptsOwed(7, event)) {
      assert.equal(render(facts(kind, event, { product }))['out_id'], 'crm-1')
      told.add(kind)
    }
  }
  assert.deepEqual(new Set(receiptKinds), told)
  assert.deepEqual(receiptKinds.map((kind) => kindOfMessage(messageTypes[kind])), receiptKinds)
  assert.equal(kindOfMessage('SmartIvrReport'), undefined)
})
