// Knows how the numbers of a task are read to the end with what became of them. Does not know how that is shown.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'

export type TaskResult = {
  seq: number
  phone: string
  phoneAsGiven: string
  vars: Record<string, string>
  state: string
  waitingFor: string | null
  attempts: number
  outcome: string | null
  conversation: string | null
  label: string | null
  answered: boolean
  talkMs: number
  costLi: number
  lastCallId: string | null
  /** Of the last call. */
  dialedAt: Date | null
  summary: string | null
  slots: Record<string, string> | null
}

/** In the order of adding, behind `afterSeq`. One index range however large the task is. */
export async function resultsAfter(db: Queryable, taskId: number, afterSeq: number, limit: number): Promise<TaskResult[]> {
  const { rows } = await sql<TaskResult>`
    select n.seq, n.phone, n.phone_as_given as "phoneAsGiven", n.vars, n.state, n.waiting_for as "waitingFor", n.attempts, n.outcome, n.conversation, n.label,
           n.answered, n.talk_ms as "talkMs", n.cost_li as "costLi", n.last_call_id as "lastCallId", c.dialing_at as "dialedAt", c.summary, c.slots
    from (select * from task_numbers where task_id = ${taskId} and seq > ${afterSeq} order by seq limit ${limit}) n
    left join calls c on c.id = n.last_call_id
    order by n.seq`.execute(db)
  return rows
}
