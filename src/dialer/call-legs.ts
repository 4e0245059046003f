// Knows the more phones of one running call as its owner keeps them: room on the trunk, who may be dialled, which dialogs stand. Does not know SIP or why they are called.
import type { LegHooks, LegRoom, Party } from '../call/controls.ts'
import { endLeg, insertLeg } from '../db/call-legs.ts'
import { lockLine, lockOwnedCall, lockPhones, recentAttempts, storeDialog } from '../db/calls.ts'
import type { Database, Tx } from '../db/connection.ts'
import { doNotCallAmong } from '../db/do-not-call.ts'
import { errorFacts } from '../db/error-facts.ts'
import { OverloadedError, RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import { neverDial } from '../numbering/never-dial.ts'
import { admit } from './admission/admit.ts'
import { frequencyReach } from './admission/frequency.ts'
import { refusalCodes } from './admission/refusals.ts'
import type { Line } from './line.ts'
import type { DialerSettings } from './settings.ts'
import { readBoard } from './trunk-board.ts'
import { chooseTrunk } from './trunk-choice.ts'
import type { TrunkDirectory } from './trunk-directory.ts'

export type CallLegsDeps = {
  db: Database
  call: { id: string; fence: number; accountId: string }
  line: Line
  settings: DialerSettings
  /** Lines whose attempts ring nobody. */
  linesNotCounted: readonly string[]
  /** The trunk that the call itself goes over: audio passes between its legs here, and a carrier wants both ends of a transfer. */
  trunk: () => string
  trunks: TrunkDirectory
  /** False once the call is being ended or is somebody else's. */
  mayDial: () => boolean
  /** Unix milliseconds. */
  now: () => number
  /** 0..1, below 1. */
  dice: () => number
}

/** A callee is waiting meanwhile. */
const withinMs = 3_000
const retryAfterMs = 5_000

export class CallLegs implements LegHooks {
  readonly #deps: CallLegsDeps
  /** Writes one after the other, so that the newest is the last. */
  #storing: Promise<void> = Promise.resolve()
  #dialogs: readonly unknown[] = []

  constructor(deps: CallLegsDeps) {
    this.#deps = deps
  }

  /** Errors: RefusedError, OverloadedError; nothing was dialled then. */
  async admit(phone: string, party?: Party): Promise<LegRoom> {
    const { db } = this.#deps
    this.beforeInvite(phone)
    const { id, callerId } = await db.retry('admit one more leg', () => db.transaction((tx) => this.#admitIn(tx, phone, party)), { withinMs })
    return { callerId, giveBack: () => void this.#giveBack(id) }
  }

  beforeInvite(phone: string): void {
    const never = neverDial(phone)
    if (never) throw new RefusedError('never-dial', never.reason)
    if (!this.#deps.mayDial()) throw new RefusedError('not-allowed', '通话已经在结束')
  }

  onDialogs(dialogs: readonly unknown[]): void {
    this.#dialogs = dialogs
    this.#storing = this.#storing.then(() => this.#store(dialogs))
  }

  /** The same locks as for claims and failovers, so that the limits of the trunk hold over all processes. */
  async #admitIn(tx: Tx, phone: string, party: Party | undefined): Promise<{ id: number; callerId: string }> {
    const { call, line, trunk, trunks, now, dice } = this.#deps
    const nowMs = now()
    await lockLine(tx, line.name)
    if (!(await lockOwnedCall(tx, call))) throw new RefusedError('not-allowed', '通话已经不属于本进程')
    const [listed] = await doNotCallAmong(tx, [{ accountId: call.accountId, phone }], new Date(nowMs))
    if (listed) throw new RefusedError('do-not-call', '这个号码在免打扰名单中')
    if (party) await this.#assertAdmitted(tx, phone, nowMs)
    // The simulated carrier shows its own numbers.
    const caller = line.exempt.hours ? undefined : party?.callerId
    const choice = chooseTrunk({ candidates: await readBoard(tx, { trunks, line: line.name, nowMs }), wish: { trunk: trunk(), caller }, nowMs, dice: dice() })
    if ('blocked' in choice) throw new OverloadedError(`线路 ${trunk()} 不能再呼叫一方（${choice.blocked.why}）`, retryAfterMs)
    const id = await insertLeg(tx, { callId: call.id, trunk: trunk(), callerId: choice.callerId, phone, isAttempt: party !== undefined, startedAt: new Date(nowMs) })
    return { id, callerId: choice.callerId }
  }

  /** The rules on calling people, once more: since the request was taken hours may have passed, and others may have called. */
  async #assertAdmitted(tx: Tx, phone: string, nowMs: number): Promise<void> {
    const { line: { exempt }, settings, linesNotCounted } = this.#deps
    let attempts: Awaited<ReturnType<typeof recentAttempts>> = []
    if (!exempt.frequency) {
      await lockPhones(tx, [phone])
      const reach = frequencyReach(settings.frequency)
      attempts = await recentAttempts(tx, [phone], new Date(nowMs - reach.windowMsMax), Math.max(1, reach.countMax), linesNotCounted)
    }
    const facts = { phone, exempt, doNotCall: undefined, attemptsMs: attempts.map(({ at }) => at.getTime()), inCall: attempts.some(({ inCall }) => inCall) }
    const admission = admit(nowMs, facts, settings)
    if (admission.verdict !== 'dial') throw new RefusedError(refusalCodes[admission.why], admission.detail)
  }

  async #giveBack(id: number): Promise<void> {
    const { db, now, call } = this.#deps
    try {
      await db.retry('end a leg', () => endLeg(db.sql, id, new Date(now())))
    } catch (error) {
      // It stops counting with its call.
      log.warn({ err: errorFacts(error), call: call.id }, 'the end of a leg could not be stored')
    }
  }

  /** Helps a survivor to hang up; the call does not depend on it. */
  async #store(dialogs: readonly unknown[]): Promise<void> {
    // A newer one is already waiting.
    if (dialogs !== this.#dialogs) return
    const { db, call } = this.#deps
    try {
      await db.retry('store the SIP dialogs', () => storeDialog(db.sql, call, dialogs))
    } catch (error) {
      log.warn({ err: errorFacts(error), call: call.id }, 'the SIP dialogs of a call could not be stored')
    }
  }
}
