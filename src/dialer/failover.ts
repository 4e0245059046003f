// Knows how a call whose attempt failed before anything rang gets its next attempt: decided, limited, and durable before it is made. Does not know SIP.
import type { DialFailure, NextDial } from '../call/call.ts'
import { attemptsOf, insertAttempts, type CallAttempt } from '../db/call-attempts.ts'
import { lockCall, lockLine, markNextAttempt, type CallRow } from '../db/calls.ts'
import type { Database, Tx } from '../db/connection.ts'
import { wishOf } from './claim.ts'
import type { FailoverSettings } from './settings.ts'
import { readBoard } from './trunk-board.ts'
import { chooseTrunk, type TrunkTerms } from './trunk-choice.ts'
import type { TrunkDirectory } from './trunk-directory.ts'

export type FailoverInput = {
  call: { id: string; fence: number; line: string }
  /** The number of the attempt that failed. */
  attempt: number
  failure: DialFailure
  trunks: TrunkDirectory
  settings: FailoverSettings
  nowMs: number
  /** 0..1, below 1. */
  dice: number
}

/** A database that is away for longer ends the call: its callee has heard nothing yet. */
const withinMs = 3_000

/**
 * The attempt to make next, or undefined when this one was the last. It is durable when this resolves, and nothing else may dial it.
 * Errors: OverloadedError when the database is away.
 */
export async function nextAttempt(db: Database, input: FailoverInput): Promise<NextDial | undefined> {
  if (input.failure.outcome !== 'line-fault' && input.failure.outcome !== 'call-loss') return undefined
  // Tried again when only the answer to the commit was lost: what was committed is found and not made once more.
  return db.retry('move a call to another trunk', () => db.transaction((tx) => nextIn(tx, input)), { withinMs })
}

async function nextIn(tx: Tx, input: FailoverInput): Promise<NextDial | undefined> {
  const { call, attempt, nowMs, settings } = input
  // The same lock as for claims, so that the limits of the trunks hold; taken first, as there.
  await lockLine(tx, call.line)
  const row = await lockCall(tx, call.id)
  if (row === undefined || row.fence !== call.fence || row.status !== 'dialing' || row.stopRequestedAt !== null) return undefined
  const made = await attemptsOf(tx, call.id)
  if (row.attempt === attempt + 1) return committedBefore(row, made, input)
  const since = made[0]?.startedAt.getTime() ?? nowMs
  if (row.attempt !== attempt || made.length >= settings.attemptsMax || nowMs - since > settings.withinMs) return undefined
  const next = await another(tx, row, made, input)
  if (next === undefined) return undefined
  const { trunk, callerId, pauseMs } = next
  await markNextAttempt(tx, { id: call.id, attempt: attempt + 1, trunk: trunk.name, callerId })
  await insertAttempts(tx, [{ callId: call.id, attempt: attempt + 1, trunk: trunk.name, callerId, startedAt: new Date(nowMs + pauseMs) }])
  return { trunk: trunk.name, callerId, attempt: attempt + 1, ringMsMax: trunk.ringMsMax, pauseMs }
}

function committedBefore(row: CallRow, made: readonly CallAttempt[], { trunks, call, settings }: FailoverInput): NextDial | undefined {
  const terms = trunks.of(call.line).find(({ name }) => name === row.trunk)
  if (terms === undefined || row.callerId === null) return undefined
  const isSame = made.at(-2)?.trunk === row.trunk
  return { trunk: terms.name, callerId: row.callerId, attempt: row.attempt, ringMsMax: terms.ringMsMax, pauseMs: isSame ? settings.sameTrunkPauseMs : 0 }
}

/** A trunk that has not failed this call yet; else, once, the same one again when it only said that it is busy for a moment. */
async function another(tx: Tx, row: CallRow, made: readonly CallAttempt[], input: FailoverInput): Promise<{ trunk: TrunkTerms; callerId: string; pauseMs: number } | undefined> {
  const { call, failure, trunks, nowMs, dice, settings } = input
  const candidates = await readBoard(tx, { trunks, line: call.line, nowMs, exceptCall: call.id })
  const wish = wishOf(row)
  const other = chooseTrunk({ candidates, wish, except: new Set(made.map(({ trunk }) => trunk)), nowMs, dice })
  if ('trunk' in other) return { ...other, pauseMs: 0 }
  const wasRepeated = made.filter(({ trunk }) => trunk === failure.trunk).length > 1
  if (wasRepeated || !mayRepeat(failure, settings.sameTrunkPauseMs)) return undefined
  // Its own number again: another one would not cure a busy trunk. It counts for the second that it is made in.
  const later = nowMs + settings.sameTrunkPauseMs
  const then = await readBoard(tx, { trunks, line: call.line, nowMs: later, exceptCall: call.id })
  const same = chooseTrunk({ candidates: then, wish: { trunk: failure.trunk, caller: row.callerId ?? undefined }, nowMs: later, dice })
  return 'trunk' in same ? { ...same, pauseMs: settings.sameTrunkPauseMs } : undefined
}

/** True when the trunk itself answered that it is busy and does not want to be left alone for longer than the pause (RFC 3261 §20.33). */
export function mayRepeat({ status, local, retryAfterMs = 0 }: DialFailure, pauseMs: number): boolean {
  return local === undefined && (status === 500 || status === 503) && retryAfterMs <= pauseMs
}
