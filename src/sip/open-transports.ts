// Knows which transports an agent is to have, and opens all of them or none. Does not know what is sent.
import { InvalidInputError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Clock } from './clock.ts'
import { StreamTransport } from './stream-transport.ts'
import type { Receive, Transport } from './transport.ts'
import { UdpTransport } from './udp-transport.ts'

export type TransportOption =
  | { protocol: 'UDP' | 'TCP'; port?: number | undefined }
  /** Certificate and key as PEM, without which we can only connect to others; `ca`: whom to trust instead of the system's authorities. */
  | { protocol: 'TLS'; port?: number | undefined; cert?: string | undefined; key?: string | undefined; ca?: string | undefined }

export type TransportsOptions = {
  /** Local address to bind. */
  address: string
  /** Of those that name none; 0: any free one. */
  port: number
  /** Best first; UDP alone when absent. */
  transports?: readonly TransportOption[] | undefined
  /** Opens one transport instead of those. */
  openTransport?: ((receive: Receive) => Promise<Transport>) | undefined
  clock?: Clock | undefined
  log: Log
}

/** At least one. Errors: InvalidInputError for none or two of one kind; the system's when one cannot be bound. */
export async function openTransports(options: TransportsOptions, receive: Receive): Promise<Transport[]> {
  if (options.openTransport) return [await options.openTransport(receive)]
  const opened: Transport[] = []
  try {
    for (const option of options.transports ?? [{ protocol: 'UDP' as const }]) {
      if (opened.some(({ protocol }) => protocol === option.protocol)) throw new InvalidInputError('transports', `two ${option.protocol} transports`)
      const common = { address: options.address, port: option.port ?? options.port, receive, log: options.log }
      if (option.protocol === 'UDP') opened.push(await UdpTransport.open(common))
      else opened.push(await StreamTransport.open({ ...common, clock: options.clock, tls: option.protocol === 'TLS' ? { cert: option.cert, key: option.key, ca: option.ca } : undefined }))
    }
    if (opened.length === 0) throw new InvalidInputError('transports', 'give at least one transport')
    return opened
  } catch (error) {
    await Promise.all(opened.map((transport) => transport[Symbol.asyncDispose]()))
    throw error
  }
}
