// Knows every limit of tasks and of what feeds them. Does not know where they come from.

export type TaskSettings = {
  /** Look for numbers to call at least this often while a task runs … */
  pollMs: number
  /** … and this often while none does; NOTIFY makes it sooner. */
  idlePollMs: number
  /** Calls made in one transaction. */
  feedMax: number
  /** Numbers looked at in one transaction, most of which may have to wait. */
  scanMax: number
  /** A call that was not dialled within this time after it was fed goes back to its task. */
  fedMsMax: number
  /** A task none of whose trunks could be used for so long is stopped. */
  lineDownMsMax: number
  numbersPerTaskMax: number
  rowsPerAddMax: number
  nameCharsMax: number
  /** How long an addition is remembered, so that it can be sent again. */
  batchMs: number
  /** Attempts of so long count for the rate. */
  rateMs: number
}

export const taskDefaults: TaskSettings = {
  pollMs: 250,
  idlePollMs: 1_000,
  feedMax: 200,
  scanMax: 500,
  fedMsMax: 60_000,
  lineDownMsMax: 10 * 60_000,
  numbersPerTaskMax: 5_000_000,
  rowsPerAddMax: 10_000,
  nameCharsMax: 100,
  batchMs: 7 * 24 * 3_600_000,
  rateMs: 5 * 60_000,
}
