// Knows what the answers of carriers mean to whoever sets up a trunk, and what to do then. Pure.
import type { Config } from '../../config.ts'
import type { RegistrationAnswer } from '../../sip/registration.ts'
import type { Peer } from '../../sip/transport.ts'
import type { Probed } from './trunk.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

/** What the answer to OPTIONS tells about the line. Many carriers answer it with an error and still take calls. */
export function explainOptions(trunk: string, { address, port }: Peer, { status, reason, rttMs }: Pick<Probed, 'status' | 'reason' | 'rttMs'>, hasAccount: boolean): Finding {
  const name = `${trunk}（${address}:${port}）`
  const nameEn = `${trunk} (${address}:${port})`
  const after = `${Math.round(rttMs)} ms`
  const said = reason ? `${status} ${reason}` : `${status}`
  if (status >= 200 && status < 300) return ok(`线路 ${name} 在线（OPTIONS → ${status}，${after}）`, `trunk ${nameEn} is alive (OPTIONS → ${status} after ${after})`)
  switch (status) {
    case 401:
    case 407:
      if (hasAccount) return ok(`线路 ${name} 在线，要求认证（${status}，${after}），已配置账号`, `trunk ${nameEn} is alive and asks who we are (${status} after ${after}); an account is configured`)
      return problem(`线路 ${name} 要求认证（${status}），但没有账号`, `trunk ${nameEn} asks who we are (${status}), and no account is configured`, { zh: '配置用户名和密码（waihu trunk edit --username，或 SIP_USERNAME）；若线路按 IP 认证，请线路方加白本机 IP。', en: 'Give it a user name and password (waihu trunk edit --username, or SIP_USERNAME); on a trunk that goes by address, have yours allowed.' })
    case 403:
      return problem(`线路 ${name} 拒绝本机（${said}）`, `trunk ${nameEn} refuses us (${said})`, { zh: '请线路方把本机公网 IP 加入白名单；核对主叫号码和域名。', en: 'Have your public address allowed by the carrier; check caller number and domain.' })
    case 404:
    case 484:
      return ok(`线路 ${name} 在线（${status}，${after}：它不认识没有号码的 OPTIONS，不影响拨打）`, `trunk ${nameEn} is alive (${status} after ${after}: it knows no OPTIONS without a number; calls are another matter)`)
    case 405:
    case 501:
      return ok(`线路 ${name} 在线（${status}，${after}：它不支持 OPTIONS，不影响拨打）`, `trunk ${nameEn} is alive (${status} after ${after}: it does not do OPTIONS; calls are another matter)`)
    case 408:
      return problem(`线路 ${name} 没有应答`, `trunk ${nameEn} does not answer`, { zh: '检查地址和端口、防火墙的 UDP、NAT；有的线路对未加白的 IP 和 OPTIONS 一概不答，请与线路方确认，只是不答 OPTIONS 就设 healthCheckSec 为 0。', en: 'Check address and port, UDP in the firewall, NAT. Some carriers are silent towards addresses they do not know, or towards OPTIONS: ask them, and where it is only OPTIONS set healthCheckSec to 0.' })
    case 503:
      return problem(`线路 ${name} 到不了或过载（${said}）`, `trunk ${nameEn} cannot be reached or is overloaded (${said})`, { zh: '端口可能没有程序监听，或没有路由；检查线路地址，稍后重试。', en: 'Perhaps nobody listens on that port, or there is no route; check the address and try later.' })
    default: {
      const next = { zh: '用 waihu softphone 打一个测试电话，或把此状态码告诉线路方。', en: 'Place a test call with waihu softphone, or tell the carrier this status.' }
      return warning(`线路 ${name} 应答 ${said}`, `trunk ${nameEn} answers ${said}`, next)
    }
  }
}

/** What a registrar says about our account. `running`: a server is trying to register and has not managed. */
export function explainRegistration(trunk: string, { status, reason, contacts }: RegistrationAnswer, running: boolean): Finding {
  const said = reason ? `${status} ${reason}` : `${status}`
  if (status >= 200 && status < 300) {
    const known = contacts.length === 0 ? ['，现在没有终端注册', ', nobody is registered now'] : [`，现有 ${contacts.length} 个终端注册`, `, ${contacts.length} registered now`]
    if (running) return warning(`线路 ${trunk} 的账号有效${known[0]}，但运行中的服务还没有注册上`, `the account of trunk ${trunk} is good${known[1]}, but the running server is not registered yet`, { zh: '稍等片刻再查；仍不行请看服务日志。', en: 'Look again in a moment; if it stays so, see the log of the server.' })
    return ok(`线路 ${trunk} 的注册账号有效${known[0]}`, `the registration account of trunk ${trunk} is good${known[1]}`)
  }
  const refuses = (zh: string, en: string): Finding => problem(`线路 ${trunk} 注册被拒（${said}）`, `trunk ${trunk} refuses our registration (${said})`, { zh, en })
  switch (status) {
    case 401:
    case 407:
      return refuses('用户名或密码不对：核对 registration 的 username、authUsername（IMS 常与 username 不同）和 password。', 'Wrong user name or password: check username, authUsername (on IMS often another one) and password of registration.')
    case 403:
      return refuses('密码不对、账号被停，或本机 IP 不在白名单：核对密码，再问线路方。', 'Wrong password, a blocked account, or an address that is not allowed: check the password, then ask the carrier.')
    case 404:
      return refuses('没有这个用户：核对 registration.username 和 domain。', 'No such user: check registration.username and domain.')
    case 405:
    case 501:
      return refuses('这条线路不用注册：去掉 registration，按 IP 认证。', 'This trunk takes no registration: leave registration out and go by address.')
    case 408:
      return problem(`线路 ${trunk} 的注册服务器没有应答`, `the registrar of trunk ${trunk} does not answer`, { zh: '检查 registration.registrar、端口和防火墙的 UDP。', en: 'Check registration.registrar, the port, and UDP in the firewall.' })
    case 503:
      return problem(`线路 ${trunk} 的注册服务器到不了或过载（${said}）`, `the registrar of trunk ${trunk} cannot be reached or is overloaded (${said})`, { zh: '检查 registration.registrar，稍后重试。', en: 'Check registration.registrar and try later.' })
    default:
      return warning(`线路 ${trunk} 的注册服务器应答 ${said}`, `the registrar of trunk ${trunk} answers ${said}`, { zh: '有的服务器不回答查询：启动服务后看线路是否已注册。', en: 'Some do not answer questions: start the server and see whether the trunk gets registered.' })
  }
}

/** Whether the far end sees us where we say we are. Undefined when there is nothing to say. */
export function explainSeenAs(trunk: string, { seenAs, from }: Pick<Probed, 'seenAs' | 'from'>, { sipAddress, sipPublicAddress, sipPort }: Pick<Config, 'sipAddress' | 'sipPublicAddress' | 'sipPort'>): Finding | undefined {
  if (seenAs === undefined) return undefined
  const shown = sipPublicAddress ?? sipAddress
  const rtp = { zh: 'RTP_PORT_MIN–RTP_PORT_MAX', en: 'RTP_PORT_MIN–RTP_PORT_MAX' }
  if (seenAs.address !== shown) {
    return problem(`线路 ${trunk} 看到本机是 ${seenAs.address}，我们却自称 ${shown}`, `trunk ${trunk} sees us as ${seenAs.address}, and we say ${shown}`, {
      zh: `设 SIP_PUBLIC_ADDRESS=${seenAs.address}，并在路由器上把 UDP ${sipPort === 0 ? 'SIP_PORT' : sipPort} 和 ${rtp.zh} 映射到本机，关闭 SIP ALG。`,
      en: `Set SIP_PUBLIC_ADDRESS=${seenAs.address}, forward UDP ${sipPort === 0 ? 'SIP_PORT' : sipPort} and ${rtp.en} to this machine in the router, and switch its SIP ALG off.`,
    })
  }
  if (seenAs.port !== from.port) {
    return warning(`线路 ${trunk} 看到的端口是 ${seenAs.port}，不是 ${from.port}：路由器改了端口`, `trunk ${trunk} sees port ${seenAs.port} instead of ${from.port}: a router changes ports`, {
      zh: `在路由器上把 UDP ${sipPort === 0 ? 'SIP_PORT' : sipPort} 和 ${rtp.zh} 按原端口映射到本机，否则来电和对方的挂机会丢。`,
      en: `Forward UDP ${sipPort === 0 ? 'SIP_PORT' : sipPort} and ${rtp.en} to this machine under the same numbers, or hang-ups from the far end get lost.`,
    })
  }
  return ok(`线路 ${trunk} 看到本机是 ${seenAs.address}:${seenAs.port}，中间没有 NAT`, `trunk ${trunk} sees us as ${seenAs.address}:${seenAs.port}: no NAT on the way`)
}
