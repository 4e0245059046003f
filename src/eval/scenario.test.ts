// Checks what a scenario file may say, and that what is wrong in one is named with its file and line.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { factsExpected, loadScenarios, parseScenario } from './scenario.ts'

const good = `version: 1
title: 会议
requirement: 通知张伟明天上午9点开会
callee: { persona: 本人 }
turns:
  - { says: 是我, confirms: true }
  - { says: 好的 }
facts: { time: 上午九点 }
expect: { outcome: confirmed }
`

test('a short scenario is whole: what it leaves out has its default', () => {
  const scenario = parseScenario(good, 'notice/meeting')
  assert.equal(scenario.id, 'notice/meeting')
  assert.deepEqual([scenario.callee.voice, scenario.attempt, scenario.expect.doNotCall, scenario.expect.endedBy], ['m1', 1, false, 'robot'])
  assert.equal(factsExpected(scenario), 'once')
  assert.ok(scenario.facts['time']![0]!.test('明天上午9点'), 'numbers are found however they are written')
})

for (const [what, from, to, wanted] of [
  ['a version of the future', 'version: 1', 'version: 2', /meeting\.yaml:1: version must be 1/],
  ['a word that nobody knows', 'title: 会议', 'title: 会议\ncolour: red', /meeting\.yaml:1: .*colour/],
  ['an outcome that does not exist', 'outcome: confirmed', 'outcome: happy', /meeting\.yaml:9: expect\.outcome\.0 must be one of confirmed/],
  ['a turn of no form', '{ says: 好的 }', '{ shouts: 好的 }', /meeting\.yaml:7: turns\.1 must begin with one of says, murmurs, silent, presses, hangsUp/],
  ['a turn with a wrong field, named by it', '{ says: 好的 }', '{ says: 好的, asks: money }', /meeting\.yaml:7: turns\.1\.asks must be one of robot, stop/],
  ['a number without quotes, which YAML would change', 'time: 上午九点', 'code: 0327', /meeting\.yaml:8: facts\.code\.0 must be text: put numbers in quotes/],
  ['a pattern that is none', 'time: 上午九点', "time: '/(/'", /meeting\.yaml:8: facts\.time\.0 is no pattern/],
  ['a time without offset', 'callee:', 'acceptedAt: 2026-03-02T10:00:00\ncallee:', /meeting\.yaml:4: acceptedAt must be a date and time with its offset/],
  ['no facts although somebody confirms', 'facts: { time: 上午九点 }', 'facts: {}', /facts must name what the call is to tell/],
  ['a stop without the registration', '{ says: 好的 }', '{ says: 别打了, asks: stop }', /expect\.doNotCall must be true/],
  ['an end by a callee who never hangs up', 'outcome: confirmed', 'outcome: confirmed, endedBy: callee', /no turn has hangsUp/],
  ['broken YAML', 'callee: {', 'callee: {{', /meeting\.yaml:\d+: /],
] as const) {
  test(`refuses ${what}`, () => {
    const source = good.replace(from, to)
    assert.notEqual(source, good)
    assert.throws(() => parseScenario(source, 'notice/meeting', 'meeting.yaml'), (error: Error) => error instanceof InvalidInputError && wanted.test(error.message) || assert.fail(error.message))
  })
}

test('a folder is read in the order of its names, and every wrong file of it is told at once', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'waihu-scenarios-'))
  try {
    mkdirSync(path.join(folder, 'b'))
    assert.throws(() => loadScenarios(folder), /no scenario/)
    writeFileSync(path.join(folder, 'b', 'two.yaml'), good)
    writeFileSync(path.join(folder, 'a.yml'), good)
    assert.deepEqual(loadScenarios(folder).map(({ id }) => id), ['a', 'b/two'])
    assert.deepEqual(loadScenarios(path.join(folder, 'b', 'two.yaml')).map(({ id }) => id), ['two'])
    writeFileSync(path.join(folder, 'x.yaml'), 'version: 3')
    writeFileSync(path.join(folder, 'y.yaml'), 'version: 4')
    assert.throws(() => loadScenarios(folder), /x\.yaml[\s\S]*y\.yaml/)
    assert.throws(() => loadScenarios(path.join(folder, 'none')), /There is no/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
