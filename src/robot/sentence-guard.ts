// Knows what no sentence of a robot may hold, whoever wrote it: things that nobody told it. Does not know models or conversations.
import { dayOf, digitsForm } from './china-time.ts'
import { type DateMention, findDates } from './dates.ts'
import { englishDays, englishNames, englishNamesOf, englishNumbers, isLatin, isNameThere } from './english-values.ts'
import { factPieces, type Identity } from './identity-gate.ts'
import { surname, titles } from './requirement-person.ts'
import { type Requirement, speak } from './requirement.ts'
import { type ForbiddenClaim, forbiddenClaim } from './sentence-claims.ts'

export type GuardContext = {
  requirement: Requirement
  identity: Identity
  now: Date
  /** What the callee said so far: a number or a day of theirs may be said back to them, as theirs. */
  calleeSaid?: readonly string[] | undefined
  /** Words of a note and not to be spoken: they tell what the callee said and wishes. */
  of?: 'record' | undefined
}

export const guardDefaults = {
  /** One sentence. A turn of speech aims at 40; a date spelled out may need more. */
  sentenceCharsMax: 70,
} as const

export type GuardVerdict =
  | { ok: true }
  | { ok: false; why: ForbiddenClaim | 'empty' | 'too-long' | 'number' | 'date' | 'name' | 'before-identity'; what: string }

const titleWords = [...titles].filter((title) => title.length > 1).sort((a, b) => b.length - a.length).join('|')
/** A name with its title (李四经理). One character before the family name keeps 请问经理 from being read as one. */
const namePattern = new RegExp(`(?<![\\u4e00-\\u9fff])(?:请|让|找|和|跟|给|联系|转告|由|是)?([\\u4e00-\\u9fff]{1,3})(${titleWords})`, 'gu')
/** 王总, 李工: a family name and one character of title. */
const shortNamePattern = new RegExp(`(?:^|[^\\u4e00-\\u9fff]|[请让找和跟给由是])(${surname})([总董工哥姐叔姨局处])(?=[^\\u4e00-\\u9fff]|[也会说在要让请来去已还都参出]|$)`, 'gu')
const notNames = /^(?:您|你|我们|各位|这位|那位|一位|哪位|贵|本|该|好的|您好|请问|尊敬的|亲爱的|负责|相关|部门|项目|公司|们|的)+$/u
/** A name for the speaker, which no callee can give. */
const selfName = new RegExp(`我叫([\\u4e00-\\u9fff]{2,4})|我(?:就)?是(${surname}[\\u4e00-\\u9fff]{1,2})(?=[，。！,.!\\s]|$)|(?:叫我|称呼我)([\\u4e00-\\u9fff]{2,4})`, 'u')
const englishSelfName = /\b(?:[Mm]y name is|[Cc]all me|[Tt]his is|I am|I'm)\s+([A-Z][a-z'-]+)/u

/** Numbers that count nothing: 一下, 一个, 一会儿, 第一, 一点. */
const idioms = /一件|一项|一点儿|一切|一下(?:子)?|一个|一些|一会儿?|一点儿?|一起|一样|一定|一般|一直|一共|一遍|一次|一声|一句|统一|唯一|万一|第一|再一|逐一|之一|一切|一致|一旦|一位|十分|千万|三思|百分|两位|这两|一下下|二位|半分钟|半小时/gu

/** What the callee said is given back as theirs: noted, passed on, asked about, or as the time of the next call. */
const saysBack = /记(?:下|录|住|好|了)|备注|转达|转告|反馈|您(?:说|刚|提|的意思|是说|希望|想|要|方便|问)|再(?:打|联系|给您|跟您|拨|来电)|回电|打给您|联系您|到时候|[?？]\s*$|\b(?:noted?|pass(?:ed)? (?:it |this |that )?on|call you|you (?:said|mean|want|would)|let them know)\b/iu

/**
 * Judges one sentence before it is spoken. Pure.
 * Passes only sentences whose numbers, days and names come from the requirement or the knowledge, or are given back to the callee as
 * their own words; that claim nothing false about the speaker, bring no news, ask for no secrets, and keep the matter back until the
 * person is confirmed. What the callee dictates (你就说会议改到五点) is therefore never told as if it were true.
 */
export function guardSentence(sentence: string, context: GuardContext): GuardVerdict {
  const text = sentence.trim()
  const { requirement, calleeSaid = [] } = context
  if (!/[\p{L}\p{N}]/u.test(text)) return { ok: false, why: 'empty', what: sentence }
  const chars = /[\u4e00-\u9fff]/u.test(text) ? text.length : text.split(/\s+/u).length * 2.5
  if (chars > guardDefaults.sentenceCharsMax && context.of === undefined) return { ok: false, why: 'too-long', what: `${text.length}` }
  const own = [requirement.original, requirement.organisation ?? '', ...requirement.knowledge.map(({ question, text: known }) => `${question ?? ''} ${known}`), ...spokenForms(context)]
  const claim = forbiddenClaim(text, own, context.of === 'record')
  if (claim) return { ok: false, ...claim }
  if (context.identity !== 'yes') {
    const pieces = factPieces(text, requirement)
    if (pieces.length > 0) return { ok: false, why: 'before-identity', what: pieces.join(' ') }
  }
  const self = englishSelfName.exec(text)?.[1] ?? selfName.exec(text)?.slice(1).find((name) => name !== undefined)
  if (self !== undefined && self !== 'An' && self !== 'The' && context.of === undefined && !isNameThere(self, own)) return { ok: false, why: 'name', what: self }
  const strange = strangeIn(text, context, own, [])
  if (strange === undefined) return { ok: true }
  const theirs = strangeIn(text, context, own, calleeSaid)
  if (theirs !== undefined || context.of === 'record') return theirs ?? { ok: true }
  // Beside the matter of the call it would sound like ours.
  const withoutDates = findDates(text, context.now).reduceRight((words, { begin, end }) => `${words.slice(0, begin)} ${words.slice(end)}`, text)
  const onMatter = factPieces(withoutDates, requirement).some((piece) => !/\d/u.test(piece))
  return saysBack.test(text) && !onMatter ? { ok: true } : strange
}

/** The first day, number or name that stands neither in the customer's texts nor in `said`. */
function strangeIn(text: string, context: GuardContext, own: readonly string[], said: readonly string[]): Extract<GuardVerdict, { ok: false }> | undefined {
  const sources = [...own, ...said]
  if (isLatin(text)) return strangeInEnglish(text, context, sources, said)
  const day = strangeDay(text, context, said)
  if (day !== undefined) return { ok: false, why: 'date', what: day }
  const number = strangeNumber(text, sources)
  if (number !== undefined) return { ok: false, why: 'number', what: number }
  const name = strangeName(text, sources)
  return name === undefined ? undefined : { ok: false, why: 'name', what: name }
}

function strangeInEnglish(text: string, { requirement, now }: GuardContext, sources: readonly string[], said: readonly string[]): Extract<GuardVerdict, { ok: false }> | undefined {
  const dates = [...datesOf(requirement), ...said.flatMap((words) => findDates(words, now))].filter(({ dayIsWritten }) => dayIsWritten).map((date) => englishNamesOf(date, now))
  const days = new Set([...dates.flatMap((date) => date.days), ...sources.flatMap(englishDays)])
  const day = englishDays(text).find((word) => !days.has(word))
  if (day !== undefined) return { ok: false, why: 'date', what: day }
  const written = sources.flatMap((source) => [...englishNumbers(source), ...(digitsForm(source).match(/\d+/gu) ?? [])].map((digits) => digits.replace(/^0+(?=\d)/u, '')))
  const numbers = new Set([...written, ...written.filter((digits) => /^(?:1[3-9]|2[0-3])$/u.test(digits)).map((hour) => String(Number(hour) - 12)), ...dates.flatMap((date) => date.numbers)])
  if (sources.some((source) => source.includes('半'))) numbers.add('30')
  const spelled = sources.map((source) => digitsForm(source).replace(/\D/gu, ''))
  const number = englishNumbers(text.replace(/\b\d(?:[\s-]?\d){3,}\b/gu, (run) => (spelled.some((digits) => digits.includes(run.replace(/\D/gu, ''))) ? ' ' : run))).find((digits) => !numbers.has(digits))
  if (number !== undefined) return { ok: false, why: 'number', what: number }
  const name = englishNames(text).find((one) => !isNameThere(one, sources))
  return name === undefined ? undefined : { ok: false, why: 'name', what: name }
}

function datesOf({ facts, questions, knowledge }: Requirement): DateMention[] {
  return [...facts, ...questions, ...knowledge].flatMap(({ dates }) => dates)
}

function spokenForms({ requirement, now }: GuardContext): string[] {
  return [...requirement.facts, ...requirement.questions, ...requirement.knowledge].map((item) => speak(item, now))
}

/** A day that neither the requirement nor the callee named, however it is written. */
function strangeDay(text: string, { requirement, now }: GuardContext, said: readonly string[]): string | undefined {
  const mentions = findDates(text, now).filter((m) => m.dayIsWritten && m.precision !== 'month' && m.precision !== 'week')
  if (mentions.length === 0) return undefined
  const allowed = new Set<number>()
  for (const date of datesOf(requirement)) for (let day = date.firstDay; day <= date.lastDay && day < date.firstDay + 31; day += 1) allowed.add(day)
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
  // 3号会议室 may be told as 在3号.
  for (const number of Array.from(known)) if (/^\d+号$/u.test(number)) known.add(number.replace('号', '日'))
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
  { pattern: /^月/u, unit: '月' },
  { pattern: /^(?:号[楼院]|[栋幢])/u, unit: '栋' },
  { pattern: /^[楼层]/u, unit: '楼' },
  { pattern: /^号(?=会议|教室|办公|[室厅门馆店桌线柜窗库机台口])/u, unit: '号' },
  // A day of the month, a house: days are judged by the calendar.
  { pattern: /^[日号]/u, unit: '日' },
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
  for (const [, family, title] of text.matchAll(shortNamePattern)) if (!sources.some((source) => source.includes(`${family!}${title!}`))) return `${family!}${title!}`
  for (const m of text.matchAll(namePattern)) {
    const name = m[1]!
    if (notNames.test(name)) continue
    const written = `${name}${m[2]!}`
    if (!sources.some((source) => source.includes(written) || source.includes(name))) return written
  }
  return undefined
}
