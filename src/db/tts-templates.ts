// Knows the tts_templates table. Does not know how a template is filled in.
import type { Queryable } from './connection.ts'
import { toText } from './jsonb.ts'

export const templateStates = ['pending', 'approved', 'rejected'] as const
export type TemplateState = (typeof templateStates)[number]
export type TtsTemplate = { code: string; name: string; text: string; state: TemplateState; saysSynthetic: boolean; createdAt: Date }

type Row = { code: string; name: string; text: string; state: TemplateState; says_synthetic: boolean; created_at: Date }
const fromRow = (row: Row): TtsTemplate => ({ code: row.code, name: row.name, text: row.text, state: row.state, saysSynthetic: row.says_synthetic, createdAt: row.created_at })

/** Adds or replaces. */
export async function putTemplate(db: Queryable, accountId: string, template: Omit<TtsTemplate, 'createdAt'>): Promise<void> {
  const { code, state, saysSynthetic } = template
  const changed = { name: toText(template.name), text: toText(template.text), state, says_synthetic: saysSynthetic }
  await db.insertInto('tts_templates').values({ account_id: accountId, code, ...changed }).onConflict((on) => on.columns(['account_id', 'code']).doUpdateSet(changed)).execute()
}

export async function findTemplate(db: Queryable, accountId: string, code: string): Promise<TtsTemplate | undefined> {
  const row = await db.selectFrom('tts_templates').selectAll().where('account_id', '=', accountId).where('code', '=', code).executeTakeFirst()
  return row && fromRow(row)
}

export async function templatesOf(db: Queryable, accountId: string, limit: number): Promise<TtsTemplate[]> {
  const rows = await db.selectFrom('tts_templates').selectAll().where('account_id', '=', accountId).orderBy('code').limit(limit).execute()
  return rows.map(fromRow)
}

/** False: there is none. */
export async function deleteTemplate(db: Queryable, accountId: string, code: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('tts_templates').where('account_id', '=', accountId).where('code', '=', code).executeTakeFirst()
  return numDeletedRows === 1n
}
