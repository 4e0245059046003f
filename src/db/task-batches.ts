// Knows the task_batches table: additions that were answered. Does not know what was in them.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'
import { toJsonb } from './jsonb.ts'

export async function findBatch(db: Queryable, taskId: number, key: string): Promise<{ bodySha256: Buffer; answer: unknown } | undefined> {
  const { rows } = await sql<{ bodySha256: Buffer; answer: unknown }>`
    select body_sha256 as "bodySha256", answer from task_batches where task_id = ${taskId} and key = ${key}`.execute(db)
  return rows[0]
}

/** Waits for whoever adds under the same key at this moment. False when the key is taken. */
export async function reserveBatch(tx: Tx, batch: { taskId: number; key: string; bodySha256: Buffer; now: Date }): Promise<boolean> {
  const { rows } = await sql`
    insert into task_batches (task_id, key, body_sha256, answer, created_at) values (${batch.taskId}, ${batch.key}, ${batch.bodySha256}, 'null', ${batch.now})
    on conflict do nothing returning key`.execute(tx)
  return rows.length > 0
}

export async function answerBatch(tx: Tx, taskId: number, key: string, answer: unknown): Promise<void> {
  await sql`update task_batches set answer = ${toJsonb(answer)}::jsonb where task_id = ${taskId} and key = ${key}`.execute(tx)
}

export async function forgetBatches(db: Queryable, before: Date): Promise<void> {
  await sql`delete from task_batches where created_at < ${before}`.execute(db)
}
