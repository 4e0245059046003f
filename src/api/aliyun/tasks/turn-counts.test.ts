import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { CallEvent } from '../../../events.ts'
import { scriptOf } from '../../../robot/script/read-script.ts'
import { countTurns } from './turn-counts.ts'

const script = scriptOf(readFileSync(new URL('../../../../scripts-library/notice.yaml', import.meta.url), 'utf8'), 'notice.yaml')
const step = (name: string): CallEvent => ({ type: 'noted', note: { step: name } })
const said = (intent: string): CallEvent[] => [
  { type: 'callee-said', turn: 1, text: '…', beginAtMs: 0, endAtMs: 1, confidence: 1, bargeIn: false },
  { type: 'noted', note: { intent, source: 'script' } },
]

test('each turn counts once, as what it meant where the conversation stood', () => {
  const events = [
    step('hello'), ...said('affirm'), step('tell'), step('details'),
    ...said('contact'), ...said('who'), ...said('question'), ...said('other'), ...said('repeat'), ...said('deny'), step('not_agreed'), ...said('refuse'), ...said('stop'), ...said('none'),
  ]
  assert.deepEqual(countTurns(events, script), {
    dialogCount: 10, sureCount: 1, denyCount: 1, rejectCount: 2, customCount: 1, knowledgeCount: 3, defaultCount: 1, knowledgeBusinessCount: 2, knowledgeCommonCount: 1,
  })
})

test('the sum of the kinds is the number of turns that meant something', () => {
  const intents = ['affirm', 'deny', 'refuse', 'abuse', 'contact', 'human', 'busy', 'other', 'wait', 'thanks', 'goodbye', 'greeting']
  const counts = countTurns([step('details'), ...intents.flatMap(said)], script)
  assert.equal(counts.sureCount + counts.denyCount + counts.rejectCount + counts.customCount + counts.knowledgeCount + counts.defaultCount, intents.length)
})

test('a call without words has nothing to count, and a machine is nobody\'s turn', () => {
  assert.deepEqual(Object.values(countTurns([], script)), Array.from({ length: 9 }, () => 0))
  assert.equal(countTurns([{ type: 'noted', note: { intent: 'voicemail' } }], script).knowledgeCommonCount, 0)
})

test('without the script, ways of its own still count', () => {
  assert.equal(countTurns([step('x'), ...said('contact')], undefined).customCount, 1)
})
