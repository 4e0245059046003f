// Knows what a question of the callee asks about. Does not know the answers.
import type { FactTopic } from './requirement.ts'

/** 'clock' wants the hour, where 'time' is content with a day. */
export type QuestionTopic = FactTopic | 'clock' | 'what'

/** Questions that look answerable but are not: the start of a meeting is no answer to when it ends. */
const unanswerable = /结束|散会|多久|多长|为什么|为啥|凭什么|怎么走|怎么去|怎么坐|停车|能改|可以改|改时间|改天|换个?时间|换时间|请假|推迟|提前吗|取消吗|能不去|可以不去|不去行|谁参加|谁来|都有谁|哪些人|多少人|几个人|带(?:家属|孩子|朋友|人)/u

const topics: readonly { topic: QuestionTopic; pattern: RegExp }[] = [
  { topic: 'clock', pattern: /几点|几时/u },
  { topic: 'time', pattern: /什么时候|啥时候|什么时间|啥时间|哪一?天|几月|星期几|周几|礼拜几|何时|多会儿|时间是|时间呢|截止|最晚|几号(?![会楼厅门房桌线馆教柜窗机院库])/u },
  { topic: 'place', pattern: /哪里|哪儿|在哪|去哪|到哪|哪个(?:会议室|地方|楼|教室|门|厅|房|馆|店)|几号(?:会议|楼|厅|门|房|桌|馆|教室|柜|窗|院|库)|几楼|几层|什么地方|啥地方|地点|哪栋|哪层|where/u },
  { topic: 'address', pattern: /地址|什么路|哪条路|位置/u },
  { topic: 'bring', pattern: /带(?:什么|啥|哪些|些什么|点什么|点啥)|(?:要|需要|用|得)带(?:不带|东西|吗)|要不要带|用不用带|需不需要带|准备(?:什么|啥|些什么)|bring/u },
  { topic: 'amount', pattern: /多少钱|多少费|费用|几块|几元|价格|金额|收费|要钱|多少元|几百|how much/u },
  { topic: 'code', pattern: /(?:取件码|取货码|提货码|单号|编号|码)(?:是|多少|来着|呢|几)|什么码|尾号/u },
  { topic: 'phone', pattern: /电话(?:号码)?是?多少|联系方式|打哪个电话|号码是?多少|怎么联系|哪个号码/u },
  { topic: 'what', pattern: /什么会|啥会|什么活动|什么内容|什么通知|开什么|办什么|说的是什么事|具体(?:是)?什么|什么情况/u },
]
const englishTopics: readonly { topic: QuestionTopic; pattern: RegExp }[] = [
  { topic: 'time', pattern: /\b(?:when|what time|what day|which day)\b/u },
  { topic: 'place', pattern: /\b(?:where|which room|what place|address)\b/u },
  { topic: 'bring', pattern: /\bbring\b/u },
  { topic: 'amount', pattern: /\bhow much\b/u },
]

const asking = /吗|[呢么]$|几[点号个位天楼层月时]|什么|啥|哪|谁|多少|怎么|为何|何时|能不能|可不可以|是不是|有没有|要不要|用不用|需不需要|会不会|行不行|对不对|好不好|可否|能否|是否|多久|多大|来着/u

/** True when the words ask something. `clause` is normalised text. */
export function isQuestion(clause: string): boolean {
  return asking.test(clause)
}

/** True for a question that no requirement answers, whatever else the words are. */
export function isUnanswerable(clause: string): boolean {
  return isQuestion(clause) && unanswerable.test(clause)
}

/** What is asked about, in reading order; empty when nothing that a requirement could answer. */
export function topicsAsked(clause: string): QuestionTopic[] {
  if (unanswerable.test(clause)) return []
  return topics.flatMap(({ topic, pattern }) => {
    const at = clause.search(pattern)
    return at < 0 ? [] : [{ topic, at }]
  }).sort((a, b) => a.at - b.at).map(({ topic }) => topic)
}

export function englishTopicsAsked(text: string): QuestionTopic[] {
  return englishTopics.filter(({ pattern }) => pattern.test(text)).map(({ topic }) => topic)
}
