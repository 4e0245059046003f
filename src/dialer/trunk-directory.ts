// Knows which trunks this process can dial over right now, and follows every change without a restart. Does not know SIP, limits or choices.
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { trunksChannel } from '../db/trunks.ts'
import { log } from '../log.ts'
import type { TrunkConfig } from '../trunk/trunk-config.ts'
import type { TrunkTerms } from './trunk-choice.ts'
import type { TrunkStore } from './trunk-store.ts'

/** The trunks of this process as they run. */
export interface TrunkRuntime {
  /** Takes these configurations, all of them, and forgets others as soon as no call needs them. Must not throw. */
  set(configs: readonly TrunkConfig[]): void
  /** False while it is known that no call can get through: not registered, or no answer to OPTIONS. */
  isUp(name: string): boolean
  /** For people: how this process sees each of its trunks. */
  details(): readonly { trunk: string; up: boolean; detail: unknown }[]
}

export type TrunkDirectoryDeps = {
  db: Database
  store: Pick<TrunkStore, 'list'>
  /** Trunks that are in no database, by the name of their line. */
  builtIn: ReadonlyMap<string, readonly TrunkTerms[]>
  /** The line that stored trunks belong to. */
  storedLine: string
  runtime: TrunkRuntime
  /** Looks for changes at least this often; NOTIFY only makes it sooner. */
  pollMs?: number | undefined
}

const pollMsDefault = 5_000

export class TrunkDirectory {
  readonly runtime: TrunkRuntime
  readonly storedLine: string
  readonly #deps: TrunkDirectoryDeps
  #stored: readonly TrunkTerms[] = []
  #hasEnabled = false
  /** What the run time was last given. */
  #versions: string | undefined
  /** Told once for each version that cannot be used. */
  #problems = new Map<string, number>()
  #loading: Promise<void> | undefined
  #again = false
  #unlisten: (() => Promise<void>) | undefined
  #timer: NodeJS.Timeout | undefined
  #onChange: () => void = () => {}

  constructor(deps: TrunkDirectoryDeps) {
    this.#deps = deps
    this.runtime = deps.runtime
    this.storedLine = deps.storedLine
  }

  /** Reads the trunks and follows them until `stop`. Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    await this.#read()
    const reload = (): void => void this.reload().catch(() => {})
    this.#unlisten = await this.#deps.db.listen(trunksChannel, { onNotify: reload, onReconnect: reload })
    this.#timer = setInterval(reload, this.#deps.pollMs ?? pollMsDefault).unref()
    // What was changed before we listened.
    reload()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#unlisten?.()
    await this.#loading?.catch(() => {})
  }

  /** Told after the trunks have changed: calls that waited may go now. */
  set onChange(told: () => void) {
    this.#onChange = told
  }

  /** The enabled trunks of a line. */
  of(line: string): readonly TrunkTerms[] {
    const builtIn = this.#deps.builtIn.get(line) ?? []
    return line === this.storedLine ? [...builtIn, ...this.#stored] : builtIn
  }

  /** True when somebody has set up a trunk and enabled it, also when it cannot be used: calls must not go anywhere else then. */
  get hasStored(): boolean {
    return this.#hasEnabled
  }

  /** The line that a trunk belongs to; undefined when there is no enabled trunk of that name. */
  lineOf(name: string): string | undefined {
    return [...new Set([...this.#deps.builtIn.keys(), this.storedLine])].find((line) => this.of(line).some((terms) => terms.name === name))
  }

  isBuiltIn(name: string): boolean {
    return [...this.#deps.builtIn.values()].some((list) => list.some((terms) => terms.name === name))
  }

  /** Resolves when everything that was stored before the call is in force here. */
  async reload(): Promise<void> {
    this.#again = true
    this.#loading ??= this.#reload().finally(() => (this.#loading = undefined))
    await this.#loading
  }

  async #reload(): Promise<void> {
    while (this.#again) {
      this.#again = false
      try {
        await this.#read()
      } catch (error) {
        // Dialling goes on with the trunks that are known; a version that is no longer in force is refused when calls are claimed.
        log.warn({ err: errorFacts(error) }, 'the trunks could not be read')
        throw error
      }
    }
  }

  async #read(): Promise<void> {
    const records = await this.#deps.store.list()
    const problems = new Map<string, number>()
    const configs: TrunkConfig[] = []
    const stored: TrunkTerms[] = []
    for (const { name, version, enabled, config, problem } of records) {
      if (config === undefined) {
        if (this.#problems.get(name) !== version) log.error({ trunk: name, problem }, 'a trunk cannot be used')
        problems.set(name, version)
        continue
      }
      configs.push(config)
      if (enabled) stored.push(termsOf(config, version))
    }
    this.#problems = problems
    this.#stored = stored
    this.#hasEnabled = records.some(({ enabled }) => enabled)
    // Nothing has changed since the last time, as nearly always.
    const versions = records.map(({ name, version, problem }) => `${name} ${version} ${problem ?? ''}`).join('\n')
    if (versions === this.#versions) return
    this.#versions = versions
    this.runtime.set(configs)
    this.#onChange()
  }
}

export function termsOf(config: TrunkConfig, version: number): TrunkTerms {
  const { name, callers, concurrencyMax, cps, priority, weight, ringMsMax } = config
  return { name, version, callers, concurrencyMax, cps, priority, weight, ringMsMax }
}
