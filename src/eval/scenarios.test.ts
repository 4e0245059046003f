// Holds the project's own scenarios in text: by the rules, by a model that behaves, and by one that misbehaves in every way. All hard checks pass.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { failed, evaluate } from './evaluate.ts'
import { LoopbackModel, mannersOf } from './loopback-model.ts'
import { misdeeds } from './model-manners.ts'
import { describeRun } from './report-text.ts'
import { type ModelEndpoint, robotMaker } from './robots.ts'
import { loadScenarios } from './scenario.ts'
import { runInText } from './text-call.ts'
import { variationOf } from './variation.ts'

const log = pino({ level: 'silent' })
const scenarios = loadScenarios(fileURLToPath(new URL('../../scenarios', import.meta.url)))

async function score(endpoint: ModelEndpoint | undefined, repeat: number): Promise<string> {
  const make = robotMaker(endpoint)
  const runs = await evaluate({
    scenarios, repeat, jobs: endpoint === undefined ? 1 : 8,
    hold: (scenario, index) => runInText({ scenario, variation: variationOf(7, scenario.id, index), robot: (sinceAnswerMs) => make(scenario, { callId: scenario.id, sinceAnswerMs, log }) }),
  })
  assert.equal(runs.length, scenarios.length * repeat)
  return runs.filter(failed).map((run) => describeRun(run, false)).join('\n')
}

test('there are scenarios of every kind that people meet', () => {
  const tags = new Set(scenarios.flatMap((scenario) => scenario.tags))
  for (const tag of ['notice', 'appointment', 'delivery', 'survey', 'repair', 'payment', 'medical', 'privacy', 'elderly', 'child', 'third-party', 'slip', 'refusal', 'insult', 'injection', 'machine', 'stop', 'barge-in', 'silence']) assert.ok(tags.has(tag), tag)
  assert.ok(scenarios.length >= 60, `${scenarios.length}`)
})

test('the rules pass every hard check, as written and in nine variations', async () => assert.equal(await score(undefined, 10), ''))

for (const manners of ['loopback', 'loopback:all', ...misdeeds.map((one) => `loopback:${one}`)]) {
  test(`a model in front of the rules passes every hard check: ${manners}`, async () => {
    await using model = await LoopbackModel.start(mannersOf(manners))
    assert.equal(await score(model.endpoint, 1), '')
    assert.ok(model.answers > 40, `the model was asked ${model.answers} times`)
  })
}
