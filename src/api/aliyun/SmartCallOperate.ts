// SmartCallOperate: joins the callee of a SmartCall with the colleague whom it called aside. Translates only.
import { businessError } from './errors.ts'
import { findCall } from './find-call.ts'
import { operation } from './operation.ts'
import { ignored, needed, text } from './parameters.ts'
import { callId } from './single-call-parameters.ts'

export const SmartCallOperate = operation({
  summary: '把被叫与已并行呼叫的人工接通',
  perSecondMax: 100,
  parameters: {
    CallId: callId,
    Command: needed(text({ rule: '只有 parallelBridge', bytesMax: 64 })),
    Param: ignored('String', '扩展字段，没有公布含义'),
  },
  answers: { Status: '布尔；true 表示已开始接通' },
  notes: ['通话不在进行中、没有并行转接或无法接通时返回 isv.VOICE_CALL_FAIL。'],
  async handle({ CallId, Command }, { calls, accountId }) {
    if (Command !== 'parallelBridge') throw businessError('isv.INVALID_PARAMETERS', 'Command 只能是 parallelBridge')
    const { callId: id, product } = await findCall(calls, accountId, CallId)
    if (product !== 'smart') throw businessError('isv.INVALID_PARAMETERS', 'CallId 不是 SmartCall 的呼叫')
    await calls.control(accountId, id, { type: 'bridge' })
    return { Status: true }
  },
})
