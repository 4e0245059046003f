// Knows the tables of imports: the file in pieces, how far it was read, which rows were refused. Does not know tables' formats or the rules.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'
import { toJsonb, toText } from './jsonb.ts'

/** An import waits to be read; no payload. */
export const importsChannel = 'task_imports'

export type ImportStatus = 'uploading' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'

export type ImportRow = {
  id: string
  accountId: string
  taskId: number
  fileName: string
  wish: unknown
  status: ImportStatus
  bytes: number
  rowDone: number
  added: number
  refused: number
  share: number
  why: string | null
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

const columns = sql`
  i.id, i.account_id as "accountId", i.task_id as "taskId", i.file_name as "fileName", i.wish, i.status, i.bytes, i.row_done as "rowDone",
  i.added, i.refused, i.share, i.why, i.created_at as "createdAt", i.started_at as "startedAt", i.finished_at as "finishedAt"`

export async function insertImport(db: Queryable, p: { id: string; accountId: string; taskId: number; fileName: string; wish: unknown; now: Date }): Promise<void> {
  await sql`
    insert into task_imports (id, account_id, task_id, file_name, wish, created_at)
    values (${p.id}, ${p.accountId}, ${p.taskId}, ${toText(p.fileName)}, ${toJsonb(p.wish)}::jsonb, ${p.now})`.execute(db)
}

export async function findImport(db: Queryable, accountId: string, id: string): Promise<ImportRow | undefined> {
  const { rows } = await sql<ImportRow>`select ${columns} from task_imports i where i.id = ${id} and i.account_id = ${accountId}`.execute(db)
  return rows[0]
}

/** Newest first. */
export async function importsOfTask(db: Queryable, accountId: string, taskId: number, limit: number): Promise<ImportRow[]> {
  const { rows } = await sql<ImportRow>`
    select ${columns} from task_imports i where i.task_id = ${taskId} and i.account_id = ${accountId} order by i.created_at desc limit ${limit}`.execute(db)
  return rows
}

/** Files of an account that are being uploaded, or wait to be read. */
export async function countOpenImports(db: Queryable, accountId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from task_imports where account_id = ${accountId} and status in ('uploading', 'waiting', 'running')`.execute(db)
  return rows[0]!.n
}

/** Appends to the file when it is as long as `start` says and still being uploaded. False: it is not. */
export async function appendPiece(tx: Tx, id: string, start: number, bytes: Uint8Array): Promise<boolean> {
  const { rows } = await sql`
    update task_imports set bytes = bytes + ${bytes.length} where id = ${id} and bytes = ${start} and status = 'uploading' returning id`.execute(tx)
  if (rows.length === 0) return false
  await sql`insert into task_import_pieces (import_id, start, bytes) values (${id}, ${start}, ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)})`.execute(tx)
  return true
}

/** From `start` on, at most `lengthMax` bytes and to the end of a piece at most. Undefined behind the end. */
export async function readPiece(db: Queryable, id: string, start: number, lengthMax: number): Promise<Buffer | undefined> {
  const { rows } = await sql<{ bytes: Buffer }>`
    select substring(p.bytes from (${start}::bigint - p.start + 1)::int for ${lengthMax}::int) as bytes
    from task_import_pieces p where p.import_id = ${id} and p.start <= ${start} order by p.start desc limit 1`.execute(db)
  return rows[0] && rows[0].bytes.length > 0 ? rows[0].bytes : undefined
}

/** The file is complete and may be read. False when it was started or given up already. */
export async function queueImport(tx: Tx, id: string, wish: unknown, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update task_imports set status = 'waiting', wish = ${toJsonb(wish)}::jsonb, started_at = ${now} where id = ${id} and status = 'uploading' returning id`.execute(tx)
  if (rows.length > 0) await sql`select pg_notify(${importsChannel}, '')`.execute(tx)
  return rows.length > 0
}

/** Takes the oldest import of at most so many bytes that waits, or whose reader was not heard of in time. Two readers never have the same. */
export async function claimImport(db: Queryable, p: { owner: string; bytesMax: number; now: Date; until: Date }): Promise<ImportRow | undefined> {
  const { rows } = await sql<ImportRow>`
    update task_imports i set status = 'running', lease_owner = ${p.owner}, lease_until = ${p.until}
    where i.id = (select id from task_imports where bytes <= ${p.bytesMax} and (status = 'waiting' or (status = 'running' and lease_until < ${p.now}))
                  order by created_at limit 1 for update skip locked)
    returning ${columns}`.execute(db)
  return rows[0]
}

export type Refusal = { row: number; phone: string; code: string; reason: string }

/**
 * One block of rows is behind us. `already`: it was recorded before, when the answer to a commit was lost. `lost`: somebody else reads the
 * file now, or it was cancelled; nothing is written.
 */
export async function recordBlock(
  tx: Tx,
  id: string,
  p: { owner: string; until: Date; rowDone: number; added: number; share: number; refused: readonly Refusal[] },
): Promise<'written' | 'already' | 'lost'> {
  const { rows } = await sql<{ rowDone: number }>`
    select row_done as "rowDone" from task_imports where id = ${id} and status = 'running' and lease_owner = ${p.owner} for update`.execute(tx)
  if (rows[0] === undefined) return 'lost'
  if (rows[0].rowDone >= p.rowDone) return 'already'
  await sql`
    update task_imports set row_done = ${p.rowDone}, added = added + ${p.added}, refused = refused + ${p.refused.length}, share = ${p.share}, lease_until = ${p.until}
    where id = ${id}`.execute(tx)
  if (p.refused.length > 0) {
    await sql`
      insert into task_import_refusals (import_id, row, phone, code, reason)
      select ${id}, v.* from unnest(${p.refused.map(({ row }) => row)}::int[], ${p.refused.map(({ phone }) => toText(phone))}::text[],
        ${p.refused.map(({ code }) => code)}::text[], ${p.refused.map(({ reason }) => toText(reason))}::text[]) as v`.execute(tx)
  }
  return 'written'
}

/** Ends an import and forgets its file. False when it was over already, or (with `owner`) belongs to somebody else now. */
export async function endImport(tx: Tx, id: string, p: { status: 'done' | 'failed' | 'cancelled'; why?: string | undefined; owner?: string | undefined; now: Date }): Promise<boolean> {
  const { rows } = await sql`
    update task_imports set status = ${p.status}, why = ${p.why === undefined ? null : toText(p.why)}, finished_at = ${p.now}, lease_owner = null, lease_until = null,
      share = case when ${p.status} = 'done' then 1 else share end
    where id = ${id} and status in ('uploading', 'waiting', 'running') and (${p.owner ?? null}::text is null or lease_owner = ${p.owner ?? null}) returning id`.execute(tx)
  if (rows.length > 0) await sql`delete from task_import_pieces where import_id = ${id}`.execute(tx)
  return rows.length > 0
}

/** Lets go of an import at once, so that another process goes on with it. */
export async function releaseImport(db: Queryable, id: string, owner: string): Promise<void> {
  await sql`update task_imports set status = 'waiting', lease_owner = null, lease_until = null where id = ${id} and status = 'running' and lease_owner = ${owner}`.execute(db)
}

/** Uploads that nobody finished, given up. */
export async function forgetUploads(tx: Tx, before: Date, now: Date, limit: number): Promise<number> {
  const { rows } = await sql<{ id: string }>`select id from task_imports where status = 'uploading' and created_at < ${before} limit ${limit} for update skip locked`.execute(tx)
  for (const { id } of rows) await endImport(tx, id, { status: 'cancelled', why: '没有上传完 never finished', now })
  return rows.length
}

/** In the order of the file, behind `afterRow`. */
export async function refusalsOf(db: Queryable, id: string, afterRow: number, limit: number): Promise<Refusal[]> {
  const { rows } = await sql<Refusal>`
    select row, phone, code, reason from task_import_refusals where import_id = ${id} and row > ${afterRow} order by row limit ${limit}`.execute(db)
  return rows
}
