// Knows what a way to carry SIP messages must offer. Does not know what the messages say.

export type Protocol = 'UDP' | 'TCP' | 'TLS'

/** An IP address and a port; names are resolved before they come here. Plain data, safe to store as JSON. */
export type Peer = {
  address: string
  port: number
  /** The agent's first transport when absent. */
  protocol?: Protocol | undefined
  /** For TLS: the name in its certificate, and whether that is checked (default true). */
  tls?: { serverName?: string | undefined; verify?: boolean | undefined } | undefined
  /** Requests above 1300 bytes go there by TCP (RFC 3261 §18.1.1), when we have it. Default false: few trunks listen. */
  largeByTcp?: boolean | undefined
}

export type Receive = (bytes: Uint8Array, from: Peer) => void

/** One local address that sends and receives whole SIP messages. */
export interface Transport extends AsyncDisposable {
  /** As written in Via (RFC 3261 §18.1.1). */
  readonly protocol: Protocol
  /** True when the transport itself repeats what was lost: transactions then do not (RFC 3261 §17.1.1.1). */
  readonly reliable: boolean
  readonly address: string
  readonly port: number
  /** Sends, or tells `onFailed` later (never before returning) that it could not. Success means nothing about arrival. */
  send(bytes: Uint8Array, to: Peer, onFailed: (error: Error) => void): void
}
