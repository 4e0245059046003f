// Knows how a batch of receipts is handed over, and what counts as taken. Does not know what is in it, or when it is tried again.
// Source: the published HTTP batch push: a JSON array by POST; taken is HTTP 200 with JSON whose `code` is a number, whatever number.
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { post } from './post.ts'
import type { ReceiptSettings } from './settings.ts'
import { signature } from './webhooks.ts'

/** `unreadable`: the receiver could not read what it got, so one of the records, or their number, may be to blame. */
export type HandedOver = { ok: true } | { ok: false; error: string; unreadable: boolean }

/** Of a bad, too long or unprocessable body. */
const unreadableStatus: readonly number[] = [400, 413, 422]

export class ReceiptPost implements Disposable {
  readonly #settings: Pick<ReceiptSettings, 'timeoutMs' | 'privateAllowed' | 'answerBytesMax'>
  // 700 ms are soon over when every batch needs a TLS handshake.
  readonly #agents = { http: new HttpAgent({ keepAlive: true, maxFreeSockets: 32 }), https: new HttpsAgent({ keepAlive: true, maxFreeSockets: 32 }) }

  constructor(settings: Pick<ReceiptSettings, 'timeoutMs' | 'privateAllowed' | 'answerBytesMax'>) {
    this.#settings = settings
  }

  /**
   * One attempt. The ids go in a header, in the order of the records: receivers of the published service know no field for them.
   * Signed like webhooks when the account has a secret for those. Never rejects.
   */
  async handOver(target: { url: string; secret: string | null }, records: readonly Record<string, unknown>[], ids: readonly string[], nowMs: number, closing: AbortSignal): Promise<HandedOver> {
    const { timeoutMs, privateAllowed, answerBytesMax } = this.#settings
    const body = JSON.stringify(records)
    const headers = { 'user-agent': 'waihu-receipt/1', 'x-waihu-receipt-ids': ids.join(','), ...(target.secret !== null && { 'x-waihu-signature': signature(target.secret, body, nowMs) }) }
    const answer = await post(target.url, body, { headers, timeoutMs, privateAllowed, answerBytesMax, agents: this.#agents, signal: closing })
    const refused = (error: string, unreadable = false): HandedOver => ({ ok: false, error, unreadable })
    if (!answer.ok) return refused(answer.error)
    if (answer.status !== 200) return refused(`HTTP ${answer.status}`, unreadableStatus.includes(answer.status))
    if (!answer.whole) return refused(`no whole answer within ${timeoutMs} ms and ${answerBytesMax} bytes`)
    return isTaken(answer.body) ? { ok: true } : refused('the answer is no JSON object with a number as code')
  }

  [Symbol.dispose](): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }
}

function isTaken(body: string): boolean {
  try {
    const answer: unknown = JSON.parse(body)
    return typeof answer === 'object' && answer !== null && 'code' in answer && typeof answer.code === 'number'
  } catch {
    return false
  }
}
