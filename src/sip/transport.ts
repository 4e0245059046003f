// Knows what a way to carry SIP messages must offer. Does not know what the messages say.

/** An IP address and a port; names are resolved before they come here. */
export type Peer = { address: string; port: number }

export type Receive = (bytes: Uint8Array, from: Peer) => void

/** One local address that sends and receives whole SIP messages. */
export interface Transport extends AsyncDisposable {
  /** As written in Via (RFC 3261 §18.1.1). */
  readonly protocol: 'UDP' | 'TCP' | 'TLS'
  /** True when the transport itself repeats what was lost: transactions then do not (RFC 3261 §17.1.1.1). */
  readonly reliable: boolean
  readonly address: string
  readonly port: number
  /** Sends, or tells `onFailed` later (never before returning) that it could not. Success means nothing about arrival. */
  send(bytes: Uint8Array, to: Peer, onFailed: (error: Error) => void): void
}
