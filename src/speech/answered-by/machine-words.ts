// What machines say when they pick up, and what people say that sounds alike: data and its matching. Does not know audio or time.
import { cueFinder, verdictOf } from '../early-media/announcements.ts'

/** `announcement`: the network speaks although the call counts as answered. */
export type Machine = 'assistant' | 'voicemail' | 'ivr' | 'announcement' | 'fax'

type Words = {
  /** Only machines say this: enough by itself. Notation of the announcement table. */
  decisive: readonly string[]
  /** People say it as well. */
  hints: readonly string[]
}

const words: Readonly<Record<Exclude<Machine, 'fax' | 'announcement'>, Words>> = {
  // Before the assistant: "I am the assistant, please leave a message" is a mailbox.
  voicemail: {
    decisive: [
      '嘀声后', '滴声后', '哔声后', '提示音后', '听到提示音', '嘀的一声', '请留言', '请您留言', '语音信箱+欢迎|请|转到|转入|您好', '语音留言+欢迎|请|按|您好', '如需留言', '留下口信', '录制留言', '开始留言', '结束留言',
      'leave a message', 'leave your message', 'leave your name', 'after the tone', 'after the beep', 'voicemail', 'voice mail', 'mailbox', 'record your message',
    ],
    hints: ['留言', '语音信箱'],
  },
  assistant: {
    decisive: [
      '机主的+助理|助手|秘书|管家', '我是机主', '机主+不方便|不便|正忙|在忙|无法接听|不能接听|未接|暂时|现在', '转达给机主', '转告机主', '告诉机主|通知机主', '您找机主', '替机主', '为机主',
      '智能助理', '来电助手', '来电助理', '来电秘书', '电话秘书', '通信助理', '小秘书', '秘书台', '语音助理', '电话助理', '通话助理', 'ai助理', '智能助手+您好|为您|电话|接听|转', '语音助手+您好|为您|我是他的|我是她的|代接|转',
      '请说明来意', '请说出来意', '请说出您的+来意|事由|需求', '开启防骚扰', '已为您记录', '小爱同学+电话|接听|转',
      'personal assistant', 'call assistant', 'screening your call', 'say your name and why',
    ],
    hints: ['请问有什么事', '请问您有什么事', '转告', '转达', '代接', '语音助手', '智能助手', '不方便接听', '不能接听', '无法接听', '稍后联系您', 'not available'],
  },
  ivr: {
    decisive: ['=请按#', '按井号键', '直拨分机', '拨分机号', '查号请拨', '=请拨#', '人工服务请', '=按#号键', '=press#', 'dial the extension', 'enter the extension', 'your call is important'],
    hints: ['分机', '欢迎致电', '欢迎拨打', '总机', '业务请', 'extension'],
  },
}
const order = ['voicemail', 'assistant', 'ivr'] as const

const finders = order.map((machine) => ({ machine, decisive: cueFinder(words[machine].decisive, 3), hints: words[machine].hints.map((cue) => cueFinder([cue], 3)) }))

/** Announcements say whom they speak to; people tell a robot that it was "marked as spam", too. */
const toCaller = cueFinder(['您拨打的', '您所拨打', '您呼叫的', '您拨叫的', '您的来电', 'subscriber', 'the number you'])
const networkStatuses: ReadonlySet<string> = new Set(['vacant-number', 'suspended', 'powered-off', 'busy', 'unreachable', 'no-answer', 'barred-incoming', 'blocked-as-spam', 'number-changed', 'caller-arrears', 'network-busy'])

/**
 * People ask what we are, speak for somebody they know, or send us elsewhere in the same words. Matched on the text without blanks
 * and punctuation.
 */
const people: readonly RegExp[] = [
  /(?:你|您)们?(?:是|就是|不是|该不会是|到底是|又是|怎么是|说|这)[^我]{0,8}(?:助手|助理|秘书|机器|录音|语音|信箱|智能)/u,
  /(?:什么|哪个|哪门子|又是|怎么又是|别跟我说|不要|找)(?:语音|智能|来电)?(?:助手|助理|秘书|信箱|留言)/u,
  /你(?:们)?(?:可以|就|直接|先)?(?:给|跟|向)(?:他|她|人家|老\p{L})(?:发)?(?:个|条|一个|一条|句|语音)*留/u,
  /(?:直接)?给(?:他|她)发(?:个|条)?(?:语音)?留言/u,
  /我(?:手机)?的(?:来电|语音)?(?:助手|助理|秘书)(?!机主)/u,
  /我(?:就)?是(?:他|她|机主|本人)?的?(?:同事|爱人|老婆|老公|妻子|丈夫|妈|爸|母亲|父亲|家人|家属|朋友|儿子|女儿|室友|媳妇|对象|邻居|本人)/u,
  /(?:我|你|您)?(?:手机|电话|号码|公司|店里|家里)(?:的)?(?:总机|分机|语音信箱|来电助手)?(?:坏了|没开|关了|取消了|打不通|没人接)/u,
  /(?:刚才|昨天|之前|上次|以前|平时|一般|可能|应该)[^您]{0,10}(?:留言|助手|助理|信箱|分机|按\p{N})/u,
  /我(?:没有|没|不用|不想|从来不)[^您]{0,8}(?:留言|助手|助理|秘书|信箱|分机)/u,
]

/** `cues`: those found; of hints it matters how many they are. */
export type SaidBy = { machine: Machine; decisive: boolean; cues: readonly string[] }

/** What the words so far say about who speaks; undefined: what anybody says. */
export function machineIn(said: string): SaidBy | undefined {
  if (said === '') return undefined
  const plain = said.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  if (people.some((pattern) => pattern.test(plain))) return undefined
  for (const { machine, decisive } of finders) {
    const cue = decisive(said)
    if (cue !== undefined) return { machine, decisive: true, cues: [cue] }
  }
  const { status } = verdictOf(said)
  const network = networkStatuses.has(status) ? toCaller(said) : undefined
  if (network !== undefined) return { machine: 'announcement', decisive: true, cues: [network, status] }
  for (const { machine, hints } of finders) {
    const cues = hints.flatMap((find) => find(said) ?? [])
    if (cues.length > 0) return { machine, decisive: false, cues }
  }
  return undefined
}
