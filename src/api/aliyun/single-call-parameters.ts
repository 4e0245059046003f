// Parameters that several operations on single calls share, each with its rule. Does not know what is done with them.
import { businessError } from './errors.ts'
import { integer, jsonTexts, needed, text } from './parameters.ts'

export const calledNumber = needed(text({ rule: '一个中国大陆号码', bytesMax: 64 }))
/** Whether it may be shown is the dialer's affair; what is no number is told at once. */
export function shownNumber(rule: string): ReturnType<typeof text> {
  const written = text({ rule, does: 'differs', bytesMax: 64 })
  return {
    ...written,
    read(name, value, all) {
      const shown = written.read(name, value, all)
      if (shown !== undefined && !/^\+?\d(?:[\s-]?\d){2,19}$/.test(shown)) throw businessError('isv.DISPLAY_NUMBER_ILLEGAL', `${name} 不是号码：应为 3–20 位数字`)
      return shown
    },
  }
}
export const calledShowNumber = shownNumber('外显号码，须是本账户的号码（`waihu number`），账户没有登记则为已启用线路的主叫号码；空：由系统选择。他人的号码返回 isv.BILLID_NOT_EXIST。在模拟线路上显示线路自己的号码')
export const outId = text({ rule: '1–15 字节，原样写入回执', bytesMax: 15 })
export const playTimes = integer({ min: 1, max: 3, or: 3, outside: 'refused', rule: '1–3，默认 3；超出范围返回 isv.INVALID_PARAMETERS' })
export const ttsValues = jsonTexts({ rule: '模板变量的值，JSON 对象；值最多 100 个字符，不含网址和 @ = : " $ { } ^ * ¥' })
export const volume = integer({ min: 0, max: 100, or: 100, outside: 'refused', rule: '0–100，原音量的百分比，默认 100；超出范围返回 isv.INVALID_PARAMETERS' })
export const callId = needed(text({ rule: '呼叫编号，形如 116012854210^102814270000', bytesMax: 64 }))
