import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, keptOf, lineRules, type Decision } from './decide.ts'
import { callbackActions, type CallbackAction } from './reply.ts'

const stops = (action: CallbackAction, p: { codeBreak: boolean; actionBreak: boolean; playing: boolean; hasMedia?: boolean }): Decision =>
  decide({ action, actionBreak: p.actionBreak, hasMedia: p.hasMedia ?? true }, p.playing ? [{ breakable: p.codeBreak }] : [])

test('every combination of what plays, what the answer may do and how long a voice has to last', () => {
  // action_code_break of what plays · action_break of the answer · time-break of what plays · playing → stopped by the answer, stopped by the line.
  const table = [
    [true, true, 0, true, 'stopped', 'never'],
    [true, true, 0, false, 'goes on', 'never'],
    [true, true, 300, true, 'stopped', 'after 300'],
    [true, true, 300, false, 'goes on', 'after 300'],
    [true, false, 0, true, 'goes on', 'never'],
    [true, false, 0, false, 'goes on', 'never'],
    [true, false, 300, true, 'goes on', 'after 300'],
    [true, false, 300, false, 'goes on', 'after 300'],
    [false, true, 0, true, 'goes on', 'never'],
    [false, true, 0, false, 'goes on', 'never'],
    // action_code_break=false beats everything: the time-break counts only beside true.
    [false, true, 300, true, 'goes on', 'never'],
    [false, true, 300, false, 'goes on', 'never'],
    [false, false, 0, true, 'goes on', 'never'],
    [false, false, 0, false, 'goes on', 'never'],
    [false, false, 300, true, 'goes on', 'never'],
    [false, false, 300, false, 'goes on', 'never'],
  ] as const
  assert.equal(new Set(table.map((row) => row.slice(0, 4).join())).size, 2 ** 4)
  for (const [codeBreak, actionBreak, timeBreakMs, playing, byAnswer, byLine] of table) {
    const name = `code_break=${codeBreak} action_break=${actionBreak} time_break=${timeBreakMs} playing=${playing}`
    for (const action of ['play', 'break', 'hangup', 'transfer', 'dtmf', 'parallel_transfer', 'parallel_bridge'] as const) {
      const { stop, play } = stops(action, { codeBreak, actionBreak, playing })
      assert.equal(stop, byAnswer === 'stopped', `${action}: ${name}`)
      assert.equal(play, action !== 'break', `${action}: ${name}`)
    }
    for (const action of ['continue', 'donothing'] as const) assert.deepEqual(stops(action, { codeBreak, actionBreak, playing }), { stop: false, play: false, deed: 'nothing' }, `${action}: ${name}`)
    const rules = lineRules({ breakable: codeBreak, timeBreakMs })
    assert.deepEqual(rules, byLine === 'never' ? { interruptible: false, timeBreakMs: undefined } : { interruptible: true, timeBreakMs: 300 }, name)
  }
})

test('an answer that plays nothing stops nothing, except where stopping or leaving is what it is for', () => {
  const stopping = callbackActions.filter((action) => stops(action, { codeBreak: true, actionBreak: true, playing: true, hasMedia: false }).stop)
  assert.deepEqual(stopping, ['break', 'hangup', 'transfer'])
})

test('what is heard decides whether an answer stops it, and what may not be interrupted is kept although it only waits', () => {
  const [first, second, third] = [{ breakable: true }, { breakable: false }, { breakable: true }]
  assert.deepEqual(decide({ action: 'play', actionBreak: true, hasMedia: true }, [first, second, third]), { stop: true, play: true, deed: 'nothing' })
  assert.deepEqual(keptOf([first, second, third]), [second])
  // Behind what may not be interrupted everything waits its turn.
  assert.equal(decide({ action: 'play', actionBreak: true, hasMedia: true }, [second, first]).stop, false)
  assert.equal(decide({ action: 'hangup', actionBreak: true, hasMedia: false }, [second, first]).stop, false)
})

test('each action leads to its own deed', () => {
  const deeds = Object.fromEntries(callbackActions.map((action) => [action, stops(action, { codeBreak: true, actionBreak: true, playing: false }).deed]))
  assert.deepEqual(deeds, {
    play: 'nothing', break: 'nothing', continue: 'nothing', donothing: 'nothing',
    hangup: 'hang-up', transfer: 'transfer', dtmf: 'collect', parallel_transfer: 'parallel-transfer', parallel_bridge: 'bridge',
  })
})
