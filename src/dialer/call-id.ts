// Knows what ids look like. Does not know what they name.
import { randomBytes } from 'node:crypto'

// Crockford's base 32 in lower case: sorts like the number, and no letter is read as a digit.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A call id: `call_` + 10 characters of Unix milliseconds + 20 random ones (100 bits), so that ids sort by time and cannot be guessed.
 * Matches ^[a-zA-Z0-9_-]+$, which the published shell clients check.
 */
export function newCallId(nowMs: number): string {
  return `call_${stamp(nowMs)}${random(20)}`
}

/** Names one incarnation of a process as the owner of calls. Never reused, so that a restarted process is not mistaken for its predecessor. */
export function newOwnerId(nowMs: number): string {
  return `own_${stamp(nowMs)}${random(10)}`
}

/** The id of a receipt; stable over its delivery attempts. */
export function newDeliveryId(nowMs: number): string {
  return `evt_${stamp(nowMs)}${random(16)}`
}

/** Names one wish about a running call. */
export function newCommandId(nowMs: number): string {
  return `cmd_${stamp(nowMs)}${random(16)}`
}

/** Names one file with numbers for a task. */
export function newImportId(nowMs: number): string {
  return `imp_${stamp(nowMs)}${random(16)}`
}

function stamp(nowMs: number): string {
  let rest = Math.max(0, Math.floor(nowMs))
  let text = ''
  for (let i = 0; i < 10; i += 1) {
    text = alphabet[rest % 32]! + text
    rest = Math.floor(rest / 32)
  }
  return text
}

function random(length: number): string {
  let text = ''
  // 256 is a multiple of 32, so the low five bits are uniform.
  for (const byte of randomBytes(length)) text += alphabet[byte & 31]!
  return text
}
