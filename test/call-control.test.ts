// A human takes over a call, and a supervisor hears it: with phones that are not ours (baresip), over real SIP and RTP, judged by what each phone recorded.
// Runs when baresip is installed; with REQUIRE_INTEROP=1 its absence fails.
// Runs alone: it measures the gap when a human takes over.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import type { CallHooks, CallResult } from '../src/call/call.ts'
import type { CallControls } from '../src/call/controls.ts'
import { configuredTrunk } from '../src/trunk/configured-trunk.ts'
import { callRunner } from '../src/call/run-call.ts'
import type { CallEvent } from '../src/events.ts'
import type { MediaEngine } from '../src/media/engine.ts'
import { SAMPLE_RATE_HZ } from '../src/media/frame.ts'
import { readWav, writeWav } from '../src/media/wav.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import { noAttribution } from '../src/numbering/attribution.ts'
import type { Robot, RobotAction, RobotEvent } from '../src/robot/robot.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { asrProviders } from '../src/speech/asr/index.ts'
import { SynthesisCache } from '../src/speech/tts/cache.ts'
import { ttsProviders } from '../src/speech/tts/index.ts'
import { defaultVoice } from '../src/speech/tts/provider.ts'
import { parseTrunkConfig } from '../src/trunk/trunk-config.ts'
import { Baresip, hasBaresip, type BaresipOptions } from './world/baresip.ts'

const address = '127.0.0.1'
const log = pino({ level: 'silent' })
const skip = !hasBaresip && process.env['REQUIRE_INTEROP'] !== '1' ? 'baresip is not installed' : false
const GAP_MS_MAX = 300
/** Each phone says a tone of its own, so that it can be told who is heard. */
const toneHz = { callee: 900, colleague: 1_300, supervisor: 2_000 } as const
type Who = keyof typeof toneHz
const numbers = { callee: '13800138000', colleague: '13900139000', supervisor: '13700137000' } as const satisfies Record<Who, string>
const e164 = (who: Who) => `+86${numbers[who]}`

/** Talks without a break and lets itself be interrupted by nobody. Says so when a human cannot be had. */
class Talker implements Robot {
  readonly kind = 'talker'
  readonly hotWords = []
  readonly phrases = []
  readonly events: RobotEvent[] = []

  async *handle(event: RobotEvent): AsyncGenerator<RobotAction> {
    this.events.push(event)
    const say = (id: string, text: string): RobotAction => ({ type: 'say', id, parts: [{ type: 'text', text }], interruptible: false })
    if (event.type === 'answered') for (let n = 1; n <= 6; n += 1) yield say(`says-${n}`, '我先为您说明一下情况，明天下午三点有一个会议，请您按时参加，地点在二楼的会议室，记得带上身份证。')
    if (event.type !== 'transfer' || event.state !== 'failed') return
    yield { type: 'stop' }
    yield say('failed', '人工暂时不方便。')
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

describe('a call with more phones', { skip, concurrency: false }, () => {
  const stack = new AsyncDisposableStack()
  let folder: string
  let media: MediaEngine
  let userAgent: SipUserAgent
  const tts = stack.use(new SynthesisCache(ttsProviders.espeak()))
  const asr = stack.use(asrProviders.builtin({}))
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'waihu-call-control-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    await tts.warmUp()
    media = stack.use(await createMediaEngine({ workers: 1, portMin: 25_000, portMax: 25_998, admission: { busyMax: 1, lateMsMax: 1_000 }, log }))
    userAgent = stack.use(await SipUserAgent.open({ address, port: 0, log }))
    for (const [who, hz] of Object.entries(toneHz)) {
      // It must outlast the call: a phone hangs up at the end of its microphone's file.
      const pcm = Int16Array.from({ length: 90 * SAMPLE_RATE_HZ }, (_, i) => Math.round(6_000 * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE_HZ)))
      await writeFile(path.join(folder, `${who}.wav`), writeWav({ encoding: 'pcm16', sampleRateHz: SAMPLE_RATE_HZ }, [pcm]))
    }
  })
  after(() => stack[Symbol.asyncDispose]())

  const phone = (who: Who, answers: BaresipOptions['answers'] = 'auto') => Baresip.start({ microphone: path.join(folder, `${who}.wav`), answers, number: numbers[who] })

  /** A call over a trunk behind which the phones are, in the order in which they are dialled. */
  function place(phones: readonly Baresip[], id: string, ringMsMax = 15_000): { robot: Talker; result: Promise<CallResult>; controls: Promise<CallControls>; until(found: (event: CallEvent) => boolean): Promise<CallEvent>; events: CallEvent[]; recordingPath: string; abort: AbortController } {
    const [...left] = phones
    const config = parseTrunkConfig({ name: 'loopback', targets: [address], callers: [{ number: '02160001000' }] })
    const trunk = configuredTrunk(config, { userAgent, mediaAddress: address, domain: () => address, targets: () => Promise.resolve(left.length > 0 ? [{ address, port: left.shift()!.port }] : []), attribution: noAttribution })
    const run = callRunner({ trunk: () => trunk, media, mediaAddress: address, asr, tts, voice: defaultVoice })
    const events: CallEvent[] = []
    let arrived = Promise.withResolvers<void>()
    const controls = Promise.withResolvers<CallControls>()
    const hooks: CallHooks = {
      onEvent(event) {
        events.push(event)
        arrived.resolve()
        arrived = Promise.withResolvers()
      },
      beforeInvite: () => {},
      onDialFailed: () => Promise.resolve(undefined),
      onDialog: () => {},
      mayContinue: () => 'continue',
      legs: { admit: () => Promise.resolve({ callerId: '02160001000', giveBack: () => {} }), beforeInvite: () => {}, onDialogs: () => {} },
      onControls: (it) => controls.resolve(it),
    }
    const robot = new Talker()
    const abort = new AbortController()
    const recordingPath = path.join(folder, `${id}.wav`)
    const result = run({ id, phone: e164('callee'), trunk: 'loopback', callerId: '02160001000', attempt: 1, ringMsMax: 10_000, talkMsMax: 60_000, handover: { by: 'bridge', ringMsMax, talkMsMax: 60_000 }, recordingPath, robot }, hooks, abort.signal)
    const until = async (found: (event: CallEvent) => boolean): Promise<CallEvent> => {
      for (;;) {
        const event = events.find(found)
        if (event) return event
        const over = await Promise.race([arrived.promise, result])
        if (over && !events.some(found)) throw new Error(`the call ended before: ${JSON.stringify([over.reason, events.map((it) => ('state' in it ? [it.type, it.state] : it.type))])}`)
      }
    }
    return { robot, result, controls: controls.promise, until, events, recordingPath, abort }
  }

  const transfer = (state: string) => (event: CallEvent) => event.type === 'transfer' && event.state === state
  const talk = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  test('in parallel: the robot talks on, the colleague takes over within 300 ms, the supervisor hears all, and the callee ends it', { timeout: 60_000 }, async (t) => {
    await using callee = await phone('callee')
    await using supervisor = await phone('supervisor')
    await using colleague = await phone('colleague')
    const call = place([callee, supervisor, colleague], 'parallel')
    const controls = await call.controls
    await call.until((event) => event.type === 'answered')
    assert.equal((await controls.command({ type: 'listen', phone: e164('supervisor') })).ok, true)
    await call.until((event) => event.type === 'listening' && event.state === 'joined')
    await talk(6_000)
    assert.deepEqual(await controls.command({ type: 'parallel-transfer', phone: e164('colleague'), join: 'by-itself' }), { ok: true, state: 'calling-aside' })
    await call.until(transfer('joined'))
    await talk(3_000)
    callee.tell('hangup')
    const result = await call.result
    await Promise.all([colleague.until('CALL_CLOSED'), supervisor.until('CALL_CLOSED')])

    assert.deepEqual([result.reason.outcome, result.reason.by, result.conversation], ['answered', 'callee', 'transferred'], JSON.stringify(result.reason))
    const heard = { callee: await heardBy(callee), colleague: await heardBy(colleague), supervisor: await heardBy(supervisor) }
    const gapMs = gapBefore(heard.callee, toneHz.colleague)
    t.diagnostic(`the callee heard nothing for ${gapMs} ms between the robot and the colleague`)
    assert.ok(gapMs <= GAP_MS_MAX, `${gapMs} ms between the robot and the colleague`)
    assert.ok(toneSec(heard.callee, toneHz.colleague) > 1, 'the callee hears the colleague')
    assert.ok(toneSec(heard.colleague, toneHz.callee) > 1, 'the colleague hears the callee')
    assert.ok(toneSec(heard.supervisor, toneHz.callee) > 2, 'the supervisor hears the callee')
    assert.ok(toneSec(heard.supervisor, toneHz.colleague) > 1, 'the supervisor hears the colleague')
    assert.ok(otherSec(heard.supervisor) > 1, 'the supervisor hears the robot')
    assert.equal(toneSec(heard.callee, toneHz.supervisor) + toneSec(heard.colleague, toneHz.supervisor), 0, 'nobody hears the supervisor')
    assert.ok(otherSec(heard.callee) > 1.5, 'the callee heard the robot before')

    const [far, us] = readWav(await readFile(call.recordingPath)).channels as [Int16Array, Int16Array]
    assert.ok(toneSec(far, toneHz.callee) > 2, 'one channel has the callee to the end')
    assert.ok(toneSec(us, toneHz.colleague) > 1 && otherSec(us) > 1.5, 'the other has the robot, then the colleague')
    await nothingLeft()
  })

  test('bridged: the callee waits with ring-back while the colleague rings, then they talk, and the colleague ends it', { timeout: 60_000 }, async () => {
    await using callee = await phone('callee')
    await using colleague = await phone('colleague', 'manual')
    const call = place([callee, colleague], 'bridged')
    const controls = await call.controls
    await talk(1_000)
    await controls.command({ type: 'play', text: '请稍等。', interruptible: false })
    await controls.command({ type: 'transfer', phone: e164('colleague') })
    await call.until(transfer('ringing'))
    await talk(5_000)
    colleague.tell('accept')
    await call.until(transfer('joined'))
    await talk(2_500)
    colleague.tell('hangup')
    const result = await call.result
    await callee.until('CALL_CLOSED')
    assert.deepEqual([result.reason.by, result.reason.detail, result.conversation], ['colleague', 'colleague-hung-up', 'transferred'])
    const heard = { callee: await heardBy(callee), colleague: await heardBy(colleague) }
    assert.ok(toneSec(heard.callee, 450) > 0.5, 'ring-back is heard meanwhile')
    assert.ok(toneSec(heard.callee, toneHz.colleague) > 0.7 && toneSec(heard.colleague, toneHz.callee) > 0.7, 'they hear each other')
    await nothingLeft()
  })

  // baresip takes the REFER, calls the colleague where nobody is, and tells no end of it in time.
  test('a far end that comes to no end with a REFER is dialled around; a colleague who rejects leaves the callee to the robot', { timeout: 60_000 }, async () => {
    await using callee = await phone('callee')
    await using colleague = await phone('colleague', 'manual')
    const call = place([callee, colleague], 'fallback', 4_000)
    const controls = await call.controls
    // Until the robot has begun: one that never spoke has nothing to go on with.
    await talk(5_000)
    assert.deepEqual(await controls.command({ type: 'transfer', phone: e164('colleague'), by: 'refer' }), { ok: true, state: 'referring' })
    await call.until(transfer('ringing'))
    colleague.tell('hangup')
    const failed = await call.until(transfer('failed'))
    assert.ok(failed.type === 'transfer' && failed.why === 'busy', JSON.stringify(failed))
    const states = call.events.flatMap((event) => (event.type === 'transfer' ? [event.state] : []))
    assert.deepEqual(states, ['referring', 'calling', 'ringing', 'failed'])
    await call.until((event) => event.type === 'robot-said' && event.text === '人工暂时不方便。')
    // The phone's own hang-up would end the call that it placed for us.
    call.abort.abort({ by: 'user', detail: 'hung-up-by-user' })
    const result = await call.result
    assert.deepEqual([result.reason.detail, result.conversation], ['hung-up-by-user', undefined])
    await nothingLeft()
  })

  async function nothingLeft(): Promise<void> {
    for (const byMs = performance.now() + 3_000; performance.now() < byMs && (media.load().ports > 0 || userAgent.stats.calls > 0); ) await talk(50)
    assert.deepEqual([media.load().ports, userAgent.stats.calls], [0, 0], 'no port and no call is left')
  }
})

async function heardBy(phone: Baresip): Promise<Int16Array> {
  return (await phone.recordings()).heard.channels[0]!
}

const WINDOW = 80 // 10 ms

/** Goertzel: the power of one frequency in a window, comparable to its mean square. */
function tonePower(pcm: Int16Array, hz: number): number {
  const c = 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ)
  let [s1, s2] = [0, 0]
  for (const sample of pcm) [s1, s2] = [sample + c * s1 - s2, s1]
  return (2 * (s1 * s1 + s2 * s2 - c * s1 * s2)) / pcm.length ** 2
}

const meanSquare = (pcm: Int16Array) => pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length
const AUDIBLE = 200 ** 2

function windows(pcm: Int16Array): Int16Array[] {
  return Array.from({ length: Math.floor(pcm.length / WINDOW) }, (_, i) => pcm.subarray(i * WINDOW, (i + 1) * WINDOW))
}

/** A steady tone alone or under others: strong for three windows in a row, which speech hardly ever is at one frequency. */
function hasTone(all: readonly Int16Array[], i: number, hz: number): boolean {
  return [i - 1, i, i + 1].every((at) => all[at] !== undefined && tonePower(all[at], hz) > 1_500 ** 2)
}

function toneSec(pcm: Int16Array, hz: number): number {
  const all = windows(pcm)
  let best = 0
  let run = 0
  // Only runs of a quarter second and longer: vowels come near a frequency for a moment.
  for (let i = 0; i <= all.length; i += 1) {
    if (i < all.length && hasTone(all, i, hz)) run += 1
    else {
      if (run >= 25) best += run
      run = 0
    }
  }
  return best / 100
}

/** Seconds in which something else than the phones' tones is heard. */
function otherSec(pcm: Int16Array): number {
  return windows(pcm).filter((window) => meanSquare(window) - Object.values(toneHz).reduce((sum, hz) => sum + tonePower(window, hz), 0) > AUDIBLE * 4).length / 100
}

/** Silence between the last sound of anything else and the first of the tone. */
function gapBefore(pcm: Int16Array, hz: number): number {
  const all = windows(pcm)
  const first = all.findIndex((window, i) => hasTone(all, i, hz) && toneSec(pcm.subarray(i * WINDOW), hz) > 0 && tonePower(window, hz) > 0.7 * meanSquare(window))
  assert.ok(first > 0, 'the tone is never heard')
  const begin = all.findLastIndex((window, i) => i < first && tonePower(window, hz) < 0.3 * meanSquare(window) && meanSquare(window) > AUDIBLE)
  // From the end of the window in which something else was heard to the first one in which the tone is.
  let tone = begin + 1
  while (tone < first && tonePower(all[tone]!, hz) < 0.5 * 6_000 ** 2 * 0.5) tone += 1
  return (tone - begin - 1) * 10
}
