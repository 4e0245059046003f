// Parameters that several operations on single calls share, each with its rule. Does not know what is done with them.
import { integer, jsonTexts, needed, text } from './parameters.ts'

export const calledNumber = needed(text({ rule: '一个中国大陆号码', bytesMax: 64 }))
export const calledShowNumber = text({ rule: '外显号码，须是已启用线路的主叫号码；空：由系统选择。在模拟线路上不校验，显示线路自己的号码', does: 'differs', bytesMax: 64 })
export const outId = text({ rule: '1–15 字节，原样写入回执', bytesMax: 15 })
export const playTimes = integer({ min: 1, max: 3, or: 3, outside: 'refused', rule: '1–3，默认 3；超出范围返回 isv.INVALID_PARAMETERS' })
export const ttsValues = jsonTexts({ rule: '模板变量的值，JSON 对象；值最多 100 个字符，不含网址和 @ = : " $ { } ^ * ¥' })
export const volume = integer({ min: 0, max: 100, or: 100, outside: 'refused', rule: '0–100，原音量的百分比，默认 100；超出范围返回 isv.INVALID_PARAMETERS' })
export const callId = needed(text({ rule: '呼叫编号，形如 116012854210^102814270000', bytesMax: 64 }))
