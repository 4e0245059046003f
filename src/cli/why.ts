import { defineCommand } from 'citty'
import { cliClient, cliConfig } from './context.ts'

export const why = defineCommand({
  meta: { name: 'why', description: '这个电话发生了什么，一步一步。 What happened in a call, stage by stage, in plain words.' },
  args: {
    call_id: { type: 'positional', required: true, description: 'call_id' },
    language: { type: 'enum', options: ['zh', 'en'], default: process.env['LANG']?.startsWith('en') ? 'en' : 'zh', description: '说明用的语言 language of the explanation' },
  },
  async run({ args }) {
    const explained = await cliClient(cliConfig()).post('/api/v1/callinfo/explain', { call_id: args.call_id, language: args.language })
    console.log(explained['text'])
  },
})
