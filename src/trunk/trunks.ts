// Knows the trunks of this process while they run: started, changed and stopped without a restart. Does not know where they are stored or which one a call takes.
import type { Trunk } from '../call/leg.ts'
import { noAttribution, type Attribution } from '../numbering/attribution.ts'
import type { Log } from '../log.ts'
import { systemClock, type Clock } from '../sip/clock.ts'
import { systemResolver, type NameResolver } from '../sip/resolve.ts'
import type { Peer } from '../sip/transport.ts'
import type { SipUserAgent } from '../sip/user-agent.ts'
import { RunningTrunk, type TrunkParts } from './running-trunk.ts'
import type { TrunkConfig } from './trunk-config.ts'
import type { TrunkState } from './trunk-state.ts'

export type TrunksOptions = {
  userAgent: SipUserAgent
  /** The address that far ends are told to send audio to. */
  mediaAddress: string
  /** Where mobiles are from; without it only fixed lines have a city. */
  attribution?: Attribution | undefined
  /** Where a gateway that registers to us is, by its user name, the latest first. Without it no gateway ever is anywhere. */
  gatewayAt?: ((username: string) => readonly Peer[]) | undefined
  log: Log
  resolver?: NameResolver | undefined
  clock?: Clock | undefined
  /** Milliseconds since 1970. */
  wallMs?: (() => number) | undefined
  dice?: (() => number) | undefined
}

export class Trunks implements AsyncDisposable {
  readonly #parts: TrunkParts
  readonly #log: Log
  readonly #running = new Map<string, RunningTrunk>()
  /** Trunks that are being stopped, by name: a new one of that name registers after the old one has unregistered, not before. */
  readonly #stopping = new Map<string, Promise<void>>()
  readonly #listeners = new Set<(state: TrunkState) => void>()
  readonly #wasUp = new Map<string, boolean>()
  #closed = false

  constructor(options: TrunksOptions) {
    this.#log = options.log
    this.#parts = {
      userAgent: options.userAgent,
      mediaAddress: options.mediaAddress,
      attribution: options.attribution ?? noAttribution,
      gatewayAt: options.gatewayAt ?? (() => []),
      resolver: options.resolver ?? systemResolver(),
      clock: options.clock ?? systemClock,
      wallMs: options.wallMs ?? Date.now,
      dice: options.dice ?? Math.random,
    }
  }

  /**
   * The trunks from now on. What did not change goes on undisturbed; calls under way keep the trunk they began with, changed or gone.
   * Names are unique; of two with one name the later one counts.
   */
  set(configs: readonly TrunkConfig[]): void {
    if (this.#closed) return
    const wanted = new Map(configs.map((config) => [config.name, config]))
    for (const [name, running] of this.#running) if (!wanted.has(name)) this.#stop(name, running)
    for (const [name, config] of wanted) {
      const running = this.#running.get(name)
      if (running?.adopt(config)) continue
      if (running) this.#stop(name, running)
      this.#start(config)
    }
  }

  /** For calls; undefined when there is no trunk of that name. Whether it is a good moment to use it is what its state says. */
  get(name: string): Trunk | undefined {
    return this.#running.get(name)?.trunk
  }

  state(name: string): TrunkState | undefined {
    return this.#running.get(name)?.state()
  }

  states(): TrunkState[] {
    return [...this.#running.values()].map((running) => running.state())
  }

  /** Called with the new state of a trunk whenever a part of it changed. Returns what ends that. */
  onChange(listener: (state: TrunkState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What a gateway has to know to register to us; undefined when no trunk that is in use expects one of that name. */
  gatewayPassword(username: string): string | undefined {
    for (const { config } of this.#running.values()) if (config.enabled && config.gateway?.username === username) return config.gateway.password
    return undefined
  }

  /** Tell it when a gateway has registered, moved, or gone. */
  gatewayChanged(username: string): void {
    for (const running of this.#running.values()) if (running.config.gateway?.username === username) running.gatewayChanged()
  }

  /** Unregisters everywhere; takes 3 s at most. */
  async close(): Promise<void> {
    this.#closed = true
    for (const [name, running] of this.#running) this.#stop(name, running)
    await Promise.all(this.#stopping.values())
    this.#listeners.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #start(config: TrunkConfig): void {
    const running = new RunningTrunk(config, this.#parts, (changed) => this.#changed(changed))
    this.#running.set(config.name, running)
    const before = this.#stopping.get(config.name)
    // Both register the same contact: the farewell of the old one must not come after the greeting of the new one.
    if (before === undefined) running.start()
    else void before.then(() => this.#running.get(config.name) === running && running.start())
  }

  #stop(name: string, running: RunningTrunk): void {
    this.#running.delete(name)
    this.#wasUp.delete(name)
    const before = this.#stopping.get(name) ?? Promise.resolve()
    const over: Promise<void> = before
      .then(() => running.close())
      .catch((error: unknown) => this.#log.error({ trunk: name, err: error }, 'a trunk did not stop well'))
      .finally(() => this.#stopping.get(name) === over && this.#stopping.delete(name))
    this.#stopping.set(name, over)
  }

  #changed(running: RunningTrunk): void {
    const state = running.state()
    if (this.#running.get(state.name) !== running) return
    if (this.#wasUp.get(state.name) !== state.up) {
      this.#wasUp.set(state.name, state.up)
      if (state.up) this.#log.info({ trunk: state.name }, 'trunk is up')
      else this.#log.warn({ trunk: state.name, reason: state.down, ...(state.registration?.kind === 'failed' && { status: state.registration.status }) }, 'trunk is down')
    }
    for (const listener of this.#listeners) {
      try {
        listener(state)
      } catch (error) {
        this.#log.error({ trunk: state.name, err: error }, 'a listener to trunks failed')
      }
    }
  }
}
