// Knows SIP over TCP and TLS: connections by flow, framing, idle close, keep-alive, reconnect. Does not know what the messages say.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { isIP } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { ProtocolError } from '../errors.ts'
import type { Log } from '../log.ts'
import { systemClock, type Cancel, type Clock } from './clock.ts'
import { StreamFramer } from './stream-framer.ts'
import type { Peer, Receive, Transport } from './transport.ts'

export const streamLimits = {
  /** Connections at once; more are not accepted, and nothing new is sent. */
  flowsMax: 2_000,
  /** Made to us by one address: whoever wants more keeps others out. */
  flowsPerSourceMax: 500,
  /** Bytes that wait for one slow far end. */
  queuedBytesMax: 1 << 20,
  connectMsMax: 5_000,
  /** A connection nobody used for so long is closed; the next message opens another. */
  idleMsMax: 600_000,
  /** A connection made to us must bring its first message, and each message its end, within this. */
  firstMessageMsMax: 30_000,
  /** Between pings on connections we opened (RFC 5626 §4.4.1). */
  pingMs: 100_000,
  /** A far end that answered a ping before must answer the next within this. */
  pongMsMax: 10_000,
} as const

export type StreamLimits = { [name in keyof typeof streamLimits]: number }

export type StreamTransportOptions = {
  address: string
  port: number
  receive: Receive
  log: Log
  clock?: Clock | undefined
  limits?: Partial<StreamLimits> | undefined
  /** Our certificate and key (PEM), without which nobody can connect to us, and whom to trust instead of the system's authorities; makes it TLS. */
  tls?: { cert?: string | undefined; key?: string | undefined; ca?: string | undefined } | undefined
}

/** Messages whose failure can still be told while nothing has come back. */
const UNHEARD_MAX = 256

const ping = Buffer.from('\r\n\r\n')
const pong = Buffer.from('\r\n')

type Unsent = { bytes: Uint8Array; onFailed: (error: Error) => void; again: boolean }

/** One connection. `peer` is how its far end is addressed, in both directions. */
type Flow = {
  key: string
  peer: Peer
  socket: Socket
  framer: StreamFramer
  opened: 'by-us' | 'by-them'
  /** Handed to the socket and not yet taken by the system. */
  unsent: Set<Unsent>
  /** Taken by the system while nothing has ever come back: whether anybody reads there is not known yet. */
  unheard: Set<Unsent>
  /** It carried something before: when it breaks, what was unsent deserves a new connection. */
  used: boolean
  heard: boolean
  answersPings: boolean
  timers: { idle: Cancel; ping: Cancel; pong: Cancel }
}

export class StreamTransport implements Transport {
  readonly protocol: 'TCP' | 'TLS'
  readonly reliable = true
  readonly address: string
  readonly port: number
  readonly #server: Server
  readonly #options: StreamTransportOptions
  readonly #clock: Clock
  readonly #limits: StreamLimits
  readonly #flows = new Map<string, Flow>()
  /** Connections of any state, TLS handshakes included. */
  readonly #sockets = new Set<Socket>()
  /** Connections to us, by the address that made them. */
  readonly #bySource = new Map<string, number>()
  /** Connections that were closed at once because there were too many. */
  refused = 0
  #open = true

  /** Errors: the system's, when the address cannot be bound or the certificate cannot be read. */
  static async open(options: StreamTransportOptions): Promise<StreamTransport> {
    const server = options.tls ? createTlsServer({ ...options.tls, handshakeTimeout: streamLimits.connectMsMax }) : createServer({ noDelay: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: options.address, port: options.port, exclusive: true }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    return new StreamTransport(server, options)
  }

  private constructor(server: Server, options: StreamTransportOptions) {
    const { address, port } = server.address() as AddressInfo
    this.protocol = options.tls ? 'TLS' : 'TCP'
    this.address = address
    this.port = port
    this.#server = server
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#limits = { ...streamLimits, ...options.limits }
    server.maxConnections = this.#limits.flowsMax
    server.on('error', (error) => options.log.warn({ error: error.message }, 'SIP stream socket error'))
    server.on('tlsClientError', (error: Error) => options.log.debug({ error: error.message }, 'TLS handshake with us failed'))
    server.on('drop', () => (this.refused += 1))
    server.on('connection', (socket) => {
      this.#track(socket)
      this.#countSource(socket)
    })
    server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => this.#accept(socket))
  }

  get flows(): number {
    return this.#flows.size
  }

  send(bytes: Uint8Array, to: Peer, onFailed: (error: Error) => void): void {
    this.#send({ bytes, onFailed, again: false }, to)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    this.#open = false
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const flow of this.#flows.values()) this.#forget(flow)
    for (const socket of this.#sockets) socket.destroySoon()
    // A far end that takes nothing must not keep us.
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, 500)
    await closed
    clearTimeout(late)
  }

  #send(unsent: Unsent, to: Peer): void {
    const flow = this.#open ? (this.#flows.get(keyOf(to)) ?? this.#connect(to)) : undefined
    if (!flow || flow.socket.writableLength > this.#limits.queuedBytesMax) {
      const why = this.#open ? (flow ? 'far end takes nothing' : 'too many connections') : 'transport is closed'
      queueMicrotask(() => unsent.onFailed(new Error(why)))
      return
    }
    flow.unsent.add(unsent)
    this.#awaitUse(flow)
    flow.socket.write(unsent.bytes, (error) => {
      if (error) return // The close that follows tells it.
      flow.unsent.delete(unsent)
      if (!flow.heard && flow.unheard.size < UNHEARD_MAX) flow.unheard.add(unsent)
      flow.used = true
    })
  }

  #connect(to: Peer): Flow | undefined {
    if (this.#flows.size >= this.#limits.flowsMax) return undefined
    const { address: host, port, tls } = to
    const name = tls?.serverName
    const socket = this.#options.tls
      ? connectTls({
          host,
          port,
          ...this.#options.tls,
          rejectUnauthorized: tls?.verify !== false,
          // Names only (RFC 6066 §3); without one the certificate must hold the address.
          ...(name !== undefined && isIP(name) === 0 ? { servername: name } : {}),
        })
      : connect({ host, port, noDelay: true })
    this.#track(socket)
    const flow = this.#add(socket, { ...to, protocol: this.protocol }, 'by-us')
    const cancelLimit = this.#clock.after(this.#limits.connectMsMax, () => socket.destroy(new Error('no connection in time')))
    socket.once(this.#options.tls ? 'secureConnect' : 'connect', cancelLimit)
    socket.once('close', cancelLimit)
    this.#planPing(flow)
    return flow
  }

  #accept(socket: Socket): void {
    const { remoteAddress: address, remotePort: port } = socket
    if (!this.#open || address === undefined || port === undefined) return void socket.destroy()
    const flow = this.#add(socket, { address, port, protocol: this.protocol }, 'by-them')
    this.#plan(flow, 'idle', this.#limits.firstMessageMsMax, () => socket.destroy())
  }

  #countSource(socket: Socket): void {
    const source = socket.remoteAddress ?? ''
    const count = (this.#bySource.get(source) ?? 0) + 1
    this.#bySource.set(source, count)
    socket.once('close', () => {
      const left = this.#bySource.get(source)! - 1
      if (left > 0) this.#bySource.set(source, left)
      else this.#bySource.delete(source)
    })
    if (count <= this.#limits.flowsPerSourceMax) return
    this.refused += 1
    socket.destroy()
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {}) // 'close' follows and tells.
  }

  #add(socket: Socket, peer: Peer, opened: Flow['opened']): Flow {
    const none: Cancel = () => {}
    const flow: Flow = {
      key: keyOf(peer),
      peer,
      socket,
      framer: new StreamFramer(),
      opened,
      unsent: new Set(),
      unheard: new Set(),
      heard: opened === 'by-them',
      used: false,
      answersPings: false,
      timers: { idle: none, ping: none, pong: none },
    }
    this.#flows.set(flow.key, flow)
    let broken: Error | undefined
    socket.on('error', (error) => (broken = error))
    socket.on('data', (chunk) => this.#read(flow, chunk))
    socket.on('close', () => this.#close(flow, broken))
    return flow
  }

  #read(flow: Flow, chunk: Uint8Array): void {
    flow.heard = true
    flow.unheard.clear()
    try {
      for (const frame of flow.framer.push(chunk)) {
        if (frame === 'ping') flow.socket.write(pong)
        else if (frame === 'pong') {
          flow.answersPings = true
          flow.timers.pong()
        } else {
          flow.used = true
          this.#options.receive(frame, flow.peer)
          this.#awaitUse(flow)
        }
      }
      if (flow.framer.waiting) this.#plan(flow, 'idle', this.#limits.firstMessageMsMax, () => flow.socket.destroy())
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#options.log.info({ from: flow.peer.address, error: error.message }, 'SIP connection closed: its stream cannot be read')
      flow.socket.destroy()
    }
  }

  #close(flow: Flow, broken: Error | undefined): void {
    this.#forget(flow)
    const reason = broken ?? new Error('connection closed')
    for (const unsent of flow.unsent) {
      // It may have been closed while we were writing; the far end never saw this one.
      if (this.#open && flow.used && flow.opened === 'by-us' && !unsent.again) this.#send({ ...unsent, again: true }, flow.peer)
      else unsent.onFailed(reason)
    }
    flow.unsent.clear()
    // A far end that refuses our certificate does so when we already write (RFC 8446 §4.4.2.4): nothing was taken.
    if (broken) for (const unsent of flow.unheard) unsent.onFailed(broken)
    flow.unheard.clear()
  }

  #forget(flow: Flow): void {
    for (const cancel of Object.values(flow.timers)) cancel()
    if (this.#flows.get(flow.key) === flow) this.#flows.delete(flow.key)
  }

  #awaitUse(flow: Flow): void {
    this.#plan(flow, 'idle', this.#limits.idleMsMax, () => {
      this.#forget(flow)
      flow.socket.destroySoon()
    })
  }

  #planPing(flow: Flow): void {
    this.#plan(flow, 'ping', this.#limits.pingMs, () => {
      flow.socket.write(ping)
      if (flow.answersPings) this.#plan(flow, 'pong', this.#limits.pongMsMax, () => flow.socket.destroy(new Error('far end stopped answering')))
      this.#planPing(flow)
    })
  }

  #plan(flow: Flow, timer: keyof Flow['timers'], delayMs: number, run: () => void): void {
    flow.timers[timer]()
    if (this.#flows.get(flow.key) === flow) flow.timers[timer] = this.#clock.after(delayMs, run)
  }
}

/** Connections checked differently are not the same connection. */
function keyOf(peer: Peer): string {
  return `${peer.address} ${peer.port} ${peer.tls?.serverName ?? ''} ${peer.tls?.verify ?? true}`
}
