// Knows how a client has addressed us, for links in answers. Does not know what they lead to.
import type { FastifyRequest } from 'fastify'

/** Scheme, host and port; '' (a relative link) when its Host header is missing or no host. */
export function originOf({ protocol, host }: FastifyRequest): string {
  return /^[\w.-]+(:\d{1,5})?$|^\[[0-9a-fA-F:.]+\](:\d{1,5})?$/.test(host) ? `${protocol}://${host}` : ''
}
