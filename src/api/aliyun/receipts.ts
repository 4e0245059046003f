// Knows what is pushed to receivers: the published message types, their fields and codes. Pure. Does not know how or when they are sent.
// Source: VoiceReport, VoiceCallReport, VoiceRecordReport and VoiceRTASRReport of the published HTTP batch push.
import type { CallProduct } from '../../db/call-tickets.ts'
import { receiptKinds, type ReceiptKind } from '../../db/receipt-moments.ts'
import type { ReceiptFacts, RenderReceipt } from '../../dialer/receipt-facts.ts'
import { chinaTime } from './china-time.ts'
import { earlyMediaCodeOf, hangupDirectionOf, statusOf, transferHangupCauses, type StatusCode } from './status-codes.ts'
import { partyTimesOf, secondsTalked, twoPartyStatusOf } from './two-party.ts'

/** As accounts choose them. */
export const messageTypes = { report: 'VoiceReport', progress: 'VoiceCallReport', recording: 'VoiceRecordReport', 'live-text': 'VoiceRTASRReport' } as const satisfies Record<ReceiptKind, string>
export type MessageType = (typeof messageTypes)[ReceiptKind]

export const kindOfMessage = (type: string): ReceiptKind | undefined => receiptKinds.find((kind) => messageTypes[kind] === type)

/** `recordingLink`: an address that anybody can fetch the recording of a call from, for seven days. */
export type ReceiptLinks = { recordingLink(accountId: string, callId: string): string }

/** What the published records of each kind of call hold beside what all have. A new kind of call is a new line. */
const reportOf: Readonly<Record<CallProduct, (facts: ReceiptFacts) => Record<string, unknown>>> = {
  voice: notificationFields,
  tts: notificationFields,
  ivr: notificationFields,
  smart: conversationFields,
  robot: conversationFields,
  'click-to-dial': twoPartyFields,
}

const progressCodes: Readonly<Record<string, string>> = {
  dialing: '200101',
  ringing: '200201',
  answered: '200102',
  ended: '200100',
  'keys-pressed': '300000',
  // The second party of a call between two.
  'transfer calling': '200102',
  'transfer ringing': '200202',
  'transfer answered': '200103',
}

export function receiptRenderer(links: ReceiptLinks): RenderReceipt {
  const render: Readonly<Record<ReceiptKind, RenderReceipt>> = {
    report: voiceReport,
    progress: voiceCallReport,
    recording: (facts) => voiceRecordReport(facts, links),
    'live-text': voiceRtAsrReport,
  }
  return (facts) => render[facts.kind](facts)
}

function voiceReport(facts: ReceiptFacts): Record<string, unknown> {
  const { call, ticket } = facts
  const { reason } = ended(facts)
  const status = howItEnded(facts)
  return {
    ...idsOf(facts),
    originate_time: chinaTime(call.dialingAt),
    ring_time: chinaTime(call.ringingAt),
    start_time: chinaTime(call.answeredAt),
    end_time: chinaTime(call.endedAt),
    duration: String(secondsOf(facts)),
    caller: call.callerId ?? ticket.shownNumber,
    callee: call.phoneAsGiven,
    status_code: status.code,
    smart_status_code: status.smart,
    status_msg: status.text,
    hangup_direction: hangupDirectionOf(reason),
    ...reportOf[ticket.product](facts),
  }
}

/** Of calls that say something. */
function notificationFields({ keys }: ReceiptFacts): Record<string, unknown> {
  return { voice_type: 'voice', dtmf: keys, toll_type: 'UNKNOWN' }
}

/** Of calls that listen: SmartCall and scripted robots. */
function conversationFields(facts: ReceiptFacts): Record<string, unknown> {
  const { transfer, earlyMediaWanted, scriptNumber, keys } = facts
  return {
    voice_type: transfer.joined ? 'smart_transfer' : 'voice',
    ...calledLeg(facts),
    ...(earlyMediaWanted && { early_media_code: earlyMediaCodeOf(ended(facts).reason) }),
    ...(keys !== '' && { dtmf: keys }),
    ...(transfer.failed !== undefined && { parallel_leg_hangup_cause: transferHangupCauses[transfer.failed] }),
    ...(scriptNumber !== undefined && { dialog_id: String(scriptNumber) }),
    toll_type: 'UNKNOWN',
  }
}

/** Who hung up is told by the name of the leg. The caller is whoever was called first; they talk from the moment that they were joined. */
function twoPartyFields(facts: ReceiptFacts): Record<string, unknown> {
  const { call, legs } = facts
  const { by } = ended(facts).reason
  const times = partyTimesOf(legs, call.endedAt)
  return {
    caller: call.phoneAsGiven,
    callee: call.connects?.phoneAsGiven ?? '',
    start_time: chinaTime(times.joinedAt),
    duration: String(secondsTalked(times)),
    voice_type: 'voice',
    toll_type: 'UNKNOWN',
    ...(by === 'callee' && { hangup_direction: 'aleg' }),
    ...(by === 'colleague' && { hangup_direction: 'bleg' }),
    b_originate_time: chinaTime(times.calledAt),
    b_ring_time: chinaTime(times.ringingAt),
    b_start_time: chinaTime(times.joinedAt),
    b_end_time: chinaTime(times.endedAt),
    b_duration: secondsTalked(times),
  }
}

function calledLeg(facts: ReceiptFacts): Record<string, unknown> {
  const { dialingAt, ringingAt, answeredAt, endedAt } = facts.call
  return {
    b_originate_time: chinaTime(dialingAt),
    b_ring_time: chinaTime(ringingAt),
    b_start_time: chinaTime(answeredAt),
    b_end_time: chinaTime(endedAt),
    b_duration: secondsOf(facts),
  }
}

function voiceCallReport(facts: ReceiptFacts): Record<string, unknown> {
  const { event, at } = facts
  const code = progressCodes[event.type === 'transfer' ? `${event.type} ${event.state}` : event.type]
  if (code === undefined) throw new Error(`no progress code for ${event.type}`)
  return {
    ...idsOf(facts),
    status_code: code,
    // How it came out is known at the end.
    smart_status_code: event.type === 'ended' ? howItEnded(facts).smart : '',
    status_time: chinaTime(at),
    ...(event.type === 'keys-pressed' && { dtmf: event.digits }),
  }
}

function voiceRecordReport(facts: ReceiptFacts, links: ReceiptLinks): Record<string, unknown> {
  const { call, ticket, accountId } = facts
  const status = howItEnded(facts)
  return {
    ...idsOf(facts),
    start_time: chinaTime(call.answeredAt),
    end_time: chinaTime(call.endedAt),
    duration: String(secondsOf(facts)),
    status_code: status.code,
    smart_status_code: status.smart,
    record_file: links.recordingLink(accountId, call.id),
    // Recordings begin with the answer.
    ...(ticket.product === 'smart' && { record_begin_time: chinaTime(call.answeredAt) }),
  }
}

/** The party who was called first is A, the other one B. */
function voiceRtAsrReport(facts: ReceiptFacts): Record<string, unknown> {
  const { event, call } = facts
  if (event.type !== 'callee-said' && event.type !== 'colleague-said') throw new Error(`no live text in ${event.type}`)
  const [role, identity] = event.type === 'callee-said' ? ['A', 'id1'] : ['B', 'id2']
  const beganMs = (call.answeredAt ?? call.createdAt).getTime()
  const offset = (atMs: number): number => Math.max(0, Math.round(atMs - beganMs))
  return {
    ...idsOf(facts),
    role,
    identity,
    words: (event.type === 'callee-said' ? (event.written ?? event.text) : event.text).toWellFormed(),
    begin_offset: offset(event.beginAtMs),
    end_offset: offset(event.endAtMs),
    begin_time: chinaTime(new Date(event.beginAtMs)),
  }
}

/** In the codes of its kind of call. */
function howItEnded(facts: ReceiptFacts): StatusCode {
  const { reason, conversation } = ended(facts)
  return (facts.ticket.product === 'click-to-dial' && twoPartyStatusOf(facts.call)) || statusOf(reason, conversation)
}

function idsOf({ ticket }: ReceiptFacts): Record<string, unknown> {
  return { call_id: ticket.wireId, out_id: ticket.outId ?? '' }
}

function ended({ event }: ReceiptFacts): Extract<ReceiptFacts['event'], { type: 'ended' }> {
  if (event.type !== 'ended') throw new Error(`${event.type} is not the end of a call`)
  return event
}

function secondsOf(facts: ReceiptFacts): number {
  return Math.ceil(ended(facts).talkMs / 1_000)
}
