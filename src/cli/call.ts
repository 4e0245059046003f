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
    detach: { type: 'boolean', default: false, description: '只下单，不等待 place only, do not follow' },
  },
  async run({ args }) {
    const client = cliClient(cliConfig())
    const placed = await client.post('/api/v1/callinfo/initiate_call', { phones: args.phone, user_requirement: args.requirement, line: args.line, caller: args.caller })
    const ids = placed['call_ids'] as string[]
    for (const id of ids) {
      console.log(`call_id ${id}`)
      if (args.detach) continue
      await printConversation(client, id)
      printRecord(await client.post('/api/v1/callinfo/search_callinfo', { call_id: id }))
    }
  },
})
