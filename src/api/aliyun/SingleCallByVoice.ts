// SingleCallByVoice: plays a recorded file to one callee. Translates only.
import { operation } from './operation.ts'
import { needed, text } from './parameters.ts'
import { calledNumber, calledShowNumber, outId, playTimes, speed, volume } from './single-call-parameters.ts'

export const SingleCallByVoice = operation({
  summary: '向一个号码播放语音文件',
  perSecondMax: 1_200,
  parameters: {
    CalledNumber: calledNumber,
    CalledShowNumber: calledShowNumber,
    VoiceCode: needed(text({ rule: '本账户语音文件的编号，见 `waihu voice-file`', bytesMax: 64 })),
    PlayTimes: playTimes,
    Volume: volume,
    Speed: speed,
    OutId: outId,
  },
  answers: { CallId: '呼叫编号' },
  async handle({ CalledNumber, CalledShowNumber, VoiceCode, PlayTimes, OutId }, { singleCalls, accountId }) {
    return { CallId: await singleCalls.play({ accountId, called: CalledNumber, shown: CalledShowNumber, outId: OutId }, VoiceCode, PlayTimes) }
  },
})
