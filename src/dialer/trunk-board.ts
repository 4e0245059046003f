// Knows how the facts for the choice of a trunk are gathered: terms, load over all processes, health. Does not choose.
import type { Queryable } from '../db/connection.ts'
import { trunkLoads, trunkStarts, trunkStates } from '../db/trunk-states.ts'
import { trunkVersions } from '../db/trunks.ts'
import { cpsWindowMs, type Candidate, type TrunkLoad } from './trunk-choice.ts'
import type { TrunkDirectory } from './trunk-directory.ts'

/**
 * The trunks of a line with what runs over them. Exact while the caller holds the lock of the line.
 * A trunk that was changed, disabled or removed is left out from that moment on, also where this process has not followed yet.
 * The call `exceptCall` does not count: it is looking for another trunk.
 */
export async function readBoard(db: Queryable, p: { trunks: TrunkDirectory; line: string; nowMs: number; exceptCall?: string | undefined }): Promise<Candidate[]> {
  const all = p.trunks.of(p.line)
  const hasStored = all.some(({ version }) => version > 0)
  const inForce = new Map((hasStored ? await trunkVersions(db) : []).filter(({ enabled }) => enabled).map(({ name, version }) => [name, version]))
  const known = all.filter(({ name, version }) => version === 0 || inForce.get(name) === version)
  if (hasStored && known.length < all.length) void p.trunks.reload().catch(() => {})
  if (known.length === 0) return []
  const names = known.map(({ name }) => name)
  const loads = new Map<string, TrunkLoad>(names.map((name) => [name, { running: 0, started: 0, callers: new Map() }]))
  for (const { trunk, callerId, running, lastUsedAt } of await trunkLoads(db, names, p.exceptCall)) {
    const load = loads.get(trunk)!
    load.running += running
    load.callers.set(callerId, { running, lastUsedMs: lastUsedAt?.getTime() ?? -Infinity })
  }
  const starts = await trunkStarts(db, known.map(({ name, cps }) => ({ trunk: name, since: new Date(p.nowMs - cpsWindowMs(cps)) })))
  for (const [trunk, started] of starts) loads.get(trunk)!.started = started
  const states = new Map((await trunkStates(db, names)).map((state) => [state.trunk, state]))
  return known.map((terms) => {
    const state = states.get(terms.name)
    return {
      terms,
      load: loads.get(terms.name)!,
      up: p.trunks.runtime.isUp(terms.name),
      backingOffUntilMs: state?.backingOffUntil?.getTime(),
      suspect: (state?.suspectUntil?.getTime() ?? -Infinity) > p.nowMs,
    }
  })
}
