// Knows how an uploaded file is read from where it is kept. Does not know what is in it.
import type { Database } from '../../db/connection.ts'
import { readPiece } from '../../db/task-imports.ts'
import type { TableFile } from '../../tables/table-file.ts'

/** Bytes asked of the database at once: what becomes of them is worked on in one go, beside calls. */
const readBytes = 128 * 1024

export class StoredFile implements TableFile {
  readonly sizeBytes: number
  readonly #db: Database
  readonly #id: string

  constructor(db: Database, id: string, sizeBytes: number) {
    this.#db = db
    this.#id = id
    this.sizeBytes = sizeBytes
  }

  /** Waits for a database that restarts. Errors: OverloadedError when it does not come back. */
  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < Math.min(end, this.sizeBytes); ) {
      const [from, length] = [at, Math.min(readBytes, end - at)]
      const piece = await this.#db.retry('read a file', () => readPiece(this.#db.sql, this.#id, from, length))
      // Cancelled meanwhile: the file is gone.
      if (piece === undefined) return
      yield piece
      at += piece.length
    }
  }
}
