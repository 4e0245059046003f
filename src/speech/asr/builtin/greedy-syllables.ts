// Knows the most probable syllables, without any knowledge of words. Does not know text.
import { BLANK, type Step } from './network.ts'

export type HeardSyllable = {
  /** Unit number of the model. */
  unit: number
  /** Step with the highest probability. */
  step: number
  /** That probability, 0 … 1. */
  probability: number
}

/** Best path of an utterance, fed step by step. */
export class GreedySyllables {
  readonly heard: HeardSyllable[] = []
  #previous = BLANK
  #count = 0

  push(step: Step): void {
    const unit = mostProbable(step.units)
    const index = this.#count++
    const last = this.heard.at(-1)
    if (unit !== BLANK) {
      const probability = Math.exp(step.units[unit]!)
      if (unit !== this.#previous || !last) this.heard.push({ unit, step: index, probability })
      else if (probability > last.probability) Object.assign(last, { step: index, probability })
    }
    this.#previous = unit
  }
}

function mostProbable(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}
