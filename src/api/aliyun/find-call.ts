// Finds a call by its published id. Does not know what is done with it.
import type { CallService } from '../../dialer/call-service.ts'
import { businessError } from './errors.ts'

/** Of single calls and of attempts of tasks. */
export const wireIdPattern = /^\d{10,15}\^\d{11,12}$/

/** Errors: AliyunError when the account has no such call. Ids of another form are none, so nobody is asked. */
export async function findCall(calls: CallService, accountId: string, wireId: string): Promise<NonNullable<Awaited<ReturnType<CallService['ticket']>>>> {
  const found = wireIdPattern.test(wireId) ? await calls.ticket(accountId, wireId) : undefined
  if (found === undefined) throw businessError('isv.INVALID_PARAMETERS', 'CallId 不存在，请检查 CallId 和所用的 AccessKey')
  return found
}
