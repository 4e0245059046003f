import { defineCommand } from 'citty'
import { CallbackServers } from '../account/callback-servers.ts'
import { InvalidInputError } from '../errors.ts'
import { parsePhone } from '../numbering/phone.ts'
import { CallbackExchange } from '../robot/callback/exchange.ts'
import { encodeMessage, mute } from '../robot/callback/messages.ts'
import { callbackServerDefaults } from '../robot/callback/plan.ts'
import { readReply } from '../robot/callback/reply.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const accountArg = { account_id: { type: 'positional', required: true, description: 'acc_…' } } as const

const show = defineCommand({
  meta: { name: 'show', description: '显示回调设置。 Show the callback settings.' },
  args: accountArg,
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      const settings = await new CallbackServers(db, { privateAllowed: true, phoneOf }).find(args.account_id)
      console.log(settings ? JSON.stringify(settings, undefined, 2) : '未设置 not set')
    }),
})

const set = defineCommand({
  meta: { name: 'set', description: '设置智能语音交互（SmartCall）每一轮询问的地址。 Set the address that is asked about every turn of a SmartCall.' },
  args: {
    ...accountArg,
    url: { type: 'positional', required: true, description: 'https://…' },
    query: { type: 'boolean', default: false, description: '参数放在地址里而不是表单里 parameters in the query instead of a form' },
    'timeout-ms': { type: 'string', default: String(callbackServerDefaults.timeoutMs), description: '一轮的超时，含重试 of one turn, retries included' },
    retries: { type: 'string', default: String(callbackServerDefaults.retriesMax), description: '连接失败或 5xx 时重试几次 after failed connections and 5xx' },
    waiting: { type: 'string', default: callbackServerDefaults.waiting, description: '等待时说的话 said while a turn takes long' },
    fallback: { type: 'string', default: callbackServerDefaults.fallback, description: '出错时说的话 said when a turn failed' },
    closing: { type: 'string', default: callbackServerDefaults.closing, description: '连续出错、挂机前说的话 said before hanging up when turns keep failing' },
    'call-centres': { type: 'string', default: '', description: '并行转接的呼叫中心 名称=号码,… names and numbers for parallel transfers' },
    'says-synthetic': { type: 'boolean', default: false, description: '开场自己已写明是合成语音，之前不再加提示 the opening says itself that the voice is synthetic' },
  },
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const { url } = await new CallbackServers(db, { privateAllowed: config.webhookPrivate, phoneOf }).put(args.account_id, {
        url: args.url,
        parameters: args.query ? 'query' : 'form',
        timeoutMs: Number(args['timeout-ms']),
        retriesMax: Number(args.retries),
        waiting: args.waiting,
        fallback: args.fallback,
        closing: args.closing,
        saysSynthetic: args['says-synthetic'],
        callCentres: centresOf(args['call-centres']),
      })
      console.log(`已设置 set  ${url}`)
    })
  },
})

const remove = defineCommand({
  meta: { name: 'remove', description: '删除回调设置。 Remove the callback settings.' },
  args: accountArg,
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      await new CallbackServers(db, { privateAllowed: true, phoneOf }).remove(args.account_id)
      console.log('已删除 removed')
    }),
})

const test = defineCommand({
  meta: { name: 'test', description: '发送一条静音回调，显示服务器的回答如何被理解。 Send one mute callback and show how the answer is read.' },
  args: accountArg,
  run: ({ args }) => {
    const config = cliConfig()
    return withDatabase(config, async (db) => {
      const settings = await new CallbackServers(db, { privateAllowed: true, phoneOf }).find(args.account_id)
      if (!settings) throw new InvalidInputError('callback-server', `账户 ${args.account_id} 没有设置回调地址：waihu callback-server set`)
      using exchange = new CallbackExchange({ privateAllowed: config.webhookPrivate })
      const callId = '100000000000^000000000000'
      const message = mute({ answeredAtMs: Date.now(), played: undefined, recorded: false, dynamicId: undefined })
      const began = performance.now()
      const answer = await exchange.ask({ ...callbackServerDefaults, ...settings }, encodeMessage(message, callId, Date.now()), new AbortController().signal)
      console.log(`${Math.round(performance.now() - began)} ms`)
      const read = answer.ok ? readReply(answer.body, callId) : answer
      console.log(read.ok ? JSON.stringify(read.reply, undefined, 2) : `失败 failed: ${read.why}`)
      if (!read.ok) process.exitCode = 1
    })
  },
})

function centresOf(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.trim()).filter((pair) => pair !== '')
  return Object.fromEntries(pairs.map((pair) => [pair.split('=')[0]!.trim(), pair.slice(pair.indexOf('=') + 1).trim()]))
}

function phoneOf(text: string): string | undefined {
  const parsed = parsePhone(text)
  return parsed.ok ? parsed.phone.phone : undefined
}

export const callbackServer = defineCommand({
  meta: { name: 'callback-server', description: '管理阿里云接口 SmartCall 的回调地址：show、set、remove、test。 Manage the callback server of SmartCall.' },
  subCommands: { show, set, remove, test },
})
