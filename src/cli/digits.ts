import { defineCommand } from 'citty'
import { callIdArg, controlCall } from './control-call.ts'

export const digits = defineCommand({
  meta: { name: 'digits', description: '在通话中按键。 Press keys in a running call.' },
  args: { call_id: callIdArg, keys: { type: 'positional', required: true, description: '0-9 * # A-D' } },
  async run({ args }) {
    await controlCall(args.call_id, { action: 'send_digits', digits: args.keys })
  },
})
