// Knows how to stay registered with a carrier (RFC 3261 §10): refresh in time, credentials, 423, back-off. Does not know calls.
import { randomBytes, randomInt } from 'node:crypto'
import { InvalidInputError, OverloadedError, ProtocolError } from '../errors.ts'
import type { CallContext } from './call-context.ts'
import type { Cancel } from './clock.ts'
import { DigestClient, type Credentials } from './digest.ts'
import { parseNameAddr } from './header-values.ts'
import { checkPeer, userOf } from './invitation.ts'
import { emptyBody, SipHeaders, toWire, type ReceivedResponse } from './message.ts'
import type { Peer } from './transport.ts'
import { formatUri, parseUri } from './uri.ts'

export type RegistrationState =
  /** Good until `expiresSeconds` from now; refreshed before. */
  | { kind: 'registered'; expiresSeconds: number }
  /** Not registered, or no longer known to be; tried again by itself after `retryMs`. `status` is 408 when no answer came, 503 when nothing could be sent. */
  | { kind: 'failed'; status: number; /** The registrar's words, when it answered. */ reason?: string | undefined; retryMs: number }

export type RegisterOptions = {
  registrar: Peer
  /** The address of record: sip:1001@carrier.example. */
  aor: string
  credentials?: Credentials | undefined
  /** What to ask for, 60..86400; default 3600. The registrar decides. */
  expiresSeconds?: number | undefined
  onState(state: RegistrationState): void
}

/** What a registrar says about an address of record. `status` is 408 when no answer came, 503 when nothing could be sent. */
export type RegistrationAnswer = { status: number; reason?: string | undefined; contacts: readonly string[] }

export interface Registration {
  /** Undefined before the first answer, and after close. */
  readonly state: RegistrationState | undefined
  /** Unregisters, when registered, and stops. Resolves when the registrar answered or 32 s passed. */
  close(): Promise<void>
}

const EXPIRES_SECONDS_DEFAULT = 3_600
const EXPIRES_SECONDS_MAX = 86_400
const ATTEMPTS_MAX = 4
/** RFC 5626 §4.5. */
const BACK_OFF_MS_MIN = 30_000
const BACK_OFF_MS_MAX = 1_800_000

/** How long to wait after the `failures`th failure in a row, 1 first: half to all of 30 s, 60 s … 30 min. `dice` is 0..1. */
export function backOffMs(failures: number, dice: number): number {
  return Math.round(Math.min(BACK_OFF_MS_MIN * 2 ** Math.min(failures - 1, 10), BACK_OFF_MS_MAX) * (0.5 + dice / 2))
}

export class RegistrationClient implements Registration {
  state: RegistrationState | undefined
  readonly #context: CallContext
  readonly #options: RegisterOptions
  readonly #aor: string
  readonly #uri: string
  readonly #contact: string
  readonly #callId = randomBytes(16).toString('hex')
  readonly #tag: string
  readonly #digest: DigestClient | undefined
  readonly #onClosed: () => void
  #askSeconds: number
  #cseq = 0
  #failures = 0
  #cancelNext: Cancel = () => {}
  #closed: Promise<void> | undefined
  #running: Promise<unknown> = Promise.resolve()

  /** `onClosed` when nothing more comes of it. Errors: InvalidInputError naming the option that cannot be used. */
  constructor(context: CallContext, options: RegisterOptions, onClosed: () => void = () => {}) {
    checkPeer(options.registrar)
    this.#onClosed = onClosed
    this.#context = context
    this.#options = options
    this.#aor = toWire('aor', options.aor)
    this.#uri = registrarUri(this.#aor)
    this.#askSeconds = options.expiresSeconds ?? EXPIRES_SECONDS_DEFAULT
    if (!Number.isInteger(this.#askSeconds) || this.#askSeconds < 60 || this.#askSeconds > EXPIRES_SECONDS_MAX) {
      throw new InvalidInputError('expiresSeconds', `expiresSeconds must be 60..${EXPIRES_SECONDS_MAX}`)
    }
    this.#contact = context.contact(userOf(this.#aor), options.registrar.protocol)
    this.#tag = context.newTag()
    this.#digest = options.credentials && new DigestClient(options.credentials)
  }

  start(): void {
    this.#running = this.#attempt()
  }

  /** Asks what is registered (RFC 3261 §10.2.3): shows that account and way are good, and changes nothing. */
  async query(): Promise<RegistrationAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#exchange(undefined)
      if (typeof response === 'number') return { status: response, contacts: [] }
      const { status, reason, headers } = response
      if (attempt < ATTEMPTS_MAX && (status === 401 || status === 407) && this.#digest?.learn(headers) === true) continue
      return { status, reason, contacts: status < 300 ? headers.all('Contact') : [] }
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close().finally(this.#onClosed)
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#cancelNext()
    await this.#running
    const wasRegistered = this.state?.kind === 'registered'
    this.state = undefined
    if (wasRegistered) await this.#register(0)
  }

  async #attempt(): Promise<void> {
    const outcome = await this.#register(this.#askSeconds)
    this.state = outcome
    if (outcome.kind === 'registered') this.#failures = 0
    if (this.#closed) return
    const waitMs = outcome.kind === 'registered' ? Math.max(outcome.expiresSeconds * 800, 1_000) : outcome.retryMs
    this.#cancelNext = this.#context.clock.after(waitMs, () => this.start())
    try {
      this.#options.onState(outcome)
    } catch (error) {
      this.#context.log.error({ err: error }, 'listener of a registration failed')
    }
  }

  async #register(seconds: number): Promise<RegistrationState> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#exchange(seconds)
      if (typeof response === 'number') return this.#failed(response, undefined, undefined)
      const { status, reason, headers } = response
      if (status < 300) {
        this.#digest?.passed()
        return { kind: 'registered', expiresSeconds: grantedSeconds(headers, this.#contact) ?? seconds }
      }
      const again = attempt < ATTEMPTS_MAX && ((status === 401 || status === 407) ? this.#digest?.learn(headers) === true : status === 423 && this.#askMore(headers))
      if (!again) return this.#failed(status, reason, headers.get('Retry-After'))
      if (status === 423) seconds = this.#askSeconds
    }
  }

  #failed(status: number, reason: string | undefined, retryAfter: string | undefined): RegistrationState {
    this.#failures += 1
    const askedMs = Number(/^\s*(\d{1,5})/.exec(retryAfter ?? '')?.[1] ?? 0) * 1_000
    return { kind: 'failed', status, ...(reason && { reason }), retryMs: Math.max(askedMs, backOffMs(this.#failures, randomInt(0, 1_001) / 1_000)) }
  }

  /** False when the 423 does not ask for more than we did. */
  #askMore(headers: SipHeaders): boolean {
    const least = Number(/^\s*(\d{1,9})/.exec(headers.get('Min-Expires') ?? '')?.[1])
    if (!(least > this.#askSeconds && least <= EXPIRES_SECONDS_MAX)) return false
    this.#askSeconds = least
    return true
  }

  /** Without `seconds` it only asks. */
  #exchange(seconds: number | undefined): Promise<ReceivedResponse | number> {
    this.#cseq += 1
    const headers = new SipHeaders([
      ['Max-Forwards', '70'],
      ['From', `<${this.#aor}>;tag=${this.#tag}`],
      ['To', `<${this.#aor}>`],
      ['Call-ID', this.#callId],
      ['CSeq', `${this.#cseq} REGISTER`],
      ...(seconds === undefined ? [] : ([['Contact', this.#contact], ['Expires', `${seconds}`]] as const)),
      ['User-Agent', this.#context.product],
      ...(this.#digest?.authorize('REGISTER', this.#uri) ?? []),
    ])
    return new Promise((resolve) => {
      try {
        this.#context.transactions.request({ method: 'REGISTER', uri: this.#uri, headers, body: emptyBody }, this.#options.registrar, {
          onResponse: (response) => response.status >= 200 && resolve(response),
          onTimeout: () => resolve(408),
          onTransportError: () => resolve(503),
        })
      } catch (error) {
        if (!(error instanceof OverloadedError)) throw error
        resolve(503)
      }
    })
  }
}

/** §10.2: the domain of the address of record, without user. */
function registrarUri(aor: string): string {
  try {
    const uri = parseUri(aor)
    if (uri.scheme === 'tel') throw new InvalidInputError('aor', 'a number has no registrar: give a sip address')
    return formatUri({ ...uri, user: undefined, params: new Map(), headers: undefined })
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new InvalidInputError('aor', 'aor is no usable SIP address', [], { cause: error })
  }
}

/** What the registrar gave our contact, among whatever else is registered (§10.2.4). */
function grantedSeconds(headers: SipHeaders, contact: string): number | undefined {
  const ours = parseNameAddr(contact).uri
  for (const value of headers.all('Contact')) {
    try {
      const { uri, params } = parseNameAddr(value)
      const seconds = params.get('expires')
      if (uri === ours && seconds !== undefined && /^\d{1,9}$/.test(seconds)) return Math.min(Number(seconds), EXPIRES_SECONDS_MAX)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
  }
  const seconds = /^\s*(\d{1,9})/.exec(headers.get('Expires') ?? '')?.[1]
  return seconds === undefined ? undefined : Math.min(Number(seconds), EXPIRES_SECONDS_MAX)
}
