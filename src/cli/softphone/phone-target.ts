// Knows how a person writes whom to call, and which of our addresses reaches it. Does not know calls.
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { isIP, isIPv6 } from 'node:net'
import { InvalidInputError, ProtocolError } from '../../errors.ts'
import { parseUri, type Uri } from '../../sip/uri.ts'
import type { Peer } from '../../sip/transport.ts'

const SIP_PORT = 5_060

/** `13800138000@10.0.0.1:5080`, with or without `sip:`. Errors: InvalidInputError. */
export function parseTarget(text: string): { uri: string; host: string; port: number } {
  const uri = /^sips?:/i.test(text) ? text : `sip:${text}`
  let parsed: Uri
  try {
    parsed = parseUri(uri)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw badTarget(text, error)
  }
  if (parsed.scheme !== 'sip' || !parsed.user) throw badTarget(text)
  return { uri, host: parsed.host.replace(/^\[|\]$/g, ''), port: parsed.port ?? SIP_PORT }
}

function badTarget(text: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError('target', `'${text}'：请写成 sip:号码@主机[:端口]。 Write it as sip:number@host[:port]; only UDP is spoken.`, [], { cause })
}

/** The numeric address of a host name. Errors: InvalidInputError when there is none. */
export async function peerOf(host: string, port: number): Promise<Peer> {
  if (isIP(host) !== 0) return { address: host, port }
  try {
    return { address: (await lookup(host)).address, port }
  } catch (cause) {
    throw new InvalidInputError('target', `找不到主机 ${host} 的地址。 ${host} has no address.`, [], { cause })
  }
}

/** The address of this machine that packets to `peer` leave from; the routing table is asked and nothing is sent. Errors: the system's when there is no route. */
export async function localAddressTo(peer: Peer): Promise<string> {
  const socket = createSocket(isIPv6(peer.address) ? 'udp6' : 'udp4')
  try {
    socket.connect(peer.port, peer.address)
    await once(socket, 'connect')
    return socket.address().address
  } finally {
    socket.close()
  }
}
