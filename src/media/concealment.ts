// Knows how to continue speech over a hole: the last pitch period, repeated and faded. Does not know packets.

/** Output that must precede the hole to find a pitch in it. */
export const CONCEALMENT_HISTORY_SAMPLES = 320

/** 50 … 200 Hz at 8000 Hz. */
const PITCH_SAMPLES_MIN = 40
const PITCH_SAMPLES_MAX = 160
/** Full level for 10 ms, gone after 60 ms: a longer hole sounds better empty than as a buzz. */
const HOLD_SAMPLES = 80
const FADE_SAMPLES = 400
/** Blend from made-up to real speech when the hole ends. */
const BLEND_SAMPLES = 32

export class Concealment {
  #period = new Int16Array(0)
  /** Samples since the hole began; -1 outside a hole. */
  #run = -1

  /** Fills `line[from, to)`; `line` holds at least CONCEALMENT_HISTORY_SAMPLES of earlier output before `from` when a hole begins. */
  fill(line: Int16Array, from: number, to: number): void {
    if (this.#run < 0) {
      this.#run = 0
      const pitch = findPitch(line, from)
      this.#period = line.slice(from - pitch, from)
    }
    for (let i = from; i < to; i += 1) line[i] = this.#nextSample()
  }

  /** A hole is open, and nothing can be heard of it (any more). */
  get isSilent(): boolean {
    return this.#run >= 0 && !this.#isAudible()
  }

  /** Real audio stands in `line[from, to)`: blends its start when a hole just ended. */
  resume(line: Int16Array, from: number, to: number): void {
    if (this.#run < 0) return
    // After silence, or a hole long faded, there is nothing to blend with: the first sound stays as it is.
    const blend = this.#isAudible() ? Math.min(BLEND_SAMPLES, to - from) : 0
    for (let i = 0; i < blend; i += 1) {
      const real = i / blend
      line[from + i] = line[from + i]! * real + this.#nextSample() * (1 - real)
    }
    this.#run = -1
  }

  /** Silence was meant: nothing is continued. */
  reset(): void {
    this.#run = -1
  }

  #isAudible(): boolean {
    return gainAt(this.#run) > 0 && this.#period.some((sample) => sample !== 0)
  }

  #nextSample(): number {
    const run = this.#run
    this.#run += 1
    return this.#period[run % this.#period.length]! * gainAt(run)
  }
}

function gainAt(run: number): number {
  return run < HOLD_SAMPLES ? 1 : Math.max(0, 1 - (run - HOLD_SAMPLES) / FADE_SAMPLES)
}

/** The lag before `end` at which the last 20 ms repeat best, by normalised correlation over every second sample. */
function findPitch(line: Int16Array, end: number): number {
  let best = PITCH_SAMPLES_MAX
  let bestScore = 0
  for (let lag = PITCH_SAMPLES_MIN; lag <= PITCH_SAMPLES_MAX; lag += 1) {
    let product = 0
    let energy = 1
    for (let i = end - 160; i < end; i += 2) {
      const past = line[i - lag]!
      product += line[i]! * past
      energy += past * past
    }
    if (product <= 0) continue
    const score = (product * product) / energy
    if (score > bestScore) {
      bestScore = score
      best = lag
    }
  }
  return best
}
