// Knows which moment a written date means and how to say it on another day. Does not know requirements or conversations.
import { type ClockWords, type DayWords, findClock, findDay, findDuration, findTimetable } from './date-words.ts'
import { assertNever } from '../errors.ts'
import { dateOfDay, type DayNumber, dayFromDate, dayMs, dayOf, instant, lastDayOfMonth, minuteOf, mondayOf, weekdayOf } from './china-time.ts'

/** One place in a text that names a moment, with the moment it named when the text was written. */
export type DateMention = {
  /** Offsets into the text, end exclusive. */
  begin: number
  end: number
  /** 'week' and 'month' are vague (本月物业费) and never expire a text. */
  precision: 'minute' | 'part' | 'day' | 'week' | 'month'
  firstDay: DayNumber
  lastDay: DayNumber
  /** The time of day in the words of the text ("上午9点到11点"), '' when only a day is given. */
  clock: string
  /** False when the text gives a clock and leaves the day to the sentence before it. */
  dayIsWritten: boolean
  /** First and last instant meant. */
  from: Date
  until: Date
  /** 25日前: the last moment to act. */
  deadline: boolean
  /** 明天起: still true afterwards. */
  openEnded: boolean
  /** Written, and therefore spoken, in this language. */
  language: 'zh' | 'en'
  /** 您9月1日购买的: a moment that was already past when the text was written, and told as past. */
  lookingBack: boolean
}

const partMinutes: Readonly<Record<string, readonly [number, number]>> = {
  凌晨: [0, 360], 半夜: [0, 360], 深夜: [1320, 1440], 清晨: [300, 540], 清早: [300, 540], 一早: [300, 600], 早上: [360, 720], 早晨: [360, 600],
  上午: [480, 720], 中午: [660, 840], 午后: [720, 1080], 下午: [720, 1080], 傍晚: [1020, 1200], 晚上: [1080, 1440], 晚间: [1080, 1440], 夜里: [1200, 1440], 夜间: [1200, 1440],
}
const mentionsMax = 40

/** Finds the dates of a text as they were meant when it was written. Shape: in reading order, not overlapping, at most 40. */
export function findDates(text: string, writtenAt: Date): DateMention[] {
  const mentions: DateMention[] = []
  let at = 0
  while (at < text.length && mentions.length < mentionsMax) {
    const timetableEnd = findTimetable(text, at)
    if (timetableEnd !== undefined) {
      at = timetableEnd
      continue
    }
    const mention = mentionAt(text, at, writtenAt, mentions.findLast((m) => m.precision !== 'month' && m.precision !== 'week'))
    if (mention) {
      // 明天开会，9点开始: the clock says when on that day it is over.
      const day = mentions.at(-1)
      if (day?.precision === 'day' && !mention.dayIsWritten && mention.firstDay === day.lastDay) day.until = mention.until
      mentions.push(mention)
    }
    at = mention ? mention.end : at + 1
  }
  return mentions
}

function mentionAt(text: string, at: number, writtenAt: Date, before: DateMention | undefined): DateMention | undefined {
  const duration = findDuration(text, at)
  if (duration) {
    const moment = new Date(Math.ceil((writtenAt.getTime() + duration.words.minutes * 60_000) / 60_000) * 60_000)
    return finish(text, at, duration.end, { precision: 'minute', days: [dayOf(moment), dayOf(moment)], clock: speakMinute(minuteOf(moment)), dayIsWritten: true, from: moment, until: moment }, writtenAt)
  }
  const day = findDay(text, at)
  if (!day) {
    const clock = findClock(text, at, false)
    if (!clock) return undefined
    // A clock by itself belongs to the day named before it; with none before it, to the next time the clock shows it.
    const today = dayOf(writtenAt)
    const firstDay = before?.lastDay ?? (clock.words.part !== undefined && /[早凌清上]/.test(clock.words.part) && minuteOf(writtenAt) >= 18 * 60 ? today + 1 : today)
    return withClock(text, at, [firstDay, firstDay], clock, before === undefined ? 'assumed' : 'inherited', writtenAt)
  }
  let days = placeDay(day.words, writtenAt, pastPattern.test(text.slice(day.end)))
  if (!days) return undefined
  let end = day.end
  if (day.words.type === 'week' || day.words.type === 'month') {
    return finish(text, at, end, { precision: day.words.type, days, clock: '', dayIsWritten: true, from: instant(days[0], 0), until: instant(days[1], 1440) }, writtenAt)
  }
  const range = /^\s?[到至\-—~～]\s?/.exec(text.slice(end))
  const lastDay = range ? findDay(text, end + range[0].length) : undefined
  if (range && lastDay) {
    const words = lastDay.words.type === 'day-of-month' && day.words.type === 'date' ? { ...day.words, dayOfMonth: lastDay.words.dayOfMonth } : lastDay.words
    const last = placeDay(words.type === 'weekday' && words.weeks === undefined && day.words.type === 'weekday' ? { ...words, weeks: day.words.weeks } : words, writtenAt)
    if (last && last[1] >= days[0]) {
      days = [days[0], last[1]]
      end = lastDay.end
    }
  }
  // 明天（周六）上午, 12月1日星期二: the weekday repeats the day and is said anyway.
  if (day.words.type !== 'weekday' && day.words.type !== 'weekend') end += /^(?:\s?(?:[（(](?:周|星期|礼拜)[一二三四五六日天][）)]|(?:周|星期|礼拜)[一二三四五六日天]))?/.exec(text.slice(end))![0].length
  if (day.part !== undefined) {
    const hour = findClock(text, end, true)
    const clock = hour && hour.words.part === undefined ? { ...hour, words: { ...hour.words, part: day.part } } : { words: { part: day.part, hour: undefined, minute: 0 }, end }
    return withClock(text, at, days, clock, 'written', writtenAt, `${day.part}${text.slice(end, clock.end)}`, clock.end)
  }
  const clock = findClock(text, end + (/^[的 ]/.test(text.slice(end)) ? 1 : 0), true)
  if (clock) return withClock(text, at, days, clock, 'written', writtenAt, text.slice(end, clock.end).replace(/^[的 ]/, ''), clock.end)
  return finish(text, at, end, { precision: 'day', days, clock: '', dayIsWritten: true, from: instant(days[0], 0), until: instant(days[1], 1440) }, writtenAt)
}

function withClock(
  text: string, at: number, days: readonly [DayNumber, DayNumber], clock: { words: ClockWords; end: number }, day: 'written' | 'inherited' | 'assumed', writtenAt: Date, spoken = text.slice(at, clock.end), end = clock.end,
): DateMention {
  const from = clockRange(days[0], clock.words, writtenAt)
  let until = clockRange(days[1], clock.words, writtenAt)[1]
  let words = spoken
  const range = /^\s?[到至\-—~～]\s?/.exec(text.slice(end))
  const last = range ? findClock(text, end + range[0].length, true) : undefined
  if (range && last?.words.hour !== undefined) {
    const begin = clockRange(days[1], clock.words, writtenAt)[0]
    const halfDayMs = dayMs / 2
    // Without a part of its own, the end is the next time the clock shows it: 上午10点至2点, 22点到6点.
    until = last.words.part === undefined ? instant(days[1], last.words.hour * 60 + last.words.minute) : clockRange(days[1], last.words, begin)[1]
    while (until <= begin) until = new Date(until.getTime() + (last.words.part === undefined && last.words.hour < 12 ? halfDayMs : dayMs))
    words += text.slice(end, last.end)
    end = last.end
  }
  return finish(text, at, end, { precision: clock.words.hour === undefined ? 'part' : 'minute', days, clock: words.trim(), dayIsWritten: day === 'written', from: from[0], until }, writtenAt)
}

function clockRange(day: DayNumber, clock: ClockWords, notBefore: Date): readonly [Date, Date] {
  if (clock.hour === undefined) {
    const [first, last] = partMinutes[clock.part!] ?? [0, 1440]
    return [instant(day, first), instant(day, last)]
  }
  let hour = clock.hour
  if (clock.part !== undefined) {
    if (hour < 12 && /下午|午后|傍晚|晚/.test(clock.part)) hour += 12
    else if (hour < 12 && clock.part === '中午' && hour < 9) hour += 12
    else if (hour < 12 && hour >= 6 && /夜/.test(clock.part)) hour += 12
    else if (hour === 12 && /晚|夜|凌晨/.test(clock.part)) hour = clock.part === '凌晨' ? 0 : 24
  } else if (hour >= 1 && hour <= 11) {
    // 3点 is the afternoon and 9点 the morning, unless that morning is already over.
    const early = instant(day, hour * 60 + clock.minute)
    if (hour <= 6 || early < notBefore) hour += 12
  }
  const moment = instant(day, hour * 60 + clock.minute)
  return [moment, moment]
}

function placeDay(words: DayWords, writtenAt: Date, toldAsPast = false): readonly [DayNumber, DayNumber] | undefined {
  const today = dayOf(writtenAt)
  const { year, month } = dateOfDay(today)
  const one = (day: DayNumber | undefined): readonly [DayNumber, DayNumber] | undefined => (day === undefined ? undefined : [day, day])
  switch (words.type) {
    case 'offset':
      return one(today + words.days)
    case 'weekday': {
      const day = mondayOf(today) + (words.weeks ?? 0) * 7 + words.weekday - 1
      return one(words.weeks === undefined && day < today ? day + 7 : day)
    }
    case 'weekend': {
      const saturday = mondayOf(today) + (words.weeks ?? 0) * 7 + 5
      return [saturday, saturday + 1]
    }
    case 'week': {
      const monday = mondayOf(today) + words.weeks * 7
      return [monday, monday + 6]
    }
    case 'date': {
      if (words.year !== undefined) return one(dayFromDate(words.year === 'this' ? year : words.year === 'next' ? year + 1 : words.year === 'last' ? year - 1 : words.year, words.month, words.dayOfMonth))
      const day = dayFromDate(year, words.month, words.dayOfMonth)
      if (toldAsPast) return one(day !== undefined && day > today ? dayFromDate(year - 1, words.month, words.dayOfMonth) : day)
      // A date a month or less ago is meant as past; an older one is next year's.
      return one(day !== undefined && day < today - 31 ? (dayFromDate(year + 1, words.month, words.dayOfMonth) ?? day) : day)
    }
    case 'day-of-month': {
      const shifted = (months: number): DayNumber | undefined => dayFromDate(year + Math.floor((month - 1 + months) / 12), ((((month - 1 + months) % 12) + 12) % 12) + 1, words.dayOfMonth)
      if (words.months !== undefined) return one(shifted(words.months))
      const day = shifted(0)
      if (toldAsPast) return one(day === undefined || day > today ? shifted(-1) : day)
      return one(day === undefined || day < today ? shifted(1) : day)
    }
    case 'month-end': {
      if (words.month !== undefined) return one(lastDayOfMonth(words.month < month ? year + 1 : year, words.month))
      return one(lastDayOfMonth(year, month + words.months))
    }
    case 'year-end':
      return one(lastDayOfMonth(year, 12))
    case 'month': {
      const last = lastDayOfMonth(year, month + words.months)
      const date = dateOfDay(last)
      return [last - date.dayOfMonth + 1, last]
    }
    default:
      return assertNever(words)
  }
}

/** What follows a date that is told as past: 9月1日购买的商品. */
const pastPattern = /^[^，。；,;]{0,12}(?:购买|下单|下的单|买的|提交的|订的|寄出|已经|已(?=[^，。]{0,4}了)|以来)/

type Placed = Pick<DateMention, 'precision' | 'clock' | 'dayIsWritten' | 'from' | 'until'> & { days: readonly [DayNumber, DayNumber] }

function finish(text: string, begin: number, end: number, placed: Placed, writtenAt: Date): DateMention {
  const after = text.slice(end)
  const { days, ...rest } = placed
  const toldAsPast = /昨|前天|上个?周|上个?月|去年/.test(text.slice(begin, end)) || pastPattern.test(after)
  return {
    language: 'zh', begin, end, ...rest, firstDay: days[0], lastDay: days[1],
    deadline: /^(?:之前|以前|前(?!往|来|去|台|门)|截止|到期)/.test(after),
    openEnded: /^(?:开始)?(?:起(?!床|飞|床|草)|以后|之后|后(?!门|勤|台))/.test(after),
    lookingBack: rest.until <= writtenAt && toldAsPast,
  }
}

/** The last moment that the mentions speak of; undefined when they name none, or stay true afterwards. */
export function lastMoment(mentions: readonly DateMention[]): Date | undefined {
  const counted = mentions.filter((m) => m.precision !== 'week' && m.precision !== 'month' && !m.lookingBack)
  if (counted.length === 0 || counted.some((m) => m.openEnded)) return undefined
  return new Date(Math.max(...counted.map((m) => m.until.getTime())))
}

/** 下午2点05分, for moments that were computed and not written. */
export function speakMinute(minute: number): string {
  const hour = Math.floor(minute / 60)
  const rest = minute % 60
  const part = hour < 6 ? '凌晨' : hour < 9 ? '早上' : hour < 12 ? '上午' : hour === 12 ? '中午' : hour < 18 ? '下午' : '晚上'
  return `${part}${hour > 12 ? hour - 12 : hour}点${rest === 0 ? '' : `${String(rest).padStart(2, '0')}分`}`
}

const weekdayNames = ['', '星期一', '星期二', '星期三', '星期四', '星期五', '星期六', '星期日']

/** 11月21日星期六; another year is said in front. */
export function speakDay(day: DayNumber, now: Date): string {
  const { year, month, dayOfMonth } = dateOfDay(day)
  const thisYear = dateOfDay(dayOf(now)).year
  return `${year === thisYear ? '' : year === thisYear + 1 ? '明年' : `${year}年`}${month}月${dayOfMonth}日${weekdayNames[weekdayOf(day)]}`
}

const nearDays: Readonly<Record<number, string>> = { [-2]: '前天', [-1]: '昨天', 0: '今天', 1: '明天', 2: '后天' }

/**
 * Says the moment as it is called at `now`: 今天上午9点 · 明天，也就是11月21日星期六上午9点 · 11月25日星期三.
 * `brief` leaves the date out where a near word says it. `next` is the text after the mention: it decides whether a pause follows.
 */
export function speakDate(mention: DateMention, now: Date, options: { brief?: boolean; next?: string } = {}): string {
  const today = dayOf(now)
  const next = options.next ?? ''
  if (mention.language === 'en') return speakDayInEnglish(mention.firstDay, now)
  if (mention.precision === 'month') {
    const thisMonth = dateOfDay(today).month
    const { month } = dateOfDay(mention.lastDay)
    return month === thisMonth ? '本月' : `${month}月`
  }
  if (mention.precision === 'week') {
    const weeks = (mention.firstDay - mondayOf(today)) / 7
    return weeks === 0 ? '本周' : weeks === 1 ? '下周' : weeks === -1 ? '上周' : `${speakDay(mention.firstDay, now)}那一周`
  }
  const near = nearDays[mention.firstDay - today]
  // A clock that leaned on an earlier sentence's day still leans on it.
  if (!mention.dayIsWritten && mention.firstDay === today) return `今天${mention.clock}`
  if (!mention.dayIsWritten) return options.brief ? `${near ?? speakDay(mention.firstDay, now)}${mention.clock}` : mention.clock
  if (mention.lastDay > mention.firstDay) return `${speakDay(mention.firstDay, now)}到${speakDay(mention.lastDay, now)}${mention.clock}`
  if (near === undefined) return `${speakDay(mention.firstDay, now)}${mention.clock}`
  if (mention.firstDay <= today || options.brief) return `${near}${mention.clock}`
  const closes = next === '' || /^[，。；！？、,;!?的之以前后起]/.test(next)
  const date = `${speakDay(mention.firstDay, now)}${mention.clock}`
  return /^[的之以前后起]/.test(next) ? `${near}${date}` : `${near}，也就是${date}${closes ? '' : '，'}`
}

const englishWeekdays = ['', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const englishMonths = ['', 'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']

function speakDayInEnglish(day: DayNumber, now: Date): string {
  const { month, dayOfMonth } = dateOfDay(day)
  const date = `${englishWeekdays[weekdayOf(day)]}, ${englishMonths[month]} ${dayOfMonth}`
  const days = day - dayOf(now)
  return days === 0 ? 'today' : days === 1 ? `tomorrow, ${date}` : date
}
