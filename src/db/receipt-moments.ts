// Knows which events of a call are owed to its account as receipts, and of which kind: a table. Does not know what is told of them, or to whom.
import type { CallEvent } from '../events.ts'
import type { CallProduct } from './call-tickets.ts'

/** report: the record, once it is settled · progress: how far the call is · recording: where to get it · live-text: what both sides say. */
export const receiptKinds = ['report', 'progress', 'recording', 'live-text'] as const
export type ReceiptKind = (typeof receiptKinds)[number]

/** `moment` is unique within call and kind. `product`: only for calls of that kind. */
export type OwedReceipt = { kind: ReceiptKind; moment: string; product?: CallProduct }

const twoParties = 'click-to-dial'

/** A moment without a number happens once in a call, however often its event is logged: a call that moves to another trunk is dialled once. */
export function receiptsOwed(seq: number, event: CallEvent): readonly OwedReceipt[] {
  switch (event.type) {
    case 'dialing':
    case 'ringing':
    case 'answered':
      return [{ kind: 'progress', moment: event.type }]
    case 'keys-pressed':
      return [{ kind: 'progress', moment: `${event.type}:${seq}` }]
    // The second party of a call between two.
    case 'transfer':
      return event.state === 'calling' || event.state === 'ringing' || event.state === 'answered' ? [{ kind: 'progress', moment: `second-${event.state}`, product: twoParties }] : []
    case 'callee-said':
    case 'colleague-said':
      return [{ kind: 'live-text', moment: `${event.type}:${seq}`, product: twoParties }]
    case 'ended':
      return [{ kind: 'progress', moment: 'ended' }, { kind: 'report', moment: 'ended' }, ...(event.recording === undefined ? [] : [{ kind: 'recording', moment: 'ended' } as const])]
    default:
      return []
  }
}
