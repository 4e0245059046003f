// Knows how tests of tasks get a dialer, a desk and numbers. Not for the program itself.
import { counterDifferences } from '../../db/tasks.ts'
import { NotFoundError } from '../../errors.ts'
import type { Robot } from '../../robot/robot.ts'
import { isScriptSpec } from '../../robot/script/spec.ts'
import { dialerWorld, realLine, scriptedRobots, type World, type WorldOptions } from '../testing.ts'
import type { RobotMaker } from '../robots.ts'
import { DialerTaskDesk } from './dialer-task-desk.ts'
import type { PlanWish } from './plan.ts'
import type { NumberRow, TaskRecord, TaskScript, TaskScripts } from './task-desk.ts'
import { taskDefaults } from './task-settings.ts'

/** One published script with one variable that numbers must bring. */
export const testScripts: TaskScripts = {
  find: async (_accountId, script) => {
    if (script !== 'notice') throw new NotFoundError('script', `没有话术 ${script}`)
    const accept: TaskScript['accept'] = (vars) => {
      const problems = [...(vars['name'] ? [] : [{ variable: 'name', kind: 'missing' as const, message: '缺少' }]), ...Object.keys(vars).filter((name) => name !== 'name' && name !== 'until').map((variable) => ({ variable, kind: 'unknown' as const, message: '没有这个变量' }))]
      return { values: vars, problems, expiresAt: vars['until'] === undefined ? undefined : new Date(vars['until']) }
    }
    return Promise.resolve({ version: 3, title: '通知', accept })
  },
}

const robot = { kind: 'scripted', hotWords: [], phrases: [], handle: async function* handle() {}, async [Symbol.asyncDispose]() {} } satisfies Robot

/** Opens what tasks store, and nothing that is not whole. */
export const taskRobots: RobotMaker = {
  ...scriptedRobots,
  open: (spec, p) => {
    if (!isScriptSpec(spec)) return scriptedRobots.open(spec, p)
    const { script, version, vars, accountId } = spec
    if (script !== 'notice' || version !== 3 || typeof vars['name'] !== 'string' || !accountId.startsWith('acc_')) throw new Error('not a spec')
    return robot
  },
}

export type TaskWorld = World & {
  desk: DialerTaskDesk
  /** A task with numbers; started unless told otherwise. */
  task(numbers: number | readonly NumberRow[], plan?: PlanWish, started?: boolean): Promise<TaskRecord>
  /** Counters equal rows, and the ledger adds up. */
  assertWhole(): Promise<void>
}

/** 13900000000 and on, by `from`. */
export function rowsOf(count: number, from = 0): NumberRow[] {
  return Array.from({ length: count }, (_, nth) => ({ phone: `139${String(from + nth).padStart(8, '0')}`, vars: { name: `人${nth}` } }))
}

/** A dialer on a line that reaches people, with tasks fed often. */
export async function taskWorld(options: WorldOptions = {}): Promise<TaskWorld> {
  const world = await dialerWorld({ lines: [realLine], robots: taskRobots, creditLi: 10_000_000, ...options, settings: { ...options.settings, tasks: { ...taskDefaults, pollMs: 40, idlePollMs: 80, ...options.settings?.tasks } } })
  const { service, accountId, db } = world
  const desk = new DialerTaskDesk({ db, scripts: testScripts, lines: options.lines ?? [realLine], trunks: service.trunks, settings: service.settings, now: () => world.clock.nowMs })
  return Object.assign(world, {
    desk,
    async task(numbers: number | readonly NumberRow[], plan?: PlanWish, started = true) {
      const { id } = await desk.create(accountId, { name: '测试', script: 'notice', plan })
      const rows = typeof numbers === 'number' ? rowsOf(numbers) : numbers
      for (let from = 0; from < rows.length; from += 10_000) await desk.addNumbers(accountId, id, rows.slice(from, from + 10_000))
      return started ? desk.start(accountId, id) : desk.detail(accountId, id)
    },
    async assertWhole() {
      await world.assertLedger()
      const wrong = await counterDifferences(db.sql)
      if (wrong.length > 0) throw new Error(`counters: ${JSON.stringify(wrong)}`)
    },
  })
}
