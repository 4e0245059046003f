import { readFile } from 'node:fs/promises'
import { defineCommand } from 'citty'
import { InvalidInputError } from '../errors.ts'
import { cliClient, cliConfig } from './context.ts'
import { printConversation, printRecord } from './print-conversation.ts'

export const call = defineCommand({
  meta: { name: 'call', description: '打一个电话并显示对话。 Place a call and show the conversation.' },
  args: {
    phone: { type: 'positional', required: true, description: '号码，可用逗号分隔多个 number(s), comma separated' },
    requirement: { type: 'positional', required: false, description: '一句话说明要做什么；用 --script 时不写 what the call is for, in one sentence; not with --script' },
    script: { type: 'string', description: '由已发布的话术主导 a published script leads the conversation (waihu script list)' },
    version: { type: 'string', description: '话术的版本，默认已发布的 version of the script, by default the published one' },
    var: { type: 'string', description: '话术的变量，可写多次：--var name=张伟 a variable of the script, as often as needed' },
    line: { type: 'string', description: '只走这条线路 over this trunk only' },
    caller: { type: 'string', description: '只用这个主叫号码 show this number only' },
    knowledge: { type: 'string', description: '文件：对方问起时可以回答的资料 file with what may be answered when asked' },
    'call-back': { type: 'boolean', default: false, description: '对方约了时间就到时再打一次 call back once at the time they name' },
    detach: { type: 'boolean', default: false, description: '只下单，不等待 place only, do not follow' },
  },
  async run({ args, rawArgs }) {
    const client = cliClient(cliConfig())
    const more = { ...(args.knowledge === undefined ? {} : { knowledge: await readFile(args.knowledge, 'utf8') }), ...(args['call-back'] ? { call_back: 'schedule' } : {}) }
    const script = args.script === undefined ? {} : { script: args.script, ...(args.version !== undefined && { script_version: versionOf(args.version) }), vars: varsOf(repeated(rawArgs, '--var')) }
    if (args.script === undefined && (args.var !== undefined || args.version !== undefined)) throw new InvalidInputError('--script', '--var 和 --version 只和 --script 一起用。 --var and --version go with --script.')
    if (args.script === undefined && args.requirement === undefined) throw new InvalidInputError('requirement', '写一句话说明要做什么，或用 --script。 Say in one sentence what the call is for, or name a --script.')
    const placed = await client.post('/api/v1/callinfo/initiate_call', { phones: args.phone, user_requirement: args.requirement, ...script, line: args.line, caller: args.caller, ...more })
    const ids = placed['call_ids'] as string[]
    for (const id of ids) {
      console.log(`call_id ${id}`)
      if (args.detach) continue
      await printConversation(client, id)
      printRecord(await client.post('/api/v1/callinfo/search_callinfo', { call_id: id }))
    }
  },
})

/** Every value of a flag that may stand there more than once; the parser keeps only the last. */
export function repeated(rawArgs: readonly string[], flag: string): string[] {
  return rawArgs.flatMap((arg, i) => (arg === flag ? [rawArgs[i + 1] ?? ''] : arg.startsWith(`${flag}=`) ? [arg.slice(flag.length + 1)] : []))
}

/** name=张伟 → its name and value. Errors: InvalidInputError. */
export function varsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(given.map((text) => {
    const at = text.indexOf('=')
    if (at <= 0) throw new InvalidInputError('--var', `--var 写成 名字=值：'${text}'。 --var is name=value.`)
    return [text.slice(0, at).trim(), text.slice(at + 1)]
  }))
}

function versionOf(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new InvalidInputError('--version', `--version 是从 1 开始的整数：'${text}'。 --version is a whole number from 1.`)
  return Number(text)
}
