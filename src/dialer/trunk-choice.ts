// Knows which trunk and which caller number an attempt takes, and why there is none. Pure: limits, loads, health, time and chance come in. Does not know the database or SIP.

/** What the choice needs of a trunk's configuration. */
export type TrunkTerms = {
  name: string
  /** Of its configuration; 0 for a built-in trunk, which does not change. */
  version: number
  callers: readonly { number: string; concurrencyMax?: number | undefined }[]
  /** Both over all processes. */
  concurrencyMax: number
  cps: number
  /** Lowest first. */
  priority: number
  /** Share among equals; 0 only when all others are blocked. */
  weight: number
  ringMsMax: number
}

/** Over all processes. */
export type TrunkLoad = {
  /** Calls dialing, ringing or talking. */
  running: number
  /** Attempts begun within the last `cpsWindowMs(cps)`. */
  started: number
  /** By number; a number that is not in it was never shown. */
  callers: Map<string, { running: number; lastUsedMs: number }>
}

export type Candidate = {
  terms: TrunkTerms
  load: TrunkLoad
  /** As this process reaches it. */
  up: boolean
  /** Nothing may start before. */
  backingOffUntilMs: number | undefined
  /** Its answers look as if the carrier had blocked it. */
  suspect: boolean
}

/** What the request asked for. */
export type Wish = { trunk?: string | undefined; caller?: string | undefined }

/** Why nothing can be dialled. The order of this list is the order of hope: what comes first is told when several hold. */
export const lineReasons = ['pace', 'callers-full', 'full', 'backing-off', 'down', 'no-such-caller', 'no-such-trunk', 'none'] as const
export type LineReason = (typeof lineReasons)[number]
export type Blocked = { why: LineReason; untilMs?: number | undefined }

export type Choice = { trunk: TrunkTerms; callerId: string } | { blocked: Blocked }

export type ChoiceInput = {
  candidates: readonly Candidate[]
  wish?: Wish | undefined
  /** Trunks that have failed this call already. */
  except?: ReadonlySet<string> | undefined
  nowMs: number
  /** 0..1, below 1. */
  dice: number
}

/** How far back starts are counted for `cps`: a second, or longer when less than one call per second is allowed. */
export function cpsWindowMs(cps: number): number {
  return cps >= 1 ? 1_000 : Math.ceil(1_000 / cps)
}

/** Healthy before suspect, then lowest priority, then by weight; of its numbers the one that was shown longest ago. */
export function chooseTrunk({ candidates, wish = {}, except, nowMs, dice }: ChoiceInput): Choice {
  const named = candidates.filter(({ terms }) => (wish.trunk === undefined || terms.name === wish.trunk) && !except?.has(terms.name))
  if (named.length === 0) return { blocked: { why: wish.trunk === undefined ? 'none' : 'no-such-trunk' } }
  const judged = named.map((candidate) => ({ candidate, verdict: judge(candidate, wish, nowMs) }))
  const free = judged.flatMap(({ candidate, verdict }) => ('callerId' in verdict ? [{ candidate, callerId: verdict.callerId }] : []))
  if (free.length === 0) return { blocked: mostHopeful(judged.flatMap(({ verdict }) => ('why' in verdict ? [verdict] : []))) }
  const best = free.toSorted((a, b) => Number(a.candidate.suspect) - Number(b.candidate.suspect) || a.candidate.terms.priority - b.candidate.terms.priority)
  const first = best[0]!.candidate
  const equals = best.filter(({ candidate }) => candidate.suspect === first.suspect && candidate.terms.priority === first.terms.priority)
  const chosen = equals[drawn(equals.map(({ candidate }) => candidate.terms.weight), dice)]!
  return { trunk: chosen.candidate.terms, callerId: chosen.callerId }
}

/** Counts an attempt that was chosen, so that the next choice sees it. Changes `candidates`. */
export function countAttempt(candidates: readonly Candidate[], chosen: { trunk: TrunkTerms; callerId: string }, nowMs: number): void {
  const load = candidates.find(({ terms }) => terms.name === chosen.trunk.name)!.load
  load.running += 1
  load.started += 1
  load.callers.set(chosen.callerId, { running: (load.callers.get(chosen.callerId)?.running ?? 0) + 1, lastUsedMs: nowMs })
}

/** The number that the trunk would show, or what keeps it from being used. */
function judge({ terms, load, up, backingOffUntilMs }: Candidate, { caller }: Wish, nowMs: number): { callerId: string } | Blocked {
  if (caller !== undefined && !terms.callers.some(({ number }) => number === caller)) return { why: 'no-such-caller' }
  if (!up) return { why: 'down' }
  if (backingOffUntilMs !== undefined && backingOffUntilMs > nowMs) return { why: 'backing-off', untilMs: backingOffUntilMs }
  if (load.running >= terms.concurrencyMax) return { why: 'full' }
  const callerId = longestUnused(terms, load, caller)
  if (callerId === undefined) return { why: 'callers-full' }
  if (load.started >= Math.max(1, Math.floor(terms.cps))) return { why: 'pace' }
  return { callerId }
}

function longestUnused({ callers }: TrunkTerms, load: TrunkLoad, wanted: string | undefined): string | undefined {
  let best: { number: string; lastUsedMs: number; running: number } | undefined
  for (const { number, concurrencyMax } of callers) {
    if (wanted !== undefined && number !== wanted) continue
    const { running, lastUsedMs } = load.callers.get(number) ?? { running: 0, lastUsedMs: -Infinity }
    if (concurrencyMax !== undefined && running >= concurrencyMax) continue
    // Within one batch all are used at the same moment: then the one with the fewest calls.
    if (best === undefined || lastUsedMs < best.lastUsedMs || (lastUsedMs === best.lastUsedMs && running < best.running)) best = { number, lastUsedMs, running }
  }
  return best?.number
}

function mostHopeful(blocks: readonly Blocked[]): Blocked {
  const why = lineReasons.find((reason) => blocks.some((block) => block.why === reason))!
  const untils = blocks.flatMap((block) => (block.why === why && block.untilMs !== undefined ? [block.untilMs] : []))
  return untils.length === 0 ? { why } : { why, untilMs: Math.min(...untils) }
}

/** Index of one of the weights. All of them 0: evenly. */
function drawn(weights: readonly number[], dice: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0) return Math.floor(dice * weights.length)
  let rest = dice * total
  const at = weights.findIndex((weight) => (rest -= weight) < 0)
  // Sums of fractions can miss the end by a hair.
  return at === -1 ? weights.findLastIndex((weight) => weight > 0) : at
}
