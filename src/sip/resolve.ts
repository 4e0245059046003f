// Knows how the domain or list of a trunk becomes addresses in the order to try (RFC 3263, RFC 2782), and when the next one is tried. Does not send anything.
import { isIP } from 'node:net'
import { lookup, Resolver } from 'node:dns/promises'
import { InvalidInputError, ProtocolError } from '../errors.ts'
import type { Peer, Protocol } from './transport.ts'
import { parseUri } from './uri.ts'

export type NaptrRecord = { order: number; preference: number; flags: string; service: string; replacement: string }
export type SrvRecord = { priority: number; weight: number; name: string; port: number }

/** Each resolves with an empty list when there is no such record, and rejects when the name servers cannot be asked. */
export interface NameResolver {
  naptr(name: string): Promise<NaptrRecord[]>
  srv(name: string): Promise<SrvRecord[]>
  /** A and AAAA, IPv4 first. */
  addresses(name: string): Promise<string[]>
}

/** Where a trunk is: a numeric address, or a name with or without port (a port, or a numeric address, skips NAPTR and SRV: RFC 3263 §4.2). */
export type TrunkAddress = {
  host: string
  port?: number | undefined
  /** Undefined: what DNS prefers among ours, else UDP. */
  protocol?: Protocol | undefined
  tls?: Peer['tls']
  largeByTcp?: boolean | undefined
}

export type ResolveOptions = {
  resolver: NameResolver
  /** The transports we have; others in DNS are passed over. */
  protocols: readonly Protocol[]
  /** 0..1, below 1; spreads calls over records of equal priority. */
  dice: () => number
}

/** More addresses than anybody would wait for. */
const TARGETS_MAX = 16
const RECORDS_MAX = 64
const RESOLVE_MS_MAX = 5_000

const services: ReadonlyMap<string, Protocol> = new Map([['sip+d2u', 'UDP'], ['sip+d2t', 'TCP'], ['sips+d2t', 'TLS']])
const srvPrefixes: Readonly<Record<Protocol, string>> = { UDP: '_sip._udp.', TCP: '_sip._tcp.', TLS: '_sips._tcp.' }
const defaultPort = (protocol: Protocol): number => (protocol === 'TLS' ? 5_061 : 5_060)

/** Reads `sip:host:port;transport=tcp`, `sips:host`, `host:port` or a bare host. Errors: InvalidInputError. */
export function parseTrunkAddress(text: string): TrunkAddress {
  try {
    const uri = parseUri(/^(sips?|tel):/i.test(text) ? text : `sip:${text}`)
    if (uri.scheme === 'tel') throw new ProtocolError('sip', 'a number is no trunk')
    const named = uri.params.get('transport')?.toUpperCase()
    if (named !== undefined && named !== 'UDP' && named !== 'TCP' && named !== 'TLS') throw new ProtocolError('sip', 'unknown transport')
    return { host: uri.host.replace(/^\[|\]$/g, ''), port: uri.port, protocol: uri.scheme === 'sips' ? 'TLS' : named }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new InvalidInputError('trunk', 'a trunk is host, host:port or a sip address', [], { cause: error })
  }
}

/**
 * Every address of a list of trunks, first to try first; one address stands once. A trunk whose name cannot be resolved is passed over.
 * Empty when none can be. The order between equals is new each time, so ask before each call (records are cached by the name server).
 */
export async function resolveTargets(trunks: readonly TrunkAddress[], options: ResolveOptions): Promise<Peer[]> {
  const lists = await Promise.all(trunks.map((trunk) => resolveTrunk(trunk, options).catch(() => [])))
  const seen = new Set<string>()
  return lists
    .flat()
    .filter((peer) => {
      const key = `${peer.address} ${peer.port} ${peer.protocol}`
      return !seen.has(key) && seen.add(key)
    })
    .slice(0, TARGETS_MAX)
}

async function resolveTrunk(trunk: TrunkAddress, options: ResolveOptions): Promise<Peer[]> {
  const { host, port } = trunk
  const protocol = trunk.protocol ?? options.protocols[0] ?? 'UDP'
  if (isIP(host) !== 0) return [peerOf(trunk, host, port ?? defaultPort(protocol), protocol)]
  if (port !== undefined) return await atHost(trunk, host, port, protocol, options)
  for (const wish of await wishes(trunk, options)) {
    const records = (await options.resolver.srv(wish.srvName)).slice(0, RECORDS_MAX)
    // RFC 2782: a single record that names the root says that the service is not there.
    if (records.length === 1 && (records[0]!.name === '.' || records[0]!.name === '')) continue
    const found: Peer[] = []
    for (const record of orderSrv(records, options.dice)) {
      found.push(...(await atHost(trunk, record.name, record.port, wish.protocol, options).catch(() => [])))
      if (found.length >= TARGETS_MAX) break
    }
    if (found.length > 0) return found
  }
  return await atHost(trunk, host, defaultPort(protocol), protocol, options)
}

/** RFC 3263 §4.1: NAPTR tells transport and SRV name, in its order; without NAPTR every transport of ours is asked for. */
async function wishes(trunk: TrunkAddress, { resolver, protocols }: ResolveOptions): Promise<{ protocol: Protocol; srvName: string }[]> {
  const wanted = trunk.protocol === undefined ? protocols : [trunk.protocol]
  const bySrv = wanted.map((protocol) => ({ protocol, srvName: `${srvPrefixes[protocol]}${trunk.host}` }))
  // Whoever named the transport needs no NAPTR.
  if (trunk.protocol !== undefined) return bySrv
  const records = await resolver.naptr(trunk.host).catch(() => [])
  const byNaptr = records
    .filter(({ flags }) => flags.toLowerCase() === 's')
    .toSorted((a, b) => a.order - b.order || a.preference - b.preference)
    .slice(0, RECORDS_MAX)
    .flatMap(({ service, replacement }) => {
      const protocol = services.get(service.toLowerCase())
      return protocol !== undefined && wanted.includes(protocol) ? [{ protocol, srvName: replacement }] : []
    })
  return byNaptr.length > 0 ? byNaptr : bySrv
}

async function atHost(trunk: TrunkAddress, host: string, port: number, protocol: Protocol, { resolver }: ResolveOptions): Promise<Peer[]> {
  const addresses = isIP(host) === 0 ? await resolver.addresses(host) : [host]
  return addresses.map((address) => peerOf(trunk, address, port, protocol))
}

function peerOf(trunk: TrunkAddress, address: string, port: number, protocol: Protocol): Peer {
  const peer: Peer = { address, port, protocol }
  if (trunk.largeByTcp !== undefined) peer.largeByTcp = trunk.largeByTcp
  // RFC 5922 §7.1: the certificate must hold the name we were told, not one that DNS told us.
  if (protocol === 'TLS') peer.tls = { ...(isIP(trunk.host) === 0 ? { serverName: trunk.host } : {}), ...trunk.tls }
  return peer
}

/** RFC 2782: lower priority first; among equals a draw by weight, in which 0 has a very small chance. */
export function orderSrv(records: readonly SrvRecord[], dice: () => number): SrvRecord[] {
  const byPriority = Map.groupBy(records, ({ priority }) => priority)
  return [...byPriority.keys()]
    .toSorted((a, b) => a - b)
    .flatMap((priority) => {
      const left = byPriority.get(priority)!.toSorted((a, b) => a.weight - b.weight)
      const drawn: SrvRecord[] = []
      while (left.length > 0) {
        const total = left.reduce((sum, { weight }) => sum + weight, 0)
        let rest = Math.floor(dice() * (total + 1))
        const at = left.findIndex(({ weight }) => (rest -= weight) <= 0)
        drawn.push(...left.splice(Math.max(at, 0), 1))
      }
      return drawn
    })
}

/** How one attempt ended, as far as the choice of another address goes. */
export type Attempt = { status: number; local?: 'timeout' | 'cancelled' | 'transport' | undefined; provisional: boolean }

/** RFC 3263 §4.3: the next address is tried when this one is unavailable or dead, as long as no phone can have rung. */
export function shouldTryNext({ status, local, provisional }: Attempt): boolean {
  if (provisional || local === 'cancelled') return false
  return local === 'transport' || (local === 'timeout' && status === 408) || (local === undefined && (status === 503 || status === 408))
}

/** The name servers of the system. */
export function systemResolver(): NameResolver {
  const dns = new Resolver({ timeout: RESOLVE_MS_MAX / 2, tries: 2 })
  return {
    naptr: (name) => found(dns.resolveNaptr(name)),
    srv: (name) => found(dns.resolveSrv(name)),
    // As every other program of the machine resolves it, the hosts file included.
    addresses: async (name) => (await found(lookup(name, { all: true, order: 'ipv4first' }))).map(({ address }) => address),
  }
}

/** A name that is not there is an answer; anything else is a failure. */
async function found<Answer>(records: Promise<Answer[]>): Promise<Answer[]> {
  try {
    return await records
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTFOUND' || code === 'ENODATA') return []
    throw error
  }
}
