// Two people are connected: whole calls in simulated time. SIP and media are played.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import { createConnectRobot, notConnected, type ConnectPlan } from '../robot/connect.ts'
import { CallStage } from './testing.ts'
import { waitings } from './waiting-sound.ts'

log.level = 'silent'

const plan: ConnectPlan = { to: '+8613900139000', toAsGiven: '13900139000', callerId: '02160002000', recorded: false, transcribed: false }

/** The first has answered and waits for the other. */
async function waiting(more: Partial<ConnectPlan> = {}, prepare: (s: CallStage) => void = () => {}): Promise<CallStage> {
  const robot = createConnectRobot({ ...plan, ...more })
  const s = new CallStage((event, signal) => robot.handle(event, signal))
  s.robot.transcribed = robot.transcribed
  s.robot.talkMsMax = robot.talkMsMax
  prepare(s)
  await s.answered()
  await s.time.advance(2_000)
  return s
}
const said = (s: CallStage) => s.events.flatMap((event) => (event.type === 'robot-said' ? [event.text] : []))

async function ended(s: CallStage): Promise<void> {
  await s.time.advance(10_000)
  assert.ok(s.result, 'the call has ended')
  assert.ok(s.media.ports.every(({ closes }) => closes > 0), 'every port is closed')
  assert.ok(s.agent.invites.every((invite) => invite.over || invite.hangUps > 0), 'every leg was hung up')
  assert.equal(s.givenBack, s.admitted.length, 'every room was given back')
}

test('the second is called with their own number shown, and the two talk as soon as they answer', async () => {
  using s = await waiting()
  assert.deepEqual(s.admitted, ['+8613900139000'])
  assert.equal(s.invite.options.headers?.some(([name]) => name === 'X-Trunk'), true)
  assert.match(s.invite.options.from, /02160002000/)
  s.invite.ring()
  await s.time.advance(5_000)
  assert.deepEqual(said(s), [waitings.party.line])
  assert.deepEqual(s.events.flatMap((event) => (event.type === 'transfer' ? [[event.state, event.party]] : [])), [['calling', true], ['ringing', true]])
  s.invite.answer()
  await s.time.advance(100)
  assert.deepEqual([...s.media.joined], ['bridge 0 1'])
  await s.time.advance(20_000)
  s.agent.invites[0]!.bye()
  await ended(s)
  assert.deepEqual([s.result!.conversation, s.result!.reason.by, s.agent.invites[1]!.hangUps], ['transferred', 'callee', 1])
})

test('what the two say is written down only where that is wanted; otherwise nobody listens at all', async () => {
  for (const transcribed of [false, true]) {
    using s = await waiting({ transcribed })
    s.invite.answer()
    await s.time.advance(200)
    const frames = () => s.asr.streams.reduce((sum, stream) => sum + stream.frames.length, 0)
    const before = frames()
    for (const [port, text] of [[s.port, '你好老王'], [s.media.ports[1]!, '你好老李']] as const) {
      s.asr.texts.push(text)
      port.speak(600)
      await s.time.advance(300)
      if (!transcribed) assert.equal(frames(), before)
      await s.time.advance(2_700)
    }
    const turns = s.events.flatMap((event) => (event.type === 'callee-said' || event.type === 'colleague-said' ? [event.text] : []))
    assert.deepEqual(turns, transcribed ? ['你好老王', '你好老李'] : [])
    s.agent.invites[1]!.bye()
    await ended(s)
    assert.equal(s.result!.reason.detail, 'colleague-hung-up')
  }
})

for (const [status, why] of [[486, 'busy'], [480, 'no-answer'], [603, 'declined'], [404, 'invalid-number'], [503, 'unreachable']] as const) {
  test(`a second who is not to be had (${status}) is told to the first, and the call ends`, async () => {
    using s = await waiting()
    s.invite.fail(status)
    await ended(s)
    assert.equal(said(s).at(-1), notConnected[why])
    assert.deepEqual([s.result!.reason.outcome, s.result!.reason.by, s.result!.conversation], ['answered', 'robot', undefined])
    assert.deepEqual(s.result!.notes.findLast(({ slots }) => slots)?.slots, { party: why })
  })
}

test('a second whom the rules forbid is not dialled', async () => {
  using s = await waiting({}, (stage) => (stage.admitFails = new RefusedError('calling-hours', '不在可呼时段内')))
  assert.equal(s.agent.invites.length, 1)
  await ended(s)
  assert.equal(said(s).at(-1), notConnected.refused)
})

test('a first who hangs up while the other rings ends that call as well', async () => {
  using s = await waiting()
  s.invite.ring()
  await s.time.advance(2_000)
  s.agent.invites[0]!.bye()
  await ended(s)
  assert.equal(s.agent.invites[1]!.hangUps, 1)
  assert.equal(s.result!.conversation, undefined)
})

test('a call that is cancelled while the other rings, or while they talk, ends for both', async () => {
  for (const talks of [false, true]) {
    using s = await waiting()
    if (talks) s.invite.answer()
    else s.invite.ring()
    await s.time.advance(2_000)
    s.abort.abort({ by: 'user', detail: 'cancelled-by-user' })
    await ended(s)
    assert.equal(s.result!.reason.by, 'user')
    assert.ok(s.agent.invites.every(({ hangUps }) => hangUps === 1))
  }
})

test('the limit counts from the answer of the first, and ends the talk of the two', async () => {
  using s = await waiting({ talkMsMax: 15_000 })
  s.invite.answer()
  await s.time.advance(11_000)
  assert.equal(s.result, undefined)
  await ended(s)
  assert.deepEqual([s.result!.reason.detail, s.result!.conversation], ['talk-limit', 'transferred'])
})

test('a first who never answers costs the second no call', async () => {
  const robot = createConnectRobot(plan)
  using s = new CallStage((event, signal) => robot.handle(event, signal))
  await s.place()
  s.invite.fail(486)
  await ended(s)
  assert.deepEqual([s.result!.reason.outcome, s.agent.invites.length], ['busy', 1])
})
