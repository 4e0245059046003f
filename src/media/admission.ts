// Knows when a media thread has enough calls: by how busy it is and how late its beat comes. Does not know threads or calls.

export type AdmissionLimits = {
  /** Share of its time a thread may be busy, 0..1. Above 80 % the first stall is heard. */
  busyMax: number
  /** 99 of 100 beats must come this close to due, or packets leave unevenly. */
  lateMsMax: number
}

export const admissionDefaults = { busyMax: 0.8, lateMsMax: 10 } as const satisfies AdmissionLimits

/** What a thread tells of the time since it last did. */
export type ThreadLoad = {
  /** Share of its time it was busy, 0..1. */
  busy: number
  /** 99 of 100 beats came at most this long after they were due. Beats that were missed count. */
  lateMsP99: number
}

/** Once closed it stays so until the load is well below its limits: calls must not be let in and refused in turns. */
const REOPEN_SHARE = 0.85
/** One bad second is nobody's load: garbage collected, a machine that looked away. */
const REPORTS_TO_CLOSE = 2
/** Late beats of a thread that is mostly idle are the machine's doing: refusing its few calls would help nobody. */
const OWN_DOING_BUSY_MIN = 0.25
const REPORTS_TO_REOPEN = 3

export class Admission {
  readonly #limits: AdmissionLimits
  #open = true
  /** Reports in a row that speak against the present state. */
  #against = 0

  constructor(limits: Partial<AdmissionLimits> = {}) {
    this.#limits = { busyMax: limits.busyMax ?? admissionDefaults.busyMax, lateMsMax: limits.lateMsMax ?? admissionDefaults.lateMsMax }
  }

  /** More calls are welcome. */
  get open(): boolean {
    return this.#open
  }

  report({ busy, lateMsP99 }: ThreadLoad): void {
    const { busyMax, lateMsMax } = this.#limits
    const against = this.#open
      ? busy > busyMax || (lateMsP99 > lateMsMax && busy > OWN_DOING_BUSY_MIN)
      : busy <= busyMax * REOPEN_SHARE && (lateMsP99 <= lateMsMax * REOPEN_SHARE || busy <= OWN_DOING_BUSY_MIN)
    this.#against = against ? this.#against + 1 : 0
    if (this.#against < (this.#open ? REPORTS_TO_CLOSE : REPORTS_TO_REOPEN)) return
    this.#open = !this.#open
    this.#against = 0
  }
}
