// Knows what a task plans: when it dials, what it tries again, how much at once, what stops it. Defaults, presets and checks. Does not know storage or calls in progress.
import { outcomes, type Outcome } from '../../call/end-reason.ts'
import { InvalidInputError } from '../../errors.ts'
import { assertHours, type DayWindow } from '../admission/calling-hours.ts'
import { isAreaName } from './callee-area.ts'
import type { PeoplePacing } from './people-pacing.ts'
import { closedDaysMax, windowAt, type CallingWindows, type WeekDay } from './windows.ts'

export type RetryRule = {
  outcomes: readonly Outcome[]
  /** Further attempts after calls that ended so. */
  times: number
  gapMs: number
  /** What the next attempt changes; undefined: nothing in particular. */
  other?: 'caller' | undefined
}

export type RetryPlan = {
  /** The first rule that names an outcome holds; an outcome that none names is final. */
  rules: readonly RetryRule[]
  /** Calls of one number in all, whatever the rules add up to. */
  attemptsMax: number
}

export type TaskPlan = {
  /** Undefined: the installation's hours for batches, where somebody's telephone rings. */
  windows: CallingWindows | undefined
  retry: RetryPlan
  /** Calls of this task at once, fed ones included. */
  concurrencyMax: number | undefined
  /** Answered calls go to people: no more ring than can be taken, by how many are answered lately. */
  people?: PeoplePacing | undefined
  /** Share among tasks of an account that compete for a line; twice the weight, twice the calls. */
  priority: number
  /** The trunk to go over, and the numbers to show in turn; undefined and empty: whatever is free. */
  line: string | undefined
  callers: readonly string[]
  /** Of those, numbers of the callee's own city first, then of the province, where its attribution is known. */
  localCallers?: boolean | undefined
  /** Area codes, cities or provinces whose numbers are not called (盲区). */
  blindAreas?: readonly string[] | undefined
  /** Most that its calls may cost, 厘. */
  budgetLi: number | undefined
  /** Stopped when this share of the latest attempts failed on our side of the callee; null: never. */
  failures: { shareMax: number; attemptsMin: number } | null
  /** Goes on waiting for numbers when it has called all of them. */
  keepsOpen: boolean
}

export type PlanWish = { [Key in keyof TaskPlan]?: TaskPlan[Key] | undefined } & {
  /** Hours of a platform by name, instead of `windows`. */
  preset?: WindowPreset | undefined
}

const minute = 60_000
const everyDay: readonly WeekDay[] = [1, 2, 3, 4, 5, 6, 7]
const at = (open: number, close: number): DayWindow => ({ openMinute: open * 60, closeMinute: close * 60 })
const daily = (...hours: DayWindow[]): CallingWindows => ({ week: [{ days: everyDay, hours }], holidays: 'none', closedOn: [], openOn: [] })

/** What platforms allow. Source: their published rules for batch calls. */
export const windowPresets = {
  /** Working days with a pause at noon; what a careful caller keeps to. */
  workdays: { week: [{ days: [1, 2, 3, 4, 5], hours: [at(9, 12), at(14, 20)] }], holidays: 'china', closedOn: [], openOn: [] },
  batch: daily(at(9, 12), at(14, 20)),
  aliyun: daily(at(9, 12), at(14, 21)),
  tencent: daily(at(8, 21)),
  baidu: daily(at(9, 20)),
  /** GB/T 45251-2025: collection keeps out of 22:00–08:00. */
  collection: daily(at(8, 22)),
} as const satisfies Record<string, CallingWindows>
export type WindowPreset = keyof typeof windowPresets

/** For tasks that name none, on lines where somebody's telephone rings. */
export const windowsByDefault: CallingWindows = windowPresets.batch

export const retryDefaults: RetryPlan = {
  rules: [
    { outcomes: ['no-answer', 'busy', 'unreachable', 'call-reminder'], times: 2, gapMs: 30 * minute },
    { outcomes: ['call-loss', 'line-fault', 'concurrency'], times: 2, gapMs: 30 * minute },
    { outcomes: ['frequency'], times: 2, gapMs: 60 * minute },
    { outcomes: ['powered-off', 'assistant'], times: 1, gapMs: 4 * 60 * minute },
    { outcomes: ['carrier-blocked'], times: 1, gapMs: 30 * minute, other: 'caller' },
    { outcomes: ['unknown'], times: 1, gapMs: 60 * minute },
  ],
  attemptsMax: 3,
}

export const planDefaults: TaskPlan = {
  windows: undefined,
  retry: retryDefaults,
  concurrencyMax: undefined,
  priority: 5,
  line: undefined,
  callers: [],
  budgetLi: undefined,
  failures: { shareMax: 0.5, attemptsMin: 20 },
  keepsOpen: false,
}

export const planLimits = {
  attemptsMax: 10,
  gapMsMin: 60_000,
  gapMsMax: 7 * 24 * 60 * minute,
  priorityMax: 10,
  callersMax: 100,
  rulesMax: 20,
  daysMax: 400,
  peopleMax: 200,
} as const

/** Never tried again, whatever a plan says: the callee or the law has said no. */
export const finalOutcomes: ReadonlySet<Outcome> = new Set(['answered', 'rejected', 'suspended', 'invalid-number', 'blacklist', 'blind-area', 'bad-number', 'cancelled', 'expired'])

/** A whole plan of a wish. Errors: InvalidInputError naming the part. */
export function makePlan(wish: PlanWish = {}): TaskPlan {
  const { preset, ...named } = wish
  if (preset !== undefined && named.windows !== undefined) throw bad('windows', '时段用 windows 或 preset 之一指定，不能两个都填')
  if (preset !== undefined && !Object.hasOwn(windowPresets, preset)) throw bad('preset', `没有时段方案 ${preset}：可用 ${Object.keys(windowPresets).join('、')}`)
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
  const plan: TaskPlan = { ...planDefaults, ...given, ...(preset !== undefined && { windows: windowPresets[preset] }) }
  if (plan.windows) checkWindows(plan.windows)
  checkRetry(plan.retry)
  const whole = (name: keyof TaskPlan, value: number | undefined, min: number, max: number): void => {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= min && value <= max)) throw bad(name, `${name} 应为 ${min}–${max} 的整数`)
  }
  whole('concurrencyMax', plan.concurrencyMax, 1, 10_000)
  whole('priority', plan.priority, 1, planLimits.priorityMax)
  whole('budgetLi', plan.budgetLi, 1, Number.MAX_SAFE_INTEGER)
  if (plan.callers.length > planLimits.callersMax) throw bad('callers', `主叫号码最多 ${planLimits.callersMax} 个`)
  if (plan.people && !(Number.isInteger(plan.people.people) && plan.people.people >= 1 && plan.people.people <= planLimits.peopleMax && plan.people.abandonedShareMax >= 0 && plan.people.abandonedShareMax <= 0.2)) {
    throw bad('people', `people 应为 1–${planLimits.peopleMax} 的整数，abandonedShareMax 应在 0 与 0.2 之间`)
  }
  const nowhere = plan.blindAreas?.find((name) => !isAreaName(name))
  if (nowhere !== undefined) throw bad('blindAreas', `没有地区 ${nowhere.slice(0, 20)}：写区号、城市或省份，如 0991、乌鲁木齐、新疆`)
  if (plan.failures && !(plan.failures.shareMax > 0 && plan.failures.shareMax <= 1 && Number.isInteger(plan.failures.attemptsMin) && plan.failures.attemptsMin >= 1 && plan.failures.attemptsMin <= recentMax)) {
    throw bad('failures', `failures.shareMax 应在 0 与 1 之间，attemptsMin 应为 1–${recentMax} 的整数`)
  }
  return plan
}

/** How many of the latest outcomes a task remembers. */
export const recentMax = 100

function checkWindows(windows: CallingWindows): void {
  const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)
  const dates = [...windows.closedOn, ...windows.openOn]
  const wrong = dates.find((date) => !isDate(date))
  if (wrong !== undefined) throw bad('windows', `'${wrong.slice(0, 40)}' 不是日期，写成 2026-10-01`)
  if (dates.length > planLimits.daysMax) throw bad('windows', `单独指定的日期最多 ${planLimits.daysMax} 个`)
  for (const { days, hours } of windows.week) {
    if (days.length === 0 || days.some((day) => !everyDay.includes(day))) throw bad('windows', 'days 为 1（星期一）到 7（星期日）')
    try {
      assertHours(hours)
    } catch {
      throw bad('windows', '时段应在 08:00–22:00 之内，开始早于结束，至少一段')
    }
  }
  // Any moment will do: a plan that never opens within a year is a mistake whenever it is looked at.
  const dayOne = Date.parse('2026-01-01T00:00:00+08:00')
  const ever = windows.week.some(({ days }) => days.length > 0) && windowAt(dayOne, { ...windows, closedOn: [] })
  if (!ever || (!ever.open && ever.opensAtMs === undefined)) throw bad('windows', `按这个时段，${closedDaysMax} 天内一次也不能拨打`)
}

function checkRetry(retry: RetryPlan): void {
  const known: ReadonlySet<string> = new Set(outcomes)
  if (retry.rules.length > planLimits.rulesMax) throw bad('retry', `重拨规则最多 ${planLimits.rulesMax} 条`)
  if (!(Number.isInteger(retry.attemptsMax) && retry.attemptsMax >= 1 && retry.attemptsMax <= planLimits.attemptsMax)) throw bad('retry', `每个号码最多拨打 1–${planLimits.attemptsMax} 次（含第一次）`)
  for (const { outcomes: named, times, gapMs } of retry.rules) {
    const wrong = named.find((outcome) => !known.has(outcome))
    if (wrong !== undefined) throw bad('retry', `没有呼叫结果 ${wrong}`)
    const final = named.find((outcome) => finalOutcomes.has(outcome))
    if (final !== undefined) throw bad('retry', `结果为 ${final} 的号码不会再拨`)
    if (!(Number.isInteger(times) && times >= 0 && times < planLimits.attemptsMax)) throw bad('retry', `重拨次数应为 0–${planLimits.attemptsMax - 1} 的整数`)
    if (!(gapMs >= planLimits.gapMsMin && gapMs <= planLimits.gapMsMax)) throw bad('retry', '重拨间隔应在 1 分钟到 7 天之间')
  }
}

function bad(part: string, message: string): InvalidInputError {
  return new InvalidInputError(`plan.${part}`, message)
}
