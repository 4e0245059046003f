// Knows how the record of a call is shown by QueryCallDetailByCallId. Does not know where records are kept.
import type { CallRecord } from '../../dialer/call-service.ts'
import type { CallProduct } from '../../db/call-tickets.ts'
import { chinaTime } from './china-time.ts'
import { statusOf } from './status-codes.ts'
import { secondsTalked, twoPartyStatusOf, type PartyTimes } from './two-party.ts'

/** The number of each kind of call in queries. Source: the parameter ProdId of the published operation. */
export const prodIds: Readonly<Record<CallProduct, string>> = {
  voice: '11000000300006',
  tts: '11010000138001',
  ivr: '11000000300005',
  'click-to-dial': '11000000300004',
  smart: '11030000180001',
  robot: '11030000180001',
}

/** The JSON text of `Data`. A call that goes on has no state yet. */
export function callDetail(call: CallRecord, shownNumber: string): string {
  const { answeredAt, endedAt, reason, conversation } = call
  const status = reason && statusOf(reason, conversation)
  const caller = call.callerId ?? shownNumber
  return JSON.stringify({
    caller,
    callee: call.phoneAsGiven,
    callerShowNumber: shownNumber === '' ? caller : shownNumber,
    calleeShowNumber: shownNumber === '' ? caller : shownNumber,
    startDate: chinaTime(answeredAt),
    endDate: chinaTime(endedAt),
    duration: Math.ceil((call.talkMs ?? 0) / 1_000),
    state: status?.code ?? '',
    stateDesc: status?.text ?? '',
    gmtCreate: chinaTime(call.createdAt),
    aRingTime: '',
    aEndTime: '',
    bRingTime: chinaTime(call.ringingAt),
    bEndTime: chinaTime(endedAt),
  })
}

/** The same of a call between two people: `caller` was called first, and the two talk from the moment that the callee was joined. */
export function twoPartyDetail(call: CallRecord, shownNumber: string, times: PartyTimes): string {
  const { ringingAt, joinedAt, endedAt } = times
  const status = joinedAt && call.status === 'talking' ? { code: '200103', text: '通话中' } : twoPartyStatusOf(call)
  return JSON.stringify({
    caller: call.phoneAsGiven,
    callee: call.connects?.phoneAsGiven ?? '',
    callerShowNumber: shownNumber === '' ? (call.callerId ?? '') : shownNumber,
    calleeShowNumber: call.connects?.callerId ?? call.callerId ?? '',
    startDate: chinaTime(joinedAt),
    endDate: chinaTime(call.endedAt),
    duration: secondsTalked(times),
    state: status?.code ?? '',
    stateDesc: status?.text ?? '',
    gmtCreate: chinaTime(call.createdAt),
    aRingTime: chinaTime(call.ringingAt),
    aEndTime: chinaTime(call.endedAt),
    bRingTime: chinaTime(ringingAt),
    bEndTime: chinaTime(endedAt),
  })
}
