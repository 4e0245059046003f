// Knows how a UDP socket is bound so that nothing at the far end can end the process. Does not know what it carries.
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6, SocketAddress } from 'node:net'

/** Errors: those of bind(2), as `code`. */
export async function bindUdp(address: string, port: number): Promise<Socket> {
  const socket = createSocket({
    type: isIPv6(address) ? 'udp6' : 'udp4',
    // Addresses are always literal; this keeps sending and connecting synchronous.
    lookup: (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4),
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  }).catch((error: unknown) => {
    socket.close()
    throw error
  })
  // @NOTE A far end that is not listening (yet) answers with ICMP, which arrives here as ECONNREFUSED. Without this
  // handler it would end the process. Nobody there shows as dead air; there is nothing else to do.
  socket.on('error', () => {})
  return socket
}

/** IPv6 has many spellings; packets carry the canonical one. */
export function canonicalAddress(address: string): string {
  return new SocketAddress({ address, family: isIPv6(address) ? 'ipv6' : 'ipv4' }).address
}

/** Errors of single packets are no different from loss. */
export function ignore(): void {}
