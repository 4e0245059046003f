// Knows how the silence of a line sounds (RFC 3389): noise of the level the far end tells. Does not know when it is silent.

/** RFC 3389 §3: 0 dBov is a square wave at the limits of the codec, those of G.711 here. */
const OVERLOAD = 32_124
/** Louder is no comfort, whatever a far end tells. */
const LEVEL_DBOV_MAX = -30
/** From its mean square to the limit of a uniform distribution. */
const UNIFORM_PEAK = Math.sqrt(3)

/**
 * 0: level(7), in −dBov   1…: reflection coefficients of the spectrum, which we leave out: white noise is allowed and enough.
 * Undefined when there is no level.
 */
export function parseComfortNoise(payload: Uint8Array): number | undefined {
  const level = payload[0]
  return level === undefined ? undefined : -(level & 0x7f)
}

export class ComfortNoise {
  #state: number
  #peak = 0

  constructor(seed = 1) {
    this.#state = seed
  }

  /** Undefined is digital silence. */
  set levelDbov(dbov: number | undefined) {
    this.#peak = dbov === undefined ? 0 : OVERLOAD * 10 ** (Math.min(dbov, LEVEL_DBOV_MAX) / 20) * UNIFORM_PEAK
  }

  write(line: Int16Array, from: number, to: number): void {
    if (this.#peak < 0.5) {
      line.fill(0, from, to)
      return
    }
    for (let i = from; i < to; i += 1) {
      // A linear congruential generator; its upper bits are noise enough for an ear.
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0
      line[i] = Math.round((this.#state / 0x8000_0000) * this.#peak)
    }
  }
}
