// Knows how to stay registered with a carrier that has several addresses: the next one is tried when one is dead. Does not know calls.
import type { Cancel, Clock } from '../sip/clock.ts'
import { backOffMs, type RegisterOptions, type Registration, type RegistrationState } from '../sip/registration.ts'
import type { Peer } from '../sip/transport.ts'
import { endpointOf } from './target-health.ts'
import type { RegistrationStatus } from './trunk-state.ts'

export type RegistrationKeeperOptions = {
  aor: string
  credentials: { username: string; password: string }
  expiresSec: number
  /** The registrar's addresses of now, best first; never rejects. */
  addresses: () => Promise<readonly Peer[]>
  /** Errors: InvalidInputError, OverloadedError. */
  register: (options: RegisterOptions) => Registration
  clock: Clock
  wallMs: () => number
  dice: () => number
  onChange: () => void
}

/** Nobody waits for a registrar that does not answer an unregistration. */
const CLOSE_MS_MAX = 3_000

export class RegistrationKeeper {
  readonly #options: RegistrationKeeperOptions
  #status: RegistrationStatus = { kind: 'registering' }
  #registration: Registration | undefined
  /** Addresses of this round that were not tried yet. */
  #untried: readonly Peer[] = []
  #failures = 0
  #cancelNext: Cancel = () => {}
  #closed: Promise<void> | undefined

  constructor(options: RegistrationKeeperOptions) {
    this.#options = options
  }

  start(): void {
    void this.#begin()
  }

  /** A registration that was granted holds until it runs out, also when the carrier cannot be asked for more of it. */
  get status(): RegistrationStatus {
    return this.#status
  }

  /** Unregisters and stops. Resolves after 3 s at most. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#cancelNext()
    const late = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(CLOSE_MS_MAX, late.resolve)
    await Promise.race([this.#registration?.close() ?? Promise.resolve(), late.promise])
    cancel()
  }

  async #begin(): Promise<void> {
    const peers = await this.#options.addresses()
    if (this.#closed) return
    this.#untried = peers
    if (peers.length === 0) return this.#failed(0, undefined, undefined)
    this.#tryNext()
  }

  #tryNext(): void {
    const [peer, ...others] = this.#untried
    if (!peer || this.#closed) return
    this.#untried = others
    const { aor, credentials, expiresSec, register } = this.#options
    try {
      const registration: Registration = register({ registrar: peer, aor, credentials, expiresSeconds: expiresSec, onState: (state) => this.#onState(state, peer, registration) })
      this.#registration = registration
    } catch {
      // No transport for this address, or the agent is closing: as good as an address where nobody is.
      if (this.#untried.length > 0) this.#tryNext()
      else this.#failed(503, undefined, peer)
    }
  }

  #onState(state: RegistrationState, peer: Peer, registration: Registration): void {
    if (this.#closed || registration !== this.#registration) return
    const nowMs = this.#options.wallMs()
    if (state.kind === 'registered') {
      this.#failures = 0
      const sinceMs = this.#status.kind === 'registered' ? this.#status.sinceMs : nowMs
      return this.#become({ kind: 'registered', registrar: endpointOf(peer), sinceMs, untilMs: nowMs + state.expiresSeconds * 1_000 })
    }
    if (state.status === 408 || state.status === 503) {
      // Nobody is there: the client itself would stay with this address.
      void registration.close()
      this.#registration = undefined
      if (this.#untried.length > 0) return this.#tryNext()
      return this.#failed(state.status, state.reason, peer)
    }
    // The carrier says no. The client asks again by itself, less and less often.
    this.#become({ kind: 'failed', status: state.status, reason: state.reason, sinceMs: this.#failedSinceMs(nowMs), retryAtMs: nowMs + state.retryMs, registrar: endpointOf(peer) })
  }

  #failed(status: number, reason: string | undefined, peer: Peer | undefined): void {
    const { clock, dice, wallMs } = this.#options
    this.#failures += 1
    const retryMs = backOffMs(this.#failures, dice())
    this.#cancelNext = clock.after(retryMs, () => void this.#begin())
    const nowMs = wallMs()
    const held = this.#status
    if (held.kind === 'registered' && held.untilMs > nowMs) {
      // It stands until then; nobody would tell when it has run out.
      const cancelRetry = this.#cancelNext
      const cancelEnd = clock.after(held.untilMs - nowMs, () => this.#status === held && this.#become({ kind: 'failed', status, reason, sinceMs: wallMs(), retryAtMs: nowMs + retryMs }))
      this.#cancelNext = () => {
        cancelRetry()
        cancelEnd()
      }
      return
    }
    this.#become({ kind: 'failed', status, reason, sinceMs: this.#failedSinceMs(nowMs), retryAtMs: nowMs + retryMs, ...(peer && { registrar: endpointOf(peer) }) })
  }

  #failedSinceMs(nowMs: number): number {
    return this.#status.kind === 'failed' ? this.#status.sinceMs : nowMs
  }

  #become(status: RegistrationStatus): void {
    this.#status = status
    this.#options.onChange()
  }
}
