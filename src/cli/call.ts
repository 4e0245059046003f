import { readFile } from 'node:fs/promises'
import { defineCommand } from 'citty'
import { cliClient, cliConfig } from './context.ts'
import { printConversation, printRecord } from './print-conversation.ts'

export const call = defineCommand({
  meta: { name: 'call', description: '打一个电话并显示对话。 Place a call and show the conversation.' },
  args: {
    phone: { type: 'positional', required: true, description: '号码，可用逗号分隔多个 number(s), comma separated' },
    requirement: { type: 'positional', required: true, description: '一句话说明要做什么 what the call is for, in one sentence' },
    line: { type: 'string', description: '只走这条线路 over this trunk only' },
    caller: { type: 'string', description: '只用这个主叫号码 show this number only' },
    knowledge: { type: 'string', description: '文件：对方问起时可以回答的资料 file with what may be answered when asked' },
    'call-back': { type: 'boolean', default: false, description: '对方约了时间就到时再打一次 call back once at the time they name' },
    detach: { type: 'boolean', default: false, description: '只下单，不等待 place only, do not follow' },
  },
  async run({ args }) {
    const client = cliClient(cliConfig())
    const more = { ...(args.knowledge === undefined ? {} : { knowledge: await readFile(args.knowledge, 'utf8') }), ...(args['call-back'] ? { call_back: 'schedule' } : {}) }
    const placed = await client.post('/api/v1/callinfo/initiate_call', { phones: args.phone, user_requirement: args.requirement, line: args.line, caller: args.caller, ...more })
    const ids = placed['call_ids'] as string[]
    for (const id of ids) {
      console.log(`call_id ${id}`)
      if (args.detach) continue
      await printConversation(client, id)
      printRecord(await client.post('/api/v1/callinfo/search_callinfo', { call_id: id }))
    }
  },
})
