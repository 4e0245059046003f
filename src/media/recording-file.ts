// Knows how blocks of a recording reach the disk and how a cut file is mended. Does not know ports or audio.
import { open, type FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProtocolError } from '../errors.ts'
import { AIGC_CHUNK, aigcChunk, type AigcLabel } from './aigc-label.ts'
import { recordingFormat } from './recording.ts'
import { wavChunks, wavHeader, withWavSizes, type WavChunk } from './wav.ts'

/** Blocks (seconds) waiting for a slow disk; beyond, the recording is given up. */
const WAITING_BLOCKS_MAX = 60
/** A disk that hangs must not keep a call from ending: what it has by then is all, and goes on in the background. */
const CLOSE_MS_MAX = 5_000
const TOO_SLOW = 'the disk is too slow'
/** Two: a call. One: what came in only, before an answer. */
const channelCounts = [recordingFormat.channels, 1] as const
type Channels = (typeof channelCounts)[number]
/** More than any header with a label. */
const HEADER_BYTES_MAX = 8_192

/** Writes one recording in the background. Nothing here throws: what goes wrong is kept in `failed`. */
export class RecordingFile {
  /** Why the recording is not whole, in one line. */
  failed: string | undefined
  readonly #opened: Promise<FileHandle | undefined>
  #tail: Promise<void>
  readonly #header: Uint8Array
  readonly #channels: Channels
  #waiting = 0
  #dataBytes = 0

  /** The label is written first, ahead of the audio: a file that a crash cuts anywhere has it. */
  constructor(path: string, label?: AigcLabel, channels: Channels = recordingFormat.channels) {
    this.#channels = channels
    this.#header = wavHeader({ ...recordingFormat, channels }, 0, label === undefined ? [] : [aigcChunk(label)])
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
      await file.write(withWavSizes(this.#header, this.#channels, this.#dataBytes), 0, this.#header.length, 0)
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
        await file.write(this.#header)
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
      const at = this.#header.length + this.#dataBytes
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
 * Writes the true sizes into the header of a recording that was cut by a crash; a whole file, and the label in any, is left as it is.
 * Returns how many milliseconds it holds, or undefined when the file is not one of our recordings.
 * Errors: those of the file system.
 */
export async function repairRecording(path: string): Promise<number | undefined> {
  const file = await open(path, 'r+')
  try {
    const begin = Buffer.alloc(HEADER_BYTES_MAX)
    const { bytesRead } = await file.read(begin, 0, HEADER_BYTES_MAX, 0)
    const ours = ourHeader(begin.subarray(0, bytesRead))
    if (ours === undefined) return undefined
    const { header: found, channels } = ours
    const { size } = await file.stat()
    const data = size - found.length
    // A half-written sample pair goes.
    const dataBytes = data - (data % channels)
    const header = withWavSizes(found, channels, dataBytes)
    if (data !== dataBytes) await file.truncate(found.length + dataBytes)
    if (!found.equals(header)) await file.write(header, 0, header.length, 0)
    return (dataBytes / channels / recordingFormat.sampleRateHz) * 1_000
  } finally {
    await file.close()
  }
}

/** The bytes before the samples when they are as `RecordingFile` writes them, whatever the sizes say; undefined for all else. */
function ourHeader(bytes: Buffer): { header: Buffer; channels: Channels } | undefined {
  const chunks: WavChunk[] = []
  try {
    for (const { id, begin, size } of wavChunks(bytes)) {
      if (id === AIGC_CHUNK) chunks.push({ id, body: bytes.subarray(begin, begin + size) })
      if (id !== 'data') continue
      const header = bytes.subarray(0, begin)
      const channels = channelCounts.find((count) => {
        const ours = wavHeader({ ...recordingFormat, channels: count }, 0, chunks)
        return header.length === ours.length && withWavSizes(header, count, 0).equals(ours)
      })
      return channels && { header, channels }
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  return undefined
}
