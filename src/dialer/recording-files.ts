// Knows where a recording can be read, by the place that the record of its call names: a file of this node, or an object of the store.
// Does not know calls, or how recordings get there.
import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { ByteRange, S3Bucket } from '../objects/s3.ts'

export type StoredAudio = {
  sizeBytes: number
  /** Undefined when it went away in the meantime. Errors: ProviderError of the store. */
  read(range?: ByteRange): Promise<Readable | undefined>
}

export class RecordingFiles {
  readonly #dir: string
  readonly #bucket: S3Bucket | undefined

  constructor(dir: string, bucket?: S3Bucket) {
    this.#dir = path.resolve(dir)
    this.#bucket = bucket
  }

  /** Absolute path of a recording that lies in a file; undefined when it lies elsewhere or outside the recordings folder. */
  fileOf(place: string): string | undefined {
    if (isObject(place)) return undefined
    const file = path.resolve(this.#dir, place)
    return file.startsWith(this.#dir + path.sep) ? file : undefined
  }

  /** It may be asked for here; whether it is still there shows when it is. */
  offers(place: string): boolean {
    return isObject(place) ? this.#keyOf(place) !== undefined : this.fileOf(place) !== undefined
  }

  /** The local copy first. Errors: ProviderError of the store. */
  async find(place: string): Promise<StoredAudio | undefined> {
    const file = isObject(place) ? path.join(this.#dir, path.basename(place)) : this.fileOf(place)
    const sizeBytes = file === undefined ? undefined : await fileSize(file)
    if (file !== undefined && sizeBytes !== undefined) return { sizeBytes, read: (range) => Promise.resolve(createReadStream(file, range)) }
    const key = this.#keyOf(place)
    const bucket = this.#bucket
    if (key === undefined || bucket === undefined) return undefined
    const objectBytes = await bucket.size(key)
    return objectBytes === undefined ? undefined : { sizeBytes: objectBytes, read: (range) => bucket.read(key, range) }
  }

  /** Of an object in our bucket. */
  #keyOf(place: string): string | undefined {
    const prefix = this.#bucket && objectPlace(this.#bucket, '')
    return prefix !== undefined && place.startsWith(prefix) ? place.slice(prefix.length) : undefined
  }
}

/** How the record of a call names an object. Its name ends like the file that it was. */
export function objectPlace(bucket: S3Bucket, key: string): string {
  return `s3://${bucket.name}/${key}`
}

export function isObject(place: string): boolean {
  return place.startsWith('s3://')
}

/** Undefined when it is not there, or no file. */
export async function fileSize(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file)
    return found.isFile() ? found.size : undefined
  } catch {
    return undefined
  }
}

export async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true })
}
