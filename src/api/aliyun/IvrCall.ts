// IvrCall: says a menu to one callee and what is behind the key that is pressed. Translates only.
import { operation } from './operation.ts'
import { integer, needed, repeated, text } from './parameters.ts'
import { calledNumber, calledShowNumber, outId, playTimes, ttsValues } from './single-call-parameters.ts'

const code = text({ rule: '模板编号（TTS_ 开头）或语音文件编号', bytesMax: 64 })

export const IvrCall = operation({
  summary: '播报菜单，被叫按键选择',
  perSecondMax: 100,
  parameters: {
    CalledNumber: calledNumber,
    CalledShowNumber: needed(calledShowNumber),
    StartCode: needed(code),
    StartTtsParams: ttsValues,
    PlayTimes: { ...playTimes, type: 'Long' },
    MenuKeyMap: repeated({
      countMax: 15,
      fields: { Key: needed(text({ rule: '0–9、*、#', bytesMax: 1 })), Code: code, TtsParams: ttsValues },
      rule: 'MenuKeyMap.N.Key、.Code、.TtsParams，N 从 1 到 15；没有 Code 的按键只记录',
    }),
    ByeCode: code,
    ByeTtsParams: ttsValues,
    Timeout: integer({ min: 0, max: 60_000, or: 3_000, outside: 'refused', rule: '播完后等待按键的毫秒数，0–60000，默认 3000', does: 'differs' }),
    OutId: outId,
  },
  answers: { CallId: '呼叫编号' },
  notes: ['菜单只有一层：播报所按键的内容，再播 ByeCode，然后挂机。没有对应内容的按键不打断播报。'],
  async handle({ CalledNumber, CalledShowNumber, StartCode, StartTtsParams, PlayTimes, MenuKeyMap, ByeCode, ByeTtsParams, Timeout, OutId }, { singleCalls, accountId }) {
    const menu = {
      start: { code: StartCode, values: StartTtsParams },
      keys: MenuKeyMap.map(({ Key, Code, TtsParams }) => ({ key: Key, spoken: Code === undefined ? undefined : { code: Code, values: TtsParams } })),
      bye: ByeCode === undefined ? undefined : { code: ByeCode, values: ByeTtsParams },
      keyMsMax: Timeout,
    }
    return { CallId: await singleCalls.menu({ accountId, called: CalledNumber, shown: CalledShowNumber, outId: OutId }, menu, PlayTimes) }
  },
})
