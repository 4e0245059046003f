// Knows from whom a port takes packets (symmetric RTP, RFC 4961): judges sources, remembers the one that won. Does not know sockets.
import type { LatchPolicy } from './engine.ts'
import { parseRtp } from './rtp.ts'

export type Source = { address: string; port: number }
/** `payloadType` is that of the agreed audio, by which strangers are judged. */
export type LatchTerms = { payloadType: number; policy: LatchPolicy }

/** A source nobody signalled must send this many packets in a row that look like one stream. */
const PROBATION_PACKETS = 5
/** Sequence numbers of one stream follow each other, up to some loss. */
const PROBATION_GAP_MAX = 3
/** Sources watched at once; more is a flood, and then none of the new ones is. */
const PROBATION_SOURCES_MAX = 8

type Candidate = { ssrc: number; sequence: number; packets: number }

/**
 * Which packets may be looked at, and which source ours go to. Every policy prefers the signalled address: it needs one packet,
 * and takes the stream back from any other source at any time. After `unlatch` the port may change, the address of the winner not.
 */
export class Latch {
  #policy: LatchPolicy = 'address'
  #signalled: Source | undefined
  #winner: Source | undefined
  /** The winner counts; after `unlatch` its address still does. */
  #holds = false
  /** What was agreed; a stranger must send it. */
  #payloadType = -1
  #candidates = new Map<string, Candidate>()

  /** Where ours go. */
  get target(): Source | undefined {
    return this.#winner ?? this.#signalled
  }

  /** The winner is where we were told: nobody else need be listened to. */
  get isFinal(): boolean {
    return this.#holds && this.#winner?.address === this.#signalled?.address
  }

  /** Another address or port lets everybody be judged anew. True when it was one. */
  signal(source: Source, { payloadType, policy }: LatchTerms): boolean {
    this.#payloadType = payloadType
    this.#policy = policy
    if (this.#signalled?.address === source.address && this.#signalled.port === source.port) return false
    this.#signalled = source
    this.#winner = undefined
    this.#holds = false
    this.#candidates.clear()
    return true
  }

  unlatch(): void {
    this.#holds = false
  }

  /** May this packet be looked at? */
  admits(from: Source, bytes: Uint8Array): boolean {
    const { address, port } = from
    if (this.#signalled === undefined) return false
    if (this.#policy === 'strict') return address === this.#signalled.address && port === this.#signalled.port
    if (this.#holds && this.#winner !== undefined && address === this.#winner.address) return port === this.#winner.port
    if (address === this.#signalled.address) return true
    if (this.#policy === 'address') return false
    // A stream that was won once stays with its address, also in dead air: a stranger must not inherit it.
    if (this.#winner !== undefined) return !this.#holds && address === this.#winner.address
    return this.#passes(`${address} ${port}`, bytes)
  }

  /** A packet from there was genuine: the stream is its. */
  won(from: Source): void {
    if (this.#holds && this.#winner?.address === from.address && this.#winner.port === from.port) return
    this.#winner = { address: from.address, port: from.port }
    this.#holds = true
    this.#candidates.clear()
  }

  #passes(key: string, bytes: Uint8Array): boolean {
    const packet = parseRtp(bytes)
    if (packet === undefined || packet.payloadType !== this.#payloadType) return false
    const { ssrc, sequence } = packet
    const known = this.#candidates.get(key)
    if (known === undefined && this.#candidates.size === PROBATION_SOURCES_MAX) return false
    const ahead = known === undefined ? 0 : (sequence - known.sequence) & 0xffff
    const follows = known !== undefined && known.ssrc === ssrc && ahead > 0 && ahead <= PROBATION_GAP_MAX
    const packets = follows ? known.packets + 1 : 1
    this.#candidates.set(key, { ssrc, sequence, packets })
    return packets >= PROBATION_PACKETS
  }
}
