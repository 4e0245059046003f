// Knows how well a given syllable string explains the audio. Does not know words or phrases.
import { NEVER } from './logarithm.ts'
import { BLANK, type Step } from './network.ts'

/**
 * Steps of one utterance prepared for scoring many strings: probabilities instead of logarithms, computed once per unit.
 * The recursion then needs no logarithm per cell, which makes a list of hundreds of phrases cheap.
 */
export class CtcScorer {
  readonly #steps: readonly Step[]
  readonly #probabilities = new Map<number, Float64Array>()

  constructor(steps: readonly Step[]) {
    this.#steps = steps
  }

  /** log P(units | steps) by the CTC forward recursion; NEVER when there are too few steps or no units. */
  score(units: readonly number[]): number {
    const steps = this.#steps.length
    if (units.length === 0 || units.length > steps) return NEVER
    const blank = this.#probabilitiesOf(BLANK)
    const columns = units.map((unit) => this.#probabilitiesOf(unit))
    // State 2i is the blank before syllable i, 2i + 1 the syllable; the last state is the blank at the end.
    const size = 2 * units.length + 1
    const states = new Float64Array(size)
    states[0] = blank[0]!
    states[1] = columns[0]![0]!
    let logScale = 0
    for (let t = 1; t < steps; t++) {
      const silence = blank[t]!
      let sum = 0
      // From the last state down, so that one array holds both the old and the new step.
      for (let s = size - 1; s >= 0; s--) {
        let value = states[s]! + (s > 0 ? states[s - 1]! : 0)
        if ((s & 1) === 0) value *= silence
        else {
          const i = s >> 1
          if (i > 0 && units[i] !== units[i - 1]) value += states[s - 2]!
          value *= columns[i]![t]!
        }
        states[s] = value
        sum += value
      }
      if (!(sum > 0)) return NEVER
      // Scaled back before it underflows.
      if (sum < 1e-100) {
        for (let s = 0; s < size; s++) states[s]! /= sum
        logScale += Math.log(sum)
      }
    }
    const total = states[size - 1]! + states[size - 2]!
    return total > 0 ? Math.log(total) + logScale : NEVER
  }

  #probabilitiesOf(unit: number): Float64Array {
    let probabilities = this.#probabilities.get(unit)
    if (!probabilities) {
      probabilities = Float64Array.from(this.#steps, (step) => Math.exp(step.units[unit]!))
      this.#probabilities.set(unit, probabilities)
    }
    return probabilities
  }
}
