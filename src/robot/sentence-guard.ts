// Knows what no sentence of a robot may hold, whoever wrote it: things that nobody told it. Does not know models or conversations.
import { dayOf, digitsForm } from './china-time.ts'
import { findDates } from './dates.ts'
import { factPieces, type Identity } from './identity-gate.ts'
import { titles } from './requirement-person.ts'
import { type Requirement, speak } from './requirement.ts'

export type GuardContext = {
  requirement: Requirement
  identity: Identity
  now: Date
  /** What the callee said so far: a number or a day of theirs may be said back to them. */
  calleeSaid?: readonly string[] | undefined
}

export const guardDefaults = {
  /** One sentence. A turn of speech aims at 40; a date spelled out may need more. */
  sentenceCharsMax: 70,
} as const

export type GuardVerdict =
  | { ok: true }
  | { ok: false; why: 'empty' | 'too-long' | 'markup' | 'link' | 'claims-human' | 'asks-secret' | 'promise' | 'change' | 'number' | 'date' | 'name' | 'before-identity'; what: string }

const checks: readonly { why: Extract<GuardVerdict, { ok: false }>['why']; pattern: RegExp }[] = [
  { why: 'link', pattern: /https?:|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|top|xyz|io|cc)\b|[\w.]+@[\w.]+/iu },
  { why: 'markup', pattern: /[*#`_<>{}[\]|~^$\\]|^\s*(?:[-•·]|\d+[.)、])\s|\p{Extended_Pictographic}|【|】/u },
  { why: 'claims-human', pattern: /我(?:就)?是(?:一个|一名|一位)?(?:真人|人工(?!智能)|活人|人类|真的人|工作人员|客服人员)|(?:我|这)(?:可)?(?:不是|并非)(?:一个|什么)?(?:机器人|AI|人工智能|机器|录音|程序|合成)|不是(?:机器人|AI|人工智能)(?:在|打|哦|的)|\bI(?:'m| am)(?: a| not a| not an)? (?:human|real person|robot\b.*not|AI\b.*not)|I(?:'m| am) not (?:a|an) (?:robot|ai|machine|bot)/iu },
  { why: 'asks-secret', pattern: /(?:提供|告诉我|告知|报一下|报给|说一下|说出|念一下|输入|发给|发一下|核对一下|核实一下|确认一下|登记一下|需要您的|请问您的?).{0,8}(?:验证码|校验码|动态码|密码|卡号|银行卡|CVV|身份证|安全码)|(?:验证码|密码|卡号|身份证号?).{0,4}(?:是多少|多少|发给|告诉|报给)|(?:your|the) (?:password|verification code|card number|pin)\b.*\?/iu },
]
const promises = ['保证', '承诺', '答应', '赔', '退款', '退钱', '优惠', '折扣', '免费', '中奖', '返现', '补贴']
/** News of a change, which nobody but the requirement can bring, even when the callee wants to hear it. A question about it is none. */
const changes = /(?<!没有?|不会?|是否|是不是)(?:取消|改期|延期|推迟|作废|改到|提前到|不用(?:来|去|参加))(?![^。！？]*[?？])/u
const titleWords = [...titles].filter((title) => title.length > 1).sort((a, b) => b.length - a.length).join('|')
/** A name with its title (李四经理). One character before the family name keeps 请问经理 from being read as one. */
const namePattern = new RegExp(`(?<![\\u4e00-\\u9fff])(?:请|让|找|和|跟|给|联系|转告|由|是)?([\\u4e00-\\u9fff]{1,3})(${titleWords})`, 'gu')
const notNames = /^(?:您|你|我们|各位|这位|那位|一位|哪位|贵|本|该|好的|您好|请问|尊敬的|亲爱的|负责|相关|部门|项目|公司|们|的)+$/u
const selfName = /我叫([\u4e00-\u9fff]{2,4})/u

/** Numbers that count nothing: 一下, 一个, 一会儿, 第一, 一点. */
const idioms = /一件|一项|一点儿|一切|一下(?:子)?|一个|一些|一会儿?|一点儿?|一起|一样|一定|一般|一直|一共|一遍|一次|一声|一句|统一|唯一|万一|第一|再一|逐一|之一|一切|一致|一旦|一位|十分|千万|三思|百分|两位|这两|一下下|二位|半分钟|半小时/gu

/**
 * Judges one sentence before it is spoken. Pure.
 * Passes only sentences whose numbers, days and names come from the requirement or from the callee's own mouth, that claim
 * nothing false about the speaker, ask for no secrets, and keep the matter back until the person is confirmed.
 */
export function guardSentence(sentence: string, context: GuardContext): GuardVerdict {
  const text = sentence.trim()
  if (!/[\p{L}\p{N}]/u.test(text)) return { ok: false, why: 'empty', what: sentence }
  const chars = /[\u4e00-\u9fff]/u.test(text) ? text.length : text.split(/\s+/u).length * 2.5
  if (chars > guardDefaults.sentenceCharsMax) return { ok: false, why: 'too-long', what: `${text.length}` }
  for (const { why, pattern } of checks) {
    const m = pattern.exec(text)
    if (m) return { ok: false, why, what: m[0] }
  }
  const sources = [context.requirement.original, context.requirement.organisation ?? '', ...spokenForms(context)]
  const promise = promises.find((word) => text.includes(word) && !sources.some((source) => source.includes(word)))
  if (promise !== undefined) return { ok: false, why: 'promise', what: promise }
  const change = changes.exec(text)?.[0]
  if (change !== undefined && !sources.some((source) => source.includes(change))) return { ok: false, why: 'change', what: change }
  if (context.identity !== 'yes') {
    const pieces = factPieces(text, context.requirement)
    if (pieces.length > 0) return { ok: false, why: 'before-identity', what: pieces.join(' ') }
  }
  const said = context.calleeSaid ?? []
  const day = strangeDay(text, context, said)
  if (day !== undefined) return { ok: false, why: 'date', what: day }
  const number = strangeNumber(text, [...sources, ...said])
  if (number !== undefined) return { ok: false, why: 'number', what: number }
  const name = strangeName(text, [...sources, ...said])
  return name === undefined ? { ok: true } : { ok: false, why: 'name', what: name }
}

function spokenForms({ requirement, now }: GuardContext): string[] {
  return [...requirement.facts, ...requirement.questions].map((item) => speak(item, now))
}

/** A day that neither the requirement nor the callee named, however it is written. */
function strangeDay(text: string, { requirement, now }: GuardContext, said: readonly string[]): string | undefined {
  const mentions = findDates(text, now).filter((m) => m.dayIsWritten && m.precision !== 'month' && m.precision !== 'week')
  if (mentions.length === 0) return undefined
  const allowed = new Set<number>()
  for (const { dates } of [...requirement.facts, ...requirement.questions]) for (const date of dates) for (let day = date.firstDay; day <= date.lastDay && day < date.firstDay + 31; day += 1) allowed.add(day)
  for (const words of said) for (const date of findDates(words, now)) allowed.add(date.firstDay)
  const strange = mentions.find((m) => !allowed.has(m.firstDay) && !(m.firstDay === dayOf(now) && m.clock === ''))
  return strange && text.slice(strange.begin, strange.end)
}

/** A long number said in groups: 幺三八，零零幺三八，零零零. */
const groups = /[\d零〇一幺二两三四五六七八九]{2,}(?:[，、,\s-]+[\d零〇一幺二两三四五六七八九]{2,})*/gu
const longNumberDigitsMin = 4

function strangeNumber(text: string, sources: readonly string[]): string | undefined {
  const known = new Set(sources.flatMap(numbersOf))
  // 14:00 may be told as 2点.
  for (const number of Array.from(known)) if (/^(?:1[3-9]|2[0-3])点$/u.test(number)) known.add(`${Number.parseInt(number, 10) - 12}点`)
  const digitsOf = (words: string): string => digitsForm(words).replace(/\D/gu, '')
  const spelled = sources.map(digitsOf)
  const rest = text.replace(groups, (run) => {
    const digits = digitsOf(run.replace(/[^\d零〇一幺二两三四五六七八九]/gu, ''))
    return digits.length >= longNumberDigitsMin && spelled.some((source) => source.includes(digits)) ? ' ' : run
  })
  return numbersOf(rest).find((number) => !known.has(number))
}

/** What a number counts, where mixing up would mislead: 3号会议室 allows no 3点. */
const units: readonly { pattern: RegExp; unit: string }[] = [
  { pattern: /^(?:点|时(?!间)|:\d)/u, unit: '点' },
  { pattern: /^(?:个?半?小时|个?钟头)/u, unit: '小时' },
  { pattern: /^分钟/u, unit: '分钟' },
  { pattern: /^(?:元|块|圆)/u, unit: '元' },
]

/** Numbers in digits with what they count, whichever way they are written. A single Chinese numeral counts only before something it can count. */
function numbersOf(text: string): string[] {
  const plain = text
    .replace(idioms, ' ')
    .replace(/(?<![零〇一幺二两三四五六七八九十百千万点\d])[一二两三四五六七八九](?![零〇一幺二两三四五六七八九十百千万点时号楼层室日月年天元块个位次分秒折米斤件张人岁栋期班组小])/gu, ' ')
    .replace(/(?<=点)半/gu, '30分')
    .replace(/(?<=点)一刻/gu, '15分')
    .replace(/(?<=点)三刻/gu, '45分')
  const digits = digitsForm(plain)
  return [...digits.matchAll(/\d+/gu)].map((m) => {
    const after = digits.slice(m.index + m[0].length)
    return `${m[0].replace(/^0+(?=\d)/u, '')}${units.find(({ pattern }) => pattern.test(after))?.unit ?? ''}`
  })
}

function strangeName(text: string, sources: readonly string[]): string | undefined {
  const self = selfName.exec(text)
  if (self && !sources.some((source) => source.includes(self[1]!))) return self[1]
  for (const m of text.matchAll(namePattern)) {
    const name = m[1]!
    if (notNames.test(name)) continue
    const written = `${name}${m[2]!}`
    if (!sources.some((source) => source.includes(written) || source.includes(name))) return written
  }
  return undefined
}
