// Recorded files behind addresses as sound for calls: fetched within limits, decoded, kept for a while. Does not know who plays them.
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { InvalidInputError, ProviderError } from '../errors.ts'
import { isPrivateAddress, publicOnly } from '../public-address.ts'
import { decodeSound } from './sound-file.ts'

export type FetchedSoundsOptions = {
  /** Addresses of this machine and of private networks may be fetched from. */
  privateAllowed: boolean
  bytesMax: number
  /** From the question to the last byte, redirects included: a callee waits. */
  msMax: number
  redirectsMax: number
  /** A file is fetched again after this long; one that could not be had, after `failedKeepMs`. */
  keepMs: number
  failedKeepMs: number
  /** Of all that is kept, as decoded sound. */
  keptBytesMax: number
  /** Fetched at once; more are refused. */
  fetchesMax: number
  /** Unix milliseconds. */
  now: () => number
}
export const fetchedSoundsDefaults = {
  privateAllowed: false,
  bytesMax: 10 << 20,
  msMax: 3_000,
  redirectsMax: 2,
  keepMs: 600_000,
  failedKeepMs: 5_000,
  keptBytesMax: 32 << 20,
  fetchesMax: 64,
  now: Date.now,
} as const satisfies FetchedSoundsOptions

type Kept = { pcm: Promise<Int16Array>; untilMs: number; bytes: number }

/** What a recording is not, whatever is in it. */
const noSoundTypes = /^(?:text\/|application\/(?:json|xml|xhtml|javascript)|image\/|video\/)/i

const redirections = new Set([301, 302, 303, 307, 308])

export class FetchedSounds {
  readonly #options: FetchedSoundsOptions
  readonly #kept = new Map<string, Kept>()
  #bytes = 0
  #fetching = 0

  constructor(options: Partial<FetchedSoundsOptions> = {}) {
    this.#options = { ...fetchedSoundsDefaults, ...options }
  }

  /**
   * The sound at an http or https address as 8 kHz audio, shared between its readers: not to be written to. Many who want the same at once cause one request.
   * Errors: InvalidInputError for an address that may not be fetched, or what is no sound; ProviderError when it cannot be had in time.
   */
  async read(address: string): Promise<Int16Array> {
    const { now, keepMs, failedKeepMs, keptBytesMax } = this.#options
    const nowMs = now()
    const known = this.#kept.get(address)
    if (known && nowMs < known.untilMs) {
      this.#kept.delete(address)
      this.#kept.set(address, known)
      return await known.pcm
    }
    this.#drop(address)
    const kept: Kept = { pcm: this.#fetch(address), untilMs: nowMs + keepMs, bytes: 0 }
    this.#kept.set(address, kept)
    try {
      const pcm = await kept.pcm
      if (this.#kept.get(address) === kept) {
        kept.bytes = pcm.byteLength
        this.#bytes += pcm.byteLength
      }
      return pcm
    } catch (error) {
      kept.untilMs = now() + failedKeepMs
      throw error
    } finally {
      for (const [oldest] of this.#kept) if (this.#bytes > keptBytesMax || this.#kept.size > 1_000) this.#drop(oldest)
    }
  }

  #drop(address: string): void {
    this.#bytes -= this.#kept.get(address)?.bytes ?? 0
    this.#kept.delete(address)
  }

  async #fetch(address: string): Promise<Int16Array> {
    const { msMax, fetchesMax, redirectsMax } = this.#options
    if (this.#fetching >= fetchesMax) throw failed('too many recordings are being fetched', true)
    this.#fetching += 1
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), msMax)
    try {
      let url = this.#checked(address)
      for (let redirects = 0; ; redirects += 1) {
        const got = await this.#get(url, deadline.signal)
        if (Buffer.isBuffer(got)) return await decodeSound(got, nameOf(url))
        if (redirects >= redirectsMax) throw failed('too many redirects', false)
        // Judged like the first: an address that leads inside is no way in.
        url = this.#checked(got.location, url)
      }
    } finally {
      clearTimeout(timer)
      this.#fetching -= 1
    }
  }

  #checked(address: string, base?: URL): URL {
    const url = URL.parse(address, base?.href)
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '') throw new InvalidInputError('file', `录音地址不是 http 或 https 网址：${address.slice(0, 80)}`)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (!this.#options.privateAllowed && isIP(host) !== 0 && isPrivateAddress(host)) throw new InvalidInputError('file', `录音地址指向内网，本服务不允许：${url.host}`)
    return url
  }

  #get(url: URL, signal: AbortSignal): Promise<Buffer | { location: string }> {
    const { privateAllowed, bytesMax, msMax } = this.#options
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest
      const request = send(url, { signal, agent: false, headers: { accept: 'audio/*, application/octet-stream', 'user-agent': 'waihu-sounds/1' }, ...(!privateAllowed && { lookup: publicOnly }) })
      request.on('error', (error) => reject(failed(signal.aborted ? `not within ${msMax} ms` : error.message, true, error)))
      request.on('response', (response) => {
        const { location } = response.headers
        const leadsOn = redirections.has(response.statusCode ?? 0) && location !== undefined
        const refused = leadsOn ? undefined : refusalOf(response, bytesMax)
        if (!leadsOn && refused === undefined) {
          collect(response, bytesMax).then(resolve, (error: Error) => reject(failed(signal.aborted ? `not within ${msMax} ms` : error.message, true, error)))
          return
        }
        response.on('error', () => undefined)
        response.destroy()
        if (leadsOn) resolve({ location })
        else reject(failed(refused!, false))
      })
      request.end()
    })
  }
}

/** Why an answer is not read; undefined: it is. */
function refusalOf({ statusCode, headers }: IncomingMessage, bytesMax: number): string | undefined {
  if (statusCode !== 200) return `HTTP ${statusCode}`
  if (noSoundTypes.test(headers['content-type'] ?? '')) return `${headers['content-type']!.slice(0, 60)} is no recording`
  if (Number(headers['content-length'] ?? 0) > bytesMax) return `longer than ${bytesMax} bytes`
  return undefined
}

async function collect(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new Error(`longer than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function nameOf(url: URL): string {
  return `${url.host}${url.pathname}`.slice(0, 120)
}

function failed(message: string, retryable: boolean, cause?: unknown): ProviderError {
  return new ProviderError('recordings', message, retryable, { cause })
}
