// Knows what a child process is started with for a model folder. Does not know what it does with it.
import { availableParallelism } from 'node:os'
import { readModelFolder, type ModelRole } from './model-folder.ts'
import type { ChildOrder } from './messages.ts'

/** More threads than this make short utterances no faster, and take cores from the calls. */
const THREADS_MAX = 4

/** Reads the folder anew at every start. The function's errors: one that says what is wrong with the folder. */
export function modelOrder(dir: string, role: ModelRole, { threads, engine }: { threads?: number | undefined; engine?: string | undefined } = {}): () => ChildOrder {
  return () => {
    const folder = readModelFolder(dir, role, threads ?? Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1)))
    if (!folder.ok) throw new Error(folder.reason)
    return { engine, mode: folder.model.mode, config: folder.model.config }
  }
}
