// Knows what the attempts over a trunk say about it: when to leave it alone for a while, and when it looks blocked. Pure. Does not know where that is kept.

/** How one attempt went, as far as the trunk is concerned. What happens after the first ringing says nothing more about it. */
export type AttemptResult = {
  startedMs: number
  /** When it was known. */
  atMs: number
  /** 100..699; undefined: something rang, or was answered. */
  status: number | undefined
  /** Our own finding and no answer of the trunk. */
  local?: 'timeout' | 'transport' | undefined
  retryAfterMs?: number | undefined
}

/** Bounded, so that it can be stored and shown as it is. Times are Unix milliseconds. */
export type TrunkHealth = {
  /** Left alone until then. `steps` doubles the time; attempts begun before `sinceMs` say nothing new. */
  backOff: { untilMs: number; sinceMs: number; steps: number; because: 'retry-after' | 'faults' } | undefined
  /** Trunk faults without anything better in between. */
  faultsInRow: number
  /** Its answers look as if the carrier had blocked it, e.g. a SIM: used last until then. */
  suspect: { untilMs: number; because: string } | undefined
  /** The latest attempts, oldest first: what they came to. */
  recent: readonly { atMs: number; came: Came }[]
  /** The latest failures that tell against it, oldest first. */
  failures: readonly { atMs: number; status: number; local?: 'timeout' | 'transport' | undefined; retryAfterMs?: number | undefined }[]
}

/** `fine`: the trunk did its part, whatever the callee did. */
type Came = 'fine' | 'fault' | '403' | '480' | '503'

export const healthLimits = {
  /** Faults in a row that say that it is the trunk and not one number. */
  faultsMin: 3,
  backOffMsMin: 1_000,
  backOffMsMax: 60_000,
  /** A trunk that asks to be left alone for longer is asked again after this. */
  retryAfterMsMax: 600_000,
  recentMax: 20,
  recentMsMax: 600_000,
  failuresMax: 10,
  /** So many of the recent attempts must tell the same before it is more than chance, … */
  suspectAttemptsMin: 12,
  /** … and such a share of them. Callees who are switched off give 480 as well, but never so many in a row. */
  suspectShare: 0.8,
  suspectMs: 600_000,
  /** So many attempts that ring clear a suspicion. */
  clearedBy: 3,
} as const

export const healthy: TrunkHealth = { backOff: undefined, faultsInRow: 0, suspect: undefined, recent: [], failures: [] }

/** What a trunk answers when it is blocked rather than broken. */
const refusals: ReadonlySet<number> = new Set([403, 480, 503])

/** True when the trunk could not do its part, so that another one may. */
export function isTrunkFault({ status, local }: Pick<AttemptResult, 'status' | 'local'>): boolean {
  if (status === undefined) return false
  return local !== undefined || (status >= 500 && status < 600)
}

/** The health after one more attempt. Attempts may come in any order. */
export function afterAttempt(health: TrunkHealth, result: AttemptResult): TrunkHealth {
  const came = cameOf(result)
  const recent = [...health.recent.filter(({ atMs }) => result.atMs - atMs <= healthLimits.recentMsMax), { atMs: result.atMs, came }].slice(-healthLimits.recentMax)
  const tells = came === 'fine' ? [] : [{ atMs: result.atMs, status: result.status!, ...(result.local && { local: result.local }), ...(result.retryAfterMs !== undefined && { retryAfterMs: result.retryAfterMs }) }]
  const failures = [...health.failures, ...tells].slice(-healthLimits.failuresMax)
  return suspectedBy({ ...backedOff(health, result), recent, failures, suspect: health.suspect }, result)
}

function cameOf(result: AttemptResult): Came {
  if (result.local === undefined && result.status !== undefined && refusals.has(result.status)) return String(result.status) as Came
  return isTrunkFault(result) ? 'fault' : 'fine'
}

function backedOff(health: TrunkHealth, result: AttemptResult): Pick<TrunkHealth, 'backOff' | 'faultsInRow'> {
  const { backOff } = health
  // It began before the trunk was left alone: we know that already. An answer from before does not take a wish of the trunk back.
  const isOld = backOff !== undefined && result.startedMs < backOff.sinceMs
  if (!isTrunkFault(result)) return isOld ? { backOff, faultsInRow: health.faultsInRow } : { backOff: undefined, faultsInRow: 0 }
  const faultsInRow = health.faultsInRow + 1
  if (result.retryAfterMs !== undefined && result.retryAfterMs > 0) {
    const untilMs = result.atMs + Math.min(result.retryAfterMs, healthLimits.retryAfterMsMax)
    if (backOff !== undefined && backOff.untilMs >= untilMs) return { backOff, faultsInRow }
    return { backOff: { untilMs, sinceMs: result.atMs, steps: backOff?.steps ?? 0, because: 'retry-after' }, faultsInRow }
  }
  if (isOld || faultsInRow < healthLimits.faultsMin) return { backOff, faultsInRow }
  const steps = (backOff?.steps ?? 0) + 1
  const untilMs = result.atMs + Math.min(healthLimits.backOffMsMin * 2 ** Math.min(steps - 1, 20), healthLimits.backOffMsMax)
  return { backOff: { untilMs, sinceMs: result.atMs, steps, because: 'faults' }, faultsInRow }
}

function suspectedBy(health: TrunkHealth, { atMs }: AttemptResult): TrunkHealth {
  const { recent } = health
  if (health.suspect !== undefined && health.suspect.untilMs > atMs) {
    return recent.filter(({ came }) => came === 'fine').length >= healthLimits.clearedBy ? { ...health, suspect: undefined } : health
  }
  const told = recent.filter(({ came }) => came !== 'fine' && came !== 'fault')
  if (recent.length < healthLimits.suspectAttemptsMin || told.length < healthLimits.suspectShare * recent.length) return { ...health, suspect: undefined }
  const counts = Map.groupBy(told, ({ came }) => came)
  const because = [...counts].map(([code, list]) => `${code}×${list.length}`).sort().join(' ')
  // Counted anew from here, so that what clears it comes after it.
  return { ...health, suspect: { untilMs: atMs + healthLimits.suspectMs, because: `${because} / ${recent.length}` }, recent: [] }
}
