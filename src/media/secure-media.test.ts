// Two ports of the engine against each other over a way that loses and reorders packets: every codec, plain and encrypted.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { pino } from 'pino'
import { InvalidInputError } from '../errors.ts'
import type { CodecName, MediaEngine, MediaEvent, MediaPort, RemoteMedia, SrtpKeys } from './engine.ts'
import { parseRtp } from './rtp.ts'
import { seededRandom } from './seeded-random.ts'
import { createMediaEngine } from './worker-engine.ts'

const LOCAL = '127.0.0.1'
const WAIT_MS_MAX = 8_000
const tone = (ms: number, hz: number) => Int16Array.from({ length: ms * 8 }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / 8_000)))
const engineOf = () => createMediaEngine({ workers: 1, portMin: 9_700, portMax: 9_899, admission: { busyMax: 1, lateMsMax: Infinity }, log: pino({ level: 'silent' }) })
const newKey = () => randomBytes(30).toString('base64')

/** The share of energy at `hz` in the second half of what was heard, by blocks of 20 ms: the phase may slip between them. */
function purity(heard: readonly number[], hz: number): number {
  let [tone, energy] = [0, 1]
  for (let from = heard.length >> 1; from + 160 <= heard.length; from += 160) {
    let [real, imaginary] = [0, 0]
    for (let i = from; i < from + 160; i += 1) {
      const angle = (2 * Math.PI * hz * i) / 8_000
      real += heard[i]! * Math.cos(angle)
      imaginary += heard[i]! * Math.sin(angle)
      energy += heard[i]! ** 2
    }
    tone += (2 * (real ** 2 + imaginary ** 2)) / 160
  }
  return tone / energy
}

/** A port and what came out of it. */
class End {
  port!: MediaPort
  readonly heard: number[] = []
  readonly digits: string[] = []
  #wake: (() => void) | undefined

  static async open(engine: MediaEngine): Promise<End> {
    const end = new End()
    end.port = await engine.open({ address: LOCAL, onEvent: (event) => end.#take(event) })
    return end
  }

  #take(event: MediaEvent): void {
    if (event.type === 'frames') for (const frame of event.frames) this.heard.push(...frame)
    if (event.type === 'digit') this.digits.push(event.digit)
    this.#wake?.()
  }

  async until(condition: () => boolean): Promise<void> {
    const limit = performance.now() + WAIT_MS_MAX
    while (!condition()) {
      assert.ok(performance.now() < limit, 'waited too long')
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** Stands between two ports: passes packets of `a` to `b` and back, but not all, not once, and not in order. */
class BadWay implements AsyncDisposable {
  readonly #sockets: [Socket, Socket]
  readonly #ports: [number, number]
  readonly passed: Buffer[] = []

  static async between(a: MediaPort, b: MediaPort): Promise<BadWay> {
    const sockets = [createSocket('udp4').bind(0, LOCAL), createSocket('udp4').bind(0, LOCAL)] as [Socket, Socket]
    await Promise.all(sockets.map((socket) => once(socket, 'listening')))
    return new BadWay(sockets, [a.port, b.port])
  }

  private constructor(sockets: [Socket, Socket], ports: [number, number]) {
    this.#sockets = sockets
    this.#ports = ports
    for (const side of [0, 1] as const) {
      const random = seededRandom(side + 1)
      let held: Buffer | undefined
      sockets[side].on('message', (bytes) => {
        this.passed.push(Buffer.from(bytes))
        const fate = random()
        if (fate < 0.05) return
        if (fate < 0.1 && held === undefined) {
          held = bytes
          return
        }
        const send = (what: Buffer) => this.#sockets[1 - side]!.send(what, this.#ports[1 - side]!, LOCAL)
        send(bytes)
        if (fate > 0.8) send(bytes)
        if (held !== undefined) send(held)
        held = undefined
      })
    }
  }

  /** What the end on that side is to send to. */
  port(side: 0 | 1): number {
    return this.#sockets[side].address().port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close()
  }
}

const payloadTypes: Record<CodecName, number> = { PCMA: 8, PCMU: 0, G722: 9, opus: 111 }

for (const suite of [undefined, 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const) {
  for (const codec of ['PCMA', 'G722', 'opus'] as const) {
    for (const ptimeMs of suite === undefined ? [10, 20, 60] : [20]) {
      void test(`${codec} ${ptimeMs} ms ${suite ?? 'plain'}: sound and keys come through a way that loses, doubles and reorders`, async () => {
        await using engine = await engineOf()
        const [a, b] = await Promise.all([End.open(engine), End.open(engine)])
        await using way = await BadWay.between(a.port, b.port)
        const [keyA, keyB] = [newKey(), newKey()]
        const secure = (sendKey: string, receiveKey: string): SrtpKeys | undefined => (suite === undefined ? undefined : { suite, sendKey, receiveKey })
        const remote: Omit<RemoteMedia, 'port'> = { address: LOCAL, codec, payloadType: payloadTypes[codec], eventPayloadType: 101, ptimeMs, send: true, ...(codec === 'opus' ? { opus: { inbandFec: true } } : {}) }
        a.port.connect({ ...remote, port: way.port(0), srtp: secure(keyA, keyB) })
        b.port.connect({ ...remote, port: way.port(1), srtp: secure(keyB, keyA) })
        a.port.play(1, tone(1_500, 500), true)
        b.port.play(1, tone(1_500, 1_000), true)
        await b.until(() => b.heard.length > 9_600)
        await a.until(() => a.heard.length > 9_600)
        // A speech codec that lost a packet holds a pure tone less well.
        const enough = codec === 'opus' ? 0.4 : 0.7
        assert.ok(purity(a.heard.slice(0, 9_600), 1_000) > enough, `a hears ${purity(a.heard, 1_000)}`)
        assert.ok(purity(b.heard.slice(0, 9_600), 500) > enough, `b hears ${purity(b.heard, 500)}`)
        a.port.sendDigits('42')
        await b.until(() => b.digits.join('') === '42')
        const stats = await b.port.close()
        if (suite === undefined) return assert.equal(stats.srtpRefused, undefined)
        assert.equal(stats.srtpRefused!.unauthentic, 0)
        assert.ok(stats.srtpRefused!.replayed > 3, JSON.stringify(stats))
        // What passed on the way holds no silence or sound that A-law would show.
        const rtp = way.passed.map((bytes) => parseRtp(bytes)).filter((packet) => packet !== undefined)
        if (codec === 'PCMA') assert.ok(rtp.every((packet) => packet.payload.filter((byte) => byte === 0xd5).length < 40))
      })
    }
  }
}

void test('of an encrypted stream nothing is heard under another key; after new keys by a new description it is', async () => {
  await using engine = await engineOf()
  const [a, b] = await Promise.all([End.open(engine), End.open(engine)])
  const [keyA, keyB] = [newKey(), newKey()]
  const suite = 'AES_CM_128_HMAC_SHA1_80'
  const to = (end: End, srtp?: SrtpKeys): RemoteMedia => ({ address: LOCAL, port: end.port.port, codec: 'PCMA', payloadType: 8, ptimeMs: 20, send: true, srtp })
  a.port.connect(to(b, { suite, sendKey: keyA, receiveKey: keyB }))
  b.port.connect(to(a, { suite, sendKey: newKey(), receiveKey: newKey() }))
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(b.heard.length, 0)
  b.port.connect(to(a, { suite, sendKey: keyB, receiveKey: keyA }))
  await b.until(() => b.heard.length > 800)
  await a.until(() => a.heard.length > 800)
  const { srtpRefused } = await b.port.close()
  assert.ok(srtpRefused!.unauthentic > 5, JSON.stringify(srtpRefused))
  assert.throws(() => a.port.connect(to(b, { suite, sendKey: 'short', receiveKey: keyB })), InvalidInputError)
})

void test('where no events were agreed keys go out as tones and are heard as tones, each once, and what is played waits', async () => {
  await using engine = await engineOf()
  const [a, b] = await Promise.all([End.open(engine), End.open(engine)])
  for (const [end, other] of [[a, b], [b, a]] as const) end.port.connect({ address: LOCAL, port: other.port.port, codec: 'PCMU', payloadType: 0, ptimeMs: 30, send: true })
  a.port.sendDigits('77*', { toneMs: 60 })
  a.port.play(1, tone(300, 500), true)
  await b.until(() => b.digits.length === 3)
  assert.equal(b.digits.join(''), '77*')
  await b.until(() => purity(b.heard.slice(-2_400), 500) > 0.7)
})

void test('codecs and packet times change in the middle of a call', async () => {
  await using engine = await engineOf()
  const [a, b] = await Promise.all([End.open(engine), End.open(engine)])
  const connect = (codec: CodecName, ptimeMs: number) => {
    for (const [end, other] of [[a, b], [b, a]] as const) end.port.connect({ address: LOCAL, port: other.port.port, codec, payloadType: payloadTypes[codec], eventPayloadType: 101, ptimeMs, send: true })
  }
  a.port.connect({ address: LOCAL, port: b.port.port, codec: 'PCMA', payloadType: 8, ptimeMs: 20, send: true })
  for (const [codec, ptimeMs] of [['PCMA', 20], ['opus', 40], ['PCMU', 30], ['G722', 10], ['PCMA', 60], ['opus', 20]] as const) {
    connect(codec, ptimeMs)
    await new Promise((resolve) => setTimeout(resolve, 250))
    b.heard.length = 0
    a.port.play(a.digits.length, tone(700, 700), true)
    a.digits.push('')
    await b.until(() => b.heard.length > 4_800)
    assert.ok(purity(b.heard, 700) > 0.7, `${codec} ${ptimeMs}: ${purity(b.heard, 700)}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  assert.throws(() => connect('opus', 30), InvalidInputError)
})

void test('a far end that names an inner address is followed to where it sends from, when that is allowed; encrypted only with its key', async () => {
  await using engine = await engineOf()
  const suite = 'AES_CM_128_HMAC_SHA1_80'
  const [keyA, keyB] = [newKey(), newKey()]
  for (const [latch, secured, follows] of [['address', false, false], ['any', false, true], ['any', true, true]] as const) {
    const [a, b, stranger] = await Promise.all([End.open(engine), End.open(engine), End.open(engine)])
    const remote = { codec: 'PCMA', payloadType: 8, ptimeMs: 20, send: true } as const
    if (secured) {
      stranger.port.connect({ ...remote, address: LOCAL, port: a.port.port, srtp: { suite, sendKey: newKey(), receiveKey: newKey() } })
      stranger.port.play(1, tone(2_000, 500), true)
    }
    a.port.connect({ ...remote, address: '127.0.0.2', port: 9, latch, ...(secured ? { srtp: { suite, sendKey: keyA, receiveKey: keyB } } : {}) })
    if (secured) await new Promise((resolve) => setTimeout(resolve, 250))
    b.port.connect({ ...remote, address: LOCAL, port: a.port.port, ...(secured ? { srtp: { suite, sendKey: keyB, receiveKey: keyA } } : {}) })
    b.port.play(1, tone(2_000, 1_000), true)
    if (follows) {
      await a.until(() => a.heard.length > 6_400)
      assert.ok(purity(a.heard.slice(0, 6_400), 1_000) > 0.7)
      await b.until(() => b.heard.length > 800)
    } else {
      await new Promise((resolve) => setTimeout(resolve, 400))
      assert.deepEqual([a.heard.length, b.heard.length], [0, 0])
    }
    await Promise.all([a, b, stranger].map((end) => end.port.close()))
  }
})
