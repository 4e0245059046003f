// Knows how dates, weekdays and times of day are said. Does not know money, codes or other numbers.
import { spokenDigits, spokenInteger } from './numerals.ts'
import { phraseBefore, type ReadingRule } from './rule.ts'

const DASH = '(?:\\s*[-–—~～至到]+\\s*)'
const CLOCK = String.raw`([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])`
/** Words that already say which half of the day it is. */
const DAY_PART = /(?:上午|下午|中午|正午|午后|晚上|夜里|夜间|深夜|半夜|凌晨|早上|早晨|清晨|傍晚|今晚|明晚|后晚|昨晚|当晚|周[一二三四五六日天]晚|今早|明早|早|晚)的?\s*$/

/** Hours from 0 to 24 and what they are called. */
function dayPart(hour: number): string {
  if (hour < 5) return '凌晨'
  if (hour < 8) return '早上'
  if (hour < 12) return '上午'
  if (hour === 12) return '中午'
  if (hour < 18) return '下午'
  return '晚上'
}

function spokenHour(hour: number): string {
  const onDial = hour > 12 ? hour - 12 : hour
  return onDial === 2 ? '两点' : `${spokenInteger(String(onDial))}点`
}

function spokenMinutes(minutes: string | undefined): string {
  if (minutes === undefined || Number(minutes) === 0) return ''
  return `${minutes.length === 2 && minutes.startsWith('0') ? '零' : ''}${spokenInteger(minutes)}分`
}

/** `certain`: the writing itself shows a 24-hour clock (14:05, 09:30), so the part of the day may be added. */
function spokenClock(hour: number, rest: string, before: string, certain: boolean): string {
  const part = certain && !DAY_PART.test(before) ? dayPart(hour) : ''
  return part + spokenHour(hour) + rest
}

/** "9:30" may be either half of the day when it is small and unpadded; nobody writes 3:30 for half past three at night. */
function isCertain(hourText: string): boolean {
  const hour = Number(hourText)
  return hourText.startsWith('0') || hour === 0 || hour >= 8
}

function validDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

function spokenMonthDay(month: number, day: number): string {
  return `${spokenInteger(String(month))}月${spokenInteger(String(day))}日`
}

/** "1月2日" said as a date, not a fraction, when something around it speaks of days. */
const DATE_BEFORE = /(?:于|在|日期|时间|截至|截止|到|至|自|从|日|号)[:：为是]?\s*$/
const DATE_AFTER = /^\s*(?:日|号|前|之前|以前|后|起|开|上午|下午|晚|早|中午|周|星期|\(周|（周|\d{1,2}[:点])/

export const calendarRules: readonly ReadingRule[] = [
  {
    name: 'full date',
    pattern: new RegExp(String.raw`((?:19|20)\d\d)([-/.年])\s*(\d{1,2})(?:[-/.月])\s*(\d{1,2})(?![\d])(?:(?:日|号)?${DASH}(\d{1,2})(?=日|号))?(?:日|号)?T?`, 'y'),
    say: ([, year, , month, day, last]) => {
      if (!validDay(Number(month), Number(day)) || (last !== undefined && !validDay(Number(month), Number(last)))) return undefined
      return `${spokenDigits(year!)}年${spokenMonthDay(Number(month), Number(day))}${last === undefined ? '' : `到${spokenInteger(last)}日`}`
    },
  },
  {
    name: 'year and month',
    pattern: /((?:19|20)\d\d)(?:-|\/|年)(0?[1-9]|1[0-2])(?:月份?|(?![\d年.:%-]))/y,
    say: ([all, year, month]) => (all.includes('年') && !all.includes('月') ? undefined : `${spokenDigits(year!)}年${spokenInteger(month!)}月${all.endsWith('份') ? '份' : ''}`),
  },
  {
    name: 'range of years',
    pattern: /((?:19|20)\d\d)年?[-–—~至到]+((?:19|20)\d\d)年?/y,
    say: ([all, from, to]) => (all.includes('年') ? `${spokenDigits(from!)}年到${spokenDigits(to!)}年` : undefined),
  },
  { name: 'year', pattern: /((?:1[0-9]|20)\d\d)(?=年(?!前|后|内|间|来|级|以))/y, say: ([, year]) => spokenDigits(year!) },
  { name: 'short year', pattern: /(\d\d)年(?=\d{1,2}月)/y, say: ([, year]) => `${spokenDigits(year!)}年` },
  { name: 'year of a class', pattern: /((?:19|20)\d\d|\d\d)(?=[级届](?!别))/y, say: ([, year]) => spokenDigits(year!) },
  {
    name: 'range of days',
    pattern: new RegExp(String.raw`(\d{1,2})月(\d{1,2})([日号]?)${DASH}(?:(\d{1,2})月)?(\d{1,2})([日号])`, 'y'),
    say: ([, month, from, , toMonth, to, mark]) =>
      validDay(Number(month), Number(from)) ? `${spokenInteger(month!)}月${spokenInteger(from!)}${mark}到${toMonth ? `${spokenInteger(toMonth)}月` : ''}${spokenInteger(to!)}${mark}` : undefined,
  },
  { name: 'month and day', pattern: /(\d{1,2})月(\d{1,2})(?!\d)(日|号)?/y, say: ([, month, day, mark]) => (validDay(Number(month), Number(day)) ? `${spokenInteger(month!)}月${spokenInteger(day!)}${mark ?? '日'}` : undefined) },
  {
    name: 'month/day',
    pattern: /(\d{1,2})\/(\d{1,2})(?:日|号)?(?![\d/%])/y,
    say: ([all, monthText, dayText], { before, after }) => {
      const [month, day] = [Number(monthText), Number(dayText)]
      if (!validDay(month, day) || /[\d./]$/.test(before)) return undefined
      const fraction = month < day && day <= 10
      if (fraction && !/[日号]$/.test(all) && !DATE_BEFORE.test(before) && !DATE_AFTER.test(after)) return undefined
      return spokenMonthDay(month, day)
    },
  },
  {
    name: 'weekday',
    pattern: /(星期|礼拜|周)([1-7])(?![\d.]|次|遍|个|年|天|小时|%)/y,
    say: ([, name, day]) => `${name}${day === '7' ? (name === '周' ? '日' : '天') : spokenInteger(day!)}`,
  },
  {
    name: 'clock with am or pm',
    pattern: /(1[0-2]|0?[1-9])(?::([0-5]\d))?\s*([AaPp])\.?[Mm](?:\.|(?![A-Za-z]))/y,
    say: ([, hourText, minutes, half], { before }) => {
      if (/[\d.:]$/.test(before)) return undefined
      const hour = (Number(hourText) % 12) + (half!.toLowerCase() === 'p' ? 12 : 0)
      return spokenClock(hour, spokenMinutes(minutes), before, true)
    },
  },
  {
    name: 'clock range',
    pattern: new RegExp(CLOCK + DASH + CLOCK, 'y'),
    say: ([, h1, m1, s1, h2, m2, s2], { before }) => {
      const first = spokenClock(Number(h1), spokenMinutesAndSeconds(m1, s1), before, isCertain(h1!))
      const samePart = dayPart(Number(h1)) === dayPart(Number(h2)) || (DAY_PART.test(before) && Number(h2) <= 12)
      return `${first}到${samePart ? '' : isCertain(h2!) ? dayPart(Number(h2)) : ''}${spokenHour(Number(h2))}${spokenMinutesAndSeconds(m2, s2)}`
    },
  },
  {
    name: 'clock',
    pattern: new RegExp(`${CLOCK}(?:分(?![之钟]))?`, 'y'),
    say: ([, hour, minutes, seconds], { before, after }) => {
      if (/[\d:]$/.test(before) || /^\s*(?:倍|的?比)/.test(after) || /(?:比分|比例|比率)[为是]?$/.test(before)) return undefined
      return spokenClock(Number(hour), spokenMinutesAndSeconds(minutes, seconds), before, isCertain(hour!))
    },
  },
  {
    name: 'hour range',
    pattern: new RegExp(String.raw`(\d{1,2})(?:点|时)?${DASH}(\d{1,2})(?:点|时(?![间候长段]))(半|(?:[0-5]?\d)分)?`, 'y'),
    say: ([, from, to, rest], { before }) => {
      const [h1, h2] = [Number(from), Number(to)]
      if (h1 > 24 || h2 > 24) return undefined
      const tail = rest === undefined ? '' : rest === '半' ? '半' : spokenMinutes(rest.slice(0, -1))
      const part = h2 > 12 && h1 !== h2 && dayPart(h1) !== dayPart(h2) ? dayPart(h2) : ''
      return `${spokenClock(h1, '', before, h1 > 12 || (h2 > 12 && h1 >= 8))}到${part}${spokenHour(h2)}${tail}`
    },
  },
  {
    name: 'hour',
    pattern: /([01]?\d|2[0-4])(?:点|时(?![间候长段]))(整|半|钟|[一三]刻|[0-5]?\d分?(?![\d.个位条]))?/y,
    say: ([, hourText, rest], { before, after }) => {
      if (/[\d.]$/.test(before)) return undefined
      const hour = Number(hourText)
      const minutes = rest !== undefined && /\d/.test(rest)
      // 有3点要求: points, not hours. 两点 either way, so only the part of the day is at stake.
      const certain = hour === 0 ? minutes || rest === '半' || /^[前到]/.test(after) : hour > 12
      const spokenRest = minutes ? (rest.endsWith('分') ? spokenMinutes(rest.slice(0, -1)) : spokenMinutes(rest).slice(0, -1)) : (rest ?? '')
      return spokenClock(hour, spokenRest, before, certain && !phraseBefore(before).endsWith('第'))
    },
  },
]

/** Minutes are named, zero or not, when seconds follow. */
function spokenMinutesAndSeconds(minutes: string | undefined, seconds: string | undefined): string {
  if (seconds === undefined || Number(seconds) === 0) return spokenMinutes(minutes)
  return `${spokenMinutes(minutes) || '零分'}${seconds.startsWith('0') ? '零' : ''}${spokenInteger(seconds)}秒`
}
