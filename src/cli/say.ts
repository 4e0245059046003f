import { defineCommand } from 'citty'
import { callIdArg, controlCall } from './control-call.ts'

export const say = defineCommand({
  meta: { name: 'say', description: '在通话中立刻说一句话或播放录音。 Say a text or play a recorded file in a running call, now.' },
  args: {
    call_id: callIdArg,
    text: { type: 'positional', required: false, description: '要说的话 the text' },
    file: { type: 'string', description: '数据目录 sounds 文件夹里的 WAV a WAV in the folder sounds of the data directory' },
    uninterruptible: { type: 'boolean', default: false, description: '对方不能打断 the callee cannot interrupt it' },
  },
  async run({ args }) {
    await controlCall(args.call_id, { action: 'play', text: args.text, file: args.file, interruptible: !args.uninterruptible })
  },
})
