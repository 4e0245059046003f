// Knows where the sound before an answer goes, and that it stays only when nobody answered. Does not know what was heard in it.
import { rm } from 'node:fs/promises'
import { RecordingFile } from '../media/recording-file.ts'
import { log } from '../log.ts'

/** The clip lies beside the recording, so that whatever keeps or removes the one does so with the other. */
export function clipPathOf(recordingPath: string): string {
  return recordingPath.replace(/(\.wav)?$/, '.early.wav')
}

/** A-law WAV of one channel. Each block is on disk within moments; a crash leaves a file that `repairRecording` mends. */
export class EarlyClip {
  readonly #path: string
  #file: RecordingFile | undefined

  constructor(path: string) {
    this.#path = path
  }

  append(alaw: Uint8Array): void {
    this.#file ??= new RecordingFile(this.#path, undefined, 1)
    this.#file.append(alaw)
  }

  /** The file, when there is one and it is whole. */
  async keep(): Promise<string | undefined> {
    const file = this.#file
    if (file === undefined) return undefined
    await file.close()
    if (file.failed === undefined) return this.#path
    log.warn({ failed: file.failed }, 'a clip of early media is not whole')
    return undefined
  }

  /** Somebody answered: what came before is nobody's business any more. */
  async drop(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    await file.close()
    await rm(this.#path, { force: true }).catch((error: unknown) => log.warn({ err: error }, 'a clip of early media could not be removed'))
  }
}
