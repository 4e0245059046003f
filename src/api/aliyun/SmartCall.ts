// SmartCall: calls one callee and lets the account's callback server lead the conversation. Translates only.
import { levelOfStep, wishOfTts } from '../../robot/voice-wish.ts'
import { operation } from './operation.ts'
import { flag, ignored, integer, jsonTexts, needed, onlyWith, text } from './parameters.ts'
import { calledNumber, calledShowNumber, outId } from './single-call-parameters.ts'

export const SmartCall = operation({
  summary: '智能语音交互：由账户的回调服务器主导一通电话',
  perSecondMax: 1_000,
  parameters: {
    CalledNumber: calledNumber,
    CalledShowNumber: needed(calledShowNumber),
    VoiceCode: needed(text({ rule: '开场：语音文件编号、http(s) 网址和 $变量$，以逗号分隔，可混用' })),
    VoiceCodeParam: jsonTexts({ rule: 'VoiceCode 里变量的文字，JSON 对象' }),
    RecordFlag: flag({ or: false, does: 'differs', rule: '默认 false：不录音；true 时按系统设置录音（RECORD）' }),
    Volume: integer({ min: -4, max: 4, or: undefined, outside: 'refused', rule: '−4–4，播放音量，录音和合成语音都生效' }),
    Speed: ignored('Integer', '公布为暂不支持'),
    AsrModelId: ignored('String', '使用系统配置的识别服务'),
    AsrBaseId: ignored('String', '使用系统配置的识别服务'),
    PauseTime: integer({ min: 300, max: 1_200, or: 800, outside: 800, rule: '300–1200 毫秒的停顿算一句结束，默认 800；超出范围按 800' }),
    MuteTime: integer({ min: 1_000, max: 20_000, or: 10_000, outside: 10_000, rule: '1000–20000 毫秒无声后回调 mute，默认 10000；超出范围按 10000；回复里的 mute_time 可改' }),
    ActionCodeBreak: flag({ or: true, rule: '默认 true；false 时开场不被打断，回复里的 action_break 也不能' }),
    ActionCodeTimeBreak: integer({ min: 0, max: 60_000, or: 0, outside: 'refused', rule: '连续说话多少毫秒打断开场；0 或不填为关；只在 ActionCodeBreak 为 true 时生效' }),
    OutId: outId,
    DynamicId: text({ rule: '原样写入回调的 dynamic_id，回复里的 dynamic_id 可改', bytesMax: 1_000 }),
    EarlyMediaAsr: flag({ or: false, does: 'differs', rule: 'true：接通前听到的话在振铃结束时回调一次；提示音总会被识别并用于判断结果' }),
    SessionTimeout: integer({ min: 1, max: 3_600, or: 3_600, outside: 'refused', rule: '整通电话（含转接后）最长秒数，1–3600；机器人对话不会超过系统的 TALK_MS_MAX；到时先道别再挂机', does: 'differs' }),
    TtsConf: flag({ or: false, rule: '默认 false：忽略以下三项' }),
    TtsStyle: onlyWith('TtsConf', text({ rule: '公布的 16 个发音人；系统的语音合成是 TTS=nls 时生效，否则用系统的发音人', does: 'differs', bytesMax: 64 })),
    TtsVolume: onlyWith('TtsConf', integer({ min: 0, max: 100, or: undefined, outside: 'refused', rule: '0–100，0 为默认音量' })),
    TtsSpeed: onlyWith('TtsConf', integer({ min: -200, max: 200, or: undefined, outside: 'refused', rule: '−200–200' })),
    StreamAsr: integer({ min: 0, max: 100, or: 0, outside: 'refused', rule: '大于 0：说话中途也回调 normal，words 逐次增长，说完后再回调整句；上一次的回复到达之前不再发送。默认 0' }),
    EnableITN: flag({ or: false, rule: 'words 里的数字写成阿拉伯数字' }),
    BackgroundFileCode: text({ rule: '语音文件编号，通话中低声播放', bytesMax: 64 }),
    BackgroundVolume: ignored('Integer', '公布为暂不支持'),
    BackgroundSpeed: ignored('Integer', '公布为暂不支持'),
    NoiseThreshold: ignored('Double', '没有公布含义'),
  },
  answers: { CallId: '呼叫编号，即回调里的 call_id' },
  notes: [
    '回调地址是账户的设置：`waihu callback-server set acc_… https://…`；未设置时返回 isv.PRODUCT_UNSUBSCRIBE。',
    '开场含合成语音而未写明时，之前先播报一句提示（GB 45438—2025）；`--says-synthetic` 表示开场自己已经写明。',
    '一轮超时（默认 5 秒）、出错或答非所问时，被叫 2.5 秒内听到设定的话术；连续三次后道别挂机。原因写入该通话的事件日志。',
  ],
  async handle(p, { singleCalls, accountId }) {
    const tts = wishOfTts({ conf: p.TtsConf, style: p.TtsStyle, volume: p.TtsVolume, speed: p.TtsSpeed })
    const CallId = await singleCalls.converse(
      { accountId, called: p.CalledNumber, shown: p.CalledShowNumber, outId: p.OutId },
      {
        opening: { code: p.VoiceCode, texts: p.VoiceCodeParam, breakable: p.ActionCodeBreak, timeBreakMs: p.ActionCodeTimeBreak },
        pauseMs: p.PauseTime,
        muteMs: p.MuteTime,
        talkMsMax: p.SessionTimeout * 1_000,
        dynamicId: p.DynamicId,
        earlyMedia: p.EarlyMediaAsr,
        recorded: p.RecordFlag,
        itn: p.EnableITN,
        partials: p.StreamAsr > 0,
        voice: { ...tts, ...(p.Volume !== undefined && { level: levelOfStep(p.Volume) }) },
        background: p.BackgroundFileCode,
      },
    )
    return { CallId }
  },
})
