// Knows which addresses of a trunk answer: asks each with OPTIONS, again and again. Does not know calls, registration or names.
import type { Cancel, Clock } from '../sip/clock.ts'
import type { Peer, Protocol } from '../sip/transport.ts'
import { hostInUri } from './identity-headers.ts'
import type { TargetState } from './trunk-state.ts'

/** An address is dead when it missed this many in a row, and alive again with one answer. */
export const MISSES_MAX = 3
/** A request is sent four times by then (RFC 3261 §17.1.2.2); who has not answered is counted as silent. */
export const PROBE_MS_MAX = 5_000
/** After a miss the next round comes sooner, so that a dead address is known in half a minute. */
export const AGAIN_MS = 5_000
/** Of the interval, so that the rounds of many trunks do not stay in step. */
const JITTER = 0.1

export type TargetHealthOptions = {
  /** Milliseconds between rounds; 0: never asks. */
  intervalMs: number
  /** The addresses of now; never rejects. */
  addresses: () => Promise<readonly Peer[]>
  /** Final status of an OPTIONS; 408 for no answer, 503 when it could not be sent. */
  ping: (peer: Peer) => Promise<number>
  /** The protocol where a peer names none. */
  protocol: Protocol
  clock: Clock
  wallMs: () => number
  /** 0..1 */
  dice: () => number
  /** An address came, went, died or came back. */
  onChange: () => void
}

export class TargetHealth {
  readonly #options: TargetHealthOptions
  readonly #known = new Map<string, TargetState>()
  #cancelNext: Cancel = () => {}
  #resolved = false
  #stopped = false

  constructor(options: TargetHealthOptions) {
    this.#options = options
  }

  start(): void {
    void this.#round()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelNext()
  }

  /** False until the addresses were looked up once. */
  get resolved(): boolean {
    return this.#resolved
  }

  states(): readonly TargetState[] {
    return [...this.#known.values()].map((state) => ({ ...state }))
  }

  /** The same addresses, those known to be dead last: they are still better than nothing. */
  best(peers: readonly Peer[]): Peer[] {
    const isDead = (peer: Peer): boolean => this.#known.get(this.#keyOf(peer))?.alive === false
    return [...peers.filter((peer) => !isDead(peer)), ...peers.filter(isDead)]
  }

  /** Looks the addresses up and asks them now, for instance because a gateway has moved. */
  again(): void {
    if (this.#stopped) return
    this.#cancelNext()
    this.#cancelNext = this.#options.clock.after(0, () => void this.#round())
  }

  async #round(): Promise<void> {
    const { intervalMs, clock, dice } = this.#options
    const peers = await this.#options.addresses()
    if (this.#stopped) return
    this.#take(peers)
    if (intervalMs > 0) await Promise.all(peers.map((peer) => this.#probe(peer)))
    if (this.#stopped) return
    const doubtful = [...this.#known.values()].some(({ missed }) => missed > 0 && missed < MISSES_MAX)
    // Without OPTIONS the addresses are still looked up from time to time, so that what is told about them is true.
    const waitMs = doubtful ? Math.min(AGAIN_MS, intervalMs) : (intervalMs || 60_000) * (1 + JITTER * (2 * dice() - 1))
    this.#cancelNext()
    this.#cancelNext = clock.after(waitMs, () => void this.#round())
  }

  #take(peers: readonly Peer[]): void {
    const keys = new Set(peers.map((peer) => this.#keyOf(peer)))
    let changed = !this.#resolved
    this.#resolved = true
    for (const key of this.#known.keys()) if (!keys.has(key)) changed = this.#known.delete(key) || changed
    for (const peer of peers) {
      const key = this.#keyOf(peer)
      if (this.#known.has(key)) continue
      this.#known.set(key, { address: endpointOf(peer), protocol: peer.protocol ?? this.#options.protocol, alive: undefined, sinceMs: this.#options.wallMs(), missed: 0 })
      changed = true
    }
    if (changed) this.#options.onChange()
  }

  async #probe(peer: Peer): Promise<void> {
    const { clock, wallMs } = this.#options
    const beganMs = clock.nowMs()
    const late = Promise.withResolvers<number>()
    const cancel = clock.after(PROBE_MS_MAX, () => late.resolve(408))
    const status = await Promise.race([this.#options.ping(peer).catch(() => 503), late.promise])
    cancel()
    const state = this.#known.get(this.#keyOf(peer))
    if (this.#stopped || !state) return
    // 503 and 408 say the same whether our side or theirs found it out: no call gets through there. Any other answer comes from somebody alive.
    const answered = status !== 408 && status !== 503
    const before = state.alive
    if (answered) {
      state.missed = 0
      state.status = status
      state.rttMs = Math.round((clock.nowMs() - beganMs) * 10) / 10
      state.lastAnswerMs = wallMs()
      state.alive = true
    } else {
      state.missed += 1
      state.lastMiss = status === 408 ? 'silent' : 'unreachable'
      if (state.missed >= MISSES_MAX) state.alive = false
    }
    if (state.alive === before) return
    state.sinceMs = wallMs()
    this.#options.onChange()
  }

  #keyOf({ address, port, protocol = this.#options.protocol }: Peer): string {
    return `${address} ${port} ${protocol}`
  }
}

/** `192.0.2.10:5060`, `[2001:db8::1]:5060`: for people. */
export function endpointOf({ address, port }: Peer): string {
  return `${hostInUri(address)}:${port}`
}
