// Knows the recorded files of a folder as sound for calls, kept at hand while they are in use. Does not know who plays them.
import { stat } from 'node:fs/promises'
import { readSound, soundPath } from './sound-file.ts'

/** Half an hour of sound. */
const BYTES_MAX = 32 << 20

type Kept = { version: string; pcm: Promise<Int16Array>; bytes: number }

/** A file is read and decoded once, however many calls play it, and again when it has changed. Least recently used first out. */
export class SoundShelf {
  readonly #folder: string
  readonly #bytesMax: number
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  constructor(folder: string, bytesMax = BYTES_MAX) {
    this.#folder = folder
    this.#bytesMax = bytesMax
  }

  /** Shared between its readers: not to be written to. Errors: as `readSound`. */
  async read(name: string): Promise<Int16Array> {
    const path = await soundPath(this.#folder, name)
    const { mtimeMs, size } = await stat(path)
    const version = `${mtimeMs} ${size}`
    const known = this.#kept.get(path)
    if (known?.version === version) {
      this.#kept.delete(path)
      this.#kept.set(path, known)
      return await known.pcm
    }
    this.#drop(path)
    const kept: Kept = { version, pcm: readSound(this.#folder, name), bytes: 0 }
    this.#kept.set(path, kept)
    try {
      const pcm = await kept.pcm
      if (this.#kept.get(path) === kept) {
        kept.bytes = pcm.byteLength
        this.#bytes += pcm.byteLength
      }
      for (const [oldest] of this.#kept) if (this.#bytes > this.#bytesMax) this.#drop(oldest)
      return pcm
    } catch (error) {
      if (this.#kept.get(path) === kept) this.#kept.delete(path)
      throw error
    }
  }

  #drop(path: string): void {
    this.#bytes -= this.#kept.get(path)?.bytes ?? 0
    this.#kept.delete(path)
  }
}
