// Knows when a response to an INVITE that waits for its acknowledgement is sent again. Does not know what is in it.
import type { Cancel, Clock } from './clock.ts'
import { GIVE_UP_MS, T1_MS, T2_MS } from './transaction-tables.ts'

/**
 * Calls `repeat` after 0.5, 1, 2, 4, 4 … s, and `giveUp` once after 32 s, until cancelled by the ACK (RFC 3261 §13.3.1.4).
 * `gapMsMax`: where the gaps stop doubling.
 */
export function repeatUntilAck(clock: Clock, repeat: () => void, giveUp: () => void, gapMsMax = T2_MS): Cancel {
  let delayMs = T1_MS
  let cancelRepeat: Cancel = () => {}
  const plan = (): void => {
    cancelRepeat = clock.after(delayMs, () => {
      delayMs = Math.min(delayMs * 2, gapMsMax)
      plan()
      repeat()
    })
  }
  const cancelGiveUp = clock.after(GIVE_UP_MS, () => {
    cancelRepeat()
    giveUp()
  })
  plan()
  return () => {
    cancelRepeat()
    cancelGiveUp()
  }
}
