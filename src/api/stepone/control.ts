// POST control: has a running call do something. Translates only; the call decides what it can do.
import { z } from 'zod'
import type { CallCommand } from '../../call/controls.ts'
import { assertNever } from '../../errors.ts'
import { action, callinfo, jsonObject, requiredText, zCallId } from './action.ts'

const phone = requiredText('phone', '要呼叫的号码', 40).meta({ examples: ['13900139000'] })

const wish = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) => jsonObject({ call_id: zCallId, action: z.literal(name), ...shape })

const wishes = [
  wish('hold', {}),
  wish('resume', {}),
  wish('send_digits', {
    digits: z.string({ error: 'digits 应为字符串' }).regex(/^[0-9*#A-D]{1,64}$/, { error: 'digits 应为 1–64 个按键：0-9 * # A-D' }),
    tone_ms: z.int({ error: 'tone_ms 应为整数' }).min(40, { error: 'tone_ms 应为 40–5000' }).max(5_000, { error: 'tone_ms 应为 40–5000' }).optional(),
  }),
  wish('play', {
    text: requiredText('text', '要说的话', 500).optional(),
    file: requiredText('file', '录音文件名', 70).optional().meta({ description: '数据目录 sounds 文件夹里的 WAV' }),
    interruptible: z.boolean({ error: 'interruptible 应为 true 或 false' }).default(true).meta({ description: '对方开口是否可以打断' }),
  }).refine(({ text, file }) => (text === undefined) !== (file === undefined), { error: 'play 需要 text（要说的话）或 file（录音文件）之一' }),
  wish('transfer', {
    phone,
    by: z.enum(['bridge', 'refer'], { error: 'by 应为 bridge 或 refer' }).optional().meta({ description: 'bridge：由本机呼叫并接通，录音和计费继续；refer：请线路转接（REFER），线路不支持时自动改用 bridge' }),
  }),
  wish('parallel_transfer', {
    phone,
    bridge: z.enum(['auto', 'wait'], { error: 'bridge 应为 auto 或 wait' }).default('auto').meta({ description: 'auto：人工接听后，机器人说完当前小句即接通；wait：等 action=bridge 再接通' }),
  }),
  wish('bridge', {}),
  wish('listen', { phone }),
  wish('stop_listening', { phone: phone.optional() }),
] as const

const names = wishes.map((it) => it.shape.action.value)
const body = z.discriminatedUnion('action', wishes, { error: `action 应为其中之一：${names.join('、')}` })
type Wish = z.output<typeof body>

export const control = action({
  method: 'POST',
  path: `${callinfo}/control`,
  tag: '通话',
  summary: '控制进行中的通话',
  description:
    '对已接通的通话做一件事，无论它在哪个进程上。`hold` 保持、`resume` 恢复、`send_digits` 发送按键、`play` 立刻说一句话或播放录音、' +
    '`transfer` 转人工（对方等待）、`parallel_transfer` 并行转人工（机器人继续说话，人工接听后再接通）、`bridge` 立即接通并行转接、`listen` 旁听、`stop_listening` 结束旁听。' +
    '`state` 为通话随即所处的状态；需要对方接听的操作只表示已经开始，后续见 `explain`。`pending` 表示已开始但还没有结果。' +
    '通话没有接通、已结束、所在进程已不在或来不及时返回 409 或 503，并且不会再执行。',
  needs: { key: true, version: true },
  body,
  answer: z.object({ success: z.literal(true), call_id: z.string(), action: z.string(), state: z.string(), message: z.string() }),
  async handle({ body, accountId }, { calls }) {
    const { state } = await calls.control(accountId, body.call_id, toCommand(body))
    return { success: true as const, call_id: body.call_id, action: body.action, state: wireState(state), message: state === 'pending' ? '已开始，结果见通话经过' : '已执行' }
  },
})

function toCommand(wish: Wish): CallCommand {
  switch (wish.action) {
    case 'hold':
    case 'resume':
    case 'bridge':
      return { type: wish.action }
    case 'send_digits':
      return { type: 'send-digits', digits: wish.digits, toneMs: wish.tone_ms }
    case 'play':
      return { type: 'play', text: wish.text ?? '', file: wish.file, interruptible: wish.interruptible }
    case 'transfer':
      return { type: 'transfer', phone: wish.phone, by: wish.by }
    case 'parallel_transfer':
      return { type: 'parallel-transfer', phone: wish.phone, join: wish.bridge === 'auto' ? 'by-itself' : 'when-asked' }
    case 'listen':
      return { type: 'listen', phone: wish.phone }
    case 'stop_listening':
      return { type: 'stop-listening', phone: wish.phone }
    default:
      return assertNever(wish)
  }
}

const wireState = (state: string): string => state.replaceAll('-', '_')
