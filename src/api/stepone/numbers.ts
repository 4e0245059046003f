// The numbers that accounts may show: an account sees its own, an admin gives and takes them. Translates only; the account's numbers decide.
import { z } from 'zod'
import type { AccountNumbers } from '../../account/account-numbers.ts'
import { account, action, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = '/api/v1/accounts/:account_id/numbers'
const admin = { key: true, version: false, admin: true } as const
const zAccount = z.string().max(64).meta({ examples: ['acc_01JC9Z3V5N'] })
const listed = z.object({ success: z.literal(true), numbers: z.array(z.string()).meta({ description: '空：可用已启用线路的号码，他人登记的除外', examples: [['05710000000']] }) })

function numbersOf({ numbers }: StepOne): AccountNumbers {
  if (numbers === undefined) throw new HttpError(404, 'path-not-found', '此服务不管理外显号码')
  return numbers
}

export const own_numbers = action({
  method: 'GET',
  path: `${account}/numbers`,
  tag: '账户',
  summary: '查看本账户可以外显的号码',
  needs: { key: true, version: false },
  answer: listed,
  async handle({ accountId }, stepone) {
    return { success: true as const, numbers: await numbersOf(stepone).list(accountId) }
  },
})

export const list_account_numbers = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看一个账户可以外显的号码',
  needs: admin,
  params: z.object({ account_id: zAccount }),
  answer: listed,
  async handle({ request }, stepone) {
    return { success: true as const, numbers: await numbersOf(stepone).list((request.params as { account_id: string }).account_id) }
  },
})

const zNumber = z.string().max(40).meta({ description: '3–20 位数字', examples: ['05710000000'] })

export const add_account_number = action({
  method: 'PUT',
  path: `${path}/:number`,
  tag: '账户',
  summary: '登记一个账户的外显号码',
  description: '登记过的账户只能外显自己的号码；对之后发起的呼叫生效。',
  needs: admin,
  params: z.object({ account_id: zAccount, number: zNumber }),
  answer: z.object({ success: z.literal(true), number: z.string() }),
  async handle({ request }, stepone) {
    const { account_id: accountId, number } = request.params as { account_id: string; number: string }
    const [kept] = await numbersOf(stepone).add(accountId, [number])
    return { success: true as const, number: kept! }
  },
})

export const remove_account_number = action({
  method: 'DELETE',
  path: `${path}/:number`,
  tag: '账户',
  summary: '取消登记一个账户的外显号码',
  needs: admin,
  params: z.object({ account_id: zAccount, number: zNumber }),
  answer: z.object({ success: z.literal(true) }),
  async handle({ request }, stepone) {
    const { account_id: accountId, number } = request.params as { account_id: string; number: string }
    await numbersOf(stepone).remove(accountId, number)
    return { success: true as const }
  },
})
