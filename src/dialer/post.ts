// Knows how something is posted to an address that a customer named: one attempt, within a time, to no private address. Does not know what, or how often.
import { request as httpRequest, type Agent as HttpAgent } from 'node:http'
import { request as httpsRequest, type Agent as HttpsAgent } from 'node:https'
import { isIP } from 'node:net'
import { isPrivateAddress, publicOnly } from '../public-address.ts'

export type PostOptions = {
  headers: Readonly<Record<string, string>>
  timeoutMs: number
  /** Whether loopback, link-local and private addresses may be posted to. */
  privateAllowed: boolean
  /** An answer is read up to here and then cut. */
  answerBytesMax: number
  /** Connections that are kept; absent: one of its own for each post. */
  agents?: { http: HttpAgent; https: HttpsAgent } | undefined
  signal: AbortSignal
}

/** `whole`: the answer came to its end in time. `final`: trying again cannot help. */
export type Posted = { ok: true; status: number; body: string; whole: boolean } | { ok: false; error: string; final: boolean }

/** One attempt. Follows no redirect: what is posted is meant for the address that was named. Never rejects. */
export async function post(address: string, body: string, options: PostOptions): Promise<Posted> {
  const { privateAllowed, timeoutMs } = options
  const url = URL.parse(address)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return { ok: false, error: 'not an http address', final: true }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // A name is judged by what it resolves to, in the lookup; an address is never looked up.
  if (!privateAllowed && isIP(host) !== 0 && isPrivateAddress(host)) return { ok: false, error: 'a private address is not allowed', final: true }
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)])
  const answer = await attempt(url, body, { ...options, signal })
  // Nobody saw what went into a kept connection that the far end had closed in the meantime.
  return answer.ok || !answer.stale || signal.aborted ? answer : await attempt(url, body, { ...options, signal })
}

type Attempted = Extract<Posted, { ok: true }> | (Extract<Posted, { ok: false }> & { stale: boolean })

function attempt(url: URL, body: string, { headers, timeoutMs, privateAllowed, answerBytesMax, agents, signal }: PostOptions): Promise<Attempted> {
  const secure = url.protocol === 'https:'
  return new Promise((resolve) => {
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      signal,
      agent: agents === undefined ? false : secure ? agents.https : agents.http,
      headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body), 'accept-encoding': 'identity', ...headers },
      ...(privateAllowed ? {} : { lookup: publicOnly }),
    })
    let responded = false
    request.on('response', (response) => {
      responded = true
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        // Nobody feeds us a stream.
        if (bytes > answerBytesMax) response.destroy()
      })
      response.on('error', () => undefined)
      response.on('close', () => resolve({ ok: true, status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8'), whole: response.complete && bytes <= answerBytesMax }))
    })
    request.on('error', (error) => {
      const timedOut = error.name === 'TimeoutError' || signal.aborted
      const stale = request.reusedSocket && !responded && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
      resolve({ ok: false, error: timedOut ? `no answer within ${timeoutMs} ms` : messageOf(error), final: false, stale })
    })
    request.end(body)
  })
}

function messageOf(error: Error): string {
  // Several addresses that all failed have no message of their own.
  const text = error.message || ((error as NodeJS.ErrnoException).code ?? 'the connection failed')
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
