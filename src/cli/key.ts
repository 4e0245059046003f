import { defineCommand } from 'citty'
import { ApiKeys } from '../account/api-keys.ts'
import { CliError } from './api-client.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const accountArg = { account_id: { type: 'positional', required: true, description: 'acc_…' } } as const

const list = defineCommand({
  meta: { name: 'list', description: '列出密钥（只有前缀）。 List keys by prefix.' },
  args: accountArg,
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      for (const key of await new ApiKeys(db).list(args.account_id)) {
        console.log(`${key.id}  ${key.prefix}…  ${key.label}${key.admin ? '  管理 admin' : ''}  ${key.createdAt.toISOString()}  ${key.revokedAt ? '已吊销 revoked' : '有效 active'}`)
      }
    }),
})

const create = defineCommand({
  meta: { name: 'create', description: '新建密钥（只显示一次）。 Make a key, shown once.' },
  args: { ...accountArg, label: { type: 'string', default: '', description: '备注 label' }, admin: { type: 'boolean', default: false, description: '管理密钥：可改线路和全局免打扰名单 may change trunks and the do-not-call list of everybody' } },
  run: ({ args }) => withDatabase(cliConfig(), async (db) => console.log((await new ApiKeys(db).create(args.account_id, args.label, { admin: args.admin })).key)),
})

const revoke = defineCommand({
  meta: { name: 'revoke', description: '吊销密钥，五秒内处处生效。 Revoke a key; in force everywhere within five seconds.' },
  args: { ...accountArg, key_id: { type: 'positional', required: true, description: '编号，见 key list  number from key list' } },
  run: ({ args }) => {
    const id = Number(args.key_id)
    if (!Number.isSafeInteger(id)) throw new CliError(`'${args.key_id}' 不是密钥编号，见 key list。 '${args.key_id}' is no key number, see key list.`)
    return withDatabase(cliConfig(), async (db) => {
      await new ApiKeys(db).revoke(args.account_id, id)
      console.log('已吊销 revoked')
    })
  },
})

export const key = defineCommand({
  meta: { name: 'key', description: '管理 API 密钥：list、create、revoke。 Manage API keys.' },
  subCommands: { list, create, revoke },
})
