// Knows how Chinese writes days and times of day. Does not know when the words were written: dates.ts places them in the calendar.
import { parseNumeral } from './china-time.ts'

/** A day as written. */
export type DayWords =
  | { type: 'offset'; days: number }
  | { type: 'weekday'; weeks: number | undefined; weekday: number }
  | { type: 'weekend'; weeks: number | undefined }
  | { type: 'date'; year: number | 'this' | 'next' | 'last' | undefined; month: number; dayOfMonth: number }
  | { type: 'day-of-month'; months: number | undefined; dayOfMonth: number }
  | { type: 'month-end'; months: number; month?: number | undefined }
  | { type: 'year-end' }
  | { type: 'month'; months: number }
  | { type: 'week'; weeks: number }

/** A time of day as written. `part` is the word for it (上午), `hour` undefined when only the part is given. */
export type ClockWords = { part: string | undefined; hour: number | undefined; minute: number }

export type Found<T> = { words: T; end: number; /** Time-of-day word hidden in the day word: 今晚. */ part?: string | undefined }

const number = '(?:\\d{1,2}|[零〇一二两三四五六七八九十]{1,3})'
const sticky = (source: string): RegExp => new RegExp(source, 'uy')

const offsets: Readonly<Record<string, number>> = {
  大后天: 3, 后天: 2, 明天: 1, 明日: 1, 明儿: 1, 今天: 0, 今日: 0, 今儿: 0, 昨天: -1, 昨日: -1, 前天: -2,
}
const offsetsWithPart: Readonly<Record<string, readonly [number, string]>> = {
  今晚: [0, '晚上'], 明晚: [1, '晚上'], 后晚: [2, '晚上'], 今早: [0, '早上'], 明早: [1, '早上'], 今晨: [0, '早上'], 明晨: [1, '早上'], 昨晚: [-1, '晚上'],
}
const weekPrefixes: Readonly<Record<string, number>> = { 上上: -2, 上: -1, 这: 0, 本: 0, 下: 1, 下下: 2 }
const weekdays: Readonly<Record<string, number>> = { 一: 1, 二: 2, 三: 3, 四: 4, 五: 5, 六: 6, 日: 7, 天: 7 }
const monthPrefixes: Readonly<Record<string, number>> = { 本月: 0, 这个月: 0, 当月: 0, 下月: 1, 下个月: 1, 上个月: -1, 上月: -1 }

const offsetPattern = sticky('(大后天|后天|明天|明日|明儿|今天|今日|今儿|昨天|昨日|前天)')
const offsetWithPartPattern = sticky('(今晚|明晚|后晚|今早|明早|今晨|明晨|昨晚)(?:上)?')
const weekdayPattern = sticky('(?:(上上|上|这|本|下下|下)个?)?(?:周|星期|礼拜)([一二三四五六日天末])')
const weekPattern = sticky('(上上|上|这|本|下下|下)个?(?:周|星期|礼拜)(?![一二三四五六日天末])')
const datePattern = sticky(`(?:(\\d{4}|今|明|去)年)?(${number})月(?:份)?(${number})(?:日|号)?(?!\\d)`)
const isoPattern = sticky('(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})(?:日)?(?!\\d)')
// A house, room or bus number is written like a day (3号会议室, 解放路18号), so a bare 号 needs a neighbour that proves the day.
const dayOfMonthPattern = sticky(
  `(?<![\\d第月号路街道巷弄村栋座尾幢每零〇一二两三四五六七八九十])(本月|这个月|当月|下个月|下月|上个月|上月)?(${number})(?:日(?!内|之内|以内|常)|号(?=$|[，。；！、,;! ]|之?前|以前|前|后|之后|到期|截止|早|上午|中午|下午|晚|凌晨|[0-9一二三四五六七八九十两]{1,3}[点:：]|开|去|来|在|到|至|起|交|停|放|举|有|是|的|我|您|请|准))`,
)
const monthEndPattern = sticky(`(本月|这个月|当月|下个月|下月|${number}月)?(?:月底|月末|底(?<=月底))`)
const monthPattern = sticky('(本月|这个月|当月|下个月|下月|上个月|上月)')
const daysLaterPattern = sticky(`(${number}|半)(?:个)?(天|周|星期|礼拜|月)(?:之后|以后|后)`)

/** The day written at `at`, or undefined. */
export function findDay(text: string, at: number): Found<DayWords> | undefined {
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  let m = match(offsetPattern)
  if (m) return { words: { type: 'offset', days: offsets[m[1]!]! }, end: at + m[0].length }
  m = match(offsetWithPartPattern)
  if (m) return { words: { type: 'offset', days: offsetsWithPart[m[1]!]![0] }, end: at + m[0].length, part: offsetsWithPart[m[1]!]![1] }
  m = match(weekdayPattern)
  if (m) {
    const weeks = m[1] === undefined ? undefined : weekPrefixes[m[1]]
    return { words: m[2] === '末' ? { type: 'weekend', weeks } : { type: 'weekday', weeks, weekday: weekdays[m[2]!]! }, end: at + m[0].length }
  }
  m = match(weekPattern)
  if (m) return { words: { type: 'week', weeks: weekPrefixes[m[1]!]! }, end: at + m[0].length }
  m = match(isoPattern)
  if (m) return { words: { type: 'date', year: Number(m[1]), month: Number(m[2]), dayOfMonth: Number(m[3]) }, end: at + m[0].length }
  m = match(datePattern)
  if (m) {
    const month = parseNumeral(m[2]!)
    const dayOfMonth = parseNumeral(m[3]!)
    const year = m[1] === undefined ? undefined : m[1] === '今' ? 'this' : m[1] === '明' ? 'next' : m[1] === '去' ? 'last' : Number(m[1])
    if (month !== undefined && dayOfMonth !== undefined && month >= 1 && month <= 12 && dayOfMonth >= 1 && dayOfMonth <= 31) {
      return { words: { type: 'date', year, month, dayOfMonth }, end: at + m[0].length }
    }
  }
  m = match(monthEndPattern)
  if (m) {
    const prefix = m[1]
    const named = prefix === undefined ? undefined : monthPrefixes[prefix]
    const month = prefix !== undefined && named === undefined ? parseNumeral(prefix.slice(0, -1)) : undefined
    return { words: { type: 'month-end', months: named ?? 0, month }, end: at + m[0].length }
  }
  m = match(dayOfMonthPattern)
  if (m) {
    const dayOfMonth = parseNumeral(m[2]!)
    if (dayOfMonth !== undefined && dayOfMonth >= 1 && dayOfMonth <= 31) {
      return { words: { type: 'day-of-month', months: m[1] === undefined ? undefined : monthPrefixes[m[1]], dayOfMonth }, end: at + m[0].length }
    }
  }
  if (text.startsWith('年底', at)) return { words: { type: 'year-end' }, end: at + 2 }
  m = match(daysLaterPattern)
  if (m) {
    const count = m[1] === '半' ? undefined : parseNumeral(m[1]!)
    if (count !== undefined) return { words: { type: 'offset', days: count * (m[2] === '天' ? 1 : m[2] === '月' ? 30 : 7) }, end: at + m[0].length }
  }
  m = match(monthPattern)
  if (m) return { words: { type: 'month', months: monthPrefixes[m[1]!]! }, end: at + m[0].length }
  return undefined
}

const part = '凌晨|清晨|清早|早上|早晨|上午|中午|午后|下午|傍晚|晚上|晚间|夜里|夜间|半夜|深夜'
const clockPattern = sticky(
  `(?:(${part}|早|晚)\\s?)?(?:(\\d{1,2})[:：]([0-5]\\d)|(?<!第)(${number})(?:点(?!建议|要求|意见|内容|原因|需要|事|心|击|赞|名|评)|时(?!间|候|段|期))(?:钟|整|(半)|([一三]刻)|(${number})分|([0-5]\\d|[二三四五]?十[一二三四五六七八九]?|[零〇][一二三四五六七八九])(?![个人位号楼层元块天名张点\\d]))?)`,
)
/** 营业时间9点到21点 is a timetable. */
const timetableLabel = /(?:营业|开放|办公|服务|工作|上班|取件|领取|配送|开门)时间(?:为|是|：|:)?$/u

const partPattern = sticky(`(${part})`)

/** The time of day written at `at`. `afterDay`: a day stands right before, so a bare 9点 or a single 晚 is a time. */
export function findClock(text: string, at: number, afterDay: boolean): Found<ClockWords> | undefined {
  if (!afterDay && timetableLabel.test(text.slice(0, at))) return undefined
  clockPattern.lastIndex = at
  const m = clockPattern.exec(text)
  if (m) {
    const hour = m[2] === undefined ? parseNumeral(m[4]!) : Number(m[2])
    const minute = m[3] !== undefined ? Number(m[3]) : m[5] !== undefined ? 30 : m[6] !== undefined ? (m[6] === '一刻' ? 15 : 45) : (m[7] ?? m[8]) !== undefined ? (parseNumeral((m[7] ?? m[8])!) ?? 0) : 0
    // "早一点到", "注意一点": without a day or a part of the day, 一点 is "a bit".
    const isABit = !afterDay && m[1] === undefined && m[4] === '一' && m[0] === '一点'
    const isABitLater = m[1] !== undefined && m[1].length === 1 && /^[早晚]一点$/.test(m[0])
    if (hour !== undefined && hour <= 24 && minute < 60 && !isABit && !isABitLater) {
      return { words: { part: longPart(m[1]), hour, minute }, end: at + m[0].length }
    }
  }
  if (!afterDay && !/[上下中]午|晚上|早上|傍晚|凌晨/.test(text.slice(at, at + 2))) return undefined
  partPattern.lastIndex = at
  const p = partPattern.exec(text)
  return p ? { words: { part: p[1]!, hour: undefined, minute: 0 }, end: at + p[0].length } : undefined
}

function longPart(part: string | undefined): string | undefined {
  return part === '早' ? '早上' : part === '晚' ? '晚上' : part
}

const durationPattern = sticky(`(\\d{1,3}|[零〇一二两三四五六七八九十]{1,3}|半)(?:个)?(半)?(小时|钟头|分钟|刻钟)(?:之后|以后|后)`)

/** 半小时后, 两个半小时后, 20分钟后: minutes from now. */
export function findDuration(text: string, at: number): Found<{ minutes: number }> | undefined {
  durationPattern.lastIndex = at
  const m = durationPattern.exec(text)
  if (!m) return undefined
  const unit = m[3] === '分钟' ? 1 : m[3] === '刻钟' ? 15 : 60
  const count = m[1] === '半' ? 0.5 : parseNumeral(m[1]!)
  return count === undefined ? undefined : { words: { minutes: Math.round((count + (m[2] ? 0.5 : 0)) * unit) }, end: at + m[0].length }
}

const weekdayName = '(?:周|星期|礼拜)[一二三四五六日天末]'
const timetablePattern = sticky(
  `(?:[每逢]个?(?:${weekdayName}|天|日|月|年|晚|早|周|星期)(?:${number}[日号])?|${weekdayName}\\s?[到至\\-—~～]\\s?${weekdayName})`,
)

/** The end of a timetable written at `at` (每周三下午, 周一至周五9点到18点): it repeats, so it names no date. */
export function findTimetable(text: string, at: number): number | undefined {
  if (timetableLabel.test(text.slice(0, at))) {
    const hours = /^[\d零〇一二两三四五六七八九十点时半:：到至\-—~～上下中午早晚分 ]+/u.exec(text.slice(at))
    if (hours) return at + hours[0].length
  }
  timetablePattern.lastIndex = at
  const m = timetablePattern.exec(text)
  if (!m || /[上这本下]个?$/.test(text.slice(0, at))) return undefined
  let end = at + m[0].length
  for (let i = 0; i < 2; i += 1) {
    const pause = /^\s?[到至\-—~～]?\s?/.exec(text.slice(end))![0].length
    const clock = findClock(text, end + pause, true)
    if (clock) end = clock.end
  }
  return end
}
