// Knows how due calls of a line become dialing calls of this process: one transaction, durable before anything rings. Does not know SIP or robots.
import { appendEvents, notifyFollowers } from '../db/call-events.ts'
import { deferCalls, lineLoad, lockDueCalls, lockLine, lockPhones, lockQueuedCall, markDialing, recentAttempts, shelveCall, type CallRow, type WaitingFor } from '../db/calls.ts'
import type { Database, Tx } from '../db/connection.ts'
import { doNotCallAmong } from '../db/do-not-call.ts'
import { errorFacts } from '../db/error-facts.ts'
import type { CallEvent } from '../events.ts'
import { log } from '../log.ts'
import { admit } from './admission/admit.ts'
import { frequencyReach } from './admission/frequency.ts'
import { callsToStart, cpsWindowMs, type Line } from './line.ts'
import { endInTransaction, unansweredEnding, type Ending } from './settle.ts'
import type { DialerSettings } from './settings.ts'

/** A call that is ours to dial: its `dialing` row is durable. */
export type ClaimedCall = { row: CallRow; fence: number; attempt: number; lastSeq: number }

export type ClaimInput = {
  line: Line
  owner: string
  nowMs: number
  /** Calls this process can take now. */
  capacity: number
  settings: DialerSettings
  /** Lines whose attempts ring nobody. */
  linesNotCounted: readonly string[]
}

export type ClaimResult = {
  claimed: ClaimedCall[]
  /** The limits of the line or of this process were met while calls were due. */
  full: boolean
  /** Calls were due that were neither dialled nor blocked by a limit; ask again at once. */
  more: boolean
}

/** What becomes of one due call. */
type Turn =
  | { to: 'dial' }
  | { to: 'leave' }
  | { to: 'wait'; why: 'window' | 'frequency'; untilMs: number }
  | { to: 'end'; ending: Ending }

/** Claims what the line may start now. A call that may not be dialled now moves to a later time; one that may never be is ended. */
export async function claimCalls(db: Database, input: ClaimInput): Promise<ClaimResult> {
  const { line, settings, nowMs } = input
  const now = new Date(nowMs)
  const { endings, ...result } = await db.transaction(async (tx) => {
    await lockLine(tx, line.name)
    const load = await lineLoad(tx, line.name, new Date(nowMs - cpsWindowMs(line.cps)))
    const slots = callsToStart({
      running: load.running,
      concurrencyMax: line.concurrencyMax,
      startedInWindow: load.started,
      cps: line.cps,
      capacity: input.capacity,
      batchMax: settings.claimBatchMax,
    })
    if (slots === 0) return { claimed: [], endings: [], full: true, more: false }
    const due = await lockDueCalls(tx, line.name, now, settings.claimBatchMax)
    if (due.length === 0) return { claimed: [], endings: [], full: false, more: false }
    const turns = await decide(tx, due, slots, input)
    const dial = due.filter((call) => turns.get(call.id)?.to === 'dial')
    const claimed = await startDialing(tx, dial, input, now)
    await wait(tx, due, turns, now)
    const endings = due.flatMap((call) => {
      const turn = turns.get(call.id)!
      return turn.to === 'end' ? [{ id: call.id, ending: turn.ending }] : []
    })
    const full = dial.length === slots
    return { claimed, endings, full, more: due.length === settings.claimBatchMax && !full }
  })
  for (const { id, ending } of endings) await endQueued(db, id, ending)
  return result
}

/** How long a call that cannot even be ended is kept from holding up the line. */
const shelvedMs = 60_000

/** Ends a call that may not be dialled, in a transaction of its own: one call with something wrong must not hold up its line. */
async function endQueued(db: Database, id: string, ending: Ending): Promise<void> {
  try {
    await db.transaction(async (tx) => {
      const call = await lockQueuedCall(tx, id)
      if (call) await endInTransaction(tx, call, ending)
    })
  } catch (error) {
    // The claim before is done: its calls must be run whatever happens here.
    log.error({ err: errorFacts(error), call: id }, 'a queued call could not be ended')
    await shelveCall(db.sql, id, new Date(ending.endedAt.getTime() + shelvedMs)).catch(() => undefined)
  }
}

/** Asks the rules for each due call in turn. The never-dial list is asked here a second time, with the list of today. */
async function decide(tx: Tx, due: readonly CallRow[], slots: number, input: ClaimInput): Promise<Map<string, Turn>> {
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
    const turn = decideOne(call, { exempt: line.exempt, doNotCall: listed.get(`${call.accountId} ${call.phone}`), ...of }, input)
    if (turn.to === 'dial' && left === 0) {
      turns.set(call.id, { to: 'leave' })
      continue
    }
    if (turn.to === 'dial') {
      left -= 1
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
  { nowMs, settings }: ClaimInput,
): Turn {
  const at = new Date(nowMs)
  if (call.expiresAt.getTime() <= nowMs) return { to: 'end', ending: unansweredEnding('expired', 'expired-in-queue', at) }
  const admission = admit(nowMs, { phone: call.phone, ...facts, attemptsMs: facts.atMs }, settings)
  if (admission.verdict === 'dial') return { to: 'dial' }
  if (admission.verdict === 'refuse') {
    return { to: 'end', ending: unansweredEnding(admission.why === 'do-not-call' ? 'blacklist' : 'bad-number', admission.why === 'do-not-call' ? 'do-not-call' : 'refused', at, admission.why === 'never-dial' ? { evidence: { error: admission.detail } } : {}) }
  }
  // Waiting longer than the message is good for only delays the bad news.
  if (admission.untilMs >= call.expiresAt.getTime()) {
    return { to: 'end', ending: unansweredEnding('expired', admission.why === 'window' ? 'expired-outside-hours' : 'expired-by-frequency', at) }
  }
  return { to: 'wait', why: admission.why, untilMs: admission.untilMs }
}

async function startDialing(tx: Tx, calls: readonly CallRow[], input: ClaimInput, now: Date): Promise<ClaimedCall[]> {
  if (calls.length === 0) return []
  const { owner, line, settings } = input
  const marks = new Map((await markDialing(tx, calls.map((call) => call.id), { owner, leaseMs: settings.leaseMs, now })).map((mark) => [mark.id, mark]))
  const events = [...marks.values()].map((mark): { callId: string; event: CallEvent } => ({
    callId: mark.id,
    event: { type: 'dialing', line: line.name, attempt: mark.attempt },
  }))
  const seqs = await appendEvents(tx, events, now)
  await notifyFollowers(tx, marks.keys())
  return calls.flatMap((row) => {
    const mark = marks.get(row.id)
    return mark ? [{ row: { ...row, dialingAt: now }, fence: mark.fence, attempt: mark.attempt, lastSeq: seqs.get(row.id)! }] : []
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
