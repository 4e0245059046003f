// Knows where tags, branches and Call-IDs come from: nobody can guess them (RFC 3261 §19.3, §8.1.1.7). Does not know which of them it makes.
import { randomFillSync } from 'node:crypto'

/** One call takes five of them; asking the system for each costs more than making the message. */
const pool = Buffer.alloc(4_096)
let used = pool.length

/** Hex digits, two for each byte. At most 64 bytes. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}
