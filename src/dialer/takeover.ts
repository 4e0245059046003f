// Knows how calls that nobody owns any more are closed: those of dead processes, and those that waited too long. Never dials anything.
import type { EndDetail } from '../call/end-reason.ts'
import { eventsAfter } from '../db/call-events.ts'
import { abandonedCalls, expiredCalls, lockQueuedCall, takeOverCall, type CallRow } from '../db/calls.ts'
import { passesByItself } from '../db/connection-loss.ts'
import type { Database, Tx } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import type { CallEventRow } from '../events.ts'
import { log } from '../log.ts'
import type { Judgement } from '../robot/after-call/judgement.ts'
import type { RobotNote } from '../robot/robot.ts'
import { turnOf } from './judged.ts'
import type { RobotMaker } from './robots.ts'
import { endInTransaction, unansweredEnding, type Ending } from './settle.ts'
import { rowsBesideMax } from './settings.ts'
import { giveBack } from './tasks/give-back.ts'

export type SweepInput = {
  nowMs: number
  limit: number
  /** Calls this process is running: their lease may have run out while the database was away, but they are alive. */
  isOurs: (callId: string) => boolean
  eventsPerCallMax: number
  /** Told of each call that rang or was talking, so that somebody can send the CANCEL or BYE its owner could not. */
  onOrphan?: ((callId: string, dialog: unknown) => void) | undefined
  /** What the conversation of an interrupted call came to. */
  judge?: RobotMaker['judge'] | undefined
  prepare?: RobotMaker['prepare'] | undefined
  /** Makes what was recorded of an interrupted call playable; its path, or undefined when there is nothing. */
  recoverRecording?: ((callId: string, what: 'recording' | 'clip') => Promise<string | undefined>) | undefined
}

/**
 * Closes abandoned calls as `interrupted`. What was talking is billed from the answer to its owner's last heartbeat, all else costs nothing.
 * A wish not to be called again that was stored before the owner died is honoured. Answers how many were closed.
 */
export async function takeOverAbandoned(db: Database, input: SweepInput): Promise<number> {
  let closed = 0
  for (const { id } of await abandonedCalls(db.sql, input.limit)) {
    if (input.isOurs(id)) continue
    const call = await alone(id, () =>
      db.transaction(async (tx) => {
        const call = await takeOverCall(tx, id)
        if (call) await endInTransaction(tx, call, await interrupted(tx, call, input))
        return call
      }),
    )
    if (call === undefined) continue
    closed += 1
    log.warn({ call: id, status: call.status }, 'closed a call whose process is gone')
    // One, or one of each leg.
    if ((call.status === 'talking' || call.status === 'ringing') && call.dialog !== null) for (const dialog of [call.dialog].flat()) input.onOrphan?.(id, dialog)
  }
  return closed
}

/** Ends queued calls past their time, on whatever line, existing or not. Answers how many. */
export async function endExpired(db: Database, input: Pick<SweepInput, 'nowMs' | 'limit'>): Promise<number> {
  const now = new Date(input.nowMs)
  let ended = 0
  for (const id of await expiredCalls(db.sql, now, input.limit)) {
    const call = await alone(id, () =>
      db.transaction(async (tx) => {
        const call = await lockQueuedCall(tx, id)
        if (call === undefined || call.expiresAt > now) return undefined
        // A number of a task waits in its task, for as long as that is.
        if (call.taskId !== null) await giveBack(tx, [{ call }])
        else await endInTransaction(tx, call, unansweredEnding('expired', expiredBecause(call), now))
        return call
      }),
    )
    if (call) ended += 1
  }
  return ended
}

/** One call with something wrong must not keep the others from being closed. Errors: those of a database that is away. */
async function alone<T>(id: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (passesByItself(error)) throw error
    log.error({ err: errorFacts(error), call: id }, 'a call could not be closed')
    return undefined
  }
}

async function interrupted(tx: Tx, call: CallRow, input: SweepInput): Promise<Ending> {
  const stage = call.status === 'talking' || call.status === 'ringing' ? call.status : 'dialing'
  const talkMs = call.answeredAt && call.heartbeatAt ? Math.max(0, call.heartbeatAt.getTime() - call.answeredAt.getTime()) : 0
  const rows = await eventsAfter(tx, [{ callId: call.id, afterSeq: 0 }], input.eventsPerCallMax + rowsBesideMax)
  const notes = rows.flatMap(({ event }) => (event.type === 'noted' ? [event.note] : []))
  // Of a call that nobody had answered, what was heard before may say what became of it.
  const kept = await input.recoverRecording?.(call.id, call.answeredAt ? 'recording' : 'clip')
  const evidence = call.answeredAt || kept === undefined ? {} : { clip: kept }
  return {
    ...unansweredEnding('interrupted', 'process-died', new Date(input.nowMs), { stage, evidence }),
    answeredAt: call.answeredAt ?? undefined,
    talkMs,
    recording: call.answeredAt ? kept : undefined,
    notes,
    judgement: await judged(call, rows, notes, input),
  }
}

async function judged(call: CallRow, rows: readonly CallEventRow[], notes: readonly RobotNote[], input: SweepInput): Promise<Judgement | undefined> {
  try {
    await input.prepare?.(call.robot).catch(() => undefined)
    const turns = rows.flatMap(({ event }) => turnOf(event) ?? [])
    return input.judge?.(call.robot, { turns, notes, outcome: notes.findLast(({ outcome }) => outcome !== undefined)?.outcome, answered: call.answeredAt !== null, now: call.answeredAt ?? new Date(input.nowMs) })
  } catch (error) {
    log.error({ err: errorFacts(error), call: call.id }, 'a call could not be judged')
    return undefined
  }
}

function expiredBecause(call: CallRow): EndDetail {
  switch (call.waitingFor) {
    case 'window':
      return 'expired-outside-hours'
    case 'frequency':
      return 'expired-by-frequency'
    case 'balance':
      return 'expired-without-balance'
    default:
      return 'expired-without-line'
  }
}
