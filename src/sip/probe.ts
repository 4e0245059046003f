// Knows how somebody is asked whether they are there (RFC 3261 §11), and what the answer tells. Does not know who asks.
import { isIP, isIPv6 } from 'node:net'
import type { CallContext } from './call-context.ts'
import type { Via } from './header-values.ts'
import { emptyBody, SipHeaders } from './message.ts'
import { randomHex } from './random-text.ts'
import type { Peer } from './transport.ts'

export type ProbeAnswer = {
  status: number
  /** The far end's words, when it answered. */
  reason?: string | undefined
  /** Where the far end saw our request come from (RFC 3581): another address or port than ours is a NAT on the way. */
  seenAs?: { address: string; port: number } | undefined
}

/** Sends OPTIONS. `status` is 408 when no answer came, 503 when it could not be sent. Errors: OverloadedError. */
export async function probe(context: CallContext, target: Peer): Promise<ProbeAnswer> {
  const contact = context.contact(undefined, target.protocol)
  const uri = `sip:${isIPv6(target.address) ? `[${target.address}]` : target.address}:${target.port}`
  const headers = new SipHeaders([
    ['Max-Forwards', '70'],
    ['From', `${contact};tag=${context.newTag()}`],
    ['To', `<${uri}>`],
    ['Call-ID', randomHex(16)],
    ['CSeq', '1 OPTIONS'],
    ['Contact', contact],
    ['Accept', 'application/sdp'],
    ['User-Agent', context.product],
  ])
  return await new Promise((resolve) => {
    context.transactions.request({ method: 'OPTIONS', uri, headers, body: emptyBody }, target, {
      onResponse: ({ status, reason, envelope }) => status >= 200 && resolve({ status, reason, ...seenAs(envelope.via) }),
      onTimeout: () => resolve({ status: 408 }),
      onTransportError: () => resolve({ status: 503 }),
    })
  })
}

function seenAs({ params, host, port }: Via): Pick<ProbeAnswer, 'seenAs'> {
  const [received = host.replace(/^\[|\]$/g, ''), rport = ''] = [params.get('received')?.replace(/^\[|\]$/g, ''), params.get('rport')]
  if (isIP(received) === 0) return {}
  return { seenAs: { address: received, port: /^\d{1,5}$/.test(rport) ? Number(rport) : (port ?? 5_060) } }
}
