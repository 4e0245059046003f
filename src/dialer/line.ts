// Knows a line: the queue that calls wait in, and the rules that bind them there. Its trunks and their limits are elsewhere. Does not know SIP, calls in progress or the database.

export type Line = {
  /** Stable name; queued calls are bound to it. */
  name: string
  talkMsMax: number
  /** Rules that do not bind this line because nobody's telephone rings. Only the simulated carrier is exempt; never-dial and do-not-call always hold. */
  exempt: { hours: boolean; frequency: boolean }
  /** True for lines that reach people: they refuse to dial while the recogniser understands the simulator only. */
  understandsPeopleRequired: boolean
}
