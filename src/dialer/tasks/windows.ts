// Knows when a task may dial: days of the week, hours with pauses between, holidays, days made up for. All of it in Chinese time. Pure. Does not know tasks, lines or where "now" comes from.
import { widestWindow, type DayWindow } from '../admission/calling-hours.ts'
import { chinaHolidays } from './china-holidays.ts'

/** 1 is Monday, 7 is Sunday. */
export type WeekDay = 1 | 2 | 3 | 4 | 5 | 6 | 7

export type CallingWindows = {
  /** Hours of each day of the week; a day that is named nowhere is closed. Several ranges leave a pause, e.g. at noon. */
  week: readonly { days: readonly WeekDay[]; hours: readonly DayWindow[] }[]
  /** 'china': closed on the public holidays, and days made up for have Monday's hours. Years without a published list have none. */
  holidays: 'china' | 'none'
  /** Further days without calls, and days with Monday's hours whatever they are: 'YYYY-MM-DD'. */
  closedOn: readonly string[]
  openOn: readonly string[]
}

const dayMs = 86_400_000
const shanghaiOffsetMs = 8 * 3_600_000
/** A plan that opens less often than this never opens: somebody has made a mistake. */
export const closedDaysMax = 366

/** The open time of one day, in order and without overlap, in Unix milliseconds. Never outside of the hours in which nobody may be called. */
export function openRanges(dayStartMs: number, windows: CallingWindows): { fromMs: number; toMs: number }[] {
  const ranges = hoursOf(dayStartMs, windows)
    .map(({ openMinute, closeMinute }) => ({
      fromMs: dayStartMs + Math.max(openMinute, widestWindow.openMinute) * 60_000,
      toMs: dayStartMs + Math.min(closeMinute, widestWindow.closeMinute) * 60_000,
    }))
    .filter(({ fromMs, toMs }) => fromMs < toMs)
    .sort((a, b) => a.fromMs - b.fromMs)
  const merged: { fromMs: number; toMs: number }[] = []
  for (const range of ranges) {
    const last = merged.at(-1)
    if (last && range.fromMs <= last.toMs) last.toMs = Math.max(last.toMs, range.toMs)
    else merged.push({ ...range })
  }
  return merged
}

/** Midnight in China before or at this moment. */
export function chinaDayStart(atMs: number): number {
  return Math.floor((atMs + shanghaiOffsetMs) / dayMs) * dayMs - shanghaiOffsetMs
}

/** 'YYYY-MM-DD' in China. */
export function chinaDate(atMs: number): string {
  return new Date(atMs + shanghaiOffsetMs).toISOString().slice(0, 10)
}

export type WindowVerdict = { open: true; closesAtMs: number } | { open: false; opensAtMs: number | undefined }

/** Open until when, or closed until when; undefined: not within a year. Without windows it is always open. */
export function windowAt(nowMs: number, windows: CallingWindows | undefined): WindowVerdict {
  if (windows === undefined) return { open: true, closesAtMs: Infinity }
  const today = chinaDayStart(nowMs)
  for (let day = 0; day <= closedDaysMax; day += 1) {
    for (const { fromMs, toMs } of openRanges(today + day * dayMs, windows)) {
      if (nowMs >= fromMs && nowMs < toMs) return { open: true, closesAtMs: toMs }
      if (fromMs > nowMs) return { open: false, opensAtMs: fromMs }
    }
  }
  return { open: false, opensAtMs: undefined }
}

/** When `openMs` of open time will have passed since `fromMs`; undefined: not within a year. */
export function afterOpenTime(fromMs: number, openMs: number, windows: CallingWindows | undefined): number | undefined {
  if (windows === undefined) return fromMs + openMs
  let left = openMs
  const today = chinaDayStart(fromMs)
  for (let day = 0; day <= closedDaysMax; day += 1) {
    for (const range of openRanges(today + day * dayMs, windows)) {
      const begin = Math.max(range.fromMs, fromMs)
      if (begin >= range.toMs) continue
      if (left <= range.toMs - begin) return begin + left
      left -= range.toMs - begin
    }
  }
  return undefined
}

/** Both at once: what the task wants within what the installation allows. */
export function within(windows: CallingWindows, hours: readonly DayWindow[]): CallingWindows {
  const cut = (range: DayWindow): DayWindow[] =>
    hours.flatMap((allowed) => {
      const openMinute = Math.max(range.openMinute, allowed.openMinute)
      const closeMinute = Math.min(range.closeMinute, allowed.closeMinute)
      return openMinute < closeMinute ? [{ openMinute, closeMinute }] : []
    })
  return { ...windows, week: windows.week.map(({ days, hours: wanted }) => ({ days, hours: wanted.flatMap(cut) })) }
}

function hoursOf(dayStartMs: number, windows: CallingWindows): readonly DayWindow[] {
  const date = chinaDate(dayStartMs)
  if (windows.closedOn.includes(date)) return []
  const weekDay = (((Math.floor((dayStartMs + shanghaiOffsetMs) / dayMs) + 3) % 7) + 1) as WeekDay
  const of = (day: WeekDay): DayWindow[] => windows.week.flatMap(({ days, hours }) => (days.includes(day) ? hours : []))
  if (windows.openOn.includes(date)) return of(1)
  if (windows.holidays === 'china') {
    if (chinaHolidays.closed.has(date)) return []
    if (chinaHolidays.madeUp.has(date)) return of(1)
  }
  return of(weekDay)
}
