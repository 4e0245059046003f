// A carrier that answers and never sends a packet: the whole call ends by itself, with the truth about it. SIP and RTP over loopback with sipp.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pino } from 'pino'
import { callRunner } from '../src/call/run-call.ts'
import type { CallEvent } from '../src/events.ts'
import type { MediaEngine } from '../src/media/engine.ts'
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
import { Sipp, withoutSipp } from './world/sipp.ts'

const log = pino({ level: 'silent' })
const address = '127.0.0.1'
const stack = new AsyncDisposableStack()
let media: MediaEngine
let agent: SipUserAgent
const tts = stack.use(new SynthesisCache(ttsProviders.espeak()))
const asr = stack.use(asrProviders.builtin({}))

before(async () => {
  if (withoutSipp) return
  ;[media, agent] = await Promise.all([createMediaEngine({ workers: 1, portMin: 25_000, portMax: 25_198, log }), SipUserAgent.open({ address, port: 0, log }), tts.warmUp(), asr.warmUp()])
  stack.use(media)
  stack.use(agent)
})
after(() => stack[Symbol.asyncDispose]())

/** Greets, and asks again for as long as nobody speaks. */
class Patient implements Robot {
  readonly kind = 'patient'
  readonly hotWords = []
  readonly phrases = []

  async *handle(event: RobotEvent): AsyncGenerator<RobotAction> {
    const say = (text: string): RobotAction => ({ type: 'say', id: text, parts: [{ type: 'text', text }], interruptible: true })
    if (event.type === 'answered') yield say('您好。')
    if (event.type === 'silence') yield say('喂，您好，能听到吗？')
    if (event.type === 'ended') yield { type: 'note', note: { outcome: 'silent' } }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

test('uas-answer-silent: answered without a packet, hung up after ten seconds and told as a fault of the line', { skip: withoutSipp, timeout: 60_000 }, async () => {
  await using sipp = await Sipp.start('uas-answer-silent', { calls: 1 })
  const config = parseTrunkConfig({ name: 'silent', targets: [address], callers: [{ number: '02160001000' }] })
  const trunk = configuredTrunk(config, { userAgent: agent, mediaAddress: address, domain: () => address, targets: () => Promise.resolve([{ address, port: sipp.port }]), attribution: noAttribution })
  const run = callRunner({ trunk: () => trunk, media, mediaAddress: address, asr, tts, voice: defaultVoice })
  const events: CallEvent[] = []
  const request = { id: 'call_silent', phone: '+8613800138000', trunk: 'silent', callerId: '02160001000', attempt: 1, ringMsMax: 10_000, talkMsMax: 60_000, robot: new Patient() }
  const hooks = { onEvent: (event: CallEvent) => void events.push(event), beforeInvite: () => {}, onDialFailed: () => Promise.resolve(undefined), onDialog: () => {}, mayContinue: () => 'continue' as const }
  const { reason, conversation, talkMs, media: stats } = await run(request, hooks, new AbortController().signal)
  assert.deepEqual([reason.outcome, reason.by, reason.stage, reason.detail], ['line-fault', 'network', 'talking', 'no-audio-received'], JSON.stringify(reason))
  assert.equal(conversation, undefined, 'nobody talked, whatever the robot noted')
  assert.ok(talkMs >= 9_500 && talkMs < 14_000, `${talkMs} ms`)
  assert.equal(stats?.packetsReceived, 0)
  assert.ok(stats.packetsSent > 300, 'we did send')
  assert.equal(await sipp.finished, 0, sipp.output)
})
