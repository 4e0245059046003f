// Holds, inserts, transfers and listeners in whole calls in simulated time: what the callee hears, who is called and hung up, what is told.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OverloadedError, RefusedError } from '../errors.ts'
import type { CallEvent } from '../events.ts'
import { log } from '../log.ts'
import { CallStage, greets, say } from './testing.ts'
import { waitings } from './waiting-sound.ts'

log.level = 'silent'

const colleague = '+8613900139000'
const supervisor = '+8613700137000'

/** A call in which the robot has greeted; `asks` is what it does about the callee's next words. */
async function talking(...asks: Parameters<typeof greets>): Promise<CallStage> {
  const s = await new CallStage(greets(...asks)).answered()
  await s.time.advance(4_000)
  return s
}

const states = (s: CallStage) => s.events.filter((event): event is Extract<CallEvent, { type: 'transfer' }> => event.type === 'transfer').map(({ state }) => state)
const listening = (s: CallStage) => s.events.filter((event): event is Extract<CallEvent, { type: 'listening' }> => event.type === 'listening').map(({ state }) => state)
const said = (s: CallStage) => s.events.flatMap((event) => (event.type === 'robot-said' ? [event.text] : []))
const callee = (s: CallStage) => s.agent.invites[0]!
const open = (s: CallStage) => s.media.ports.filter((port) => port.closes === 0).length

/** Runs the call to its end by a hang-up of the callee, and holds that nothing is left over. */
async function ended(s: CallStage, hangUp = true): Promise<void> {
  if (hangUp) callee(s).bye()
  await s.time.advance(8_000)
  assert.ok(s.result, 'the call has ended')
  assert.equal(open(s), 0, 'every port is closed')
  assert.ok(s.agent.invites.every((invite) => invite.over || invite.hangUps > 0), 'every leg was hung up')
  assert.equal(s.givenBack, s.admitted.length, 'every room was given back')
}

describe('a bridged transfer', () => {
  test('lets the callee wait with a line and ring-back, joins the two, and ends with the callee', async () => {
    using s = await talking()
    assert.deepEqual(await s.command({ type: 'transfer', phone: colleague }), { ok: true, state: 'calling' })
    assert.equal(s.agent.invites.length, 2)
    assert.match(s.invite.options.requestUri, /13900139000/)
    assert.deepEqual(s.admitted, [colleague])
    s.invite.ring()
    const waitsSinceMs = s.time.now()
    await s.time.advance(40_000)
    assert.deepEqual(said(s).slice(1), [waitings.colleague.line, waitings.colleague.again, waitings.colleague.again])
    assert.ok(s.port.longestSilenceMs(waitsSinceMs + 1_000) <= 4_100, `the callee hears nothing for ${s.port.longestSilenceMs(waitsSinceMs + 1_000)} ms`)
    s.invite.answer()
    await s.time.advance(100)
    assert.deepEqual([...s.media.joined], ['bridge 0 1'])
    const joinedAtMs = s.time.now()
    await s.time.advance(5_000)
    assert.ok(s.port.longestSilenceMs(joinedAtMs) > 4_800, 'the robot is silent then')
    assert.deepEqual(states(s), ['calling', 'ringing', 'answered', 'joined'])
    assert.deepEqual(s.standing.at(-1), [{ callId: 'call-0' }, { callId: 'call-1' }], 'a survivor knows both legs')
    await ended(s)
    assert.deepEqual([s.result!.conversation, s.result!.reason.by, s.result!.reason.detail], ['transferred', 'callee', 'callee-hung-up'])
    assert.equal(s.agent.invites[1]!.hangUps, 1, 'the colleague is hung up')
    assert.ok(s.result!.talkMs > 45_000, 'the bill runs over the whole call')
  })

  test('writes down what both say, in one order of turns, and what went on before is the robot\'s', async () => {
    using s = await talking()
    await s.command({ type: 'transfer', phone: colleague })
    s.invite.answer()
    await s.time.advance(200)
    const speak = async (port: typeof s.port, text: string) => {
      s.asr.texts.push(text)
      port.speak(600)
      await s.time.advance(3_000)
    }
    await speak(s.media.ports[1]!, '您好，我是人工客服')
    await speak(s.port, '我想改时间')
    await speak(s.media.ports[1]!, '没问题')
    const turns = s.events.flatMap((event) => (event.type === 'callee-said' || event.type === 'colleague-said' ? [[event.type, event.text, event.turn]] : []))
    const first = Number(turns[0]![2])
    assert.deepEqual(turns, [['colleague-said', '您好，我是人工客服', first], ['callee-said', '我想改时间', first + 1], ['colleague-said', '没问题', first + 2]])
    await ended(s)
    assert.ok(s.asr.streams.every(({ disposed }) => disposed), 'nobody listens any more')
  })

  test('goes on when the colleague cannot be written down', async () => {
    using s = await talking()
    await s.command({ type: 'transfer', phone: colleague })
    s.asr.openFails = true
    s.invite.answer()
    await s.time.advance(2_000)
    assert.deepEqual([...s.media.joined], ['bridge 0 1'])
    assert.ok(s.events.some((event) => event.type === 'provider-failed' && event.fallback === 'no transcript of the colleague'))
    await ended(s)
    assert.equal(s.result!.reason.by, 'callee')
  })

  test('ends with the colleague, who is told as the one who hung up', async () => {
    using s = await talking()
    await s.command({ type: 'transfer', phone: colleague })
    s.invite.answer()
    await s.time.advance(3_000)
    s.invite.bye()
    await ended(s, false)
    assert.deepEqual([s.result!.reason.outcome, s.result!.reason.by, s.result!.reason.detail], ['answered', 'colleague', 'colleague-hung-up'])
    assert.equal(callee(s).hangUps, 1)
    assert.equal(states(s).at(-1), 'ended')
  })

  for (const [name, status, why] of [['busy', 486, 'busy'], ['declining', 603, 'declined'], ['unknown', 404, 'invalid-number'], ['out of service', 503, 'unreachable']] as const) {
    test(`gives the callee back to the robot when the colleague is ${name}`, async () => {
      using s = await talking((event) => (event.type === 'utterance' ? [say('我听着。')] : []))
      s.robot.react = ((inner) => (event, signal) => (event.type === 'transfer' ? [say('人工暂时不方便，我来帮您。')] : inner(event, signal)))(s.robot.react)
      await s.command({ type: 'transfer', phone: colleague })
      await s.time.advance(3_000)
      s.invite.fail(status)
      await s.time.advance(4_000)
      assert.deepEqual(s.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: why }])
      assert.equal(said(s).at(-1), '人工暂时不方便，我来帮您。')
      const failed = s.events.find((event) => event.type === 'transfer' && event.state === 'failed')
      assert.deepEqual(failed, { type: 'transfer', how: 'bridge', state: 'failed', phone: colleague, why, sipStatus: status, error: `${status} reason ${status}` })
      // And the robot talks on.
      s.asr.texts.push('好的')
      s.port.speak(600)
      await s.time.advance(4_000)
      assert.equal(said(s).at(-1), '我听着。')
      await ended(s)
      assert.notEqual(s.result!.conversation, 'transferred')
    })
  }

  test('rings for as long as it may, then the robot is back', async () => {
    using s = await talking()
    await s.command({ type: 'transfer', phone: colleague })
    assert.equal(s.invite.options.ringMsMax, 30_000)
    s.invite.fail(487, { local: 'timeout' })
    await s.time.advance(500)
    assert.deepEqual(s.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: 'no-answer' }])
    await ended(s)
  })

  test('a callee who leaves while the colleague rings ends that call as well', async () => {
    using s = await talking()
    await s.command({ type: 'transfer', phone: colleague })
    s.invite.ring()
    await s.time.advance(2_000)
    await ended(s)
    assert.equal(s.agent.invites[1]!.hangUps, 1)
  })

  test('a number that is refused right before the INVITE is never dialled', async () => {
    using s = await talking()
    s.hooks.legs!.beforeInvite = () => {
      throw new RefusedError('never-dial', '紧急号码')
    }
    await s.command({ type: 'transfer', phone: '+86110' })
    await s.time.advance(500)
    assert.equal(s.agent.invites.length, 1)
    assert.deepEqual(s.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: 'refused' }])
    await ended(s)
  })

  test('a line without room for one more leg dials nobody', async () => {
    using s = await talking()
    s.admitFails = new OverloadedError('线路已满', 1_000)
    await s.command({ type: 'transfer', phone: colleague })
    await s.time.advance(500)
    assert.equal(s.agent.invites.length, 1)
    assert.equal(s.media.ports.length, 1)
    assert.deepEqual(s.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: 'refused' }])
    await ended(s)
  })

  test('somebody who hangs up by API while the callee waits is heard saying goodbye', async () => {
    using s = await talking()
    await s.command({ type: 'transfer', phone: colleague })
    s.invite.ring()
    await s.time.advance(6_000)
    s.abort.abort({ by: 'user', detail: 'hung-up-by-user' })
    await ended(s, false)
    assert.match(said(s).at(-1)!, /再见/)
    assert.equal(s.agent.invites[1]!.hangUps, 1)
    assert.equal(s.result!.reason.detail, 'hung-up-by-user')
  })

  test('may take longer than a robot may, but not for ever', async () => {
    using s = await new CallStage(greets(), { talkMsMax: 20_000, handover: { by: 'bridge', ringMsMax: 30_000, talkMsMax: 60_000 } }).answered()
    await s.time.advance(3_000)
    await s.command({ type: 'transfer', phone: colleague })
    s.invite.answer()
    await s.time.advance(50_000)
    assert.equal(s.result, undefined)
    await s.time.advance(25_000)
    assert.equal(s.result!.reason.detail, 'talk-limit')
    await ended(s, false)
  })
})

test('a limit that the robot sets to the whole call counts for two people who talk, too', async () => {
  using s = await talking()
  s.robot.talkMsMax = 30_000
  await s.command({ type: 'transfer', phone: colleague })
  s.invite.answer()
  await s.time.advance(24_000)
  assert.equal(s.result, undefined)
  await s.time.advance(12_000)
  assert.deepEqual([s.result!.conversation, s.result!.reason.detail], ['transferred', 'talk-limit'])
  await ended(s, false)
})

describe('a blind transfer', () => {
  const refer = { type: 'transfer', phone: colleague, by: 'refer' } as const

  test('that the far end does ends our part of the call', async () => {
    using s = await talking()
    assert.deepEqual(await s.command(refer), { ok: true, state: 'referring' })
    assert.deepEqual(callee(s).asked, ['refer sip:13900139000@carrier.example'])
    callee(s).referred.resolve({ outcome: 'connected', status: 200 })
    await ended(s, false)
    assert.deepEqual([s.result!.reason.by, s.result!.reason.detail, s.result!.conversation], ['user', 'transferred', 'transferred'])
    assert.equal(s.agent.invites.length, 1, 'we called nobody')
  })

  for (const status of [405, 501, 603]) {
    test(`that the far end refuses with ${status} becomes a bridged one`, async () => {
      using s = await talking()
      await s.command(refer)
      callee(s).referred.resolve({ outcome: 'refused', status })
      await s.time.advance(100)
      assert.equal(s.agent.invites.length, 2)
      s.invite.answer()
      await s.time.advance(200)
      assert.deepEqual([...s.media.joined], ['bridge 0 1'])
      assert.deepEqual(states(s), ['referring', 'calling', 'answered', 'joined'])
      await ended(s)
    })
  }

  test('that the trunk cannot write becomes a bridged one', async () => {
    using s = await talking()
    const trunk = s.trunks.get('trunk')!
    const before = { ...trunk }
    let asked = 0
    trunk.invitation = (phone, callerId) => {
      if (++asked === 1) throw new RefusedError('not-allowed', 'no such number')
      return before.invitation(phone, callerId)
    }
    await s.command(refer)
    assert.deepEqual(states(s).slice(0, 2), ['referring', 'calling'])
    await ended(s)
  })

  test('of which the far end never tells becomes a bridged one after 8 s', async () => {
    using s = await talking()
    await s.command(refer)
    await s.time.advance(7_500)
    assert.equal(s.agent.invites.length, 1)
    await s.time.advance(1_000)
    assert.equal(s.agent.invites.length, 2)
    // News that come too late change nothing.
    callee(s).referred.resolve({ outcome: 'connected', status: 200 })
    await s.time.advance(500)
    assert.equal(s.result, undefined)
    await ended(s)
  })

  test('of which the far end tells that it rings is waited for', async () => {
    using s = await talking()
    await s.command(refer)
    callee(s).referNews!(180)
    await s.time.advance(15_000)
    assert.equal(s.agent.invites.length, 1)
    callee(s).referred.resolve({ outcome: 'failed', status: 486 })
    await s.time.advance(200)
    assert.deepEqual(s.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: 'busy' }])
    await ended(s)
  })
})

describe('a parallel transfer', () => {
  test('the robot talks on, the colleague listens, and they are joined when a clause ends', async () => {
    using s = await talking((event) => (event.type === 'utterance' ? [say('我先为您说明一下，一共有三件事，请您慢慢听。')] : []))
    s.asr.texts.push('转人工')
    s.port.speak(600)
    await s.time.advance(1_400)
    assert.deepEqual(await s.command({ type: 'parallel-transfer', phone: colleague, join: 'by-itself' }), { ok: true, state: 'calling-aside' })
    await s.time.advance(600)
    assert.ok(s.port.heard.at(-1)!.us, 'the robot is heard meanwhile')
    s.invite.answer()
    await s.time.advance(20)
    assert.deepEqual([...s.media.joined], ['monitor 0 1'])
    assert.deepEqual(s.robot.of('transfer').map(({ state }) => state), ['answered'])
    const askedAtMs = s.time.now()
    await s.time.advance(2_500)
    assert.deepEqual([...s.media.joined], ['bridge 0 1'])
    const clause = said(s).at(-1)!
    assert.ok(['我先为您说明一下，', '我先为您说明一下，一共有三件事，'].includes(clause), `ended after ${clause}`)
    // Nothing of the robot follows, and between its last sample and the join there is next to nothing.
    const lastHeardAtMs = s.port.heard.findLast(({ us }) => us)!.atMs
    const joined = s.events.findIndex((event) => event.type === 'transfer' && event.state === 'joined')
    assert.ok(joined > 0 && lastHeardAtMs >= askedAtMs)
    assert.ok(s.port.longestSilenceMs(lastHeardAtMs) > 500)
    await ended(s)
    assert.equal(s.result!.conversation, 'transferred')
  })

  test('when it is asked for is joined by the robot or by command, and not before', async () => {
    using s = await talking()
    await s.command({ type: 'parallel-transfer', phone: colleague, join: 'when-asked' })
    s.invite.answer()
    await s.time.advance(5_000)
    assert.deepEqual([...s.media.joined], ['monitor 0 1'])
    assert.deepEqual(await s.command({ type: 'bridge' }), { ok: true, state: 'joining' })
    await s.time.advance(200)
    assert.deepEqual([...s.media.joined], ['bridge 0 1'])
    await ended(s)
  })

  test('that fails costs the callee nothing: the robot is told and talks on', async () => {
    using s = await talking()
    await s.command({ type: 'parallel-transfer', phone: colleague, join: 'by-itself' })
    s.invite.fail(486)
    await s.time.advance(500)
    assert.deepEqual(s.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: 'busy' }])
    assert.equal(said(s).length, 1, 'no line of waiting')
    await ended(s)
  })

  test('by a robot: its action calls, and its bridge joins', async () => {
    using s = await talking((event) => (event.type === 'utterance' ? [{ type: 'parallel-transfer', to: colleague, join: 'when-asked' }] : []))
    s.robot.react = ((inner) => (event, signal) => (event.type === 'transfer' ? [say('同事来了。'), { type: 'bridge' }] : inner(event, signal)))(s.robot.react)
    s.asr.texts.push('转人工')
    s.port.speak(600)
    await s.time.advance(2_500)
    s.invite.answer()
    await s.time.advance(3_000)
    assert.deepEqual([...s.media.joined], ['bridge 0 1'])
    await ended(s)
  })

  const briefed = async (sounds: Record<string, number>) => {
    const s = await talking((event) => (event.type === 'utterance' ? [{ type: 'parallel-transfer', to: colleague, join: 'when-asked', briefing: [{ type: 'file', code: 'who' }, { type: 'file', code: 'why' }] }] : []))
    s.readSound = (name) => (sounds[name] === undefined ? Promise.reject(new Error('no such file')) : Promise.resolve(new Int16Array(sounds[name] * 8).fill(700)))
    s.asr.texts.push('转人工')
    s.port.speak(600)
    await s.time.advance(2_500)
    s.invite.answer()
    return s
  }

  test('tells the colleague first whom they get, by recordings; only then do they listen and the robot learns of them', async () => {
    using s = await briefed({ who: 1_000, why: 500 })
    const calleeHeard = s.port.played.length
    await s.time.advance(1_300)
    assert.deepEqual([[...s.media.joined], s.robot.of('transfer')], [[], []])
    await s.time.advance(400)
    assert.deepEqual([[...s.media.joined], s.robot.of('transfer').map(({ state }) => state)], [['monitor 0 1'], ['answered']])
    assert.deepEqual(s.media.ports[1]!.played.map(({ ms, last }) => [ms, last]), [[1_000, false], [500, true]])
    assert.equal(s.port.played.length, calleeHeard, 'the callee hears nothing of it')
    await ended(s)
  })

  test('goes on without a recording that is not there, and says so', async () => {
    using s = await briefed({ why: 500 })
    await s.time.advance(700)
    assert.deepEqual(s.events.flatMap((event) => (event.type === 'provider-failed' ? [event.fallback] : [])), ['left out'])
    assert.deepEqual([...s.media.joined], ['monitor 0 1'])
    await ended(s)
  })

  test('without any recording that is there goes on at once', async () => {
    using s = await briefed({})
    await s.time.advance(60)
    assert.deepEqual([...s.media.joined], ['monitor 0 1'])
    await ended(s)
  })

  test('ends when the colleague hangs up in the middle of what they are told', async () => {
    using s = await briefed({ who: 5_000, why: 500 })
    await s.time.advance(1_000)
    s.invite.bye()
    await s.time.advance(200)
    assert.deepEqual(s.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: 'left' }])
    assert.equal(said(s).length, 1, 'no line of waiting')
    await ended(s)
  })

  test('that is asked to join while the colleague is told lets the callee wait for the rest of it', async () => {
    using s = await briefed({ who: 4_000, why: 500 })
    await s.time.advance(1_000)
    assert.deepEqual(await s.command({ type: 'bridge' }), { ok: true, state: 'calling' })
    await s.time.advance(1_500)
    assert.deepEqual([...s.media.joined], [])
    await s.time.advance(2_500)
    assert.deepEqual([...s.media.joined], ['bridge 0 1'])
    await ended(s)
  })
})

describe('a robot', () => {
  test('that transfers is heard to the end of what it says first', async () => {
    using s = await talking((event) => (event.type === 'utterance' ? [say('好的，马上为您转接。'), { type: 'transfer', to: colleague }] : []))
    s.asr.texts.push('转人工')
    s.port.speak(600)
    await s.time.advance(8_000)
    assert.deepEqual(said(s).slice(1), ['好的，马上为您转接。', waitings.colleague.line])
    await ended(s)
  })

  test('that is still speaking when the colleague answers ends its clause first', async () => {
    using s = await talking((event) => (event.type === 'utterance' ? [say('好的，我现在就为您转接人工。'), { type: 'transfer', to: colleague }] : []))
    s.asr.texts.push('转人工')
    s.port.speak(600)
    await s.time.advance(2_200)
    s.invite.answer()
    await s.time.advance(100)
    assert.deepEqual([...s.media.joined], [])
    await s.time.advance(3_000)
    assert.deepEqual([...s.media.joined], ['bridge 0 1'])
    assert.equal(said(s).at(-1), '好的，我现在就为您转接人工。')
    await ended(s)
  })

  test('that joins nobody hears that it failed', async () => {
    using s = await talking((event) => (event.type === 'utterance' ? [{ type: 'bridge' }] : []))
    s.asr.texts.push('喂')
    s.port.speak(600)
    await s.time.advance(2_000)
    assert.equal(s.robot.of('transfer')[0]?.state, 'failed')
    await ended(s)
  })
})

describe('a hold', () => {
  test('is asked of the far end, fills the line, and gives the callee back afterwards', async () => {
    using s = await talking()
    assert.deepEqual(await s.command({ type: 'hold' }), { ok: true, state: 'held' })
    const heldAtMs = s.time.now()
    await s.time.advance(20_000)
    assert.deepEqual(callee(s).asked, ['hold'])
    assert.equal(said(s)[1], waitings.hold.line)
    assert.ok(s.port.longestSilenceMs(heldAtMs + 1_000) <= 3_100)
    assert.equal(s.robot.of('silence').length, 0)
    assert.deepEqual(await s.command({ type: 'resume' }), { ok: true, state: 'talking' })
    await s.time.advance(200)
    assert.deepEqual(callee(s).asked, ['hold', 'resume'])
    assert.equal(s.robot.of('silence').length, 1, 'the robot takes the word')
    assert.deepEqual(s.events.flatMap((event) => (event.type === 'held' ? [event.on] : [])), [true, false])
    await ended(s)
  })

  test('that the far end refuses is told, and the robot talks on', async () => {
    using s = await talking()
    callee(s).offerStatus = 488
    const result = await s.command({ type: 'hold' })
    assert.deepEqual([result.ok, !result.ok && result.code], [false, 'failed'])
    assert.equal((await s.command({ type: 'resume' })).ok, false)
    await ended(s)
  })

  test('allows no transfer and no insert before it ends', async () => {
    using s = await talking()
    await s.command({ type: 'hold' })
    for (const command of [{ type: 'transfer', phone: colleague }, { type: 'play', text: '您好', interruptible: true }] as const) {
      const result = await s.command(command)
      assert.deepEqual([result.ok, !result.ok && result.code], [false, 'not-possible'])
    }
    await ended(s)
  })
})

describe('a listener', () => {
  test('is called, hears, and leaves without anybody noticing', async () => {
    using s = await talking()
    assert.deepEqual(await s.command({ type: 'listen', phone: supervisor }), { ok: true, state: 'listening' })
    s.invite.answer()
    await s.time.advance(100)
    assert.deepEqual([...s.media.joined], ['monitor 0 1'])
    assert.deepEqual(s.standing.at(-1), [{ callId: 'call-0' }, { callId: 'call-1' }])
    assert.equal(s.robot.of('transfer').length, 0)
    s.invite.bye()
    await s.time.advance(500)
    assert.deepEqual(listening(s), ['calling', 'joined', 'left'])
    assert.equal(s.result, undefined)
    assert.deepEqual(s.standing.at(-1), [{ callId: 'call-0' }])
    await ended(s)
  })

  test('stays while a colleague takes over, and ends with the call', async () => {
    using s = await talking()
    await s.command({ type: 'listen', phone: supervisor })
    s.invite.answer()
    await s.command({ type: 'transfer', phone: colleague })
    s.invite.answer()
    await s.time.advance(200)
    assert.deepEqual([...s.media.joined], ['monitor 0 1', 'bridge 0 2'])
    await ended(s)
    assert.deepEqual(listening(s), ['calling', 'joined', 'left'])
  })

  test('is sent away by command, and unknown ones are told', async () => {
    using s = await talking()
    await s.command({ type: 'listen', phone: supervisor })
    s.invite.answer()
    await s.time.advance(100)
    assert.equal((await s.command({ type: 'stop-listening', phone: colleague })).ok, false)
    assert.equal((await s.command({ type: 'stop-listening' })).ok, true)
    assert.equal(s.agent.invites[1]!.hangUps, 1)
    await ended(s)
  })

  test('a fourth one is refused; one who does not answer is told', async () => {
    using s = await talking()
    for (const phone of ['+8613700137001', '+8613700137002', '+8613700137003']) assert.equal((await s.command({ type: 'listen', phone })).ok, true)
    const fourth = await s.command({ type: 'listen', phone: supervisor })
    assert.deepEqual([fourth.ok, !fourth.ok && fourth.code], [false, 'refused'])
    s.agent.invites[1]!.fail(480)
    await s.time.advance(100)
    assert.ok(listening(s).includes('failed'))
    assert.equal((await s.command({ type: 'listen', phone: supervisor })).ok, true)
    await ended(s)
  })
})

describe('other commands', () => {
  test('keys go to the callee; a far end that takes none says so', async () => {
    using s = await talking()
    assert.equal((await s.command({ type: 'send-digits', digits: '12#' })).ok, true)
    assert.deepEqual(s.port.sentDigits, ['12#'])
    assert.deepEqual(s.events.find((event) => event.type === 'digits-sent'), { type: 'digits-sent', count: 3 })
    s.port.sendDigitsFails = new RefusedError('not-allowed', '对方不收按键')
    assert.deepEqual(await s.command({ type: 'send-digits', digits: '1' }), { ok: false, code: 'failed', message: '对方不收按键' })
    await ended(s)
  })

  test('a text is said now: what the robot says is cut', async () => {
    using s = await talking((event) => (event.type === 'utterance' ? [say('这是一句很长很长很长很长的话，说个没完没了。')] : []))
    s.asr.texts.push('喂')
    s.port.speak(600)
    await s.time.advance(2_000)
    await s.command({ type: 'play', text: '请不要挂机。', interruptible: false })
    await s.time.advance(2_000)
    assert.equal(said(s).at(-1), '请不要挂机。')
    assert.ok(s.robot.of('played').some(({ cut }) => cut), 'the robot knows that it was cut')
    await ended(s)
  })

  test('a key of the callee reaches the colleague once they are joined, and the other way round', async () => {
    using s = await talking()
    await s.command({ type: 'transfer', phone: colleague })
    s.invite.answer()
    await s.time.advance(200)
    s.port.onEvent({ type: 'digit', atMs: s.time.now(), digit: '5' })
    s.media.ports[1]!.onEvent({ type: 'digit', atMs: s.time.now(), digit: '7' })
    assert.deepEqual([s.media.ports[1]!.sentDigits, s.port.sentDigits], [['5'], ['7']])
    await ended(s)
  })

  test('come too late once the line says goodbye', async () => {
    using s = await talking((event) => (event.type === 'utterance' ? [say('再见。'), { type: 'hang-up' }] : []))
    s.asr.texts.push('再见')
    s.port.speak(600)
    await s.time.advance(1_500)
    const result = await s.command({ type: 'transfer', phone: colleague })
    assert.deepEqual([result.ok, !result.ok && result.code], [false, 'not-possible'])
    await ended(s, false)
  })

  test('nobody can be called in a call whose owner gives no room for more legs', async () => {
    const s = new CallStage(greets())
    delete s.hooks.legs
    await s.answered()
    await s.time.advance(3_000)
    for (const command of [{ type: 'transfer', phone: colleague }, { type: 'listen', phone: colleague }] as const) {
      const result = await s.command(command)
      assert.deepEqual([result.ok, !result.ok && result.code], [false, 'not-possible'])
    }
    await ended(s)
    s[Symbol.dispose]()
  })
})
