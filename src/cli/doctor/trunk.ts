// Examines every trunk: its names, who answers there, registration, gateway, and what the way back looks like. Places no call and changes no registration.
import { isIP, isIPv4 } from 'node:net'
import type { Config } from '../../config.ts'
import { AppError } from '../../errors.ts'
import type { RegistrationAnswer } from '../../sip/registration.ts'
import type { Peer } from '../../sip/transport.ts'
import type { ProbeAnswer } from '../../sip/user-agent.ts'
import { domainOf } from '../../trunk/configured-trunk.ts'
import { hostInUri } from '../../trunk/identity-headers.ts'
import { registeredTarget, type TrunkConfig } from '../../trunk/trunk-config.ts'
import type { TrunkState } from '../../trunk/trunk-state.ts'
import { explainOptions, explainRegistration, explainSeenAs } from './explain-trunk.ts'
import { ok, problem, warning, type Finding } from './finding.ts'
import { isLoopback } from './network.ts'

/** More addresses of one trunk than anybody reads about. */
const ADDRESSES_MAX = 6

/** A trunk as it is set up, and as the servers of this installation see it right now. */
export type ExaminedTrunk = {
  name: string
  enabled: boolean
  /** Undefined when it cannot be used, for the reason in `problem`. */
  config: TrunkConfig | undefined
  problem?: string | undefined
  running: readonly TrunkState[]
}

export type TrunkProbes = {
  /** Set up by options or with `waihu trunk`; none: the simulated carrier. Errors: AppError when the options or the database say no. */
  trunks(): Promise<readonly ExaminedTrunk[]>
  /** Best first; empty when its name has none. */
  addresses(target: string): Promise<readonly Peer[]>
  /** One OPTIONS. Errors: the system's. */
  probe(peer: Peer): Promise<Probed>
  /** What the registrar says about our account, changing nothing. Errors: the system's. */
  registration(peer: Peer, aor: string, credentials: { username: string; password: string }): Promise<RegistrationAnswer>
}

/** `rttMs` from the request to its answer; `from` the port it left by. */
export type Probed = ProbeAnswer & { rttMs: number; from: { port: number } }

export async function examineTrunks(config: Config, probes: TrunkProbes): Promise<Finding[]> {
  let trunks: readonly ExaminedTrunk[]
  try {
    trunks = await probes.trunks()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return [problem(`读不到线路：${error.message}`, `the trunks cannot be read: ${error.message}`, { zh: '按提示改选项；数据库的问题见“数据库”一项。', en: 'Change the option as said; for the database see Database.' })]
  }
  if (trunks.length === 0) return [ok('没有设线路（SIP_TRUNK 或 waihu trunk add）：使用内置模拟线路', 'no trunk is set up (SIP_TRUNK or waihu trunk add): the built-in simulated carrier is used')]
  return (await Promise.all(trunks.map((trunk) => examineOne(config, trunk, probes)))).flat()
}

/** Where the first trunk is, as a numeric address; undefined for the simulated carrier and for what cannot be used. Never rejects for what is configured wrongly. */
export async function trunkAddress(probes: Pick<TrunkProbes, 'trunks' | 'addresses'>): Promise<string | undefined> {
  try {
    for (const { config, enabled } of await probes.trunks()) {
      for (const target of enabled && config ? config.targets.filter((target) => target !== registeredTarget) : []) {
        const [peer] = await probes.addresses(target)
        if (peer) return peer.address
      }
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
  }
  return undefined
}

async function examineOne(config: Config, trunk: ExaminedTrunk, probes: TrunkProbes): Promise<Finding[]> {
  const { name } = trunk
  if (!trunk.config) return [problem(`线路 ${name} 的配置不能用：${trunk.problem}`, `the configuration of trunk ${name} cannot be used: ${trunk.problem}`, { zh: `用 waihu trunk edit ${name} 改正。`, en: `Correct it with waihu trunk edit ${name}.` })]
  if (!trunk.enabled) return [ok(`线路 ${name} 已停用`, `trunk ${name} is switched off`)]
  const { targets } = trunk.config
  const fixed = targets.filter((target) => target !== registeredTarget)
  const lists = await Promise.all(fixed.map(async (target) => await examineTarget(config, trunk.config!, target, probes)))
  const findings = lists.flatMap(({ findings }) => findings)
  if (trunk.config.gateway) findings.push(gatewayFinding(config, trunk.config, trunk.running))
  if (trunk.config.registration) findings.push(await registrationFinding(config, trunk, probes))
  const answer = lists.flatMap(({ answers }) => answers).find(({ seenAs }) => seenAs !== undefined)
  const seen = answer && explainSeenAs(name, answer, config)
  return seen ? [...findings, seen] : findings
}

async function examineTarget(config: Config, trunk: TrunkConfig, target: string, probes: TrunkProbes): Promise<{ findings: Finding[]; answers: Probed[] }> {
  const { name } = trunk
  const peers = await probes.addresses(target)
  if (peers.length === 0) return { findings: [problem(`线路 ${name} 的地址 '${target}' 查不到`, `'${target}' of trunk ${name} has no address`, { zh: '检查拼写和 DNS（NAPTR、SRV、A）；用 TLS 时要配置 SIP_TLS_CA 等。', en: 'Check the spelling and the DNS (NAPTR, SRV, A).' })], answers: [] }
  const results = await Promise.all(
    peers.slice(0, ADDRESSES_MAX).map(async (peer) => {
      if (!reaches(config.sipAddress, peer.address)) return { finding: unreached(name, config.sipAddress) }
      try {
        const answer = await probes.probe(peer)
        return { finding: explainOptions(name, peer, answer, trunk.credentials !== undefined || trunk.registration !== undefined), answer }
      } catch (error) {
        const said = (error as Error).message
        return { finding: problem(`线路 ${name}：OPTIONS 发不出去：${said}`, `trunk ${name}: OPTIONS could not be sent: ${said}`, { zh: '检查 SIP_ADDRESS 和 SIP_PUBLIC_ADDRESS。', en: 'Check SIP_ADDRESS and SIP_PUBLIC_ADDRESS.' }) }
      }
    }),
  )
  return { findings: results.map(({ finding }) => finding), answers: results.flatMap(({ answer }) => (answer ? [answer] : [])) }
}

/** A server that runs knows best; without one the registrar is asked what it thinks of the account. */
async function registrationFinding(config: Config, { name, config: trunk, running }: ExaminedTrunk, probes: TrunkProbes): Promise<Finding> {
  const { registration, targets } = trunk!
  const states = running.map((state) => state.registration).filter((state) => state !== undefined)
  if (states.some(({ kind }) => kind === 'registered')) return ok(`线路 ${name} 已注册（运行中的服务）`, `trunk ${name} is registered, by the running server`)
  const { username, authUsername = username, password, registrar = targets[0]! } = registration!
  const [peer] = await probes.addresses(registrar)
  if (!peer) return problem(`线路 ${name} 的注册服务器 '${registrar}' 查不到`, `the registrar '${registrar}' of trunk ${name} has no address`, { zh: '检查 registration.registrar 的拼写和 DNS。', en: 'Check registration.registrar and the DNS.' })
  if (!reaches(config.sipAddress, peer.address)) return unreached(name, config.sipAddress)
  const aor = `sip:${username}@${hostInUri(domainOf(trunk!, config.sipAddress))}`
  return explainRegistration(name, await probes.registration(peer, aor, { username: authUsername, password }), running.length > 0)
}

function gatewayFinding(config: Config, { name, gateway }: TrunkConfig, running: readonly TrunkState[]): Finding {
  if (running.some((state) => state.gateway?.registered)) return ok(`线路 ${name} 的网关已注册到本机`, `the gateway of trunk ${name} is registered with us`)
  const server = `${config.sipPublicAddress ?? config.sipAddress}:${config.sipPort === 0 ? '<SIP_PORT>' : config.sipPort}`
  const next = {
    zh: `在网关里填：SIP 服务器 ${server}，用户名 ${gateway!.username}，密码同 gateway.password${config.sipPort === 0 ? '；先固定 SIP_PORT，例如 5060' : ''}。`,
    en: `Enter in the gateway: SIP server ${server}, user name ${gateway!.username}, the password of gateway.password${config.sipPort === 0 ? '; first fix SIP_PORT, such as 5060' : ''}.`,
  }
  if (running.length > 0) return problem(`线路 ${name} 的网关没有注册到本机`, `the gateway of trunk ${name} has not registered with us`, next)
  return warning(`线路 ${name} 等网关来注册，服务没有运行时看不到`, `trunk ${name} waits for its gateway, which cannot be seen while no server runs`, next)
}

function reaches(sipAddress: string, address: string): boolean {
  return isIP(sipAddress) !== 0 && isIPv4(sipAddress) === isIPv4(address) && (!isLoopback(sipAddress) || isLoopback(address))
}

function unreached(name: string, sipAddress: string): Finding {
  return warning(`从 SIP_ADDRESS=${sipAddress} 到不了线路 ${name}，没有询问它`, `trunk ${name} was not asked: it cannot be reached from SIP_ADDRESS=${sipAddress}`, { zh: '先按“地址”一项修好 SIP_ADDRESS。', en: 'First set SIP_ADDRESS as said under Addresses.' })
}
