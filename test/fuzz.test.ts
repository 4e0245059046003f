// A slice of what `node bench/fuzz.ts` does at length, and every case that ever failed.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keptCases } from './fuzz/corpus.ts'
import { diceOf, INPUT_MS_MAX, Probe } from './fuzz/fuzz-kind.ts'
import { fuzzKinds } from './fuzz/index.ts'

const INPUTS = 30_000
const SEED = 20_26

describe('damaged input', () => {
  for (const [name, { kind, share }] of Object.entries(fuzzKinds)) {
    test(`${Math.round(INPUTS * share)} inputs of kind ${name} break nothing`, { timeout: 60_000 }, async () => {
      const probe = new Probe()
      for (let index = 0; probe.inputs < INPUTS * share; index += 1) {
        const steps = kind.draw(diceOf(SEED, name, index))
        try {
          await kind.play(steps, probe)
        } catch (error) {
          throw new Error(`case ${index} of seed ${SEED}: node bench/fuzz.ts --kind ${name} --seed ${SEED} --case ${index}`, { cause: error })
        }
      }
      assert.ok(probe.slowest.cpuMs < INPUT_MS_MAX, `one input took ${probe.slowest.cpuMs} ms`)
    })
  }
})

describe('inputs that once did harm', () => {
  for (const { file, kind, why, steps } of keptCases()) {
    test(`${file}: ${why}`, { timeout: 30_000 }, async () => {
      const probe = new Probe()
      await fuzzKinds[kind]!.kind.play(steps, probe)
      assert.ok(probe.slowest.cpuMs < INPUT_MS_MAX, `one input took ${probe.slowest.cpuMs} ms`)
    })
  }
})
