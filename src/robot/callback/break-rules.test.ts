// Checks who interrupts what between a callback server and the callee, over every combination of the published rules: from the bytes of the answer to
// what the line is told. What the line makes of it is in src/call/voice-loop.break-rules.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callbackActions } from './reply.ts'
import { answered, deeds, plan, played, Talk, words } from './talk-rig.ts'

const onOff = [true, false] as const

/** How servers write a boolean: as one, as a text, not at all where it is the default. */
const spellings = { true: [true, 'true', undefined], false: [false, 'false'] } as const

const actions = {
  // With media to put in its place · without. `deed`: what else the line is told.
  play: { stops: true, stopsBare: false, plays: true, deed: undefined },
  break: { stops: true, stopsBare: true, plays: false, deed: undefined },
  continue: { stops: false, stopsBare: false, plays: false, deed: undefined },
  donothing: { stops: false, stopsBare: false, plays: false, deed: undefined },
  hangup: { stops: true, stopsBare: true, plays: true, deed: 'hang-up' },
  transfer: { stops: true, stopsBare: true, plays: true, deed: 'transfer' },
  dtmf: { stops: true, stopsBare: false, plays: true, deed: 'collect-digits' },
  parallel_transfer: { stops: true, stopsBare: false, plays: true, deed: 'parallel-transfer' },
  parallel_bridge: { stops: true, stopsBare: false, plays: true, deed: undefined },
} as const satisfies Record<(typeof callbackActions)[number], object>

test('every combination of action, action_code_break of what plays, action_break, time-break, playing and media to play', async () => {
  let cases = 0
  for (const action of callbackActions) for (const breakable of onOff) for (const actionBreak of onOff) for (const timeBreakMs of [0, 300]) for (const playing of onOff) for (const hasMedia of onOff) for (const spelling of spellings[`${actionBreak}`]) {
    const rule = actions[action]
    const name = JSON.stringify({ action, breakable, actionBreak, spelling, timeBreakMs, playing, hasMedia })
    const talk = new Talk([], { opening: { ...plan.opening, breakable, timeBreakMs } })
    const [, , opening] = await talk.hear(answered)
    assert.ok(opening?.type === 'say')
    // The line stops what plays by itself only where a time-break counts, never by words.
    const breaksOff = breakable && timeBreakMs > 0
    assert.deepEqual([opening.interruptible, opening.timeBreakMs], breaksOff ? [true, 300] : [false, undefined], name)
    if (!playing) await talk.hear(played(1))
    talk.prepare({ action, number: '13800138000', ...(hasMedia && { action_code: '$t$', action_code_param: '{"t":"好的"}' }), ...(spelling !== undefined && { action_break: spelling }) })
    const done = deeds(await talk.hear(words('等一下'))).filter((deed) => !deed.startsWith('problem'))
    const stopped = playing && breakable && actionBreak && (hasMedia ? rule.stops : rule.stopsBare)
    const plays = hasMedia && rule.plays
    const expected = [...(stopped ? ['stop'] : []), ...(plays ? ['say 好的'] : []), ...(rule.deed === undefined ? [] : [rule.deed])]
    // A play of nothing in a silent line would be a silence of ours.
    if (action === 'play' && !hasMedia && !playing) expected.push(`say ${plan.server.fallback}`)
    assert.deepEqual(done, expected, name)
    assert.equal(talk.sent[0]!.content['is_playing'], String(playing), name)
    cases += 1
  }
  assert.equal(cases, 9 * 2 * 2 * 2 * 2 * (3 + 2))
})

test('what an answer plays has the rules of that answer: code_break and time-break of the next one', async () => {
  for (const breakable of onOff) for (const timeBreakMs of [undefined, 0, '300']) {
    const talk = await new Talk([{ action: 'play', action_code: '$t$', action_code_param: { t: '甲' }, action_code_break: breakable, action_code_time_break: timeBreakMs }, { action: 'break' }]).opened()
    const say = (await talk.hear(words('一'))).find(({ type }) => type === 'say')
    assert.ok(say?.type === 'say')
    assert.deepEqual([say.interruptible, say.timeBreakMs], breakable && timeBreakMs === '300' ? [true, 300] : [false, undefined])
    assert.deepEqual(deeds(await talk.hear(words('二'))), breakable ? ['stop'] : [])
  }
})

test('media that may not be interrupted and still waits is said again after a stop, whoever stopped what was heard', async () => {
  const firm = { action: 'play', action_code: '$t$', action_code_param: { t: '重要' }, action_code_break: false, action_break: false }
  const loose = { ...firm, action_code_param: { t: '不重要' }, action_code_break: true }
  const byAnswer = new Talk([firm, loose, { action: 'play', action_code: '$t$', action_code_param: { t: '好的' } }])
  await byAnswer.hear(answered)
  assert.deepEqual(deeds(await byAnswer.hear(words('一'))), ['say 重要'])
  assert.deepEqual(deeds(await byAnswer.hear(words('二'))), ['say 不重要'])
  assert.deepEqual(deeds(await byAnswer.hear(words('三'))), ['stop', 'say 重要', 'say 好的'])
  // Now that it is heard nothing stops it, and its own end is told by its new name.
  for (const n of [1, 2, 3]) await byAnswer.hear(played(n, { cut: true }))
  byAnswer.prepare({ action: 'break' }, { action: 'continue' })
  assert.deepEqual(deeds(await byAnswer.hear(words('四'))), [])
  assert.deepEqual(byAnswer.sent.at(-1)!.content['is_playing'], 'true')
  await byAnswer.hear(played(4))
  await byAnswer.hear(played(5))
  await byAnswer.hear(words('五'))
  assert.equal(byAnswer.sent.at(-1)!.content['is_playing'], 'false')

  const byVoice = new Talk([firm, { action: 'donothing' }], { opening: { ...plan.opening, timeBreakMs: 300 } })
  await byVoice.hear(answered)
  await byVoice.hear(words('一'))
  assert.deepEqual(deeds(await byVoice.hear({ type: 'time-break', text: '等' })), ['say 重要'])
  assert.deepEqual(byVoice.sent.at(-1)!.content['current_media_code'], 'hello.wav,$name$')
})

test('a timebreak is answered like any turn, with nothing playing any more', async () => {
  for (const [answer, done] of [
    [{ action: 'continue' }, []],
    [{ action: 'break' }, []],
    [{ action: 'play', action_code: '$t$', action_code_param: { t: '您说' }, action_break: false }, ['say 您说']],
    [{ action: 'hangup' }, ['hang-up']],
  ] as const) {
    const talk = new Talk([answer], { opening: { ...plan.opening, timeBreakMs: 300 } })
    await talk.hear(answered)
    assert.deepEqual(deeds(await talk.hear({ type: 'time-break', text: '等' })), done, answer.action)
  }
})
