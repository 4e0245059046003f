// Knows whom an account has asked about every turn of its intelligent calls, and what may be set. Does not know calls or HTTP.
import { deleteCallbackServer, findCallbackServers, putCallbackServer, type CallbackServerSettings } from '../db/callback-servers.ts'
import type { Database } from '../db/connection.ts'
import { MicroBatch } from '../db/micro-batch.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { checkWebhookUrl } from './webhook-url.ts'

export type { CallbackServerSettings } from '../db/callback-servers.ts'

const limits = { timeoutMsMin: 500, timeoutMsMax: 20_000, retriesMax: 5, lineCharsMax: 200, callCentresMax: 50 } as const

/** `phoneOf`: a number as somebody writes it, as E.164; undefined: none that may be called. */
export type CallbackServerRules = { privateAllowed: boolean; phoneOf: (text: string) => string | undefined }

export class CallbackServers {
  readonly #db: Database
  readonly #rules: CallbackServerRules
  /** Every intelligent call asks: those that come together ask once. */
  readonly #finds: MicroBatch<string, CallbackServerSettings | undefined>

  constructor(db: Database, rules: CallbackServerRules) {
    this.#db = db
    this.#rules = rules
    this.#finds = new MicroBatch({
      itemsMax: 500,
      waitingMax: 5_000,
      trip: async (ids) => {
        const found = await db.retry('find callback servers', () => findCallbackServers(db.sql, ids), { withinMs: 3_000 })
        return ids.map((id) => () => found.get(id))
      },
    })
  }

  /** Adds or replaces; numbers of call centres as somebody writes them. Errors: InvalidInputError naming the field; NotFoundError for an unknown account. */
  async put(accountId: string, settings: CallbackServerSettings): Promise<CallbackServerSettings> {
    const checked = checkedSettings(settings, this.#rules)
    try {
      await putCallbackServer(this.#db.sql, accountId, checked)
    } catch (error) {
      if ((error as { code?: string }).code === '23503') throw new NotFoundError('account', `没有账户 ${accountId}`) // foreign_key_violation
      throw error
    }
    return checked
  }

  find(accountId: string): Promise<CallbackServerSettings | undefined> {
    return this.#finds.add(accountId)
  }

  /** Errors: NotFoundError. */
  async remove(accountId: string): Promise<void> {
    if (!(await deleteCallbackServer(this.#db.sql, accountId))) throw new NotFoundError('callback-server', `账户 ${accountId} 没有设置回调地址`)
  }
}

/** With numbers as E.164. Errors: InvalidInputError. */
export function checkedSettings(settings: CallbackServerSettings, rules: CallbackServerRules): CallbackServerSettings {
  const { timeoutMs, retriesMax, callCentres } = settings
  const url = checkWebhookUrl(settings.url, rules, { field: 'callback_url', what: '回调地址' })
  if (!Number.isInteger(timeoutMs) || timeoutMs < limits.timeoutMsMin || timeoutMs > limits.timeoutMsMax) throw new InvalidInputError('timeout', `超时应为 ${limits.timeoutMsMin}–${limits.timeoutMsMax} 毫秒`)
  if (!Number.isInteger(retriesMax) || retriesMax < 0 || retriesMax > limits.retriesMax) throw new InvalidInputError('retries', `重试次数应为 0–${limits.retriesMax}`)
  for (const field of ['waiting', 'fallback', 'closing'] as const) {
    if (settings[field].length > limits.lineCharsMax || /[\p{Cc}\ufffd]/u.test(settings[field])) throw new InvalidInputError(field, `话术 ${field} 最多 ${limits.lineCharsMax} 个字符，不含控制字符`)
  }
  const centres = Object.entries(callCentres)
  if (centres.length > limits.callCentresMax) throw new InvalidInputError('call-centre', `呼叫中心最多 ${limits.callCentresMax} 个`)
  const called = centres.map(([name, number]) => {
    if (!/^[\p{L}\p{N}_-]{1,64}$/u.test(name)) throw new InvalidInputError('call-centre', `呼叫中心的名称由字母、数字、_ 和 - 组成：${name.slice(0, 70)}`)
    const phone = rules.phoneOf(number)
    if (phone === undefined) throw new InvalidInputError('call-centre', `呼叫中心 ${name} 的号码有误：${number.slice(0, 30)}`)
    return [name, phone] as const
  })
  return { ...settings, url, callCentres: Object.fromEntries(called) }
}
