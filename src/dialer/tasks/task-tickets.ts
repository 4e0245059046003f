// Knows what clients of another face call an attempt of a task: the task, ^, and the attempt. Does not know how attempts are made.
import assert from 'node:assert/strict'
import type { CallTicket } from '../../db/call-tickets.ts'

const attemptsMax = 99
/** Twelve digits in all. */
const seqMax = 9_999_999_999

/**
 * Made of what the attempt is, so that whoever queues it twice calls it the same. `seq` of a number is unique over all tasks. `outId` as published
 * for receipts of robot tasks. `shownNumber`: none was asked for.
 */
export function ticketOfAttempt(p: { taskId: number | string; seq: number; attempt: number }): CallTicket {
  assert(p.attempt >= 1 && p.attempt <= attemptsMax && p.seq >= 1 && p.seq <= seqMax, `attempt ${p.attempt} of number ${p.seq} has no name`)
  const number = String(p.seq * 100 + p.attempt).padStart(12, '0')
  return { wireId: `${p.taskId}^${number}`, product: 'robot', shownNumber: '', outId: `ALICOM_SMART_SAAS^${p.taskId}^${p.attempt}` }
}

/** 1 for the first call of a number. */
export function attemptOf(ticket: Pick<CallTicket, 'wireId'>): number {
  return Number(ticket.wireId.slice(-2))
}
