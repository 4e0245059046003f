// Knows how a wish about a running call reaches the process that has it and comes back with what the call did. Does not know HTTP or what calls can do.
import { parsePhone } from '../numbering/phone.ts'
import type { CallCommand, CommandResult } from '../call/controls.ts'
import { commandDoneChannel, commandResult, forgetCommands, insertCommand, isOwned, withdrawCommand } from '../db/call-commands.ts'
import type { CallRow } from '../db/calls.ts'
import type { Database } from '../db/connection.ts'
import { doNotCallAmong } from '../db/do-not-call.ts'
import { InvalidInputError, OverloadedError, RefusedError } from '../errors.ts'
import { newCommandId } from './call-id.ts'

export const commandDefaults = {
  /** The owner of a call begins a command within this time, or it is taken back. */
  takenMsMax: 3_000,
  /** What was begun is waited for so long: a far end may take its time to answer a hold. */
  doneMsMax: 10_000,
  /** A lost notification costs no more than this. */
  lookAgainMs: 500,
  forgetAfterMs: 3_600_000,
} as const
export type CommandLimits = { [K in keyof typeof commandDefaults]: number }

/** `pending`: begun, and nothing is known yet; the log of the call will tell. */
export type Controlled = { state: Extract<CommandResult, { ok: true }>['state'] | 'pending' }

const notTalking = {
  queued: '还没有拨出，接通之后才能操作',
  dialing: '还没有接通，接通之后才能操作',
  ringing: '还没有接通，接通之后才能操作',
  ended: '通话已经结束',
} as const

export class CommandDesk {
  readonly #db: Database
  readonly #limits: CommandLimits
  readonly #now: () => number
  /** Woken when their command is done. */
  readonly #waiting = new Map<string, () => void>()
  #unlisten: (() => Promise<void>) | undefined

  constructor(db: Database, now: () => number, limits: Partial<CommandLimits> = {}) {
    this.#db = db
    this.#now = now
    this.#limits = { ...commandDefaults, ...limits }
  }

  async start(): Promise<void> {
    const wakeAll = (): void => this.#waiting.forEach((wake) => wake())
    this.#unlisten = await this.#db.listen(commandDoneChannel, { onNotify: (id) => this.#waiting.get(id)?.(), onReconnect: wakeAll })
  }

  async stop(): Promise<void> {
    await this.#unlisten?.()
    for (const wake of this.#waiting.values()) wake()
  }

  async forgetOld(): Promise<void> {
    await forgetCommands(this.#db.sql, this.#limits.forgetAfterMs)
  }

  /**
   * Has the call do something. Resolves when its owner did it, or began it and goes on.
   * Errors: RefusedError `not-live` (nobody talks), `no-owner` (its process is gone), `not-possible`, `never-dial`, `do-not-call`, `not-allowed`;
   * InvalidInputError for a phone that is none; OverloadedError when the owner did not begin it in time: then it will not be done.
   */
  async send(call: CallRow, wish: CallCommand): Promise<Controlled> {
    const command = await this.#checked(call, wish)
    if (call.status !== 'talking') throw new RefusedError('not-live', `不能对这通电话操作：${notTalking[call.status]}`)
    const id = newCommandId(this.#now())
    const done = this.#doneOf(id)
    try {
      await this.#db.retry('send a command', () => this.#db.transaction((tx) => insertCommand(tx, { id, callId: call.id, command }, this.#limits.takenMsMax)), { withinMs: this.#limits.takenMsMax })
      const result = (await this.#resultWithin(id, done, this.#limits.takenMsMax)) ?? (await this.#late(id, call.id, done))
      return read(result)
    } finally {
      this.#waiting.delete(id)
    }
  }

  /** What it is that dials somebody must be a number that may be dialled: a first check, as for calls. */
  async #checked(call: CallRow, wish: CallCommand): Promise<CallCommand> {
    if (!('phone' in wish) || wish.phone === undefined) return wish
    const phone = await checkedPhone(this.#db, call.accountId, wish.phone, this.#now())
    return { ...wish, phone }
  }

  #doneOf(id: string): { next(): Promise<void> } {
    let arrived = Promise.withResolvers<void>()
    this.#waiting.set(id, () => {
      arrived.resolve()
      arrived = Promise.withResolvers()
    })
    return { next: () => arrived.promise }
  }

  async #resultWithin(id: string, done: { next(): Promise<void> }, msMax: number): Promise<unknown> {
    const { lookAgainMs } = this.#limits
    for (const byMs = performance.now() + msMax; ; ) {
      const woken = done.next()
      const result = await commandResult(this.#db.sql, id)
      const leftMs = byMs - performance.now()
      if (result !== undefined || leftMs <= 0) return result
      let timer: NodeJS.Timeout | undefined
      await Promise.race([woken, new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.min(leftMs, lookAgainMs))))])
      clearTimeout(timer)
    }
  }

  /** Nobody has said anything in time: what nobody began is taken back, what somebody began is waited for. */
  async #late(id: string, callId: string, done: { next(): Promise<void> }): Promise<unknown> {
    if (!(await withdrawCommand(this.#db.sql, id))) return await this.#resultWithin(id, done, this.#limits.doneMsMax)
    if (!(await isOwned(this.#db.sql, callId))) throw new RefusedError('no-owner', '负责这通电话的进程已经不在，指令没有执行；通话稍后会被关闭')
    throw new OverloadedError('负责这通电话的进程没有及时响应，指令已撤回，没有执行', 1_000)
  }
}

/**
 * A phone that somebody besides the callee is to be reached at, as E.164.
 * Errors: InvalidInputError, RefusedError `never-dial`, `do-not-call`.
 */
export async function checkedPhone(db: Database, accountId: string, text: string, nowMs: number, field = 'phone'): Promise<string> {
  const parsed = parsePhone(text)
  if (!parsed.ok) {
    const { code, reason } = parsed.bad
    const never = code === 'EMERGENCY_NUMBER' || code === 'SERVICE_NUMBER' || code === 'ENTERPRISE_NUMBER'
    throw never ? new RefusedError('never-dial', `这个号码不能由系统拨打：${text}（${reason}）`) : new InvalidInputError(field, `号码有误：${text}（${reason}）`)
  }
  const { phone } = parsed.phone
  const [listed] = await db.retry('read the do-not-call list', () => doNotCallAmong(db.sql, [{ accountId, phone }], new Date(nowMs)))
  if (listed) throw new RefusedError('do-not-call', `这个号码在免打扰名单中：${text}`)
  return phone
}

function read(result: unknown): Controlled {
  if (result === undefined) return { state: 'pending' }
  const { ok, ...rest } = result as CommandResult
  if (ok) return { state: (rest as Extract<CommandResult, { ok: true }>).state }
  const { message } = rest as Extract<CommandResult, { ok: false }>
  throw new RefusedError('not-possible', message)
}
