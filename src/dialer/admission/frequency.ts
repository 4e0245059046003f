// Knows how often one callee may be tried. Does not know who tries or why: every attempt counts, failures included.

/** At most `count` attempts in any `windowMs`. */
export type FrequencyLimit = { count: number; windowMs: number }

export type FrequencyVerdict = { allowed: true } | { allowed: false; allowedAtMs: number; limit: FrequencyLimit }

/**
 * May a callee be tried at `nowMs`? Windows slide: the n-th last attempt must have left the window.
 * `attemptsMs`: Unix times of earlier attempts, in any order; those after `nowMs` (another node's clock) count as just now.
 */
export function frequency(nowMs: number, attemptsMs: readonly number[], limits: readonly FrequencyLimit[]): FrequencyVerdict {
  const latestFirst = attemptsMs.map((atMs) => Math.min(atMs, nowMs)).sort((a, b) => b - a)
  let verdict: FrequencyVerdict = { allowed: true }
  for (const limit of limits) {
    const nth = latestFirst[limit.count - 1]
    if (nth === undefined) continue
    const allowedAtMs = nth + limit.windowMs
    if (allowedAtMs > nowMs && (verdict.allowed || allowedAtMs > verdict.allowedAtMs)) verdict = { allowed: false, allowedAtMs, limit }
  }
  return verdict
}

/** How far back attempts must be known, and how many of the latest. */
export function frequencyReach(limits: readonly FrequencyLimit[]): { windowMsMax: number; countMax: number } {
  return {
    windowMsMax: Math.max(0, ...limits.map((limit) => limit.windowMs)),
    countMax: Math.max(0, ...limits.map((limit) => limit.count)),
  }
}
