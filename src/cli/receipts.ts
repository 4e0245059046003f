import { defineCommand } from 'citty'
import { kindOfMessage, messageTypes, receiptRenderer } from '../api/aliyun/receipts.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/connection.ts'
import { receiptKinds, type ReceiptKind } from '../db/receipt-moments.ts'
import { ReceiptDesk } from '../dialer/receipt-desk.ts'
import { CliError } from './api-client.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const accountArg = { account_id: { type: 'positional', required: true, description: 'acc_…' } } as const
const typesText = receiptKinds.map((kind) => messageTypes[kind]).join(',')

/** Links are only made for the sample here; the server makes its own. */
const deskOf = (config: Config, db: Database): ReceiptDesk =>
  new ReceiptDesk(db, { privateAllowed: config.webhookPrivate, render: receiptRenderer({ recordingLink: (_account, callId) => `${config.publicUrl ?? 'http://127.0.0.1'}/api/v1/callinfo/recording/${callId}?token=…` }) })

function kindsOf(text: string): ReceiptKind[] {
  return text.split(',').map((type) => {
    const kind = kindOfMessage(type.trim())
    if (kind === undefined) throw new CliError(`没有消息类型 '${type}'：${typesText}。 No message type '${type}'.`)
    return kind
  })
}

const show = defineCommand({
  meta: { name: 'show', description: '显示各类回执的推送地址。 Show where receipts go.' },
  args: accountArg,
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const urls = await deskOf(config, db).targets(args.account_id)
      for (const kind of receiptKinds) console.log(`${messageTypes[kind].padEnd(18)} ${urls[kind] ?? '未设置 not set'}`)
    })
  },
})

const set = defineCommand({
  meta: { name: 'set', description: '设置回执的推送地址。 Set where receipts are pushed.' },
  args: {
    ...accountArg,
    url: { type: 'positional', required: true, description: 'https://…' },
    types: { type: 'string', default: typesText, description: '消息类型，逗号分隔；其他类型不变 message types, comma-separated; others stay as they are' },
  },
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const desk = deskOf(config, db)
      const wanted = kindsOf(args.types).map((kind) => [kind, args.url])
      await desk.setTargets(args.account_id, { ...(await desk.targets(args.account_id)), ...Object.fromEntries(wanted) }, (kind) => messageTypes[kind])
      console.log(`已设置 set  ${args.url}`)
    })
  },
})

const remove = defineCommand({
  meta: { name: 'remove', description: '停止推送回执。 Stop pushing receipts.' },
  args: { ...accountArg, types: { type: 'string', default: typesText, description: '消息类型，逗号分隔 message types, comma-separated' } },
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const desk = deskOf(config, db)
      const gone = new Set(kindsOf(args.types))
      const kept = Object.entries(await desk.targets(args.account_id)).filter(([kind]) => !gone.has(kind as ReceiptKind))
      await desk.setTargets(args.account_id, Object.fromEntries(kept), (kind) => messageTypes[kind])
      console.log('已删除 removed')
    })
  },
})

const test = defineCommand({
  meta: { name: 'test', description: '推送一条示例，显示应答是否算接收。 Push one sample and show whether the answer counts as taken.' },
  args: { ...accountArg, type: { type: 'string', default: messageTypes.report, description: typesText } },
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const { url, ms, record, error } = await deskOf(config, db).test(args.account_id, kindsOf(args.type)[0]!)
      console.log(`${url}\n${JSON.stringify([record], undefined, 2)}\n${ms} ms  ${error === undefined ? '已接收 taken' : `未接收 not taken: ${error}`}`)
      if (error !== undefined) process.exitCode = 1
    })
  },
})

const failed = defineCommand({
  meta: { name: 'failed', description: '列出重试之后仍未送达的回执。 List receipts that were given up.' },
  args: { ...accountArg, limit: { type: 'string', default: '100', description: '最多条数 at most' } },
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const { failed: dead, waiting } = await deskOf(config, db).failed(args.account_id, Number(args.limit) || 100)
      for (const { id, kind, wireId, attempts, lastError, deadAt } of dead) console.log(`${deadAt!.toISOString()}  ${messageTypes[kind]}  ${wireId}  ${attempts} 次 attempts  ${lastError ?? ''}  ${id}`)
      console.log(`未送达 given up ${dead.length}，等待中 waiting ${waiting}`)
    })
  },
})

const replay = defineCommand({
  meta: { name: 'replay', description: '重新推送没有送达的回执；不给编号为全部。 Push given-up receipts again; all of them without ids.' },
  args: { ...accountArg, ids: { type: 'positional', required: false, description: '回执编号，逗号分隔 ids, comma-separated' } },
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const n = await deskOf(config, db).replay(args.account_id, args.ids?.split(',').map((id) => id.trim()))
      console.log(`重新推送 pushed again: ${n}`)
    })
  },
})

export const receipts = defineCommand({
  meta: { name: 'receipts', description: '管理阿里云接口的回执推送：show、set、remove、test、failed、replay。 Manage the receipts of the Alibaba Cloud face.' },
  subCommands: { show, set, remove, test, failed, replay },
})
