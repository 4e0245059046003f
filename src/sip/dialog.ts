// Knows one SIP dialog (RFC 3261 §12): who, with which numbers, over which route. Does not know media or why requests are sent.
import { isIP } from 'node:net'
import { ProtocolError } from '../errors.ts'
import { parseNameAddr } from './header-values.ts'
import { emptyBody, SipHeaders, type ReceivedRequest, type ReceivedResponse, type SipRequest } from './message.ts'
import type { Peer, Protocol } from './transport.ts'
import { parseUri } from './uri.ts'

/** Everything needed to speak in a dialog, also from another process: plain data, safe to store as JSON. */
export type DialogState = {
  callId: string
  localTag: string
  remoteTag: string
  /** From and To as they stand in our requests, tags included. */
  localParty: string
  remoteParty: string
  /** The last number we used. */
  cseq: number
  remoteTarget: string
  routeSet: string[]
  /** Where to send when neither route nor remote target is a numeric address. */
  target: Peer
}

const ROUTES_MAX = 16

export class Dialog {
  readonly callId: string
  readonly localTag: string
  readonly remoteTag: string
  readonly localParty: string
  readonly remoteParty: string
  readonly #target: Peer
  #cseq: number
  #remoteCseq: number | undefined
  #remoteTarget: string
  #routeSet: readonly string[]

  constructor(state: DialogState, remoteCseq?: number) {
    this.callId = state.callId
    this.localTag = state.localTag
    this.remoteTag = state.remoteTag
    this.localParty = state.localParty
    this.remoteParty = state.remoteParty
    this.#target = state.target
    this.#cseq = state.cseq
    this.#remoteCseq = remoteCseq
    this.#remoteTarget = state.remoteTarget
    this.#routeSet = state.routeSet
  }

  /** The dialog that a response makes for the caller (§12.1.2). A missing To tag, from an RFC 2543 peer, counts as empty. */
  static ofResponse(invite: SipRequest, response: ReceivedResponse, target: Peer): Dialog {
    const { callId, fromTag, toTag, cseq } = response.envelope
    return new Dialog({
      callId,
      localTag: fromTag ?? '',
      remoteTag: toTag ?? '',
      localParty: invite.headers.get('From')!,
      remoteParty: response.headers.get('To')!,
      cseq,
      // A 2xx without Contact is wrong, yet the address we called usually still reaches the far end.
      remoteTarget: contactOf(response.headers) ?? invite.uri,
      routeSet: recordedRoutes(response.headers).reverse(),
      target,
    })
  }

  /** The dialog that a request makes for the callee (§12.1.1). `from` is where the request came from. */
  static ofRequest(request: ReceivedRequest, localTag: string, from: Peer): Dialog {
    const { callId, fromTag, cseq } = request.envelope
    return new Dialog(
      {
        callId,
        localTag,
        remoteTag: fromTag ?? '',
        localParty: `${request.headers.get('To')!};tag=${localTag}`,
        remoteParty: request.headers.get('From')!,
        cseq: 0,
        remoteTarget: contactOf(request.headers) ?? parseNameAddr(request.headers.get('From')!).uri,
        routeSet: recordedRoutes(request.headers),
        target: from,
      },
      cseq,
    )
  }

  /** The next request in this dialog. Via is added by whoever sends it. */
  request(method: string, headers: readonly (readonly [string, string])[] = [], body: Uint8Array = emptyBody): SipRequest {
    this.#cseq += 1
    return this.#build(method, this.#cseq, headers, body)
  }

  /** The ACK of the 2xx to our INVITE numbered `cseq` (§13.2.2.4). */
  ack(cseq: number, headers: readonly (readonly [string, string])[] = [], body: Uint8Array = emptyBody): SipRequest {
    return this.#build('ACK', cseq, headers, body)
  }

  /** The 2xx that makes an early dialog a confirmed one settles target and route anew (§13.2.2.4). */
  confirm(response: ReceivedResponse): void {
    this.refreshTarget(response.headers)
    this.#routeSet = recordedRoutes(response.headers).reverse()
  }

  /** False when the request is older than one already seen and must be refused with 500 (§12.2.2). */
  acceptsCseq(cseq: number): boolean {
    if (this.#remoteCseq !== undefined && cseq < this.#remoteCseq) return false
    this.#remoteCseq = cseq
    return true
  }

  /** A re-INVITE or UPDATE, or a response to one, may move the far end (§12.2). */
  refreshTarget(headers: SipHeaders): void {
    this.#remoteTarget = contactOf(headers) ?? this.#remoteTarget
  }

  /** Where our requests go: the first route, else the remote target, when numeric; else where the far end was first met. */
  hop(): Peer {
    return hopOf(this.#routeSet[0] === undefined ? this.#remoteTarget : parseNameAddr(this.#routeSet[0]).uri, this.#target) ?? this.#target
  }

  state(): DialogState {
    return {
      callId: this.callId,
      localTag: this.localTag,
      remoteTag: this.remoteTag,
      localParty: this.localParty,
      remoteParty: this.remoteParty,
      cseq: this.#cseq,
      remoteTarget: this.#remoteTarget,
      routeSet: [...this.#routeSet],
      target: { ...this.#target },
    }
  }

  #build(method: string, cseq: number, extra: readonly (readonly [string, string])[], body: Uint8Array): SipRequest {
    const headers = new SipHeaders([['Max-Forwards', '70']])
    const { uri, routes } = routed(this.#remoteTarget, this.#routeSet)
    for (const route of routes) headers.add('Route', route)
    headers.add('From', this.localParty).add('To', this.remoteParty).add('Call-ID', this.callId).add('CSeq', `${cseq} ${method}`)
    for (const [name, value] of extra) headers.add(name, value)
    return { method, uri, headers, body }
  }
}

/** §12.2.1.1: a first route without `lr` is a strict router, which wants itself in the request line and the target last. */
function routed(remoteTarget: string, routeSet: readonly string[]): { uri: string; routes: readonly string[] } {
  const first = routeSet[0]
  if (first === undefined) return { uri: remoteTarget, routes: routeSet }
  const uri = parseNameAddr(first).uri
  if (/;lr(?=[;=?]|$)/i.test(uri)) return { uri: remoteTarget, routes: routeSet }
  return { uri, routes: [...routeSet.slice(1), `<${remoteTarget}>`] }
}

/** Record-Route as written, without entries that nobody could route by. */
function recordedRoutes(headers: SipHeaders): string[] {
  return headers
    .all('Record-Route')
    .filter((route) => usableUri(route) !== undefined)
    .slice(0, ROUTES_MAX)
}

/** The URI in Contact, when there is one we can use. */
function contactOf(headers: SipHeaders): string | undefined {
  const contact = headers.get('Contact')
  return contact === undefined || contact === '*' ? undefined : usableUri(contact)
}

function usableUri(value: string): string | undefined {
  try {
    const { uri } = parseNameAddr(value)
    parseUri(uri)
    return uri
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/** The numeric address of a SIP URI, over the transport it names or else that of `known`; undefined for tel: and for names. */
function hopOf(text: string, known: Peer): Peer | undefined {
  try {
    const uri = parseUri(text)
    if (uri.scheme === 'tel') return undefined
    const host = (uri.params.get('maddr') ?? uri.host).replace(/^\[|\]$/g, '')
    if (isIP(host) === 0) return undefined
    const named = protocols.get(uri.params.get('transport')?.toLowerCase() ?? '')
    const protocol = named ?? (uri.scheme === 'sips' ? 'TLS' : known.protocol)
    return { ...known, address: host, port: uri.port ?? (protocol === 'TLS' ? 5061 : 5060), ...(protocol === undefined ? {} : { protocol }) }
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

const protocols: ReadonlyMap<string, Protocol> = new Map([['udp', 'UDP'], ['tcp', 'TCP'], ['tls', 'TLS']])
