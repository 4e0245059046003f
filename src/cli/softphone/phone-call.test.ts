// Two softphones on the loopback: real SIP, real RTP.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { pino } from 'pino'
import type { MediaEngine } from '../../media/engine.ts'
import { readWav } from '../../media/wav.ts'
import { createMediaEngine } from '../../media/worker-engine.ts'
import type { IncomingCall } from '../../sip/leg.ts'
import { SipUserAgent } from '../../sip/user-agent.ts'
import { PhoneCall, type PhoneEvent } from './phone-call.ts'

const log = pino({ level: 'silent' })
const address = '127.0.0.1'
/** 0.4 s of 400 Hz. */
const tone = Int16Array.from({ length: 3_200 }, (_, i) => 8_000 * Math.sin((2 * Math.PI * 400 * i) / 8_000))
let media: MediaEngine
before(async () => (media = await createMediaEngine({ workers: 1, portMin: 20_000, portMax: 29_998, log })))
after(() => media[Symbol.asyncDispose]())

/** Events of one side, and a way to wait for one of them. */
function diary() {
  const events: PhoneEvent[] = []
  let arrived = Promise.withResolvers<void>()
  return {
    events,
    onEvent: (event: PhoneEvent): void => {
      events.push(event)
      arrived.resolve()
      arrived = Promise.withResolvers()
    },
    async until<T extends PhoneEvent['type']>(type: T): Promise<Extract<PhoneEvent, { type: T }>> {
      for (;;) {
        const found = events.find((event) => event.type === type)
        if (found) return found as Extract<PhoneEvent, { type: T }>
        await arrived.promise
      }
    },
  }
}

async function agents(stack: AsyncDisposableStack, onCall?: (call: IncomingCall) => void) {
  const callee = stack.use(await SipUserAgent.open({ address, port: 0, onCall, log }))
  const caller = stack.use(await SipUserAgent.open({ address, port: 0, log }))
  const dial = { peer: { address, port: callee.port }, uri: `sip:95588@${address}`, from: `sip:1001@${address}`, ringMsMax: 5_000 }
  return { caller, callee, dial }
}

test('sound and keys reach the far end, both sides are recorded, and either may hang up', { timeout: 20_000 }, async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'waihu-phone-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const [here, there] = [diary(), diary()]
  const answered = Promise.withResolvers<PhoneCall | undefined>()
  const { caller, callee, dial } = await agents(stack, (call) => answered.resolve(PhoneCall.answer(call, { userAgent: callee, media, address, onEvent: there.onEvent })))
  const recordingPath = path.join(folder, 'call.wav')
  const out = stack.use(await PhoneCall.dial(dial, { userAgent: caller, media, address, recordingPath, onEvent: here.onEvent }))
  const far = (await answered.promise)!
  stack.use(far)
  assert.equal((await here.until('answered')).status, 200)
  out.play(tone)
  assert.equal((await here.until('played')).cut, false)
  out.sendKeys('5')
  assert.deepEqual(await there.until('digit'), { type: 'digit', digit: '5', path: 'rtp' })
  await far.hangUp()
  const end = await out.over
  assert.ok(end.type === 'ended' && end.by === 'remote')
  const stats = await out.close()
  assert.ok(stats.packetsSent > 20 && stats.packetsReceived > 20, JSON.stringify(stats))
  const { channels } = readWav(await readFile(recordingPath))
  assert.equal(channels.length, 2)
  assert.ok(channels[1]!.some((sample) => sample > 6_000), 'our side is in the right channel')
  assert.ok(channels[0]!.every((sample) => Math.abs(sample) < 500), 'the far end was silent')
})

test('a refused call tells why', async () => {
  await using stack = new AsyncDisposableStack()
  const { caller, dial } = await agents(stack, (call) => void call.reject(486))
  const here = diary()
  const out = stack.use(await PhoneCall.dial(dial, { userAgent: caller, media, address, onEvent: here.onEvent }))
  const end = await out.over
  assert.ok(end.type === 'failed' && end.status === 486)
  assert.equal(here.events.at(-1)?.type, 'over')
})

test('a caller without a codec of ours is refused with 488 and leaves no port open', async () => {
  await using stack = new AsyncDisposableStack()
  const answered = Promise.withResolvers<PhoneCall | undefined>()
  const { caller, callee, dial } = await agents(stack, (call) => answered.resolve(PhoneCall.answer(call, { userAgent: callee, media, address, onEvent: () => {} })))
  const over = Promise.withResolvers<number>()
  const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 18\r\n'
  caller.invite({ target: dial.peer, requestUri: dial.uri, from: dial.from, to: dial.uri, sdp, ringMsMax: 5_000, onEvent: (event) => event.type === 'failed' && over.resolve(event.status) })
  assert.equal(await over.promise, 488)
  assert.equal(await answered.promise, undefined)
  assert.equal(media.load().ports, 0)
})

test('an address that cannot be used is refused at once and leaves no port open', async () => {
  await using stack = new AsyncDisposableStack()
  const { caller, dial } = await agents(stack)
  await assert.rejects(PhoneCall.dial({ ...dial, uri: 'nonsense' }, { userAgent: caller, media, address, onEvent: () => {} }), /requestUri/)
  assert.equal(media.load().ports, 0)
})
