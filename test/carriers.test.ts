// The carriers that sipp plays, met by a whole leg with its audio: what is heard before the answer and after, digits, hold, silence;
// and by whole calls: what each refusal is called in the end. Runs when sipp is installed; with REQUIRE_INTEROP=1 its absence fails.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import { Leg, type LegEnd, type Trunk } from '../src/call/leg.ts'
import { callRunner } from '../src/call/run-call.ts'
import type { Outcome } from '../src/call/end-reason.ts'
import type { CallEvent } from '../src/events.ts'
import type { MediaEngine, MediaPort, PortStats } from '../src/media/engine.ts'
import { FRAME_MS, nowMs, type Frame } from '../src/media/frame.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import { noAttribution } from '../src/numbering/attribution.ts'
import type { Robot, RobotAction, RobotEvent } from '../src/robot/robot.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { asrProviders } from '../src/speech/asr/index.ts'
import { SynthesisCache } from '../src/speech/tts/cache.ts'
import { ttsProviders } from '../src/speech/tts/index.ts'
import { defaultVoice } from '../src/speech/tts/provider.ts'
import { configuredTrunk } from '../src/trunk/configured-trunk.ts'
import { parseTrunkConfig } from '../src/trunk/trunk-config.ts'
import { Sipp, withoutSipp as skip } from './world/sipp.ts'

const address = '127.0.0.1'
const phone = '+8613800138000'
const callerId = '02160001000'
const log = pino({ level: 'silent' })
const CLOSE_MS = 5_000
/** Mean level above which a frame is sound, of 32,767. */
const LOUD = 200

let media: MediaEngine
before(async () => {
  // Admission is not tested here, and a loaded machine must not refuse these calls.
  media = await createMediaEngine({ workers: 1, portMin: 26_000, portMax: 27_998, admission: { busyMax: 1, lateMsMax: Infinity }, log })
})
after(() => media[Symbol.asyncDispose]())

function trunkTo(port: number, userAgent: SipUserAgent): Trunk {
  const config = parseTrunkConfig({ name: 'sipp', targets: [address], callers: [{ number: callerId }], credentials: { username: '1001', password: 'secret' } })
  return configuredTrunk(config, { userAgent, mediaAddress: address, domain: () => address, targets: () => Promise.resolve([{ address, port }]), attribution: noAttribution })
}

/** What a leg heard and was told. Times in ms. */
class Heard {
  answeredAtMs = Infinity
  firstPacketAtMs = Infinity
  deadAir = 0
  readonly digits: string[] = []
  readonly ringing: string[] = []
  readonly #loud: number[] = []

  frames(atMs: number, frames: readonly Frame[]): void {
    frames.forEach((frame, nth) => {
      const level = frame.reduce((sum, sample) => sum + Math.abs(sample), 0) / frame.length
      if (level > LOUD) this.#loud.push(atMs + nth * FRAME_MS)
    })
  }

  /** Sound before the answer. */
  get earlyMs(): number {
    return this.#loud.filter((atMs) => atMs < this.answeredAtMs).length * FRAME_MS
  }

  get talkMs(): number {
    return this.#loud.filter((atMs) => atMs >= this.answeredAtMs).length * FRAME_MS
  }

  /** Stretches of sound after the answer, with half a second of silence between. */
  get stretches(): number {
    const after = this.#loud.filter((atMs) => atMs >= this.answeredAtMs)
    return after.filter((atMs, nth) => nth === 0 || atMs - after[nth - 1]! > 500).length
  }

  /** Sound in the last part before the answer: what still came after the last provisional response. */
  earlySoundSince(sinceMs: number): number {
    return this.#loud.filter((atMs) => atMs >= sinceMs && atMs < this.answeredAtMs).length * FRAME_MS
  }
}

type Met = { heard: Heard; end: LegEnd | 'hung-up'; stats: PortStats; talkedMs: number; lastRingAtMs: number }
type Options = { hangUpAfterMs?: number; play?: boolean; ringMsMax?: number; protocol?: 'UDP' | 'TCP' }

/** One call at a scenario; it is hung up `hangUpAfterMs` after the answer, or waits for the far end. */
async function meet(scenario: string, { hangUpAfterMs = Infinity, play = false, ringMsMax = 30_000, protocol = 'UDP' }: Options = {}): Promise<Met> {
  await using sipp = await Sipp.start(scenario, { calls: 1, protocol })
  await using userAgent = await SipUserAgent.open({ address, port: 0, log, transports: [{ protocol }] })
  const heard = new Heard()
  let lastRingAtMs = 0
  const port: MediaPort = await media.open({
    address,
    onEvent(event) {
      if (event.type === 'frames') heard.frames(event.atMs, event.frames)
      if (event.type === 'digit') heard.digits.push(event.digit)
      if (event.type === 'dead-air') heard.deadAir += 1
      if (event.type === 'first-packet') heard.firstPacketAtMs = event.atMs
    },
  })
  const leg = new Leg(trunkTo(sipp.port, userAgent), port, {
    phone,
    callerId,
    ringMsMax,
    onRinging(status, early) {
      heard.ringing.push(`${status}${early ? '+' : ''}`)
      lastRingAtMs = nowMs()
    },
    onDigit: (digit) => heard.digits.push(digit),
  })
  leg.dial([{ address, port: sipp.port, protocol }])
  const first = await Promise.race([leg.answered, leg.ended])
  let end: Met['end'] = 'hung-up'
  if (first.type === 'answered') {
    heard.answeredAtMs = nowMs()
    if (play) port.play(1, new Int16Array(60 * 8_000).fill(1_000), true)
    const limit = Promise.withResolvers<'hung-up'>()
    const timer = hangUpAfterMs < Infinity ? setTimeout(() => limit.resolve('hung-up'), hangUpAfterMs) : undefined
    end = await Promise.race([leg.ended, limit.promise])
    clearTimeout(timer)
  } else end = first
  const talkedMs = heard.answeredAtMs === Infinity ? 0 : nowMs() - heard.answeredAtMs
  await leg.hangUp(CLOSE_MS)
  const stats = await port.close()
  assert.equal(await sipp.finished, 0, `sipp saw something else than ${scenario}: ${JSON.stringify(heard.ringing)}\n${sipp.output}`)
  assert.equal(userAgent.stats.calls, 0)
  return { heard, end, stats, talkedMs, lastRingAtMs }
}

const between = (value: number, from: number, to: number, what: string) => assert.ok(value >= from && value <= to, `${what}: ${value}, not ${from} to ${to}`)

describe('audio from carriers', { skip, concurrency: 6, timeout: 120_000 }, () => {
  test('uas-answer: the callee is heard, and only after the answer', async () => {
    const { heard, stats } = await meet('uas-answer', { hangUpAfterMs: 2_500 })
    between(heard.talkMs, 500, 2_500, 'sound')
    assert.equal(heard.earlyMs, 0)
    assert.equal(stats.packetsLost, 0)
  })

  test('uas-answer-silent: nothing ever comes, and that is told', async () => {
    const { heard, stats } = await meet('uas-answer-silent', { hangUpAfterMs: 2_500 })
    assert.deepEqual([heard.deadAir, stats.packetsReceived, heard.firstPacketAtMs], [1, 0, Infinity])
    between(stats.packetsSent, 100, 140, 'packets of ours')
  })

  test('uas-answer-talk: three sentences with silence between, then it hangs up', async () => {
    const { heard, end, stats } = await meet('uas-answer-talk')
    assert.ok(end !== 'hung-up' && end.type === 'ended' && end.by === 'remote', JSON.stringify(end))
    assert.equal(heard.stretches, 3)
    assert.ok(stats.packetsReceived > 650, `${stats.packetsReceived} packets`)
  })

  for (const protocol of ['UDP', 'TCP'] as const) {
    test(`uas-early-media over ${protocol}: the colour ring is heard before the answer, and the callee after it`, async () => {
      const { heard } = await meet('uas-early-media', { hangUpAfterMs: 2_000, protocol })
      between(heard.earlyMs, 2_000, 3_500, 'early sound')
      assert.ok(heard.talkMs > 400, `${heard.talkMs} ms after the answer`)
      assert.deepEqual(heard.ringing, ['183+'])
    })
  }

  test('uas-early-media-180: a 180 in between does not stop the ringing tone', async () => {
    const { heard, lastRingAtMs } = await meet('uas-early-media-180', { hangUpAfterMs: 2_000 })
    assert.deepEqual(heard.ringing, ['180', '183+', '180'])
    assert.ok(heard.earlyMs > 400, `${heard.earlyMs} ms of early sound`)
    // The tone sounds for one second from the 183 on; the 180 comes in its midst.
    assert.ok(heard.earlySoundSince(lastRingAtMs) > 100, `${heard.earlySoundSince(lastRingAtMs)} ms after the second 180`)
  })

  test('uas-180-sdp: a 180 with SDP brings early sound too', async () => {
    const { heard } = await meet('uas-180-sdp', { hangUpAfterMs: 2_000 })
    assert.ok(heard.earlyMs > 900, `${heard.earlyMs} ms`)
  })

  test('uas-100rel: the SDP of the reliable 183 holds after a bare 200', async () => {
    const { heard } = await meet('uas-100rel', { hangUpAfterMs: 2_000 })
    assert.ok(heard.earlyMs > 700, `${heard.earlyMs} ms early`)
    assert.ok(heard.talkMs > 400, `${heard.talkMs} ms after the answer`)
  })

  test('uas-ims-crbt: early sound goes on over UPDATE, and the callee is heard after a bare 200', async () => {
    const { heard } = await meet('uas-ims-crbt', { hangUpAfterMs: 2_000 })
    assert.ok(heard.earlyMs > 900, `${heard.earlyMs} ms early`)
    assert.ok(heard.talkMs > 400, `${heard.talkMs} ms after the answer`)
  })

  test('uas-forked-early: the announcement server is heard, then the phone that answered', async () => {
    const { heard } = await meet('uas-forked-early', { hangUpAfterMs: 2_000 })
    assert.deepEqual(heard.ringing, ['183+', '180'])
    assert.ok(heard.earlyMs > 900, `${heard.earlyMs} ms early`)
    assert.ok(heard.talkMs > 400, `${heard.talkMs} ms after the answer`)
  })

  test('uas-dtmf: each key comes once', { skip: skip === false && process.getuid?.() !== 0 ? 'sipp plays captures as root only' : skip }, async () => {
    const { heard } = await meet('uas-dtmf', { hangUpAfterMs: 4_500 })
    assert.deepEqual(heard.digits, ['1', '2', '3', '4'])
  })

  test('uas-dtmf-info: a key in INFO comes once', async () => {
    const { heard } = await meet('uas-dtmf-info', { hangUpAfterMs: 2_500 })
    assert.deepEqual(heard.digits, ['5'])
  })

  test('uas-hold: nothing is sent for the two seconds of the hold, and again after it', async () => {
    const { stats, talkedMs } = await meet('uas-hold', { hangUpAfterMs: 5_000, play: true })
    between(talkedMs - stats.packetsSent * FRAME_MS, 1_700, 2_600, 'silence of ours')
  })

  test('uas-reinvite-offerless: sound goes on after an offer of ours was asked for', async () => {
    const { stats, talkedMs } = await meet('uas-reinvite-offerless', { hangUpAfterMs: 3_000, play: true })
    between(talkedMs - stats.packetsSent * FRAME_MS, -200, 400, 'silence of ours')
  })
})

/** Hangs up as soon as somebody is there. */
class Mute implements Robot {
  readonly kind = 'mute'
  readonly hotWords = []
  readonly phrases = []
  readonly events: RobotEvent[] = []

  async *handle(event: RobotEvent): AsyncGenerator<RobotAction> {
    this.events.push(event)
    if (event.type === 'answered') yield { type: 'hang-up' }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

describe('what calls to carriers are called in the end', { skip, concurrency: 4, timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack()
  const tts = stack.use(new SynthesisCache(ttsProviders.espeak()))
  const asr = stack.use(asrProviders.builtin({}))
  before(() => Promise.all([tts.warmUp(), asr.warmUp()]))
  after(() => stack[Symbol.asyncDispose]())

  async function call(scenario: string, ringMsMax = 20_000) {
    // One that is given up when its announcement was understood gets CANCEL, which these scenarios do not expect: sipp is not judged here.
    await using sipp = await Sipp.start(scenario, { calls: 1 })
    await using userAgent = await SipUserAgent.open({ address, port: 0, log })
    const trunk = trunkTo(sipp.port, userAgent)
    const robot = new Mute()
    const events: CallEvent[] = []
    const run = callRunner({ trunk: () => trunk, media, mediaAddress: address, asr, tts, voice: defaultVoice })
    let attempts = 0
    const hooks = {
      onEvent: (event: CallEvent) => void events.push(event),
      beforeInvite: () => void (attempts += 1),
      onDialFailed: () => Promise.resolve(undefined),
      onDialog: () => {},
      mayContinue: () => 'continue' as const,
    }
    const result = await run({ id: scenario, phone, trunk: 'sipp', callerId, attempt: 1, ringMsMax, talkMsMax: 30_000, robot }, hooks, new AbortController().signal)
    return { result, robot, events, attempts }
  }

  const outcomes: readonly [scenario: string, outcome: Outcome][] = [
    ['uas-vacant-404', 'invalid-number'],
    ['uas-unavailable-480', 'powered-off'],
    ['uas-busy-486', 'busy'],
    ['uas-declined-603', 'rejected'],
    ['uas-timeout-408', 'no-answer'],
    ['uas-forbidden-403', 'barred'],
    ['uas-codec-488', 'line-fault'],
    ['uas-congested-503', 'call-loss'],
    ['uas-redirect-302', 'forwarded'],
  ]
  for (const [scenario, outcome] of outcomes) {
    test(`${scenario}: ${outcome}, nothing to pay`, async () => {
      const { result, robot } = await call(scenario)
      assert.equal(result.reason.outcome, outcome, JSON.stringify(result.reason))
      assert.equal(result.talkMs, 0)
      assert.equal(robot.events.some(({ type }) => type === 'answered'), false)
    })
  }

  test('uas-noanswer: no-answer', async () => {
    const { result } = await call('uas-noanswer', 2_000)
    assert.equal(result.reason.outcome, 'no-answer', JSON.stringify(result.reason))
    assert.equal(result.talkMs, 0)
  })

  test('uas-early-media: the colour ring is not paid for and never reaches the robot', async () => {
    const { result, robot } = await call('uas-early-media')
    assert.equal(result.reason.outcome, 'answered', JSON.stringify(result.reason))
    // The robot is told of the answer with the callee's first words, which takes up to 3 s; with the ring it would be 3 s more.
    between(result.talkMs, 0, 4_500, 'talk time')
    assert.deepEqual(robot.events.map(({ type }) => type).filter((type) => type !== 'ended'), ['answered'])
    const [answered] = robot.events
    assert.ok(answered?.type === 'answered' && answered.firstWords?.startsWith('喂'), JSON.stringify(answered))
  })
})
