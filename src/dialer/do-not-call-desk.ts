// Knows what people do about the do-not-call list (谢绝来电): add, remove, look through. Does not know HTTP, and not when the list is asked.
import { addDoNotCall, doNotCallEntries, removeDoNotCall, type DoNotCallRecord } from '../db/do-not-call.ts'
import type { Database } from '../db/connection.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { parsePhone, parsePhoneList } from '../numbering/phone.ts'

/** Whose list: an account's own, or (undefined) that of everybody on this installation. */
type Whose = string | undefined

const reasonCharsMax = 200
const listMax = 500

export class DoNotCallDesk {
  readonly #db: Database
  readonly #now: () => number

  constructor(db: Database, now: () => number = Date.now) {
    this.#db = db
    this.#now = now
  }

  /**
   * Lists all of the numbers or none. In force at once: calls that wait are not dialled. What is listed already stays as it is.
   * Errors: InvalidInputError with each bad number.
   */
  async add(whose: Whose, phones: string, p: { reason?: string | undefined; expiresAt?: Date | undefined } = {}): Promise<{ phones: string[] }> {
    const { reason = '', expiresAt } = p
    const { ok, bad } = parsePhoneList(phones)
    if (bad.length > 0) {
      const items = bad.map(({ value, reason: why }) => ({ value, reason: why }))
      throw new InvalidInputError('phones', `号码有误：${items.map((item) => `${item.value}（${item.reason}）`).slice(0, 5).join('；')}。没有登记任何号码`, items)
    }
    if (reason.length > reasonCharsMax) throw new InvalidInputError('reason', `原因最多 ${reasonCharsMax} 个字符`)
    const now = new Date(this.#now())
    if (expiresAt !== undefined && expiresAt <= now) throw new InvalidInputError('expires_at', '到期时间已经过去')
    await this.#db.transaction(async (tx) => {
      for (const { phone } of ok) await addDoNotCall(tx, { accountId: whose, phone, source: whose === undefined ? 'operator' : 'account', evidence: reason, expiresAt }, now)
    })
    return { phones: ok.map(({ phone }) => phone) }
  }

  /** The entry stays as a record of what was. Errors: InvalidInputError; NotFoundError when the number is not on this list. */
  async remove(whose: Whose, phone: string, by: string): Promise<void> {
    const parsed = parsePhone(phone)
    if (!parsed.ok) throw new InvalidInputError('phone', `号码有误：${parsed.bad.reason}`)
    if (!(await removeDoNotCall(this.#db.sql, whose, parsed.phone.phone, by, new Date(this.#now())))) {
      throw new NotFoundError('do-not-call', `${phone} 不在${whose === undefined ? '全局' : '您的'}免打扰名单中`)
    }
  }

  /** Newest first, those that are in force. For an account with what holds for everybody. `before`: the id of the last entry of the page before. */
  list(whose: Whose, p: { phone?: string | undefined; before?: number | undefined; limit?: number | undefined } = {}): Promise<DoNotCallRecord[]> {
    let phone: string | undefined
    if (p.phone !== undefined) {
      const parsed = parsePhone(p.phone)
      if (!parsed.ok) throw new InvalidInputError('phone', `号码有误：${parsed.bad.reason}`)
      phone = parsed.phone.phone
    }
    return doNotCallEntries(this.#db.sql, { accountId: whose, phone, before: p.before, limit: Math.min(Math.max(1, p.limit ?? 100), listMax), now: new Date(this.#now()) })
  }
}
