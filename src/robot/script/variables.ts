// Knows which values a variable takes and how each kind is said aloud. Does not know scripts' nodes or the voice: words only.
import { assertNever } from '../../errors.ts'
import { dayFromDate } from '../china-time.ts'
import { findDates, speakDate, speakMinute } from '../dates.ts'
import { type Script, variablesIn, type VariableKind } from './schema.ts'

export type Values = Readonly<Record<string, string>>
export type ValueProblem = { variable: string; kind: 'unknown' | 'missing' | 'wrong'; message: string }

const valueCharsMax = 100

/** What is wrong with a value, in words; undefined when it can be said. `acceptedAt`: when it was given; 明天 counts from there. */
const refuse: Readonly<Record<VariableKind, (value: string, acceptedAt: Date) => string | undefined>> = {
  text: () => undefined,
  name: (value) => (/^[\p{Script=Han}·]{1,20}$|^[A-Za-z][A-Za-z .'-]{0,39}$/u.test(value) ? undefined : '不是人名 is no name'),
  money: (value) => (amountOf(value) === undefined ? '不是金额（如 1280 或 1,280.50） is no amount' : undefined),
  date(value, acceptedAt) {
    const [date, more] = findDates(value, acceptedAt)
    if (!date || more || impossible(value)) return '不是一个日期（如 2026-03-05 14:05 或 明天下午3点） is no single date'
    return date.until < acceptedAt ? '已经过去 is in the past' : undefined
  },
  digits: (value) => (/^[\dA-Za-z]+(?:[- ][\dA-Za-z]+)*$/.test(value) && /\d/.test(value) ? undefined : '不是数字或编号 is no number to read out'),
  phone: (value) => (/^\+?\d{3,14}$/.test(value.replaceAll(/[- ]/g, '')) ? undefined : '不是电话号码 is no phone number'),
  number: (value) => (/^-?\d{1,12}(?:\.\d{1,4})?$/.test(value) ? undefined : '不是数 is no number'),
}

/** 2026-02-30 reads like a date and is none. */
function impossible(value: string): boolean {
  const iso = /(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})/.exec(value)
  return iso !== null && dayFromDate(Number(iso[1]), Number(iso[2]), Number(iso[3])) === undefined
}

function amountOf(value: string): string | undefined {
  const amount = /^[¥￥]?\s?(\d{1,9}|\d{1,3}(?:,\d{3}){1,2})(\.\d{1,2})?\s?元?$/u.exec(value)
  return amount ? `${amount[1]!.replaceAll(',', '')}${amount[2] ?? ''}` : undefined
}

/**
 * The values of one call, defaults filled in. A callee whose values have problems is refused when they are handed in:
 * a missing variable is never spoken.
 */
export function acceptValues(script: Pick<Script, 'vars'>, given: Readonly<Record<string, string>>, acceptedAt: Date): { values: Values; problems: readonly ValueProblem[] } {
  const problems: ValueProblem[] = Object.keys(given).filter((name) => !Object.hasOwn(script.vars, name)).map((variable) => ({ variable, kind: 'unknown', message: '话术没有这个变量 the script has no such variable' }))
  const values: Record<string, string> = {}
  for (const [variable, { say, required, default: fallback }] of Object.entries(script.vars)) {
    const value = (given[variable] ?? '').normalize('NFKC').trim() || fallback
    if (value === undefined) {
      if (required) problems.push({ variable, kind: 'missing', message: '缺少 is missing' })
      continue
    }
    const wrong = Array.from(value).length > valueCharsMax ? `超过 ${valueCharsMax} 字 is longer than ${valueCharsMax} characters` : /[${}<>\p{Cc}]/u.test(value) ? '含有不能朗读的字符 holds characters that cannot be said' : refuse[say](value, acceptedAt)
    if (wrong === undefined) values[variable] = value
    else problems.push({ variable, kind: 'wrong', message: `“${value.slice(0, 40)}” ${wrong}` })
  }
  return { values, problems }
}

/** One value in words for the ear. `now`: the call; a date is called as it is called then. */
export function sayValue(kind: VariableKind, value: string, times: { acceptedAt: Date; now: Date }, next = ''): string {
  switch (kind) {
    case 'money':
      return `${amountOf(value) ?? value}元`
    case 'date':
      return sayDate(value, times, next)
    case 'digits':
      return value.split(/[- ]/).map(digitByDigit).join('，')
    case 'phone':
      return sayPhone(value.replaceAll(/[- ]/g, ''))
    case 'text': case 'name': case 'number':
      return value
    default:
      return assertNever(kind)
  }
}

/** 138 0013 8000: in the groups in which people tell numbers. */
function sayPhone(digits: string): string {
  const plain = digits.replace(/^\+?86(?=1\d{10}$)/, '').replace('+', '')
  const groups = plain.length === 11 && plain.startsWith('1') ? [plain.slice(0, 3), plain.slice(3, 7), plain.slice(7)] : (plain.match(/.{1,4}(?=(?:.{4})*$)/g) ?? [plain])
  return groups.map(digitByDigit).join('，')
}

/** 1 is 幺 wherever numbers are told one by one. */
function digitByDigit(text: string): string {
  return Array.from(text, (char) => '零幺二三四五六七八九'[/\d/.test(char) ? Number(char) : -1] ?? char).join('')
}

function sayDate(value: string, { acceptedAt, now }: { acceptedAt: Date; now: Date }, next: string): string {
  const [date] = findDates(value, acceptedAt)
  if (!date) return value
  // 14:05 is written for the eye: 下午2点05分 is how it is told.
  const clock = /^(\d{1,2})[:：](\d\d)(?:[:：]\d\d)?$/.exec(date.clock)
  const told = clock ? { ...date, clock: speakMinute(Number(clock[1]) * 60 + Number(clock[2])) } : date
  // 明天，也就是3月3日 needs a pause behind it: inside a sentence the near word is enough.
  const spoken = speakDate(told, now, { next, brief: !/^(?:$|[，。；！？,;!?])/u.test(next) })
  return `${spoken}${value.slice(date.end).replace(/^[:：]\d\d/, '').trim()}`
}

/** A text of the script with its variables said. Undefined when one of them has no value: such a line is not said at all. */
export function fill(text: string, script: Pick<Script, 'vars'>, values: Values, times: { acceptedAt: Date; now: Date }): string | undefined {
  if (variablesIn(text).some((name) => values[name] === undefined)) return undefined
  return text.replaceAll(/\$\{([^{}]*)\}/gu, (whole, name: string, at: number) => sayValue(script.vars[name]!.say, values[name]!, times, text.slice(at + whole.length)))
}
