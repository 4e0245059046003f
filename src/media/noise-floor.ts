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
const LEVELS = Math.max(...STEADY.map(({ frames }) => frames)) + 1
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
  /** The lowest of them. */
  #lowestMinimum = Infinity
  /** The last levels, as a ring. */
  readonly #levels = new Float64Array(LEVELS)
  /** Of the levels that each line of STEADY looks at: their sum, and that of their squares. */
  readonly #sums = new Float64Array(STEADY.length)
  readonly #squares = new Float64Array(STEADY.length)
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
    this.#remember(levelDbfs)
    if (this.#frames % WINDOW_FRAMES === 0) {
      this.#minima.push(this.#windowMin)
      if (this.#minima.length > WINDOWS) this.#minima.shift()
      this.#lowestMinimum = Math.min(...this.#minima)
      this.#windowMin = this.#smoothed
    }
    this.#update(speech)
  }

  #remember(levelDbfs: number): void {
    this.#levels[this.#frames % LEVELS] = levelDbfs
    for (let i = 0; i < STEADY.length; i++) {
      // What is not there yet is 0 and takes nothing away.
      const gone = this.#levels[(this.#frames + LEVELS - STEADY[i]!.frames) % LEVELS]!
      this.#sums[i]! += levelDbfs - gone
      this.#squares[i]! += levelDbfs * levelDbfs - gone * gone
    }
    this.#frames++
  }

  #update(speech: boolean): void {
    const steadyDbfs = this.#steadyLevel()
    if (steadyDbfs !== undefined && steadyDbfs > this.#floorDbfs) {
      this.#minima.length = 0
      this.#lowestMinimum = Infinity
      this.#windowMin = 10 ** (steadyDbfs / 10)
      this.#floorDbfs = steadyDbfs
      return
    }
    const lowest = 10 * Math.log10(Math.min(this.#windowMin, this.#lowestMinimum))
    // A call may begin with speech: what was heard first says nothing about the noise as long as it goes on.
    const known = this.#minima.length > 0 && !speech
    const rise = this.#minima.length === WINDOWS ? RISE_DB_PER_FRAME : 0
    const highest = known ? Infinity : this.#floorDbfs + rise
    this.#floorDbfs = Math.max(this.#options.dbfsMin, Math.min(lowest, highest))
  }

  /** Mean of the last levels when they hardly varied. */
  #steadyLevel(): number | undefined {
    for (let i = 0; i < STEADY.length; i++) {
      const { frames, deviationDb } = STEADY[i]!
      if (this.#frames < frames) return undefined
      const mean = this.#sums[i]! / frames
      if (this.#squares[i]! / frames - mean * mean <= deviationDb * deviationDb) return mean
    }
    return undefined
  }
}
