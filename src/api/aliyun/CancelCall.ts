// CancelCall: ends a call that was placed through this interface. Translates only.
import { operation } from './operation.ts'
import { findCall } from './find-call.ts'
import { callId } from './single-call-parameters.ts'

export const CancelCall = operation({
  summary: '取消或挂断一个呼叫',
  perSecondMax: 100,
  parameters: { CallId: callId },
  answers: { Status: '布尔；false 表示呼叫已经结束' },
  notes: ['可用于经本接口发起的任何呼叫；公布的接口只用于 ClickToDial，两方都挂断。'],
  async handle({ CallId }, { calls, accountId }) {
    const { callId: id } = await findCall(calls, accountId, CallId)
    return { Status: (await calls.stop(accountId, id, 'cancel')) === 'stopping' }
  },
})
