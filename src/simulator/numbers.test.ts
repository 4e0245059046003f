// Checks which callee answers at which number.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { behaviourOf, numberTable } from './numbers.ts'
import { loadPersona } from './persona.ts'

test('each number of the table has a persona that can be read', () => {
  for (const behaviour of Object.values(numberTable)) {
    if ('persona' in behaviour) assert.ok(loadPersona(behaviour.persona))
  }
})

test('the documented numbers do what is documented', () => {
  assert.deepEqual(behaviourOf('13800138000'), { kind: 'answers', persona: 'cooperative', ringMs: 1_200 })
  assert.deepEqual(behaviourOf('13800138002'), { kind: 'rings' })
  for (const [number, status, cause] of [['13800138001', 486, 17], ['13800138003', 480, 20], ['13800138004', 404, 1], ['13800138005', 480, 27], ['13800138006', 603, 21]] as const) {
    const behaviour = behaviourOf(number)
    assert.ok(behaviour.kind === 'refuses' || behaviour.kind === 'announces')
    assert.deepEqual([behaviour.status, behaviour.q850], [status, cause])
  }
})

test('any other number always does the same', () => {
  for (const number of ['13911112222', '02158881234', '95588', '1']) assert.deepEqual(behaviourOf(number), behaviourOf(number))
})

test('what is not a number, or is the name of something else, is a callee as well', () => {
  for (const digits of ['', 'constructor', '__proto__', 'toString', 'hasOwnProperty', '张三']) assert.ok(behaviourOf(digits).kind, digits)
})

test('other numbers behave in the shares of a notification list, also when they follow each other', () => {
  const counts = new Map<string, number>()
  const calls = 20_000
  for (let i = 0; i < calls; i += 1) {
    const behaviour = behaviourOf(String(13_912_340_000 + i))
    const key = 'persona' in behaviour ? behaviour.persona : behaviour.kind
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const share = (key: string) => Math.round((100 * (counts.get(key) ?? 0)) / calls)
  assert.ok(Math.abs(share('cooperative') - 40) <= 2, `${share('cooperative')} % cooperate`)
  assert.ok(Math.abs(share('rings') - 15) <= 2, `${share('rings')} % ring`)
  assert.ok(Math.abs(share('refuses') - 14) <= 2, `${share('refuses')} % refuse`)
  assert.ok(Math.abs(share('announces') - 5) <= 2, `${share('announces')} % announce`)
  assert.equal(counts.has('congested-once'), false, 'a retry is a matter of its own number')
})
