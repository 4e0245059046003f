// Knows what clients of another face call an attempt of a task: the task, ^, and the attempt. Does not know how attempts are made.
import type { CallTicket } from '../../db/call-tickets.ts'

const attemptsMax = 99

/**
 * Made of what the attempt is, so that whoever queues it twice calls it the same. `seq` of a number is unique over all tasks. `outId` as published
 * for receipts of robot tasks. `shownNumber`: none was asked for.
 */
export function ticketOfAttempt(p: { taskId: number | string; seq: number; attempt: number }): CallTicket {
  if (!(p.attempt >= 1 && p.attempt <= attemptsMax)) throw new Error(`attempt ${p.attempt} of a number has no name`)
  const number = String(p.seq * 100 + p.attempt).padStart(12, '0')
  return { wireId: `${p.taskId}^${number}`, product: 'robot', shownNumber: '', outId: `ALICOM_SMART_SAAS^${p.taskId}^${p.attempt}` }
}

/** 1 for the first call of a number. */
export function attemptOf(ticket: Pick<CallTicket, 'wireId'>): number {
  return Number(ticket.wireId.slice(-2))
}
