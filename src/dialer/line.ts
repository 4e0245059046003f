// Knows a line (a trunk plus one caller ID) and its limits as data. Does not know SIP, calls in progress or the database.

export type Line = {
  /** Stable name; queued calls are bound to it. */
  name: string
  callerId: string
  /** Most calls at once on the line, over all processes. */
  concurrencyMax: number
  /** Most calls started per second, over all processes. Below 1: one call per 1/cps seconds. */
  cps: number
  ringMsMax: number
  talkMsMax: number
  /** Rules that do not bind this line because nobody's telephone rings. Only the simulated carrier is exempt; never-dial and do-not-call always hold. */
  exempt: { hours: boolean; frequency: boolean }
  /** True for lines that reach people: they refuse to dial while the recogniser understands the simulator only. */
  understandsPeopleRequired: boolean
}

export type SlotsInput = {
  /** Calls dialing, ringing or talking on the line now, over all processes. */
  running: number
  concurrencyMax: number
  /** Calls started within the last `cpsWindowMs(cps)`. */
  startedInWindow: number
  cps: number
  /** Calls the media plane of this process can still take. */
  capacity: number
  /** Most calls to start in one go. */
  batchMax: number
}

/** How far back starts are counted for `cps`: a second, or longer when less than one call per second is allowed. */
export function cpsWindowMs(cps: number): number {
  return cps >= 1 ? 1_000 : Math.ceil(1_000 / cps)
}

/** How many calls may start on a line now. Never negative. */
export function callsToStart(input: SlotsInput): number {
  const starts = Math.max(1, Math.floor(input.cps)) - input.startedInWindow
  return Math.max(0, Math.min(input.concurrencyMax - input.running, starts, Math.floor(input.capacity), input.batchMax))
}
