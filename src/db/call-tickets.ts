// Knows the call_tickets table: what another face calls a call. Does not know which face, or what is done with it.
import type { Queryable, Tx } from './connection.ts'
import { toText } from './jsonb.ts'

export const callProducts = ['voice', 'tts', 'ivr', 'click-to-dial', 'smart', 'robot'] as const
export type CallProduct = (typeof callProducts)[number]

/** `wireId`: 12 digits, ^, 12 digits; of a task's call the first are the task's. `shownNumber`: as the customer wrote it. */
export type CallTicket = { wireId: string; product: CallProduct; shownNumber: string; outId: string | undefined }

export async function insertTickets(tx: Tx, tickets: readonly (CallTicket & { callId: string; accountId: string })[]): Promise<void> {
  if (tickets.length === 0) return
  await tx
    .insertInto('call_tickets')
    .values(tickets.map(({ callId, accountId, wireId, product, shownNumber, outId }) => ({ call_id: callId, account_id: accountId, wire_id: wireId, product, shown_number: toText(shownNumber), out_id: outId === undefined ? null : toText(outId) })))
    .execute()
}

/** Undefined: no such call, or another account's. */
export async function findTicket(db: Queryable, accountId: string, wireId: string): Promise<(CallTicket & { callId: string }) | undefined> {
  const row = await db.selectFrom('call_tickets').selectAll().where('wire_id', '=', wireId).where('account_id', '=', accountId).executeTakeFirst()
  return row && { callId: row.call_id, wireId: row.wire_id, product: row.product, shownNumber: row.shown_number, outId: row.out_id ?? undefined }
}

/** The tickets of calls that have one. */
export async function ticketsOf(db: Queryable, callIds: readonly string[]): Promise<(CallTicket & { callId: string })[]> {
  const rows = await db.selectFrom('call_tickets').selectAll().where('call_id', 'in', [...callIds]).execute()
  return rows.map((row) => ({ callId: row.call_id, wireId: row.wire_id, product: row.product, shownNumber: row.shown_number, outId: row.out_id ?? undefined }))
}
