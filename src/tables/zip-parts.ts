// Knows the parts of a ZIP archive that came from outside: which there are, and their bytes unpacked within limits. Does not know workbooks.
import { Readable } from 'node:stream'
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl'
import { InvalidInputError } from '../errors.ts'
import type { TableFile } from './table-file.ts'

export const zipLimits = {
  partsMax: 2_000,
  /** All parts unpacked. A full sheet of a million rows and six columns is 400 MB. */
  unpackedBytesMax: 1024 * 1024 * 1024,
  /** Deflate makes sheets 5 to 30 times smaller, and at most 1,032 times. */
  ratioMax: 200,
  /** Below this much, what a ratio says is no matter. */
  ratioFromBytes: 16 * 1024 * 1024,
} as const

class FileReader extends RandomAccessReader {
  readonly #file: TableFile

  constructor(file: TableFile) {
    super()
    this.#file = file
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#file.read(start, end), { objectMode: false })
  }
}

/** An archive's parts by name. Dispose of it. */
export class ZipParts implements Disposable {
  readonly #zip: ZipFile
  readonly #entries: ReadonlyMap<string, Entry>

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip
    this.#entries = entries
  }

  /** Errors: InvalidInputError when it is damaged, encrypted, or would be too large unpacked: sizes are those it declares, which unpacking holds it to. */
  static async open(file: TableFile): Promise<ZipParts> {
    const zip = await orDamaged(fromRandomAccessReaderPromise(new FileReader(file), file.sizeBytes, { autoClose: false, validateEntrySizes: true }))
    try {
      const entries = new Map<string, Entry>()
      let unpackedBytes = 0
      await orDamaged(
        (async () => {
          for await (const entry of zip.eachEntry()) {
            unpackedBytes += entry.uncompressedSize
            const bomb = entry.uncompressedSize > zipLimits.ratioFromBytes && entry.uncompressedSize > entry.compressedSize * zipLimits.ratioMax
            if (entries.size >= zipLimits.partsMax || unpackedBytes > zipLimits.unpackedBytesMax || bomb) throw tooLarge()
            if (entry.isEncrypted()) throw new InvalidInputError('file', '文件有密码：请去掉密码再上传。 The file has a password: take it off first.')
            entries.set(entry.fileName, entry)
          }
        })(),
      )
      return new ZipParts(zip, entries)
    } catch (error) {
      zip.close()
      throw error
    }
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  /** Bytes of a part, unpacked as they are asked for. Errors: InvalidInputError when it is missing or damaged. */
  async *read(name: string): AsyncGenerator<Uint8Array> {
    const entry = this.#entries.get(name)
    if (entry === undefined || !entry.canDecodeFileData()) throw damaged(new Error(`no part ${name}`))
    const stream = await orDamaged(this.#zip.openReadStreamPromise(entry))
    try {
      yield* stream as AsyncIterable<Uint8Array>
    } catch (error) {
      throw error instanceof InvalidInputError ? error : damaged(error)
    } finally {
      stream.destroy()
    }
  }

  /** Unpacked, as declared. */
  sizeOf(name: string): number {
    return this.#entries.get(name)?.uncompressedSize ?? 0
  }

  [Symbol.dispose](): void {
    this.#zip.close()
  }
}

async function orDamaged<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof InvalidInputError ? error : damaged(error)
  }
}

function damaged(cause: unknown): InvalidInputError {
  return new InvalidInputError('file', '文件已损坏，不是完整的 .xlsx：请重新保存后上传。 The file is damaged or no .xlsx: save it again.', [], { cause })
}

function tooLarge(): InvalidInputError {
  return new InvalidInputError('file', '文件解压后过大：请拆成几个文件，或另存为 CSV。 The file is too large unpacked: split it, or save it as CSV.')
}
