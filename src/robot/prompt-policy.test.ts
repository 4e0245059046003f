import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Move, moves, type Signal, type Stage } from './conversation-policy.ts'
import { isFreeTurn } from './prompt-policy.ts'

const stages = Object.keys(moves) as Exclude<Stage, 'closed'>[]
const everyTurn = stages.flatMap((stage) => (Object.entries(moves[stage]) as [Signal, Move][]).map(([signal, move]) => ({ stage, signal, move })))

void test('leaves nothing to a model before the person is confirmed but the telling itself', () => {
  for (const { stage, signal, move } of everyTurn.filter(({ stage }) => ['identity', 'hand-over', 'fetching', 'call-back'].includes(stage))) {
    assert.equal(isFreeTurn({ move, signal, text: '什么事啊？' }), move === 'tell', `${stage} ${signal}`)
  }
})

void test('keeps what the law and courtesy ask for with the rules in every stage', () => {
  for (const signal of ['stop', 'voicemail', 'wrong-number', 'third-party', 'robot', 'human', 'abuse', 'silence', 'unclear', 'goodbye', 'refuse', 'busy', 'wait', 'who', 'repeat', 'none'] as const) {
    for (const { move } of everyTurn.filter((turn) => turn.signal === signal)) assert.ok(!isFreeTurn({ move, signal, text: '什么？' }), `${signal} ${move}`)
  }
})

void test('leaves questions and small talk after it to the model', () => {
  assert.ok(isFreeTurn({ move: 'answer', signal: 'question', text: '停车方便吗' }))
  assert.ok(isFreeTurn({ move: 'repeat', signal: 'other', text: '我可能晚一点' }))
  assert.ok(isFreeTurn({ move: 'go-on', signal: 'other', text: '那天我正好在' }))
})

void test('lets a yes that also asks be answered, and a plain yes end', () => {
  assert.ok(isFreeTurn({ move: 'go-on', signal: 'affirm', text: '可以，不过几点结束？' }))
  assert.ok(!isFreeTurn({ move: 'go-on', signal: 'affirm', text: '可以，没问题' }))
  assert.ok(isFreeTurn({ move: 'end-declined', signal: 'deny', text: '去不了，能改天吗' }))
  assert.ok(!isFreeTurn({ move: 'end-declined', signal: 'deny', text: '去不了' }))
})
