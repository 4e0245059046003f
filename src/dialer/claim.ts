// Knows how due calls of a line become dialing calls of this process, each with a trunk and a number: one transaction, durable before anything rings. Does not know SIP or robots.
import { insertAttempts } from '../db/call-attempts.ts'
import { appendEvents, notifyFollowers } from '../db/call-events.ts'
import { deferCalls, lockDueCalls, lockLine, lockPhones, lockQueuedCall, markDialing, recentAttempts, shelveCall, type CallRow, type WaitingFor } from '../db/calls.ts'
import type { Database, Tx } from '../db/connection.ts'
import { doNotCallAmong } from '../db/do-not-call.ts'
import { errorFacts } from '../db/error-facts.ts'
import type { CallEvent } from '../events.ts'
import { log } from '../log.ts'
import { admit } from './admission/admit.ts'
import { frequencyReach } from './admission/frequency.ts'
import type { Line } from './line.ts'
import { endInTransaction, unansweredEnding, type Ending } from './settle.ts'
import type { DialerSettings } from './settings.ts'
import { giveBack } from './tasks/give-back.ts'
import { readBoard } from './trunk-board.ts'
import { chooseTrunk, countAttempt, type Blocked, type Candidate, type TrunkTerms, type Wish } from './trunk-choice.ts'
import type { TrunkDirectory } from './trunk-directory.ts'

/** A call that is ours to dial: its `dialing` row is durable. */
export type ClaimedCall = { row: CallRow; fence: number; attempt: number; lastSeq: number; trunk: string; callerId: string; ringMsMax: number }

export type ClaimInput = {
  line: Line
  owner: string
  nowMs: number
  /** Calls this process can take now. */
  capacity: number
  settings: DialerSettings
  trunks: TrunkDirectory
  /** 0..1, below 1. */
  dice: () => number
  /** Lines whose attempts ring nobody. */
  linesNotCounted: readonly string[]
}

export type ClaimResult = {
  claimed: ClaimedCall[]
  /** The limits of this process or of all trunks of the line were met while calls may be due. */
  full: boolean
  /** What kept the next call from being dialled, when it was the trunks. */
  blocked: Blocked | undefined
  /** Calls were due that were neither dialled nor blocked by a limit; ask again at once. */
  more: boolean
}

/** What becomes of one due call. */
type Turn =
  | { to: 'dial'; trunk: TrunkTerms; callerId: string }
  | { to: 'leave' }
  | { to: 'wait'; why: 'window' | 'frequency' | 'line'; untilMs: number }
  | { to: 'end'; ending: Ending }
  /** To its task, which knows what else there is to dial. `untilMs` undefined: it may be called at once. */
  | { to: 'give-back'; untilMs: number | undefined }

/** Claims what the line may start now. A call that may not be dialled now moves to a later time; one that may never be is ended. */
export async function claimCalls(db: Database, input: ClaimInput): Promise<ClaimResult> {
  const { line, settings, nowMs, trunks } = input
  const now = new Date(nowMs)
  const { endings, returned, ...result } = await db.transaction(async (tx) => {
    await lockLine(tx, line.name)
    const board = await readBoard(tx, { trunks, line: line.name, nowMs })
    const slots = Math.max(0, Math.min(Math.floor(input.capacity), settings.claimBatchMax))
    const blocked = blockedNow(board, input)
    if (slots === 0 || blocked) return { claimed: [], endings: [], returned: [], full: true, blocked, more: false }
    const due = await lockDueCalls(tx, line.name, now, settings.claimBatchMax)
    if (due.length === 0) return { claimed: [], endings: [], returned: [], full: false, blocked, more: false }
    const turns = await decide(tx, due, slots, board, input)
    const claimed = await startDialing(tx, due, turns, input, now)
    await wait(tx, due, turns, now)
    const endings = due.flatMap((call) => {
      const turn = turns.get(call.id)!
      return turn.to === 'end' ? [{ id: call.id, ending: turn.ending }] : []
    })
    const returned = due.flatMap((call) => {
      const turn = turns.get(call.id)!
      return turn.to === 'give-back' ? [{ id: call.id, untilMs: turn.untilMs }] : []
    })
    const blockedAfter = blockedNow(board, input)
    const full = claimed.length === slots || blockedAfter !== undefined
    return { claimed, endings, returned, full, blocked: blockedAfter, more: due.length === settings.claimBatchMax && !full }
  })
  for (const { id, ending } of endings) await endQueued(db, id, nowMs, (tx, call) => endInTransaction(tx, call, ending))
  for (const { id, untilMs } of returned) await endQueued(db, id, nowMs, (tx, call) => giveBack(tx, [{ call, untilMs }]))
  return result
}

/** Why a call without any wish could not be dialled now. */
function blockedNow(candidates: readonly Candidate[], { nowMs }: ClaimInput): Blocked | undefined {
  const choice = chooseTrunk({ candidates, nowMs, dice: 0 })
  return 'blocked' in choice ? choice.blocked : undefined
}

/** A call that wants one trunk or number is looked at again after this, so that it does not stand in the way of others. */
const wishAgainMs = 1_000
/** … or after this, when it will not be possible soon. */
const wishAgainMsMax = 5_000

export const wishOf = (call: Pick<CallRow, 'trunkWanted' | 'callerWanted'>): Wish => ({ trunk: call.trunkWanted ?? undefined, caller: call.callerWanted ?? undefined })

/** How long a call that cannot even be ended is kept from holding up the line. */
const shelvedMs = 60_000

/** Ends or gives back a call that may not be dialled, in a transaction of its own: one call with something wrong must not hold up its line. */
async function endQueued(db: Database, id: string, nowMs: number, end: (tx: Tx, call: CallRow) => Promise<void>): Promise<void> {
  try {
    await db.transaction(async (tx) => {
      const call = await lockQueuedCall(tx, id)
      if (call) await end(tx, call)
    })
  } catch (error) {
    // The claim before is done: its calls must be run whatever happens here.
    log.error({ err: errorFacts(error), call: id }, 'a queued call could not be ended')
    await shelveCall(db.sql, id, new Date(nowMs + shelvedMs)).catch(() => undefined)
  }
}

/** Asks the rules for each due call in turn. The never-dial list is asked here a second time, with the list of today. */
async function decide(tx: Tx, due: readonly CallRow[], slots: number, board: readonly Candidate[], input: ClaimInput): Promise<Map<string, Turn>> {
  const { line, settings, nowMs } = input
  const now = new Date(nowMs)
  const phones = due.map((call) => call.phone)
  const attempts = new Map<string, { atMs: number[]; inCall: boolean }>(phones.map((phone) => [phone, { atMs: [], inCall: false }]))
  if (!line.exempt.frequency) {
    await lockPhones(tx, phones)
    const reach = frequencyReach(settings.frequency)
    const since = new Date(nowMs - reach.windowMsMax)
    for (const attempt of await recentAttempts(tx, phones, since, Math.max(1, reach.countMax), input.linesNotCounted)) {
      const of = attempts.get(attempt.phone)!
      of.atMs.push(attempt.at.getTime())
      of.inCall ||= attempt.inCall
    }
  }
  const listed = new Map((await doNotCallAmong(tx, due, now)).map((entry) => [`${entry.accountId} ${entry.phone}`, entry]))
  const turns = new Map<string, Turn>()
  let left = slots
  for (const call of due) {
    const of = attempts.get(call.phone)!
    const turn = decideOne(call, { exempt: line.exempt, doNotCall: listed.get(`${call.accountId} ${call.phone}`), ...of }, left > 0 ? board : [], input)
    if (turn.to === 'dial') {
      left -= 1
      countAttempt(board, turn, nowMs)
      of.atMs.push(nowMs)
      of.inCall = true
    }
    turns.set(call.id, turn)
  }
  return turns
}

function decideOne(
  call: CallRow,
  facts: { exempt: Line['exempt']; doNotCall: { scope: 'account' | 'everybody' } | undefined; atMs: number[]; inCall: boolean },
  board: readonly Candidate[],
  input: ClaimInput,
): Turn {
  const { nowMs, settings } = input
  const at = new Date(nowMs)
  if (call.expiresAt.getTime() <= nowMs) return call.taskId !== null ? { to: 'give-back', untilMs: undefined } : { to: 'end', ending: unansweredEnding('expired', 'expired-in-queue', at) }
  const admission = admit(nowMs, { phone: call.phone, ...facts, attemptsMs: facts.atMs }, settings)
  if (admission.verdict === 'dial') return byTrunk(call, board, input)
  if (admission.verdict === 'refuse') {
    return { to: 'end', ending: unansweredEnding(admission.why === 'do-not-call' ? 'blacklist' : 'bad-number', admission.why === 'do-not-call' ? 'do-not-call' : 'refused', at, admission.why === 'never-dial' ? { evidence: { error: admission.detail } } : {}) }
  }
  if (call.taskId !== null) return { to: 'give-back', untilMs: admission.untilMs }
  // Waiting longer than the message is good for only delays the bad news.
  if (admission.untilMs >= call.expiresAt.getTime()) {
    return { to: 'end', ending: unansweredEnding('expired', admission.why === 'window' ? 'expired-outside-hours' : 'expired-by-frequency', at) }
  }
  return { to: 'wait', why: admission.why, untilMs: admission.untilMs }
}

/** A call that could go over no trunk at all keeps its place; one that wants what is not to be had now lets others pass. */
function byTrunk(call: CallRow, board: readonly Candidate[], input: ClaimInput): Turn {
  const { nowMs } = input
  const choice = chooseTrunk({ candidates: board, wish: wishOf(call), nowMs, dice: input.dice() })
  if ('trunk' in choice) return { to: 'dial', ...choice }
  if ((call.trunkWanted === null && call.callerWanted === null) || blockedNow(board, input)) return { to: 'leave' }
  const { why, untilMs } = choice.blocked
  const isFull = why === 'pace' || why === 'full' || why === 'callers-full'
  return { to: 'wait', why: 'line', untilMs: Math.min(Math.max(untilMs ?? 0, nowMs + (isFull || untilMs !== undefined ? wishAgainMs : wishAgainMsMax)), nowMs + wishAgainMsMax) }
}

async function startDialing(tx: Tx, due: readonly CallRow[], turns: ReadonlyMap<string, Turn>, input: ClaimInput, now: Date): Promise<ClaimedCall[]> {
  const { owner, settings } = input
  const chosen = new Map(due.flatMap((row) => {
    const turn = turns.get(row.id)!
    return turn.to === 'dial' ? [[row.id, { row, trunk: turn.trunk, callerId: turn.callerId }]] : []
  }))
  if (chosen.size === 0) return []
  const calls = [...chosen].map(([id, { trunk, callerId }]) => ({ id, trunk: trunk.name, callerId }))
  const marks = await markDialing(tx, calls, { owner, leaseMs: settings.leaseMs, now })
  const begun = marks.map((mark) => ({ ...mark, ...chosen.get(mark.id)! }))
  await insertAttempts(tx, begun.map(({ id, attempt, trunk, callerId }) => ({ callId: id, attempt, trunk: trunk.name, callerId, startedAt: now })))
  const events = begun.map(({ id, attempt, trunk }): { callId: string; event: CallEvent } => ({ callId: id, event: { type: 'dialing', line: trunk.name, attempt } }))
  const seqs = await appendEvents(tx, events, now)
  await notifyFollowers(tx, begun.map(({ id }) => id))
  // In the order of their turn, whatever order the update came in.
  const byId = new Map(begun.map((call) => [call.id, call]))
  return calls.flatMap(({ id }) => {
    const call = byId.get(id)
    if (call === undefined) return []
    const { row, fence, attempt, trunk, callerId } = call
    return [{ row: { ...row, dialingAt: now, trunk: trunk.name, callerId }, fence, attempt, lastSeq: seqs.get(id)!, trunk: trunk.name, callerId, ringMsMax: trunk.ringMsMax }]
  })
}

async function wait(tx: Tx, due: readonly CallRow[], turns: ReadonlyMap<string, Turn>, now: Date): Promise<void> {
  const deferred: { id: string; why: WaitingFor; dueAt: Date }[] = []
  const events: { callId: string; event: CallEvent }[] = []
  for (const call of due) {
    const turn = turns.get(call.id)!
    if (turn.to !== 'wait') continue
    deferred.push({ id: call.id, why: turn.why, dueAt: new Date(turn.untilMs) })
    // Asked again and still waiting for the same thing is no news.
    if (call.waitingFor !== turn.why) events.push({ callId: call.id, event: { type: 'waiting', why: turn.why, untilMs: turn.untilMs } })
  }
  if (deferred.length === 0) return
  await deferCalls(tx, deferred)
  await appendEvents(tx, events, now)
  await notifyFollowers(tx, events.map((event) => event.callId))
}
