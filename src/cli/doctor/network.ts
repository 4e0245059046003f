// Examines ports and addresses of this machine. Does not talk to the trunk.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { BlockList, createServer, isIP, isIPv4, isIPv6 } from 'node:net'
import type { Config } from '../../config.ts'
import { AppError } from '../../errors.ts'
import { PortRange } from '../../media/port-range.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

/** Linux's default; others begin higher. */
const EPHEMERAL_PORT_MIN = 32_768
/** A media port rests this long before it is used again. */
const PORT_REST_SEC = 5
const RTP_PORTS_TRIED = 8

export type NetworkProbes = {
  /** Undefined when it can be bound, else the code of the error. */
  bindTcp(host: string, port: number): Promise<string | undefined>
  bindUdp(address: string, port: number): Promise<string | undefined>
  /** Whether a server of ours answers on that port. */
  isOurs(host: string, port: number): Promise<boolean>
  /** First port that the kernel gives out by itself. */
  ephemeralPortMin(): Promise<number>
}

export const realNetwork: NetworkProbes = {
  async bindTcp(host, port) {
    const server = createServer()
    try {
      server.listen(port, host)
      await once(server, 'listening')
      return undefined
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error)
    } finally {
      server.close()
    }
  },
  async bindUdp(address, port) {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    try {
      socket.bind({ address, port, exclusive: true })
      await once(socket, 'listening')
      return undefined
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error)
    } finally {
      socket.close()
    }
  },
  async isOurs(host, port) {
    try {
      const name = isIPv6(host) ? `[${host}]` : host
      const answer = await fetch(`http://${name}:${port}/healthz`, { signal: AbortSignal.timeout(3_000) })
      const health = (await answer.json()) as { status?: unknown; carrier?: unknown; speech?: unknown }
      return typeof health.status === 'string' && health.carrier !== undefined && health.speech !== undefined
    } catch {
      return false
    }
  },
  async ephemeralPortMin() {
    const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '')
    return Number.parseInt(text, 10) || EPHEMERAL_PORT_MIN
  },
}

export async function examineHttpPort({ host, port }: Config, probes: NetworkProbes): Promise<Finding[]> {
  if (port === 0) return [ok('HTTP 端口由系统分配', 'the system chooses the HTTP port')]
  const code = await probes.bindTcp(host, port)
  if (code === undefined) return [ok(`HTTP ${host}:${port} 空闲`, `HTTP ${host}:${port} is free`)]
  if (code === 'EADDRINUSE' && (await probes.isOurs(reachable(host), port))) return [ok(`HTTP ${host}:${port} 上已有外呼在运行`, `a waihu server is running on HTTP ${host}:${port}`)]
  return [unusable(`HTTP ${host}:${port}`, code, 'HOST', 'PORT')]
}

/** `hasTrunk`: calls go further than to the simulated carrier. UDP and TCP share the number. */
export async function examineSipPort(config: Config, probes: NetworkProbes, hasTrunk = config.sipTrunk !== undefined): Promise<Finding[]> {
  const { sipAddress, sipPort } = config
  const code = isIP(sipAddress) === 0 ? 'EINVAL' : ((await probes.bindUdp(sipAddress, sipPort)) ?? (await probes.bindTcp(sipAddress, sipPort)))
  const name = `SIP ${sipAddress}:${sipPort}`
  if (code === 'EADDRINUSE' && config.port !== 0 && (await probes.isOurs(reachable(config.host), config.port))) return [ok(`${name} 由运行中的外呼使用`, `${name} is used by the running waihu server`)]
  if (code !== undefined) return [unusable(name, code, 'SIP_ADDRESS', 'SIP_PORT')]
  if (sipPort !== 0) return [ok(`${name} 空闲`, `${name} is free`)]
  if (!hasTrunk) return [ok('SIP 端口由系统分配', 'the system chooses the SIP port')]
  const next = { zh: '设 SIP_PORT=5060（或与线路约定的端口），并在防火墙放行。', en: 'Set SIP_PORT=5060 (or what the carrier expects) and open it in the firewall.' }
  return [warning('接真实线路时 SIP 端口每次都变', 'the SIP port changes with every start, on a real trunk', next)]
}

export async function examineRtpPorts(config: Config, probes: NetworkProbes): Promise<Finding[]> {
  const { rtpPortMin, rtpPortMax, sipAddress, callsMax, callsPerSecond } = config
  const options = { zh: '改 RTP_PORT_MIN / RTP_PORT_MAX，例如 20000–29998。', en: 'Change RTP_PORT_MIN / RTP_PORT_MAX, for instance to 20000–29998.' }
  const name = `RTP ${rtpPortMin}–${rtpPortMax}`
  try {
    void new PortRange({ portMin: rtpPortMin, portMax: rtpPortMax, restMs: 0, now: () => 0 })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return [problem(`${name} 不能用：${error.message}`, `${name} cannot be used: ${error.message}`, options)]
  }
  const findings: Finding[] = []
  const ephemeral = await probes.ephemeralPortMin()
  if (rtpPortMax >= ephemeral) findings.push(warning(`${name} 与系统自动分配的端口（${ephemeral} 起）重叠`, `${name} reaches into the ports that the kernel gives out (from ${ephemeral})`, options))
  const first = rtpPortMin + (rtpPortMin % 2)
  const pairs = Math.floor((rtpPortMax + 1 - first) / 2)
  const needed = callsMax + callsPerSecond * PORT_REST_SEC
  if (pairs < needed) findings.push(problem(`${name} 够 ${pairs} 路，需要 ${needed} 路`, `${name} holds ${pairs} calls, ${needed} are needed`, { zh: '放宽范围，或减小 CALLS_MAX。', en: 'Widen the range, or lower CALLS_MAX.' }))
  if (isIP(sipAddress) === 0) return findings.length > 0 ? findings : [ok(name, name)]
  const tried = Array.from({ length: Math.min(RTP_PORTS_TRIED, pairs) }, (_, i) => first + 2 * Math.floor((i * pairs) / Math.min(RTP_PORTS_TRIED, pairs)))
  const codes = await Promise.all(tried.map((port) => probes.bindUdp(sipAddress, port)))
  const failed = codes.filter((code) => code !== undefined)
  if (failed.length === codes.length) findings.push(problem(`${name} 试了 ${codes.length} 个都不能用（${failed[0]}）`, `${name}: none of ${codes.length} tried ports can be bound (${failed[0]})`, options))
  else if (failed.length > codes.length / 2) findings.push(warning(`${name} 多数端口已被占用`, `most of ${name} is in use`, options))
  return findings.length > 0 ? findings : [ok(`${name} 可用，够 ${pairs} 路`, `${name} can be used and holds ${pairs} calls`)]
}

/** `trunkAddress` is numeric; undefined for the simulated carrier. */
export function examineAddresses({ sipAddress, sipPublicAddress }: Config, trunkAddress: string | undefined): Finding[] {
  const wildcard = sipAddress === '0.0.0.0' || sipAddress === '::'
  if (isIP(sipAddress) === 0) return [problem(`SIP_ADDRESS '${sipAddress}' 不是 IP 地址`, `SIP_ADDRESS '${sipAddress}' is no IP address`, { zh: '写成本机网卡的 IP。', en: 'Write the IP address of an interface of this machine.' })]
  if (sipPublicAddress !== undefined && isIP(sipPublicAddress) === 0) {
    return [problem(`SIP_PUBLIC_ADDRESS '${sipPublicAddress}' 不是 IP 地址`, `SIP_PUBLIC_ADDRESS '${sipPublicAddress}' is no IP address`, { zh: '写成对方看到的 IP。', en: 'Write the IP address that far ends see.' })]
  }
  if (wildcard && sipPublicAddress === undefined) {
    return [problem(`SIP_ADDRESS=${sipAddress} 不能写进 SIP`, `SIP_ADDRESS=${sipAddress} cannot be written into SIP`, { zh: '另设 SIP_PUBLIC_ADDRESS，或写一个具体地址。', en: 'Set SIP_PUBLIC_ADDRESS as well, or write one address.' })]
  }
  const shown = sipPublicAddress ?? sipAddress
  if (trunkAddress === undefined) return [ok(`模拟线路，使用 ${shown}`, `simulated carrier, on ${shown}`)]
  if (isIPv6(shown) !== isIPv6(trunkAddress)) {
    return [problem(`本机 ${shown} 与线路 ${trunkAddress} 不是同一 IP 版本`, `we have ${shown} and the trunk has ${trunkAddress}: two IP versions`, { zh: '把 SIP_ADDRESS 换成同一版本的地址。', en: 'Set SIP_ADDRESS to an address of the same version.' })]
  }
  if (isLoopback(shown) && !isLoopback(trunkAddress)) {
    return [problem(`SIP_ADDRESS=${shown} 只有本机能到达，线路 ${trunkAddress} 的应答和语音回不来`, `SIP_ADDRESS=${shown} is reachable from this machine only: nothing comes back from the trunk ${trunkAddress}`, { zh: '把 SIP_ADDRESS 设为本机网卡的 IP；在 NAT 后再设 SIP_PUBLIC_ADDRESS。', en: 'Set SIP_ADDRESS to the IP address of an interface; behind NAT set SIP_PUBLIC_ADDRESS too.' })]
  }
  if (isPrivate(shown) && !isPrivate(trunkAddress) && !isLoopback(trunkAddress)) {
    return [warning(`告诉公网线路 ${trunkAddress} 的是内网地址 ${shown}`, `the public trunk ${trunkAddress} is told the private address ${shown}`, { zh: '在 NAT 后请设 SIP_PUBLIC_ADDRESS 为公网 IP，并映射 SIP 端口和 RTP 端口；走专线则可忽略。', en: 'Behind NAT set SIP_PUBLIC_ADDRESS to the public address and forward the SIP and RTP ports; over a private line ignore this.' })]
  }
  return [ok(`线路 ${trunkAddress} 会看到 ${shown}`, `the trunk ${trunkAddress} will see ${shown}`)]
}

const privateRanges = new BlockList()
for (const [network, prefix] of [['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['169.254.0.0', 16]] as const) privateRanges.addSubnet(network, prefix, 'ipv4')
privateRanges.addSubnet('fc00::', 7, 'ipv6')
privateRanges.addSubnet('fe80::', 10, 'ipv6')

const isPrivate = (address: string): boolean => privateRanges.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host)

function unusable(name: string, code: string, hostOption: string, portOption: string): Finding {
  switch (code) {
    case 'EADDRINUSE':
      return problem(`${name} 已被别的程序占用`, `${name} is in use by another program`, { zh: `停掉那个程序，或用 ${portOption} 换一个端口。`, en: `Stop that program, or set ${portOption} to another port.` })
    case 'EACCES':
      return problem(`没有权限使用 ${name}`, `this user may not use ${name}`, { zh: `用 ${portOption} 换一个 1024 以上的端口。`, en: `Set ${portOption} to one above 1023.` })
    case 'EADDRNOTAVAIL':
      return problem(`${name}：本机没有这个地址`, `${name}: this machine does not have that address`, { zh: `检查 ${hostOption}。`, en: `Check ${hostOption}.` })
    default:
      return problem(`${name} 不能用（${code}）`, `${name} cannot be used (${code})`, { zh: `检查 ${hostOption} 和 ${portOption}。`, en: `Check ${hostOption} and ${portOption}.` })
  }
}
