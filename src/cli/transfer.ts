import { defineCommand } from 'citty'
import { callIdArg, controlCall } from './control-call.ts'

export const transfer = defineCommand({
  meta: { name: 'transfer', description: '把通话转给人工。 Hand a running call to a human.' },
  args: {
    call_id: callIdArg,
    phone: { type: 'positional', required: true, description: '人工的号码 number of the human' },
    parallel: { type: 'boolean', default: false, description: '机器人继续说话，人工接听后再接通 the robot talks on until the human is there' },
    by: { type: 'enum', options: ['bridge', 'refer'], description: 'bridge 由本机接通，refer 请线路转接 call the human from here, or ask the line to' },
  },
  async run({ args }) {
    if (args.parallel) await controlCall(args.call_id, { action: 'parallel_transfer', phone: args.phone })
    else await controlCall(args.call_id, { action: 'transfer', phone: args.phone, by: args.by })
  },
})
