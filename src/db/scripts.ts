// Knows the tables scripts and script_versions. Does not know what a script says or who may publish it.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'
import { toText } from './jsonb.ts'

/** Owner of the scripts that come with the program. No account has this id. */
export const libraryOwner = 'library'

export type DraftState = 'draft' | 'submitted' | 'refused'
export type StoredScript = {
  owner: string
  id: string
  title: string
  purpose: string
  /** Absent: there is nothing beyond what is published. */
  draft: { source: string; revision: number; state: DraftState; why: string; at: Date } | undefined
  /** Of the last draft, whether it is still there or not. */
  revision: number
  published: { version: number; at: Date } | undefined
  retiredAt: Date | undefined
  createdAt: Date
  /** What clients that know scripts by numbers call it. */
  number: number
}
export type ScriptVersion = { version: number; createdAt: Date }

const columns = ['owner', 'id', 'title', 'purpose', 'draft', 'draft_revision', 'draft_state', 'draft_why', 'draft_at', 'published_version', 'published_at', 'retired_at', 'created_at', 'number'] as const
type Row = { owner: string; id: string; title: string; purpose: string; draft: string | null; draft_revision: number; draft_state: DraftState; draft_why: string; draft_at: Date | null; published_version: number | null; published_at: Date | null; retired_at: Date | null; created_at: Date; number: number }

function fromRow(row: Row): StoredScript {
  return {
    owner: row.owner, id: row.id, title: row.title, purpose: row.purpose, revision: row.draft_revision,
    draft: row.draft === null || row.draft_at === null ? undefined : { source: row.draft, revision: row.draft_revision, state: row.draft_state, why: row.draft_why, at: row.draft_at },
    published: row.published_version === null || row.published_at === null ? undefined : { version: row.published_version, at: row.published_at },
    retiredAt: row.retired_at ?? undefined, createdAt: row.created_at, number: row.number,
  }
}

/** Adds a draft or replaces it; whatever was submitted is a draft again. */
export async function putDraft(db: Queryable, p: { owner: string; id: string; title: string; purpose: string; source: string; at: Date }): Promise<void> {
  await db
    .insertInto('scripts')
    .values({ owner: p.owner, id: p.id, title: toText(p.title), purpose: p.purpose, draft: toText(p.source), draft_revision: 1, draft_at: p.at })
    .onConflict((on) => on.columns(['owner', 'id']).doUpdateSet((eb) => ({
      // What is published keeps its name until the draft takes its place.
      title: eb.case().when('scripts.published_version', 'is', null).then(toText(p.title)).else(eb.ref('scripts.title')).end(),
      purpose: eb.case().when('scripts.published_version', 'is', null).then(p.purpose).else(eb.ref('scripts.purpose')).end(),
      draft: toText(p.source), draft_revision: eb('scripts.draft_revision', '+', 1), draft_state: 'draft', draft_why: '', draft_at: p.at,
    })))
    .execute()
}

export async function findScript(db: Queryable, owner: string, id: string): Promise<StoredScript | undefined> {
  const row = await db.selectFrom('scripts').select(columns).where('owner', '=', owner).where('id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

/** Of one of the owners. */
export async function findScriptByNumber(db: Queryable, owners: readonly string[], number: number): Promise<StoredScript | undefined> {
  const row = await db.selectFrom('scripts').select(columns).where('owner', 'in', owners).where('number', '=', number).executeTakeFirst()
  return row && fromRow(row)
}

/** What clients that know scripts by numbers call these; an account's own before one of the library. In the order of `scripts`. */
export async function scriptNumbers(db: Queryable, scripts: readonly { accountId: string; script: string }[]): Promise<(number | undefined)[]> {
  const { rows } = await sql<{ number: number | null }>`
    select (select s.number from scripts s where s.id = v.id and s.owner in (v.account, ${libraryOwner}) order by s.owner = ${libraryOwner} limit 1) as number
    from unnest(${scripts.map(({ accountId }) => accountId)}::text[], ${scripts.map(({ script }) => script)}::text[]) with ordinality as v (account, id, nth) order by v.nth`.execute(db)
  return rows.map(({ number }) => number ?? undefined)
}

/** Locks it until the transaction ends. */
export async function lockScript(tx: Tx, owner: string, id: string): Promise<StoredScript | undefined> {
  const row = await tx.selectFrom('scripts').select(columns).where('owner', '=', owner).where('id', '=', id).forUpdate().executeTakeFirst()
  return row && fromRow(row)
}

/** Those of the owners, by id. */
export async function scriptsOf(db: Queryable, owners: readonly string[], limit: number): Promise<StoredScript[]> {
  const rows = await db.selectFrom('scripts').select(columns).where('owner', 'in', owners).orderBy('id').limit(limit).execute()
  return rows.map(fromRow)
}

export async function setDraft(tx: Tx, { owner, id }: { owner: string; id: string }, draft: { state: DraftState; why: string } | 'none'): Promise<void> {
  await tx.updateTable('scripts').set(draft === 'none' ? { draft: null, draft_why: '', draft_state: 'draft' } : { draft_state: draft.state, draft_why: toText(draft.why) }).where('owner', '=', owner).where('id', '=', id).execute()
}

/** `version` undefined: nothing is published any more. */
export async function setPublished(tx: Tx, { owner, id }: { owner: string; id: string }, p: { version: number | undefined; at: Date; title?: string | undefined; purpose?: string | undefined }): Promise<void> {
  const named = p.title === undefined ? {} : { title: toText(p.title), purpose: p.purpose ?? '' }
  await tx
    .updateTable('scripts')
    .set(p.version === undefined ? { published_version: null, published_at: null, retired_at: p.at } : { published_version: p.version, published_at: p.at, retired_at: null, ...named })
    .where('owner', '=', owner)
    .where('id', '=', id)
    .execute()
}

/** Adds a script without a draft, for what comes with the program. */
export async function addScript(tx: Tx, p: { owner: string; id: string; title: string; purpose: string }): Promise<void> {
  await tx.insertInto('scripts').values(p).onConflict((on) => on.columns(['owner', 'id']).doNothing()).execute()
}

export async function addVersion(tx: Tx, p: { owner: string; id: string; version: number; source: string; sha256: Buffer; at: Date }): Promise<void> {
  const { at, ...row } = p
  await tx.insertInto('script_versions').values({ ...row, source: toText(row.source), created_at: at }).execute()
}

/** The newest first. */
export async function versionsOf(db: Queryable, owner: string, id: string, limit: number): Promise<ScriptVersion[]> {
  const rows = await db.selectFrom('script_versions').select(['version', 'created_at']).where('owner', '=', owner).where('id', '=', id).orderBy('version', 'desc').limit(limit).execute()
  return rows.map(({ version, created_at }) => ({ version, createdAt: created_at }))
}

/** The newest first. */
export async function digestsOf(db: Queryable, owner: string, id: string): Promise<{ version: number; sha256: Buffer }[]> {
  return await db.selectFrom('script_versions').select(['version', 'sha256']).where('owner', '=', owner).where('id', '=', id).orderBy('version', 'desc').execute()
}

/** The last version that any of the owners has published of an id; 0: none. */
export async function lastVersion(db: Queryable, owners: readonly string[], id: string): Promise<number> {
  const row = await db.selectFrom('script_versions').select(({ fn }) => fn.max('version').as('last')).where('owner', 'in', owners).where('id', '=', id).executeTakeFirst()
  return row?.last ?? 0
}

/** The version of an account, or that of the library where the account has none of this number. */
export async function findVersion(db: Queryable, accountId: string, id: string, version: number): Promise<{ owner: string; source: string; sha256: Buffer } | undefined> {
  const rows = await db.selectFrom('script_versions').select(['owner', 'source', 'sha256']).where('owner', 'in', [accountId, libraryOwner]).where('id', '=', id).where('version', '=', version).execute()
  return rows.find(({ owner }) => owner === accountId) ?? rows[0]
}
