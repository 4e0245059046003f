// Knows where the SIP traces of calls are kept and for how long: a text to read and a capture to open. Does not know what is in them.
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { log } from '../log.ts'
import type { CallTrace } from '../sip/trace.ts'

export type TraceFiles = { ladder: string; pcap: string }

/** Where the trace of that call is, if there is one. */
export function traceFiles(folder: string, callId: string): TraceFiles {
  return { ladder: path.join(folder, `${callId}.txt`), pcap: path.join(folder, `${callId}.pcap`) }
}

/** Traces are for finding a fault that somebody looks into now; they name who called whom. */
export const traceFolderLimits = { daysMax: 14, callsMax: 5_000 } as const

const DAY_MS = 86_400_000
const PRUNE_EVERY_MS = 3_600_000

export class TraceFolder {
  readonly #folder: string
  readonly #now: () => number
  #prunedAtMs = -Infinity
  #pruning: Promise<unknown> = Promise.resolve()

  /** `now`: Unix milliseconds. */
  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder
    this.#now = now
  }

  /** Closes the trace and writes both files, for the owner's eyes only. Old ones go now and then, beside it. Errors: the system's. */
  async keep(trace: CallTrace, callId: string): Promise<void> {
    trace.close()
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const files = traceFiles(this.#folder, callId)
    await Promise.all([writeFile(files.ladder, trace.ladder(), { mode: 0o600 }), writeFile(files.pcap, trace.pcap(), { mode: 0o600 })])
    if (this.#now() - this.#prunedAtMs < PRUNE_EVERY_MS) return
    this.#prunedAtMs = this.#now()
    this.#pruning = this.#pruning.then(() => this.prune()).catch((error: unknown) => log.warn({ err: error }, 'old SIP traces were not removed'))
  }

  /** Removes what is older than two weeks, and the oldest of more than 5,000 calls. Resolves with the number of files removed. Errors: the system's. */
  async prune(): Promise<number> {
    const { daysMax, callsMax } = traceFolderLimits
    const files = (await readdir(this.#folder)).filter((name) => /\.(?:txt|pcap)$/.test(name)).map((name) => path.join(this.#folder, name))
    const aged: { file: string; atMs: number }[] = []
    for (const file of files) aged.push({ file, atMs: (await stat(file)).mtimeMs })
    const old = aged.toSorted((a, b) => b.atMs - a.atMs).filter(({ atMs }, index) => index >= 2 * callsMax || this.#now() - atMs > daysMax * DAY_MS)
    for (const { file } of old) await rm(file, { force: true })
    return old.length
  }

  /** Resolves when nothing is being removed. */
  async idle(): Promise<void> {
    await this.#pruning
  }
}
