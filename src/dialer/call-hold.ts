// Knows how the money of one talking call is kept ahead of its time. Does not know speech: it answers 'continue' or 'end'.
import { costOf, coverMs, type Price } from '../account/billing.ts'
import { extend } from '../account/ledger.ts'
import { lockOwnedCall } from '../db/calls.ts'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { entriesOfCalls } from '../db/ledger.ts'
import { RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import { holdStep } from './money.ts'
import type { DialerSettings } from './settings.ts'

export type HoldOptions = Pick<DialerSettings, 'extendAheadMs' | 'extendByMs' | 'goodbyeMs'>

export type HeldCall = { id: string; accountId: string; fence: number; heldLi: number; price: Price }

/** One call's hold. `mayContinue` is asked each second and never waits; extensions run beside it, one at a time. */
export class CallHold {
  readonly #db: Database
  readonly #call: HeldCall
  readonly #options: HoldOptions
  readonly #onExtended: (heldLi: number) => void
  #heldLi: number
  #steps = 0
  #extension: 'possible' | 'failed' | 'refused' = 'possible'
  #asking: Promise<void> | undefined

  constructor(db: Database, call: HeldCall, options: HoldOptions, onExtended: (heldLi: number) => void) {
    this.#db = db
    this.#call = call
    this.#options = options
    this.#heldLi = call.heldLi
    this.#onExtended = onExtended
  }

  mayContinue(talkMs: number): 'continue' | 'end' {
    const step = holdStep({
      talkMs,
      coveredMs: coverMs(this.#heldLi, this.#call.price),
      extension: this.#asking ? 'asking' : this.#extension,
      extendAheadMs: this.#options.extendAheadMs,
      goodbyeMs: this.#options.goodbyeMs,
    })
    if (step === 'extend') this.#asking = this.#extend().finally(() => (this.#asking = undefined))
    return step === 'end' ? 'end' : 'continue'
  }

  /** Resolves when no extension is under way: only then may the call be settled. */
  async close(): Promise<void> {
    await this.#asking
  }

  async #extend(): Promise<void> {
    const coveredMs = coverMs(this.#heldLi, this.#call.price)
    // What was hoped for, else the smallest step that helps.
    for (const moreMs of [this.#options.extendByMs, 1]) {
      const amountLi = costOf(coveredMs + moreMs, this.#call.price).costLi - this.#heldLi
      try {
        const heldLi = await this.#db.transaction(async (tx) => {
          // Whoever takes the call over settles what is held then; money held after that would never come back.
          if (!(await lockOwnedCall(tx, this.#call))) return undefined
          await extend(tx, { accountId: this.#call.accountId, callId: this.#call.id, step: this.#steps + 1, amountLi })
          // Read back: an earlier try of this step may have been booked, with another amount, without our learning of it.
          const entries = await entriesOfCalls(tx, [this.#call.id])
          return entries.reduce((sum, entry) => sum + entry.heldDeltaLi, 0)
        })
        if (heldLi === undefined) return
        this.#steps += 1
        this.#heldLi = heldLi
        this.#extension = 'possible'
        this.#onExtended(this.#heldLi)
        return
      } catch (error) {
        if (error instanceof RefusedError) continue
        // Asked again in a second, for as long as what is held lasts.
        this.#extension = 'failed'
        log.warn({ err: errorFacts(error), call: this.#call.id }, 'money for a call could not be extended')
        return
      }
    }
    this.#extension = 'refused'
  }
}
