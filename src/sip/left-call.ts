// Knows how a call is ended whose process died: BYE for one that was answered, CANCEL for one that only rings. Does not know who left it.
import type { CallContext } from './call-context.ts'
import type { ClientTransaction } from './client-transaction.ts'
import { Dialog, type DialogState } from './dialog.ts'
import { DigestClient, type Credentials } from './digest.ts'
import { cancelRequest } from './invitation.ts'
import type { HangUpReason } from './leg.ts'
import { emptyBody, SipHeaders, type ReceivedResponse, type SipRequest } from './message.ts'
import { Session } from './session.ts'
import { GIVE_UP_MS } from './transaction-tables.ts'
import type { Peer } from './transport.ts'

/** The INVITE of a call that rings, as it was sent but without body and credentials: plain data, safe to store as JSON. */
export type RingingState = { invite: { uri: string; headers: readonly (readonly [string, string])[] }; branch: string; target: Peer }
/** What another process needs to end a call. */
export type LeftCall = DialogState | RingingState
export type LeftCallOptions = { credentials?: Credentials | undefined; reason?: HangUpReason | undefined }

/** The Via and the parties of the INVITE, which CANCEL repeats (RFC 3261 §9.1); what is secret or large stays out. */
export function ringingStateOf({ request, branch, peer }: ClientTransaction): RingingState {
  const kept = new Set(['Via', 'Route', 'From', 'To', 'Call-ID', 'CSeq', 'User-Agent'])
  return { invite: { uri: request.uri, headers: [...request.headers].filter(([name]) => kept.has(name)) }, branch, target: peer }
}

/** Resolves with the final status of the far end, 408 when none came. */
export async function endLeftCall(context: CallContext, left: LeftCall, options: LeftCallOptions): Promise<number> {
  if ('branch' in left) return await cancelLeft(context, left, options)
  // Past whatever numbers the dead process may have used after it stored the state.
  return await sessionOf(context, new Dialog({ ...left, cseq: left.cseq + 1_000 }), left.target, options).bye(options.reason)
}

/**
 * CANCEL, and what may cross it: the refusal that it causes is acknowledged, and an answer gets its ACK and its BYE. From another address than
 * the INVITE's these do not come to us; CANCEL works all the same. Resolves with the final status of the INVITE, 408 when none came.
 */
async function cancelLeft(context: CallContext, { invite, branch, target }: RingingState, options: LeftCallOptions): Promise<number> {
  const request: SipRequest = { method: 'INVITE', uri: invite.uri, headers: new SipHeaders(invite.headers), body: emptyBody }
  const answered = Promise.withResolvers<number>()
  const acknowledged = new Map<string, () => void>()
  const ignore = (): void => {}
  const onResponse = (response: ReceivedResponse): void => {
    if (response.status < 200) return
    if (response.status >= 300) return answered.resolve(response.status)
    const tag = response.envelope.toTag ?? ''
    const repeat = acknowledged.get(tag)
    if (repeat) return repeat()
    const session = sessionOf(context, Dialog.ofResponse(request, response, target), target, options)
    session.dialog.confirm(response)
    acknowledged.set(tag, context.transactions.sendAck(session.dialog.ack(response.envelope.cseq), session.dialog.hop()))
    void session.bye(options.reason).then(() => answered.resolve(response.status))
  }
  const resumed = context.transactions.resume(request, branch, target, { onResponse, onTimeout: ignore, onTransportError: ignore })
  const cancel = cancelRequest(request, options.reason)
  const refused = (status: number): void => {
    // 481: it is over already, or somebody answered it and we cannot know with which tag.
    if (status >= 300) answered.resolve(status)
  }
  context.transactions.request(
    cancel,
    target,
    { onResponse: ({ status }) => refused(status), onTimeout: () => refused(408), onTransportError: () => refused(503) },
    { branch, via: request.headers.get('Via')!, inDialog: true },
  )
  const stopWaiting = context.clock.after(GIVE_UP_MS, () => answered.resolve(408))
  const status = await answered.promise
  stopWaiting()
  resumed.giveUp()
  return status
}

function sessionOf(context: CallContext, dialog: Dialog, target: Peer, { credentials }: LeftCallOptions): Session {
  return new Session({
    dialog,
    context,
    contact: context.contact(undefined, target.protocol),
    digest: credentials && new DigestClient(credentials),
    localSdp: undefined,
    ownsCallId: true,
    answerOffer: () => undefined,
    onEvent: () => {},
  })
}
