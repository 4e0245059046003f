// An S3-compatible store on loopback, as its documentation says: objects, ranges, errors in XML, and SigV4 checked on every request
// by code that shares nothing with what signs. It can be told to misbehave.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to the next request of a method instead of what should. */
export type Fault =
  | { status: number; code: string }
  /** The connection is reset before anything is answered. */
  | 'reset'
  /** The connection is reset when half of the request's body came. */
  | 'reset-in-upload'
  /** Half of the object, then the connection ends. */
  | 'half-body'
  /** Taken, stored, and then no answer: the connection ends. */
  | 'stored-but-silent'
  | { delayMs: number }

export type StoredObject = { bytes: Buffer; contentType: string }

/** Seconds that clocks may differ. */
const SKEW_MS_MAX = 15 * 60_000

export class LoopbackS3 implements AsyncDisposable {
  readonly objects = new Map<string, StoredObject>()
  /** Method and path of every request, in order. */
  readonly requests: string[] = []
  /** Taken from the front, one per request of that method. */
  readonly faults: { method: string; fault: Fault }[] = []
  readonly #server = createServer((request, response) => void this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error)))
  readonly #keys: ReadonlyMap<string, string>
  readonly #bucket: string
  readonly #region: string
  readonly #now: () => number

  static async start(options: { keys: Record<string, string>; bucket: string; region: string; now?: () => number }): Promise<LoopbackS3> {
    const store = new LoopbackS3(options)
    store.#server.listen(0, '127.0.0.1')
    await once(store.#server, 'listening')
    return store
  }

  private constructor({ keys, bucket, region, now = Date.now }: { keys: Record<string, string>; bucket: string; region: string; now?: () => number }) {
    this.#keys = new Map(Object.entries(keys))
    this.#bucket = bucket
    this.#region = region
    this.#now = now
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  fail(method: string, ...faults: Fault[]): void {
    for (const fault of faults) this.faults.push({ method, fault })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    this.requests.push(`${method} ${url}`)
    const at = this.faults.findIndex((one) => one.method === method)
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]!.fault
    if (fault === 'reset') return void request.socket.resetAndDestroy()
    const body = await this.#body(request, fault === 'reset-in-upload')
    if (body === undefined) return void request.socket.resetAndDestroy()
    if (typeof fault === 'object' && 'delayMs' in fault) await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    if (typeof fault === 'object' && 'status' in fault) return refuse(response, method, fault.status, fault.code)
    const refused = this.#checkSignature(request, body)
    if (refused !== undefined) return refuse(response, method, ...refused)
    const [, bucket, key] = /^\/([^/?]+)\/([^?]+)$/.exec(decodeURIComponent(url)) ?? []
    if (bucket !== this.#bucket || key === undefined) return refuse(response, method, 404, 'NoSuchBucket')
    this.#act(method, key, request, response, body, fault)
  }

  #act(method: string, key: string, request: IncomingMessage, response: ServerResponse, body: Buffer, fault: Fault | undefined): void {
    const object = this.objects.get(key)
    switch (method) {
      case 'PUT':
        this.objects.set(key, { bytes: body, contentType: request.headers['content-type'] ?? 'binary/octet-stream' })
        if (fault === 'stored-but-silent') return void request.socket.resetAndDestroy()
        return void response.writeHead(200, { etag: `"${createHash('md5').update(body).digest('hex')}"` }).end()
      case 'DELETE':
        this.objects.delete(key)
        return void response.writeHead(204).end()
      case 'HEAD':
      case 'GET': {
        if (object === undefined) return refuse(response, method, 404, 'NoSuchKey')
        const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
        const start = Number(first ?? 0)
        const end = Math.min(last ? Number(last) : Infinity, object.bytes.length - 1)
        if (start >= object.bytes.length) return refuse(response, method, 416, 'InvalidRange')
        const part = object.bytes.subarray(start, end + 1)
        response.writeHead(first === undefined ? 200 : 206, {
          'content-type': object.contentType,
          'content-length': part.length,
          'accept-ranges': 'bytes',
          ...(first === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${object.bytes.length}` }),
        })
        if (method === 'HEAD') return void response.end()
        if (fault === 'half-body') return void response.write(part.subarray(0, part.length >> 1), () => request.socket.destroy())
        return void response.end(part)
      }
      default:
        return refuse(response, method, 405, 'MethodNotAllowed')
    }
  }

  /** The whole body; undefined when it shall break off in the middle. */
  async #body(request: IncomingMessage, half: boolean): Promise<Buffer | undefined> {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (half && bytes >= Number(request.headers['content-length']) / 2) return undefined
    }
    return Buffer.concat(chunks)
  }

  /** Signature Version 4 with the Authorization header. Undefined when it holds. */
  #checkSignature(request: IncomingMessage, body: Buffer): [number, string] | undefined {
    const verdict = verifySigV4({ method: request.method!, url: request.url!, headers: request.headersDistinct as Record<string, string[]>, region: this.#region, nowMs: this.#now(), secretOf: (id) => this.#keys.get(id) })
    if (verdict !== undefined) return verdict
    const claimed = request.headers['x-amz-content-sha256']
    if (claimed !== 'UNSIGNED-PAYLOAD' && claimed !== createHash('sha256').update(body).digest('hex')) return [400, 'XAmzContentSHA256Mismatch']
    return undefined
  }
}

/** Source: "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference. */
export function verifySigV4(p: { method: string; url: string; headers: Record<string, string[] | undefined>; region: string; nowMs: number; secretOf: (accessKeyId: string) => string | undefined }): [number, string] | undefined {
  const authorization = p.headers['authorization']?.[0] ?? ''
  const [, accessKeyId, date, region, signedHeaders, signature] = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(authorization) ?? []
  if (signature === undefined) return [403, 'AccessDenied']
  const secret = p.secretOf(accessKeyId!)
  if (secret === undefined) return [403, 'InvalidAccessKeyId']
  if (region !== p.region) return [400, 'AuthorizationHeaderMalformed']
  const time = p.headers['x-amz-date']?.[0] ?? ''
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? []
  const signedAtMs = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s))
  if (!(Math.abs(signedAtMs - p.nowMs) <= SKEW_MS_MAX) || !time.startsWith(date!)) return [403, 'RequestTimeTooSkewed']
  const names = signedHeaders!.split(';')
  for (const must of ['host', 'x-amz-date', 'x-amz-content-sha256']) if (!names.includes(must)) return [403, 'AccessDenied']
  const [path = '', query = ''] = p.url.split('?')
  const canonical = [
    p.method,
    path,
    query.split('&').filter(Boolean).toSorted().join('&'),
    ...names.map((name) => `${name}:${(p.headers[name] ?? []).map((value) => value.trim().replace(/ +/g, ' ')).join(',')}`),
    '',
    signedHeaders,
    p.headers['x-amz-content-sha256']?.[0] ?? '',
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, `${date}/${region}/s3/aws4_request`, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date!), region), 's3'), 'aws4_request')
  return timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex')) ? undefined : [403, 'SignatureDoesNotMatch']
}

function refuse(response: ServerResponse, method: string, status: number, code: string): void {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>told so</Message><RequestId>1</RequestId></Error>`
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) }).end(method === 'HEAD' ? undefined : xml)
}
