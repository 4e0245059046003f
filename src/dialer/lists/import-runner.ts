// Knows how uploaded lists are read into tasks: block by block, once each, by whichever process is there. Does not know HTTP or tables' formats.
import type { Database } from '../../db/connection.ts'
import { errorFacts } from '../../db/error-facts.ts'
import { claimImport, endImport, forgetUploads, importsChannel, recordBlock, releaseImport, type ImportRow, type Refusal } from '../../db/task-imports.ts'
import { AppError, OverloadedError } from '../../errors.ts'
import { log } from '../../log.ts'
import { openTable } from '../../tables/read-table.ts'
import { newOwnerId } from '../call-id.ts'
import type { TaskDesk } from '../tasks/task-desk.ts'
import { importLimits, type ImportPlan } from './import-desk.ts'
import { blocksOf, type Block } from './rows.ts'
import { StoredFile } from './stored-file.ts'

export type RunnerSettings = { smallBytes: number; blockRows: number; blocksAtOnce: number; leaseMs: number; pollMs: number; uploadMsMax: number }

export const runnerDefaults = {
  /** Files up to this size are read beside a larger one: nobody waits a minute for a hundred numbers. */
  smallBytes: 2 * 1024 * 1024,
  /** Rows that are added together. Reading their numbers and values holds the thread that SIP runs on for about 20 ms. */
  blockRows: 1_000,
  /** The next block is read while the database is at the one before. */
  blocksAtOnce: 2,
  /** Whoever has not recorded a block for so long is taken to be dead. Far longer than a block takes. */
  leaseMs: 60_000,
  pollMs: 5_000,
  /** An upload that nobody went on with. */
  uploadMsMax: 24 * 3_600_000,
} as const satisfies RunnerSettings

type Added = { added: number; refused: Refusal[] }
type Lane = { owner: string; bytesMax: number; working?: Promise<void> | undefined; again: boolean }

export class ImportRunner {
  readonly #db: Database
  readonly #tasks: Pick<TaskDesk, 'addNumbers'>
  readonly #now: () => number
  readonly #settings: RunnerSettings
  readonly #closing = new AbortController()
  /** Readers side by side, each with one file at a time: calls come first. */
  readonly #lanes: Lane[]
  #timer: NodeJS.Timeout | undefined
  #unlisten: (() => Promise<void>) | undefined

  constructor(deps: { db: Database; tasks: Pick<TaskDesk, 'addNumbers'>; now?: (() => number) | undefined; settings?: Partial<RunnerSettings> | undefined }) {
    this.#db = deps.db
    this.#tasks = deps.tasks
    this.#now = deps.now ?? Date.now
    this.#settings = { ...runnerDefaults, ...deps.settings }
    this.#lanes = [importLimits.fileBytesMax, this.#settings.smallBytes].map((bytesMax) => ({ owner: newOwnerId(this.#now()), bytesMax, again: false }))
  }

  /** Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    const wake = (): void => this.wake()
    this.#unlisten = await this.#db.listen(importsChannel, { onNotify: wake, onReconnect: wake })
    this.#timer = setInterval(wake, this.#settings.pollMs).unref()
    wake()
  }

  /** Lets go of what is being read after the block under way; another process, or the next start, goes on with it. */
  async stop(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#timer)
    await this.#unlisten?.()
    await this.idle()
  }

  /** Something may wait to be read. Cheap to call. */
  wake(): void {
    if (this.#closing.signal.aborted) return
    for (const lane of this.#lanes) {
      lane.again = true
      lane.working ??= this.#work(lane).finally(() => (lane.working = undefined))
    }
  }

  /** Resolves when nothing is left to be read. */
  async idle(): Promise<void> {
    for (;;) {
      const busy = this.#lanes.find(({ working }) => working !== undefined)
      if (busy === undefined) return
      await busy.working
    }
  }

  async #work(lane: Lane): Promise<void> {
    try {
      while (lane.again && !this.#closing.signal.aborted) {
        lane.again = false
        const now = new Date(this.#now())
        await this.#db.transaction((tx) => forgetUploads(tx, new Date(now.getTime() - this.#settings.uploadMsMax), now, 10))
        const found = await claimImport(this.#db.sql, { owner: lane.owner, bytesMax: lane.bytesMax, now, until: this.#until() })
        if (found === undefined) continue
        lane.again = true
        await this.#read(found, lane.owner)
      }
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'imports could not be looked for, trying again')
    }
  }

  async #read(row: ImportRow, owner: string): Promise<void> {
    try {
      const whole = await this.#readBlocks(row, owner)
      if (whole) await this.#end(row, owner, 'done', undefined)
      else await releaseImport(this.#db.sql, row.id, owner)
    } catch (error) {
      // The database is away: our lease runs out, and whoever is there then goes on where the last block ended.
      if (error instanceof OverloadedError) {
        log.warn({ import: row.id, err: errorFacts(error) }, 'an import waits for the database')
        return
      }
      const told = error instanceof AppError
      if (!told) log.error({ import: row.id, err: errorFacts(error) }, 'an import failed')
      await this.#end(row, owner, 'failed', told ? error.message : '内部错误，已记录。 An internal error; it was logged.')
    }
  }

  /** False when it was let go of or taken away before the end. */
  async #readBlocks(row: ImportRow, owner: string): Promise<boolean> {
    const plan = row.wish as ImportPlan
    const table = await openTable(new StoredFile(this.#db, row.id, row.bytes), plan)
    const adding: { block: Block; answer: Promise<Added> }[] = []
    // In the order of the file, so that everything up to the row that is written down is dealt with.
    const recordOldest = async (): Promise<boolean> => {
      const { block, answer } = adding.shift()!
      const { added, refused } = await answer
      const recorded = await this.#db.retry('import', () =>
        this.#db.transaction((tx) => recordBlock(tx, row.id, { owner, until: this.#until(), rowDone: block.through, added, share: block.share, refused })),
      )
      return recorded !== 'lost'
    }
    try {
      for await (const block of blocksOf(table, plan, row.rowDone, this.#settings.blockRows)) {
        if (this.#closing.signal.aborted) break
        adding.push({ block, answer: this.#add(row, block) })
        // A failure is told when its turn comes to be recorded.
        adding.at(-1)!.answer.catch(() => {})
        if (adding.length >= this.#settings.blocksAtOnce && !(await recordOldest())) return false
      }
      while (adding.length > 0) if (!(await recordOldest())) return false
      return !this.#closing.signal.aborted
    } finally {
      await Promise.allSettled(adding.map(({ answer }) => answer))
    }
  }

  /**
   * Adds the numbers of a block. The key names the import and the first row, and blocks are cut the same whenever the file is read: a block
   * whose addition was committed by a process that then died is answered again, not added again and not called a duplicate of itself.
   */
  async #add(row: ImportRow, block: Block): Promise<Added> {
    const refused: Refusal[] = []
    const good = block.rows.flatMap((read) => {
      if ('vars' in read) return [read]
      refused.push(read)
      return []
    })
    if (good.length === 0) return { added: 0, refused }
    const numbers = good.map(({ phone, vars }) => ({ phone, vars }))
    const answer = await this.#db.retry('import', () => this.#tasks.addNumbers(row.accountId, String(row.taskId), numbers, `${row.id}:${block.from}`))
    for (const { row: place, phone, code, reason } of answer.refused) {
      // The desk counts rows of what it was handed; of duplicates it would name the wrong one.
      refused.push({ row: good[place]!.row, phone, code, reason: code === 'duplicate' ? '重复：文件里前面的行或任务中已有这个号码 the file or the task has it already' : reason })
    }
    return { added: answer.added, refused: refused.sort((a, b) => a.row - b.row) }
  }

  async #end(row: ImportRow, owner: string, status: 'done' | 'failed', why: string | undefined): Promise<void> {
    const ended = await this.#db.retry('import', () => this.#db.transaction((tx) => endImport(tx, row.id, { status, why, owner, now: new Date(this.#now()) })))
    if (ended) log.info({ import: row.id, task: row.taskId, status }, 'an import is over')
  }

  #until(): Date {
    return new Date(this.#now() + this.#settings.leaseMs)
  }
}
