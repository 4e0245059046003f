import { defineCommand } from 'citty'
import { AccountNumbers } from '../account/account-numbers.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const accountArg = { account_id: { type: 'positional', required: true, description: 'acc_…' } } as const

const list = defineCommand({
  meta: { name: 'list', description: '列出账户可以外显的号码。 List the numbers that an account may show.' },
  args: accountArg,
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      const numbers = await new AccountNumbers(db).list(args.account_id)
      for (const number of numbers) console.log(number)
      if (numbers.length === 0) console.log('没有登记：可用已启用线路的号码，他人登记的除外 none: those of the enabled trunks, but for others\' own')
    }),
})

const add = defineCommand({
  meta: { name: 'add', description: '登记号码；登记过的账户只能外显自己的号码。 Register numbers; an account that has some shows no others.' },
  args: { ...accountArg, numbers: { type: 'positional', required: true, description: '号码，逗号分隔 numbers, comma-separated' } },
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      for (const number of await new AccountNumbers(db).add(args.account_id, args.numbers.split(/[,，]/).filter((part) => part.trim() !== ''))) console.log(`已登记 registered  ${number}`)
    }),
})

const remove = defineCommand({
  meta: { name: 'remove', description: '取消登记号码。 Take a number away.' },
  args: { ...accountArg, number: { type: 'positional', required: true, description: '号码 the number' } },
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      await new AccountNumbers(db).remove(args.account_id, args.number)
      console.log('已取消 removed')
    }),
})

export const number = defineCommand({
  meta: { name: 'number', description: '管理账户可以外显的号码：list、add、remove。 Manage the numbers that an account may show.' },
  subCommands: { list, add, remove },
})
