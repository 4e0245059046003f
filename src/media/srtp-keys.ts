// Knows how the keys of one direction of an SRTP stream are made from its master key (RFC 3711 §4.3). Does not know packets.
import { createCipheriv } from 'node:crypto'
import { InvalidInputError } from '../errors.ts'

export const MASTER_KEY_BYTES = 16
export const MASTER_SALT_BYTES = 14
const AUTH_KEY_BYTES = 20

/** AES-CM key, HMAC-SHA1 key and salt: RFC 3711 §4.3.1. */
export type SessionKeys = { cipherKey: Uint8Array; authKey: Uint8Array; salt: Uint8Array }

/** The first label of the three: cipher key, authentication key, salt follow each other (RFC 3711 §4.3.2). */
const FIRST_LABEL = { srtp: 0x00, srtcp: 0x03 } as const

/** `inline` is what SDP carries: key and salt in base64. Errors: InvalidInputError when it is not 30 bytes long. */
export function deriveKeys(inline: string, kind: 'srtp' | 'srtcp'): SessionKeys {
  const bytes = Buffer.from(inline, 'base64')
  if (bytes.length !== MASTER_KEY_BYTES + MASTER_SALT_BYTES) throw new InvalidInputError('srtp', 'a key must be 30 bytes in base64')
  const key = bytes.subarray(0, MASTER_KEY_BYTES)
  const salt = bytes.subarray(MASTER_KEY_BYTES)
  const label = FIRST_LABEL[kind]
  return {
    cipherKey: derive(key, salt, label, MASTER_KEY_BYTES),
    authKey: derive(key, salt, label + 1, AUTH_KEY_BYTES),
    salt: derive(key, salt, label + 2, MASTER_SALT_BYTES),
  }
}

/** The key stream at x · 2^16, x being the salt with the label in its eighth byte (the key derivation rate is 0). */
function derive(key: Uint8Array, salt: Uint8Array, label: number, bytes: number): Uint8Array {
  const counter = new Uint8Array(16)
  counter.set(salt)
  counter[7]! ^= label
  return createCipheriv('aes-128-ctr', key, counter).update(new Uint8Array(bytes))
}
