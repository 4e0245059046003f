// GET account balance: what is left to call with. Translates 厘 to yuan only.
import { z } from 'zod'
import { account, action } from './action.ts'

export const account_balance = action({
  method: 'GET',
  path: `${account}/balance`,
  tag: '账户',
  summary: '余额',
  needs: { key: true, version: false },
  answer: z.object({
    success: z.literal(true),
    balance: z.number().meta({ description: '余额，人民币元', examples: [9.85] }),
    held: z.number().meta({ description: '进行中的通话预留' }),
    available: z.number().meta({ description: '还可用于新呼叫：balance − held' }),
    currency: z.literal('CNY'),
  }),
  async handle({ accountId }, { accounts }) {
    const { balanceLi, heldLi } = await accounts.balance(accountId)
    return { success: true as const, balance: balanceLi / 1_000, held: heldLi / 1_000, available: (balanceLi - heldLi) / 1_000, currency: 'CNY' as const }
  },
})
