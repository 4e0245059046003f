// Knows how calls that were fed and not dialled return to their tasks: as if they had never been, but for their hold and release in the ledger. Does not know why.
import assert from 'node:assert/strict'
import { releaseAll } from '../../account/ledger.ts'
import { deleteQueuedCalls, type CallRow } from '../../db/calls.ts'
import type { Tx } from '../../db/connection.ts'
import { returnNumbers } from '../../db/task-numbers.ts'

/** `untilMs`: their callees were called too often and may be called again then; undefined: at once, in their old place. The calls are locked, queued and of tasks. */
export async function giveBack(tx: Tx, returned: readonly { call: CallRow; untilMs?: number | undefined }[]): Promise<void> {
  if (returned.length === 0) return
  const byAccount = Map.groupBy(returned, ({ call }) => call.accountId)
  // Call, then wallet, then task, as everywhere; wallets in one order.
  for (const accountId of [...byAccount.keys()].sort()) await releaseAll(tx, { accountId, callIds: byAccount.get(accountId)!.map(({ call }) => call.id) })
  await deleteQueuedCalls(tx, returned.map(({ call }) => call.id))
  const numbers = returned.map(({ call, untilMs }) => {
    assert(call.status === 'queued' && call.taskId !== null && call.taskSeq !== null, `call ${call.id} waits for a task`)
    return { taskId: call.taskId, seq: call.taskSeq, dueAt: untilMs === undefined ? undefined : new Date(untilMs), why: untilMs === undefined ? undefined : ('frequency' as const) }
  })
  await returnNumbers(tx, numbers)
}
