// Knows how RTP and RTCP packets of one call are encrypted, authenticated and kept from being played again (RFC 3711). Does not know sockets or SDP.
// AES-128 in counter mode with HMAC-SHA1, tags of 80 or 32 bits; no master key identifier, no rekeying by index.
import type { SrtpKeys } from './engine.ts'
import { RTP_HEADER_BYTES } from './rtp.ts'
import { SrtpCipher } from './srtp-cipher.ts'
import { deriveKeys } from './srtp-keys.ts'

/** What encryption adds to a packet at most: the index and the tag of SRTCP. */
export const SRTP_OVERHEAD_BYTES = 14

/** RFC 4568 §6.2: the short tag is for RTP only. */
const TAG_BYTES = { AES_CM_128_HMAC_SHA1_80: 10, AES_CM_128_HMAC_SHA1_32: 4 } as const
const CONTROL_TAG_BYTES = 10
const CONTROL_HEADER_BYTES = 8
const INDEX_BYTES = 4
const ENCRYPTED = 0x8000_0000
/** RFC 3711 §3.3.2: at least 64. */
const REPLAY_WINDOW = 128
/** Sources heard under one key: a media server that was replaced, and what follows. The first one goes. */
const SOURCES_MAX = 8
const SEQUENCES = 0x1_0000
/** RFC 3711 §9.2: one key serves this many control packets. */
const CONTROL_INDEX_MAX = 0x7fff_ffff

export type SrtpRefusals = {
  /** Packets whose tag is wrong: another key, damage, or somebody else's. */
  unauthentic: number
  /** Packets that came before, or so late that it cannot be told. */
  replayed: number
}

/** Both directions of one call under one pair of keys. New keys need a new one. */
export class SrtpSession {
  readonly keys: SrtpKeys
  readonly #tagBytes: number
  readonly #send: SrtpCipher
  readonly #sendControl: SrtpCipher
  readonly #receive: SrtpCipher
  readonly #receiveControl: SrtpCipher
  /** Our own roll-over counters, by source. */
  readonly #sentBy = new Map<number, { rollOver: number; sequence: number }>()
  readonly #heard = new Map<number, Source>()
  readonly #heardControl = new Map<number, ReplayWindow>()
  #controlIndex = 0
  readonly refusals: SrtpRefusals = { unauthentic: 0, replayed: 0 }

  /** Errors: InvalidInputError for a key that is not 30 bytes. */
  constructor(keys: SrtpKeys) {
    this.keys = keys
    this.#tagBytes = TAG_BYTES[keys.suite]
    this.#send = new SrtpCipher(deriveKeys(keys.sendKey, 'srtp'))
    this.#sendControl = new SrtpCipher(deriveKeys(keys.sendKey, 'srtcp'))
    this.#receive = new SrtpCipher(deriveKeys(keys.receiveKey, 'srtp'))
    this.#receiveControl = new SrtpCipher(deriveKeys(keys.receiveKey, 'srtcp'))
  }

  /** Takes over what was counted under keys of which only some changed: a direction whose key stays must not begin at index 0 again. */
  continue(before: SrtpSession): void {
    if (before.keys.suite === this.keys.suite && before.keys.sendKey === this.keys.sendKey) {
      for (const [ssrc, counter] of before.#sentBy) this.#sentBy.set(ssrc, counter)
      this.#controlIndex = before.#controlIndex
    }
    if (before.keys.suite === this.keys.suite && before.keys.receiveKey === this.keys.receiveKey) {
      for (const [ssrc, source] of before.#heard) this.#heard.set(ssrc, source)
      for (const [ssrc, window] of before.#heardControl) this.#heardControl.set(ssrc, window)
    }
    Object.assign(this.refusals, before.refusals)
  }

  /**
   * Encrypts a packet of `length` bytes where it lies and appends its tag; gives the new length. `packet` needs SRTP_OVERHEAD_BYTES more.
   * Packets of one source must come in order; its first sequence number should be below 2^15, so that a lost beginning does not hide a wrap.
   */
  protect(packet: Uint8Array, length: number): number {
    const ssrc = readUint32(packet, 8)
    const sequence = (packet[2]! << 8) | packet[3]!
    const counter = this.#sentBy.get(ssrc) ?? { rollOver: 0, sequence }
    this.#sentBy.set(ssrc, counter)
    if (sequence < counter.sequence) counter.rollOver = (counter.rollOver + 1) >>> 0
    counter.sequence = sequence
    const begin = payloadBegin(packet, length)!
    this.#send.crypt(ssrc, counter.rollOver, sequence, packet.subarray(begin, length))
    packet.set(this.#send.tag(packet.subarray(0, length), counter.rollOver, this.#tagBytes), length)
    return length + this.#tagBytes
  }

  /** The packet within `bytes`, decrypted where it lies; undefined (and counted) when it is not genuine, or not for the first time. */
  unprotect(bytes: Uint8Array): Uint8Array | undefined {
    const length = bytes.length - this.#tagBytes
    const begin = payloadBegin(bytes, length)
    if (begin === undefined) return this.#refuse('unauthentic')
    const ssrc = readUint32(bytes, 8)
    const sequence = (bytes[2]! << 8) | bytes[3]!
    const known = this.#heard.get(ssrc)
    const source = known ?? new Source(sequence)
    const index = source.indexOf(sequence)
    const rollOver = Math.floor(index / SEQUENCES)
    if (!this.#receive.isTag(bytes.subarray(length), bytes.subarray(0, length), rollOver)) return this.#refuse('unauthentic')
    // Only a genuine packet may move anything.
    if (!source.window.accept(index)) return this.#refuse('replayed')
    if (known === undefined) remember(this.#heard, ssrc, source)
    this.#receive.crypt(ssrc, rollOver, sequence, bytes.subarray(begin, length))
    return bytes.subarray(0, length)
  }

  /** A new datagram with the compound packet encrypted. */
  protectControl(bytes: Uint8Array): Uint8Array {
    const index = this.#controlIndex
    if (index > CONTROL_INDEX_MAX) throw new Error('a key has served as many control packets as it may')
    this.#controlIndex += 1
    const out = new Uint8Array(bytes.length + INDEX_BYTES + CONTROL_TAG_BYTES)
    out.set(bytes)
    this.#sendControl.crypt(readUint32(out, 4), Math.floor(index / SEQUENCES), index % SEQUENCES, out.subarray(CONTROL_HEADER_BYTES, bytes.length))
    writeUint32(out, bytes.length, (ENCRYPTED | index) >>> 0)
    const signed = bytes.length + INDEX_BYTES
    out.set(this.#sendControl.tag(out.subarray(0, signed), undefined, CONTROL_TAG_BYTES), signed)
    return out
  }

  /** As `unprotect`, for RTCP (RFC 3711 §3.4). A sender may leave control packets unencrypted; their tag is checked all the same. */
  unprotectControl(bytes: Uint8Array): Uint8Array | undefined {
    const signed = bytes.length - CONTROL_TAG_BYTES
    const length = signed - INDEX_BYTES
    if (length < CONTROL_HEADER_BYTES) return this.#refuse('unauthentic')
    if (!this.#receiveControl.isTag(bytes.subarray(signed), bytes.subarray(0, signed), undefined)) return this.#refuse('unauthentic')
    const ssrc = readUint32(bytes, 4)
    const word = readUint32(bytes, length)
    const index = word & CONTROL_INDEX_MAX
    let window = this.#heardControl.get(ssrc)
    if (window === undefined) remember(this.#heardControl, ssrc, (window = new ReplayWindow()))
    if (!window.accept(index)) return this.#refuse('replayed')
    if ((word & ENCRYPTED) !== 0) this.#receiveControl.crypt(ssrc, Math.floor(index / SEQUENCES), index % SEQUENCES, bytes.subarray(CONTROL_HEADER_BYTES, length))
    return bytes.subarray(0, length)
  }

  #refuse(why: keyof SrtpRefusals): undefined {
    this.refusals[why] += 1
    return undefined
  }
}

/** What was heard of one source: its packets' place in the count of 2^48. */
class Source {
  readonly window = new ReplayWindow()
  readonly #first: number

  constructor(firstSequence: number) {
    this.#first = firstSequence
  }

  /** RFC 3711 §3.3.1, appendix A: the index nearest to the highest heard. */
  indexOf(sequence: number): number {
    const highest = this.window.highest < 0 ? this.#first : this.window.highest
    const rollOver = Math.floor(highest / SEQUENCES)
    const last = highest % SEQUENCES
    if (last < SEQUENCES / 2) return sequence - last > SEQUENCES / 2 && rollOver > 0 ? (rollOver - 1) * SEQUENCES + sequence : rollOver * SEQUENCES + sequence
    return last - SEQUENCES / 2 > sequence ? (rollOver + 1) * SEQUENCES + sequence : rollOver * SEQUENCES + sequence
  }
}

/** RFC 3711 §3.3.2 */
class ReplayWindow {
  /** -1 before the first. */
  highest = -1
  readonly #seen = new Float64Array(REPLAY_WINDOW).fill(-1)

  /** False for an index that was accepted before, or lies too far back to know. */
  accept(index: number): boolean {
    if (index <= this.highest - REPLAY_WINDOW) return false
    const at = index % REPLAY_WINDOW
    if (this.#seen[at] === index) return false
    this.#seen[at] = index
    this.highest = Math.max(this.highest, index)
    return true
  }
}

function remember<T>(known: Map<number, T>, ssrc: number, what: T): void {
  if (known.size === SOURCES_MAX) known.delete(known.keys().next().value!)
  known.set(ssrc, what)
}

/** Where the encrypted part begins: after CSRCs and the extension. Undefined when it is no RTP packet of this length. */
function payloadBegin(bytes: Uint8Array, length: number): number | undefined {
  if (length < RTP_HEADER_BYTES || bytes[0]! >> 6 !== 2) return undefined
  let begin = RTP_HEADER_BYTES + (bytes[0]! & 0x0f) * 4
  if (bytes[0]! & 0x10) {
    if (begin + 4 > length) return undefined
    begin += 4 + ((bytes[begin + 2]! << 8) | bytes[begin + 3]!) * 4
  }
  return begin > length ? undefined : begin
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
