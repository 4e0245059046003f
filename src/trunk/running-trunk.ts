// One trunk while it is in use: its registration, the health of its addresses, and what calls see of it. Does not know other trunks or calls.
import { isDeepStrictEqual } from 'node:util'
import type { Trunk } from '../call/leg.ts'
import type { Attribution } from '../numbering/attribution.ts'
import type { Clock } from '../sip/clock.ts'
import { parseTrunkAddress, resolveTargets, type NameResolver, type TrunkAddress } from '../sip/resolve.ts'
import type { Peer, Protocol } from '../sip/transport.ts'
import type { SipUserAgent } from '../sip/user-agent.ts'
import { configuredTrunk, domainOf } from './configured-trunk.ts'
import { hostInUri } from './identity-headers.ts'
import { RegistrationKeeper } from './registration-keeper.ts'
import { TargetHealth } from './target-health.ts'
import { registeredTarget, type TrunkConfig } from './trunk-config.ts'
import { downReason, type DownReason, type TrunkState } from './trunk-state.ts'

/** What every trunk of a process shares. */
export type TrunkParts = {
  userAgent: SipUserAgent
  /** Written into SDP. */
  mediaAddress: string
  attribution: Attribution
  resolver: NameResolver
  /** Where the gateway that registers to us as `username` is, the latest first; empty while it does not. */
  gatewayAt: (username: string) => readonly Peer[]
  clock: Clock
  /** Milliseconds since 1970. */
  wallMs: () => number
  /** 0..1 */
  dice: () => number
}

export class RunningTrunk {
  readonly #parts: TrunkParts
  readonly #onChange: (trunk: RunningTrunk) => void
  readonly #health: TargetHealth
  readonly #registration: RegistrationKeeper | undefined
  #config: TrunkConfig
  #trunk: Trunk
  #down: DownReason | undefined
  #sinceMs: number

  constructor(config: TrunkConfig, parts: TrunkParts, onChange: (trunk: RunningTrunk) => void) {
    this.#config = config
    this.#parts = parts
    this.#onChange = onChange
    const { userAgent, clock } = parts
    const shared = { clock, wallMs: parts.wallMs, dice: parts.dice, onChange: () => this.refresh() }
    this.#health = new TargetHealth({
      ...shared,
      intervalMs: config.healthCheckSec * 1_000,
      addresses: () => this.#addresses(config.targets),
      ping: (peer) => userAgent.ping(peer),
      protocol: this.#protocols()[0]!,
    })
    const { registration } = config
    this.#registration =
      registration &&
      new RegistrationKeeper({
        ...shared,
        aor: `sip:${registration.username}@${hostInUri(this.#domain())}`,
        credentials: { username: registration.authUsername ?? registration.username, password: registration.password },
        expiresSec: registration.expiresSec,
        addresses: () => this.#addresses([registration.registrar ?? config.targets[0]!]),
        register: (options) => userAgent.register(options),
      })
    this.#trunk = this.#made()
    this.#down = this.#reason()
    this.#sinceMs = parts.wallMs()
  }

  /** A trunk that is switched off asks nobody and registers nowhere. */
  start(): void {
    if (!this.#config.enabled) return
    this.#health.start()
    this.#registration?.start()
  }

  get config(): TrunkConfig {
    return this.#config
  }

  /** What a call takes along; it stays good when the configuration changes. */
  get trunk(): Trunk {
    return this.#trunk
  }

  state(): TrunkState {
    const { name, gateway } = this.#config
    const down = this.#reason()
    return {
      name,
      up: down === undefined,
      ...(down && { down }),
      sinceMs: this.#sinceMs,
      ...(this.#registration && this.#config.enabled && { registration: this.#registration.status }),
      ...(gateway && { gateway: this.#gateway() }),
      targets: this.#health.states(),
    }
  }

  /** Takes a changed configuration over when the line itself stays as it is; false when this trunk has to be started anew. */
  adopt(config: TrunkConfig): boolean {
    if (!isDeepStrictEqual(lineOf(this.#config), lineOf(config))) return false
    this.#config = config
    this.#trunk = this.#made()
    return true
  }

  /** Something that the state is made of has changed. */
  refresh(): void {
    const down = this.#reason()
    if ((down === undefined) !== (this.#down === undefined)) this.#sinceMs = this.#parts.wallMs()
    this.#down = down
    this.#onChange(this)
  }

  /** The gateway has registered, moved or gone. */
  gatewayChanged(): void {
    if (this.#config.enabled) this.#health.again()
  }

  /** Unregisters and stops asking; calls go on. */
  async close(): Promise<void> {
    this.#health.stop()
    await this.#registration?.close()
  }

  #made(): Trunk {
    const { targets } = this.#config
    const { userAgent, mediaAddress, attribution } = this.#parts
    return configuredTrunk(this.#config, {
      userAgent,
      mediaAddress,
      attribution,
      domain: () => this.#domain(),
      targets: async () => this.#health.best(await this.#addresses(targets)),
    })
  }

  #reason(): DownReason | undefined {
    const { enabled, targets } = this.#config
    return downReason({ enabled, registration: this.#registration?.status, gateway: this.#gateway(), hasFixedTargets: targets.some((target) => target !== registeredTarget), resolved: this.#health.resolved, targets: this.#health.states() })
  }

  #gateway(): { registered: boolean } | undefined {
    const { gateway } = this.#config
    return gateway && { registered: this.#parts.gatewayAt(gateway.username).length > 0 }
  }

  #domain(): string {
    const { gateway } = this.#config
    return domainOf(this.#config, (gateway && this.#parts.gatewayAt(gateway.username)[0]?.address) ?? this.#parts.mediaAddress)
  }

  /** In order of the targets. What we have no transport for is left out. Never rejects. */
  async #addresses(targets: readonly string[]): Promise<readonly Peer[]> {
    const { resolver, dice, gatewayAt } = this.#parts
    const protocols = this.#protocols()
    const lists = await Promise.all(
      targets.map(async (target): Promise<readonly Peer[]> => {
        const { gateway } = this.#config
        if (target === registeredTarget) return gateway ? gatewayAt(gateway.username) : []
        return await resolveTargets([parseTrunkAddress(target) satisfies TrunkAddress], { resolver, protocols, dice })
      }),
    )
    const seen = new Set<string>()
    return lists.flat().filter(({ address, port, protocol = protocols[0]! }) => {
      const key = `${address} ${port} ${protocol}`
      if (seen.has(key) || !protocols.includes(protocol)) return false
      seen.add(key)
      return true
    })
  }

  #protocols(): Protocol[] {
    return Object.keys(this.#parts.userAgent.ports) as Protocol[]
  }
}

/** What registration and health are made of; everything else can change under them. */
function lineOf({ enabled, targets, registration, gateway, domain, healthCheckSec }: TrunkConfig): unknown {
  return { enabled, targets, registration, gateway, domain, healthCheckSec }
}
