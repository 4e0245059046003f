import { defineCommand } from 'citty'
import { callIdArg, controlCall } from './control-call.ts'

export const listen = defineCommand({
  meta: { name: 'listen', description: '用一部电话旁听通话。 Hear a running call on a phone, unheard.' },
  args: {
    call_id: callIdArg,
    phone: { type: 'positional', required: false, description: '旁听者的号码 number of the listener' },
    stop: { type: 'boolean', default: false, description: '结束旁听 stop listening; without a number: everybody' },
  },
  async run({ args }) {
    await controlCall(args.call_id, { action: args.stop ? 'stop_listening' : 'listen', phone: args.phone })
  },
})
