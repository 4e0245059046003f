import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mulberry } from './chance.test-data.ts'
import { windowPresets } from './plan.ts'
import { afterOpenTime, chinaDate, openRanges, windowAt, within, type CallingWindows, type WeekDay } from './windows.ts'

const at = (text: string): number => Date.parse(`${text}+08:00`)
const minute = 60_000

void test('workdays close for the noon pause, the evening, the weekend and holidays, and open on days made up for', () => {
  const cases: [string, boolean | string][] = [
    ['2026-11-20T08:59:59', '2026-11-20T09:00:00'], // a Friday
    ['2026-11-20T09:00:00', true],
    ['2026-11-20T11:59:59', true],
    ['2026-11-20T12:00:00', '2026-11-20T14:00:00'],
    ['2026-11-20T20:00:00', '2026-11-23T09:00:00'], // over the weekend
    ['2026-09-30T20:00:00', '2026-10-08T09:00:00'], // over National Day
    ['2026-10-10T09:30:00', true], // a Saturday that is worked
    ['2026-02-14T21:00:00', '2026-02-24T09:00:00'], // over Spring Festival
  ]
  for (const [when, expected] of cases) {
    const verdict = windowAt(at(when), windowPresets.workdays)
    if (expected === true) assert.ok(verdict.open, when)
    else assert.deepEqual(verdict, { open: false, opensAtMs: at(String(expected)) }, when)
  }
})

void test('a day that is closed or opened by itself overrides the week and the holidays', () => {
  const windows: CallingWindows = { ...windowPresets.workdays, closedOn: ['2026-11-20'], openOn: ['2026-11-21', '2026-10-01'] }
  assert.equal(windowAt(at('2026-11-20T10:00:00'), windows).open, false)
  assert.equal(windowAt(at('2026-11-21T10:00:00'), windows).open, true)
  assert.equal(windowAt(at('2026-10-01T10:00:00'), windows).open, true)
})

void test('windows that never open say so instead of searching for ever', () => {
  assert.deepEqual(windowAt(at('2026-11-20T10:00:00'), { week: [], holidays: 'none', closedOn: [], openOn: [] }), { open: false, opensAtMs: undefined })
})

void test('the hours of the installation cut those of a task', () => {
  const cut = within(windowPresets.collection, [{ openMinute: 9 * 60, closeMinute: 12 * 60 }, { openMinute: 13 * 60, closeMinute: 21 * 60 }])
  assert.deepEqual(cut.week[0]!.hours, [{ openMinute: 540, closeMinute: 720 }, { openMinute: 780, closeMinute: 1_260 }])
})

/** Any windows that the checks let through. */
function randomWindows(chance: () => number): CallingWindows {
  const day = (): WeekDay => (1 + Math.floor(chance() * 7)) as WeekDay
  const week = Array.from({ length: 1 + Math.floor(chance() * 3) }, () => ({
    days: Array.from({ length: 1 + Math.floor(chance() * 6) }, day),
    hours: Array.from({ length: 1 + Math.floor(chance() * 3) }, () => {
      const openMinute = 480 + Math.floor(chance() * 800)
      return { openMinute, closeMinute: Math.min(1_320, openMinute + 1 + Math.floor(chance() * 300)) }
    }),
  }))
  const date = (): string => chinaDate(at('2026-01-01T12:00:00') + Math.floor(chance() * 365) * 86_400_000)
  return { week, holidays: chance() < 0.5 ? 'china' : 'none', closedOn: Array.from({ length: Math.floor(chance() * 20) }, date), openOn: Array.from({ length: Math.floor(chance() * 10) }, date) }
}

/** Says it again, minute by minute and without ranges: Chinese wall clock, day of the week, lists. */
function isOpenPlainly(ms: number, windows: CallingWindows): boolean {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(ms).map(({ type, value }) => [type, value]))
  const date = `${parts['year']}-${parts['month']}-${parts['day']}`
  const wallMinute = Number(parts['hour']) * 60 + Number(parts['minute'])
  let day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts['weekday']!) + 1
  if (windows.closedOn.includes(date)) return false
  const golden = date >= '2026-10-01' && date <= '2026-10-07'
  const worked = ['2026-09-20', '2026-10-10'].includes(date)
  if (windows.openOn.includes(date)) day = 1
  else if (windows.holidays === 'china' && golden) return false
  else if (windows.holidays === 'china' && worked) day = 1
  return wallMinute >= 480 && wallMinute < 1_320 && windows.week.some(({ days, hours }) => days.includes(day as WeekDay) && hours.some(({ openMinute, closeMinute }) => wallMinute >= openMinute && wallMinute < closeMinute))
}

void test('over random windows and moments: open exactly when the wall clock in China says so, never in the night, and the next opening is the next', () => {
  const chance = mulberry(7)
  for (let run = 0; run < 1_500; run += 1) {
    const windows = randomWindows(chance)
    // September to October of 2026, with its holidays; 中秋 (25–27) is left out of the plain model.
    let now = at('2026-09-28T00:00:00') + Math.floor(chance() * 20 * 86_400_000)
    now -= now % 1_000
    const verdict = windowAt(now, windows)
    assert.equal(verdict.open, isOpenPlainly(now, windows), `${new Date(now).toISOString()} ${JSON.stringify(windows)}`)
    if (verdict.open) {
      assert.ok(verdict.closesAtMs > now)
      assert.equal(isOpenPlainly(verdict.closesAtMs - 1, windows), true)
    } else if (verdict.opensAtMs !== undefined) {
      assert.ok(verdict.opensAtMs > now)
      assert.equal(windowAt(verdict.opensAtMs, windows).open, true)
      assert.equal(windowAt(verdict.opensAtMs - 1, windows).open, false)
    }
    for (const { fromMs, toMs } of openRanges(at(`${chinaDate(now)}T00:00:00`), windows)) {
      const hourOf = (ms: number): number => ((ms + 8 * 3_600_000) % 86_400_000) / 3_600_000
      assert.ok(fromMs < toMs && hourOf(fromMs) >= 8 && hourOf(toMs) <= 22)
    }
  }
})

void test('open time adds up over pauses, nights and weekends', () => {
  const { workdays } = windowPresets
  assert.equal(afterOpenTime(at('2026-11-20T11:00:00'), 2 * 60 * minute, workdays), at('2026-11-20T15:00:00'))
  assert.equal(afterOpenTime(at('2026-11-20T19:00:00'), 2 * 60 * minute, workdays), at('2026-11-23T10:00:00'))
  assert.equal(afterOpenTime(at('2026-11-21T10:00:00'), 0, workdays), at('2026-11-23T09:00:00'))
  assert.equal(afterOpenTime(at('2026-11-21T03:00:00'), 5, undefined), at('2026-11-21T03:00:00') + 5)
  assert.equal(afterOpenTime(at('2026-11-21T03:00:00'), 1e12, workdays), undefined)
})
