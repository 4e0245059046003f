import { defineCommand } from 'citty'
import { cliClient, cliConfig } from './context.ts'
import { printConversation } from './print-conversation.ts'

export const stream = defineCommand({
  meta: { name: 'stream', description: '显示实时对话。 Follow a conversation live.' },
  args: { call_id: { type: 'positional', required: true, description: 'call_id' } },
  async run({ args }) {
    const outcome = await printConversation(cliClient(cliConfig()), args.call_id)
    console.log(`结束 ended: ${outcome || '?'}`)
  },
})
