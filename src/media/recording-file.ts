// Knows how blocks of a recording reach the disk and how a cut file is mended. Does not know ports or audio.
import { open, type FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { recordingFormat } from './recording.ts'
import { WAV_HEADER_BYTES, wavHeader } from './wav.ts'

/** Blocks (seconds) waiting for a slow disk; beyond, the recording is given up. */
const WAITING_BLOCKS_MAX = 60
/** A disk that hangs must not keep a call from ending: what it has by then is all, and goes on in the background. */
const CLOSE_MS_MAX = 5_000
const TOO_SLOW = 'the disk is too slow'

/** Writes one recording in the background. Nothing here throws: what goes wrong is kept in `failed`. */
export class RecordingFile {
  /** Why the recording is not whole, in one line. */
  failed: string | undefined
  readonly #opened: Promise<FileHandle | undefined>
  #tail: Promise<void>
  #waiting = 0
  #dataBytes = 0

  constructor(path: string) {
    this.#opened = this.#open(path)
    this.#tail = this.#opened.then(() => {})
  }

  append(block: Uint8Array): void {
    if (this.failed !== undefined || block.length === 0) return
    if (this.#waiting >= WAITING_BLOCKS_MAX) {
      this.failed = TOO_SLOW
      return
    }
    this.#waiting += 1
    this.#tail = this.#tail.then(() => this.#write(block))
  }

  /** Waits for the blocks under way, writes the true sizes and closes; for at most `waitMsMax`. */
  async close(waitMsMax: number = CLOSE_MS_MAX): Promise<void> {
    const wait = new AbortController()
    const tooSlow = sleep(waitMsMax, undefined, { signal: wait.signal }).then(
      () => {
        this.failed ??= TOO_SLOW
      },
      () => {},
    )
    await Promise.race([this.#finish(), tooSlow])
    wait.abort()
  }

  async #finish(): Promise<void> {
    await this.#tail
    const file = await this.#opened
    if (file === undefined) return
    try {
      await file.write(wavHeader(recordingFormat, this.#dataBytes), 0, WAV_HEADER_BYTES, 0)
    } catch (error) {
      this.#fail(error)
    }
    try {
      await file.close()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #open(path: string): Promise<FileHandle | undefined> {
    try {
      const file = await open(path, 'w')
      try {
        await file.write(wavHeader(recordingFormat, 0))
        return file
      } catch (error) {
        await file.close()
        throw error
      }
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  async #write(block: Uint8Array): Promise<void> {
    try {
      const file = await this.#opened
      if (file === undefined || this.failed !== undefined) return
      const at = WAV_HEADER_BYTES + this.#dataBytes
      let written = 0
      while (written < block.length) {
        const { bytesWritten } = await file.write(block, written, block.length - written, at + written)
        written += bytesWritten
      }
      this.#dataBytes += block.length
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#waiting -= 1
    }
  }

  #fail(error: unknown): void {
    this.failed ??= (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/**
 * Writes the true sizes into the header of a recording that was cut by a crash; a whole file is left as it is.
 * Returns how many milliseconds it holds, or undefined when the file is not one of our recordings.
 * Errors: those of the file system.
 */
export async function repairRecording(path: string): Promise<number | undefined> {
  const file = await open(path, 'r+')
  try {
    const blank = wavHeader(recordingFormat, 0)
    const found = Buffer.alloc(WAV_HEADER_BYTES)
    const { bytesRead } = await file.read(found, 0, WAV_HEADER_BYTES, 0)
    const ours = bytesRead === WAV_HEADER_BYTES && sameButSizes(found, blank)
    if (!ours) return undefined
    const { size } = await file.stat()
    const data = size - WAV_HEADER_BYTES
    // A half-written sample pair goes.
    const dataBytes = data - (data % recordingFormat.channels)
    const header = wavHeader(recordingFormat, dataBytes)
    if (data !== dataBytes) await file.truncate(WAV_HEADER_BYTES + dataBytes)
    if (!found.equals(header)) await file.write(header, 0, WAV_HEADER_BYTES, 0)
    return (dataBytes / recordingFormat.channels / recordingFormat.sampleRateHz) * 1_000
  } finally {
    await file.close()
  }
}

/** The sizes: RIFF at 4, fact at 46, data at 54. */
function sameButSizes(a: Uint8Array, b: Uint8Array): boolean {
  const isSize = (at: number) => [4, 46, 54].some((begin) => at >= begin && at < begin + 4)
  return a.every((byte, at) => isSize(at) || byte === b[at])
}
