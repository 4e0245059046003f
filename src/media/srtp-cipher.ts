// Knows AES in counter mode and HMAC-SHA1 as SRTP uses them (RFC 3711 §4), made once per key and cheap per packet. Does not know packets.
import { createCipheriv, createHash, timingSafeEqual, type Hash } from 'node:crypto'
import type { SessionKeys } from './srtp-keys.ts'

const BLOCK_BYTES = 16
const HASH_BLOCK_BYTES = 64
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c

export class SrtpCipher {
  readonly #salt: Uint8Array
  /** Single blocks: counter mode is made of them, and an object per packet costs fifteen times as much. */
  readonly #blockCipher
  #counters = new Uint8Array(32 * BLOCK_BYTES)
  /** HMAC (RFC 2104) with the key already taken in. */
  readonly #inner: Hash
  readonly #outer: Hash

  constructor({ cipherKey, authKey, salt }: SessionKeys) {
    this.#salt = salt
    this.#blockCipher = createCipheriv('aes-128-ecb', cipherKey, null).setAutoPadding(false)
    this.#inner = createHash('sha1').update(padded(authKey, INNER_PAD))
    this.#outer = createHash('sha1').update(padded(authKey, OUTER_PAD))
  }

  /**
   * RFC 3711 §4.1.1: encrypts or decrypts where the bytes lie.
   * Counter 0-3: salt   4-7: salt ^ SSRC   8-13: salt ^ index (48 bits: roll-over, sequence; for control 0, then 31 bits)   14-15: block
   */
  crypt(ssrc: number, rollOver: number, sequence: number, bytes: Uint8Array): void {
    const length = Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES
    if (length === 0) return
    if (length > this.#counters.length) this.#counters = new Uint8Array(length)
    const counters = this.#counters
    counters.set(this.#salt)
    xorUint32(counters, 4, ssrc)
    xorUint32(counters, 8, rollOver)
    counters[12]! ^= sequence >>> 8
    counters[13]! ^= sequence
    for (let at = 0, block = 0; at < length; at += BLOCK_BYTES, block += 1) {
      if (at > 0) counters.copyWithin(at, 0, BLOCK_BYTES - 2)
      counters[at + 14] = block >>> 8
      counters[at + 15] = block
    }
    const stream = this.#blockCipher.update(counters.subarray(0, length))
    for (let i = 0; i < bytes.length; i += 1) bytes[i]! ^= stream[i]!
  }

  /** RFC 3711 §4.2: of RTP packets the roll-over counter is signed too, though it is not sent. */
  tag(bytes: Uint8Array, rollOver: number | undefined, tagBytes: number): Uint8Array {
    const inner = this.#inner.copy().update(bytes)
    if (rollOver !== undefined) inner.update(Uint8Array.of(rollOver >>> 24, rollOver >>> 16, rollOver >>> 8, rollOver))
    return this.#outer.copy().update(inner.digest()).digest().subarray(0, tagBytes)
  }

  /** Takes as long for a wrong tag as for the right one. */
  isTag(found: Uint8Array, bytes: Uint8Array, rollOver: number | undefined): boolean {
    return timingSafeEqual(this.tag(bytes, rollOver, found.length), found)
  }
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  const block = new Uint8Array(HASH_BLOCK_BYTES)
  block.set(key)
  return block.map((byte) => byte ^ pad)
}

function xorUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at]! ^= value >>> 24
  bytes[at + 1]! ^= value >>> 16
  bytes[at + 2]! ^= value >>> 8
  bytes[at + 3]! ^= value
}
