// Knows what every outcome, stage and wait is called in Chinese and English, and what to do about it. Does not know calls.
import type { EndReason, Outcome, Stage } from '../call/end-reason.ts'
import type { ConversationOutcome } from '../robot/robot.ts'

export type Language = 'zh' | 'en'
export type Words = Readonly<Record<Language, string>>

type OutcomeEntry = Words & { advice?: Words }

const later: Words = { zh: '可以过一会儿再拨。', en: 'Try again later.' }
const checkNumber: Words = { zh: '请核对号码；不要再拨这个号码。', en: 'Check the number; do not dial it again.' }
const tellCarrier: Words = { zh: '请把上面的 SIP 状态和原因告诉线路供应商。', en: 'Tell your carrier the SIP status and cause above.' }

export const outcomeWords: Readonly<Record<Outcome, OutcomeEntry>> = {
  answered: { zh: '已接通', en: 'Answered' },
  assistant: { zh: '由智能助理或语音信箱接听', en: 'Answered by an assistant or voicemail', advice: later },
  'no-answer': { zh: '无人接听', en: 'Nobody answered', advice: later },
  busy: { zh: '对方正在通话', en: 'Busy', advice: later },
  rejected: { zh: '对方拒接', en: 'Rejected by the callee', advice: { zh: '对方不愿接听，不建议立即重拨。', en: 'The callee does not want to talk; do not dial again right away.' } },
  'powered-off': { zh: '对方关机', en: 'Powered off', advice: later },
  suspended: { zh: '对方停机', en: 'The number is suspended', advice: { zh: '请换一种方式联系对方。', en: 'Reach the person another way.' } },
  'invalid-number': { zh: '空号', en: 'The number does not exist', advice: checkNumber },
  unreachable: { zh: '暂时无法接通', en: 'Cannot be reached at the moment', advice: later },
  'call-reminder': { zh: '未接通，对方会收到来电提醒', en: 'Not reached; the callee gets a missed-call message', advice: later },
  forwarded: { zh: '被转接到别处', en: 'Forwarded elsewhere', advice: later },
  barred: { zh: '对方设置了呼入限制', en: 'Incoming calls are barred at the callee', advice: { zh: '请换一种方式联系对方。', en: 'Reach the person another way.' } },
  'carrier-blocked': { zh: '被运营商拦截', en: 'Blocked by the carrier', advice: { zh: '主叫号码可能被限制或标记：换一个主叫号码，并联系线路供应商。', en: 'The caller ID may be restricted or marked: use another one and ask your carrier.' } },
  'call-loss': { zh: '线路拥塞，没有送达', en: 'Lost to congestion', advice: later },
  'line-fault': { zh: '线路故障', en: 'The line failed', advice: tellCarrier },
  concurrency: { zh: '超过线路并发', en: 'Too many calls on the line', advice: { zh: '降低并发，或向线路供应商申请更多并发。', en: 'Lower the concurrency or ask your carrier for more.' } },
  frequency: { zh: '超过呼叫频率限制', en: 'Called too often', advice: { zh: '等限制时间过去再拨。', en: 'Wait until the limit allows it.' } },
  window: { zh: '不在可呼时段', en: 'Outside of calling hours', advice: { zh: '请在可呼时段内再拨。', en: 'Dial within calling hours.' } },
  blacklist: { zh: '在免打扰名单中，没有拨打', en: 'On the do-not-call list, not dialled' },
  'blind-area': { zh: '所在地区不允许拨打', en: 'The area may not be called' },
  'bad-number': { zh: '号码不允许拨打', en: 'The number may not be dialled', advice: checkNumber },
  'no-balance': { zh: '余额不足，没有拨打', en: 'Not enough balance, not dialled', advice: { zh: '请先充值。', en: 'Top up the account.' } },
  cancelled: { zh: '已取消', en: 'Cancelled' },
  expired: { zh: '已过期，没有拨打', en: 'Expired, not dialled', advice: { zh: '如果消息仍然有效，请重新提交。', en: 'Place the call again if the message still matters.' } },
  interrupted: { zh: '因系统故障中断', en: 'Cut short by a failure of this system', advice: { zh: '系统不会自动重拨；对方可能已接过电话，确认后再决定是否重拨。', en: 'It is never redialled by itself; the callee may have been on the line, so check before dialling again.' } },
  unknown: { zh: '未接通，原因不明', en: 'Not reached, reason unknown', advice: tellCarrier },
}

export const conversationWords: Readonly<Record<ConversationOutcome, Words & { advice?: Words }>> = {
  confirmed: { zh: '对方已确认', en: 'the callee confirmed' },
  declined: { zh: '对方表示不行', en: 'the callee declined' },
  delivered: { zh: '消息已传达，对方未明确答复', en: 'the message was delivered without a clear answer' },
  refused: { zh: '对方不愿听', en: 'the callee did not want to listen' },
  stopped: { zh: '对方要求不再来电，已登记', en: 'the callee asked not to be called again, which is registered' },
  'wrong-number': { zh: '打错了，消息没有透露', en: 'wrong number, nothing was disclosed', advice: checkNumber },
  'third-party': { zh: '他人代接，消息没有透露', en: 'somebody else answered, nothing was disclosed', advice: later },
  'busy-call-back': { zh: '对方在忙，请稍后再打', en: 'the callee was busy and asked for a later call', advice: later },
  'handover-requested': { zh: '对方要求人工联系', en: 'the callee asked for a human', advice: { zh: '请安排人工回电。', en: 'Have a person call back.' } },
  machine: { zh: '是机器接听，消息没有透露', en: 'a machine answered, nothing was disclosed', advice: later },
  silent: { zh: '对方没有出声', en: 'the callee did not speak', advice: later },
  unconfirmed: { zh: '没能确认是本人，消息没有透露', en: 'the person was not confirmed, nothing was disclosed', advice: later },
}

export const waitingWords: Readonly<Record<'window' | 'frequency' | 'line' | 'balance', Words>> = {
  window: { zh: '等待可呼时段', en: 'waiting for calling hours' },
  frequency: { zh: '等待呼叫频率限制', en: 'waiting because the callee was called recently' },
  line: { zh: '等待空闲线路', en: 'waiting for a free line' },
  balance: { zh: '等待余额', en: 'waiting for balance' },
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
}

export const enderWords: Readonly<Record<EndReason['by'], Words>> = {
  callee: { zh: '对方结束', en: 'by the callee' },
  robot: { zh: '机器人结束', en: 'by the robot' },
  user: { zh: '用户结束', en: 'by the user' },
  network: { zh: '网络结束', en: 'by the network' },
  platform: { zh: '平台结束', en: 'by the platform' },
}

/** What to do next. What the conversation came to says more than that it was answered. */
export function adviceOn(outcome: Outcome, conversation: ConversationOutcome | undefined): Words | undefined {
  return (conversation && conversationWords[conversation].advice) ?? outcomeWords[outcome].advice
}
