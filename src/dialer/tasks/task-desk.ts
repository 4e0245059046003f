// What the APIs ask of tasks: create, fill, start, stop, look at. Does not know HTTP, wire formats or SQL.
import type { Outcome } from '../../call/end-reason.ts'
import type { ValueProblem } from '../../robot/script/variables.ts'
import type { CallRecord } from '../call-service.ts'
import type { Progress } from './estimate.ts'
import type { TaskStatus } from './life-cycle.ts'
import type { PlanWish, TaskPlan } from './plan.ts'
import type { WindowVerdict } from './windows.ts'

/** What tasks need to know of scripts. */
export interface TaskScripts {
  /** A version, or without one what is published now. Errors: NotFoundError 'script'; RefusedError 'not-possible' when nothing is published. */
  find(accountId: string, script: string, version?: number): Promise<TaskScript>
}
export type TaskScript = {
  version: number
  title: string
  /** What a call stores of these values, with defaults filled in; each that is missing, unknown or cannot be told is a problem. Pure. */
  accept(vars: Readonly<Record<string, string>>, acceptedAt: Date): { values: Readonly<Record<string, string>>; problems: readonly ValueProblem[]; expiresAt: Date | undefined }
}

export type TaskDraft = {
  name: string
  /** Id of a published script of the account, or of the program's own. */
  script: string
  /** Default: the one that is published now. */
  version?: number | undefined
  /** Default 'api'. */
  source?: 'api' | 'aliyun' | undefined
  /** What is left out has its default. */
  plan?: PlanWish | undefined
  /** JSON that the caller finds again in `detail`. The dialer does not read it. */
  remembered?: Readonly<Record<string, unknown>> | undefined
}

/** One number as the customer wrote it, with the values of its variables. */
export type NumberRow = { phone: string; vars?: Readonly<Record<string, string>> | undefined }

export type RefusedRow = {
  /** 0-based place in the rows that were handed over. */
  row: number
  /** As written, shortened when absurdly long. */
  phone: string
  code: 'bad-number' | 'never-dial' | 'duplicate' | 'do-not-call' | 'variable-missing' | 'bad-variable' | 'expired'
  /** For people, Chinese. */
  reason: string
}
export type AddedNumbers = { added: number; refused: RefusedRow[]; replayed: boolean }

export type NumberState = 'waiting' | 'calling' | 'done' | 'refused' | 'taken-back'

export type TaskCounts = {
  total: number
  waiting: number
  /** Of those waiting. */
  waitingRetry: number
  waitingFrequency: number
  calling: number
  done: number
  refused: number
  takenBack: number
  /** Numbers that answered at least once. */
  answered: number
  /** Calls that were dialled. */
  attempts: number
  talkMs: number
  costLi: number
}

/** What keeps a running task from dialling right now. */
export type TaskWaiting = 'window' | 'line' | 'balance' | 'budget' | 'concurrency' | 'not-due'

export type TaskRecord = {
  /** Digits. */
  id: string
  accountId: string
  name: string
  script: string
  scriptVersion: number
  source: 'api' | 'aliyun'
  plan: TaskPlan
  remembered: Readonly<Record<string, unknown>>
  status: TaskStatus
  /** Why the system stopped it: a code and words. */
  why: string | undefined
  whyDetail: string | undefined
  waitingFor: TaskWaiting | undefined
  scheduleAt: Date | undefined
  createdAt: Date
  startedAt: Date | undefined
  finishedAt: Date | undefined
  counts: TaskCounts
}

export type NumberRecord = {
  seq: number
  /** E.164. */
  phone: string
  phoneAsGiven: string
  vars: Readonly<Record<string, string>>
  state: NumberState
  /** Not called before; of numbers that wait. */
  dueAt: Date
  waitingFor: 'retry' | 'frequency' | undefined
  attempts: number
  /** Of each attempt, oldest first. */
  past: readonly Outcome[]
  lastCallId: string | undefined
  outcome: Outcome | undefined
  conversation: string | undefined
  /** Grade A–F of the last conversation. */
  label: string | undefined
  answered: boolean
  talkMs: number
  costLi: number
}

/** Calls of a task, one per attempt. */
export type TaskCall = CallRecord & { seq: number }

/** `offset` rows are skipped; at most 1,000 come. */
export type Page = { offset?: number | undefined; limit?: number | undefined }
export type Paged<T> = { total: number; items: T[] }

export type TaskFilter = {
  status?: readonly TaskStatus[] | undefined
  /** A part of the name. */
  name?: string | undefined
  createdFrom?: Date | undefined
  createdBefore?: Date | undefined
}
export type NumberFilter = {
  state?: readonly NumberState[] | undefined
  outcome?: readonly Outcome[] | undefined
  /** As written by the customer; read like any number. */
  phone?: string | undefined
  label?: string | undefined
}
export type TaskCallFilter = {
  phone?: string | undefined
  outcome?: readonly Outcome[] | undefined
  talkMsMin?: number | undefined
  talkMsMax?: number | undefined
  endedBy?: readonly string[] | undefined
  dialedFrom?: Date | undefined
  dialedBefore?: Date | undefined
  /** Only calls that are over. */
  ended?: boolean | undefined
  /** Turns of the callee. */
  turnsMin?: number | undefined
  turnsMax?: number | undefined
}

export type StopWish = {
  /** Calls in progress are hung up as well. Default: they go on to their end. */
  hangUp?: boolean | undefined
}

/**
 * Every function resolves when its effect is durable. Errors of all: NotFoundError 'task' (also for another account's task);
 * RefusedError 'not-possible' when the task is not in a state for it, saying what to do; OverloadedError when the database is away.
 */
export interface TaskDesk {
  /** Errors: InvalidInputError (`name`, `plan.…`); NotFoundError 'script'; RefusedError 'not-possible' when the script is not published. */
  create(accountId: string, draft: TaskDraft): Promise<TaskRecord>
  /**
   * Adds numbers, in any state but cancelled and finished, also while it runs. Every row is added or refused with its reason; one bad row hinders no other.
   * With a `key`, the same rows sent again are answered the same and not added again. At most `rowsPerAddMax` rows.
   * Errors: InvalidInputError('rows'); RefusedError 'idempotency-conflict'.
   */
  addNumbers(accountId: string, taskId: string, rows: readonly NumberRow[], key?: string): Promise<AddedNumbers>
  /** Numbers that wait are not called any more. Answers how many there were. Errors: InvalidInputError('phones'). */
  takeBackNumbers(accountId: string, taskId: string, phones: string): Promise<{ takenBack: number }>
  /** Starts it now or at a time to come; goes on with one that was paused or stopped. Errors: InvalidInputError('at'). */
  start(accountId: string, taskId: string, at?: Date): Promise<TaskRecord>
  /** Nothing more is dialled when this resolves. */
  pause(accountId: string, taskId: string, wish?: StopWish): Promise<TaskRecord>
  /** Goes on with a paused or stopped task. */
  resume(accountId: string, taskId: string): Promise<TaskRecord>
  /** For good. Nothing more is dialled when this resolves. */
  cancel(accountId: string, taskId: string, wish?: StopWish): Promise<TaskRecord>
  /** Takes back a start that was set for later; the task is a draft again. */
  cancelSchedule(accountId: string, taskId: string): Promise<TaskRecord>
  /** Off the list, with its numbers. Its calls stay in the record. Only what does not run any more or never did. */
  remove(accountId: string, taskId: string): Promise<void>
  /** Newest first. */
  list(accountId: string, filter?: TaskFilter, page?: Page): Promise<Paged<TaskRecord>>
  detail(accountId: string, taskId: string): Promise<TaskRecord>
  /** In the order of adding. */
  numbers(accountId: string, taskId: string, filter?: NumberFilter, page?: Page): Promise<Paged<NumberRecord>>
  /** Latest first. */
  calls(accountId: string, taskId: string, filter?: TaskCallFilter, page?: Page): Promise<Paged<TaskCall>>
  progress(accountId: string, taskId: string): Promise<Progress>
  /** Whether it may dial at a moment, by its own hours and those of its line. */
  windowAt(accountId: string, taskId: string, at: Date): Promise<WindowVerdict>
}
