// Knows how trunks are added, shown, changed and removed without two editors overwriting each other, and where passwords go meanwhile. Does not run trunks.
import type { Database } from '../db/connection.ts'
import { forgetTrunkState } from '../db/trunk-states.ts'
import { deleteTrunk, findTrunk, insertTrunk, replaceTrunk, storedTrunks, type NewTrunk, type StoredTrunk } from '../db/trunks.ts'
import { AppError, InvalidInputError, NotFoundError, RefusedError } from '../errors.ts'
import type { SecretBox } from '../secret-box.ts'
import { parseTrunkConfig, type TrunkConfig } from '../trunk/trunk-config.ts'

/** Stands for a password wherever a trunk is shown; sent back, it means the one that is stored. */
export const passwordMask = '********'

/** Names of the trunks that are made of options and of the simulated carrier. */
export const builtInTrunks = ['trunk', 'simulated'] as const

export type TrunkRecord = {
  name: string
  enabled: boolean
  version: number
  createdAt: Date
  updatedAt: Date
  /** With its passwords; undefined when it cannot be used, for the reason in `problem`. */
  config: TrunkConfig | undefined
  problem: string | undefined
  /** For people: passwords are masked. */
  shown: Readonly<Record<string, unknown>>
}

/** The parts of a configuration that hold a password, each as `password`. */
const sectionsWithPassword = ['registration', 'gateway', 'credentials'] as const
type Section = (typeof sectionsWithPassword)[number]
type Passwords = Partial<Record<Section, string>>
type Loose = Record<string, unknown>

export class TrunkStore {
  readonly #db: Database
  readonly #box: SecretBox

  constructor(db: Database, box: SecretBox) {
    this.#db = db
    this.#box = box
  }

  /** By name. A trunk that cannot be read is listed with its problem. */
  async list(): Promise<TrunkRecord[]> {
    return (await this.#db.retry('list trunks', () => storedTrunks(this.#db.sql))).map((row) => this.#record(row))
  }

  /** Errors: NotFoundError. */
  async get(name: string): Promise<TrunkRecord> {
    return this.#record(await this.#find(name))
  }

  /** Errors: InvalidInputError naming the field; RefusedError 'version-conflict' when there is one of that name. */
  async add(input: unknown): Promise<TrunkRecord> {
    const config = this.#check(input, {})
    const row = await insertTrunk(this.#db.sql, this.#sealed(config))
    if (row === undefined) throw new RefusedError('version-conflict', `线路 ${config.name} 已存在：修改它时请带上读到的版本号，或换一个名称`)
    return this.#record(row)
  }

  /**
   * Replaces the whole configuration of the version that the editor has read. A password that is masked or left out stays as it is.
   * Errors: InvalidInputError; NotFoundError; RefusedError 'version-conflict' when somebody else was faster.
   */
  async replace(name: string, input: unknown, version: number): Promise<TrunkRecord> {
    const before = await this.#find(name)
    if (before.version !== version) throw conflict(name)
    if (isLoose(input) && input['name'] !== undefined && input['name'] !== name) throw new InvalidInputError('name', `线路不能改名（${name}）：请新建一条并删除旧的`)
    const config = this.#check(isLoose(input) ? { ...input, name } : input, this.#passwordsKept(before, input))
    const row = await replaceTrunk(this.#db.sql, this.#sealed(config), version)
    if (row === undefined) throw conflict(name)
    // Whoever changed it wants to see whether it works now.
    await forgetTrunkState(this.#db.sql, name)
    return this.#record(row)
  }

  /** Works on a trunk that cannot be read as well. Errors: NotFoundError, RefusedError 'version-conflict'. */
  async setEnabled(name: string, enabled: boolean): Promise<TrunkRecord> {
    const { config, secrets, version } = await this.#find(name)
    const row = await replaceTrunk(this.#db.sql, { name, config: { ...(config as Loose), enabled }, secrets, enabled }, version)
    if (row === undefined) throw conflict(name)
    await forgetTrunkState(this.#db.sql, name)
    return this.#record(row)
  }

  /** Calls under way end as they are. Errors: NotFoundError; RefusedError 'version-conflict' when a version is given and is not in force. */
  async remove(name: string, version?: number): Promise<void> {
    const found = await this.#find(name)
    if (!(await deleteTrunk(this.#db.sql, name, version ?? found.version))) throw conflict(name)
  }

  async #find(name: string): Promise<StoredTrunk> {
    const found = await this.#db.retry('look up a trunk', () => findTrunk(this.#db.sql, name))
    if (found) return found
    const builtIn = (builtInTrunks as readonly string[]).includes(name) ? '（内置线路由启动选项配置，不在数据库中）' : ''
    throw new NotFoundError('trunk', `没有名为 ${name} 的线路${builtIn}`)
  }

  #check(input: unknown, kept: Passwords): TrunkConfig {
    const config = parseTrunkConfig(withPasswords(input, kept))
    if ((builtInTrunks as readonly string[]).includes(config.name)) throw new InvalidInputError('name', `名称 ${config.name} 留给内置线路：请换一个`)
    return config
  }

  #sealed(config: TrunkConfig): NewTrunk {
    const { open, passwords } = withoutPasswords(config)
    const secrets = Object.keys(passwords).length === 0 ? null : this.#box.seal(JSON.stringify(passwords), ownerOf(config.name))
    return { name: config.name, config: open, secrets, enabled: config.enabled }
  }

  /** Opened only when something is to be kept: a trunk whose passwords cannot be read any more can still be given new ones. */
  #passwordsKept(before: StoredTrunk, input: unknown): Passwords {
    if (before.secrets === null || !isLoose(input)) return {}
    const wanted = sectionsWithPassword.filter((section) => isLoose(input[section]) && isLeftOut(input[section]['password']))
    return wanted.length === 0 ? {} : this.#open(before)
  }

  #open({ name, secrets }: StoredTrunk): Passwords {
    return secrets === null ? {} : (JSON.parse(this.#box.open(secrets, ownerOf(name))) as Passwords)
  }

  #record(row: StoredTrunk): TrunkRecord {
    const { name, enabled, version, createdAt, updatedAt } = row
    const common = { name, enabled, version, createdAt, updatedAt }
    const stored = row.config as Loose
    try {
      const config = parseTrunkConfig(withPasswords(stored, this.#open(row)))
      return { ...common, config, problem: undefined, shown: masked(config) }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return { ...common, config: undefined, problem: error.message, shown: masked(stored) }
    }
  }
}

const ownerOf = (name: string): string => `trunk ${name}`
const conflict = (name: string): RefusedError => new RefusedError('version-conflict', `线路 ${name} 已被别人修改：请重新读取后再改，没有保存任何内容`)
const isLoose = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value)
const isLeftOut = (password: unknown): boolean => password === undefined || password === null || password === passwordMask

/** Fills passwords in where they are left out or masked; where none is known the field stays out, and the check says so. */
function withPasswords(input: unknown, passwords: Passwords): unknown {
  if (!isLoose(input)) return input
  const filled = { ...input }
  for (const section of sectionsWithPassword) {
    const part = filled[section]
    if (!isLoose(part) || !isLeftOut(part['password'])) continue
    const { password: _masked, ...rest } = part
    filled[section] = passwords[section] === undefined ? rest : { ...rest, password: passwords[section] }
  }
  return filled
}

/** For people. */
function masked(config: Loose): Loose {
  return { ...config, ...Object.fromEntries(sectionsWithPassword.flatMap((section) => (isLoose(config[section]) ? [[section, { ...config[section], password: passwordMask }]] : []))) }
}

function withoutPasswords(config: TrunkConfig): { open: Loose; passwords: Passwords } {
  const open: Loose = { ...config }
  const passwords: Passwords = {}
  for (const section of sectionsWithPassword) {
    const part = config[section]
    if (part === undefined) continue
    const { password, ...rest } = part
    passwords[section] = password
    open[section] = rest
  }
  return { open, passwords }
}
