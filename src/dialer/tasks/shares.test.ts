import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mulberry } from './chance.test-data.ts'
import { noTurns, shareOut, type Claimant, type Turns } from './shares.ts'

const claim = (task: number, account: string, want: number, weight = 5): Claimant => ({ task, account, want, weight })

void test('accounts share evenly, however many tasks and numbers each of them has', () => {
  const { shares } = shareOut(60, [claim(1, 'a', 200_000), claim(2, 'a', 200_000), claim(3, 'a', 200_000), claim(4, 'b', 200)], noTurns)
  assert.deepEqual([shares.get(4), [1, 2, 3].map((task) => shares.get(task))], [30, [10, 10, 10]])
})

void test('tasks of an account share by their weight', () => {
  const { shares } = shareOut(90, [claim(1, 'a', 1_000, 10), claim(2, 'a', 1_000, 5)], noTurns)
  assert.deepEqual([shares.get(1), shares.get(2)], [60, 30])
})

void test('what one does not want goes to the others', () => {
  const { shares } = shareOut(100, [claim(1, 'a', 3), claim(2, 'b', 1_000)], noTurns)
  assert.deepEqual([shares.get(1), shares.get(2)], [3, 97])
})

void test('single slots go round, also when there is one at a time', () => {
  let turns: Turns = noTurns
  const got = new Map<number, number>()
  for (let pass = 0; pass < 90; pass += 1) {
    const out = shareOut(1, [claim(1, 'a', 10), claim(2, 'b', 10), claim(3, 'b', 10)], turns)
    turns = out.turns
    for (const [task, count] of out.shares) got.set(task, (got.get(task) ?? 0) + count)
  }
  assert.equal(got.get(1), 45)
  assert.ok(Math.abs(got.get(2)! - got.get(3)!) <= 1)
})

void test('who comes later does not make up for the time before', () => {
  let { turns } = shareOut(1_000, [claim(1, 'a', 10_000)], noTurns)
  const out = shareOut(100, [claim(1, 'a', 10_000), claim(2, 'b', 10_000)], turns)
  turns = out.turns
  assert.deepEqual([out.shares.get(1), out.shares.get(2)], [50, 50])
})

void test('over random claims nothing is given that is not there or not wanted, and nothing is left that somebody wants', () => {
  const chance = mulberry(3)
  let turns: Turns = noTurns
  for (let run = 0; run < 300; run += 1) {
    const claimants = Array.from({ length: Math.floor(chance() * 12) }, (_, task) => claim(task, `acc${Math.floor(chance() * 4)}`, Math.floor(chance() * 20), 1 + Math.floor(chance() * 10)))
    const slots = Math.floor(chance() * 60)
    const out = shareOut(slots, claimants, turns)
    turns = out.turns
    const given = [...out.shares.values()].reduce((sum, each) => sum + each, 0)
    const wanted = claimants.reduce((sum, { want }) => sum + want, 0)
    assert.equal(given, Math.min(slots, wanted))
    for (const { task, want } of claimants) assert.ok((out.shares.get(task) ?? 0) <= want)
  }
})
