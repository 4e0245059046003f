// SingleCallByTts: says a text template to one callee. Translates only.
import { levelOfPercent, speedOf } from '../../robot/voice-wish.ts'
import { operation } from './operation.ts'
import { integer, needed, text } from './parameters.ts'
import { calledNumber, calledShowNumber, outId, playTimes, ttsValues, volume } from './single-call-parameters.ts'

export const SingleCallByTts = operation({
  summary: '向一个号码播报文本模板',
  perSecondMax: 1_000,
  parameters: {
    CalledNumber: calledNumber,
    CalledShowNumber: calledShowNumber,
    TtsCode: needed(text({ rule: '本账户已通过审核的模板编号，TTS_ 开头', bytesMax: 64 })),
    TtsParam: ttsValues,
    PlayTimes: playTimes,
    Volume: volume,
    Speed: integer({ min: -500, max: 500, or: 0, outside: 'refused', rule: '−500–500，语速从一半到两倍，默认 0；超出范围返回 isv.INVALID_PARAMETERS' }),
    OutId: outId,
  },
  answers: { CallId: '呼叫编号' },
  notes: ['模板未写明是合成语音时，第一遍之前先播报一句提示（GB 45438—2025）；模板可声明自己已经写明。'],
  async handle({ CalledNumber, CalledShowNumber, TtsCode, TtsParam, PlayTimes, Volume, Speed, OutId }, { singleCalls, accountId }) {
    const call = { accountId, called: CalledNumber, shown: CalledShowNumber, outId: OutId }
    const voice = { level: levelOfPercent(Volume), speed: speedOf(Speed) }
    return { CallId: await singleCalls.speak(call, { code: TtsCode, values: TtsParam }, { playTimes: PlayTimes, voice }) }
  },
})
