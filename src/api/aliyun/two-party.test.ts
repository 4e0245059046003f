import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallRecord } from '../../dialer/call-service.ts'
import type { CallEvent, CallEventRow } from '../../events.ts'
import { notConnected } from '../../robot/connect.ts'
import { twoPartyDetail } from './call-detail.ts'
import { partyTimesOf, twoPartyStatusOf } from './two-party.ts'

const reason = (outcome: NonNullable<CallRecord['reason']>['outcome']) => ({ outcome, by: 'robot', stage: 'talking', detail: 'robot-hung-up', evidence: {} }) as const
const over = (more: Partial<CallRecord>): string | undefined => twoPartyStatusOf({ status: 'ended', reason: reason('answered'), conversation: undefined, slots: undefined, ...more })?.code

test('a call between two has its published code while it stands', () => {
  const codes = (['queued', 'dialing', 'ringing', 'talking'] as const).map((status) => twoPartyStatusOf({ status, reason: undefined, conversation: undefined, slots: undefined })?.code)
  assert.deepEqual(codes, [undefined, '200101', '200101', '200102'])
})

test('… and when it is over, by whom of the two was not to be had', () => {
  assert.equal(over({ conversation: 'transferred' }), '200100')
  assert.equal(over({}), '200100')
  const byWhy = Object.fromEntries(Object.keys(notConnected).map((party) => [party, over({ slots: { party } })]))
  assert.deepEqual(byWhy, { busy: '200112', 'no-answer': '200113', declined: '200111', 'invalid-number': '200116', unreachable: '200120', refused: '200105', left: '200111' })
  assert.deepEqual((['busy', 'no-answer', 'invalid-number', 'powered-off', 'barred', 'carrier-blocked', 'concurrency', 'window', 'frequency'] as const).map((outcome) => over({ reason: reason(outcome) })), ['200002', '200003', '200004', '200010', '200104', '200117', '200121', '200118', '200119'])
})

test('the record of the two tells both numbers as they were shown, and counts from the moment that they were joined', () => {
  const at = (s: number) => new Date(Date.parse('2026-11-21T04:00:00Z') + s * 1_000)
  const row = (s: number, event: CallEvent): CallEventRow => ({ seq: s + 1, at: at(s), event }) as CallEventRow
  const transfer = (state: 'calling' | 'ringing' | 'answered' | 'joined'): CallEvent => ({ type: 'transfer', how: 'bridge', state, phone: '+8613900139000' })
  const call = {
    id: 'c', phone: '+8613800138000', phoneAsGiven: '13800138000', status: 'ended', reason: reason('answered'), conversation: 'transferred', connects: { phoneAsGiven: '139 0013 9000', callerId: '02160002000' },
    callerId: '02160001000', createdAt: at(0), ringingAt: at(2), answeredAt: at(5), endedAt: at(30), talkMs: 25_000,
  } as unknown as CallRecord
  const rows = [row(6, transfer('calling')), row(8, transfer('ringing')), row(12, transfer('answered')), row(12, transfer('joined')), row(30, { type: 'ended' } as CallEvent)]
  assert.deepEqual(JSON.parse(twoPartyDetail(call, '021-60001000', partyTimesOf(rows, at(30)))), {
    caller: '13800138000', callee: '139 0013 9000', callerShowNumber: '021-60001000', calleeShowNumber: '02160002000',
    startDate: '2026-11-21 12:00:12', endDate: '2026-11-21 12:00:30', duration: 18, state: '200100', stateDesc: '通话结束', gmtCreate: '2026-11-21 12:00:00',
    aRingTime: '2026-11-21 12:00:02', aEndTime: '2026-11-21 12:00:30', bRingTime: '2026-11-21 12:00:08', bEndTime: '2026-11-21 12:00:30',
  })
  const talking = { ...call, status: 'talking', reason: undefined, conversation: undefined, endedAt: undefined } as CallRecord
  assert.equal((JSON.parse(twoPartyDetail(talking, '', partyTimesOf(rows.slice(0, 4), undefined))) as { state: string }).state, '200103')
  const alone = JSON.parse(twoPartyDetail({ ...talking, status: 'ended', reason: reason('busy'), endedAt: at(9) } as CallRecord, '', partyTimesOf([row(9, { type: 'ended' } as CallEvent)], at(9)))) as Record<string, unknown>
  assert.deepEqual([alone['state'], alone['startDate'], alone['duration'], alone['bRingTime'], alone['bEndTime'], alone['stateDesc']], ['200002', '', 0, '', '', '主叫：用户占线'])
})
