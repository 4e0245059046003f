// Knows how numbers of one task whose turn it is become queued calls: checked, paid for, and written in one transaction that nothing else feeds or stops meanwhile. Does not know how tasks share lines.
import { priceOf } from '../../account/accounts.ts'
import { costOf, type Price } from '../../account/billing.ts'
import { balanceOf, holdAll } from '../../account/ledger.ts'
import type { Outcome } from '../../call/end-reason.ts'
import { findAccount } from '../../db/accounts.ts'
import { appendEvents, notifyFollowers } from '../../db/call-events.ts'
import { insertTickets } from '../../db/call-tickets.ts'
import { callersOf, countOpenOfTask, insertCalls, recentAttempts, type NewCall, type NewCallTerms } from '../../db/calls.ts'
import type { Database, Tx } from '../../db/connection.ts'
import { doNotCallAmong } from '../../db/do-not-call.ts'
import { deferNumbers, lockDueNumbers, markCalling, refuseNumbers, type WaitingNumber } from '../../db/task-numbers.ts'
import { changeTask, readTask, tryLockTask, type TaskRow } from '../../db/tasks.ts'
import { frequencyReach } from '../admission/frequency.ts'
import type { ScriptSpec } from '../../robot/script/spec.ts'
import { newCallId } from '../call-id.ts'
import type { Attribution } from '../../numbering/attribution.ts'
import type { Line } from '../line.ts'
import type { DialerSettings } from '../settings.ts'
import { isBlind, nearest } from './callee-area.ts'
import { asksForOtherCaller, callerFor, decideFeed, type FeedDecision } from './feed-decision.ts'
import { answerRateOf, callsForPeople } from './people-pacing.ts'
import { windowsByDefault, type TaskPlan } from './plan.ts'
import type { TaskWaiting } from './task-desk.ts'
import { ticketOfAttempt } from './task-tickets.ts'
import { windowAt, within, type CallingWindows } from './windows.ts'

export type FeedDeps = {
  db: Database
  settings: DialerSettings
  defaultPrice: Price
  /** Lines whose attempts ring nobody. */
  linesNotCounted: readonly string[]
  /** Where numbers are from. */
  attribution: Attribution
  now: () => number
}

export type FeedInput = { taskId: number; line: Line; calls: number; callersOfTrunks: readonly string[] }

/** `passedOver`: numbers that may not be called now and are out of the way. `waitingFor`: what keeps the task from dialling more; undefined: nothing, or it is over. */
export type Fed = { fed: number; passedOver: number; waitingFor: TaskWaiting | undefined }
const nothing = { fed: 0, passedOver: 0 } as const

/** The hours of a task on a line: its own, and never outside of the installation's where somebody's telephone rings. Undefined: any hour. */
export function effectiveWindows(plan: Pick<TaskPlan, 'windows'>, line: Pick<Line, 'exempt'>, hours: DialerSettings['hours']): CallingWindows | undefined {
  if (line.exempt.hours) return plan.windows
  return within(plan.windows ?? windowsByDefault, hours)
}

/** Feeds up to `calls` numbers of a running task. Undefined: somebody else is at it, or it does not run any more. Errors: those of the database. */
export async function feedTask(deps: FeedDeps, input: FeedInput): Promise<Fed | undefined> {
  return deps.db.transaction(async (tx) => {
    if (!(await tryLockTask(tx, input.taskId))) return undefined
    const task = await readTask(tx, input.taskId)
    if (task === undefined || task.status !== 'running') return undefined
    const fed = await feedLocked(tx, deps, input, task)
    if (fed.waitingFor !== task.waitingFor) await changeTask(tx, task.id, { waitingFor: fed.waitingFor ?? null })
    return fed
  })
}

async function feedLocked(tx: Tx, deps: FeedDeps, { line, calls, callersOfTrunks }: FeedInput, task: TaskRow): Promise<Fed> {
  const { settings } = deps
  const plan = task.plan as TaskPlan
  const nowMs = deps.now()
  const window = windowAt(nowMs, effectiveWindows(plan, line, settings.hours))
  if (!window.open) return { ...nothing, waitingFor: 'window' }
  const account = await findAccount(tx, task.accountId)
  if (account === undefined || account.closedAt !== undefined) return stopped(tx, task, 'account-closed', '账户已关闭')
  const price = priceOf(account, deps.defaultPrice)
  const room = await roomOf(tx, task, plan, costOf(1, price).costLi, calls)
  if ('why' in room) return blocked(tx, task, plan, room.why)
  const { eligible, waits, refused } = await lookAtDue(tx, deps, task, line, Math.min(room.calls, settings.tasks.feedMax))
  if (eligible.length > 0) await makeCalls(tx, { attribution: deps.attribution, task, plan, line, numbers: eligible, price, callersOfTrunks, nowMs, expiresAt: new Date(Math.min(window.closesAtMs, nowMs + settings.tasks.fedMsMax)) })
  // Moved to their time, so that they are looked at once and stand in nobody's way.
  await deferNumbers(tx, task.id, waits, 'frequency')
  await refuseNumbers(tx, task.id, refused)
  return { fed: eligible.length, passedOver: waits.length + refused.length, waitingFor: eligible.length > 0 ? undefined : 'not-due' }
}

type Room = { calls: number } | { why: 'concurrency' | 'balance' | 'budget' | 'no-money' | 'stop' }

/** What cap, budget and wallet leave of the calls that the line can take. What is in progress may still give money back: then it waits, and is not stopped. */
async function roomOf(tx: Tx, task: TaskRow, plan: TaskPlan, blockLi: number, calls: number): Promise<Room> {
  const byCap = plan.concurrencyMax === undefined ? Infinity : plan.concurrencyMax - task.calling
  const byPeople = plan.people === undefined ? Infinity : callsForPeople({ ...plan.people, ...(await countOpenOfTask(tx, task.id)), answerRate: answerRateOf(task.recent) })
  if (byCap <= 0 || byPeople <= 0) return { why: 'concurrency' }
  const byBudget = plan.budgetLi === undefined || blockLi === 0 ? Infinity : Math.floor((plan.budgetLi - task.costLi) / blockLi) - task.calling
  if (byBudget <= 0) return { why: task.calling > 0 ? 'budget' : 'stop' }
  const { balanceLi, heldLi } = await balanceOf(tx, task.accountId)
  const byMoney = blockLi === 0 ? Infinity : Math.floor((balanceLi - heldLi) / blockLi)
  if (byMoney <= 0) return { why: heldLi > 0 ? 'balance' : 'no-money' }
  return { calls: Math.min(calls, byCap, byPeople, byBudget, byMoney) }
}

async function blocked(tx: Tx, task: TaskRow, plan: TaskPlan, why: Extract<Room, { why: unknown }>['why']): Promise<Fed> {
  if (why === 'stop') return stopped(tx, task, 'budget', `已用完任务预算 ${plan.budgetLi! / 1_000} 元`)
  if (why !== 'no-money') return { ...nothing, waitingFor: why }
  await changeTask(tx, task.id, { status: 'out-of-money', why: 'no-balance', whyDetail: '余额不足，充值后自动继续' })
  return { ...nothing, waitingFor: 'balance' }
}

async function stopped(tx: Tx, task: TaskRow, why: string, whyDetail: string): Promise<Fed> {
  await stopBySystem(tx, task, { why, whyDetail })
  return { ...nothing, waitingFor: undefined }
}

/** The caller holds the task's lock and knows that it runs. */
export async function stopBySystem(tx: Tx, task: Pick<TaskRow, 'id'>, because: { why: string; whyDetail: string }): Promise<void> {
  await changeTask(tx, task.id, { status: 'stopped-by-system', ...because, waitingFor: null, lineDownSince: null })
}

/** What becomes of the numbers that were looked at. */
type Looked = { eligible: WaitingNumber[]; waits: { seq: number; dueAt: Date }[]; refused: { seq: number; outcome: Outcome }[] }

/** Up to `wanted` numbers that may be called now, and those before them that may not. Writes nothing: the counters' row comes after the wallet. */
async function lookAtDue(tx: Tx, deps: FeedDeps, task: TaskRow, line: Line, wanted: number): Promise<Looked> {
  const { scanMax } = deps.settings.tasks
  const now = new Date(deps.now())
  const looked: Looked = { eligible: [], waits: [], refused: [] }
  const seen = new Set<number>()
  while (looked.eligible.length < wanted && seen.size < scanMax) {
    // Each round looks further: many that may not be called in a row are passed in few rounds.
    const limit = Math.min(Math.max(wanted, seen.size * 4), scanMax - seen.size)
    const numbers = (await lockDueNumbers(tx, task.id, now, seen.size + limit)).filter(({ seq }) => !seen.has(seq)).slice(0, limit)
    if (numbers.length === 0) break
    for (const number of numbers) seen.add(number.seq)
    const decisions = await decide(tx, deps, task, line, numbers, now)
    for (const number of numbers) {
      const decision = decisions.get(number.seq)!
      if (decision.to === 'wait') looked.waits.push({ seq: number.seq, dueAt: new Date(decision.untilMs) })
      else if (decision.to === 'refuse') looked.refused.push({ seq: number.seq, outcome: decision.outcome })
      else if (looked.eligible.length < wanted) looked.eligible.push(number)
    }
  }
  return looked
}

async function decide(tx: Tx, { settings, linesNotCounted, attribution }: FeedDeps, task: TaskRow, line: Line, numbers: readonly WaitingNumber[], now: Date): Promise<Map<number, FeedDecision>> {
  const phones = numbers.map(({ phone }) => phone)
  const listed = new Map((await doNotCallAmong(tx, phones.map((phone) => ({ accountId: task.accountId, phone })), now)).map((entry) => [entry.phone, entry]))
  const reach = frequencyReach(settings.frequency)
  const attempts = line.exempt.frequency ? [] : await recentAttempts(tx, phones, new Date(now.getTime() - reach.windowMsMax), Math.max(1, reach.countMax), linesNotCounted)
  const { blindAreas = [] } = task.plan as TaskPlan
  const byPhone = Map.groupBy(attempts, ({ phone }) => phone)
  return new Map(numbers.map(({ seq, phone, expiresAt }) => {
    const made = byPhone.get(phone) ?? []
    const facts = { seq, phone, doNotCall: listed.get(phone), attemptsMs: made.map(({ at }) => at.getTime()), inCall: made.some(({ inCall }) => inCall), expiresAtMs: expiresAt?.getTime() ?? Infinity, blind: blindAreas.length > 0 && isBlind(attribution(phone), blindAreas) }
    return [seq, decideFeed(now.getTime(), facts, { frequency: settings.frequency, exemptFrequency: line.exempt.frequency })]
  }))
}

type Making = { attribution: Attribution; task: TaskRow; plan: TaskPlan; line: Line; numbers: readonly WaitingNumber[]; price: Price; callersOfTrunks: readonly string[]; nowMs: number; expiresAt: Date }

async function makeCalls(tx: Tx, { attribution, task, plan, line, numbers, price, callersOfTrunks, nowMs, expiresAt }: Making): Promise<void> {
  const now = new Date(nowMs)
  // Sorted, so that calls due at the same moment are dialled in the order of their numbers.
  const ids = numbers.map(() => newCallId(nowMs)).sort()
  const lastCallers = await lastCallersOf(tx, numbers, plan)
  const near = (callers: readonly string[], phone: string): readonly string[] => (plan.localCallers ? nearest(callers, attribution(phone), attribution) : callers)
  const requests = numbers.map((number, nth): { calls: NewCall[]; terms: NewCallTerms } => {
    const past = number.past as Outcome[]
    // Where nobody's telephone rings, the trunk shows its own number.
    const callerWanted = line.exempt.hours ? undefined : callerFor({ seq: number.seq, past, lastCaller: lastCallers.get(number.lastCallId ?? ''), retry: plan.retry, callers: near(plan.callers, number.phone), ofTrunks: near(callersOfTrunks, number.phone) })
    const robot: ScriptSpec = { kind: 'script', accountId: task.accountId, script: task.scriptId, version: task.scriptVersion, vars: number.vars, acceptedAt: number.addedAt.toISOString() }
    return {
      calls: [{ id: ids[nth]!, phone: number.phone, phoneAsGiven: number.phoneAsGiven }],
      terms: { accountId: task.accountId, source: 'task', userRequirement: task.name, robot, line: line.name, trunkWanted: plan.line, callerWanted, createdAt: now, expiresAt: new Date(Math.min(expiresAt.getTime(), number.expiresAt?.getTime() ?? Infinity)), callsBack: false, task: { id: task.id, seq: number.seq }, ...price },
    }
  })
  await insertCalls(tx, requests)
  if (task.source === 'aliyun') await insertTickets(tx, numbers.map((number, nth) => ({ ...ticketOfAttempt({ taskId: task.id, seq: number.seq, attempt: number.past.length + 1 }), callId: ids[nth]!, accountId: task.accountId })))
  await appendEvents(tx, ids.map((callId) => ({ callId, event: { type: 'accepted' } })), now)
  await notifyFollowers(tx, ids)
  // Call, then wallet, then task, as everywhere. An empty wallet undoes all of it: what was read before has been spent meanwhile.
  await holdAll(tx, { accountId: task.accountId, callIds: ids, amountLi: costOf(1, price).costLi })
  await markCalling(tx, task.id, numbers.map(({ seq }) => seq))
}

async function lastCallersOf(tx: Tx, numbers: readonly WaitingNumber[], plan: TaskPlan): Promise<Map<string, string>> {
  const ids = numbers.flatMap(({ past, lastCallId }) => (lastCallId !== null && asksForOtherCaller(past as Outcome[], plan.retry) ? [lastCallId] : []))
  if (ids.length === 0) return new Map()
  return new Map((await callersOf(tx, ids)).flatMap(({ id, callerId }) => (callerId === null ? [] : [[id, callerId] as const])))
}
