// SingleCallByVoice: plays a recorded file to one callee. Translates only.
import { levelOfPercent } from '../../robot/voice-wish.ts'
import { operation } from './operation.ts'
import { ignored, needed, text } from './parameters.ts'
import { calledNumber, calledShowNumber, outId, playTimes, volume } from './single-call-parameters.ts'

export const SingleCallByVoice = operation({
  summary: '向一个号码播放语音文件',
  perSecondMax: 1_200,
  parameters: {
    CalledNumber: calledNumber,
    CalledShowNumber: calledShowNumber,
    VoiceCode: needed(text({ rule: '本账户语音文件的编号，见 `waihu voice-file`', bytesMax: 64 })),
    PlayTimes: playTimes,
    Volume: volume,
    Speed: ignored('Integer', '录音按原速播放'),
    OutId: outId,
  },
  answers: { CallId: '呼叫编号' },
  async handle({ CalledNumber, CalledShowNumber, VoiceCode, PlayTimes, Volume, OutId }, { singleCalls, accountId }) {
    const call = { accountId, called: CalledNumber, shown: CalledShowNumber, outId: OutId }
    return { CallId: await singleCalls.play(call, VoiceCode, { playTimes: PlayTimes, voice: { level: levelOfPercent(Volume) } }) }
  },
})
