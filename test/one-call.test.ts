// One call in one process with every real part: SIP and RTP over loopback, voices, recogniser, simulated callee. Only the robot is small.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { pino } from 'pino'
import type { Trunk } from '../src/call/leg.ts'
import { callRunner } from '../src/call/run-call.ts'
import type { CallEvent } from '../src/events.ts'
import type { MediaEngine } from '../src/media/engine.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import { noAttribution } from '../src/numbering/attribution.ts'
import type { Robot, RobotAction, RobotEvent } from '../src/robot/robot.ts'
import { Carrier } from '../src/simulator/carrier.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { asrProviders } from '../src/speech/asr/index.ts'
import { SynthesisCache } from '../src/speech/tts/cache.ts'
import { ttsProviders } from '../src/speech/tts/index.ts'
import { defaultVoice } from '../src/speech/tts/provider.ts'
import { configuredTrunk } from '../src/trunk/configured-trunk.ts'
import { parseTrunkConfig } from '../src/trunk/trunk-config.ts'

const log = pino({ level: 'silent' })
const address = '127.0.0.1'
const stack = new AsyncDisposableStack()
const tts = stack.use(new SynthesisCache(ttsProviders.espeak()))
const asr = stack.use(asrProviders.builtin({}))
let media: MediaEngine
let agent: SipUserAgent
let carrierPort: number
let folder: string

before(async () => {
  ;[media, agent, folder] = await Promise.all([
    createMediaEngine({ workers: 1, portMin: 24_000, portMax: 24_998, log }),
    SipUserAgent.open({ address, port: 0, log }),
    mkdtemp(path.join(tmpdir(), 'waihu-one-call-')),
    tts.warmUp(),
    asr.warmUp(),
  ])
  stack.use(media)
  stack.use(agent)
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const carrier = new Carrier({ address, media, asr, tts, announcerVoice: 'f1', genericCodes: false })
  const carrierAgent = stack.use(await SipUserAgent.open({ address, port: 0, onCall: (call) => carrier.take(call), log }))
  carrierPort = carrierAgent.port
})
after(() => stack[Symbol.asyncDispose]())

/** Asks for somebody, says one thing and leaves. */
class Messenger implements Robot {
  readonly kind = 'messenger'
  readonly hotWords = []
  readonly phrases = ['对我是', '是我你说']
  readonly events: RobotEvent[] = []

  async *handle(event: RobotEvent): AsyncGenerator<RobotAction> {
    this.events.push(event)
    const say = (id: string, text: string): RobotAction => ({ type: 'say', id, parts: [{ type: 'text', text }], interruptible: true })
    if (event.type === 'answered') yield say('asks', '请问是张总吗？')
    if (event.type !== 'utterance') return
    yield say('leaves', '再见。')
    yield { type: 'note', note: { outcome: 'delivered' } }
    yield { type: 'hang-up' }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function trunkTo(port: number, trace = false): Trunk {
  const config = parseTrunkConfig({ name: 'loopback', targets: [address], callers: [{ number: '02160001000' }], trace })
  return configuredTrunk(config, { userAgent: agent, mediaAddress: address, domain: () => address, targets: () => Promise.resolve([{ address, port }]), attribution: noAttribution })
}

test('a call is dialled, understood, answered, recorded and hung up', { timeout: 40_000 }, async () => {
  const trunk = trunkTo(carrierPort)
  const run = callRunner({ trunk: () => trunk, media, mediaAddress: address, asr, tts, voice: defaultVoice })
  const events: CallEvent[] = []
  const robot = new Messenger()
  const recordingPath = path.join(folder, 'call.wav')
  const hooks = { onEvent: (event: CallEvent) => void events.push(event), beforeInvite: () => {}, onDialFailed: () => Promise.resolve(undefined), onDialog: () => {}, mayContinue: () => 'continue' as const }
  const result = await run({ id: 'one', phone: '+8613800138000', trunk: 'loopback', callerId: '02160001000', attempt: 1, ringMsMax: 10_000, talkMsMax: 30_000, recordingPath, robot }, hooks, new AbortController().signal)

  assert.deepEqual([result.reason.outcome, result.reason.by, result.conversation], ['answered', 'robot', 'delivered'], JSON.stringify(result.reason))
  const said = events.flatMap((event) => (event.type === 'callee-said' || event.type === 'robot-said' ? [`${event.type === 'robot-said' ? '我' : '你'}：${event.text}`] : []))
  assert.deepEqual(said, ['你：喂你好', '我：请问是张总吗？', '你：对我是', '我：再见。'])
  const answer = events.findLast((event) => event.type === 'robot-said')
  assert.ok(answer?.latency && answer.latency.totalMs > 300 && answer.latency.totalMs < 2_500, `answered after ${answer?.latency?.totalMs} ms`)
  assert.deepEqual(robot.events.map(({ type }) => type), ['answered', 'played', 'utterance', 'played', 'ended'])
  assert.equal(result.recording, recordingPath)
  const { length } = await readFile(recordingPath)
  assert.ok(Math.abs(length / 16 - result.talkMs) < 1_500, `${Math.round(length / 16)} ms are recorded of ${result.talkMs} ms`)
  assert.equal(result.media?.packetsLost, 0)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(media.load().ports, 0, 'no port is left')
  assert.equal(agent.stats.calls, 0, 'no call is left')
})

test('a call that asks for it, or whose trunk does, leaves its SIP messages behind', { timeout: 20_000 }, async () => {
  const traces = path.join(folder, 'traces')
  const hooks = { onEvent: () => {}, beforeInvite: () => {}, onDialFailed: () => Promise.resolve(undefined), onDialog: () => {}, mayContinue: () => 'continue' as const }
  for (const [id, byTrunk, byCall] of [['by-trunk', true, undefined], ['by-call', false, true], ['by-nobody', false, undefined]] as const) {
    const run = callRunner({ trunk: () => trunkTo(carrierPort, byTrunk), media, mediaAddress: address, asr, tts, voice: defaultVoice, traces })
    // 13800138001 is busy.
    const result = await run({ id, phone: '+8613800138001', trunk: 'loopback', callerId: '02160001000', attempt: 1, ringMsMax: 10_000, talkMsMax: 30_000, trace: byCall, robot: new Messenger() }, hooks, new AbortController().signal)
    assert.equal(result.reason.outcome, 'busy', JSON.stringify(result.reason))
  }
  assert.deepEqual((await readdir(traces)).sort(), ['by-call.pcap', 'by-call.txt', 'by-trunk.pcap', 'by-trunk.txt'])
  const ladder = await readFile(path.join(traces, 'by-trunk.txt'), 'utf8')
  assert.match(ladder, /──▶ 127\.0\.0\.1:\d+ UDP +INVITE sip:13800138001@127\.0\.0\.1 .*\n[\s\S]*◀── 127\.0\.0\.1:\d+ UDP +486 Busy Here .*\n[\s\S]*──▶ .* ACK /)
})
