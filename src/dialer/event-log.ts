// Knows how the events of running calls become numbered rows: in order, without gaps, in batches, through database outages. Does not know what calls are about.
import { setTimeout as sleep } from 'node:timers/promises'
import { advanceCalls, type CallStatus } from '../db/calls.ts'
import { insertOwnedEvents, notifyFollowers, type OwnedEvent } from '../db/call-events.ts'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import type { CallEvent, CallEventRow } from '../events.ts'
import { log } from '../log.ts'
import { statusAfter } from './call-status.ts'

export type EventLogOptions = {
  eventsPerCallMax: number
  /** Over all calls. At a couple of events per call and second this is minutes of outage. */
  eventsBufferedMax: number
  eventsPerBatchMax: number
  /** Waits between attempts while the database is away. */
  retryMs?: readonly number[] | undefined
}

/** The log of one running call, held by its owner. */
export interface CallLog {
  /**
   * Numbers the event and queues it; returns at once.
   * 'full': a limit was met or the log cannot be written; this and all later events of the call are dropped and the call should end.
   */
  append(event: CallEvent, at: Date): 'kept' | 'full'
  /** Ends the log: what was not stored, in order, for the settlement to store. Resolves when no write of this call is under way. */
  close(): Promise<CallEventRow[]>
  /** Forgets what was not stored: somebody else owns the call now. */
  discard(): void
}

type State = { callId: string; fence: number; lastSeq: number; kept: number; state: 'open' | 'full' | 'closed'; onLost: () => void }

const retryDefaultMs = [100, 200, 500, 1_000, 2_000] as const

/** The one writer of events in a process. */
export class EventLog {
  readonly #db: Database
  readonly #options: EventLogOptions
  readonly #calls = new Map<string, State>()
  #queue: OwnedEvent[] = []
  #inFlight: readonly OwnedEvent[] = []
  #attempt: Promise<void> | undefined
  #running: Promise<void> | undefined
  /** Cuts a retry's wait short. */
  #hurry = new AbortController()
  readonly stats = { written: 0, batches: 0, failedBatches: 0, dropped: 0 }

  constructor(db: Database, options: EventLogOptions) {
    this.#db = db
    this.#options = options
  }

  /** Events that wait for the database. */
  get buffered(): number {
    return this.#queue.length + this.#inFlight.length
  }

  /** `lastSeq`: the number of the call's last stored event. `onLost`: a write found that the call is no longer ours. */
  open(call: { callId: string; fence: number; lastSeq: number }, onLost: () => void): CallLog {
    const state: State = { ...call, kept: 0, state: 'open', onLost }
    this.#calls.set(call.callId, state)
    return {
      append: (event, at) => this.#append(state, event, at),
      close: () => this.#close(state),
      discard: () => this.#discard(state),
    }
  }

  /** Resolves when everything queued so far was stored or given back. */
  async idle(): Promise<void> {
    this.#hurry.abort()
    while (this.#running) await this.#running
  }

  #append(state: State, event: CallEvent, at: Date): 'kept' | 'full' {
    const full = state.kept >= this.#options.eventsPerCallMax || this.buffered >= this.#options.eventsBufferedMax
    if (state.state === 'open' && full) state.state = 'full'
    if (state.state !== 'open') {
      this.stats.dropped += 1
      return 'full'
    }
    state.kept += 1
    state.lastSeq += 1
    this.#queue.push({ callId: state.callId, fence: state.fence, seq: state.lastSeq, at, event })
    this.#running ??= this.#run()
    return 'kept'
  }

  async #close(state: State): Promise<CallEventRow[]> {
    state.state = 'closed'
    while (this.#inFlight.some((event) => event.callId === state.callId)) await this.#attempt
    this.#calls.delete(state.callId)
    const rest = this.#queue.filter((event) => event.callId === state.callId)
    if (rest.length > 0) this.#queue = this.#queue.filter((event) => event.callId !== state.callId)
    return rest.map(({ seq, at, event }) => ({ seq, at, event }))
  }

  #discard(state: State): void {
    state.state = 'closed'
    if (this.#calls.get(state.callId) === state) this.#calls.delete(state.callId)
    this.#queue = this.#queue.filter((event) => event.callId !== state.callId || event.fence !== state.fence)
  }

  /** Writes batch after batch until nothing is queued. While one is written the next one gathers: under load batches grow by themselves. */
  async #run(): Promise<void> {
    // Lets the events of one synchronous burst gather.
    await Promise.resolve()
    let failures = 0
    // After a row the database will not take, rows go one by one until it is found.
    let carefulRows = 0
    while (this.#queue.length > 0) {
      const size = carefulRows > 0 ? 1 : this.#options.eventsPerBatchMax
      const batch = this.#queue.splice(0, size)
      this.#inFlight = batch
      const attempt = Promise.withResolvers<void>()
      this.#attempt = attempt.promise
      let error: unknown
      try {
        await this.#write(batch)
      } catch (failure) {
        error = failure ?? new Error('unknown')
      }
      this.#inFlight = []
      if (error === undefined) {
        failures = 0
        carefulRows = Math.max(0, carefulRows - 1)
      } else if (isRefusedData(error) && batch.length === 1) {
        this.#giveUp(batch[0]!, error)
      } else {
        // The commit may have happened all the same; rows that exist are skipped next time.
        this.#queue.unshift(...batch.filter((event) => this.#calls.get(event.callId)?.fence === event.fence))
        this.stats.failedBatches += 1
        if (isRefusedData(error)) carefulRows = batch.length
      }
      attempt.resolve()
      if (error !== undefined && !isRefusedData(error)) {
        const waits = this.#options.retryMs ?? retryDefaultMs
        const waitMs = waits[Math.min(failures, waits.length - 1)] ?? 1_000
        if (failures === 0) log.warn({ err: errorFacts(error), buffered: this.buffered }, 'events cannot be stored, retrying')
        failures += 1
        this.#hurry = new AbortController()
        await sleep(waitMs, undefined, { signal: this.#hurry.signal, ref: false }).catch(() => undefined)
      }
    }
    this.#running = undefined
  }

  async #write(batch: readonly OwnedEvent[]): Promise<void> {
    const ours = await this.#db.transaction(async (tx) => {
      const ours = await insertOwnedEvents(tx, batch)
      await advanceCalls(tx, batch.filter((event) => ours.has(event.callId)).flatMap(stepOf))
      await notifyFollowers(tx, ours)
      return ours
    })
    this.stats.batches += 1
    this.stats.written += batch.length
    for (const callId of new Set(batch.map((event) => event.callId))) {
      const state = this.#calls.get(callId)
      if (ours.has(callId) || state === undefined) continue
      this.#discard(state)
      state.onLost()
    }
  }

  /** A row that the database refuses for its content: the log of its call ends before it, without a gap. */
  #giveUp(event: OwnedEvent, error: unknown): void {
    log.error({ err: errorFacts(error), call: event.callId, seq: event.seq, type: event.event.type }, 'an event cannot be stored; its call is ended')
    const state = this.#calls.get(event.callId)
    this.stats.dropped += 1
    this.#queue = this.#queue.filter((other) => other.callId !== event.callId)
    if (state?.state === 'open') state.state = 'full'
  }
}

/** Data exceptions and broken constraints (SQLSTATE classes 22, 23): sending the same row again cannot help. */
function isRefusedData(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^2[23]...$/.test(code)
}

const reachableFrom: readonly CallStatus[] = ['dialing', 'ringing']

function stepOf(event: OwnedEvent): { id: string; from: CallStatus[]; to: 'ringing' | 'talking'; at: Date }[] {
  const type = event.event.type
  const from = reachableFrom.filter((status) => type !== 'ended' && type !== 'dialing' && statusAfter(status, type) !== undefined)
  const to = from.length > 0 ? statusAfter(from[0]!, type) : undefined
  if (to !== 'ringing' && to !== 'talking') return []
  return [{ id: event.callId, from: from.filter((status) => status !== to), to, at: event.at }]
}
