// Holds the scripts that come with the project against their scenarios, in text: as written and with the small words people put in front.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { scriptPurposes } from '../robot/script/schema.ts'
import { scriptOf } from '../robot/script/read-script.ts'
import { coverageOf } from './script-coverage.ts'
import { readScriptScenarios, runScriptScenario } from './script-scenarios.ts'
import { variationOf } from './variation.ts'

const folder = new URL('../../scripts-library/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.endsWith('.scenarios.yaml'))

test('there is a script for every purpose', () => {
  assert.deepEqual(names.map((name) => scriptOf(read(name), name).purpose).toSorted(), [...scriptPurposes].toSorted())
})

for (const name of names) {
  const beside = name.replace('.yaml', '.scenarios.yaml')
  test(`${name} passes its check and every scenario, and each of its nodes is reached`, async () => {
    const script = scriptOf(read(name), name)
    const all = readScriptScenarios(read(beside), beside)
    assert.ok(all.scenarios.length >= 12, `${all.scenarios.length}`)
    const traces = []
    const wrong: string[] = []
    for (const scenario of all.scenarios) {
      for (let repeat = 0; repeat < 4; repeat += 1) {
        const run = await runScriptScenario(script, all, scenario, variationOf(7, `${name} ${scenario.title}`, repeat))
        traces.push(...run.traces)
        wrong.push(...run.wrong.map((why) => `${scenario.title} #${repeat}: ${why}`))
      }
    }
    assert.deepEqual(wrong, [])
    const { nodes, ways } = coverageOf(script, traces)
    assert.deepEqual(nodes.missed, [])
    assert.ok(ways.taken / ways.of >= 0.6, ways.missed.join('、'))
  })
}

test('the script in the documentation passes the check', () => {
  const page = readFileSync(new URL('../../docs/scripts.md', import.meta.url), 'utf8')
  const example = /```yaml\n([\s\S]*?)```/u.exec(page)![1]!
  assert.equal(scriptOf(example, 'docs/scripts.md').id, 'visit')
})
