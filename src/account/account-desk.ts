// Knows what the HTTP faces ask of accounts, as one object with the parts joined. Does not know HTTP.
import type { Database } from '../db/connection.ts'
import { getAccount, setWebhook } from './accounts.ts'
import type { ApiKeys } from './api-keys.ts'
import { balanceOf, type Wallet } from './ledger.ts'

export class AccountDesk {
  readonly #db: Database
  readonly #keys: ApiKeys
  readonly #rules: { privateAllowed: boolean }

  constructor(db: Database, keys: ApiKeys, rules: { privateAllowed: boolean }) {
    this.#db = db
    this.#keys = keys
    this.#rules = rules
  }

  /** See ApiKeys. */
  authenticate(key: string): Promise<{ accountId: string; admin: boolean } | undefined> {
    return this.#keys.authenticate(key)
  }

  /** Errors: NotFoundError. */
  balance(accountId: string): Promise<Wallet> {
    return balanceOf(this.#db.sql, accountId)
  }

  /** Errors: NotFoundError. */
  async webhook(accountId: string): Promise<{ url: string | undefined }> {
    return { url: (await getAccount(this.#db.sql, accountId)).webhookUrl }
  }

  /** Errors: InvalidInputError, NotFoundError. */
  setWebhook(accountId: string, url: string | undefined): Promise<{ url: string | undefined; secret: string | undefined }> {
    return setWebhook(this.#db, accountId, url, this.#rules)
  }
}
