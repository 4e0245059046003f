// Knows in which order the rules on calling somebody are asked and what follows. Pure: all facts come in, time included. Does not know the database.
import { neverDial } from '../../numbering/never-dial.ts'
import { callingHours, type DayWindow } from './calling-hours.ts'
import { frequency, type FrequencyLimit } from './frequency.ts'

export type AdmissionRules = {
  hours: readonly DayWindow[]
  frequency: readonly FrequencyLimit[]
  testNumbers: readonly string[]
}

export type AdmissionFacts = {
  /** E.164. */
  phone: string
  exempt: { hours: boolean; frequency: boolean }
  /** The entry of the do-not-call list that covers this callee for this account. */
  doNotCall: { scope: 'account' | 'everybody' } | undefined
  /** Unix times of earlier attempts to this callee over all accounts, as far back as the limits reach. */
  attemptsMs: readonly number[]
  /** A call to this callee is dialing, ringing or talking right now. */
  inCall: boolean
}

export type Admission =
  | { verdict: 'dial' }
  /** Possible later; asked again then. */
  | { verdict: 'wait'; why: 'window' | 'frequency'; untilMs: number; detail: string }
  | { verdict: 'refuse'; why: 'never-dial' | 'do-not-call'; detail: string }

/** Two calls at once to one callee would answer each other's engaged tone; ask again after this long. */
const inCallAgainMs = 30_000

/** May this callee be dialled at `nowMs`? The never-dial list comes first and nothing exempts from it. */
export function admit(nowMs: number, facts: AdmissionFacts, rules: AdmissionRules): Admission {
  const never = neverDial(facts.phone)
  if (never) return { verdict: 'refuse', why: 'never-dial', detail: never.reason }
  if (facts.doNotCall) {
    const detail = facts.doNotCall.scope === 'account' ? '该号码在免打扰名单中（对方要求或您已登记）' : '该号码在平台免打扰名单中'
    return { verdict: 'refuse', why: 'do-not-call', detail }
  }
  const waits: Extract<Admission, { verdict: 'wait' }>[] = []
  if (!facts.exempt.hours && !rules.testNumbers.includes(facts.phone)) {
    const hours = callingHours(nowMs, rules.hours)
    if (!hours.open) waits.push({ verdict: 'wait', why: 'window', untilMs: hours.opensAtMs, detail: '不在可呼时段内' })
  }
  if (!facts.exempt.frequency) {
    const often = frequency(nowMs, facts.attemptsMs, rules.frequency)
    if (!often.allowed) {
      const { count, windowMs } = often.limit
      waits.push({ verdict: 'wait', why: 'frequency', untilMs: often.allowedAtMs, detail: `同一被叫 ${spell(windowMs)}内最多拨打 ${count} 次` })
    }
    if (facts.inCall) waits.push({ verdict: 'wait', why: 'frequency', untilMs: nowMs + inCallAgainMs, detail: '与该被叫的另一通电话尚未结束' })
  }
  // The one that lasts longest is the true reason; the others will be over by then.
  return waits.sort((a, b) => b.untilMs - a.untilMs)[0] ?? { verdict: 'dial' }
}

function spell(windowMs: number): string {
  if (windowMs % 3_600_000 === 0) return `${windowMs / 3_600_000} 小时`
  return `${Math.round(windowMs / 1_000)} 秒`
}
