// Knows how to play the far end by hand: takes messages apart, answers as told, however wrong. Used by tests only.
import { ProtocolError } from '../errors.ts'
import type { FakeNetwork } from './fake-network.ts'
import { emptyBody, parseMessage, serializeMessage, SipHeaders, type ReceivedMessage, type ReceivedRequest, type ReceivedResponse } from './message.ts'
import { replyTo, type ReplyOptions } from './reply.ts'
import type { Peer, Transport } from './transport.ts'

export class FakePeer {
  readonly requests: ReceivedRequest[] = []
  readonly responses: ReceivedResponse[] = []
  readonly unreadable: string[] = []
  readonly address: string
  readonly port: number
  /** Runs for every request as it comes. */
  onRequest: (request: ReceivedRequest) => void = () => {}
  readonly #transport: Transport
  readonly #agent: Peer
  readonly #sources = new WeakMap<ReceivedRequest, Peer>()
  #branches = 0

  static async open(network: FakeNetwork, at: Peer, agent: Peer): Promise<FakePeer> {
    const box: { peer?: FakePeer } = {}
    const transport = await network.open(at.address, at.port)((bytes, from) => box.peer!.#receive(bytes, from))
    box.peer = new FakePeer(transport, agent)
    return box.peer
  }

  private constructor(transport: Transport, agent: Peer) {
    this.#transport = transport
    this.#agent = agent
    this.address = transport.address
    this.port = transport.port
  }

  get contact(): string {
    return `<sip:peer@${this.address}:${this.port}>`
  }

  /** Requests of that method, retransmissions included. */
  got(method: string): ReceivedRequest[] {
    return this.requests.filter((request) => request.method === method)
  }

  reply(request: ReceivedRequest, status: number, options: ReplyOptions = {}): void {
    const headers = [['Contact', this.contact], ...(options.headers ?? [])] as const
    this.sendBytes(serializeMessage(replyTo(request, status, { toTag: 'peer', ...options, headers })), this.#sources.get(request))
  }

  /** A request inside the dialog that `invite` of theirs and our tag make. */
  request(invite: ReceivedRequest, method: string, cseq: number, options: { toTag?: string; branch?: string; sdp?: string; headers?: [string, string][]; body?: string } = {}): void {
    const headers = new SipHeaders([
      ['Via', `SIP/2.0/UDP ${this.address}:${this.port};branch=${options.branch ?? this.branch()}`],
      ['Max-Forwards', '70'],
      ['From', `${invite.headers.get('To')!};tag=${options.toTag ?? 'peer'}`],
      ['To', invite.headers.get('From')!],
      ['Call-ID', invite.envelope.callId],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', this.contact],
      ...(options.headers ?? []),
    ])
    if (options.sdp !== undefined) headers.add('Content-Type', 'application/sdp')
    const body = options.sdp ?? options.body
    this.sendBytes(serializeMessage({ method, uri: `sip:${this.#agent.address}:${this.#agent.port}`, headers, body: body === undefined ? emptyBody : Buffer.from(body) }))
  }

  /** Whole message as text; line ends become CRLF. */
  sendText(text: string): void {
    this.sendBytes(Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'utf8'))
  }

  sendBytes(bytes: Uint8Array, to: Peer = this.#agent): void {
    this.#transport.send(bytes, to, () => {})
  }

  branch(): string {
    this.#branches += 1
    return `z9hG4bKpeer${this.#branches}`
  }

  #receive(bytes: Uint8Array, from: Peer): void {
    let message: ReceivedMessage
    try {
      message = parseMessage(bytes)
    } catch (error) {
      // The answer to nonsense repeats it.
      if (!(error instanceof ProtocolError)) throw error
      this.unreadable.push(Buffer.from(bytes).toString('latin1'))
      return
    }
    if (message.kind === 'response') {
      this.responses.push(message)
      return
    }
    this.#sources.set(message, from)
    this.requests.push(message)
    this.onRequest(message)
  }
}
