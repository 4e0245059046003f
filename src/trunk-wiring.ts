// Puts the trunks of this process together: those of the options, the simulated carrier and those in the database, on one SIP user agent. Decides nothing about calls.
import { readFile } from 'node:fs/promises'
import type { Trunk } from './call/leg.ts'
import type { Config } from './config.ts'
import type { Database } from './db/connection.ts'
import { forgetTrunkState } from './db/trunk-states.ts'
import type { Line } from './dialer/line.ts'
import type { TrunkTerms } from './dialer/trunk-choice.ts'
import { TrunkDirectory, type TrunkRuntime } from './dialer/trunk-directory.ts'
import type { TrunkStore } from './dialer/trunk-store.ts'
import { InvalidInputError } from './errors.ts'
import type { Log } from './log.ts'
import { noAttribution, readAttribution, type Attribution } from './numbering/attribution.ts'
import type { TransportOption } from './sip/open-transports.ts'
import { Registrar } from './sip/registrar.ts'
import { SipUserAgent } from './sip/user-agent.ts'
import { parseTrunkConfig, type TrunkConfig } from './trunk/trunk-config.ts'
import { Trunks } from './trunk/trunks.ts'

/** The trunk of SIP_TRUNK and the line of all trunks that reach people. */
const realName = 'trunk'
const simulatedName = 'simulated'

export type TrunkWiring = {
  userAgent: SipUserAgent
  /** The first one takes calls while nobody has set up trunks. */
  lines: readonly Line[]
  directory: TrunkDirectory
  /** Where numbers are from. */
  attribution: Attribution
  get(name: string): Trunk | undefined
}

export type TrunkWiringDeps = {
  config: Config
  db: Database
  store: TrunkStore
  /** Where the simulated carrier is; undefined when SIP_TRUNK takes its place. */
  carrier: { address: string; port: number } | undefined
  /** Takes what has to be stopped. */
  stack: AsyncDisposableStack
  log: Log
}

/** Errors: InvalidInputError naming the option; those of binding the SIP socket. */
export async function openTrunks({ config, db, store, carrier, stack, log }: TrunkWiringDeps): Promise<TrunkWiring> {
  const builtIn = carrier ? simulatedTrunk(config, carrier) : optionTrunk(config)!
  const attribution = await attributionOf(config)
  let trunks: Trunks | undefined
  const registrar = new Registrar({
    realm: 'waihu',
    account: (username) => {
      const password = trunks?.gatewayPassword(username)
      return password === undefined ? undefined : { user: username, password }
    },
    onEvent: ({ user }) => trunks?.gatewayChanged(user),
    log,
  })
  const userAgent = await SipUserAgent.open({ address: config.sipAddress, port: config.sipPort, publicAddress: config.sipPublicAddress, userAgent: 'waihu', registrar, transports: await transportsOf(config), log })
  stack.use(userAgent)
  const running = new Trunks({ userAgent, mediaAddress: config.sipPublicAddress ?? config.sipAddress, attribution, gatewayAt: (username) => registrar.contactsOf(username), log })
  trunks = running
  // Unregisters before its sockets close.
  stack.use(running)
  const runtime: TrunkRuntime = {
    set: (configs) => running.set([builtIn.config, ...configs].map((one) => (config.sipTrace ? { ...one, trace: true } : one))),
    isUp: (name) => running.state(name)?.up === true,
    details: () => running.states().map((state) => ({ trunk: state.name, up: state.up, detail: state })),
  }
  const lines = carrier ? [simulatedLine(config), realLine(config)] : [realLine(config)]
  // What earlier processes had learnt about a trunk that was started anew with this one.
  await db.retry('forget the health of the built-in trunk', () => forgetTrunkState(db.sql, builtIn.config.name))
  const directory = new TrunkDirectory({ db, store, builtIn: new Map([[builtIn.config.name, [builtIn.terms]]]), storedLine: realName, runtime })
  return { userAgent, lines, directory, attribution, get: (name) => running.get(name) }
}

type BuiltIn = { config: TrunkConfig; terms: TrunkTerms }

function builtInOf(config: Config, input: Record<string, unknown>): BuiltIn {
  const callers = [{ number: config.sipCallerId }]
  // Whether it answers OPTIONS is unknown: many carriers do not, and it is the only trunk.
  const parsed = parseTrunkConfig({ callers, healthCheckSec: 0, ...input })
  const { callsMax: concurrencyMax, callsPerSecond: cps, ringMsMax } = config
  return { config: parsed, terms: { name: parsed.name, version: 0, callers, concurrencyMax, cps, priority: parsed.priority, weight: 1, ringMsMax } }
}

function simulatedTrunk(config: Config, { address, port }: { address: string; port: number }): BuiltIn {
  return named(() => builtInOf(config, { name: simulatedName, targets: [`${address.includes(':') ? `[${address}]` : address}:${port}`], domain: config.sipDomain ?? address }))
}

/** The trunk that SIP_TRUNK and its companions describe; undefined when it is not set. Errors: InvalidInputError naming the option. */
export function optionTrunk(config: Config): BuiltIn | undefined {
  const { sipTrunk, sipUsername, sipPassword = '', sipDomain } = config
  if (sipTrunk === undefined) return undefined
  const credentials = sipUsername === undefined ? undefined : { username: sipUsername, password: sipPassword }
  return named(() => builtInOf(config, { name: realName, targets: sipTrunk.split(',').map((target) => target.trim()), domain: sipDomain, credentials }))
}

const optionOf: Readonly<Record<string, string>> = { targets: 'SIP_TRUNK', callers: 'SIP_CALLER_ID', domain: 'SIP_DOMAIN', 'credentials.username': 'SIP_USERNAME', 'credentials.password': 'SIP_PASSWORD' }

/** Errors of the configuration, by the name of the option that a person has set. */
function named<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    const option = optionOf[error.field] ?? optionOf[error.field.replace(/[[.].*/, '')] ?? error.field
    const hint = option === 'SIP_TRUNK' ? '：写成 host、host:port 或 sip:host;transport=tcp，多个用逗号分隔。 Write it as host, host:port or sip:host;transport=tcp, several with commas' : ''
    throw new InvalidInputError(option, `${option}${hint}. ${error.message}`, error.items, { cause: error })
  }
}

/** Where mobiles are from. Errors: InvalidInputError naming the line that is wrong. */
export async function attributionOf({ attributionFile }: Pick<Config, 'attributionFile'>): Promise<Attribution> {
  const table = await read('ATTRIBUTION_FILE', attributionFile)
  return table === undefined ? noAttribution : readAttribution(table)
}

async function read(option: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new InvalidInputError(option, `${option} 读不了：${(cause as Error).message}。 ${option} cannot be read: ${(cause as Error).message}`, [], { cause })
  }
}

/** UDP and TCP always, so that trunks may come at any time; TLS with our certificate, or without one towards trunks that want none. */
async function transportsOf({ sipPort, sipTlsCert, sipTlsKey, sipTlsCa }: Config): Promise<TransportOption[]> {
  if ((sipTlsCert === undefined) !== (sipTlsKey === undefined)) throw new InvalidInputError('SIP_TLS_CERT', 'SIP_TLS_CERT 和 SIP_TLS_KEY 要一起设置。 Set SIP_TLS_CERT and SIP_TLS_KEY together')
  const [cert, key, ca] = [await read('SIP_TLS_CERT', sipTlsCert), await read('SIP_TLS_KEY', sipTlsKey), await read('SIP_TLS_CA', sipTlsCa)]
  return [{ protocol: 'UDP' }, { protocol: 'TCP' }, { protocol: 'TLS', port: sipPort === 0 || cert === undefined ? 0 : sipPort + 1, cert, key, ca }]
}

function simulatedLine({ talkMsMax, simulatorExempt }: Config): Line {
  return { name: simulatedName, talkMsMax, exempt: { hours: simulatorExempt.includes('hours'), frequency: simulatorExempt.includes('frequency') }, understandsPeopleRequired: false }
}

function realLine({ talkMsMax }: Config): Line {
  return { name: realName, talkMsMax, exempt: { hours: false, frequency: false }, understandsPeopleRequired: true }
}
