// Knows the published ways of writing times in task queries: all local times of China. Does not know what happened then.
import { businessError, invalid } from './errors.ts'
import type { Parameter } from './parameters.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const zoneMs = 8 * hourMs

/** `2026-11-20 12:00:00`; '' for what did not happen. */
export function chinaTime(date: Date | undefined): string {
  return date === undefined ? '' : new Date(date.getTime() + zoneMs).toISOString().slice(0, 19).replace('T', ' ')
}

/** `2026.11.20 12:00:00`. */
export function dottedChinaTime(date: Date | undefined): string {
  return chinaTime(date).replaceAll('-', '.')
}

/** `Fri Nov 20 12:00:00 CST 2026`, as Java prints dates. */
export function javaDate(date: Date): string {
  const [weekday, day, month, year, time] = new Date(date.getTime() + zoneMs).toUTCString().replace(',', '').split(' ')
  return `${weekday} ${month} ${day} ${time} CST ${year}`
}

/** Unix milliseconds; undefined when there is no such moment. */
function parseChina(text: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d))?$/.exec(text.trim())
  if (!found) return undefined
  const ms = Date.parse(`${found[1]}-${found[2]}-${found[3]}T${found[4] ?? '00'}:${found[5] ?? '00'}:${found[6] ?? '00'}+08:00`)
  // 2026-02-30 is read as a day in March.
  return Number.isNaN(ms) || chinaTime(new Date(ms)).slice(0, 10) !== text.trim().slice(0, 10) ? undefined : ms
}

/** A moment, `yyyy-MM-dd HH:mm:ss`. Errors: InvalidParameter.date. */
export function moment(rule: string): Parameter<Date | undefined> {
  return {
    type: 'String', required: false, does: 'honoured', rule,
    read(name, value) {
      if (value === undefined) return undefined
      const ms = value.trim().length === 19 ? parseChina(value) : undefined
      if (ms === undefined) throw businessError('InvalidParameter.date', `${name} 应为 yyyy-MM-dd HH:mm:ss（北京时间）`)
      return new Date(ms)
    },
  }
}

/** A day, `yyyy-MM-dd`: from its first moment to that of the next. Errors: InvalidParameter.date. */
export function day(rule: string): Parameter<{ from: Date; before: Date } | undefined> {
  return {
    type: 'String', required: false, does: 'honoured', rule,
    read(name, value) {
      if (value === undefined) return undefined
      const ms = value.trim().length === 10 ? parseChina(value) : undefined
      if (ms === undefined) throw businessError('InvalidParameter.date', `${name} 应为 yyyy-MM-dd`)
      return { from: new Date(ms), before: new Date(ms + dayMs) }
    },
  }
}

/** A moment in Unix milliseconds. */
export function epochMs(rule: string): Parameter<number | undefined> {
  return {
    type: 'Long', required: false, does: 'honoured', rule,
    read(name, value) {
      if (value === undefined) return undefined
      if (!/^\s*\d{1,16}\s*$/.test(value) || Number(value) > 8e15) throw invalid(name)
      return Number(value)
    },
  }
}
