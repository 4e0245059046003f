// ClickToDial: calls one person, then another, and lets them talk. Translates only.
import { operation } from './operation.ts'
import { flag, ignored, integer, needed, text } from './parameters.ts'
import { calledNumber, outId, shownNumber } from './single-call-parameters.ts'

const shown = (whom: string) =>
  needed(shownNumber(`${whom}看到的号码，须是本账户的号码，账户没有登记则为已启用线路的主叫号码；两个外显号码须在同一条线路上。在模拟线路上显示线路自己的号码`))

export const ClickToDial = operation({
  summary: '双呼：先呼叫主叫，接听后呼叫被叫，双方通话',
  perSecondMax: 100,
  parameters: {
    CallerNumber: needed(text({ rule: '主叫：一个中国大陆号码，先接到电话的一方', bytesMax: 64 })),
    CallerShowNumber: shown('主叫'),
    CalledNumber: calledNumber,
    CalledShowNumber: shown('被叫'),
    AsrFlag: flag({ or: false, rule: '默认 false：双方的话不识别、不记录；true：写入该通话的事件日志' }),
    AsrModelId: ignored('String', '使用系统配置的识别服务'),
    RecordFlag: flag({ or: false, does: 'differs', rule: '默认 false：不录音；true 时按系统设置录音（RECORD）' }),
    SessionTimeout: integer({ min: 1, max: 3_600, or: 3_600, outside: 'refused', does: 'differs', rule: '从主叫接听起最长秒数，1–3600；双方通话不会超过系统的 HANDOVER_TALK_MS_MAX；到时先提示再挂断' }),
    OutId: outId,
  },
  answers: { CallId: '呼叫编号' },
  notes: [
    '主叫接听后听到一句提示和回铃音；被叫接听即接通。被叫未接通时告诉主叫原因，然后挂断。任何一方挂断，另一方也挂断。',
    '免打扰名单、可呼时段和频率限制对两个号码都生效，呼叫被叫之前再查一次。费用从主叫接听起按一路计算。',
    '没有公布频率限制，按其他单呼操作取每秒 100 次。',
  ],
  async handle({ CallerNumber, CallerShowNumber, CalledNumber, CalledShowNumber, AsrFlag, RecordFlag, SessionTimeout, OutId }, { singleCalls, accountId }) {
    const call = { accountId, called: CallerNumber, shown: CallerShowNumber, outId: OutId }
    return { CallId: await singleCalls.connect(call, { to: CalledNumber, shown: CalledShowNumber, talkMsMax: SessionTimeout * 1_000, recorded: RecordFlag, transcribed: AsrFlag }) }
  },
})
