// Checks how events reach a robot and what becomes of a robot that hangs, throws or turns in circles. Does not touch audio.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RobotAction, RobotEvent } from '../robot/robot.ts'
import { FakeTime } from '../speech/testing.ts'
import { RobotRunner } from './robot-runner.ts'
import { after, FakeRobot, hangs, say, type Reaction } from './testing.ts'

const utterance = (text: string, more: Partial<Extract<RobotEvent, { type: 'utterance' }>> = {}): RobotEvent => ({ type: 'utterance', text, beginAtMs: 0, endAtMs: 100, confidence: 0.9, bargeIn: false, ...more })
const played = (id: string): RobotEvent => ({ type: 'played', say: id, heardText: '好', cut: false })

function stage(react: Reaction) {
  const time = new FakeTime()
  const robot = new FakeRobot(react)
  const actions: { action: RobotAction; context: string | undefined }[] = []
  const failures: string[] = []
  const runner = new RobotRunner<string>({
    robot,
    now: time.now,
    onAction: (action, context) => actions.push({ action, context }),
    onFailed: (error) => failures.push(error.message),
  })
  const heard = () => robot.events.map((event) => (event.type === 'utterance' ? event.text : event.type))
  return { time, robot, actions, failures, runner, heard, [Symbol.dispose]: () => time[Symbol.dispose]() }
}

test('events are handled one at a time, in order, and actions come with what was posted', async () => {
  let running = 0
  using s = stage((event) => {
    assert.equal(running, 0)
    running += 1
    return (async function* () {
      await new Promise((resolve) => setTimeout(resolve, 100))
      yield { type: 'note', note: { intent: event.type } } as const
      running -= 1
    })()
  })
  s.runner.post({ type: 'answered', atMs: 0, firstWords: '' }, 'first')
  s.runner.post(played('a'), 'second')
  s.runner.post({ type: 'silence', count: 1 })
  await s.time.advance(500)
  assert.deepEqual(s.heard(), ['answered', 'played', 'silence'])
  assert.deepEqual(s.actions.map(({ context }) => context), ['first', 'second', undefined])
  assert.equal(s.runner.isBusy, false)
})

test('new words interrupt the answer to the old ones, which gives nothing more', async () => {
  using s = stage((event) => (event.type === 'utterance' && event.text === '旧' ? after(200, say('旧的回答')) : [say('新的回答')]))
  s.runner.post(utterance('旧'))
  await s.time.advance(100)
  s.runner.post(utterance('新'))
  await s.time.advance(120)
  assert.deepEqual(s.heard(), ['旧', '新'], 'a robot that stops is not waited for')
  await s.time.advance(1_000)
  assert.deepEqual(s.actions.map(({ action }) => (action.type === 'say' ? action.parts : action)), [[{ type: 'text', text: '新的回答' }]])
})

test('words that go on take the place of fewer words, and a finished turn that of its beginning; neither is told twice at once', async () => {
  const partial = (text: string): RobotEvent => ({ type: 'partial', text, beginAtMs: 0, endAtMs: 100 })
  using s = stage(() => after(200))
  const told = () => s.robot.events.map((event) => (event.type === 'partial' || event.type === 'utterance' ? `${event.type} ${event.text}` : event.type))
  s.runner.post(partial('我想'))
  s.runner.post(partial('我想改'))
  s.runner.post(played('a'))
  s.runner.post(partial('我想改到'))
  await s.time.advance(600)
  assert.deepEqual(told(), ['partial 我想', 'played', 'partial 我想改到'], 'what is thought about is not interrupted by more words')
  s.runner.post(partial('我想改到后'))
  s.runner.post(utterance('我想改到后天'))
  await s.time.advance(600)
  // The first of an idle robot is handed over at once.
  assert.deepEqual(told().slice(3), ['partial 我想改到后', 'utterance 我想改到后天'])
})

test('keys interrupt as words do; what was heard does not', async () => {
  using s = stage((event) => (event.type === 'answered' ? after(300, say('您好')) : []))
  s.runner.post({ type: 'answered', atMs: 0, firstWords: '' })
  await s.time.advance(100)
  s.runner.post(played('a'))
  await s.time.advance(300)
  assert.equal(s.actions.length, 1)
  s.runner.post({ type: 'answered', atMs: 0, firstWords: '' })
  await s.time.advance(100)
  s.runner.post({ type: 'digits', digits: '1', ended: 'pressed' })
  await s.time.advance(1_000)
  assert.equal(s.actions.length, 1)
  assert.deepEqual(s.heard(), ['answered', 'played', 'answered', 'digits'])
})

test('a robot that ignores its signal is left after half a second, and the next event is handed over', async () => {
  using s = stage((event) => (event.type === 'utterance' && event.text === '一' ? hangs() : [say('好')]))
  s.runner.post(utterance('一'))
  await s.time.advance(100)
  s.runner.post(utterance('二'))
  await s.time.advance(480)
  assert.deepEqual(s.heard(), ['一'])
  assert.equal(s.runner.owesAnswer, true)
  await s.time.advance(60)
  assert.deepEqual(s.heard(), ['一', '二'])
  assert.equal(s.actions.length, 1)
  assert.equal(s.runner.owesAnswer, false)
})

test('words that pile up become one turn with the times and the doubts of all', async () => {
  using s = stage((event) => (event.type === 'answered' ? hangs() : []))
  s.runner.post({ type: 'answered', atMs: 0, firstWords: '' })
  s.runner.post(utterance('我是', { beginAtMs: 10, endAtMs: 20, confidence: 0.5 }), 'one')
  s.runner.post(utterance('你说', { beginAtMs: 30, endAtMs: 40, confidence: 0.8, bargeIn: true, silentMs: 5 }), 'two')
  await s.time.advance(1_000)
  assert.deepEqual(s.robot.of('utterance'), [{ type: 'utterance', text: '我是，你说', beginAtMs: 10, endAtMs: 40, confidence: 0.5, bargeIn: true, silentMs: 5 }])
})

test('a robot that is interrupted is asked once more, so that it can take back what it gave out', async () => {
  let takenBack = 0
  using s = stage((_, signal) =>
    (async function* () {
      yield say('一')
      await new Promise((resolve) => setTimeout(resolve, 100))
      if (signal.aborted) takenBack += 1
      else yield say('二')
    })(),
  )
  s.runner.post(utterance('旧'))
  await s.time.advance(50)
  s.runner.interrupt()
  await s.time.advance(500)
  assert.equal(takenBack, 1)
  assert.equal(s.actions.length, 1)
})

test('an interruption drops what silence would have asked, and nothing else', async () => {
  using s = stage((event) => (event.type === 'answered' ? hangs() : []))
  s.runner.post({ type: 'answered', atMs: 0, firstWords: '' })
  s.runner.post({ type: 'silence', count: 1 })
  s.runner.post(played('a'))
  s.runner.interrupt()
  await s.time.advance(1_000)
  assert.deepEqual(s.heard(), ['answered', 'played'])
})

test('an answer is owed for words, keys, silence and the pick-up, from the event until the robot is done', async () => {
  const owing: RobotEvent[] = [{ type: 'answered', atMs: 0, firstWords: '' }, utterance('喂'), { type: 'silence', count: 1 }, { type: 'digits', digits: '1', ended: 'pressed' }]
  for (const event of owing) {
    using s = stage(() => after(100))
    s.runner.post(event)
    assert.equal(s.runner.owesAnswer, true, event.type)
    await s.time.advance(200)
    assert.equal(s.runner.owesAnswer, false, event.type)
  }
  for (const event of [played('a'), { type: 'transfer', state: 'failed' } as const]) {
    using s = stage(() => after(100))
    s.runner.post(event)
    assert.equal(s.runner.owesAnswer, false, event.type)
  }
})

test('a robot that throws is told, at once or in the middle, and the next event is handled', async () => {
  using s = stage((event) => {
    if (event.type === 'answered') throw new Error('at once')
    return (async function* () {
      yield say('一')
      throw new Error('in the middle')
    })()
  })
  s.runner.post({ type: 'answered', atMs: 0, firstWords: '' })
  s.runner.post(played('a'))
  await s.time.advance(100)
  assert.deepEqual(s.failures, ['at once', 'in the middle'])
  assert.equal(s.actions.length, 1)
})

test('what a robot throws after it was interrupted is nobody\'s', async () => {
  using s = stage((_, signal) =>
    (async function* (): AsyncGenerator<RobotAction> {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
      yield say('太晚')
    })(),
  )
  s.runner.post(utterance('一'))
  await s.time.advance(100)
  s.runner.interrupt()
  await s.time.advance(100)
  assert.deepEqual(s.failures, [])
})

test('a robot that turns in circles is stopped, although it never lets go of the thread', async () => {
  using time = new FakeTime()
  const failures: string[] = []
  const runner: RobotRunner<string> = new RobotRunner<string>({
    robot: new FakeRobot(() => [{ type: 'transfer', to: '10086' }]),
    now: time.now,
    onAction: () => runner.post({ type: 'transfer', state: 'failed' }),
    onFailed: (error) => {
      failures.push(error.message)
      runner.retire(true)
    },
  })
  runner.post({ type: 'answered', atMs: 0, firstWords: '' })
  await time.advance(100)
  assert.deepEqual(failures, ['more than 5000 actions'])
  assert.equal(runner.isBusy, false)
})

test('an endless stream of actions is stopped', async () => {
  using s = stage(() => ({
    *[Symbol.iterator]() {
      for (;;) yield { type: 'note', note: {} } as const
    },
  }))
  s.runner.post({ type: 'answered', atMs: 0, firstWords: '' })
  await s.time.advance(100)
  assert.equal(s.actions.length, 5_000)
  assert.equal(s.failures.length, 1)
  assert.equal(s.runner.isBusy, false)
})

// ── The end ──────────────────────────────────────────────────────────────────

test('a retired robot is told only what was heard, when it is finished, and then that it is over', async () => {
  using s = stage(() => [])
  s.runner.retire(true)
  s.runner.post(utterance('还在吗'))
  s.runner.post(played('a'))
  s.runner.post({ type: 'silence', count: 1 })
  await s.time.advance(100)
  assert.deepEqual(s.heard(), [])
  await s.runner.finish(1_000)
  assert.deepEqual(s.heard(), ['played', 'ended'])
})

test('a robot that retires softly finishes what it is doing', async () => {
  using s = stage(() => after(100, { type: 'note', note: { outcome: 'confirmed' } }))
  s.runner.post(utterance('好的'))
  s.runner.retire(false)
  await s.time.advance(200)
  assert.equal(s.actions.length, 1)
})

test('of what a robot does at its end only notes count', async () => {
  using s = stage((event) => (event.type === 'ended' ? [say('再见'), { type: 'note', note: { summary: '已通知' } }, { type: 'hang-up' }] : []))
  await s.runner.finish(1_000)
  assert.deepEqual(s.actions.map(({ action }) => action), [{ type: 'note', note: { summary: '已通知' } }])
})

test('a robot that hangs, before or at its end, does not hold the call longer than the limit', async () => {
  for (const react of [hangs, (event: RobotEvent) => (event.type === 'ended' ? hangs() : [])]) {
    using s = stage(react)
    s.runner.post(utterance('一'))
    await s.time.advance(100)
    let finished = false
    void s.runner.finish(1_000).then(() => (finished = true))
    await s.time.advance(1_020)
    assert.equal(finished, true)
  }
})

test('a robot that throws at its end is an error of finish', async () => {
  using s = stage(() => {
    throw new Error('no summary')
  })
  await assert.rejects(s.runner.finish(1_000), /no summary/)
})
