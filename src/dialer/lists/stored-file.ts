// Knows how an uploaded file is read from where it is kept. Does not know what is in it.
import type { Queryable } from '../../db/connection.ts'
import { readPiece } from '../../db/task-imports.ts'
import type { TableFile } from '../../tables/table-file.ts'

/** Bytes asked of the database at once. */
const readBytes = 512 * 1024

export class StoredFile implements TableFile {
  readonly sizeBytes: number
  readonly #db: Queryable
  readonly #id: string

  constructor(db: Queryable, id: string, sizeBytes: number) {
    this.#db = db
    this.#id = id
    this.sizeBytes = sizeBytes
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < Math.min(end, this.sizeBytes); ) {
      const piece = await readPiece(this.#db, this.#id, at, Math.min(readBytes, end - at))
      // Cancelled meanwhile: the file is gone.
      if (piece === undefined) return
      yield piece
      at += piece.length
    }
  }
}
