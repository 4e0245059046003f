// Learns src/robot/script/turn-weights.bin from phrases and labelled turns: multinomial logistic regression by stochastic gradient, the same
// weights every time. Turns that measure it (freshTurns) are not learnt from. Usage: node tools/train-turns.ts
import { writeFileSync } from 'node:fs'
import { phrases } from '../src/robot/intent-phrases.ts'
import type { AskedQuestion } from '../src/robot/intents.ts'
import { seenTurns } from '../src/robot/script/fresh-turns.test-data.ts'
import { beliefs, learntIntents, rowsOf, weightRows, weightStep } from '../src/robot/script/learnt-turns.ts'
import { situations, utterances } from '../src/robot/script/utterances.test-data.ts'

const passes = 30
const rate = 0.3
const decay = 1e-4

type Example = { rows: readonly number[]; column: number }
const example = (text: string, intent: string, asked: AskedQuestion | undefined): Example => ({ rows: rowsOf(text, asked), column: learntIntents.findIndex((one) => one === intent) })
const labelled = [...utterances.filter(({ own }) => !own), ...seenTurns].map(({ text, situation, intent }) => example(text, intent, situations[situation].asked))
const examples = [...Object.entries(phrases).flatMap(([intent, texts]) => texts.map((text) => example(text, intent, undefined))), ...labelled].filter(({ column }) => column >= 0)

/** Park and Miller: the same order every time. */
let seed = 1
const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647

const columns = learntIntents.length
const weights = new Float64Array(weightRows * columns)
for (let pass = 0; pass < passes; pass += 1) {
  const step = rate / (1 + pass * 0.1)
  for (const { rows, column } of examples.map((one) => ({ one, at: random() })).sort((a, b) => a.at - b.at).map(({ one }) => one)) {
    const shares = beliefs(rows, weights, 1)
    const scale = 1 / Math.sqrt(rows.length)
    for (const row of rows) {
      for (let at = 0; at < columns; at += 1) {
        const index = row * columns + at
        weights[index]! += step * scale * ((at === column ? 1 : 0) - shares[at]!) - step * decay * weights[index]!
      }
    }
  }
}
const table = Int8Array.from(weights, (weight) => Math.max(-127, Math.min(127, Math.round(weight / weightStep))))
writeFileSync(new URL('../src/robot/script/turn-weights.bin', import.meta.url), table)
const right = examples.filter(({ rows, column }) => beliefs(rows, table, weightStep).reduce((best, share, at, all) => (share > all[best]! ? at : best), 0) === column).length
console.log(`${examples.length} examples, ${right} learnt, ${table.length} bytes`)
