// Knows what every outcome, stage and wait is called in Chinese and English, and every detail and rule behind them. Does not know calls.
import type { EndDetail, EndReason, Outcome, Stage } from '../call/end-reason.ts'
import type { Answerer, ConversationOutcome } from '../robot/robot.ts'
import type { LineReason } from './trunk-choice.ts'

export type Language = 'zh' | 'en'
export type Words = Readonly<Record<Language, string>>

export const outcomeWords: Readonly<Record<Outcome, Words>> = {
  answered: { zh: '已接通', en: 'Answered' },
  assistant: { zh: '由智能助理或语音信箱接听', en: 'Answered by an assistant or voicemail' },
  'no-answer': { zh: '无人接听', en: 'Nobody answered' },
  busy: { zh: '对方正在通话', en: 'Busy' },
  rejected: { zh: '对方拒接', en: 'Rejected by the callee' },
  'powered-off': { zh: '对方关机', en: 'Powered off' },
  suspended: { zh: '对方停机', en: 'The number is suspended' },
  'invalid-number': { zh: '空号', en: 'The number does not exist' },
  unreachable: { zh: '暂时无法接通', en: 'Cannot be reached at the moment' },
  'call-reminder': { zh: '未接通，对方会收到来电提醒', en: 'Not reached; the callee gets a missed-call message' },
  forwarded: { zh: '被转接到别处', en: 'Forwarded elsewhere' },
  barred: { zh: '对方设置了呼入限制', en: 'Incoming calls are barred at the callee' },
  'carrier-blocked': { zh: '被运营商拦截', en: 'Blocked by the carrier' },
  'call-loss': { zh: '线路拥塞，没有送达', en: 'Lost to congestion' },
  'line-fault': { zh: '线路故障', en: 'The line failed' },
  concurrency: { zh: '超过线路并发', en: 'Too many calls on the line' },
  frequency: { zh: '超过呼叫频率限制', en: 'Called too often' },
  window: { zh: '不在可呼时段', en: 'Outside of calling hours' },
  blacklist: { zh: '在免打扰名单中，没有拨打', en: 'On the do-not-call list, not dialled' },
  'blind-area': { zh: '所在地区不允许拨打', en: 'The area may not be called' },
  'bad-number': { zh: '号码不允许拨打', en: 'The number may not be dialled' },
  'no-balance': { zh: '余额不足，没有拨打', en: 'Not enough balance, not dialled' },
  cancelled: { zh: '已取消', en: 'Cancelled' },
  expired: { zh: '已过期，没有拨打', en: 'Expired, not dialled' },
  interrupted: { zh: '因系统故障中断', en: 'Cut short by a failure of this system' },
  unknown: { zh: '未接通，原因不明', en: 'Not reached, reason unknown' },
}

export const conversationWords: Readonly<Record<ConversationOutcome, Words>> = {
  confirmed: { zh: '对方已确认', en: 'the callee confirmed' },
  declined: { zh: '对方表示不行', en: 'the callee declined' },
  delivered: { zh: '消息已传达，对方未明确答复', en: 'the message was delivered without a clear answer' },
  refused: { zh: '对方不愿听', en: 'the callee did not want to listen' },
  stopped: { zh: '对方要求不再来电，已登记', en: 'the callee asked not to be called again, which is registered' },
  'wrong-number': { zh: '打错了，消息没有透露', en: 'wrong number, nothing was disclosed' },
  'third-party': { zh: '他人代接，消息没有透露', en: 'somebody else answered, nothing was disclosed' },
  'busy-call-back': { zh: '对方在忙，请稍后再打', en: 'the callee was busy and asked for a later call' },
  'handover-requested': { zh: '对方要求人工联系', en: 'the callee asked for a human' },
  transferred: { zh: '已转接人工', en: 'a human took over' },
  machine: { zh: '是机器接听，消息没有透露', en: 'a machine answered, nothing was disclosed' },
  silent: { zh: '对方没有出声', en: 'the callee did not speak' },
  unconfirmed: { zh: '没能确认是本人，消息没有透露', en: 'the person was not confirmed, nothing was disclosed' },
}

export const answererWords: Readonly<Record<Answerer, Words>> = {
  person: { zh: '真人', en: 'a person' },
  assistant: { zh: '智能助理', en: 'a phone assistant' },
  voicemail: { zh: '语音信箱', en: 'a voicemail' },
  ivr: { zh: '总机语音菜单', en: 'a menu' },
  announcement: { zh: '网络提示音', en: 'an announcement of the network' },
  fax: { zh: '传真机', en: 'a fax machine' },
}

export const waitingWords: Readonly<Record<'window' | 'frequency' | 'line' | 'balance', Words>> = {
  window: { zh: '等待可呼时段', en: 'waiting for calling hours' },
  frequency: { zh: '等待呼叫频率限制', en: 'waiting because the callee was called recently' },
  line: { zh: '等待空闲线路', en: 'waiting for a free line' },
  balance: { zh: '等待余额', en: 'waiting for balance' },
}

/** What keeps the trunks from taking a call. */
export const lineReasonWords: Readonly<Record<LineReason, Words>> = {
  pace: { zh: '等待线路：已到每秒呼叫数上限', en: 'waiting for a trunk: as many calls per second as it allows have started' },
  'callers-full': { zh: '等待线路：主叫号码的并发都用满了', en: 'waiting for a trunk: its numbers show as many calls as they may' },
  full: { zh: '等待线路：并发已满', en: 'waiting for a trunk: all of them are full' },
  'backing-off': { zh: '等待线路：线路出错或要求稍后再试，正在退避', en: 'waiting for a trunk: they failed or asked to be left alone for a while' },
  down: { zh: '等待线路：所有线路都不通', en: 'waiting for a trunk: all of them are down' },
  'no-such-caller': { zh: '等待线路：指定的主叫号码已不在线路上', en: 'waiting for a trunk: the number it asked for is on none any more' },
  'no-such-trunk': { zh: '等待线路：指定的线路已停用或删除', en: 'waiting for a trunk: the one it asked for was disabled or removed' },
  none: { zh: '等待线路：没有可用的线路', en: 'waiting for a trunk: there is none that can be used' },
}

export const stageWords: Readonly<Record<Stage, Words>> = {
  queued: { zh: '排队', en: 'queued' },
  dialing: { zh: '拨号', en: 'dialling' },
  ringing: { zh: '响铃', en: 'ringing' },
  talking: { zh: '通话', en: 'talking' },
}

/** By the names of `evidence.tone`. */
export const toneWords: Readonly<Record<string, Words>> = {
  dial: { zh: '拨号音', en: 'dial tone' },
  'ring-back': { zh: '回铃音', en: 'ring-back tone' },
  busy: { zh: '忙音', en: 'busy tone' },
  congestion: { zh: '拥塞音', en: 'congestion tone' },
  'vacant-number': { zh: '空号音', en: 'vacant-number tone' },
  'call-waiting': { zh: '呼叫等待音', en: 'call-waiting tone' },
  'trunk-notice': { zh: '长途通知音', en: 'trunk notice tone' },
  sit: { zh: '国际三音提示音', en: 'special information tone' },
  'fax-cng': { zh: '传真呼叫音', en: 'calling tone of a fax' },
  'fax-ced': { zh: '传真应答音', en: 'answering tone of a fax' },
  howler: { zh: '催挂音', en: 'off-hook howler' },
  monitor: { zh: '三方提醒音', en: 'third-party monitor tone' },
}

export const enderWords: Readonly<Record<EndReason['by'], Words>> = {
  callee: { zh: '对方结束', en: 'by the callee' },
  robot: { zh: '机器人结束', en: 'by the robot' },
  user: { zh: '用户结束', en: 'by the user' },
  network: { zh: '网络结束', en: 'by the network' },
  platform: { zh: '平台结束', en: 'by the platform' },
  colleague: { zh: '人工结束', en: 'by the human who took over' },
}

export const detailWords: Readonly<Record<EndDetail, Words>> = {
  'final-response': { zh: '网络拒绝或结束了呼叫', en: 'The network refused or ended the call' },
  announced: { zh: '提示音已说明结果，随即释放线路', en: 'The announcement said how it ends, so the line was freed' },
  'ring-limit': { zh: '响铃超过上限', en: 'It rang for as long as it may' },
  'no-response': { zh: '线路没有应答', en: 'The trunk never answered' },
  'trunk-unreachable': { zh: '线路地址不可达', en: 'The trunk could not be reached' },
  'callee-hung-up': { zh: '对方挂断', en: 'The callee hung up' },
  'line-lost': { zh: '与线路的通话中断', en: 'The line was lost' },
  'no-usable-audio': { zh: '接听时没有可用的音频', en: 'It was answered without usable audio' },
  'no-audio-received': { zh: '接通后一直没有收到声音', en: 'No sound ever came in after the answer' },
  'audio-stopped': { zh: '对方的声音中断后没有恢复', en: 'The sound of the far end stopped and did not come back' },
  'machine-policy': { zh: '接听的是机器，按设置挂断', en: 'A machine picked up; the call was ended as configured' },
  'robot-hung-up': { zh: '机器人说完后挂断', en: 'The robot had finished' },
  'talk-limit': { zh: '达到通话时长上限', en: 'The limit of talking time was reached' },
  'balance-used-up': { zh: '余额用尽', en: 'The balance was used up' },
  'recognition-failed': { zh: '语音识别出错', en: 'Recognition failed' },
  'synthesis-failed': { zh: '语音合成出错', en: 'Synthesis failed' },
  'robot-failed': { zh: '机器人没有回应', en: 'The robot gave no answer' },
  'colleague-hung-up': { zh: '接手的人工挂断', en: 'The human who had taken over hung up' },
  transferred: { zh: '线路已把通话转走', en: 'The line handed the call on' },
  'conversation-closed': { zh: '会话随线路结束', en: 'The conversation ended with the line' },
  'hung-up-by-user': { zh: '用户要求挂断', en: 'The account asked to hang up' },
  'cancelled-by-user': { zh: '用户在拨打前取消', en: 'The account cancelled it before it was dialled' },
  refused: { zh: '规则不允许拨打', en: 'A rule forbids to dial it' },
  'do-not-call': { zh: '该号码在免打扰名单中', en: 'The number is on the do-not-call list' },
  'expired-in-queue': { zh: '在有效时间内没有轮到拨打', en: 'Its turn did not come in time' },
  'expired-outside-hours': { zh: '可呼时段到来之前消息已过期', en: 'The message expired before calling hours' },
  'expired-by-frequency': { zh: '呼叫频率允许之前消息已过期', en: 'The message expired before the callee might be called again' },
  'expired-without-balance': { zh: '等待余额期间消息已过期', en: 'The message expired while waiting for balance' },
  'expired-without-line': { zh: '等待空闲线路期间消息已过期', en: 'The message expired while waiting for a free line' },
  'no-capacity': { zh: '本机没有空闲的端口或容量', en: 'This machine had no port or capacity left' },
  'shutting-down': { zh: '服务正在停止', en: 'The service was stopping' },
  'sip-closing': { zh: 'SIP 服务正在停止', en: 'The SIP side was closing' },
  'ownership-lost': { zh: '本进程失去对通话的所有权', en: 'This process no longer owned the call' },
  overdue: { zh: '通话超过总时间上限', en: 'The call exceeded all its limits' },
  'log-full': { zh: '通话记录无法继续写入', en: 'The log of the call could take no more' },
  'media-failed': { zh: '媒体处理失败', en: 'The media plane failed' },
  'no-script': { zh: '话术读不出来，没有拨打', en: 'The script could not be read, nobody was called' },
  'internal-failure': { zh: '程序出错', en: 'The program failed' },
  'process-died': { zh: '负责这通电话的进程意外终止，已停止计费，不会自动重拨', en: 'The process that ran the call died; billing stopped there, and it is not redialled' },
  'abort-overdue': { zh: '通话被中止后没有按时结束', en: 'The aborted call did not end in time' },
}

/** By the names of announcements, as in 'text:powered-off'. */
export const announcedWords: Readonly<Record<string, Words>> = {
  'recording-notice': { zh: '录音提示', en: 'recording notice' },
  'caller-arrears': { zh: '主叫欠费', en: 'own line in arrears' },
  'vacant-number': { zh: '空号', en: 'vacant number' },
  'blocked-as-spam': { zh: '骚扰拦截', en: 'blocked as spam' },
  voicemail: { zh: '语音信箱', en: 'voicemail' },
  'forwarded-to-assistant': { zh: '来电助手', en: 'phone assistant' },
  'call-waiting': { zh: '呼叫等待', en: 'call waiting' },
  'number-changed': { zh: '改号', en: 'number changed' },
  suspended: { zh: '停机', en: 'suspended' },
  'powered-off': { zh: '关机', en: 'powered off' },
  'barred-incoming': { zh: '呼入限制', en: 'incoming calls barred' },
  'caller-barred': { zh: '主叫呼出限制', en: 'own line barred' },
  'network-busy': { zh: '网络忙', en: 'network busy' },
  busy: { zh: '正在通话', en: 'busy' },
  'no-answer': { zh: '无人接听', en: 'no answer' },
  unreachable: { zh: '无法接通', en: 'cannot be reached' },
  'wrong-format': { zh: '拨号有误', en: 'wrong form of number' },
  'sms-reminder': { zh: '短信提醒', en: 'missed-call message' },
  ivr: { zh: '总机', en: 'menu' },
  transferring: { zh: '转接中', en: 'being transferred' },
}

const rulesOfCodes: Readonly<Record<string, Words>> = {
  'sip:misfit': { zh: '线路与我方不匹配的 SIP 状态', en: 'a SIP status of two sides that do not fit together' },
  'sip:5xx': { zh: 'SIP 5xx：线路故障', en: 'SIP 5xx: a fault of the line' },
  'sip:other': { zh: '没有对应规则的 SIP 状态', en: 'a SIP status that no rule knows' },
  none: { zh: '没有规则适用', en: 'no rule fits' },
}

/** What `evidence.rule` says, in words. */
export function ruleWords(rule: string): Words {
  const [kind, name = ''] = rule.split(':')
  const announced = announcedWords[name]
  if (kind === 'text' && announced) return { zh: `提示音“${announced.zh}”`, en: `the announcement "${announced.en}"` }
  const tone = toneWords[name]
  if (kind === 'tone' && tone) return { zh: `信号音“${tone.zh}”`, en: `the ${tone.en}` }
  if (kind === 'trunk') return { zh: `线路自定义规则第 ${name} 条`, en: `rule ${name} of the trunk's own` }
  if (kind === 'q850') return { zh: `Q.850 原因值 ${name}`, en: `Q.850 cause ${name}` }
  return rulesOfCodes[rule] ?? { zh: `SIP 状态 ${name}`, en: `SIP status ${name}` }
}
