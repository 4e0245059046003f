// Knows how the flags of `waihu trunk add` and `edit` become a configuration. Pure: files and standard input are read elsewhere. Does not know defaults or limits.
import { CliError } from './api-client.ts'

export type Loose = Record<string, unknown>

/** The flags for what is set most often; everything else is written with --json or --file. */
export const trunkFlags = {
  target: { type: 'string', description: '线路地址 host、host:port 或 sip:host;transport=tls，多个用逗号，前面的先用 where it is, best first' },
  caller: { type: 'string', description: '主叫号码，多个用逗号，号码:并发 可限并发 numbers to show, number:most-at-once' },
  register: { type: 'string', description: '向线路注册的用户名（密码见 --password） user name that we register with' },
  'auth-user': { type: 'string', description: '注册的鉴权用户名，与用户名不同时填 name in the digest, when it differs' },
  gateway: { type: 'string', description: '网关注册到我们时用的用户名（密码见 --password） user name that the gateway registers with' },
  username: { type: 'string', description: '不注册、呼出时鉴权的用户名（密码见 --password） user name for calls without registration' },
  password: { type: 'string', description: '密码；写 - 从标准输入读，不留在命令历史里 password; - reads it from standard input' },
  domain: { type: 'string', description: 'From、To 里的域名 domain in From and To' },
  numbers: { type: 'string', description: '被叫写法 national、e164、e164-no-plus 或 zero-for-other-cities:021 how callees are written' },
  headers: { type: 'string', description: '头域写法 plain、ims、gateway preset of the headers' },
  codecs: { type: 'string', description: '编码，逗号分隔 codecs, best first: PCMA,PCMU,G722,opus' },
  srtp: { type: 'string', description: 'off、optional、required' },
  concurrency: { type: 'string', description: '最大并发 most calls at once' },
  cps: { type: 'string', description: '每秒最多发起几个呼叫 most calls started per second' },
  priority: { type: 'string', description: '优先级，小的先用 lowest is used first' },
  weight: { type: 'string', description: '同一优先级内的权重 share among equals' },
  trace: { type: 'string', description: 'on、off：保留每通电话的 SIP 消息 keep the SIP messages of every call' },
  json: { type: 'string', description: '任意字段，JSON 对象；值为 null 的字段恢复默认 any fields as a JSON object; null clears one' },
  file: { type: 'string', description: '同 --json，从文件读；- 为标准输入 the same from a file; - is standard input' },
} as const

export type TrunkFlags = Partial<Record<keyof typeof trunkFlags, string | undefined>>

const listOf = (text: string): string[] => text.split(/[,，]/).map((item) => item.trim()).filter(Boolean)

/** Errors: CliError naming the flag. What a field may hold is checked where trunks are checked. */
function numberOf(flag: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new CliError(`--${flag} '${text}' 不是数字。 --${flag} '${text}' is no number.`)
  return value
}

function callersOf(text: string): Loose[] {
  return listOf(text).map((item) => {
    const [number, concurrencyMax, ...more] = item.split(':')
    if (more.length > 0) throw new CliError(`--caller '${item}'：写成 号码 或 号码:并发。 Write number or number:most-at-once.`)
    return { number, ...(concurrencyMax !== undefined && { concurrencyMax: numberOf('caller', concurrencyMax) }) }
  })
}

function ruleOf(text: string): Loose {
  const [preset, areaCode] = text.split(':')
  return { preset, ...(areaCode !== undefined && { areaCode }) }
}

function onOff(flag: string, text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new CliError(`--${flag} 应为 on 或 off。 --${flag} must be on or off.`)
  return text === 'on'
}

const part = (value: unknown): Loose => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {})

/**
 * The configuration that `before` becomes: first the fields of `fields` (from --json or --file; null takes a field away), then the flags.
 * Errors: CliError.
 */
export function withFlags(before: Loose, fields: Loose, flags: TrunkFlags, password: string | undefined): Loose {
  const config: Loose = { ...before, ...fields }
  for (const [name, value] of Object.entries(fields)) if (value === null) delete config[name]
  const set = (flag: keyof typeof trunkFlags, apply: (text: string) => void): void => {
    const text = flags[flag]
    if (text !== undefined) apply(text)
  }
  set('target', (text) => (config['targets'] = listOf(text)))
  set('caller', (text) => (config['callers'] = callersOf(text)))
  set('domain', (text) => (config['domain'] = text))
  set('numbers', (text) => (config['numbers'] = { ...part(config['numbers']), out: [ruleOf(text)] }))
  set('headers', (text) => (config['headers'] = { ...part(config['headers']), preset: text }))
  set('codecs', (text) => (config['codecs'] = listOf(text)))
  set('srtp', (text) => (config['srtp'] = text))
  set('concurrency', (text) => (config['concurrencyMax'] = numberOf('concurrency', text)))
  for (const flag of ['cps', 'priority', 'weight'] as const) set(flag, (text) => (config[flag] = numberOf(flag, text)))
  set('trace', (text) => (config['trace'] = onOff('trace', text)))
  set('register', (text) => (config['registration'] = { ...part(config['registration']), username: text }))
  set('auth-user', (text) => (config['registration'] = { ...part(config['registration']), authUsername: text }))
  set('username', (text) => (config['credentials'] = { ...part(config['credentials']), username: text }))
  set('gateway', (text) => {
    config['gateway'] = { ...part(config['gateway']), username: text }
    config['targets'] ??= ['registered']
  })
  if (password !== undefined) setPassword(config, flags, password)
  return config
}

/** It belongs to the sections that the flags name; without any, to those that there are. */
function setPassword(config: Loose, flags: TrunkFlags, password: string): void {
  const named = ([['register', 'registration'], ['username', 'credentials'], ['gateway', 'gateway']] as const).filter(([flag]) => flags[flag] !== undefined).map(([, section]) => section)
  const sections = named.length > 0 ? named : (['registration', 'credentials', 'gateway'] as const).filter((section) => config[section] !== undefined)
  if (sections.length === 0) throw new CliError('--password 要和 --register、--username 或 --gateway 一起用。 --password goes with --register, --username or --gateway.')
  for (const section of sections) config[section] = { ...part(config[section]), password }
}
