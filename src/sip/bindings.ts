// Knows who is registered with us and where they are: bindings that age, are replaced and are told about. Does not know passwords or messages.
import { OverloadedError } from '../errors.ts'
import type { Cancel, Clock } from './clock.ts'
import type { Peer } from './transport.ts'

/** Where a registered phone or gateway is called: a peer to send to, and the URI that it wants to be called by. */
export type RegisteredContact = Peer & {
  /** As it registered it; the Request-URI of calls to a phone. A gateway may want the number dialled there instead. */
  contact: string
  userAgent: string | undefined
}

export type RegistrarEvent =
  | { type: 'came'; user: string; contact: RegisteredContact }
  /** The same device from another source address. */
  | { type: 'moved'; user: string; contact: RegisteredContact }
  | { type: 'gone'; user: string; contact: RegisteredContact; why: 'unregistered' | 'expired' | 'replaced' }

/** What a REGISTER asks for one contact. */
export type BindingRequest = {
  contact: string
  /** Tells a device from another whatever its address (RFC 5626 §4.1). */
  instance: string | undefined
  /** Higher first (RFC 3261 §20.10). */
  q: number
  source: Peer
  callId: string
  cseq: number
  userAgent: string | undefined
  seconds: number
}

type Binding = BindingRequest & { expiresAtMs: number; cancel: Cancel }

export class Bindings {
  readonly #clock: Clock
  readonly #max: number
  readonly #onEvent: (event: RegistrarEvent) => void
  /** Of each user the one heard of longest ago first. */
  readonly #byUser = new Map<string, Binding[]>()
  #size = 0

  constructor(options: { clock: Clock; bindingsMax: number; onEvent: (event: RegistrarEvent) => void }) {
    this.#clock = options.clock
    this.#max = options.bindingsMax
    this.#onEvent = options.onEvent
  }

  get size(): number {
    return this.#size
  }

  /** Best first: by the wish of the devices, then the one heard of last. */
  contactsOf(user: string): RegisteredContact[] {
    return (this.#byUser.get(user) ?? []).toReversed().toSorted((a, b) => b.q - a.q).map(contactOf)
  }

  /** Contact header values with what is left of each. */
  listOf(user: string): string[] {
    return (this.#byUser.get(user) ?? []).map(({ contact, expiresAtMs }) => `<${contact}>;expires=${Math.max(0, Math.ceil((expiresAtMs - this.#clock.nowMs()) / 1_000))}`)
  }

  /** Somebody of that user registered from that address. */
  has(user: string, address: string): boolean {
    return this.#byUser.get(user)?.some(({ source }) => source.address === address) === true
  }

  /** RFC 3261 §10.3 step 7: a request that comes late must not undo a newer one of the same client. */
  isOutdated(user: string, callId: string, cseq: number): boolean {
    return this.#byUser.get(user)?.some((binding) => binding.callId === callId && binding.cseq >= cseq) === true
  }

  /** Registers or refreshes; beyond `contactsMax` the oldest of that user goes. Errors: OverloadedError. */
  put(user: string, request: BindingRequest, contactsMax: number): void {
    const known = this.#byUser.get(user) ?? []
    const before = known.find((binding) => isSame(binding, request))
    if (!before && known.length < contactsMax && this.#size >= this.#max) throw new OverloadedError('too many are registered', 60_000)
    const seconds = request.seconds
    const binding: Binding = { ...request, expiresAtMs: this.#clock.nowMs() + seconds * 1_000, cancel: this.#clock.after(seconds * 1_000, () => this.#drop(user, binding, 'expired')) }
    if (before) {
      before.cancel()
      known.splice(known.indexOf(before), 1)
      known.push(binding)
      const { address, port, protocol } = before.source
      const moved = address !== binding.source.address || port !== binding.source.port || protocol !== binding.source.protocol || before.contact !== binding.contact
      if (moved) this.#onEvent({ type: 'moved', user, contact: contactOf(binding) })
      return
    }
    this.#byUser.set(user, known)
    known.push(binding)
    this.#size += 1
    while (known.length > contactsMax) this.#drop(user, known[0]!, 'replaced')
    this.#onEvent({ type: 'came', user, contact: contactOf(binding) })
  }

  /** `contact` undefined: all of that user. */
  remove(user: string, contact?: { contact: string; instance: string | undefined }): void {
    const meant = (this.#byUser.get(user) ?? []).filter((binding) => !contact || isSame(binding, contact))
    for (const binding of meant) this.#drop(user, binding, 'unregistered')
  }

  /** Forgets everybody without telling. */
  clear(): void {
    for (const bindings of this.#byUser.values()) for (const binding of bindings) binding.cancel()
    this.#byUser.clear()
    this.#size = 0
  }

  #drop(user: string, binding: Binding, why: 'unregistered' | 'expired' | 'replaced'): void {
    const known = this.#byUser.get(user)
    const at = known?.indexOf(binding) ?? -1
    if (!known || at < 0) return
    known.splice(at, 1)
    if (known.length === 0) this.#byUser.delete(user)
    this.#size -= 1
    binding.cancel()
    this.#onEvent({ type: 'gone', user, contact: contactOf(binding), why })
  }
}

function contactOf({ source, contact, userAgent }: Binding): RegisteredContact {
  return { ...source, contact, userAgent }
}

function isSame(binding: Binding, { contact, instance }: { contact: string; instance: string | undefined }): boolean {
  return instance !== undefined && binding.instance !== undefined ? instance === binding.instance : contact === binding.contact
}
