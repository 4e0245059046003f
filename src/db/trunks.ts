// Knows the trunks table: configurations with their versions, and passwords as sealed bytes. Does not know what a configuration means.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'
import { toJsonb } from './jsonb.ts'

/** A trunk was added, changed or removed; no payload. */
export const trunksChannel = 'trunks_changed'

export type StoredTrunk = {
  name: string
  /** Without passwords. */
  config: unknown
  secrets: Buffer | null
  enabled: boolean
  /** Different for every change of any trunk, and never used again. */
  version: number
  createdAt: Date
  updatedAt: Date
}

export type NewTrunk = Pick<StoredTrunk, 'name' | 'config' | 'secrets' | 'enabled'>

const trunkColumns = sql`name, config, secrets, enabled, version, created_at as "createdAt", updated_at as "updatedAt"`

/** By name. */
export async function storedTrunks(db: Queryable): Promise<StoredTrunk[]> {
  const { rows } = await sql<StoredTrunk>`select ${trunkColumns} from trunks order by name`.execute(db)
  return rows
}

export async function findTrunk(db: Queryable, name: string): Promise<StoredTrunk | undefined> {
  const { rows } = await sql<StoredTrunk>`select ${trunkColumns} from trunks where name = ${name}`.execute(db)
  return rows[0]
}

/** What is in force right now; cheap enough to ask for every claim. */
export async function trunkVersions(db: Queryable): Promise<{ name: string; enabled: boolean; version: number }[]> {
  const { rows } = await sql<{ name: string; enabled: boolean; version: number }>`select name, enabled, version from trunks`.execute(db)
  return rows
}

/** Undefined when there is one of that name. */
export async function insertTrunk(db: Queryable, trunk: NewTrunk): Promise<StoredTrunk | undefined> {
  const { rows } = await sql<StoredTrunk>`
    with changed as (
      insert into trunks (name, config, secrets, enabled) values (${trunk.name}, ${toJsonb(trunk.config)}::jsonb, ${trunk.secrets}, ${trunk.enabled})
      on conflict do nothing returning *),
    told as (select pg_notify(${trunksChannel}, '') from changed)
    select ${trunkColumns} from changed left join told on true`.execute(db)
  return rows[0]
}

/** Only the version that the caller has read is replaced. Undefined: there is another one by now, or none. */
export async function replaceTrunk(db: Queryable, trunk: NewTrunk, version: number): Promise<StoredTrunk | undefined> {
  const { rows } = await sql<StoredTrunk>`
    with changed as (
      update trunks set config = ${toJsonb(trunk.config)}::jsonb, secrets = ${trunk.secrets}, enabled = ${trunk.enabled},
                        version = nextval('trunk_versions'), updated_at = now()
      where name = ${trunk.name} and version = ${version} returning *),
    told as (select pg_notify(${trunksChannel}, '') from changed)
    select ${trunkColumns} from changed left join told on true`.execute(db)
  return rows[0]
}

/** With what was learnt about it. False: there is another version by now, or none. */
export async function deleteTrunk(db: Queryable, name: string, version: number): Promise<boolean> {
  const { rows } = await sql`
    with gone as (delete from trunks where name = ${name} and version = ${version} returning name),
    state as (delete from trunk_states where trunk in (select name from gone)),
    nodes as (delete from trunk_nodes where trunk in (select name from gone)),
    callers as (delete from trunk_callers where trunk in (select name from gone)),
    told as (select pg_notify(${trunksChannel}, '') from gone)
    select gone.name from gone left join told on true`.execute(db)
  return rows.length > 0
}
