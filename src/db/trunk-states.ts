// Knows the tables about how trunks are doing: what attempts say, how each process reaches them, how much runs over them. Does not know what follows from it.
import { sql } from 'kysely'
import { toJsonb } from './jsonb.ts'
import type { Queryable, Tx } from './connection.ts'

export type TrunkStateRow = {
  trunk: string
  backingOffUntil: Date | null
  backingOffBecause: string | null
  backingOffSteps: number
  backingOffSince: Date | null
  faultsInRow: number
  suspectUntil: Date | null
  suspectBecause: string | null
  recent: unknown
  failures: unknown
}

const stateColumns = sql`
  trunk, backing_off_until as "backingOffUntil", backing_off_because as "backingOffBecause", backing_off_steps as "backingOffSteps",
  backing_off_since as "backingOffSince", faults_in_row as "faultsInRow", suspect_until as "suspectUntil",
  suspect_because as "suspectBecause", recent, failures`

/** A trunk that nothing is known of has no row. */
export async function trunkStates(db: Queryable, trunks: readonly string[]): Promise<TrunkStateRow[]> {
  const { rows } = await sql<TrunkStateRow>`select ${stateColumns} from trunk_states where trunk = any (${trunks}::text[])`.execute(db)
  return rows
}

/** Locked until the transaction ends, so that no process overwrites what another has learnt. */
export async function lockTrunkState(tx: Tx, trunk: string): Promise<TrunkStateRow> {
  await sql`insert into trunk_states (trunk) values (${trunk}) on conflict do nothing`.execute(tx)
  const { rows } = await sql<TrunkStateRow>`select ${stateColumns} from trunk_states where trunk = ${trunk} for update`.execute(tx)
  return rows[0]!
}

export async function saveTrunkState(tx: Tx, state: TrunkStateRow): Promise<void> {
  await sql`
    update trunk_states set backing_off_until = ${state.backingOffUntil}, backing_off_because = ${state.backingOffBecause},
      backing_off_steps = ${state.backingOffSteps}, backing_off_since = ${state.backingOffSince}, faults_in_row = ${state.faultsInRow},
      suspect_until = ${state.suspectUntil}, suspect_because = ${state.suspectBecause},
      recent = ${toJsonb(state.recent)}::jsonb, failures = ${toJsonb(state.failures)}::jsonb
    where trunk = ${state.trunk}`.execute(tx)
}

/** Forgets what was learnt about a trunk: whoever changed or enabled it wants it tried afresh. */
export async function forgetTrunkState(db: Queryable, trunk: string): Promise<void> {
  await sql`delete from trunk_states where trunk = ${trunk}`.execute(db)
}

export type TrunkNodeRow = { trunk: string; node: string; up: boolean; detail: unknown; renewedAt: Date }

/** Says how this process reaches its trunks, by the clock of the database, and forgets processes that were not heard of for `keptMs`. */
export async function renewTrunkNodes(db: Queryable, node: string, trunks: readonly { trunk: string; up: boolean; detail: unknown }[], keptMs: number): Promise<void> {
  await sql`
    insert into trunk_nodes (trunk, node, up, detail, renewed_at)
    select v.trunk, ${node}, v.up, v.detail, clock_timestamp()
    from unnest(${trunks.map(({ trunk }) => trunk)}::text[], ${trunks.map(({ up }) => up)}::bool[], ${trunks.map(({ detail }) => toJsonb(detail))}::jsonb[]) as v (trunk, up, detail)
    on conflict (trunk, node) do update set up = excluded.up, detail = excluded.detail, renewed_at = excluded.renewed_at`.execute(db)
  await sql`
    delete from trunk_nodes where renewed_at < clock_timestamp() - ${keptMs} * interval '1 millisecond'
      or (node = ${node} and trunk <> all (${trunks.map(({ trunk }) => trunk)}::text[]))`.execute(db)
}

/** This process ends. */
export async function forgetTrunkNode(db: Queryable, node: string): Promise<void> {
  await sql`delete from trunk_nodes where node = ${node}`.execute(db)
}

export async function trunkNodes(db: Queryable, trunk: string, keptMs: number): Promise<TrunkNodeRow[]> {
  const { rows } = await sql<TrunkNodeRow>`
    select trunk, node, up, detail, renewed_at as "renewedAt" from trunk_nodes
    where trunk = ${trunk} and renewed_at >= clock_timestamp() - ${keptMs} * interval '1 millisecond' order by node`.execute(db)
  return rows
}

export type TrunkLoadRow = { trunk: string; callerId: string; running: number; lastUsedAt: Date | null }

/** What runs over each number of these trunks and when it was last shown. The call `except` does not count. */
export async function trunkLoads(db: Queryable, trunks: readonly string[], except: string | undefined): Promise<TrunkLoadRow[]> {
  const { rows } = await sql<TrunkLoadRow>`
    select coalesce(r.trunk, u.trunk) as trunk, coalesce(r.caller_id, u.caller_id) as "callerId", coalesce(r.running, 0) as running, u.last_used_at as "lastUsedAt"
    from (select trunk, caller_id, count(*)::int as running from (
            select trunk, caller_id from calls
            where status in ('dialing', 'ringing', 'talking') and trunk is not null and trunk = any (${trunks}::text[]) and id <> ${except ?? ''}
            union all
            select l.trunk, l.caller_id from call_legs l join calls c on c.id = l.call_id
            where l.ended_at is null and l.trunk = any (${trunks}::text[]) and c.status in ('dialing', 'ringing', 'talking')) as both_kinds
          group by trunk, caller_id) as r
    full join (select * from trunk_callers where trunk = any (${trunks}::text[])) as u on u.trunk = r.trunk and u.caller_id = r.caller_id`.execute(db)
  return rows
}

/** How many attempts each trunk has begun since its moment. */
export async function trunkStarts(db: Queryable, trunks: readonly { trunk: string; since: Date }[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ trunk: string; started: number }>`
    select v.trunk, (select count(*)::int from call_attempts a where a.trunk = v.trunk and a.started_at > v.since)
                  + (select count(*)::int from call_legs l where l.trunk = v.trunk and l.started_at > v.since) as started
    from unnest(${trunks.map(({ trunk }) => trunk)}::text[], ${trunks.map(({ since }) => since)}::timestamptz[]) as v (trunk, since)`.execute(db)
  return new Map(rows.map(({ trunk, started }) => [trunk, started]))
}
