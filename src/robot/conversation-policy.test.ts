import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countMove, limits, type Move, type MoveCounts, moves, nextMove, type Signal, type Stage, turnsMax } from './conversation-policy.ts'

const fresh = (): MoveCounts => ({ before: {}, after: {} })
const stages = Object.keys(moves) as Exclude<Stage, 'closed'>[]
const signals = Object.keys(moves.identity) as Signal[]

void test('answers the identity row as the call is laid down', () => {
  const row: Partial<Record<Signal, Move>> = {
    affirm: 'tell', deny: 'ask-for-person', repeat: 'ask-again', who: 'say-who', robot: 'admit-robot', busy: 'ask-call-back', refuse: 'end-refused', other: 'ask-again', silence: 'check-line',
    stop: 'end-stopped', 'wrong-number': 'end-wrong-number', 'third-party': 'leave-word', voicemail: 'end-machine', human: 'end-handover', wait: 'hold', abuse: 'calm',
  }
  for (const [signal, move] of Object.entries(row)) assert.equal(nextMove('identity', signal as Signal, fresh(), false, 1), move, signal)
})

void test('answers the confirm row as the call is laid down', () => {
  const row: Partial<Record<Signal, Move>> = {
    affirm: 'go-on', deny: 'end-declined', repeat: 'repeat', who: 'answer', robot: 'admit-robot', busy: 'persuade', refuse: 'end-refused', question: 'answer', other: 'repeat', silence: 'check-line', stop: 'end-stopped', human: 'end-handover',
  }
  for (const [signal, move] of Object.entries(row)) assert.equal(nextMove('confirm', signal as Signal, fresh(), true, 1), move, signal)
})

void test('asks again twice and then gives up unconfirmed', () => {
  const counts = fresh()
  const made = Array.from({ length: 3 }, () => {
    const move = nextMove('identity', 'other', counts, false, 1)
    countMove(counts, move, false)
    return move
  })
  assert.deepEqual(made, ['ask-again', 'ask-again', 'end-unconfirmed'])
})

void test('checks the line twice, then ends silent or delivered', () => {
  for (const [stage, identified, end] of [['identity', false, 'end-silent'], ['confirm', true, 'end-delivered']] as const) {
    const counts = fresh()
    const made = Array.from({ length: 3 }, () => {
      const move = nextMove(stage, 'silence', counts, identified, 1)
      countMove(counts, move, identified)
      return move
    })
    assert.deepEqual(made, ['check-line', 'check-line', end])
  }
})

void test('repeats three times, persuades once, asks once for another time, calms once', () => {
  for (const [signal, expected] of [
    ['repeat', ['repeat', 'repeat', 'repeat', 'end-delivered']],
    ['busy', ['persuade', 'ask-call-back', 'end-busy']],
    ['abuse', ['calm', 'end-refused']],
  ] as const) {
    const counts = fresh()
    assert.deepEqual(expected.map(() => {
      const move = nextMove('confirm', signal, counts, true, 1)
      countMove(counts, move, true)
      return move
    }), expected)
  }
})

void test('ends from every stage on stop, a machine and a plea for a person', () => {
  for (const stage of stages) {
    assert.equal(nextMove(stage, 'stop', fresh(), false, 1), 'end-stopped')
    assert.equal(nextMove(stage, 'voicemail', fresh(), false, 1), 'end-machine')
    assert.equal(nextMove(stage, 'human', fresh(), false, 1), 'end-handover')
    assert.equal(nextMove(stage, 'wrong-number', fresh(), false, 1), 'end-wrong-number')
  }
})

void test('never tells facts to anybody who is not the person', () => {
  const telling: readonly Move[] = ['go-on', 'repeat', 'answer', 'note-answer']
  for (const stage of ['identity', 'hand-over', 'fetching', 'call-back'] as const) {
    for (const signal of signals) {
      const move = nextMove(stage, signal, fresh(), false, 1)
      assert.ok(!telling.includes(move), `${stage} ${signal}`)
      if (move === 'tell') assert.equal(`${stage} ${signal}`, 'identity affirm')
    }
  }
})

void test('stops making moves that are used up, on every path', () => {
  for (const stage of stages) {
    for (const signal of signals) {
      for (const identified of [false, true]) {
        const counts = fresh()
        let made: Move[] = []
        for (let i = 0; i < 60; i += 1) {
          const move = nextMove(stage, signal, counts, identified, 1)
          countMove(counts, move, identified)
          made = [...made, move]
          if (move.startsWith('end-') || move === 'note-call-back' || move === 'note-answer' || move === 'tell') break
        }
        assert.ok(/^(?:end-|note-|tell)/.test(made.at(-1)!), `${stage} ${signal}: ${made.join(' ')}`)
      }
    }
  }
})

void test('says goodbye after the last turn allowed', () => {
  assert.notEqual(nextMove('confirm', 'repeat', fresh(), true, turnsMax), 'end-limit')
  assert.equal(nextMove('confirm', 'repeat', fresh(), true, turnsMax + 1), 'end-limit')
  assert.equal(nextMove('confirm', 'stop', fresh(), true, turnsMax + 1), 'end-stopped', 'what ends anyway keeps its meaning')
  assert.equal(nextMove('closed', 'affirm', fresh(), true, 1), 'end-limit')
})

void test('limits only moves that exist and ends every chain of substitutes', () => {
  for (const [move, { before, after }] of Object.entries(limits)) for (const substitute of [before, after]) {
    let at: Move = substitute
    for (let i = 0; i < 4 && limits[at] && !at.startsWith('end-'); i += 1) at = limits[at]!.before
    assert.ok(at.startsWith('end-'), `${move} → ${substitute}`)
  }
})
