// Knows how loud the line is when nobody speaks, from levels alone. Does not know what is speech.

/** 300 ms and 3 s of 20 ms frames: the quietest moment of 3 s lies between words, also in fluent speech. */
const WINDOW_FRAMES = 15
const WINDOWS = 10
/** Share of the newest frame in the smoothed power. */
const SMOOTHING = 0.5
/** A level that stays this even for this long is noise that became louder, not a voice: the longer, the less even it must be. */
const STEADY = [
  { frames: 30, deviationDb: 0.9 },
  { frames: 60, deviationDb: 1.8 },
] as const
const LEVELS = Math.max(...STEADY.map(({ frames }) => frames))
/** While somebody speaks the floor may rise this fast at most: 1.5 dB/s. */
const RISE_DB_PER_FRAME = 0.03

export type NoiseFloorOptions = {
  /** Where the estimate begins, before anything was heard. */
  startDbfs: number
  /** Never lower: digital silence must not make comfort noise look like speech. */
  dbfsMin: number
}

/** Minimum statistics: the floor is the lowest smoothed power of the last seconds. */
export class NoiseFloor {
  readonly #options: NoiseFloorOptions
  /** Lowest power per window, newest last. */
  readonly #minima: number[] = []
  /** The last levels, as a ring. */
  readonly #levels = new Float64Array(LEVELS)
  #frames = 0
  #smoothed: number | undefined
  #windowMin = Infinity
  #floorDbfs: number

  constructor(options: NoiseFloorOptions) {
    this.#options = options
    this.#floorDbfs = options.startDbfs
  }

  get dbfs(): number {
    return this.#floorDbfs
  }

  /** @param speech the frame belongs to speech, as far as is known */
  push(levelDbfs: number, speech: boolean): void {
    const power = 10 ** (levelDbfs / 10)
    this.#smoothed = this.#smoothed === undefined ? power : this.#smoothed + SMOOTHING * (power - this.#smoothed)
    this.#windowMin = Math.min(this.#windowMin, this.#smoothed)
    this.#levels[this.#frames % LEVELS] = levelDbfs
    this.#frames++
    if (this.#frames % WINDOW_FRAMES === 0) {
      this.#minima.push(this.#windowMin)
      if (this.#minima.length > WINDOWS) this.#minima.shift()
      this.#windowMin = this.#smoothed
    }
    this.#update(speech)
  }

  #update(speech: boolean): void {
    const steadyDbfs = this.#steadyLevel()
    if (steadyDbfs !== undefined && steadyDbfs > this.#floorDbfs) {
      this.#minima.length = 0
      this.#windowMin = 10 ** (steadyDbfs / 10)
      this.#floorDbfs = steadyDbfs
      return
    }
    const lowest = 10 * Math.log10(Math.min(this.#windowMin, ...this.#minima))
    // A call may begin with speech: what was heard first says nothing about the noise as long as it goes on.
    const known = this.#minima.length > 0 && !speech
    const rise = this.#minima.length === WINDOWS ? RISE_DB_PER_FRAME : 0
    const highest = known ? Infinity : this.#floorDbfs + rise
    this.#floorDbfs = Math.max(this.#options.dbfsMin, Math.min(lowest, highest))
  }

  /** Mean of the last levels when they hardly varied. */
  #steadyLevel(): number | undefined {
    for (const { frames, deviationDb } of STEADY) {
      if (this.#frames < frames) return undefined
      let sum = 0
      let squares = 0
      for (let i = 1; i <= frames; i++) {
        const level = this.#levels[(this.#frames - i) % LEVELS]!
        sum += level
        squares += level * level
      }
      const mean = sum / frames
      if (squares / frames - mean * mean <= deviationDb ** 2) return mean
    }
    return undefined
  }
}
