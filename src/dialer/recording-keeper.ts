// Knows how long recordings are kept and where: moves those of ended calls to the store, removes what is over its time. Does not know
// audio or calls under way. What is still to do is read from the database and the folder, so nothing is forgotten by a restart.
import { opendir } from 'node:fs/promises'
import path from 'node:path'
import { endedCalls, recordingMoved, recordingRemoved, recordingsInFiles, recordingsInStore, type KeptRecording } from '../db/recordings.ts'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { log } from '../log.ts'
import type { S3Bucket } from '../objects/s3.ts'
import { fileSize, isObject, objectPlace, RecordingFiles, removeFile } from './recording-files.ts'

export type RecordingKeeperOptions = {
  db: Database
  /** Recordings of this node: `<call id>.wav`, and what was heard before the answer as `<call id>.early.wav`. */
  dir: string
  /** Where recordings go after their call; undefined: they stay in the folder. */
  bucket?: S3Bucket | undefined
  /** Put before the names of objects. */
  prefix?: string | undefined
  /** Days after its call from which a recording is removed everywhere; 0: never. */
  keepDays: number
  /** Days after its call that a file is kept here although the store has it. */
  localDays: number
  /** Unix milliseconds; the wall clock unless a test says otherwise. */
  now?: (() => number) | undefined
  /** 0..1, for the spread of waits. */
  random?: (() => number) | undefined
}

/** Looking for recordings to move is one indexed query. */
const POLL_MS = 5_000
const RETIRE_EVERY_MS = 3_600_000
/** After a pass with failures; the last one is repeated for as long as it takes. */
const BACKOFF_MS = [2_000, 10_000, 60_000, 300_000] as const
/** A pass that failed so often meets a store that is down or refuses us: more attempts would only add to it. */
const FAILURES_PER_PASS_MAX = 8
const UPLOADS_AT_ONCE = 4
const PAGE = 100
const DAY_MS = 86_400_000
/** Chinese days in the names of objects. */
const CHINA_MS = 8 * 3_600_000

export class RecordingKeeper {
  readonly #options: RecordingKeeperOptions
  readonly #files: RecordingFiles
  readonly #now: () => number
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> | undefined
  #failedPasses = 0
  #notBeforeMs = -Infinity
  #retireAtMs = -Infinity
  readonly stats = { moved: 0, failed: 0, removed: 0 }

  constructor(options: RecordingKeeperOptions) {
    this.#options = options
    this.#files = new RecordingFiles(options.dir, options.bucket)
    this.#now = options.now ?? Date.now
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), POLL_MS).unref()
    this.wake()
  }

  /** Cuts what is under way short; whoever starts next does it again. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#closing.abort()
    await this.#working
  }

  /** Something may be due. Cheap to call; passes never overlap. */
  wake(): void {
    if (!this.#closing.signal.aborted) this.#working ??= this.#pass().finally(() => (this.#working = undefined))
  }

  /** Resolves when no pass is under way. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working
  }

  async #pass(): Promise<void> {
    const { bucket } = this.#options
    if (bucket && this.#now() >= this.#notBeforeMs) await this.#try('move recordings to the store', () => this.#moveAll(bucket))
    if (this.#now() < this.#retireAtMs) return
    this.#retireAtMs = this.#now() + RETIRE_EVERY_MS
    await this.#try('remove old recordings from the store', () => this.#retireObjects())
    await this.#try('remove old recordings of this node', () => this.#retireFiles())
  }

  async #try(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#closing.signal.aborted) log.warn({ err: errorFacts(error), what }, 'recordings could not be looked after, trying again')
    }
  }

  // ── Moving ─────────────────────────────────────────────────────────────────

  async #moveAll(bucket: S3Bucket): Promise<void> {
    let after: KeptRecording | undefined
    let moved = 0
    const errors: unknown[] = []
    do {
      const page = await recordingsInFiles(this.#options.db.sql, { after, limit: PAGE })
      for (let at = 0; at < page.length && errors.length < FAILURES_PER_PASS_MAX && !this.#closing.signal.aborted; at += UPLOADS_AT_ONCE) {
        const results = await Promise.allSettled(page.slice(at, at + UPLOADS_AT_ONCE).map((recording) => this.#move(bucket, recording)))
        for (const result of results) {
          if (result.status === 'rejected') errors.push(result.reason)
          else if (result.value) moved += 1
        }
      }
      after = page.length === PAGE ? page.at(-1) : undefined
    } while (after !== undefined && errors.length < FAILURES_PER_PASS_MAX && !this.#closing.signal.aborted)
    this.stats.moved += moved
    if (!this.#closing.signal.aborted) this.#pace(moved, errors)
  }

  /** Waits longer from one failed pass to the next, never at the same moment as other nodes. */
  #pace(moved: number, errors: readonly unknown[]): void {
    this.stats.failed += errors.length
    if (errors.length === 0) {
      this.#failedPasses = 0
      return
    }
    this.#failedPasses = moved > 0 ? 1 : this.#failedPasses + 1
    const waitMs = BACKOFF_MS[Math.min(this.#failedPasses, BACKOFF_MS.length) - 1]! * (0.75 + 0.5 * (this.#options.random ?? Math.random)())
    this.#notBeforeMs = this.#now() + waitMs
    log.warn({ err: errorFacts(errors[0]), failed: errors.length, moved, againInMs: Math.round(waitMs) }, 'recordings could not be moved to the store, trying again')
  }

  /** False when it is not a file of this node. Errors: those of the store, the disk and the database; then it stays as it was. */
  async #move(bucket: S3Bucket, { id, endedAt, recording }: KeptRecording): Promise<boolean> {
    const file = this.#files.fileOf(recording)
    if (file === undefined || (await fileSize(file)) === undefined) return false
    const day = new Date(endedAt.getTime() + CHINA_MS).toISOString().slice(0, 10).replaceAll('-', '/')
    // The same for every attempt: one whose answer was lost is overwritten by the next.
    const key = `${this.#options.prefix ?? ''}${day}/${path.basename(file)}`
    await bucket.put(key, file, 'audio/wav', this.#closing.signal)
    const to = objectPlace(bucket, key)
    if (!(await recordingMoved(this.#options.db.sql, { id, from: recording, to }))) return false
    log.info({ call: id, to }, 'a recording was moved to the store')
    if (this.#options.localDays === 0) await removeFile(file)
    return true
  }

  // ── Removing ───────────────────────────────────────────────────────────────

  async #retireObjects(): Promise<void> {
    const { db, bucket, keepDays } = this.#options
    if (bucket === undefined || keepDays === 0) return
    const now = this.#now()
    for (;;) {
      const page = await recordingsInStore(db.sql, { bucket: bucket.name, endedBefore: new Date(now - keepDays * DAY_MS), limit: PAGE })
      for (const { id, recording } of page) {
        if (this.#closing.signal.aborted) return
        await bucket.remove(recording.slice(objectPlace(bucket, '').length))
        await this.#removed(id, recording)
      }
      if (page.length < PAGE) return
    }
  }

  /** Files that are not of an ended call are left alone, whatever their age: somebody else's, or of a call still to be closed. */
  async #retireFiles(): Promise<void> {
    let batch: { id: string; name: string }[] = []
    const folder = await opendir(this.#options.dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (folder === undefined) return
    for await (const { name } of folder) {
      const id = /^([0-9A-Za-z_-]{1,64})(\.early)?\.wav$/.exec(name)?.[1]
      if (id === undefined) continue
      batch.push({ id, name })
      if (batch.length < PAGE) continue
      await this.#retireBatch(batch)
      batch = []
    }
    await this.#retireBatch(batch)
  }

  async #retireBatch(batch: readonly { id: string; name: string }[]): Promise<void> {
    const { db, dir, keepDays, localDays } = this.#options
    const calls = new Map((await endedCalls(db.sql, batch.map(({ id }) => id))).map((call) => [call.id, call]))
    for (const { id, name } of batch) {
      const call = calls.get(id)
      if (call === undefined || this.#closing.signal.aborted) continue
      const ageMs = this.#now() - call.endedAt.getTime()
      const isOver = keepDays > 0 && ageMs > keepDays * DAY_MS
      const isCopy = name === `${id}.wav` && call.recording !== null && isObject(call.recording) && ageMs > localDays * DAY_MS
      if (!isOver && !isCopy) continue
      const file = path.join(dir, name)
      await removeFile(file)
      if (isOver && call.recording !== null && this.#files.fileOf(call.recording) === path.resolve(file)) await this.#removed(id, call.recording)
    }
  }

  async #removed(id: string, recording: string): Promise<void> {
    await recordingRemoved(this.#options.db.sql, { id, from: recording, now: new Date(this.#now()) })
    this.stats.removed += 1
    log.info({ call: id, from: isObject(recording) ? recording : 'this node', keepDays: this.#options.keepDays }, 'a recording was removed, its time is over')
  }
}
