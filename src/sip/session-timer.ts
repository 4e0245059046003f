// Knows session timers (RFC 4028): what the headers say, who refreshes and when a silent session is over. Does not know how a refresh is sent.
import type { Cancel, Clock } from './clock.ts'
import type { SipHeaders } from './message.ts'

/** What we ask for, and the least we agree to (RFC 4028 §4). */
export const SESSION_SECONDS_DEFAULT = 1_800
export const SESSION_SECONDS_MIN = 90
/** Longer is as good as none, and timers keep it. */
const SESSION_SECONDS_MAX = 86_400

/** `refresher` is a role in the request that set the interval, not in the call. */
export type SessionExpires = { seconds: number; refresher: 'uac' | 'uas' | undefined }

type Header = readonly [name: string, value: string]

/** Undefined when there is no Session-Expires that makes sense. */
export function sessionExpiresOf(headers: SipHeaders): SessionExpires | undefined {
  const match = /^\s*(\d{1,10})\s*(;.*)?$/.exec(headers.get('Session-Expires') ?? '')
  const seconds = Number(match?.[1])
  if (!match || seconds === 0) return undefined
  const refresher = /;\s*refresher\s*=\s*(uac|uas)\b/i.exec(match[2] ?? '')?.[1]?.toLowerCase()
  return { seconds: Math.min(seconds, SESSION_SECONDS_MAX), refresher: refresher as 'uac' | 'uas' | undefined }
}

/** The interval a 422 wants at least. */
export function minSeOf(headers: SipHeaders): number | undefined {
  const seconds = Number(/^\s*(\d{1,10})\b/.exec(headers.get('Min-SE') ?? '')?.[1])
  return seconds > 0 && seconds <= SESSION_SECONDS_MAX ? seconds : undefined
}

/** What a request of ours says about the session. `leastSeconds`: what a 422 taught us. */
export function askInterval(seconds: number, options: { refresher?: 'uac' | undefined; leastSeconds?: number | undefined } = {}): Header[] {
  return [
    ['Session-Expires', `${seconds}${options.refresher === undefined ? '' : `;refresher=${options.refresher}`}`],
    ['Min-SE', `${Math.max(options.leastSeconds ?? 0, SESSION_SECONDS_MIN)}`],
  ]
}

/** What our response to a session-setting request says (§9): `agreed` undefined means no timer, `refused` means 422 with `headers`. */
export function answerInterval(request: SipHeaders): { refused: boolean; agreed: SessionExpires | undefined; headers: Header[] } {
  const asked = sessionExpiresOf(request)
  if (!asked) return { refused: false, agreed: undefined, headers: [] }
  const speaksTimer = [...request.all('Supported'), ...request.all('Require')].some((option) => option.toLowerCase() === 'timer')
  if (asked.seconds < SESSION_SECONDS_MIN && speaksTimer) return { refused: true, agreed: undefined, headers: [['Min-SE', `${SESSION_SECONDS_MIN}`]] }
  // One who does not speak of timers got the header from a proxy, so the refreshing is ours.
  const refresher = speaksTimer ? (asked.refresher ?? 'uac') : 'uas'
  const headers: Header[] = [['Supported', 'timer'], ['Session-Expires', `${asked.seconds};refresher=${refresher}`]]
  if (refresher === 'uac') headers.push(['Require', 'timer'])
  return { refused: false, agreed: { seconds: asked.seconds, refresher }, headers }
}

/** Runs one session: refreshes at half the interval when that is ours to do, and ends it a little before it would run out (§10). */
export class SessionTimer {
  readonly #clock: Clock
  readonly #refresh: () => void
  readonly #expire: () => void
  #cancels: Cancel[] = []
  #seconds: number | undefined

  constructor(options: { clock: Clock; refresh: () => void; expire: () => void }) {
    this.#clock = options.clock
    this.#refresh = options.refresh
    this.#expire = options.expire
  }

  /** The interval in force. */
  get seconds(): number | undefined {
    return this.#seconds
  }

  restart(seconds: number, weRefresh: boolean): void {
    this.stop()
    this.#seconds = seconds
    const intervalMs = seconds * 1_000
    if (weRefresh) this.#cancels.push(this.#clock.after(intervalMs / 2, () => this.#refresh()))
    this.#cancels.push(this.#clock.after(intervalMs - Math.min(32_000, intervalMs / 3), () => this.#expire()))
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels = []
    this.#seconds = undefined
  }
}
