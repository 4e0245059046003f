// QueryCallDetailByCallId: the record of one call. Translates only.
import { chinaDayStart } from '../../dialer/tasks/windows.ts'
import { callDetail, prodIds, twoPartyDetail } from './call-detail.ts'
import { epochMs } from './china-time.ts'
import { wireIdPattern } from './find-call.ts'
import { operation } from './operation.ts'
import { integer, needed } from './parameters.ts'
import { callId } from './single-call-parameters.ts'
import { partyTimesOf } from './two-party.ts'

const dayMs = 86_400_000

export const QueryCallDetailByCallId = operation({
  summary: '查询一个呼叫的话单',
  perSecondMax: 100,
  parameters: {
    CallId: callId,
    ProdId: needed(integer({ min: 0, max: 1e15, or: undefined, outside: 'refused', type: 'Long', rule: '产品编号，须与呼叫的种类一致' })),
    QueryDate: needed({ ...epochMs('毫秒时间戳：查找该时刻所在日（北京时间）零点到该时刻后 24 小时内发起的呼叫'), does: 'differs' }),
  },
  answers: { Data: 'JSON 文字；查不到时为空串' },
  notes: ['正在进行的呼叫 state 为空串；ClickToDial 为 200101、200102 或 200103（通话中），startDate 和 duration 从双方接通算起。'],
  async handle({ CallId, ProdId, QueryDate }, { calls, accountId }) {
    const ticket = wireIdPattern.test(CallId) ? await calls.ticket(accountId, CallId) : undefined
    if (ticket === undefined || prodIds[ticket.product] !== String(ProdId)) return { Data: '' }
    const call = await calls.lookUp(accountId, ticket.callId)
    const createdMs = call.createdAt.getTime()
    // An instant, or in older texts a day: a call is found from the beginning of that day to 24 h after the instant.
    if (!(createdMs >= chinaDayStart(QueryDate) && createdMs <= QueryDate + dayMs)) return { Data: '' }
    if (ticket.product === 'click-to-dial') return { Data: twoPartyDetail(call, ticket.shownNumber, partyTimesOf(await calls.events(accountId, ticket.callId), call.endedAt)) }
    return { Data: callDetail(call, ticket.shownNumber) }
  },
})
