// Knows files as bytes that can be read anywhere in them. Does not know what is in them or where a caller keeps them.
import { open, type FileHandle } from 'node:fs/promises'

/** The bytes of a file somebody handed in. */
export interface TableFile {
  readonly sizeBytes: number
  /** From `start` (inclusive) to `end` (exclusive), in pieces of any size, in order. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

/** Pieces of a file on disk are this large. */
const pieceBytes = 256 * 1024

export class DiskFile implements TableFile, AsyncDisposable {
  readonly sizeBytes: number
  readonly #handle: FileHandle

  private constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle
    this.sizeBytes = sizeBytes
  }

  /** Errors: those of the file system. The caller disposes of it. */
  static async open(path: string): Promise<DiskFile> {
    const handle = await open(path, 'r')
    try {
      return new DiskFile(handle, (await handle.stat()).size)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < Math.min(end, this.sizeBytes); ) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, Math.min(end, this.sizeBytes) - at))
      const { bytesRead } = await this.#handle.read(piece, 0, piece.length, at)
      // It was cut short under our hands: what is missing shows as a table that ends early or as a broken archive.
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
      at += bytesRead
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

export class MemoryFile implements TableFile {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < Math.min(end, this.sizeBytes); at += pieceBytes) yield await Promise.resolve(this.#bytes.subarray(at, Math.min(at + pieceBytes, end)))
  }
}

/** The first bytes, fewer when the file is shorter. */
export async function headOf(file: TableFile, bytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of file.read(0, bytesMax)) pieces.push(piece)
  return Buffer.concat(pieces)
}
