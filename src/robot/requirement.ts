// Knows what one sentence of a customer asks for: whom, on whose behalf, which facts and questions. Does not know how a conversation goes.
import { InvalidInputError } from '../errors.ts'
import { type DateMention, findDates, lastMoment, speakDate } from './dates.ts'
import { compileEnglish, isEnglish } from './requirement-english.ts'
import { compileKnowledge, type KnowledgeItem } from './knowledge.ts'
import { refuseForbidden } from './requirement-refusals.ts'
import { type Person, takePerson } from './requirement-person.ts'
import { splitClauses, towardsCallee } from './requirement-clauses.ts'

export type RequirementKind = 'notify' | 'remind' | 'ask' | 'invite' | 'greet'
/** What a fact can answer. */
export type FactTopic = 'time' | 'place' | 'address' | 'bring' | 'amount' | 'code' | 'phone'

export type Fact = {
  id: string
  /** In second person, dates still as written. */
  text: string
  dates: readonly DateMention[]
  topics: readonly FactTopic[]
}
export type Question = {
  id: string
  /** In second person, without 问: 明天能不能来. Also the name of the slot that holds the answer. */
  text: string
  dates: readonly DateMention[]
  kind: 'yes-no' | 'open'
}
export type KeyChoice = { key: string; meaning: string; intent: 'affirm' | 'deny' | 'other' }

export type Requirement = {
  /** What was asked for, untouched. */
  original: string
  language: 'zh' | 'en'
  kind: RequirementKind
  person: Person | undefined
  /** Who the call is made for. */
  organisation: string | undefined
  facts: readonly Fact[]
  questions: readonly Question[]
  /** Keys the callee may press, when the text offers them. */
  keys: readonly KeyChoice[]
  /** The text speaks as 我: it is passed on as somebody's words. */
  quoted: boolean
  /** Health, debt, marks …: not even the topic is hinted at before the person is confirmed. */
  sensitive: boolean
  /** What may be told beside the facts, when it is asked for. As private as they are. */
  knowledge: readonly KnowledgeItem[]
  acceptedAt: Date
  /** After this moment the call makes no sense; undefined when the facts name no date. */
  expiresAt: Date | undefined
}

export type CompileOptions = {
  acceptedAt: Date
  /** The account's organisation; one named in the text wins. */
  organisation?: string | undefined
  /** What else the robot may tell. */
  knowledge?: string | undefined
  /** Name of the text on the wire, for errors. */
  field?: string | undefined
}

const sensitivePattern = /医院|门诊|复诊|就诊|看诊|体检|化验|检查结果|手术|病|诊断|治疗|口腔|牙|怀孕|孕|欠款|欠费|逾期|贷款|还款|催收|债|成绩|分数|挂科|处分|工资|薪|罚款|判决|开庭|离婚|信用卡/u
const lead = '(?:请你?|麻烦[你您]?|帮忙|帮我|帮|你?去|替我|给我|我要|我想|我想要|现在|马上|你?好|您好|并|来|一下|电话)*'
const verbs: readonly { pattern: RegExp; kind: RequirementKind }[] = [
  { pattern: /^(?:询问|问一下|问一问|问问|请问|咨询|问|核实|了解|确认一下|确认|调查|回访)(?:一下)?/u, kind: 'ask' },
  { pattern: /^(?:提醒|催促|催)(?:一下)?/u, kind: 'remind' },
  { pattern: /^(?:邀请|诚邀|约请|约)(?:一下)?/u, kind: 'invite' },
  { pattern: /^(?=祝|恭喜|祝贺|恭祝|感谢)/u, kind: 'greet' },
  { pattern: /^(?:通知|告诉|告知|转告|转达给|转达|通告|通知到|联系|致电|叫|让|跟|和|对|向)(?:一下)?/u, kind: 'notify' },
]
const callPattern = /^(?:给|打(?:个)?电话给|打给|致电|呼叫|拨打|联系|call)(?:\+?\d[\d\s-]{5,})?/iu
const spokenFor = new RegExp(`^${lead}(?:我是|我们是|我这里是|这里是|这边是|我叫|我代表|代表|以)([^，。；！,;:：]{2,24}?)(?:的名义)?(?:[，。；！,;:：]|(?=请?(?:通知|提醒|告诉|转告|邀请|询问|问|给)))`, 'u')
const organisationFirst = /^([\u4e00-\u9fffA-Za-z0-9（）()·]{2,20}?(?:公司|医院|学校|中学|小学|幼儿园|大学|物业|集团|中心|诊所|口腔|健身房|俱乐部|协会|委员会|居委会|社区|街道|酒店|餐厅|门店|店|超市|商场|工厂|事务所|部|局|驿站|快递|图书馆|培训班|机构|工会|银行|团队|组委会|协会))(?=(?:现|特|将|要|想|请)?(?:通知|提醒|告知|邀请|询问|回访|诚邀))/u

/**
 * Understands one sentence or a short text of what a call is to do.
 * Errors: InvalidInputError when there is nothing to say or too much, RefusedError 'not-allowed' when it asks to deceive or to collect secrets.
 */
export function compileRequirement(text: string, options: CompileOptions): Requirement {
  return { ...compileText(text, options), knowledge: compileKnowledge(options.knowledge, options.acceptedAt) }
}

function compileText(text: string, options: CompileOptions): Omit<Requirement, 'knowledge'> {
  const field = options.field ?? 'user_requirement'
  refuseForbidden(text, field)
  const clean = tidy(text)
  if (isEnglish(clean)) return compileEnglish(text, clean, options)

  let rest = clean.replace(/^(?:(?:你好|您好|喂|嗨)[，,。！!、]*)+/u, '')
  let organisation: string | undefined
  const stated = spokenFor.exec(rest)
  if (stated && !/^(?:我|您|你)/.test(stated[1]!)) {
    organisation = stated[1]!.replace(/(?:的)$/u, '')
    rest = rest.slice(stated[0].length)
  }
  const politely = new RegExp(`^${lead}`, 'u').exec(rest)![0]
  rest = rest.slice(politely.length)
  const first = organisation === undefined ? organisationFirst.exec(rest) : null
  if (first) {
    organisation = first[1]!
    rest = rest.slice(first[0].length).replace(/^(?:现|特|将|要|想|请)/u, '')
  }

  let kind: RequirementKind = 'notify'
  let person: Person | undefined
  let addressed = false
  const asACall = callPattern.exec(rest)
  if (asACall) {
    const found = takePerson(rest.slice(asACall[0].length))
    if (!found) {
      rest = rest.slice(asACall[0].length).replace(/^[，,：:\s]+/u, '')
      // 打电话给楼下餐厅预订今晚7点的位子: the place that is called is no part of what is asked.
      const booking = /^([\u4e00-\u9fffA-Za-z]{0,12}?)(?:(?:请|帮我|想|要|并)*)((?:预订|预定|预约|订).+)$/u.exec(rest)
      if (booking) {
        kind = 'ask'
        addressed = true
        rest = `能不能${booking[2]}`
      }
    } else {
      person = found.person
      addressed = true
      rest = found.rest.replace(/^(?:打(?:一)?个?电话|去个?电话|致电|来个?电话|拜个年)?[，,。;；:：\s]*(?:请|并|然后|帮我|替我)?/u, '')
    }
  }
  for (const verb of verbs) {
    const m = verb.pattern.exec(rest)
    if (!m) continue
    const after = rest.slice(m[0].length)
    const found = verb.kind === 'greet' ? takePerson(after.replace(/^(?:祝贺|恭喜|恭祝|祝福|祝|感谢)/u, '')) : takePerson(after)
    if (!found && m[0].length === 1 && verb.kind === 'notify') continue
    kind = verb.kind
    if (verb.kind === 'greet') {
      if (found) person ??= found.person
      rest = found && !/^(?:您|你)/.test(after.slice(1)) ? `${/^(?:祝贺|恭喜|恭祝|祝福|祝|感谢)/u.exec(after)?.[0] ?? ''}您${found.rest}` : after
    } else {
      if (found) person ??= found.person
      rest = found ? found.rest : after
      // 催一下王总合同什么时候能签 wants an answer.
      if (m[0].startsWith('催') && /什么时候|几时|是否|能不能|何时/u.test(rest)) kind = 'ask'
      // 叫小王来开会: what he is made to do is a request to him.
      else if (found && /^[叫让约催]/u.test(m[0]) && /^[\u4e00-\u9fff]/u.test(rest)) rest = `请您${rest}`
      addressed ||= found !== undefined
    }
    break
  }
  if (kind === 'notify' && !addressed && politely.endsWith('请')) {
    // 请张总明天来公司: the request itself is the fact.
    const found = takePerson(rest)
    if (found?.person) {
      person = found.person
      rest = `请您${found.rest}`
    }
  }
  if (kind === 'notify' && person === undefined && !addressed) {
    const found = takePerson(rest)
    if (found?.person && /^(?:[，,：:]|您|你|请)/u.test(found.rest)) {
      person = found.person
      rest = found.rest
    }
  }
  // 给张总打电话，问他明天能不能来: the second verb says what the call is for.
  const second = /^[，,：:]?(询问|问一下|问问|问|提醒|邀请)(?:他们|她们|他|她|一下|您)+/u.exec(rest)
  if (second && kind === 'notify') {
    kind = /问/.test(second[1]!) ? 'ask' : second[1] === '提醒' ? 'remind' : 'invite'
    rest = rest.slice(second[0].length)
  }
  if (rest.startsWith('的')) rest = `您${rest}`
  rest = rest.replace(/^(?:[，,：:；;。\s]|说(?!明)|一下|一声|关于|您好|你好|要(?=在|去|来|参加|准时))+/u, '')

  const principal = organisation ?? options.organisation
  const { facts, questions, keys, quoted } = splitClauses(towardsCallee(rest, person, principal), kind)
  if (facts.length + questions.length === 0) throw new InvalidInputError(field, '没有看出要说什么事：请写明要通知或询问的内容，例如“通知张总明天上午9点开会”。')
  // All clauses are dated together, so that "明天开会，9点开始" gives both the same day.
  const spoken = [...facts, ...questions.map((q) => q.text)].join('。')
  const dates = findDates(spoken, options.acceptedAt)
  const datesOf = (clause: string, from: number): DateMention[] =>
    dates.filter((d) => d.begin >= from && d.end <= from + clause.length).map((d) => ({ ...d, begin: d.begin - from, end: d.end - from }))
  let offset = 0
  const place = (clause: string): DateMention[] => {
    const found = datesOf(clause, offset)
    offset += clause.length + 1
    return found
  }
  return {
    original: text,
    language: 'zh',
    kind: kind === 'notify' && facts.length === 0 ? 'ask' : kind,
    person,
    organisation: principal,
    facts: facts.map((clause, i) => {
      const found = place(clause)
      return { id: `f${i + 1}`, text: clause, dates: found, topics: topicsOf(clause, found) }
    }),
    questions: questions.map((q, i) => ({ id: `q${i + 1}`, text: q.text, dates: place(q.text), kind: q.kind })),
    keys,
    quoted,
    sensitive: sensitivePattern.test(clean),
    acceptedAt: options.acceptedAt,
    expiresAt: lastMoment(dates),
  }
}

/** True when the facts are over: the number must not be dialled any more. */
export function isExpired(requirement: Requirement, now: Date): boolean {
  return requirement.expiresAt !== undefined && now >= requirement.expiresAt
}

/** The fact or question as it is spoken at `now`, dates relative to that day. */
export function speak(item: Pick<Fact, 'text' | 'dates'>, now: Date, options: { brief?: boolean } = {}): string {
  let spoken = ''
  let at = 0
  for (const date of item.dates) {
    spoken += item.text.slice(at, date.begin) + speakDate(date, now, { ...options, next: item.text.slice(date.end) })
    at = date.end
  }
  return spoken + item.text.slice(at)
}

function topicsOf(text: string, dates: readonly DateMention[]): FactTopic[] {
  const topics: FactTopic[] = []
  if (dates.some((d) => d.precision !== 'month')) topics.push('time')
  if (/地址|[路街巷弄道]\d|号楼|号院|大厦|广场/u.test(text)) topics.push('address', 'place')
  else if (/在(?!线|职|于).{1,12}|(?<![改换延推调提])到(?!期|账|货|了|场|时|处)[^，。]{2,}|会议室|地点|门口|[楼厅馆店校院]/u.test(text)) topics.push('place')
  if (/带|携带|准备|备好/u.test(text)) topics.push('bring')
  if (/\d[\d,.]*\s?(?:万)?(?:元|块|圆)|费用|金额|价格|免费/u.test(text)) topics.push('amount')
  if (/码|单号|编号|尾号/u.test(text)) topics.push('code')
  if (/电话|手机号|联系方式|(?<!\d)(?:1[3-9]\d{9}|400\d{7}|0\d{2,3}-?\d{7,8})(?!\d)/u.test(text)) topics.push('phone')
  return topics
}

/** Full-width digits and letters become plain, blanks between Chinese go away, brackets and bullets become pauses. */
function tidy(text: string): string {
  return text
    .replace(/[０-９Ａ-Ｚａ-ｚ：％＋－]/gu, (c) => (c === '：' ? '：' : c.normalize('NFKC')))
    .replace(/[\u200b-\u200f\ufeff*#`>]|\p{Extended_Pictographic}/gu, '')
    .replace(/(?<=\d)：(?=\d)/gu, ':')
    .replace(/\r?\n+/gu, '。')
    .replace(/(?<=[\u4e00-\u9fff\d])[ \t]+(?=请|您|如果|若|务必|谢谢)/gu, '，')
    .replace(/(?<=[\u4e00-\u9fff，。；：！？])\s+|\s+(?=[\u4e00-\u9fff，。；：！？])/gu, '')
    .replace(/[“”"『』「」]/gu, '')
    .trim()
}
