// Whole calls of a robot to a phone that is not ours: baresip over real SIP and RTP, with the real voice and the real recogniser.
// Runs when baresip is installed; with REQUIRE_INTEROP=1 its absence fails.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import type { CallResult } from '../src/call/call.ts'
import { callRunner } from '../src/call/run-call.ts'
import type { CallEvent } from '../src/events.ts'
import type { MediaEngine } from '../src/media/engine.ts'
import { SAMPLE_RATE_HZ } from '../src/media/frame.ts'
import { writeWav } from '../src/media/wav.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import { noAttribution } from '../src/numbering/attribution.ts'
import type { Robot, RobotAction, RobotEvent } from '../src/robot/robot.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { speechFixture } from '../src/speech/asr/builtin/fixtures.ts'
import { asrProviders } from '../src/speech/asr/index.ts'
import { SynthesisCache } from '../src/speech/tts/cache.ts'
import { ttsProviders } from '../src/speech/tts/index.ts'
import { defaultVoice } from '../src/speech/tts/provider.ts'
import { configuredTrunk } from '../src/trunk/configured-trunk.ts'
import { parseTrunkConfig } from '../src/trunk/trunk-config.ts'
import { Baresip, hasBaresip, type BaresipOptions } from './world/baresip.ts'
import { hear } from './world/ear.ts'

const address = '127.0.0.1'
const log = pino({ level: 'silent' })
const skip = !hasBaresip && process.env['REQUIRE_INTEROP'] !== '1' ? 'baresip is not installed' : false
const bare = (texts: readonly string[]) => texts.join('').replace(/[\p{P}\s]/gu, '')

/** Says one sentence when somebody is there, and leaves after the key 9. */
class Teller implements Robot {
  readonly kind = 'teller'
  readonly hotWords = []
  readonly phrases = ['喂你好请问是哪位']
  readonly events: RobotEvent[] = []
  #happened = Promise.withResolvers<void>()

  async *handle(event: RobotEvent): AsyncGenerator<RobotAction> {
    this.events.push(event)
    this.#happened.resolve()
    this.#happened = Promise.withResolvers()
    if (event.type === 'answered') yield { type: 'say', id: 'tells', parts: [{ type: 'text', text: '明天下午三点开会。' }], interruptible: false }
    if (event.type === 'digits' && event.digits.includes('9')) yield { type: 'hang-up' }
  }

  /** The first event of that type, past or to come; the test's time limit ends the wait. */
  async until(type: RobotEvent['type']): Promise<void> {
    while (!this.events.some((event) => event.type === type)) await this.#happened.promise
  }

  get keys(): string[] {
    return this.events.flatMap((event) => (event.type === 'digits' ? [event.digits] : []))
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

describe('a robot calls baresip', { skip, concurrency: false }, () => {
  const stack = new AsyncDisposableStack()
  const tts = stack.use(new SynthesisCache(ttsProviders.espeak()))
  const asr = stack.use(asrProviders.builtin({}))
  let media: MediaEngine
  let folder: string
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'waihu-interop-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    // The phone greets once and is silent; its microphone must outlast the call, because it hangs up at the end of the file.
    const microphone = new Int16Array(60 * SAMPLE_RATE_HZ)
    microphone.set(speechFixture('greeting').pcm, 0.5 * SAMPLE_RATE_HZ)
    await writeFile(path.join(folder, 'microphone.wav'), writeWav({ encoding: 'pcm16', sampleRateHz: SAMPLE_RATE_HZ }, [microphone]))
    media = stack.use(await createMediaEngine({ workers: 1, portMin: 25_000, portMax: 25_998, admission: { busyMax: 1, lateMsMax: Infinity }, log }))
    await Promise.all([tts.warmUp(), asr.warmUp()])
  })
  after(() => stack[Symbol.asyncDispose]())

  async function call(answers: BaresipOptions['answers'], meanwhile: (phone: Baresip, robot: Teller) => Promise<void>, ringMsMax = 15_000) {
    await using world = new AsyncDisposableStack()
    const userAgent = world.use(await SipUserAgent.open({ address, port: 0, log }))
    const phone = world.use(await Baresip.start({ microphone: path.join(folder, 'microphone.wav'), answers }))
    const config = parseTrunkConfig({ name: 'phone', targets: [address], callers: [{ number: '02160001000' }] })
    const trunk = configuredTrunk(config, { userAgent, mediaAddress: address, domain: () => address, targets: () => Promise.resolve([{ address, port: phone.port }]), attribution: noAttribution })
    const run = callRunner({ trunk: () => trunk, media, mediaAddress: address, asr, tts, voice: defaultVoice })
    const robot = new Teller()
    const events: CallEvent[] = []
    const hooks = { onEvent: (event: CallEvent) => void events.push(event), beforeInvite: () => {}, onDialFailed: () => Promise.resolve(undefined), onDialog: () => {}, mayContinue: () => 'continue' as const }
    const [result] = await Promise.all([run({ id: 'baresip', phone: '+8613800138000', trunk: 'phone', callerId: '02160001000', attempt: 1, ringMsMax, talkMsMax: 40_000, robot }, hooks, new AbortController().signal), meanwhile(phone, robot)])
    const heard = answers === 'auto' ? (await phone.recordings()).heard.channels[0]! : undefined
    assert.equal(userAgent.stats.calls, 0)
    return { result: result satisfies CallResult, robot, events, heard }
  }

  test('both understand each other, each key comes once, and the robot hangs up', { timeout: 40_000 }, async () => {
    const { result, robot, events, heard } = await call('auto', async (phone, robot) => {
      await robot.until('played')
      for (const key of ['5', '5', '9']) {
        phone.tell(`sndcode ${key}`)
        await new Promise((resolve) => setTimeout(resolve, 600))
      }
      await phone.until('CALL_CLOSED')
    })
    assert.deepEqual([result.reason.outcome, result.reason.by], ['answered', 'robot'], JSON.stringify(result.reason))
    assert.equal(robot.keys.join(''), '559')
    const answered = robot.events[0]
    const said = [answered?.type === 'answered' ? answered.firstWords : '', ...events.flatMap((event) => (event.type === 'callee-said' ? [event.text] : []))]
    assert.match(bare(said), /请问是哪位/)
    assert.match(bare(hear(heard!)), /明天下午三点/)
    assert.ok(result.media && result.media.packetsLost <= 2, JSON.stringify(result.media))
  })

  test('a hold and a resume of the phone do not end the call; its hang-up does', { timeout: 40_000 }, async () => {
    const { result } = await call('auto', async (phone, robot) => {
      await robot.until('played')
      phone.tell('hold')
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      phone.tell('resume')
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      phone.tell('hangup')
    })
    assert.deepEqual([result.reason.outcome, result.reason.by], ['answered', 'callee'], JSON.stringify(result.reason))
    assert.ok(result.talkMs > 3_500, `${result.talkMs} ms`)
  })

  test('a phone that nobody answers is given up: CANCEL, and no-answer', { timeout: 30_000 }, async () => {
    const { result, robot } = await call('manual', async (phone) => void (await phone.until('CALL_CLOSED')), 2_500)
    assert.equal(result.reason.outcome, 'no-answer', JSON.stringify(result.reason))
    assert.equal(result.talkMs, 0)
    assert.equal(robot.events.some(({ type }) => type === 'answered'), false)
  })
})
