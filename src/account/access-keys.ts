// Knows keys whose owners sign requests with a secret, and temporary ones made from them. Does not know signatures or HTTP.
import { randomInt } from 'node:crypto'
import { accessKeysOf, changeAccessKey, findAccessKey, insertAccessKey, touchAccessKey } from '../db/access-keys.ts'
import type { Database } from '../db/connection.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { SecretError, type SecretBox } from '../secret-box.ts'

export const accessKeyDefaults = {
  /** A key that another process disabled may open doors here for this long. */
  cacheMs: 5_000,
  cacheEntriesMax: 10_000,
  /** How exact `lastUsedAt` is. */
  lastUsedMs: 60_000,
  databaseMsMax: 3_000,
  labelCharsMax: 100,
  perAccountMax: 100,
  temporarySecMin: 900,
  temporarySecMax: 43_200,
  tokenCharsMax: 2_000,
} as const

/** As lists show it. */
export type AccessKey = { id: string; label: string; enabled: boolean; createdAt: Date; lastUsedAt: Date | undefined }
/** What a signature is checked with. */
export type SigningKey = { accountId: string; secret: string; enabled: boolean }
export type TemporaryKey = { id: string; secret: string; securityToken: string; expiresAt: Date }
export type TokenProblem = 'malformed' | 'expired' | 'mismatch'

/** `WHAK` and 20 letters or digits; temporary ones as their clients expect them, with STS. in front. */
const idShape = /^[0-9A-Za-z]{16,32}$/
const temporaryIdShape = /^STS\.[0-9A-Za-z]{16,40}$/
const secretChars = 30

const tokenOwner = 'security-token'
const secretOwner = (id: string): string => `access-key ${id}`

export class AccessKeys {
  readonly #db: Database
  readonly #box: SecretBox
  readonly #now: () => number
  /** Unknown keys are not kept: a guesser would push the real ones out. */
  readonly #known = new Map<string, SigningKey & { untilMs: number }>()

  constructor(db: Database, box: SecretBox, now: () => number = Date.now) {
    this.#db = db
    this.#box = box
    this.#now = now
  }

  /** The secret is in the answer and never again. Errors: InvalidInputError for a long label or too many keys; NotFoundError for an unknown account. */
  async create(accountId: string, label = ''): Promise<{ id: string; secret: string }> {
    if (label.length > accessKeyDefaults.labelCharsMax) throw new InvalidInputError('label', `备注最多 ${accessKeyDefaults.labelCharsMax} 个字符`)
    const { perAccountMax } = accessKeyDefaults
    if ((await accessKeysOf(this.#db.sql, accountId, perAccountMax)).length >= perAccountMax) throw new InvalidInputError('label', `每个账户最多 ${perAccountMax} 个 AccessKey，请先删除不用的`)
    const [id, secret] = [`WHAK${randomText(20)}`, randomText(secretChars)]
    try {
      await insertAccessKey(this.#db.sql, { id, accountId, secret: this.#box.seal(secret, secretOwner(id)), label })
    } catch (error) {
      if ((error as { code?: string }).code === '23503') throw new NotFoundError('account', `没有账户 ${accountId}`) // foreign_key_violation
      throw error
    }
    return { id, secret }
  }

  /** Newest first, at most `perAccountMax`. */
  async list(accountId: string): Promise<AccessKey[]> {
    const keys = await accessKeysOf(this.#db.sql, accountId, accessKeyDefaults.perAccountMax)
    return keys.map(({ id, label, enabled, createdAt, lastUsedAt }) => ({ id, label, enabled, createdAt, lastUsedAt }))
  }

  /** At once in this process, after `cacheMs` in others. Errors: NotFoundError, also for another account's key. */
  async change(accountId: string, id: string, change: { enabled: boolean } | { removed: true }): Promise<void> {
    if (!(idShape.test(id) && (await changeAccessKey(this.#db.sql, accountId, id, change)))) throw new NotFoundError('access-key', `账户 ${accountId} 没有 AccessKey ${id}`)
    this.#known.delete(id)
  }

  /** Undefined: no such key. Errors: OverloadedError while the database is away and the key was not seen lately; SecretError. */
  async find(id: string): Promise<SigningKey | undefined> {
    if (!idShape.test(id)) return undefined
    const now = this.#now()
    const known = this.#known.get(id)
    if (known && known.untilMs > now) return known
    const found = await this.#db.retry('find an access key', () => findAccessKey(this.#db.sql, id), { withinMs: accessKeyDefaults.databaseMsMax })
    this.#known.delete(id)
    if (!found) return undefined
    const key = { accountId: found.accountId, secret: this.#box.open(found.secret, secretOwner(id)), enabled: found.enabled, untilMs: now + accessKeyDefaults.cacheMs }
    // The one that was read longest ago goes first.
    for (const [oldest] of this.#known) {
      if (this.#known.size < accessKeyDefaults.cacheEntriesMax) break
      this.#known.delete(oldest)
    }
    this.#known.set(id, key)
    if (!found.lastUsedAt || now - found.lastUsedAt.getTime() >= accessKeyDefaults.lastUsedMs) {
      // A key that is right opens the door also when this cannot be written; the next request tries again.
      await touchAccessKey(this.#db.sql, id, new Date(now)).catch(() => {})
    }
    return key
  }

  /**
   * A key that ends by itself, or with its parent. Nothing is stored: the token carries the rest, sealed.
   * Errors: NotFoundError; InvalidInputError for a time out of range.
   */
  async temporary(accountId: string, parentId: string, seconds: number): Promise<TemporaryKey> {
    const { temporarySecMin, temporarySecMax } = accessKeyDefaults
    if (!(seconds >= temporarySecMin && seconds <= temporarySecMax)) throw new InvalidInputError('seconds', `临时凭证的有效期为 ${temporarySecMin}–${temporarySecMax} 秒`)
    const parent = await this.find(parentId)
    if (parent?.accountId !== accountId) throw new NotFoundError('access-key', `账户 ${accountId} 没有 AccessKey ${parentId}`)
    const [id, secret] = [`STS.${randomText(25)}`, randomText(44)]
    const expiresAt = new Date(this.#now() + seconds * 1_000)
    const securityToken = this.#box.seal(JSON.stringify({ id, secret, parentId, expiresMs: expiresAt.getTime() }), tokenOwner).toString('base64')
    return { id, secret, securityToken, expiresAt }
  }

  isTemporary(id: string): boolean {
    return temporaryIdShape.test(id)
  }

  /** The key that a token stands for; undefined when its parent is gone. */
  async findTemporary(id: string, token: string): Promise<SigningKey | TokenProblem | undefined> {
    const said = this.#openToken(token)
    if (said === undefined) return 'malformed'
    if (said.id !== id) return 'mismatch'
    if (said.expiresMs <= this.#now()) return 'expired'
    const parent = await this.find(said.parentId)
    return parent && { ...parent, secret: said.secret }
  }

  #openToken(token: string): { id: string; secret: string; parentId: string; expiresMs: number } | undefined {
    if (token.length > accessKeyDefaults.tokenCharsMax) return undefined
    try {
      return JSON.parse(this.#box.open(Buffer.from(token, 'base64'), tokenOwner)) as { id: string; secret: string; parentId: string; expiresMs: number }
    } catch (error) {
      if (error instanceof SecretError) return undefined
      throw error
    }
  }
}

function randomText(length: number): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]!).join('')
}
