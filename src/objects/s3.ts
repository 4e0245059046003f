// Knows one bucket of an S3-compatible store: put, size, read, remove; requests signed (SigV4). Does not know what is kept in it.
// aws4fetch signs; it is one file without dependencies. The vendor's client would bring 26 packages and 22 MB for these four requests.
import { createHash } from 'node:crypto'
import { createReadStream, openAsBlob } from 'node:fs'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { AwsV4Signer } from 'aws4fetch'
import { ProviderError } from '../errors.ts'

export type S3Options = {
  /** Base address without the bucket, e.g. https://s3.cn-north-1.amazonaws.com.cn or https://oss-cn-shanghai.aliyuncs.com. */
  endpoint: string
  bucket: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  /** The bucket in the path (MinIO and the like) instead of in the host name. */
  pathStyle: boolean
  timeoutMs?: number | undefined
  uploadMsMax?: number | undefined
}

export const s3Defaults = { timeoutMs: 15_000, uploadMsMax: 300_000 } as const

/** Both ends included. */
export type ByteRange = { start: number; end: number }

/** An answer of an error is not read beyond this. */
const ERROR_BODY_CHARS_MAX = 4_096

/** Errors of every request: ProviderError 's3', `retryable` when the same request may do later. Keys of objects must need no escaping in a URL. */
export class S3Bucket {
  readonly name: string
  readonly #options: S3Options
  readonly #base: string
  readonly #timeoutMs: number
  readonly #uploadMsMax: number

  constructor(options: S3Options) {
    this.name = options.bucket
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? s3Defaults.timeoutMs
    this.#uploadMsMax = options.uploadMsMax ?? s3Defaults.uploadMsMax
    const { protocol, host, pathname } = new URL(options.endpoint)
    const path = pathname.replace(/\/+$/, '')
    this.#base = options.pathStyle ? `${protocol}//${host}${path}/${options.bucket}/` : `${protocol}//${options.bucket}.${host}${path}/`
  }

  /** Stores the file as it is now; the store checks what it got against its SHA-256. Resolves when the store said that it has it. */
  async put(key: string, file: string, contentType: string, signal?: AbortSignal): Promise<void> {
    const sha256 = await sha256Of(file)
    const response = await this.#send('PUT', key, { 'content-type': contentType, 'x-amz-content-sha256': sha256 }, this.#uploadMsMax, signal, await openAsBlob(file, { type: contentType }))
    await response.arrayBuffer()
  }

  /** Undefined when there is no such object. */
  async size(key: string): Promise<number | undefined> {
    const response = await this.#send('HEAD', key, {}, this.#timeoutMs)
    if (response.status === 404) return undefined
    return Number(response.headers.get('content-length'))
  }

  /** The bytes as they come; undefined when there is no such object. A connection that breaks off ends the stream with an error. */
  async read(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const response = await this.#send('GET', key, range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` }, this.#timeoutMs)
    if (response.status === 404) {
      await response.body?.cancel()
      return undefined
    }
    if (range !== undefined && response.status !== 206) {
      await response.body?.cancel()
      throw new ProviderError('s3', 'the store does not give ranges of objects', false)
    }
    return Readable.fromWeb(response.body as ReadableStream)
  }

  /** Also when it is gone already. */
  async remove(key: string): Promise<void> {
    const response = await this.#send('DELETE', key, {}, this.#timeoutMs)
    await response.body?.cancel()
  }

  /** 404 of anything but a PUT is an answer, all other refusals are errors. */
  async #send(method: 'PUT' | 'HEAD' | 'GET' | 'DELETE', key: string, headers: Record<string, string>, waitMsMax: number, signal?: AbortSignal, body?: Blob): Promise<Response> {
    const { region, accessKeyId, secretAccessKey } = this.#options
    const url = this.#base + key
    const signer = new AwsV4Signer({ method, url, headers, service: 's3', region, accessKeyId, secretAccessKey })
    const signed = await signer.sign()
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${waitMsMax} ms`)), waitMsMax)
    let response: Response
    try {
      const ends = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal])
      // A redirect is another host, for which the signature does not hold.
      response = await fetch(url, { method, headers: signed.headers, redirect: 'manual', signal: ends, ...(body === undefined ? {} : { body }) })
    } catch (error) {
      throw new ProviderError('s3', `${method} failed: ${causeOf(error)}`, true, { cause: error })
    } finally {
      // The body of a read may take as long as its reader.
      clearTimeout(timer)
    }
    if (response.ok || (response.status === 404 && method !== 'PUT')) return response
    const text = method === 'HEAD' ? '' : await response.text().catch(() => '')
    const code = /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(text.slice(0, ERROR_BODY_CHARS_MAX))?.[1]
    const retryable = response.status >= 500 || response.status === 429 || response.status === 408
    throw new ProviderError('s3', `${method} was answered ${response.status}${code === undefined ? '' : ` ${code}`}`, retryable)
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** What fetch hides: the error of the socket. */
function causeOf(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message
}
