// Knows how keys are made, checked and revoked. A key itself exists in its owner's hands only: we keep its digest.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { apiKeysOf, findActiveKey, grantAdmin, insertApiKey, revokeApiKey, touchApiKey, type ApiKey } from '../db/api-keys.ts'
import type { Database } from '../db/connection.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'

export type { ApiKey } from '../db/api-keys.ts'

export const apiKeyDefaults = {
  /** A key that another process revoked may open doors here for this long. */
  cacheMs: 5_000,
  cacheEntriesMax: 10_000,
  /** How exact `lastUsedAt` is. */
  lastUsedMs: 60_000,
  /** How long a request waits for a database that is away. */
  databaseMsMax: 3_000,
  labelCharsMax: 100,
  listMax: 200,
} as const

/** `sk_` and 43 letters or digits: 256 random bits. No character of it breaks a word for double-clicks, shells or URLs. */
const shape = /^sk_[0-9A-Za-z]{43}$/
const prefixChars = 9

export function newApiKey(random: Buffer = randomBytes(32)): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  let rest = BigInt(`0x${random.toString('hex')}`)
  let text = ''
  for (let place = 0; place < 43; place += 1) {
    text = alphabet[Number(rest % 62n)]! + text
    rest /= 62n
  }
  return `sk_${text}`
}

export class ApiKeys {
  readonly #db: Database
  readonly #now: () => number
  /** By digest in hex. Unknown keys are not kept: a guesser would push the real ones out. */
  readonly #known = new Map<string, { accountId: string; admin: boolean; sha256: Buffer; untilMs: number }>()

  constructor(db: Database, now: () => number = Date.now) {
    this.#db = db
    this.#now = now
  }

  /**
   * The key is in the answer and never again. `admin`: it may also change what belongs to the whole installation, such as trunks.
   * Errors: InvalidInputError for a long label; NotFoundError for an unknown account.
   */
  async create(accountId: string, label = '', { admin = false } = {}): Promise<{ key: string; id: number; prefix: string }> {
    if (label.length > apiKeyDefaults.labelCharsMax) throw new InvalidInputError('label', `a label has at most ${apiKeyDefaults.labelCharsMax} characters`)
    const key = newApiKey()
    const prefix = key.slice(0, prefixChars)
    try {
      const id = await insertApiKey(this.#db.sql, { accountId, sha256: digestOf(key), prefix, label, admin })
      return { key, id, prefix }
    } catch (error) {
      if ((error as { code?: string }).code === '23503') throw new NotFoundError('account', `there is no account ${accountId}`) // foreign_key_violation
      throw error
    }
  }

  /**
   * The account that a key opens; undefined for malformed, unknown and revoked keys and for closed accounts.
   * What the time of an answer tells is about the digest of the key and not the key: one character more or less right changes nothing.
   * Errors: OverloadedError while the database is away and the key was not seen lately.
   */
  async authenticate(key: string): Promise<{ accountId: string; admin: boolean } | undefined> {
    if (!shape.test(key)) return undefined
    const sha256 = digestOf(key)
    const digest = sha256.toString('hex')
    const known = this.#known.get(digest)
    if (known && known.untilMs > this.#now() && timingSafeEqual(known.sha256, sha256)) return { accountId: known.accountId, admin: known.admin }
    const found = await this.#db.retry('authenticate', () => findActiveKey(this.#db.sql, sha256), { withinMs: apiKeyDefaults.databaseMsMax })
    this.#known.delete(digest)
    if (!found || !timingSafeEqual(found.sha256, sha256)) return undefined
    const now = this.#now()
    // The one that was read longest ago goes first.
    for (const [oldest] of this.#known) {
      if (this.#known.size < apiKeyDefaults.cacheEntriesMax) break
      this.#known.delete(oldest)
    }
    this.#known.set(digest, { accountId: found.accountId, admin: found.admin, sha256, untilMs: now + apiKeyDefaults.cacheMs })
    if (!found.lastUsedAt || now - found.lastUsedAt.getTime() >= apiKeyDefaults.lastUsedMs) {
      // A key that is right opens the door also when this cannot be written; the next request tries again.
      await touchApiKey(this.#db.sql, found.id, new Date(now)).catch(() => {})
    }
    return { accountId: found.accountId, admin: found.admin }
  }

  /** Makes an existing key an admin's. Errors: NotFoundError. */
  async makeAdmin(key: string): Promise<void> {
    const sha256 = digestOf(key)
    if (!(await grantAdmin(this.#db.sql, sha256))) throw new NotFoundError('key', 'there is no such key')
    this.#known.delete(sha256.toString('hex'))
  }

  /** Newest first, revoked ones too. */
  list(accountId: string): Promise<ApiKey[]> {
    return apiKeysOf(this.#db.sql, accountId, apiKeyDefaults.listMax)
  }

  /** At once in this process, after `cacheMs` in others. Errors: NotFoundError, also for another account's key. */
  async revoke(accountId: string, id: number): Promise<void> {
    const sha256 = await revokeApiKey(this.#db.sql, accountId, id)
    if (!sha256) throw new NotFoundError('key', `account ${accountId} has no key ${id}`)
    this.#known.delete(sha256.toString('hex'))
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
