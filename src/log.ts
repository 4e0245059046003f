// Knows how log lines are written. Does not know what happened: callers pass names and numbers, never speech, full numbers or keys.
import { pino } from 'pino'

export type Log = pino.Logger

/** JSON lines on stderr, so that stdout stays free for what a command prints. `LOG_LEVEL` (trace … silent) sets the threshold. */
export const log: Log = pino(
  { level: process.env['LOG_LEVEL'] ?? 'info', base: undefined, timestamp: pino.stdTimeFunctions.isoTime },
  pino.destination({ dest: 2, sync: true }),
)

/** 138****8000: the only form of a phone number that may be logged. */
export function maskPhone(phone: string): string {
  return phone.replace(/(\d{3})\d+(\d{4})$/, '$1****$2')
}
