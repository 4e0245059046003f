// Checks that every way a call can go gives exactly one result, and leaves neither dialog, port, file nor listener behind. SIP and media are played.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, test } from 'node:test'
import { OverloadedError, RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import type { RobotEvent } from '../robot/robot.ts'
import type { NextDial } from './call.ts'
import { CallStage, fakeTrunk, greets, hangs, say, theirSdp, type Reaction } from './testing.ts'

log.level = 'silent'

const talks = greets(() => [say('好的，再见。'), { type: 'hang-up' }, { type: 'note', note: { outcome: 'confirmed' } }])

/** What holds however a call ends. */
function over(s: CallStage) {
  assert.ok(s.result, 'the call has a result')
  for (const invite of s.agent.invites) assert.ok(invite.over || invite.hangUps > 0, 'every INVITE is over or hung up')
  for (const port of s.media.ports) assert.ok(port.closes > 0, 'every port is closed')
  assert.equal(s.robot.disposed, 1, 'the robot is closed once')
  assert.equal(getEventListeners(s.abort.signal, 'abort').length, 0, 'no listener stays on the signal')
  assert.equal(s.result.answeredAt !== undefined || s.result.talkMs === 0, true, 'no talk time without an answer')
  const { outcome, by, stage, detail } = s.result.reason
  return { outcome, by, stage, detail }
}

test('a conversation from dial to the robot\'s goodbye', async () => {
  using s = await new CallStage(talks).answered()
  await s.time.advance(3_000)
  s.asr.texts.push('可以')
  s.port.speak(600)
  await s.time.advance(6_000)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'robot', stage: 'talking', detail: 'robot-hung-up' })
  assert.deepEqual(s.types, ['ringing', 'answered', 'robot-said', 'callee-said', 'noted', 'robot-said'])
  assert.deepEqual(s.dialogs, [{ branch: 'branch-0' }, { callId: 'call-0' }], 'what a survivor ends it with')
  assert.equal(s.result!.conversation, 'confirmed')
  assert.deepEqual(s.result!.notes, [{ outcome: 'confirmed' }])
  assert.deepEqual(s.result!.media, { packetsSent: 10, packetsReceived: 9, packetsLost: 0, pacingErrorMsP95: 0 })
  assert.equal(s.invite.hangUps, 1)
  assert.equal(s.robot.of('ended').length, 1)
})

test('the callee hangs up in mid-sentence: what was heard is kept', async () => {
  using s = await new CallStage(greets()).answered()
  await s.time.advance(1_900)
  s.invite.bye()
  await s.time.advance(100)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'callee', stage: 'talking', detail: 'callee-hung-up' })
  assert.equal(s.result!.reason.evidence.q850Cause, 16)
  const said = s.events.at(-1)!
  assert.ok(said.type === 'robot-said' && said.cut && said.text.length > 0)
  assert.ok(s.result!.talkMs >= 1_900 && s.result!.talkMs <= 1_960, `${s.result!.talkMs} ms`)
})

test('a line that our side lost is not the callee\'s doing', async () => {
  using s = await new CallStage(greets()).answered()
  s.invite.bye({ by: 'local', reason: 're-INVITE was not acknowledged' })
  await s.time.advance(100)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'network', stage: 'talking', detail: 'line-lost' })
})

test('an answering machine is an assistant', async () => {
  using s = await new CallStage((event) => (event.type === 'answered' ? [{ type: 'note', note: { outcome: 'machine' } }, { type: 'hang-up' }] : [])).answered()
  await s.time.advance(2_000)
  assert.equal(over(s).outcome, 'assistant')
})

// ── Never answered ───────────────────────────────────────────────────────────

for (const [title, rings, status, more, expected] of [
  ['busy', true, 486, { q850: 17 }, { outcome: 'busy', by: 'network', stage: 'ringing', detail: 'final-response' }],
  ['declined', true, 603, { q850: 21 }, { outcome: 'rejected', by: 'callee', stage: 'ringing', detail: 'final-response' }],
  ['not to be found', false, 404, {}, { outcome: 'invalid-number', by: 'network', stage: 'dialing', detail: 'final-response' }],
  ['sent elsewhere', false, 302, {}, { outcome: 'forwarded', by: 'network', stage: 'dialing', detail: 'final-response' }],
  ['refused for our credentials', false, 407, {}, { outcome: 'line-fault', by: 'network', stage: 'dialing', detail: 'final-response' }],
  ['our ring limit while it rang', true, 487, { local: 'timeout' as const }, { outcome: 'no-answer', by: 'platform', stage: 'ringing', detail: 'ring-limit' }],
  ['our ring limit without any ringing', false, 408, { local: 'timeout' as const }, { outcome: 'line-fault', by: 'platform', stage: 'dialing', detail: 'no-response' }],
  ['an answer that crossed our ring limit', true, 200, { local: 'timeout' as const }, { outcome: 'no-answer', by: 'platform', stage: 'ringing', detail: 'ring-limit' }],
  ['the SIP side closing', true, 487, { local: 'cancelled' as const }, { outcome: 'cancelled', by: 'platform', stage: 'ringing', detail: 'sip-closing' }],
] as const) {
  test(`${title}: ${expected.outcome}`, async () => {
    using s = await new CallStage(talks).place()
    if (rings) s.invite.ring()
    s.invite.fail(status, more)
    await s.time.advance(1_500)
    assert.deepEqual(over(s), expected)
    assert.equal(s.result!.reason.evidence.sipStatus, status)
    assert.deepEqual([s.result!.answeredAt, s.result!.talkMs, s.result!.conversation], [undefined, 0, undefined])
    assert.deepEqual(s.robot.events, [], 'no word was asked of the robot')
  })
}

const backup: NextDial = { trunk: 'backup', callerId: '02160002000', attempt: 2, ringMsMax: 30_000, pauseMs: 1_000 }

test('an attempt that failed before anything rang goes on where the owner says, after the pause and a last check of its own', async () => {
  using s = new CallStage(greets())
  s.trunks.set('backup', fakeTrunk(s.agent, 'backup', 'backup.example'))
  s.nextDials.push(backup)
  await s.place()
  s.invite.fail(503)
  await s.time.advance(500)
  assert.equal(s.agent.invites.length, 1)
  await s.time.advance(600)
  assert.equal(s.agent.invites.length, 2)
  assert.equal(s.beforeInvites, 2)
  assert.deepEqual(s.events, [], 'the owner has written down the attempt itself')
  const { from, requestUri, ringMsMax } = s.invite.options
  assert.deepEqual({ from, requestUri, ringMsMax }, { from: '<sip:02160002000@backup.example>', requestUri: 'sip:13800138000@backup.example', ringMsMax: 30_000 })
  s.invite.fail(503)
  await s.time.advance(2_000)
  assert.equal(s.agent.invites.length, 2)
  assert.deepEqual(s.dialFailures.map(({ trunk, status, local }) => [trunk, status, local]), [['trunk', 503, undefined], ['backup', 503, undefined]])
  const { outcome, stage } = over(s)
  assert.deepEqual([outcome, stage], ['line-fault', 'dialing'])
})

test('what rang is not dialled again, and nobody is asked', async () => {
  using s = await new CallStage().place()
  s.nextDials.push(backup)
  s.invite.ring()
  s.invite.fail(503)
  await s.time.advance(2_000)
  assert.deepEqual([s.agent.invites.length, s.dialFailures.length], [1, 0])
  over(s)
})

test('the wish of the network to be left alone reaches the owner', async () => {
  using s = await new CallStage().place()
  s.invite.fail(503, { retryAfterMs: 30_000 })
  await s.time.advance(2_000)
  assert.deepEqual([s.agent.invites.length, s.dialFailures[0]?.retryAfterMs], [1, 30_000])
  over(s)
})

test('a trunk without an address, and one that is gone, are failures like others', async () => {
  using s = new CallStage()
  s.targets = () => Promise.resolve([])
  s.nextDials.push({ ...backup, trunk: 'gone', pauseMs: 0 })
  await s.place()
  await s.time.advance(50)
  assert.deepEqual(s.dialFailures.map(({ trunk, status, local }) => [trunk, status, local]), [['trunk', 503, 'transport'], ['gone', 503, 'transport']])
  assert.equal(s.agent.invites.length, 0)
  assert.equal(over(s).outcome, 'line-fault')
})

test('a list that changed during the pause stops the second try', async () => {
  using s = await new CallStage().place()
  s.nextDials.push({ ...backup, trunk: 'trunk' })
  s.hooks.beforeInvite = () => {
    throw new RefusedError('do-not-call', 'asked not to be called')
  }
  s.invite.fail(503)
  await s.time.advance(1_500)
  assert.equal(s.agent.invites.length, 1)
  assert.equal(over(s).outcome, 'blacklist')
})

test('aborted while the owner looks for another trunk: nothing more is dialled, and nobody waits for the answer', async () => {
  using s = new CallStage(talks)
  s.hooks.onDialFailed = () => new Promise(() => {})
  await s.place()
  s.invite.fail(503)
  await s.time.advance(40)
  s.abort.abort(user)
  await s.time.advance(40)
  assert.equal(over(s).outcome, 'cancelled')
  assert.equal(s.agent.invites.length, 1)
})

// ── Nothing is dialled ───────────────────────────────────────────────────────

for (const [code, outcome] of [
  ['do-not-call', 'blacklist'],
  ['never-dial', 'bad-number'],
  ['calling-hours', 'window'],
  ['frequency', 'frequency'],
  ['no-balance', 'no-balance'],
  ['expired', 'expired'],
  ['not-allowed', 'cancelled'],
] as const) {
  test(`a last check that refuses (${code}) ends as ${outcome} without an INVITE`, async () => {
    using s = new CallStage(talks)
    s.hooks.beforeInvite = () => {
      throw new RefusedError(code, 'refused')
    }
    await s.place()
    assert.deepEqual(over(s), { outcome, by: 'platform', stage: 'queued', detail: code === 'do-not-call' ? code : 'refused' })
    assert.equal(s.agent.invites.length, 0)
    assert.equal(s.result!.reason.evidence.error, code)
  })
}

test('a last check that breaks ends the call without an INVITE', async () => {
  using s = new CallStage(talks)
  s.hooks.beforeInvite = () => {
    throw new TypeError('broken')
  }
  await s.place()
  assert.deepEqual(over(s), { outcome: 'line-fault', by: 'platform', stage: 'queued', detail: 'internal-failure' })
  assert.equal(s.result!.reason.evidence.error, 'broken')
  assert.equal(s.agent.invites.length, 0)
})

test('no media port free: nothing is dialled', async () => {
  using s = new CallStage(talks)
  s.media.openFails = new OverloadedError('all ports are in use', 1_000)
  await s.place()
  assert.deepEqual(over(s), { outcome: 'concurrency', by: 'platform', stage: 'queued', detail: 'no-capacity' })
  assert.equal(s.agent.invites.length, 0)
  assert.equal(s.beforeInvites, 0)
})

test('too many SIP calls: nothing is dialled', async () => {
  using s = new CallStage(talks)
  s.agent.inviteFails = new OverloadedError('too many SIP calls are open', 1_000)
  await s.place()
  assert.deepEqual(over(s), { outcome: 'concurrency', by: 'platform', stage: 'dialing', detail: 'no-capacity' })
})

// ── Aborted ──────────────────────────────────────────────────────────────────

const user = { by: 'user', detail: 'hung-up-by-user' } as const
const platform = { by: 'platform', detail: 'shutting-down' } as const

test('aborted before it began: nothing is opened, nothing dialled, nothing asked', async () => {
  using s = new CallStage(talks)
  s.abort.abort(user)
  await s.place()
  assert.deepEqual(over(s), { outcome: 'cancelled', by: 'user', stage: 'queued', detail: user.detail })
  assert.deepEqual([s.media.ports.length, s.agent.invites.length, s.beforeInvites], [0, 0, 0])
})

test('aborted while the port is being opened: the port is closed and nothing dialled', async () => {
  using s = new CallStage(talks)
  s.media.openMs = 100
  await s.place()
  s.abort.abort(user)
  await s.time.advance(200)
  assert.deepEqual(over(s), { outcome: 'cancelled', by: 'user', stage: 'queued', detail: user.detail })
  assert.deepEqual([s.media.ports.length, s.agent.invites.length, s.beforeInvites], [1, 0, 0])
})

test('aborted while the trunk\'s address is looked up, and the look-up never ends: nothing is dialled', async () => {
  using s = new CallStage(talks)
  s.targets = () => new Promise(() => {})
  await s.place()
  s.abort.abort(user)
  await s.time.advance(40)
  assert.deepEqual(over(s), { outcome: 'cancelled', by: 'user', stage: 'queued', detail: user.detail })
  assert.deepEqual([s.agent.invites.length, s.beforeInvites], [0, 0])
})

for (const [where, rings] of [
  ['dialing', false],
  ['ringing', true],
] as const) {
  for (const cause of [user, platform]) {
    test(`aborted by the ${cause.by} while ${where}: cancelled at once`, async () => {
      using s = await new CallStage(talks).place()
      if (rings) s.invite.ring()
      s.abort.abort(cause)
      await s.time.advance(40)
      assert.deepEqual(over(s), { outcome: 'cancelled', by: cause.by, stage: where, detail: cause.detail })
      assert.equal(s.invite.hangUps, 1)
    })
  }
}

test('aborted in the pause before the second try: nothing more is dialled, and nobody waits for the pause', async () => {
  using s = await new CallStage(talks).place()
  s.nextDials.push({ ...backup, trunk: 'trunk' })
  s.invite.fail(503)
  await s.time.advance(300)
  s.abort.abort(user)
  await s.time.advance(40)
  assert.equal(over(s).outcome, 'cancelled')
  await s.time.advance(2_000)
  assert.equal(s.agent.invites.length, 1)
})

test('aborted by the platform while talking: hung up at once', async () => {
  using s = await new CallStage(greets()).answered()
  await s.time.advance(1_800)
  s.abort.abort(platform)
  await s.time.advance(40)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'platform', stage: 'talking', detail: platform.detail })
  assert.equal(s.invite.hangUps, 1)
})

test('aborted by the user while talking: the callee is told goodbye first', async () => {
  using s = await new CallStage(greets()).answered()
  await s.time.advance(3_500)
  s.abort.abort(user)
  await s.time.advance(1_000)
  assert.equal(s.result, undefined)
  await s.time.advance(5_000)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'user', stage: 'talking', detail: user.detail })
  const last = s.events.at(-1)!
  assert.ok(last.type === 'robot-said' && !last.cut && /再见/.test(last.text))
})

test('an abort without a cause is the platform\'s', async () => {
  using s = await new CallStage(talks).place()
  s.abort.abort()
  await s.time.advance(40)
  assert.equal(over(s).by, 'platform')
})

test('an abort after the end changes nothing', async () => {
  using s = await new CallStage(talks).place()
  s.invite.fail(486)
  await s.time.advance(40)
  s.abort.abort(user)
  await s.time.advance(100)
  assert.equal(over(s).outcome, 'busy')
})

// ── Limits while talking ─────────────────────────────────────────────────────

test('at the talk limit the line says goodbye and hangs up within 8 s', async () => {
  using s = await new CallStage(greets(), { talkMsMax: 10_000 }).answered()
  await s.time.advance(19_000)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'platform', stage: 'talking', detail: 'talk-limit' })
  assert.ok(s.result!.talkMs >= 10_000 && s.result!.talkMs <= 19_000)
})

test('a line on hold, where no goodbye is heard, is cut', async () => {
  using s = await new CallStage(greets(), { talkMsMax: 10_000 }).answered()
  await s.time.advance(3_000)
  s.port.held = true
  await s.time.advance(16_500)
  assert.equal(over(s).detail, 'talk-limit')
})

test('no money left: told once, said goodbye, ended', async () => {
  using s = new CallStage(greets())
  s.hooks.mayContinue = (talkMs) => (talkMs > 3_000 ? 'end' : 'continue')
  await s.answered()
  await s.time.advance(12_000)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'platform', stage: 'talking', detail: 'balance-used-up' })
  assert.equal(s.events.filter(({ type }) => type === 'out-of-money').length, 1)
})

// ── Things that break ────────────────────────────────────────────────────────

test('the opening is made while it rings, once, and not for a call that is over', async () => {
  const stage = new CallStage(talks)
  const foreseen: { firstWords: string; signal: AbortSignal }[] = []
  Object.assign(stage.robot, {
    async *foresee(event: RobotEvent, signal: AbortSignal) {
      if (event.type === 'answered') foreseen.push({ firstWords: event.firstWords, signal })
      yield '您好，我是助理。'
    },
  })
  using s = await stage.place()
  assert.equal(foreseen.length, 0, 'nobody may ever be there')
  s.invite.ring()
  s.invite.ring(183)
  await s.time.advance(200)
  assert.deepEqual(foreseen.map(({ firstWords }) => firstWords), ['喂'])
  assert.equal(s.tts.asked.join(''), '您好，我是助理。')
  assert.deepEqual(s.robot.of('answered'), [], 'it leaves no trace')
  s.invite.fail(486)
  await s.time.advance(200)
  assert.ok(foreseen[0]!.signal.aborted)
})

test('the media thread dies while ringing: cancelled with the reason', async () => {
  using s = await new CallStage(talks).place()
  s.invite.ring()
  s.port.die('media thread died')
  await s.time.advance(40)
  assert.deepEqual(over(s), { outcome: 'line-fault', by: 'platform', stage: 'ringing', detail: 'media-failed' })
  assert.equal(s.result!.reason.evidence.error, 'media thread died')
})

test('the media thread dies in the pause before the second try: nothing more is dialled', async () => {
  using s = await new CallStage(talks).place()
  s.nextDials.push({ ...backup, trunk: 'trunk' })
  s.invite.fail(503)
  await s.time.advance(300)
  s.port.die('media thread died')
  await s.time.advance(2_000)
  assert.deepEqual(over(s), { outcome: 'line-fault', by: 'platform', stage: 'dialing', detail: 'media-failed' })
  assert.equal(s.agent.invites.length, 1)
})

test('the media thread dies in mid-sentence: hung up, billed, and what was heard is kept', async () => {
  using s = await new CallStage(greets()).answered()
  await s.time.advance(1_900)
  s.port.die('media thread died')
  await s.time.advance(100)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'platform', stage: 'talking', detail: 'media-failed' })
  assert.ok(s.events.some((event) => event.type === 'robot-said' && event.cut))
  assert.equal(s.invite.hangUps, 1)
})

test('answered with audio that we cannot use: hung up, not billed, with a readable reason', async () => {
  using s = await new CallStage(talks).place()
  s.invite.ring()
  s.invite.answer('v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\n')
  await s.time.advance(100)
  assert.deepEqual(over(s), { outcome: 'line-fault', by: 'platform', stage: 'ringing', detail: 'no-usable-audio' })
  assert.equal(s.invite.hangUps, 1)
  assert.deepEqual(s.robot.events, [])
})

test('a far end that never answers our BYE holds the call for 5 s, and none of them is billed', async () => {
  using s = new CallStage(greets())
  s.agent.deaf = true
  await s.answered()
  await s.time.advance(2_000)
  s.abort.abort(platform)
  await s.time.advance(4_900)
  assert.equal(s.result, undefined)
  await s.time.advance(200)
  over(s)
  assert.ok(s.result!.talkMs < 2_200, `${s.result!.talkMs} ms`)
})

test('a recogniser that cannot be opened ends the call, hung up', async () => {
  using s = new CallStage(talks)
  s.asr.openFails = true
  await s.answered()
  await s.time.advance(100)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'platform', stage: 'talking', detail: 'internal-failure' })
  assert.equal(s.result!.reason.evidence.error, 'no recogniser')
})

test('an owner that throws at any event costs this call only', async () => {
  for (const type of ['ringing', 'answered', 'robot-said'] as const) {
    using s = new CallStage(greets())
    s.hooks.onEvent = (event) => {
      if (event.type === type) throw new Error('log full')
    }
    await s.answered()
    await s.time.advance(4_000)
    over(s)
    assert.deepEqual([s.result!.reason.detail, s.result!.reason.evidence.error], ['internal-failure', 'log full'], type)
    s[Symbol.dispose]()
  }
})

test('an owner that throws when asked whether to go on, or when told the dialog, costs this call only', async () => {
  for (const hook of ['mayContinue', 'onDialog'] as const) {
    using s = new CallStage(greets())
    s.hooks[hook] = () => {
      throw new Error('broken')
    }
    await s.answered()
    await s.time.advance(2_000)
    over(s)
    assert.equal(s.result!.reason.detail, 'internal-failure', hook)
    s[Symbol.dispose]()
  }
})

test('a robot and a port that never let go hold the result for a limited time', async () => {
  using s = new CallStage((event) => (event.type === 'ended' ? hangs() : []))
  s.robot[Symbol.asyncDispose] = () => {
    s.robot.disposed += 1
    return new Promise(() => {})
  }
  await s.answered()
  s.port.closeHangs = true
  s.invite.bye()
  await s.time.advance(8_200)
  over(s)
  assert.equal(s.result!.media, undefined)
})

test('keys over SIP INFO reach the conversation, and before it nobody', async () => {
  using s = await new CallStage(greets()).place()
  s.invite.options.onEvent({ type: 'info-digit', digit: '1' })
  s.invite.answer()
  await s.time.advance(20)
  s.invite.options.onEvent({ type: 'info-digit', digit: '2' })
  await s.time.advance(4_000)
  assert.deepEqual(s.robot.of('digits').map(({ digits }) => digits), ['2'])
  s.invite.bye()
  await s.time.advance(100)
  over(s)
})

// ── Recordings ───────────────────────────────────────────────────────────────

const folder = mkdtempSync(path.join(tmpdir(), 'waihu-call-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const recordingPath = path.join(folder, 'c1.wav')
afterEach(() => rmSync(recordingPath, { force: true }))

/** The removal of a file is real and takes its time. */
/** Files are removed on the real clock, however much simulated time passes meanwhile. */
async function settled(s: CallStage): Promise<void> {
  const untilMs = performance.now() + 5_000
  while (!s.result && performance.now() < untilMs) await s.time.advance(20)
}

test('the recording of a conversation is told', async () => {
  using s = await new CallStage(greets(), { recordingPath }).answered()
  assert.equal(s.media.opened[0]!.recordingPath, recordingPath)
  writeFileSync(recordingPath, 'RIFF')
  s.invite.bye()
  await settled(s)
  over(s)
  assert.equal(s.result!.recording, recordingPath)
  assert.ok(existsSync(recordingPath))
})

test('a recording of nothing but ringing is removed, and none is told', async () => {
  using s = await new CallStage(greets(), { recordingPath }).place()
  writeFileSync(recordingPath, 'RIFF')
  s.invite.ring(183)
  s.invite.fail(486)
  await settled(s)
  over(s)
  assert.equal(s.result!.recording, undefined)
  assert.equal(existsSync(recordingPath), false)
})

test('a recording that failed, or whose port died, is not told', async () => {
  using s = await new CallStage(greets(), { recordingPath }).answered()
  s.port.stats = { ...s.port.stats, recordingFailed: 'ENOSPC' }
  s.invite.bye()
  await settled(s)
  assert.equal(s.result!.recording, undefined)
})

test('no recording asked for: none is told', async () => {
  using s = await new CallStage(greets()).answered()
  s.invite.bye()
  await settled(s)
  assert.equal(s.result!.recording, undefined)
})

// ── Who picked up, and dead air ──────────────────────────────────────────────

test('a machine that picked up is told by the reason, with what gave it away', async () => {
  using s = new CallStage((event) => (event.type === 'answered-by' || (event.type === 'answered' && event.machines?.machine) ? [say('好的，再见。'), { type: 'hang-up' }] : []))
  await s.answered()
  s.asr.texts.push('您好我是机主的智能助理请问您有什么事')
  s.port.speak(3_000)
  await s.time.advance(8_000)
  assert.deepEqual([s.result?.reason.outcome, s.result?.conversation, s.result?.reason.detail], ['assistant', 'machine', 'robot-hung-up'])
  assert.equal(s.result!.reason.evidence.answeredBy?.who, 'assistant')
  assert.match(s.result!.reason.evidence.answeredBy!.because[0]!, /^words:/)
  assert.ok(s.types.includes('answered-by'))
})

test('an answer without a single packet is hung up after ten seconds, as a fault of the line and no conversation', async () => {
  using s = new CallStage(talks)
  s.media.starved = true
  await s.place()
  s.invite.ring()
  s.invite.answer()
  await s.time.advance(9_000)
  assert.equal(s.result, undefined)
  await s.time.advance(3_500)
  assert.deepEqual(over(s), { outcome: 'line-fault', by: 'network', stage: 'talking', detail: 'no-audio-received' })
  assert.equal(s.result!.conversation, undefined)
  assert.equal(s.invite.hangUps, 1)
  assert.ok(s.result!.talkMs >= 10_000, 'billing follows the answer')
})

const staysOn: Reaction = (event) => (event.type === 'answered' ? [say('您好。')] : [{ type: 'set-mute-time', muteMs: 600_000 }])

test('sound that stops for thirty seconds ends the call; sound that comes back in time does not', async () => {
  using s = new CallStage(staysOn, { talkMsMax: 600_000 })
  await s.answered()
  await s.time.advance(5_000)
  const stops = () => s.port.onEvent({ type: 'dead-air', atMs: s.time.now(), sinceMs: s.time.now() - 1_000 })
  stops()
  await s.time.advance(25_000)
  s.port.onEvent({ type: 'live-again', atMs: s.time.now() })
  await s.time.advance(20_000)
  assert.equal(s.result, undefined)
  stops()
  await s.time.advance(34_000)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'network', stage: 'talking', detail: 'audio-stopped' })
})

test('a callee who puts us on hold is not dead air', async () => {
  using s = new CallStage(staysOn, { talkMsMax: 600_000 })
  await s.answered()
  await s.time.advance(3_000)
  s.invite.options.onEvent({ type: 'remote-offer', sdp: theirSdp.replace('a=sendrecv', 'a=inactive') })
  s.port.onEvent({ type: 'dead-air', atMs: s.time.now(), sinceMs: s.time.now() - 1_000 })
  await s.time.advance(120_000)
  assert.equal(s.result, undefined)
  s.invite.bye()
  await s.time.advance(2_000)
  assert.deepEqual(over(s), { outcome: 'answered', by: 'callee', stage: 'talking', detail: 'callee-hung-up' })
})
