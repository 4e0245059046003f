// Checks the score of a syllable string against its definition. Does not use real weights.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CtcScorer } from './ctc-score.ts'
import { NEVER } from './logarithm.ts'
import type { Step } from './network.ts'

/** Steps from rows of probabilities [blank, a, b]. */
const steps = (rows: number[][]): Step[] => rows.map((row) => ({ units: Float32Array.from(row, Math.log), tones: new Float32Array(5) }))

/** Sum over every path that collapses to the wanted string: the definition, 3^steps paths. */
function byDefinition(rows: number[][], wanted: string): number {
  let total = 0
  for (let code = 0; code < 3 ** rows.length; code++) {
    const path = rows.map((_, t) => Math.floor(code / 3 ** t) % 3)
    const collapsed = path.filter((unit, t) => unit !== 0 && unit !== path[t - 1]).join('')
    if (collapsed === wanted) total += path.reduce((product, unit, t) => product * rows[t]![unit]!, 1)
  }
  return Math.log(total)
}

const rows = [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.4, 0.2, 0.4], [0.7, 0.2, 0.1], [0.2, 0.3, 0.5]]

for (const wanted of ['1', '2', '12', '11', '121', '112', '1122']) {
  test(`sums all paths of ${wanted}`, () => {
    const score = new CtcScorer(steps(rows)).score(Array.from(wanted, Number))
    const expected = byDefinition(rows, wanted)
    if (expected === -Infinity) assert.equal(score, NEVER)
    else assert.ok(Math.abs(score - expected) < 1e-6, `${score} is not ${expected}`)
  })
}

test('nothing, and more than there are steps, never fits', () => {
  const scorer = new CtcScorer(steps(rows))
  assert.equal(scorer.score([]), NEVER)
  assert.equal(scorer.score([1, 2, 1, 2, 1, 2]), NEVER)
})

test('long and improbable strings do not underflow', () => {
  const long = new CtcScorer(steps(Array.from({ length: 2000 }, () => [1e-9, 1e-9, 1 - 2e-9])))
  const score = long.score([1, 1, 1])
  assert.ok(Number.isFinite(score) && score < -60 && score > -42_000, String(score))
})
