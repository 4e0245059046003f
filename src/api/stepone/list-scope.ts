// Knows whose list an action means: the account's own, or everybody's, which takes an admin's key. Does not know what is on it.
import { z } from 'zod'
import type { ActionInput, StepOne } from './action.ts'

export const listScope = z.enum(['account', 'everybody'], { error: 'scope 应为 account 或 everybody' }).default('account').meta({ description: 'account 本账户；everybody 全平台，需要管理密钥' })
export type ListScope = z.infer<typeof listScope>

/** The account whose list is meant, undefined for everybody's. Errors: RefusedError when it is everybody's and the key is no admin's. */
export async function whose({ accountId, request }: ActionInput<unknown>, { authenticate }: StepOne, wanted: ListScope): Promise<string | undefined> {
  if (wanted === 'account') return accountId
  await authenticate(request.headers['x-api-key'], 'admin')
  return undefined
}
