// Knows which calls an agent has: those that go on, and those that are over but may still get late messages. Does not know messages.
import type { DialogUser } from './call-context.ts'
import type { Cancel, Clock } from './clock.ts'
import { InviteServer } from './incoming-call.ts'
import { GIVE_UP_MS } from './transaction-tables.ts'

export class CallRegistry {
  readonly #clock: Clock
  readonly #onForgotten: (call: DialogUser) => void
  /** By dialog key. */
  readonly #live = new Map<string, DialogUser>()
  readonly #retired = new Map<string, { call: DialogUser; forget: Cancel }>()
  /** Calls in, by what a CANCEL, or a copy of their INVITE over another path, shares with them (RFC 3261 §8.2.2.2, §9.2). */
  readonly #merged = new Map<string, InviteServer>()

  /** `onForgotten`: nothing will come for that call any more. */
  constructor(clock: Clock, onForgotten: (call: DialogUser) => void) {
    this.#clock = clock
    this.#onForgotten = onForgotten
  }

  /** Calls that go on. */
  get live(): number {
    return this.#live.size
  }

  add(call: DialogUser): void {
    this.#live.set(keyOf(call.callId, call.localTag), call)
    if (call instanceof InviteServer) this.#merged.set(call.mergeKey, call)
  }

  /** As if it had never been. */
  remove(call: DialogUser): void {
    this.#live.delete(keyOf(call.callId, call.localTag))
    this.#onForgotten(call)
  }

  find(callId: string, localTag: string): DialogUser | undefined {
    const key = keyOf(callId, localTag)
    return this.#live.get(key) ?? this.#retired.get(key)?.call
  }

  merged(mergeKey: string): InviteServer | undefined {
    return this.#merged.get(mergeKey)
  }

  /** It is over; it is kept for as long as messages of it may wander. */
  retire(call: DialogUser): void {
    const key = keyOf(call.callId, call.localTag)
    if (!this.#live.delete(key)) return
    const forget = this.#clock.after(GIVE_UP_MS, () => {
      this.#retired.delete(key)
      if (call instanceof InviteServer) this.#merged.delete(call.mergeKey)
      this.#onForgotten(call)
    })
    this.#retired.set(key, { call, forget })
  }

  /** Hangs up every call; resolves when each of them, and those that are over, have heard from their far ends. */
  async hangUpAll(): Promise<void> {
    await Promise.all([...this.#live.values(), ...[...this.#retired.values()].map(({ call }) => call)].map((call) => call.hangUp()))
  }

  /** Ends what still goes on without waiting for anybody, and forgets all. */
  abandonAll(): void {
    for (const call of this.#live.values()) call.abandon()
    for (const { forget } of this.#retired.values()) forget()
    this.#retired.clear()
  }
}

function keyOf(callId: string, localTag: string): string {
  return `${callId} ${localTag}`
}
