// A phone that is not ours registers with us, is called where it registered, and leaves. Runs when baresip is installed;
// with REQUIRE_INTEROP=1 its absence fails.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import { SAMPLE_RATE_HZ } from '../src/media/frame.ts'
import { writeWav } from '../src/media/wav.ts'
import type { LegEvent } from '../src/sip/leg.ts'
import { Registrar, type RegistrarEvent, type RegistrarOptions } from '../src/sip/registrar.ts'
import { buildOffer } from '../src/sip/sdp.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { Baresip, hasBaresip } from './world/baresip.ts'

const address = '127.0.0.1'
const log = pino({ level: 'silent' })
const skip = !hasBaresip && process.env['REQUIRE_INTEROP'] !== '1' ? 'baresip is not installed' : false

describe('baresip registers with us', { skip, concurrency: false }, () => {
  let folder: string
  let microphone: string
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'waihu-registrar-'))
    microphone = path.join(folder, 'microphone.wav')
    await writeFile(microphone, writeWav({ encoding: 'pcm16', sampleRateHz: SAMPLE_RATE_HZ }, [new Int16Array(30 * SAMPLE_RATE_HZ)]))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  async function ourSide(stack: AsyncDisposableStack, options: Partial<RegistrarOptions> = {}) {
    const events: RegistrarEvent[] = []
    let arrived = Promise.withResolvers<void>()
    const registrar = new Registrar({
      realm: 'waihu',
      account: (name) => (name === 'gw7' ? { user: 'gw7', password: 'secret' } : undefined),
      onEvent(event) {
        events.push(event)
        arrived.resolve()
        arrived = Promise.withResolvers()
      },
      log,
      ...options,
    })
    const agent = stack.use(await SipUserAgent.open({ address, port: 0, registrar, log }))
    const next = async (type: RegistrarEvent['type']): Promise<RegistrarEvent> => {
      for (;;) {
        const found = events.find((event) => event.type === type)
        if (found) return found
        await arrived.promise
      }
    }
    return { registrar, agent, next }
  }

  test('it is challenged, comes in, is called through its binding, and says goodbye', { timeout: 30_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const { registrar, agent, next } = await ourSide(stack)
    const phone = stack.use(await Baresip.start({ microphone, answers: 'auto', number: 'gw7', registers: { port: agent.port, password: 'secret', seconds: 60 } }))
    const came = await next('came')
    await written(phone, /200 OK \(.*\) \[1 binding\]/)
    assert.deepEqual([came.user, came.contact.address, came.contact.port], ['gw7', address, phone.port])
    assert.match(came.contact.userAgent ?? '', /baresip/)

    const [contact] = registrar.contactsOf('gw7')
    const over = Promise.withResolvers<LegEvent>()
    const call = agent.invite({
      target: contact!,
      requestUri: contact!.contact,
      from: `<sip:02160001000@${address}>`,
      to: `<sip:gw7@${address}>`,
      sdp: buildOffer({ address, port: 40_700, sessionId: 1, version: 1 }),
      ringMsMax: 10_000,
      onEvent(event) {
        if (event.type === 'answered') void call.hangUp()
        if (event.type === 'ended' || event.type === 'failed') over.resolve(event)
      },
    })
    assert.equal((await over.promise).type, 'ended')
    await phone.until('CALL_CLOSED')

    await phone[Symbol.asyncDispose]()
    const gone = await next('gone')
    assert.ok(gone.type === 'gone' && gone.why === 'unregistered', JSON.stringify(gone))
    assert.deepEqual(registrar.contactsOf('gw7'), [])
    assert.equal(registrar.stats.failed, 0)
  })

  test('with a wrong password it stays outside', { timeout: 15_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const { registrar, agent } = await ourSide(stack)
    const phone = stack.use(await Baresip.start({ microphone, answers: 'auto', number: 'gw7', registers: { port: agent.port, password: 'wrong', seconds: 60 } }))
    await written(phone, /403 Forbidden/)
    assert.deepEqual(registrar.contactsOf('gw7'), [])
    assert.ok(registrar.stats.failed >= 1)
  })

  test('asked in two algorithms at once it comes in or, before version 2, gives up; it is no guesser either way', { timeout: 15_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const { registrar, agent } = await ourSide(stack, { algorithms: ['SHA-256', 'MD5'] })
    const phone = stack.use(await Baresip.start({ microphone, answers: 'auto', number: 'gw7', registers: { port: agent.port, password: 'secret', seconds: 60 } }))
    await written(phone, /Function not implemented|\[1 binding\]/)
    assert.equal(registrar.stats.failed, 0)
  })
})

/** Waits for words of its terminal: it registers before anybody can listen to its events. The test's time limit ends the wait. */
async function written(phone: Baresip, words: RegExp): Promise<void> {
  while (!words.test(phone.output)) await new Promise((resolve) => setTimeout(resolve, 20))
}
