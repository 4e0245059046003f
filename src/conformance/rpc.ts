// Knows how a signed request is sent and what came back. Does not know what was right.
import { setTimeout as sleep } from 'node:timers/promises'
import { requestV1, requestV3, type ClientKey, type SignedRequest, type Signing } from '../api/aliyun/signed-request.ts'

const answerMsMax = 60_000

export type Ask = Partial<Omit<Signing, 'host' | 'params'>> & {
  action: string
  params?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  /** V1 unless it says 3. */
  version?: 1 | 3
  /** Done to the request after it was signed. */
  meddle?: ((request: SignedRequest) => SignedRequest) | undefined
}

export type Answer = {
  status: number
  type: string
  text: string
  /** Of a JSON object; empty for anything else. */
  fields: Readonly<Record<string, unknown>>
}

/** As clients do it: a server that is too busy has done nothing, and is asked again with another nonce. */
const busy = { triesMax: 20, pauseMs: 500 }

/** Sends what `ask` says, as the key's owner. Errors: what fetch throws. */
export async function send(endpoint: string, key: ClientKey, ask: Ask): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await exchange(endpoint, signed(endpoint, key, ask))
    if (answer.status !== 503 || tries === busy.triesMax) return answer
    await sleep(busy.pauseMs)
  }
}

export function signed(endpoint: string, key: ClientKey, { version = 1, meddle = (request) => request, params = {}, ...more }: Ask): SignedRequest {
  const texts = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value === undefined ? undefined : String(value)]))
  const signing: Signing = { key, nowMs: Date.now(), host: new URL(endpoint).host, ...more, params: texts }
  return meddle(version === 1 ? requestV1(signing) : requestV3(signing))
}

export async function exchange(endpoint: string, { method, url, headers, body }: SignedRequest): Promise<Answer> {
  // The host of the address is the one that was signed.
  const { host: _, ...others } = headers
  const response = await fetch(new URL(url, endpoint), { method, headers: others, redirect: 'error', signal: AbortSignal.timeout(answerMsMax), ...(body.length > 0 && { body: new Uint8Array(body) }) })
  const text = await response.text()
  return { status: response.status, type: response.headers.get('content-type') ?? '', text, fields: objectOf(text) }
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** `OK`, `isv.…`, or of a gateway's error the status as well: `400 SignatureDoesNotMatch`. Pages give business errors a status, clients read them with any. */
export function codeOf({ status, fields, text }: Answer): string {
  const code = typeof fields['Code'] === 'string' ? fields['Code'] : (/<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? '(no Code)')
  if (code === 'OK') return status === 200 ? 'OK' : `${status} OK`
  return /^is[vp]\./.test(code) ? code : `${status} ${code}`
}
