// Knows how tests of lists get an account, a task by the library's notice, a desk and readers of files. Not for the program itself.
import { createAccount } from '../../account/accounts.ts'
import { testDatabase } from '../../db/testing.ts'
import { counterDifferences } from '../../db/tasks.ts'
import type { Database } from '../../db/connection.ts'
import { StoredScripts } from '../script-desk.ts'
import { publishLibrary } from '../script-library.ts'
import { ScriptShelf } from '../script-shelf.ts'
import { checkDialerSettings, dialerDefaults } from '../settings.ts'
import { DialerTaskDesk } from '../tasks/dialer-task-desk.ts'
import { ScriptsOfTasks } from '../tasks/scripts-of-tasks.ts'
import { realLine, trunksOn } from '../testing.ts'
import { ImportDesk, type ImportRecord, type ImportWish } from './import-desk.ts'
import { ImportRunner } from './import-runner.ts'

export type ListWorld = AsyncDisposable & {
  db: Database
  accountId: string
  other: string
  taskId: string
  scripts: StoredScripts
  tasks: DialerTaskDesk
  desk: ImportDesk
  clock: { nowMs: number }
  /** A process that reads files: it has not started by itself. */
  runner(tasks?: Pick<DialerTaskDesk, 'addNumbers'>): ImportRunner
  /** A file that is uploaded whole, in pieces of some size. */
  uploaded(bytes: Uint8Array | string, pieceBytes?: number): Promise<ImportRecord>
  /** Uploads, starts, reads to the end. */
  imported(bytes: Uint8Array | string, wish?: ImportWish): Promise<ImportRecord>
  refused(id: string): Promise<string>
  /** Phones of the task in order, and that its counters are those of its rows. */
  phones(): Promise<string[]>
}

export async function collect(text: AsyncIterable<string>): Promise<string> {
  let whole = ''
  for await (const piece of text) whole += piece
  return whole
}

export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}

export async function listWorld({ blockRows = 10, smallBytes = 0, blocksAtOnce = 1 }: { blockRows?: number; smallBytes?: number; blocksAtOnce?: number } = {}): Promise<ListWorld> {
  const database = await testDatabase()
  const { db } = database
  const clock = { nowMs: Date.parse('2026-11-20T10:00:00+08:00') }
  const [one, two] = [await createAccount(db, { name: 'one', organisation: '阳光物业' }), await createAccount(db, { name: 'two' })]
  await publishLibrary(db)
  const scripts = new StoredScripts(db, new ScriptShelf(db))
  const trunks = trunksOn(db, [realLine])
  const tasks = new DialerTaskDesk({ db, scripts: new ScriptsOfTasks(db, scripts), lines: [realLine], trunks, settings: checkDialerSettings(dialerDefaults), now: () => clock.nowMs })
  const desk = new ImportDesk({ db, tasks, scripts, now: () => clock.nowMs })
  const { id: taskId } = await tasks.create(one.id, { name: '测试', script: 'notice' })
  const runner: ListWorld['runner'] = (adding = tasks) => new ImportRunner({ db, tasks: adding, now: () => clock.nowMs, settings: { blockRows, smallBytes, blocksAtOnce } })
  const world: ListWorld = {
    db, accountId: one.id, other: two.id, taskId, scripts, tasks, desk, clock, runner,
    async uploaded(bytes, pieceBytes = 7_000) {
      const { id } = await desk.create(one.id, taskId, '名单.csv')
      await desk.append(one.id, id, 0, pieces(Buffer.from(bytes as Uint8Array), pieceBytes))
      return desk.detail(one.id, id)
    },
    async imported(bytes, wish) {
      const { id } = await world.uploaded(bytes)
      await desk.start(one.id, id, wish)
      const reader = runner()
      reader.wake()
      await reader.idle()
      return desk.detail(one.id, id)
    },
    refused: async (id) => collect(await desk.refused(one.id, id)),
    async phones() {
      const wrong = await counterDifferences(db.sql)
      if (wrong.length > 0) throw new Error(`counters: ${JSON.stringify(wrong)}`)
      return (await tasks.numbers(one.id, taskId, {}, { limit: 1_000 })).items.map(({ phoneAsGiven }) => phoneAsGiven)
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
  return world
}
