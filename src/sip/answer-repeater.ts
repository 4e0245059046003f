// Knows when a 2xx to an INVITE is sent again. Does not know what is in it.
import type { Cancel, Clock } from './clock.ts'
import { GIVE_UP_MS, T1_MS, T2_MS } from './transaction-tables.ts'

/** Calls `repeat` after 0.5, 1, 2, 4, 4 … s, and `giveUp` once after 32 s, until cancelled by the ACK (RFC 3261 §13.3.1.4). */
export function repeatUntilAck(clock: Clock, repeat: () => void, giveUp: () => void): Cancel {
  let delayMs = T1_MS
  let cancelRepeat: Cancel = () => {}
  const plan = (): void => {
    cancelRepeat = clock.after(delayMs, () => {
      delayMs = Math.min(delayMs * 2, T2_MS)
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
