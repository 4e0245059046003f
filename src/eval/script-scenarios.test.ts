// Checks that scenarios of a script find what is wrong, that coverage names what was missed, and that a typed conversation is the same one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scriptOf } from '../robot/script/read-script.ts'
import { createScriptRobot } from '../robot/script/script-robot.ts'
import { soundScript } from '../robot/script/script.test-data.ts'
import { recordOf } from './testing.ts'
import { chat } from '../robot/script/typed-talk.ts'
import { coverageOf, describeCoverage } from './script-coverage.ts'
import { checkPrivacy, readScriptScenarios, runScriptScenario } from './script-scenarios.ts'

const script = scriptOf(soundScript, 'visit.yaml')
const all = (scenario: string) => readScriptScenarios(`version: 1\nvalues: { org: 丽家家电, name: 张伟, time: 明天下午3点 }\nscenarios:\n  - ${scenario}\n`, 'visit.scenarios.yaml')
const wrongOf = async (scenario: string): Promise<string> => {
  const read = all(scenario)
  return (await runScriptScenario(script, read, read.scenarios[0]!)).wrong.join('\n')
}

test('a scenario that goes as it should is right', async () => {
  assert.equal(await wrongOf('{ title: 在家, talk: [是我, 可以], outcome: confirmed, grade: A, tags: [will_be_home], says: [下午三点] }'), '')
})

for (const [scenario, says] of [
  ['{ title: 结果, talk: [是我, 可以], outcome: declined }', /confirmed，应为 expected declined/],
  ['{ title: 意向, talk: [是我, 可以], outcome: confirmed, grade: C }', /grade A .*expected C/],
  ['{ title: 标签, talk: [是我, 不行, 周六], outcome: declined, tags: [will_be_home] }', /will_be_home/],
  ['{ title: 槽位, talk: [是我, 不行, 周六], outcome: declined, slots: { wish: 周日 } }', /周六，应有 expected 周日/],
  ['{ title: 反应, talk: [{ says: 是我, expect: [上午] }, 可以], outcome: confirmed }', /“是我” → .*缺 lacks 上午/],
  ['{ title: 禁语, talk: [{ says: 是我, never: [下午3点] }, 可以], outcome: confirmed }', /有 holds 下午3点/],
  ['{ title: 全程禁语, talk: [是我, 可以], outcome: confirmed, never: [师傅] }', /有 holds 师傅/],
  ['{ title: 没人挂, talk: [是我, { hangsUp: true }, 可以], outcome: confirmed }', /delivered/],
] as const) {
  test(`a scenario finds what is wrong: ${scenario}`, async () => assert.match(await wrongOf(scenario), says))
}

test('a private value told to whoever never confirmed is found, however it was told', () => {
  const values = { org: '丽家家电', name: '张伟', time: '明天下午3点', fee: '1280' }
  const times = { acceptedAt: new Date('2026-03-02T10:00:00+08:00'), now: new Date('2026-03-02T10:00:00+08:00') }
  for (const words of ['师傅明天下午三点来', '费用1280元', '是明天，也就是3月3日星期二下午3点。']) {
    assert.equal(checkPrivacy(script, values, times, recordOf([`R ${words}`])).length, 1, words)
    assert.deepEqual(checkPrivacy(script, values, times, recordOf([`R ${words}`], { notes: [{ identity: 'yes' }] })), [])
  }
  assert.deepEqual(checkPrivacy(script, values, times, recordOf(['R 我是丽家家电的AI语音助手，请问是张伟吗'])), [])
})

test('scenarios that are wrong say where, and values that cannot be told are refused', async () => {
  assert.throws(() => all('{ title: 好, outcome: perfect }'), /visit\.scenarios\.yaml:4: scenarios\.0\.outcome/)
  assert.throws(() => readScriptScenarios('a: [', 'x.yaml'), /x\.yaml:1/)
  const read = all('{ title: 缺, values: { name: "123" }, outcome: confirmed }')
  await assert.rejects(runScriptScenario(script, read, read.scenarios[0]!), /name/)
})

test('coverage counts what was taken and names what was not', async () => {
  const read = all('{ title: 在家, talk: [是我, 可以], outcome: confirmed }')
  const { traces } = await runScriptScenario(script, read, read.scenarios[0]!)
  const coverage = coverageOf(script, traces)
  assert.deepEqual([coverage.nodes.taken, coverage.nodes.of], [3, 7])
  assert.ok(coverage.ways.missed.includes('nodes.tell.on.reschedule') && !coverage.ways.missed.includes('nodes.hello.on.affirm'))
  assert.match(describeCoverage(coverage), /节点 nodes {2}3\/7（43 %）\n {2}未走到 missed: nodes\.when、/)
})

test('typing holds the same conversation: words, silence and what was noted', async () => {
  const printed: string[] = []
  async function* typed(): AsyncIterable<string> {
    yield* await Promise.resolve(['', '是我', '可以', '没人听了'])
  }
  const acceptedAt = new Date('2026-03-02T10:00:00+08:00')
  await chat(createScriptRobot({ script, values: { org: '丽家家电', name: '张伟', time: '明天下午3点' }, acceptedAt, now: () => acceptedAt }), typed(), (line) => printed.push(line))
  const talk = printed.join('\n')
  assert.match(talk, /（沉默）\n[\s\S]*能听到吗[\s\S]*对方 {3}是我[\s\S]*下午3点[\s\S]*outcome=confirmed/)
  assert.doesNotMatch(talk, /没人听了/)
})
