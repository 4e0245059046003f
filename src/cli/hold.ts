import { defineCommand } from 'citty'
import { callIdArg, controlCall } from './control-call.ts'

export const hold = defineCommand({
  meta: { name: 'hold', description: '保持通话，或用 --resume 恢复。 Put a running call on hold, or take it back with --resume.' },
  args: { call_id: callIdArg, resume: { type: 'boolean', default: false, description: '恢复 take it back' } },
  async run({ args }) {
    await controlCall(args.call_id, { action: args.resume ? 'resume' : 'hold' })
  },
})
