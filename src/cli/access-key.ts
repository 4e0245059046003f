import { defineCommand } from 'citty'
import { AccessKeys } from '../account/access-keys.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/connection.ts'
import { openSecretBox } from '../secret-box.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const accountArg = { account_id: { type: 'positional', required: true, description: 'acc_…' } } as const
const keyArgs = { ...accountArg, access_key_id: { type: 'positional', required: true, description: 'WHAK…，见 access-key list  from access-key list' } } as const

async function withKeys(work: (keys: AccessKeys, db: Database) => Promise<void>): Promise<void> {
  const config: Config = cliConfig()
  const box = await openSecretBox(config)
  await withDatabase(config, (db) => work(new AccessKeys(db, box), db))
}

const list = defineCommand({
  meta: { name: 'list', description: '列出 AccessKey。 List access keys.' },
  args: accountArg,
  run: ({ args }) =>
    withKeys(async (keys) => {
      for (const key of await keys.list(args.account_id)) {
        console.log(`${key.id}  ${key.label}  ${key.createdAt.toISOString()}  ${key.lastUsedAt?.toISOString() ?? '未使用 never used'}  ${key.enabled ? '启用 enabled' : '停用 disabled'}`)
      }
    }),
})

const create = defineCommand({
  meta: { name: 'create', description: '新建 AccessKey，密钥只显示一次。 Make an access key; its secret is shown once.' },
  args: { ...accountArg, label: { type: 'string', default: '', description: '备注 label' } },
  run: ({ args }) =>
    withKeys(async (keys) => {
      const { id, secret } = await keys.create(args.account_id, args.label)
      console.log(`AccessKeyId      ${id}\nAccessKeySecret  ${secret}`)
    }),
})

const temporary = defineCommand({
  meta: { name: 'temporary', description: '签发临时凭证（STS）。 Issue temporary credentials.' },
  args: { ...keyArgs, seconds: { type: 'string', default: '3600', description: '有效期，900–43200 秒 validity in seconds' } },
  run: ({ args }) =>
    withKeys(async (keys) => {
      const { id, secret, securityToken, expiresAt } = await keys.temporary(args.account_id, args.access_key_id, Number(args.seconds))
      console.log(`AccessKeyId      ${id}\nAccessKeySecret  ${secret}\nSecurityToken    ${securityToken}\nExpiration       ${expiresAt.toISOString()}`)
    }),
})

const changing = (name: string, description: string, change: { enabled: boolean } | { removed: true }, done: string) =>
  defineCommand({
    meta: { name, description },
    args: keyArgs,
    run: ({ args }) =>
      withKeys(async (keys) => {
        await keys.change(args.account_id, args.access_key_id, change)
        console.log(done)
      }),
  })

export const accessKey = defineCommand({
  meta: { name: 'access-key', description: '管理阿里云接口用的 AccessKey：list、create、temporary、disable、enable、remove。 Manage access keys of the Alibaba Cloud face.' },
  subCommands: {
    list,
    create,
    temporary,
    disable: changing('disable', '停用，五秒内处处生效。 Disable; in force everywhere within five seconds.', { enabled: false }, '已停用 disabled'),
    enable: changing('enable', '重新启用。 Enable again.', { enabled: true }, '已启用 enabled'),
    remove: changing('remove', '删除，不能恢复。 Remove for good.', { removed: true }, '已删除 removed'),
  },
})
