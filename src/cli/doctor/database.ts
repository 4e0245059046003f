// Examines the database and the clock. Changes nothing in either.
import { Client } from 'pg'
import type { Config } from '../../config.ts'
import { findBinaries } from '../../db/postgres/binaries.ts'
import { PostgresStartError } from '../../db/postgres/start-error.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

const VERSION_MIN = 15
const CONNECT_MS_MAX = 5_000
const DRIFT_MS_WARNING = 2_000
const DRIFT_MS_PROBLEM = 60_000

export type ServerFacts = { versionNumber: number; mayCreate: boolean; nowMs: number; connectionsMax: number }

export type DatabaseProbes = {
  /** Version of the embedded PostgreSQL. Errors: PostgresStartError. */
  embeddedVersion(): Promise<string>
  /** Errors: those of the driver. */
  ask(url: string): Promise<ServerFacts>
}

export const realDatabase: DatabaseProbes = {
  embeddedVersion: async () => (await findBinaries()).version,
  async ask(url) {
    const client = new Client({ connectionString: url, application_name: 'waihu doctor', connectionTimeoutMillis: CONNECT_MS_MAX, query_timeout: CONNECT_MS_MAX })
    client.on('error', () => {}) // the query under way fails as well
    await client.connect()
    try {
      const { rows } = await client.query<{ version: string; may_create: boolean; now_ms: string; connections_max: string }>(`
        select current_setting('server_version_num') as version, has_schema_privilege('public', 'CREATE') as may_create,
               extract(epoch from clock_timestamp()) * 1000 as now_ms, current_setting('max_connections') as connections_max`)
      const row = rows[0]!
      return { versionNumber: Number(row.version), mayCreate: row.may_create, nowMs: Number(row.now_ms), connectionsMax: Number(row.connections_max) }
    } finally {
      await client.end()
    }
  },
}

export async function examineDatabase({ databaseUrl }: Config, probes: DatabaseProbes): Promise<Finding[]> {
  if (databaseUrl === undefined) {
    try {
      const version = await probes.embeddedVersion()
      return [ok(`内嵌 PostgreSQL ${version}`, `embedded PostgreSQL ${version}`)]
    } catch (error) {
      if (!(error instanceof PostgresStartError)) throw error
      return [problem('内嵌 PostgreSQL 不能用', `the embedded PostgreSQL cannot be used: ${error.message}`, { zh: '运行 npm ci --include=optional，或设置 DATABASE_URL。', en: 'Run npm ci --include=optional, or set DATABASE_URL.' })]
    }
  }
  const name = nameOf(databaseUrl)
  let facts: ServerFacts
  try {
    facts = await probes.ask(databaseUrl)
  } catch (error) {
    return [unreachable(name, error)]
  }
  const major = Math.floor(facts.versionNumber / 10_000)
  if (major < VERSION_MIN) return [problem(`${name} 是 PostgreSQL ${major}，需要 ≥ ${VERSION_MIN}`, `${name} is PostgreSQL ${major}, ${VERSION_MIN} or later is needed`, { zh: '升级它，或去掉 DATABASE_URL 使用内嵌的。', en: 'Upgrade it, or unset DATABASE_URL to use the embedded one.' })]
  if (!facts.mayCreate) return [problem(`${name} 的用户不能建表`, `the user of ${name} may not create tables`, { zh: 'GRANT CREATE ON SCHEMA public TO 该用户。', en: 'GRANT CREATE ON SCHEMA public to that user.' })]
  return [ok(`${name}：PostgreSQL ${major}，可连接，可建表，最多 ${facts.connectionsMax} 个连接`, `${name}: PostgreSQL ${major}, reachable, may create tables, ${facts.connectionsMax} connections at most`)]
}

function unreachable(name: string, error: unknown): Finding {
  const code = (error as { code?: string }).code ?? ''
  const said = code || (error as Error).name
  const advice: Readonly<Record<string, readonly [zh: string, en: string]>> = {
    ECONNREFUSED: ['数据库没有启动，或端口不对。', 'It is not running, or the port is wrong.'],
    ENOENT: ['套接字目录里没有数据库在监听。', 'No database listens in that socket folder.'],
    ENOTFOUND: ['主机名不对，或 DNS 不通。', 'The host name is wrong, or the DNS does not work.'],
    '28P01': ['密码不对。', 'The password is wrong.'],
    '28000': ['pg_hba.conf 不允许此用户从这里登录。', 'pg_hba.conf does not let this user in from here.'],
    '3D000': ['先建库：createdb。', 'Create the database first: createdb.'],
    '53300': ['连接已满：加大 max_connections。', 'All connections are taken: raise max_connections.'],
  }
  const [zh, en] = advice[code] ?? ['检查 DATABASE_URL 的地址、用户和网络。', 'Check address, user and network of DATABASE_URL.']
  return problem(`连不上 ${name}（${said}）`, `${name} cannot be reached (${said})`, { zh, en })
}

/** Where, without who and with which password. */
function nameOf(url: string): string {
  try {
    const parsed = new URL(url)
    return `${parsed.searchParams.get('host') ?? parsed.host}${parsed.pathname}`
  } catch {
    return 'DATABASE_URL'
  }
}

export type ClockProbes = {
  nowMs(): number
  /** Each clock that can be read, with how exactly; undefined when it cannot be. */
  references(config: Config): Promise<{ name: string; theirNowMs: number; ourNowMs: number; exactMs: number }[]>
  timeZone: string
}

export const realClock: ClockProbes = {
  nowMs: () => Date.now(),
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  async references({ databaseUrl, llmBaseUrl }) {
    const readings: ReturnType<typeof reading>[] = []
    if (databaseUrl !== undefined) readings.push(reading('DATABASE_URL', async () => (await realDatabase.ask(databaseUrl)).nowMs, 50))
    const [llm] = llmBaseUrl?.split(',') ?? []
    if (llm) readings.push(reading('LLM_BASE_URL', () => httpDateMs(llm.trim()), 1_000))
    return (await Promise.all(readings)).filter((found) => found !== undefined)
  },
}

async function reading(name: string, read: () => Promise<number | undefined>, exactMs: number) {
  const beganMs = Date.now()
  const theirNowMs = await read().catch(() => undefined)
  const endedMs = Date.now()
  // Somewhere between asking and hearing the answer their clock was read.
  return theirNowMs === undefined ? undefined : { name, theirNowMs, ourNowMs: (beganMs + endedMs) / 2, exactMs: exactMs + (endedMs - beganMs) / 2 }
}

/** The Date header has whole seconds: the middle of its second. */
async function httpDateMs(url: string): Promise<number | undefined> {
  const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(4_000) })
  const date = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(date) ? undefined : date + 500
}

export async function examineClock(config: Config, probes: ClockProbes): Promise<Finding[]> {
  const shown = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' }).format(probes.nowMs())
  const findings = [ok(`北京时间 ${shown}（拨打时段按它计算；系统时区 ${probes.timeZone} 不影响）`, `Beijing time ${shown} (calling hours go by it; the system's zone ${probes.timeZone} does not matter)`)]
  const references = await probes.references(config)
  if (references.length === 0) findings.push(ok('没有可对照的时钟', 'no other clock to compare with'))
  for (const { name, theirNowMs, ourNowMs, exactMs } of references) {
    const driftMs = ourNowMs - theirNowMs
    const sec = `${driftMs > 0 ? '+' : ''}${(driftMs / 1_000).toFixed(1)} s`
    const surelyMs = Math.abs(driftMs) - exactMs
    const next = { zh: '在本机启用时间同步（timedatectl set-ntp true 或 chrony）。', en: 'Switch time synchronisation on (timedatectl set-ntp true, or chrony).' }
    if (surelyMs > DRIFT_MS_PROBLEM) findings.push(problem(`本机时钟与 ${name} 相差 ${sec}`, `our clock differs from ${name} by ${sec}`, next))
    else if (surelyMs > DRIFT_MS_WARNING) findings.push(warning(`本机时钟与 ${name} 相差 ${sec}`, `our clock differs from ${name} by ${sec}`, next))
    else findings.push(ok(`与 ${name} 的时钟一致（${sec}）`, `the clock agrees with ${name} (${sec})`))
  }
  return findings
}
