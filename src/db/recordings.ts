// Knows where the recordings of ended calls lie. Does not know files or stores.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'

export type KeptRecording = { id: string; endedAt: Date; recording: string }

/** Up to `limit` recordings that lie in files, of any node, after that one, the longest ended first. */
export async function recordingsInFiles(db: Queryable, p: { after: { endedAt: Date; id: string } | undefined; limit: number }): Promise<KeptRecording[]> {
  const { rows } = await sql<KeptRecording>`
    select id, ended_at as "endedAt", recording from calls
    where recording is not null and recording not like 's3://%' and ended_at is not null
      and (${p.after === undefined}::boolean or (ended_at, id) > (${p.after?.endedAt ?? null}::timestamptz, ${p.after?.id ?? null}::text))
    order by ended_at, id limit ${p.limit}`.execute(db)
  return rows
}

/** Up to `limit` recordings in that bucket of calls that ended before that moment, the longest ended first. */
export async function recordingsInStore(db: Queryable, p: { bucket: string; endedBefore: Date; limit: number }): Promise<KeptRecording[]> {
  const { rows } = await sql<KeptRecording>`
    select id, ended_at as "endedAt", recording from calls
    where recording like 's3://%' and starts_with(recording, ${`s3://${p.bucket}/`}) and ended_at < ${p.endedBefore}
    order by ended_at, id limit ${p.limit}`.execute(db)
  return rows
}

/** Of these calls those that have ended; unknown ones and those under way are left out. */
export async function endedCalls(db: Queryable, ids: readonly string[]): Promise<{ id: string; endedAt: Date; recording: string | null }[]> {
  const { rows } = await sql<{ id: string; endedAt: Date; recording: string | null }>`
    select id, ended_at as "endedAt", recording from calls where id = any(${ids}::text[]) and status = 'ended'`.execute(db)
  return rows
}

/** False when the recording is not where it was any more; then nothing was written. */
export async function recordingMoved(db: Queryable, p: { id: string; from: string; to: string }): Promise<boolean> {
  const { rows } = await sql`update calls set recording = ${p.to} where id = ${p.id} and recording = ${p.from} returning id`.execute(db)
  return rows.length > 0
}

/** The recording is gone for good; the moment stays as evidence. */
export async function recordingRemoved(db: Queryable, p: { id: string; from: string; now: Date }): Promise<void> {
  await sql`update calls set recording = null, recording_removed_at = ${p.now} where id = ${p.id} and recording = ${p.from}`.execute(db)
}
