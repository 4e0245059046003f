// Knows how one large file comes over HTTP and is what it should be: goes on where it broke off, tells its progress, checks length and sum. Does not know models.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '../../errors.ts'

export type DownloadLimits = {
  /** Tries in a row that bring nothing new. */
  triesMax: number
  /** Pause before the next try; doubles. */
  retryMs: number
  /** No byte for this long: the connection is given up. */
  idleMsMax: number
}
export const downloadLimits = { triesMax: 5, retryMs: 1_000, idleMsMax: 30_000 } as const satisfies DownloadLimits

export type Wanted = { url: string; bytes?: number | undefined; sha256?: string | undefined }
export type Progress = { doneBytes: number; totalBytes: number | undefined }

/** Says what to do next; what was downloaded so far is kept unless it is wrong. */
export class DownloadError extends AppError {
  override name = 'DownloadError'
  constructor(message: string, options?: ErrorOptions) {
    super('download-failed', message, options)
  }
}

/** Which version of the file the part on disk is of; without it nothing can be added to the part. */
const partNote = z.object({ url: z.string(), validator: z.string() })

/**
 * Brings a file to `dest`; one that is there already is checked and taken. Source: RFC 9110 §13.1.5, §14.
 * Returns its SHA-256 and length. Errors: DownloadError; the reason of `signal`.
 */
export async function download(wanted: Wanted, dest: string, { onProgress = () => {}, signal, limits = {} }: { onProgress?: (progress: Progress) => void; signal?: AbortSignal; limits?: Partial<DownloadLimits> } = {}): Promise<{ sha256: string; bytes: number }> {
  const { triesMax, retryMs, idleMsMax } = { ...downloadLimits, ...limits }
  await mkdir(path.dirname(dest), { recursive: true })
  if ((await sizeOf(dest)) === 0) await rm(dest, { force: true })
  for (let tries = 0; (await sizeOf(dest)) === 0; ) {
    const before = await sizeOf(`${dest}.part`)
    try {
      await fetchRest(wanted, dest, onProgress, idleMsMax, signal)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof DownloadError) throw error
      // What broke off but brought something is no failure: the next try goes on from there.
      tries = (await sizeOf(`${dest}.part`)) > before ? 1 : tries + 1
      if (tries >= triesMax) throw new DownloadError(`下载中断，已保留下载的部分，再次运行会接着下载：${wanted.url}。 The download broke off; run it again to go on: ${wanted.url} (${reasonOf(error)})`, { cause: error })
      await sleep(retryMs * 2 ** (tries - 1), undefined, signal ? { signal } : {})
    }
  }
  const bytes = await sizeOf(dest)
  const sha256 = await sumOf(dest)
  if ((wanted.bytes !== undefined && wanted.bytes !== bytes) || (wanted.sha256 !== undefined && wanted.sha256 !== sha256)) {
    await rm(dest)
    throw new DownloadError(`下载的文件不对，已删除：${wanted.url}。 The file is not what the catalogue says and was removed: ${wanted.url}: ${bytes} bytes, SHA-256 ${sha256}; expected ${wanted.bytes ?? 'any'} bytes, ${wanted.sha256 ?? 'any sum'}`)
  }
  return { sha256, bytes }
}

/** One request for what is still missing. Errors: DownloadError when another try is of no use, any other when it may be. */
async function fetchRest(wanted: Wanted, dest: string, onProgress: (progress: Progress) => void, idleMsMax: number, signal: AbortSignal | undefined): Promise<void> {
  const part = `${dest}.part`
  const validator = await validatorOf(part, wanted.url)
  let have = validator === undefined ? 0 : await sizeOf(part)
  const idle = new AbortController()
  let timer = setTimeout(() => idle.abort(new Error(`nothing came for ${idleMsMax} ms`)), idleMsMax)
  try {
    const response = await fetch(wanted.url, {
      signal: signal ? AbortSignal.any([signal, idle.signal]) : idle.signal,
      // A compressed answer would have other positions than the file.
      headers: { 'Accept-Encoding': 'identity', ...(have > 0 ? { Range: `bytes=${have}-`, 'If-Range': validator! } : {}) },
    })
    if (response.status === 416) {
      await rm(part, { force: true })
      throw new Error('the server has nothing behind what we have')
    }
    if (!response.ok) {
      await response.body?.cancel()
      if (response.status >= 500 || response.status === 429 || response.status === 408) throw new Error(`HTTP ${response.status}`)
      throw new DownloadError(`服务器没有这个文件：${wanted.url}。可用 --from 换一个镜像。 The server does not have it: ${wanted.url} answered ${response.status}; try a mirror with --from`)
    }
    // Any other answer than exactly the rest is the whole file again: no ranges there, or another version by now.
    if (response.status !== 206 || !response.headers.get('content-range')?.startsWith(`bytes ${have}-`)) have = 0
    if (response.status === 206 && have === 0) throw new DownloadError(`服务器答非所问：${wanted.url}。 The server sent another part than was asked for: ${wanted.url}`)
    const length = Number(response.headers.get('content-length') ?? Number.NaN)
    const totalBytes = Number.isFinite(length) ? have + length : undefined
    if (wanted.bytes !== undefined && totalBytes !== undefined && totalBytes !== wanted.bytes) {
      await response.body?.cancel()
      throw new DownloadError(`文件大小不对：${wanted.url}。 The file has another size than the catalogue says: ${totalBytes} bytes instead of ${wanted.bytes}: ${wanted.url}`)
    }
    await note(part, wanted.url, response.headers)
    await using file = await open(part, have > 0 ? 'a' : 'w')
    onProgress({ doneBytes: have, totalBytes })
    for await (const chunk of response.body ?? []) {
      await file.write(chunk as Uint8Array)
      have += (chunk as Uint8Array).length
      timer.refresh()
      onProgress({ doneBytes: have, totalBytes })
    }
    if (totalBytes !== undefined && have !== totalBytes) throw new Error(`ended after ${have} of ${totalBytes} bytes`)
    if (have === 0) throw new DownloadError(`文件是空的：${wanted.url}。 The file is empty: ${wanted.url}`)
    await file.sync()
  } catch (error) {
    throw idle.signal.aborted ? (idle.signal.reason as Error) : error
  } finally {
    clearTimeout(timer)
  }
  await rename(part, dest)
  await rm(`${part}.json`, { force: true })
}

/** A strong entity tag, or the date: what makes it certain that both parts are of one file. */
async function note(part: string, url: string, headers: Headers): Promise<void> {
  const etag = headers.get('etag')
  const validator = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified')
  if (validator === null) await rm(`${part}.json`, { force: true })
  else await writeFile(`${part}.json`, JSON.stringify({ url, validator }))
}

async function validatorOf(part: string, url: string): Promise<string | undefined> {
  try {
    const known = partNote.parse(JSON.parse(await readFile(`${part}.json`, 'utf8')))
    return known.url === url ? known.validator : undefined
  } catch {
    return undefined
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch {
    return 0
  }
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
