// The commands about trunks (线路). They write to the database of this installation, beside a running server or without one; servers follow within a second.
import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { defineCommand } from 'citty'
import { TrunkStore, type TrunkRecord } from '../dialer/trunk-store.ts'
import { openSecretBox } from '../secret-box.ts'
import { CliError } from './api-client.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'
import { preview } from './trunk-preview.ts'
import { trunkFlags, withFlags, type Loose, type TrunkFlags } from './trunk-flags.ts'
import { test } from './trunk-test.ts'

const nameArg = { name: { type: 'positional', required: true, description: '线路名 name of the trunk' } } as const

function withTrunks<T>(work: (trunks: TrunkStore) => Promise<T>): Promise<T> {
  const config = cliConfig()
  return withDatabase(config, async (db) => await work(new TrunkStore(db, await openSecretBox(config))))
}

/** The fields of --file and --json. Errors: CliError. */
async function fieldsOf(flags: TrunkFlags): Promise<Loose> {
  const fields: Loose = {}
  for (const [flag, read] of [['file', readText], ['json', (text: string) => Promise.resolve(text)]] as const) {
    const given = flags[flag]
    if (given === undefined) continue
    let parsed: unknown
    try {
      parsed = JSON.parse(await read(given))
    } catch (cause) {
      throw new CliError(`--${flag} 读不了：${(cause as Error).message}。 --${flag} cannot be read as JSON: ${(cause as Error).message}`, { cause })
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new CliError(`--${flag} 应为 JSON 对象。 --${flag} must be a JSON object.`)
    Object.assign(fields, parsed)
  }
  return fields
}

const readText = (file: string): Promise<string> => (file === '-' ? textOf(process.stdin) : readFile(file, 'utf8'))

/** From standard input when it is '-', so that it stays out of process lists and histories. */
async function passwordOf({ password, file }: TrunkFlags): Promise<string | undefined> {
  if (password !== '-') return password
  if (file === '-') throw new CliError('--password - 和 --file - 只能用一个。 Only one of --password and --file can come from standard input.')
  return (await textOf(process.stdin)).replace(/\r?\n$/, '')
}

function summary({ name, enabled, config, problem, version }: TrunkRecord): string {
  const state = problem !== undefined ? `不可用 unusable（${problem}）` : enabled ? '启用 enabled' : '停用 disabled'
  if (config === undefined) return `${name}  ${state}  版本 version ${version}`
  const callers = config.callers.length === 1 ? config.callers[0]!.number : `${config.callers.length} 个主叫 numbers`
  return `${name}  ${state}  ${config.targets.join(',')}  ${callers}  并发 at once ${config.concurrencyMax}  每秒 cps ${config.cps}  优先级 priority ${config.priority}  权重 weight ${config.weight}  版本 version ${version}`
}

const list = defineCommand({
  meta: { name: 'list', description: '列出线路。 List the trunks.' },
  args: { json: { type: 'boolean', default: false, description: '输出 JSON print JSON' } },
  run: ({ args }) =>
    withTrunks(async (trunks) => {
      const found = await trunks.list()
      if (args.json) return console.log(JSON.stringify(found.map(jsonOf), null, 2))
      if (found.length === 0) console.log('还没有线路：用 trunk add 添加；现在使用启动选项里的线路或模拟线路。 No trunks: add one with trunk add; until then the one of the options, or the simulated carrier, is used.')
      for (const trunk of found) console.log(summary(trunk))
    }),
})

const jsonOf = ({ name, enabled, version, problem, createdAt, updatedAt, shown }: TrunkRecord): Loose => ({ name, enabled, version, ...(problem !== undefined && { problem }), created_at: createdAt, updated_at: updatedAt, config: shown })

const show = defineCommand({
  meta: { name: 'show', description: '显示一条线路的全部配置（密码不显示）。 Show everything about a trunk, passwords excepted.' },
  args: nameArg,
  run: ({ args }) => withTrunks(async (trunks) => console.log(JSON.stringify(jsonOf(await trunks.get(args.name)), null, 2))),
})

const add = defineCommand({
  meta: { name: 'add', description: '添加线路，立即可用。 Add a trunk; it is used at once.' },
  args: { ...nameArg, ...trunkFlags, disabled: { type: 'boolean', default: false, description: '先不启用 do not use it yet' } },
  async run({ args }) {
    const config = withFlags({ name: args.name, ...(args.disabled && { enabled: false }) }, await fieldsOf(args), args, await passwordOf(args))
    await withTrunks(async (trunks) => console.log(summary(await trunks.add(config))))
  },
})

const edit = defineCommand({
  meta: { name: 'edit', description: '修改线路，不用重启；没写的字段不变。 Change a trunk without a restart; fields that are not named stay.' },
  args: { ...nameArg, ...trunkFlags, version: { type: 'string', description: '只改这个版本，别人改过就拒绝 only this version' } },
  async run({ args }) {
    const [fields, password] = [await fieldsOf(args), await passwordOf(args)]
    await withTrunks(async (trunks) => {
      const before = await trunks.get(args.name)
      const version = args.version === undefined ? before.version : Number(args.version)
      console.log(summary(await trunks.replace(args.name, withFlags(before.shown, fields, args, password), version)))
    })
  },
})

const remove = defineCommand({
  meta: { name: 'remove', description: '删除线路；进行中的通话不受影响。 Remove a trunk; calls under way go on.' },
  args: nameArg,
  run: ({ args }) =>
    withTrunks(async (trunks) => {
      await trunks.remove(args.name)
      console.log('已删除 removed')
    }),
})

const switched = (name: string, enabled: boolean, description: string) =>
  defineCommand({
    meta: { name, description },
    args: nameArg,
    run: ({ args }) => withTrunks(async (trunks) => console.log(summary(await trunks.setEnabled(args.name, enabled)))),
  })

const enable = switched('enable', true, '启用线路。 Use a trunk.')
const disable = switched('disable', false, '停用线路；进行中的通话不受影响。 Use a trunk no more; calls under way go on.')

export const trunk = defineCommand({
  meta: { name: 'trunk', description: '管理线路：add、list、show、edit、preview、test、enable、disable、remove。 Manage trunks.' },
  subCommands: { add, list, show, edit, preview, test, enable, disable, remove },
})
