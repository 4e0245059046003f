// Examines the trunk: its address, and what it answers to OPTIONS. Places no call.
import { lookup } from 'node:dns/promises'
import { isIP, isIPv4 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config.ts'
import { log } from '../../log.ts'
import type { Peer } from '../../sip/transport.ts'
import { parseTrunkAddress } from '../../sip/resolve.ts'
import { SipUserAgent } from '../../sip/user-agent.ts'
import { ok, problem, warning, type Finding } from './finding.ts'
import { isLoopback } from './network.ts'

/** Five sendings of the request (RFC 3261 §17.1.2.2): who has not answered by then will not. */
const OPTIONS_MS_MAX = 6_000
const SIP_PORT = 5_060

export type TrunkProbes = {
  /** Errors: the system's. */
  lookup(host: string): Promise<string>
  /** Final status of an OPTIONS; 408 when none came in time, 503 when it could not be sent. */
  options(config: Config, peer: Peer): Promise<number>
}

export const realTrunk: TrunkProbes = {
  lookup: async (host) => (await lookup(host)).address,
  async options({ sipAddress, sipPublicAddress }, peer) {
    await using userAgent = await SipUserAgent.open({ address: sipAddress, port: 0, publicAddress: sipPublicAddress, userAgent: 'waihu doctor', transports: [{ protocol: peer.protocol === 'TCP' ? 'TCP' : 'UDP' }], log })
    const over = new AbortController()
    const status = await Promise.race([userAgent.ping(peer), sleep(OPTIONS_MS_MAX, 408, { signal: over.signal })])
    over.abort()
    return status
  },
}

/** The first trunk as a numeric address; undefined for the simulated carrier and for what cannot be used. */
export async function trunkPeer({ sipTrunk }: Config, probes: Pick<TrunkProbes, 'lookup'>): Promise<Peer | undefined> {
  if (sipTrunk === undefined) return undefined
  try {
    const { host, port = SIP_PORT, protocol } = parseTrunkAddress(sipTrunk.split(',')[0]!.trim())
    return { address: isIP(host) === 0 ? await probes.lookup(host) : host, port, ...(protocol && { protocol }) }
  } catch {
    return undefined
  }
}

export async function examineTrunk(config: Config, probes: TrunkProbes): Promise<Finding[]> {
  const { sipTrunk, sipAddress } = config
  if (sipTrunk === undefined) return [ok('未设 SIP_TRUNK：使用内置模拟线路', 'SIP_TRUNK is not set: the built-in simulated carrier is used')]
  const peer = await trunkPeer(config, probes)
  if (peer === undefined) return [problem(`SIP_TRUNK '${sipTrunk}' 没有地址`, `SIP_TRUNK '${sipTrunk}' has no address`, { zh: '写成 IP[:端口]，并检查 DNS。', en: 'Write it as address[:port], and check the DNS.' })]
  if (isIP(sipAddress) === 0 || isIPv4(sipAddress) !== isIPv4(peer.address) || (isLoopback(sipAddress) && !isLoopback(peer.address))) {
    return [warning(`从 SIP_ADDRESS=${sipAddress} 到不了线路，没有询问它`, `the trunk was not asked: it cannot be reached from SIP_ADDRESS=${sipAddress}`, { zh: '先按“地址”一项修好 SIP_ADDRESS。', en: 'First set SIP_ADDRESS as said under Addresses.' })]
  }
  let status: number
  try {
    status = await probes.options(config, peer)
  } catch (error) {
    return [problem(`OPTIONS 发不出去：${(error as Error).message}`, `OPTIONS could not be sent: ${(error as Error).message}`, { zh: '检查 SIP_ADDRESS 和 SIP_PUBLIC_ADDRESS。', en: 'Check SIP_ADDRESS and SIP_PUBLIC_ADDRESS.' })]
  }
  return [explainOptions(status, peer, config)]
}

/** What the answer to OPTIONS tells about the line. Many carriers answer it with an error and still take calls. */
export function explainOptions(status: number, { address, port }: Peer, { sipUsername, sipPassword }: Pick<Config, 'sipUsername' | 'sipPassword'>): Finding {
  const name = `${address}:${port}`
  if (status >= 200 && status < 300) return ok(`线路 ${name} 在线（OPTIONS → ${status}）`, `the trunk ${name} is alive (OPTIONS → ${status})`)
  switch (status) {
    case 401:
    case 407:
      if (sipUsername !== undefined && sipPassword !== undefined) return ok(`线路 ${name} 在线，要求认证（${status}），已配置账号`, `the trunk ${name} is alive and asks who we are (${status}); an account is configured`)
      return problem(`线路 ${name} 要求认证（${status}），但没有账号`, `the trunk ${name} asks who we are (${status}), and no account is configured`, { zh: '设 SIP_USERNAME 和 SIP_PASSWORD；若线路按 IP 认证，请线路方加白本机 IP。', en: 'Set SIP_USERNAME and SIP_PASSWORD; on a trunk that goes by address, have yours allowed.' })
    case 403:
      return problem(`线路 ${name} 拒绝本机（403）`, `the trunk ${name} refuses us (403)`, { zh: '请线路方把本机公网 IP 加入白名单；核对 SIP_CALLER_ID、SIP_DOMAIN。', en: 'Have your public address allowed by the carrier; check SIP_CALLER_ID and SIP_DOMAIN.' })
    case 404:
    case 484:
      return ok(`线路 ${name} 在线（${status}：它不认识没有号码的 OPTIONS，不影响拨打）`, `the trunk ${name} is alive (${status}: it knows no OPTIONS without a number; calls are another matter)`)
    case 405:
    case 501:
      return ok(`线路 ${name} 在线（${status}：它不支持 OPTIONS，不影响拨打）`, `the trunk ${name} is alive (${status}: it does not do OPTIONS; calls are another matter)`)
    case 408:
      return problem(`线路 ${name} 没有应答`, `the trunk ${name} does not answer`, { zh: '检查地址和端口、防火墙的 UDP、NAT；有的线路对未加白的 IP 和 OPTIONS 一概不答，请与线路方确认。', en: 'Check address and port, UDP in the firewall, NAT. Some carriers are silent towards addresses they do not know, or towards OPTIONS: ask them.' })
    case 503:
      return problem(`线路 ${name} 到不了或过载（503）`, `the trunk ${name} cannot be reached or is overloaded (503)`, { zh: '端口可能没有程序监听，或没有路由；检查 SIP_TRUNK，稍后重试。', en: 'Perhaps nobody listens on that port, or there is no route; check SIP_TRUNK and try later.' })
    default: {
      const next = { zh: '用 waihu softphone 打一个测试电话，或把此状态码告诉线路方。', en: 'Place a test call with waihu softphone, or tell the carrier this status.' }
      return warning(`线路 ${name} 应答 ${status}`, `the trunk ${name} answers ${status}`, next)
    }
  }
}
