import { defineCommand } from 'citty'
import { cliClient, cliConfig } from './context.ts'

export const callinfo = defineCommand({
  meta: { name: 'callinfo', description: '查询通话记录。 Show the record of a call as JSON.' },
  args: { call_id: { type: 'positional', required: true, description: 'call_id' } },
  async run({ args }) {
    console.log(JSON.stringify(await cliClient(cliConfig()).post('/api/v1/callinfo/search_callinfo', { call_id: args.call_id }), null, 2))
  },
})
