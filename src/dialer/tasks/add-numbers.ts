// Knows how rows become numbers of a task: each of them is added or refused with its reason, and the same addition sent again is answered the same. Does not know files or HTTP.
import { createHash, randomUUID } from 'node:crypto'
import type { Database, Tx } from '../../db/connection.ts'
import { doNotCallAmong } from '../../db/do-not-call.ts'
import { answerBatch, findBatch, reserveBatch } from '../../db/task-batches.ts'
import { insertNumbers, type NewNumber } from '../../db/task-numbers.ts'
import { findTask, notifyTasks, type TaskRow } from '../../db/tasks.ts'
import { InvalidInputError, NotFoundError, RefusedError } from '../../errors.ts'
import { parsePhone } from '../../numbering/phone.ts'
import type { DialerSettings } from '../settings.ts'
import { requireStep, type TaskStatus } from './life-cycle.ts'
import type { AddedNumbers, NumberRow, RefusedRow, TaskScript, TaskScripts } from './task-desk.ts'

export type AddDeps = { db: Database; scripts: TaskScripts; settings: DialerSettings; now: () => number }

/** A row that can be read, with its place. */
type ReadRow = NewNumber & { row: number }

/** See TaskDesk.addNumbers. One transaction: millions are added in many calls of up to `rowsPerAddMax` rows. */
export async function addNumbers(deps: AddDeps, task: TaskRow, rows: readonly NumberRow[], key?: string): Promise<AddedNumbers> {
  const { db, scripts, settings } = deps
  const { rowsPerAddMax } = settings.tasks
  if (rows.length === 0) throw new InvalidInputError('rows', '没有填写号码')
  if (rows.length > rowsPerAddMax) throw new InvalidInputError('rows', `一次最多 ${rowsPerAddMax} 行，收到 ${rows.length} 行：请分批添加`)
  const script = await scripts.find(task.accountId, task.scriptId, task.scriptVersion)
  const now = new Date(deps.now())
  const read = readRows(rows, (vars) => script.accept(vars, now), now)
  const bodySha256 = createHash('sha256').update(JSON.stringify(rows)).digest()
  // Without a key of the caller it still has one, so that a commit whose answer was lost is recognised when it is tried again.
  const batch = { taskId: task.id, key: key ?? `own ${randomUUID()}`, bodySha256, now }
  return db.retry('add numbers to a task', () => db.transaction((tx) => addIn(tx, deps, task, read, batch, key !== undefined)), { withinMs: 5_000 })
}

type Batch = { taskId: number; key: string; bodySha256: Buffer; now: Date }

async function addIn(tx: Tx, { settings }: AddDeps, task: TaskRow, read: { ok: ReadRow[]; refused: RefusedRow[] }, batch: Batch, named: boolean): Promise<AddedNumbers> {
  if (!(await reserveBatch(tx, batch))) return replay(await findBatch(tx, task.id, batch.key), batch, named)
  const listed = await doNotCallAmong(tx, read.ok.map(({ phone }) => ({ accountId: task.accountId, phone })), batch.now)
  const scopes = new Map(listed.map(({ phone, scope }) => [phone, scope]))
  const mayCall = read.ok.filter(({ phone }) => !scopes.has(phone))
  const added = await insertNumbers(tx, task.id, mayCall, batch.now)
  const refused = [
    ...read.refused,
    ...read.ok.flatMap(({ row, phone, phoneAsGiven }): RefusedRow[] => {
      const scope = scopes.get(phone)
      if (scope !== undefined) return [{ row, phone: phoneAsGiven, code: 'do-not-call', reason: scope === 'account' ? '该号码在免打扰名单中（对方要求或您已登记）' : '该号码在平台免打扰名单中' }]
      return added.has(phone) ? [] : [{ row, phone: phoneAsGiven, code: 'duplicate', reason: '任务中已有这个号码' }]
    }),
  ].sort((a, b) => a.row - b.row)
  // Asked after the rows are in: the counters' row is ours now, so the task cannot finish or be cancelled without them any more.
  const after = await findTask(tx, task.accountId, task.id)
  if (after === undefined) throw new NotFoundError('task', `没有任务 ${task.id}`)
  requireStep(after.status as TaskStatus, 'add')
  if (after.total > settings.tasks.numbersPerTaskMax) throw new RefusedError('not-possible', `一个任务最多 ${settings.tasks.numbersPerTaskMax} 个号码：没有添加这一批，请另建任务`)
  const answer = { added: added.size, refused }
  await answerBatch(tx, task.id, batch.key, answer)
  if (added.size > 0 && after.status === 'running') await notifyTasks(tx)
  return { ...answer, replayed: false }
}

function replay(known: { bodySha256: Buffer; answer: unknown } | undefined, batch: Batch, named: boolean): AddedNumbers {
  if (known === undefined || !known.bodySha256.equals(batch.bodySha256)) throw new RefusedError('idempotency-conflict', '这个幂等键已用于另一批号码：换一个键，或原样重发那一批')
  return { ...(known.answer as Omit<AddedNumbers, 'replayed'>), replayed: named }
}

/** Everything that can be said about rows without looking anything up; the first of equal numbers stays. */
export function readRows(rows: readonly NumberRow[], accept: (vars: Readonly<Record<string, string>>) => ReturnType<TaskScript['accept']>, now: Date): { ok: ReadRow[]; refused: RefusedRow[] } {
  const ok = new Map<string, ReadRow>()
  const refused: RefusedRow[] = []
  for (const [row, { phone: given, vars = {} }] of rows.entries()) {
    const refuse = (code: RefusedRow['code'], reason: string): void => void refused.push({ row, phone: shorten(given), code, reason })
    const parsed = parsePhone(given)
    if (!parsed.ok) {
      const { code, reason } = parsed.bad
      refuse(code === 'EMERGENCY_NUMBER' || code === 'SERVICE_NUMBER' || code === 'ENTERPRISE_NUMBER' ? 'never-dial' : 'bad-number', reason)
      continue
    }
    const first = ok.get(parsed.phone.phone)
    const { values, problems, expiresAt } = accept(vars)
    if (problems.length > 0) refuse(problems.some(({ kind }) => kind === 'missing') ? 'variable-missing' : 'bad-variable', `变量有误：${problems.slice(0, 5).map(({ variable, message }) => `${shorten(variable)} ${message}`).join('；')}`)
    else if (expiresAt !== undefined && expiresAt <= now) refuse('expired', '变量里的时间已经过去')
    else if (first) refuse('duplicate', `与第 ${first.row + 1} 行是同一个号码`)
    else ok.set(parsed.phone.phone, { row, phone: parsed.phone.phone, phoneAsGiven: parsed.phone.given, vars: values, expiresAt })
  }
  return { ok: [...ok.values()], refused }
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)
