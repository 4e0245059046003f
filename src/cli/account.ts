import { defineCommand } from 'citty'
import { createAccount, listAccounts, updateSettings } from '../account/accounts.ts'
import { balanceOf, credit } from '../account/ledger.ts'
import { ApiKeys } from '../account/api-keys.ts'
import { CliError } from './api-client.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const rmb = (li: number) => `${(li / 1_000).toFixed(3)} RMB`

const list = defineCommand({
  meta: { name: 'list', description: '列出账户。 List accounts.' },
  run: () =>
    withDatabase(cliConfig(), async (db) => {
      for (const account of await listAccounts(db.sql, 1_000)) {
        const { balanceLi, heldLi } = await balanceOf(db.sql, account.id)
        console.log(`${account.id}  ${account.name}  ${account.organisation ?? '（无机构名 no organisation）'}  余额 balance ${rmb(balanceLi)}  冻结 held ${rmb(heldLi)}`)
      }
    }),
})

const create = defineCommand({
  meta: { name: 'create', description: '开户，送 10 元体验金，并给出密钥（只显示一次）。 Open an account with 10 RMB of credit and show its key once.' },
  args: {
    name: { type: 'positional', required: true, description: '账户名 name' },
    organisation: { type: 'string', description: '开场白里报的机构名 organisation named in the opening' },
  },
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const account = await createAccount(db, { name: args.name, organisation: args.organisation, creditLi: config.creditLi })
      const { key } = await new ApiKeys(db).create(account.id)
      console.log(`account ${account.id}\nkey     ${key}`)
    })
  },
})

const set = defineCommand({
  meta: { name: 'set', description: '修改账户设置。 Change the settings of an account.' },
  args: {
    account_id: { type: 'positional', required: true, description: 'acc_…' },
    organisation: { type: 'string', description: '开场白里报的机构名；空串清除 organisation; empty clears it' },
  },
  run: ({ args }) => {
    if (args.organisation === undefined) throw new CliError('没有要修改的设置：用 --organisation。 Nothing to change: give --organisation.')
    return withDatabase(cliConfig(), async (db) => {
      const account = await updateSettings(db.sql, args.account_id, { organisation: args.organisation || undefined })
      console.log(`${account.id}  organisation: ${account.organisation ?? '—'}`)
    })
  },
})

const topUp = defineCommand({
  meta: { name: 'credit', description: '充值。 Add credit.' },
  args: {
    account_id: { type: 'positional', required: true, description: 'acc_…' },
    rmb: { type: 'positional', required: true, description: '金额（元） amount in RMB' },
    reference: { type: 'positional', required: true, description: '唯一的凭证号，重复提交只入账一次 unique reference; the same one books once' },
  },
  run: ({ args }) => {
    const amountLi = Math.round(Number(args.rmb) * 1_000)
    if (!Number.isSafeInteger(amountLi) || amountLi <= 0) throw new CliError(`金额 '${args.rmb}' 无效：写成 10 或 10.5。 '${args.rmb}' is no amount: write 10 or 10.5.`)
    return withDatabase(cliConfig(), async (db) => {
      await db.transaction((tx) => credit(tx, { accountId: args.account_id, amountLi, reference: args.reference }))
      console.log(`余额 balance ${rmb((await balanceOf(db.sql, args.account_id)).balanceLi)}`)
    })
  },
})

export const account = defineCommand({
  meta: { name: 'account', description: '管理账户：list、create、set、credit。 Manage accounts.' },
  subCommands: { list, create, set, credit: topUp },
})
