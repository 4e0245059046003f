// The commands about numbers that are not called (谢绝来电): of one account, or of everybody on this installation.
import { defineCommand } from 'citty'
import { DoNotCallDesk } from '../dialer/do-not-call-desk.ts'
import { CliError } from './api-client.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const whose = { account: { type: 'string', description: '只对这个账户 acc_…；不填则对所有账户 of this account only; left out: for everybody' } } as const

const withDesk = <T>(work: (desk: DoNotCallDesk) => Promise<T>): Promise<T> => withDatabase(cliConfig(), (db) => work(new DoNotCallDesk(db)))

const add = defineCommand({
  meta: { name: 'add', description: '登记号码，立即生效。 List numbers; in force at once.' },
  args: {
    phones: { type: 'positional', required: true, description: '号码，可用逗号分隔多个 number(s), comma separated' },
    ...whose,
    reason: { type: 'string', default: '', description: '原因 why' },
    until: { type: 'string', description: '到期时间，如 2027-01-01；不填则永久 in force until; left out: for ever' },
  },
  run({ args }) {
    const expiresAt = args.until === undefined ? undefined : new Date(args.until)
    if (expiresAt && Number.isNaN(expiresAt.getTime())) throw new CliError(`--until '${args.until}' 不是时间，写成 2027-01-01。 '${args.until}' is no time: write it like 2027-01-01.`)
    return withDesk(async (desk) => {
      const { phones } = await desk.add(args.account, args.phones, { reason: args.reason, expiresAt })
      console.log(`已登记 listed ${phones.join(', ')}`)
    })
  },
})

const remove = defineCommand({
  meta: { name: 'remove', description: '移除号码，记录保留。 Take a number off the list; the record stays.' },
  args: { phone: { type: 'positional', required: true, description: '号码 number' }, ...whose },
  run: ({ args }) =>
    withDesk(async (desk) => {
      await desk.remove(args.account, args.phone, 'cli')
      console.log('已移除 removed')
    }),
})

const sources = { callee: '被叫要求 callee', account: '账户登记 account', operator: '运营登记 operator', import: '导入 import' } as const

const list = defineCommand({
  meta: { name: 'list', description: '列出名单，新的在前。 Show the list, newest first.' },
  args: {
    ...whose,
    phone: { type: 'string', description: '只看这个号码 this number only' },
    before: { type: 'string', description: '从这个编号之前继续 go on before this entry' },
    limit: { type: 'string', default: '100', description: '最多几条 at most' },
  },
  run({ args }) {
    const [before, limit] = [args.before === undefined ? undefined : Number(args.before), Number(args.limit)]
    if (!Number.isSafeInteger(limit) || (before !== undefined && !Number.isSafeInteger(before))) throw new CliError('--limit 和 --before 是数字。 --limit and --before are numbers.')
    return withDesk(async (desk) => {
      for (const { id, phone, scope, source, evidence, createdAt, expiresAt } of await desk.list(args.account, { phone: args.phone, before, limit })) {
        console.log(`${id}  ${phone}  ${scope === 'everybody' ? '全局 everybody' : '账户 account'}  ${sources[source]}  ${createdAt.toISOString()}${expiresAt ? ` → ${expiresAt.toISOString()}` : ''}  ${evidence}`)
      }
    })
  },
})

export const dnc = defineCommand({
  meta: { name: 'dnc', description: '免打扰名单：add、remove、list。 Numbers that are never called.' },
  subCommands: { add, remove, list },
})
