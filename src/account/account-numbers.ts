// Knows which numbers an account may show to callees: its own, if it has any, and never those of others only. Does not know trunks or calls.
import { deleteAccountNumber, insertAccountNumbers, numbersOfAccount, ownersOf } from '../db/account-numbers.ts'
import type { Database } from '../db/connection.ts'
import { MicroBatch } from '../db/micro-batch.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'

const limits = { perAccountMax: 1_000, perRequestMax: 100, databaseMsMax: 3_000 } as const

type Asked = { accountId: string; numbers: readonly string[] }
/** `foreign`: the first of the numbers that the account may not show. `bound`: it shows its own numbers only. */
export type Rights = { foreign: string | undefined; bound: boolean }

export class AccountNumbers {
  readonly #db: Database
  readonly #asked: MicroBatch<Asked, Rights>

  constructor(db: Database) {
    this.#db = db
    this.#asked = new MicroBatch({ itemsMax: 500, waitingMax: 5_000, trip: (items) => this.#rightsOf(items) })
  }

  /** In the order of their digits. */
  list(accountId: string): Promise<string[]> {
    return this.#db.retry('read numbers of an account', () => numbersOfAccount(this.#db.sql, accountId, limits.perAccountMax), { withinMs: limits.databaseMsMax })
  }

  /** For calls from now on. Answers them as they are kept. Errors: InvalidInputError; NotFoundError for an unknown account. */
  async add(accountId: string, numbers: readonly string[]): Promise<string[]> {
    if (numbers.length === 0 || numbers.length > limits.perRequestMax) throw new InvalidInputError('number', `一次登记 1–${limits.perRequestMax} 个号码`)
    const written = [...new Set(numbers.map(asNumber))]
    const before = await this.list(accountId)
    if (new Set([...before, ...written]).size > limits.perAccountMax) throw new InvalidInputError('number', `每个账户最多 ${limits.perAccountMax} 个号码`)
    try {
      await insertAccountNumbers(this.#db.sql, accountId, written)
    } catch (error) {
      if ((error as { code?: string }).code === '23503') throw new NotFoundError('account', `没有账户 ${accountId}`) // foreign_key_violation
      throw error
    }
    return written
  }

  /** An account that has none left shows again what the trunks have. Errors: NotFoundError. */
  async remove(accountId: string, number: string): Promise<void> {
    const written = plainNumber(number)
    if (written === undefined || !(await deleteAccountNumber(this.#db.sql, accountId, written))) throw new NotFoundError('number', `账户 ${accountId} 没有登记号码 ${number.slice(0, 30)}`)
  }

  /** What the account may show. Questions that come together share one trip. Errors: OverloadedError. */
  rights(accountId: string, numbers: readonly string[]): Promise<Rights> {
    return this.#asked.add({ accountId, numbers: numbers.map((number) => plainNumber(number) ?? number) })
  }

  async #rightsOf(items: readonly Asked[]): Promise<(() => Rights)[]> {
    const ask = () => ownersOf(this.#db.sql, items.flatMap(({ numbers }) => numbers), items.map(({ accountId }) => accountId))
    const { owners, withNumbers } = await this.#db.retry('whose numbers', ask, { withinMs: limits.databaseMsMax })
    return items.map(({ accountId, numbers }) => {
      const bound = withNumbers.has(accountId)
      const foreign = numbers.find((number) => (owners.has(number) ? !owners.get(number)!.has(accountId) : bound))
      return () => ({ foreign, bound })
    })
  }
}

/** Without spaces and hyphens; undefined for what is no number. */
export function plainNumber(text: string): string | undefined {
  const plain = text.replace(/[\s-]/g, '')
  return /^\+?\d{3,20}$/.test(plain) ? plain : undefined
}

function asNumber(text: string): string {
  const plain = plainNumber(text)
  if (plain === undefined) throw new InvalidInputError('number', `不是号码：${text.slice(0, 30)}，应为 3–20 位数字`)
  return plain
}
