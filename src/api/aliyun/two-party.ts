// Knows how a call between two people stands and how it ended, in the published codes, and what of it happened when. Does not know receipts or queries.
// Source: the two-party codes of the published list of call status codes.
import type { CallEventRow } from '../../events.ts'
import type { CallRecord } from '../../dialer/call-service.ts'
import type { NotConnected } from '../../robot/connect.ts'
import { statusOf, type StatusCode } from './status-codes.ts'

/** The caller talked to nobody: why the callee was not to be had. */
const notConnected = {
  busy: { code: '200112', smart: 'USER_BUSY', text: '被叫占线' },
  'no-answer': { code: '200113', smart: 'NO_ANSWER', text: '被叫无应答' },
  declined: { code: '200111', smart: 'CALL_REJECTED', text: '被叫拒接' },
  'invalid-number': { code: '200116', smart: 'INVALID_NUMBER', text: '被叫空号' },
  unreachable: { code: '200120', smart: 'NO_USER_RESPONDING', text: '被叫无法接通' },
  refused: { code: '200105', smart: 'OPERATOR_BLOCK', text: '被叫号码受限' },
  left: { code: '200111', smart: 'UNAVAILABLE', text: '被叫接听后随即挂断' },
} as const satisfies Record<NotConnected, StatusCode>

/** Undefined: it has not begun. */
export function twoPartyStatusOf({ status, reason, conversation, slots }: Pick<CallRecord, 'status' | 'reason' | 'conversation' | 'slots'>): StatusCode | undefined {
  if (status === 'queued') return undefined
  if (status === 'dialing' || status === 'ringing') return { code: '200101', smart: '', text: '呼叫主叫' }
  if (status === 'talking') return { code: '200102', smart: '', text: '主叫已接听' }
  if (reason === undefined) return undefined
  const why = slots?.['party']
  if (why !== undefined && Object.hasOwn(notConnected, why)) return notConnected[why as NotConnected]
  if (conversation === 'transferred') return { code: '200100', smart: 'ANSWERED', text: '通话结束' }
  if (reason.outcome === 'answered') return { code: '200100', smart: 'CANCEL', text: '接通被叫之前结束' }
  // Restricted or shown wrongly, it is the caller who was called here.
  if (reason.outcome === 'barred' || reason.outcome === 'blacklist') return { ...statusOf(reason, conversation), code: '200104', text: '主叫号码受限' }
  const { code, smart, text } = statusOf(reason, conversation)
  return { code, smart, text: `主叫：${text}` }
}

/** The two talk from the moment that the callee was joined. */
export function secondsTalked({ joinedAt, endedAt }: PartyTimes): number {
  return joinedAt && endedAt ? Math.ceil((endedAt.getTime() - joinedAt.getTime()) / 1_000) : 0
}

export type PartyTimes = { calledAt?: Date | undefined; ringingAt?: Date | undefined; joinedAt?: Date | undefined; endedAt?: Date | undefined }

/** When the callee was rung, was joined, and was gone again, by the log of the call; whoever is left of the two is gone with it. */
export function partyTimesOf(rows: readonly Pick<CallEventRow, 'at' | 'event'>[], callEndedAt: Date | undefined): PartyTimes {
  const at = (...states: string[]): Date | undefined => rows.find(({ event }) => event.type === 'transfer' && states.includes(event.state))?.at
  const calledAt = at('calling')
  return { calledAt, ringingAt: at('ringing'), joinedAt: at('joined'), endedAt: calledAt && (at('ended', 'failed') ?? callEndedAt) }
}
