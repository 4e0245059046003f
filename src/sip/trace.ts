// Knows how the SIP messages of one call are kept while somebody wants to see them: bounded, and without secrets. Does not know who asked.
import { callIdOf, maskSecrets } from './trace-mask.ts'
import { writeLadder } from './trace-ladder.ts'
import { writePcap } from './trace-pcap.ts'
import type { Peer, Protocol, Receive, Transport } from './transport.ts'

type Address = { address: string; port: number }

/** One message as it was on the wire. `bytes` have the same length and the same lines, with secrets crossed out. */
export type TracedMessage = {
  /** Wall clock. */
  atMs: number
  sent: boolean
  us: Address
  them: Address
  protocol: Protocol
  callId: string
  bytes: Uint8Array
}

export type TraceView = {
  /** Cross out the middle of phone numbers. Default false: who reads a trace usually looks for a number. */
  maskPhones?: boolean | undefined
}

/** Half of each is for how the call began, half for how it ended; what lies between is counted and dropped. */
export const traceLimits = { messagesMax: 600, bytesMax: 1 << 20 } as const

export type TraceLimits = { [name in keyof typeof traceLimits]: number }

/** Everything said about one call of ours, over however many dialogs: another attempt, a second leg. */
export class CallTrace {
  readonly #limits: TraceLimits
  readonly #now: () => number
  readonly #begin: TracedMessage[] = []
  #beginBytes = 0
  #beginFull = false
  readonly #end: TracedMessage[] = []
  #endBytes = 0
  #dropped = 0
  #closed = false

  /** `now`: wall clock in milliseconds. */
  constructor(options: { limits?: Partial<TraceLimits> | undefined; now?: (() => number) | undefined } = {}) {
    this.#limits = { ...traceLimits, ...options.limits }
    this.#now = options.now ?? Date.now
  }

  /** Messages that the limits left out, between those at the beginning and those at the end. */
  get dropped(): number {
    return this.#dropped
  }

  get closed(): boolean {
    return this.#closed
  }

  /** In order. */
  get messages(): readonly TracedMessage[] {
    return [...this.#begin, ...this.#end]
  }

  record(message: Omit<TracedMessage, 'atMs'>): void {
    if (this.#closed) return
    const kept: TracedMessage = { ...message, atMs: this.#now(), bytes: maskSecrets(message.bytes) }
    const { length } = kept.bytes
    const [messagesMax, bytesMax] = [this.#limits.messagesMax / 2, this.#limits.bytesMax / 2]
    if (!this.#beginFull && this.#begin.length < messagesMax && this.#beginBytes + length <= bytesMax) {
      this.#begin.push(kept)
      this.#beginBytes += length
      return
    }
    this.#beginFull = true
    this.#end.push(kept)
    this.#endBytes += length
    while (this.#end.length > messagesMax || (this.#endBytes > bytesMax && this.#end.length > 1)) {
      this.#endBytes -= this.#end.shift()!.bytes.length
      this.#dropped += 1
    }
  }

  /** Text to read: who said what when, with the headers that matter and a line about each SDP. UTF-8, ends with a line end. */
  ladder(view: TraceView = {}): string {
    return writeLadder(this.messages, { dropped: this.#dropped, begins: this.#begin.length, maskPhones: view.maskPhones === true })
  }

  /** A capture file for Wireshark and the like, one UDP datagram per message whatever carried it. */
  pcap(view: TraceView = {}): Uint8Array {
    return writePcap(this.messages, { maskPhones: view.maskPhones === true })
  }

  /** Nothing more is recorded; what is kept stays. */
  close(): void {
    this.#closed = true
  }
}

/** More traces at once than anybody reads. */
const TRACED_MAX = 2_000

/** Listens to one agent's transports. While nobody traces it costs one comparison per message. */
export class TraceTap {
  readonly #traces = new Map<string, CallTrace>()
  readonly #publicAddress: string
  /** Asked for while too many were open. */
  refused = 0

  /** `publicAddress` is shown where a transport is bound to every address. */
  constructor(publicAddress: string) {
    this.#publicAddress = publicAddress
  }

  attach(callId: string, trace: CallTrace): void {
    if (this.#traces.size >= TRACED_MAX) this.#sweep()
    if (this.#traces.size >= TRACED_MAX) this.refused += 1
    else this.#traces.set(callId, trace)
  }

  detach(callId: string): void {
    this.#traces.delete(callId)
  }

  get size(): number {
    return this.#traces.size
  }

  /** The same transport, overheard. */
  overhear(transport: Transport): Transport {
    const { protocol, reliable, address, port } = transport
    return {
      protocol,
      reliable,
      address,
      port,
      send: (bytes, to, onFailed) => {
        if (this.#traces.size > 0) this.#record(true, bytes, transport, to)
        transport.send(bytes, to, onFailed)
      },
      [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
    }
  }

  /** The same receiver, overheard. */
  overhearing(receive: Receive, transports: readonly Transport[]): Receive {
    return (bytes, from) => {
      if (this.#traces.size > 0) {
        const by = transports.find(({ protocol }) => protocol === from.protocol) ?? transports[0]
        if (by) this.#record(false, bytes, by, from)
      }
      receive(bytes, from)
    }
  }

  #record(sent: boolean, bytes: Uint8Array, by: Transport, them: Peer): void {
    const callId = callIdOf(bytes)
    const trace = callId === undefined ? undefined : this.#traces.get(callId)
    if (!trace) return
    if (trace.closed) return this.detach(callId!)
    const address = by.address === '0.0.0.0' || by.address === '::' ? this.#publicAddress : by.address
    trace.record({ sent, us: { address, port: by.port }, them: { address: them.address, port: them.port }, protocol: by.protocol, callId: callId!, bytes })
  }

  #sweep(): void {
    for (const [callId, trace] of this.#traces) if (trace.closed) this.#traces.delete(callId)
  }
}
