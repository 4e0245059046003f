// Knows how phones and gateways register with us (RFC 3261 §10.3): who they are, for how long, and who tries too often.
// Does not know transports, calls, or where accounts are kept.
import { randomBytes } from 'node:crypto'
import { InvalidInputError, OverloadedError, ProtocolError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Bindings, type BindingRequest, type RegisteredContact, type RegistrarEvent } from './bindings.ts'
import { systemClock, type Clock } from './clock.ts'
import { DigestServer, type ServerAlgorithm } from './digest-server.ts'
import type { Header } from './extra-headers.ts'
import { FailureLimit } from './failure-limit.ts'
import { parseNameAddr } from './header-values.ts'
import type { ReceivedRequest } from './message.ts'
import type { Peer } from './transport.ts'
import { parseUri, subscriberOf } from './uri.ts'

export type { RegisteredContact, RegistrarEvent } from './bindings.ts'

export type RegistrarAccount = {
  /** The user part of the address it may register: what it is called by. Usually the same as the name it logs in with. */
  user: string
  password: string
  /** Devices at once; one more takes the place of the oldest. Default 1, as carriers do it. */
  contactsMax?: number | undefined
}

export type RegistrarOptions = {
  /** Named in challenges; part of what the password is hashed with. Printable ASCII without quotes and backslashes. */
  realm: string
  /** The account that logs in with that name. A rejection answers 500 and is logged. */
  account(username: string): RegistrarAccount | undefined | Promise<RegistrarAccount | undefined>
  /** In order of preference. Default MD5 alone: many gateways, and baresip, give up on a challenge that they do not know beside one that they do. */
  algorithms?: readonly ServerAlgorithm[] | undefined
  /** Somebody came, moved or went. Refreshes are not told. */
  onEvent?: ((event: RegistrarEvent) => void) | undefined
  limits?: Partial<RegistrarLimits> | undefined
  clock?: Clock | undefined
  log: Log
}

export type RegistrarLimits = {
  /** Shorter wishes get 423, longer ones are cut. */
  expiresSecMin: number
  expiresSecMax: number
  /** Devices of all users together. */
  bindingsMax: number
  /** Wrong names and passwords of one source address in a minute; then it is not heard for a minute. */
  failuresPerMinuteMax: number
}

export const registrarLimits = { expiresSecMin: 60, expiresSecMax: 3_600, bindingsMax: 10_000, failuresPerMinuteMax: 20 } as const satisfies RegistrarLimits

export type RegistrarStats = { bindings: number; accepted: number; challenged: number; failed: number; blocked: number }

/** What a REGISTER is answered with. */
export type RegistrarAnswer = { status: number; headers: readonly Header[] }

/** Contacts in one REGISTER. */
const CONTACTS_MAX = 10

export class Registrar {
  readonly #options: RegistrarOptions
  readonly #limits: RegistrarLimits
  readonly #digest: DigestServer
  readonly #bindings: Bindings
  readonly #failures: FailureLimit
  readonly #counts = { accepted: 0, challenged: 0, failed: 0, blocked: 0 }
  /** Makes a name that we do not know take as long as a password that is wrong. */
  readonly #nobody: RegistrarAccount = { user: '', password: randomBytes(16).toString('hex') }

  /** Errors: InvalidInputError for a realm that cannot be written, or no algorithm. */
  constructor(options: RegistrarOptions) {
    const { algorithms = ['MD5'], clock = systemClock } = options
    if (!/^[ !#-[\]-~]+$/.test(options.realm)) throw new InvalidInputError('realm', 'a realm is printable ASCII without quotes and backslashes')
    if (algorithms.length === 0) throw new InvalidInputError('algorithms', 'name at least one algorithm')
    this.#options = options
    this.#limits = { ...registrarLimits, ...options.limits }
    this.#digest = new DigestServer({ realm: options.realm, algorithms, clock })
    this.#bindings = new Bindings({ clock, bindingsMax: this.#limits.bindingsMax, onEvent: (event) => this.#tell(event) })
    this.#failures = new FailureLimit({ clock, perMinuteMax: this.#limits.failuresPerMinuteMax })
  }

  get stats(): RegistrarStats {
    return { ...this.#counts, bindings: this.#bindings.size }
  }

  /** Where that user can be called, best first; empty when nobody is there. */
  contactsOf(user: string): RegisteredContact[] {
    return this.#bindings.contactsOf(user)
  }

  /**
   * True for a REGISTER of a source that guessed too often; it deserves no answer. A device that is registered from there is still heard:
   * others may share its address.
   */
  ignores(request: ReceivedRequest, source: Peer): boolean {
    if (!this.#failures.isOver(source.address) || this.#bindings.has(userOf(request) ?? '', source.address)) return false
    this.#counts.blocked += 1
    return true
  }

  /** Never rejects. `source` is where the request came from and where calls will go. */
  async answer(request: ReceivedRequest, source: Peer): Promise<RegistrarAnswer> {
    try {
      return await this.#answer(request, source)
    } catch (error) {
      if (error instanceof ProtocolError) return { status: 400, headers: [] }
      if (error instanceof OverloadedError) return { status: 503, headers: [['Retry-After', `${Math.ceil(error.retryAfterMs / 1_000)}`]] }
      this.#options.log.error({ err: error }, 'a registration could not be handled')
      return { status: 500, headers: [] }
    }
  }

  /** Forgets everybody. */
  close(): void {
    this.#bindings.clear()
  }

  async #answer(request: ReceivedRequest, source: Peer): Promise<RegistrarAnswer> {
    const user = userOf(request)
    if (user === undefined) return { status: 404, headers: [] }
    const offered = this.#digest.read(request.headers)
    if (!offered) return this.#challenge(source, false)
    const account = await this.#options.account(offered.username)
    const verdict = this.#digest.verify(offered, { method: 'REGISTER', source: source.address, password: (account ?? this.#nobody).password })
    if (verdict === 'stale') return this.#challenge(source, true)
    // RFC 3261 §10.3 step 4: whoever may log in may still not be somebody else.
    if (!account || verdict === 'wrong' || account.user !== user) return this.#refuse(source)
    return this.#register(request, source, user, account)
  }

  #challenge(source: Peer, stale: boolean): RegistrarAnswer {
    this.#counts.challenged += 1
    return { status: 401, headers: this.#digest.challenge(source.address, stale) }
  }

  #refuse(source: Peer): RegistrarAnswer {
    this.#counts.failed += 1
    if (this.#failures.count(source.address)) this.#options.log.warn({ from: source.address }, 'too many failed registrations: this address is not heard for a minute')
    return { status: 403, headers: [] }
  }

  #register(request: ReceivedRequest, source: Peer, user: string, account: RegistrarAccount): RegistrarAnswer {
    const { callId, cseq } = request.envelope
    const contacts = request.headers.all('Contact')
    const expires = secondsOf(request.headers.get('Expires'))
    if (contacts.includes('*')) {
      if (contacts.length > 1 || expires !== 0) return { status: 400, headers: [] }
      if (this.#bindings.isOutdated(user, callId, cseq)) return { status: 500, headers: [] }
      this.#bindings.remove(user)
      return this.#accept(user)
    }
    if (contacts.length > CONTACTS_MAX) return { status: 403, headers: [] }
    // All of them are looked at before any is changed.
    const wishes = contacts.map((value) => this.#wish(value, expires, request, source))
    if (wishes.some(({ seconds }) => seconds > 0 && seconds < this.#limits.expiresSecMin)) return { status: 423, headers: [['Min-Expires', `${this.#limits.expiresSecMin}`]] }
    if (wishes.length > 0 && this.#bindings.isOutdated(user, callId, cseq)) return { status: 500, headers: [] }
    for (const wish of wishes) {
      if (wish.seconds === 0) this.#bindings.remove(user, wish)
      else this.#bindings.put(user, wish, account.contactsMax ?? 1)
    }
    return this.#accept(user)
  }

  #accept(user: string): RegistrarAnswer {
    this.#counts.accepted += 1
    return { status: 200, headers: [...this.#bindings.listOf(user).map((contact) => ['Contact', contact] as const), ['Date', new Date().toUTCString()]] }
  }

  /** Errors: ProtocolError. */
  #wish(value: string, expires: number | undefined, request: ReceivedRequest, source: Peer): BindingRequest {
    const { uri, params } = parseNameAddr(value)
    if (parseUri(uri).scheme === 'tel') throw new ProtocolError('sip', 'a number is no contact')
    const asked = secondsOf(params.get('expires')) ?? expires ?? this.#limits.expiresSecMax
    const q = Number(params.get('q') ?? 1)
    return {
      contact: uri,
      instance: params.get('+sip.instance'),
      q: q >= 0 && q <= 1 ? q : 1,
      source,
      callId: request.envelope.callId,
      cseq: request.envelope.cseq,
      userAgent: request.headers.get('User-Agent'),
      seconds: Math.min(asked, this.#limits.expiresSecMax),
    }
  }

  #tell(event: RegistrarEvent): void {
    this.#options.log.info({ type: event.type, from: event.contact.address }, 'registration changed')
    try {
      this.#options.onEvent?.(event)
    } catch (error) {
      this.#options.log.error({ err: error }, 'listener of the registrar failed')
    }
  }
}

/** Whom a REGISTER is about. */
function userOf(request: ReceivedRequest): string | undefined {
  try {
    return subscriberOf(parseUri(parseNameAddr(request.headers.get('To')!).uri))
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/** A malformed number counts as none (RFC 3261 §10.3 step 7). */
function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,10}\s*$/.test(text) ? Math.min(Number(text), 2 ** 31) : undefined
}
