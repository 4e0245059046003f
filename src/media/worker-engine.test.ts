import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { InvalidInputError, OverloadedError } from '../errors.ts'
import type { Mischief } from './crashing-worker.ts'
import type { MediaEngine, MediaEvent, MediaPort, RemoteMedia } from './engine.ts'
import { nowMs } from './frame.ts'
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from './g711.ts'
import { parseRtcp, writeRtcp } from './rtcp.ts'
import { parseRtp, writeRtpHeader, type RtpPacket } from './rtp.ts'
import { readWav } from './wav.ts'
import { createMediaEngine, type MediaEngineOptions } from './worker-engine.ts'

const log = pino({ level: 'silent' })
const LOCAL = '127.0.0.1'
const WAIT_MS_MAX = 5_000
const STALL_MS = 12

const engineOf = (more: Partial<MediaEngineOptions> = {}) => createMediaEngine({ workers: 1, portMin: 9_000, portMax: 9_399, admission: { busyMax: 1, lateMsMax: Infinity }, log, ...more })

/** A port that remembers its events; `heard` is all its received audio. */
class Line {
  readonly events: MediaEvent[] = []
  readonly heard: number[] = []
  port!: MediaPort
  #wake: (() => void) | undefined

  static async open(engine: MediaEngine, recordingPath?: string, beside?: MediaPort): Promise<Line> {
    const line = new Line()
    line.port = await engine.open({ address: LOCAL, recordingPath, beside, onEvent: (event) => line.#take(event) })
    return line
  }

  #take(event: MediaEvent): void {
    if (event.type === 'frames') for (const frame of event.frames) this.heard.push(...frame)
    this.events.push(event)
    this.#wake?.()
  }

  of<T extends MediaEvent['type']>(type: T): Extract<MediaEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<MediaEvent, { type: T }> => event.type === type)
  }

  /** Resolves as soon as the condition holds, looked at after every event. */
  async until(condition: () => boolean): Promise<void> {
    const giveUp = setTimeout(() => this.#wake?.(), WAIT_MS_MAX)
    const begin = nowMs()
    while (!condition()) {
      assert.ok(nowMs() - begin < WAIT_MS_MAX, 'waited too long')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    clearTimeout(giveUp)
  }

  talkTo(other: { port: number }, more: Partial<RemoteMedia> = {}): void {
    this.port.connect({ address: LOCAL, port: other.port, codec: 'PCMA', payloadType: 8, eventPayloadType: 101, ptimeMs: 20, send: true, ...more })
  }
}

async function talkingPair(engine: MediaEngine, more: Partial<RemoteMedia> = {}, recordingPath?: string): Promise<[Line, Line]> {
  const [a, b] = await Promise.all([Line.open(engine), Line.open(engine, recordingPath)])
  a.talkTo(b.port, more)
  b.talkTo(a.port, more)
  await Promise.all([a.until(() => a.of('first-packet').length > 0), b.until(() => b.of('first-packet').length > 0)])
  return [a, b]
}

/** A far end made of a bare socket. */
class FarEnd {
  readonly socket: Socket = createSocket('udp4')
  readonly packets: (RtpPacket & { from: RemoteInfo })[] = []
  port = 0
  readonly #ssrc = randomInt(1, 1_000_000_000)
  #sequence = 0

  static async open(): Promise<FarEnd> {
    const far = new FarEnd()
    far.socket.bind(0, LOCAL)
    await once(far.socket, 'listening')
    far.port = far.socket.address().port
    far.socket.on('message', (bytes, from) => {
      const packet = parseRtp(bytes)
      if (packet !== undefined) far.packets.push({ ...packet, payload: packet.payload.slice(), from })
    })
    return far
  }

  send(to: MediaPort, payloadType: number, payload: Uint8Array, timestamp = this.#sequence * 160): void {
    const bytes = new Uint8Array(12 + payload.length)
    writeRtpHeader(bytes, { marker: false, payloadType, sequence: this.#sequence, timestamp, ssrc: this.#ssrc })
    bytes.set(payload, 12)
    this.#sequence += 1
    this.socket.send(bytes, to.port, to.address)
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.socket, 'message', { signal: AbortSignal.timeout(WAIT_MS_MAX) })
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }
}

const crashingWorker = new URL('./crashing-worker.ts', import.meta.url)

function mischiefMaker(): Disposable & { make: (mischief: Mischief) => void } {
  const channel = new BroadcastChannel('crash-media-worker')
  return { make: (mischief) => channel.postMessage(mischief), [Symbol.dispose]: () => channel.close() }
}

/** A machine busy with something else may stall for longer than any jitter buffer bridges: audio then has a hole, and rightly so. */
async function onceUndisturbed(attempt: () => Promise<void>): Promise<void> {
  for (let left = 5; ; left -= 1) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof assert.AssertionError) || left === 1) throw error
    }
  }
}

const chirp = (ms: number) => Int16Array.from({ length: ms * 8 }, (_, i) => Math.round(8_000 * Math.sin(0.05 * i + i * i * 0.00001)) + 200)
const indexOfSound = (heard: readonly number[]) => heard.findIndex((sample) => Math.abs(sample) > 150)

for (const codec of ['PCMA', 'PCMU'] as const) {
  void test(`audio arrives identical after G.711: ${codec}`, () => onceUndisturbed(async () => {
    await using engine = await engineOf()
    const [a, b] = await talkingPair(engine, { codec, payloadType: codec === 'PCMA' ? 8 : 0 })
    const sound = chirp(500)
    a.port.play(1, sound.subarray(0, 1_234), false)
    a.port.play(1, sound.subarray(1_234), true)
    await a.until(() => a.of('playout-ended').length === 1)
    await b.until(() => b.heard.length - indexOfSound(b.heard) > sound.length)
    const expected = codec === 'PCMA' ? decodeAlaw(encodeAlaw(sound)) : decodeUlaw(encodeUlaw(sound))
    const begin = indexOfSound(b.heard)
    assert.deepEqual(b.heard.slice(begin, begin + sound.length), [...expected])
    const [started] = a.of('playout-started')
    const [ended] = a.of('playout-ended')
    assert.deepEqual([ended!.playout, ended!.heardMs, ended!.cut], [1, 500, false])
    assert.ok(Math.abs(ended!.atMs - started!.atMs - 480) < 40)
  }))
}

void test('frames come with what is known of voices in them, which begins anew when asked to', async () => {
  await using engine = await engineOf()
  const [a, b] = await talkingPair(engine)
  const voices = () => b.of('frames').flatMap((event) => event.voices ?? [])
  a.port.play(1, Int16Array.from({ length: 8_000 }, (_, i) => (0.5 + 0.5 * Math.sin(i * 0.003)) * (5_000 * Math.sin(i * 0.12) + 3_000 * Math.sin(i * 0.36 + 1) + 1_500 * Math.sin(i * 1.1))), true)
  await b.until(() => voices().some(({ speech }) => speech))
  assert.equal(voices().length, b.of('frames').flatMap(({ frames }) => frames).length)
  assert.ok(voices().every(({ index }, i) => index === i))
  b.port.listenAnew!()
  const before = voices().length
  await b.until(() => voices().slice(before).some(({ index }) => index === 3))
  const after = voices().slice(before)
  assert.deepEqual(after.filter(({ index }) => index >= 0).map(({ index }) => index).slice(0, 4), [0, 1, 2, 3])
})

test('speech arrives whole over wide-band G.722, and what was silent stays silent', () => onceUndisturbed(async () => {
  await using engine = await engineOf()
  const [a, b] = await talkingPair(engine, { codec: 'G722', payloadType: 9 })
  const sound = Int16Array.from({ length: 4_000 }, (_, i) => Math.round(8_000 * Math.sin(0.3 * i)))
  a.port.play(1, sound, true)
  await b.until(() => indexOfSound(b.heard) >= 0 && b.heard.length - indexOfSound(b.heard) > sound.length + 1_600)
  const begin = indexOfSound(b.heard)
  assert.ok(b.heard.slice(0, begin - 40).every((sample) => Math.abs(sample) < 20))
  assert.ok(b.heard.slice(begin + 4_800).every((sample) => Math.abs(sample) < 20))
  // The filters on the way swell a little before the sound.
  const errors = Array.from({ length: 64 }, (_, shift) => sound.subarray(800, 3_200).reduce((sum, sample, i) => sum + (sample - b.heard[begin + 780 + i + shift]!) ** 2, 0))
  assert.ok(Math.sqrt(Math.min(...errors) / 2_400) < 1_000, errors.join(' '))
}))

void test('sends silence at once, marks the talk spurt, obeys ptime and hold', () => onceUndisturbed(async () => {
  await using engine = await engineOf()
  using far = await FarEnd.open()
  const line = await Line.open(engine)
  line.talkTo(far, { ptimeMs: 30 })
  await far.until(() => far.packets.length >= 3)
  assert.deepEqual(far.packets.slice(0, 3).map((packet) => packet.marker), [true, false, false])
  assert.ok(far.packets.every((packet) => packet.payload.length === 240 && packet.payload.every((byte) => byte === 0xd5)))
  assert.deepEqual([far.packets[1]!.sequence - far.packets[0]!.sequence & 0xffff, (far.packets[1]!.timestamp - far.packets[0]!.timestamp) >>> 0], [1, 240])
  line.port.play(1, chirp(35), true)
  await line.until(() => line.of('playout-ended').length === 1)
  await far.until(() => far.packets.at(-1)!.payload.every((byte) => byte === 0xd5) && far.packets.some((packet) => packet.payload[0] !== 0xd5))
  const loud = far.packets.filter((packet) => packet.payload.some((byte) => byte !== 0xd5))
  assert.deepEqual(loud.map((packet) => packet.marker), [true, false])
  assert.ok(loud[1]!.payload.subarray(40).every((byte) => byte === 0xd5), 'the rest of the last packet is silence')
  assert.equal(line.of('playout-ended')[0]!.heardMs, 35)

  line.talkTo(far, { ptimeMs: 30, send: false })
  const held = far.packets.length
  line.port.play(2, chirp(60), true)
  await new Promise((resolve) => setTimeout(resolve, 150))
  assert.ok(far.packets.length <= held + 1)
  assert.equal(line.of('playout-started').length, 1, 'a playout waits while on hold')
  const before = far.packets.at(-1)!
  line.talkTo(far)
  await line.until(() => line.of('playout-ended').length === 2)
  await far.until(() => far.packets.at(-1)!.payload.length === 160)
  const resumed = far.packets.find((packet) => packet.payload.length === 160)!
  assert.equal(resumed.marker, true)
  assert.equal((resumed.sequence - before.sequence) & 0xffff, 1)
  const gap = (resumed.timestamp - before.timestamp) >>> 0
  assert.ok(gap >= 150 * 8 && gap < 400 * 8, `timestamps go on during hold: ${gap}`)
}))

void test('a flush tells what was heard to within a packet time and lets the next playout begin', () => onceUndisturbed(async () => {
  await using engine = await engineOf()
  const [a, b] = await talkingPair(engine)
  a.port.play(1, chirp(2_000), true)
  a.port.play(2, chirp(2_000), true)
  await b.until(() => b.heard.length - indexOfSound(b.heard) >= 2_400 && indexOfSound(b.heard) >= 0)
  const flushedMs = nowMs()
  a.port.flush()
  await a.until(() => a.of('playout-ended').length === 2)
  const [first, second] = a.of('playout-ended')
  assert.ok(first!.atMs - flushedMs < 40, 'it takes longer than a packet time')
  assert.deepEqual([first!.playout, first!.cut, second!.playout, second!.cut, second!.heardMs], [1, true, 2, true, 0])
  a.port.play(1, chirp(100), true)
  a.port.play(3, chirp(40), true)
  await a.until(() => a.of('playout-ended').length === 3)
  assert.equal(a.of('playout-ended')[2]!.playout, 3)
  // What the far end got of the first playout is what was reported: find the silence after it.
  const expected = decodeAlaw(encodeAlaw(chirp(2_000)))
  const begin = indexOfSound(b.heard)
  let same = 0
  while (b.heard[begin + same] === expected[same]) same += 1
  assert.ok(Math.abs(same / 8 - first!.heardMs) <= 20, `${same / 8} ms arrived, ${first!.heardMs} ms were reported`)
}))

void test('a level holds for what is played, below one and above it, within what is allowed', () => onceUndisturbed(async () => {
  await using engine = await engineOf()
  const [a, b] = await talkingPair(engine)
  const loudest = async (gain: number, playout: number): Promise<number> => {
    const before = b.heard.length
    a.port.setLevel(gain, 0)
    a.port.play(playout, new Int16Array(1_600).fill(4_000), true)
    await a.until(() => a.of('playout-ended').length === playout)
    await b.until(() => b.heard.slice(before).filter((sample) => sample !== 0).length > 1_200)
    return Math.max(...b.heard.slice(before))
  }
  for (const [gain, playout] of [[0.5, 1], [2, 2], [4.3, 3]] as const) {
    const heard = await loudest(gain, playout)
    assert.ok(Math.abs(heard / (4_000 * gain) - 1) < 0.05, `${heard} at ${gain}`)
  }
  for (const gain of [-0.1, 4.4, NaN]) assert.throws(() => a.port.setLevel(gain, 0), InvalidInputError)
}))

void test('a background is heard under what is said and between, is no playout, and ends when told to', () => onceUndisturbed(async () => {
  await using engine = await engineOf()
  const [a, b] = await talkingPair(engine)
  const since = (from: number) => b.heard.slice(from)
  a.port.playUnder(new Int16Array(4_000).fill(8_000), 0.25)
  await b.until(() => b.heard.filter((sample) => Math.abs(sample - 2_000) < 100).length > 1_600)
  a.port.play(1, new Int16Array(1_600).fill(4_000), true)
  await b.until(() => b.heard.filter((sample) => Math.abs(sample - 6_000) < 300).length > 1_000)
  a.port.flush()
  a.port.playUnder(undefined, 0)
  const ended = b.heard.length
  await b.until(() => since(ended).slice(-800).length === 800 && since(ended).slice(-800).every((sample) => Math.abs(sample) < 20))
  assert.deepEqual(a.of('playout-ended').map(({ playout }) => playout), [1])
  for (const [pcm, gain] of [[new Int16Array(10), 0.5], [new Int16Array(8_000), 1.1]] as const) assert.throws(() => a.port.playUnder(pcm, gain), InvalidInputError)
}))

void test('keys arrive once each, and audio goes on after them', () => onceUndisturbed(async () => {
  await using engine = await engineOf()
  const [a, b] = await talkingPair(engine)
  a.port.sendDigits('1#1')
  a.port.play(1, chirp(60), true)
  await b.until(() => indexOfSound(b.heard) >= 0)
  assert.deepEqual(b.of('digit').map((event) => event.digit), ['1', '#', '1'])
  assert.throws(() => a.port.sendDigits('1x'), InvalidInputError)
  for (const as of [{ toneMs: 39 }, { toneMs: 5_001 }, { levelDbm0: 1 }, { levelDbm0: -64 }]) assert.throws(() => a.port.sendDigits('1', as), InvalidInputError)
  const unconnected = await Line.open(engine)
  assert.throws(() => unconnected.port.sendDigits('1'), InvalidInputError)
}))

void test('follows the far end to the port its packets come from, and to no other address', () => onceUndisturbed(async () => {
  await using engine = await engineOf()
  using signalled = await FarEnd.open()
  using real = await FarEnd.open()
  const line = await Line.open(engine)
  // Signalled somewhere else: what comes from here is a stranger's.
  line.port.connect({ address: '127.0.0.2', port: signalled.port, codec: 'PCMA', payloadType: 8, ptimeMs: 20, send: true })
  real.send(line.port, 8, encodeAlaw(chirp(20)))
  await new Promise((resolve) => setTimeout(resolve, 40))
  line.talkTo(signalled)
  await signalled.until(() => signalled.packets.length > 0)
  real.socket.send('not RTP', line.port.port, LOCAL)
  await new Promise((resolve) => setTimeout(resolve, 40))
  assert.equal(line.of('first-packet').length, 0)
  real.send(line.port, 8, encodeAlaw(chirp(20)))
  await real.until(() => real.packets.length > 0)
  await real.until(() => real.packets.length > 3)
  const before = signalled.packets.length
  await real.until(() => real.packets.length > 6)
  assert.ok(signalled.packets.length <= before + 1)
  assert.equal(line.of('first-packet').length, 1)
}))

void test('tells dead air once per gap, survives a far end that refuses packets, and lets it move to another port', async () => {
  await using engine = await engineOf()
  const line = await Line.open(engine)
  const gone = await FarEnd.open()
  const connectedMs = nowMs()
  line.talkTo(gone)
  gone.send(line.port, 8, encodeAlaw(chirp(20)))
  await line.until(() => line.of('first-packet').length === 1)
  gone[Symbol.dispose]()
  await line.until(() => line.of('dead-air').length === 1)
  const [told] = line.of('dead-air')
  assert.ok(told!.atMs - told!.sinceMs >= 1_000 && told!.atMs - told!.sinceMs < 1_200)
  assert.ok(told!.sinceMs >= connectedMs)
  using moved = await FarEnd.open()
  moved.send(line.port, 8, encodeAlaw(chirp(20)))
  await moved.until(() => moved.packets.length > 0)
  await line.until(() => line.of('dead-air').length === 2)
  const stats = await line.port.close()
  assert.equal(stats.packetsReceived, 2)
})

void test('records both directions aligned, and the file ends with the call', () => onceUndisturbed(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'media-'))
  try {
    await using engine = await engineOf()
    const path = join(folder, 'call.wav')
    const [a, b] = await talkingPair(engine, {}, path)
    const begin = nowMs()
    b.port.play(1, chirp(300), true)
    a.port.play(1, chirp(300), true)
    await b.until(() => b.heard.length - indexOfSound(b.heard) > 2_560 && indexOfSound(b.heard) >= 0 && b.of('playout-ended').length === 1)
    const started = b.of('playout-started')[0]!
    const stats = await b.port.close()
    assert.equal(stats.recordingFailed, undefined)
    const { format, channels } = readWav(await readFile(path))
    assert.deepEqual(format, { encoding: 'alaw', sampleRateHz: 8_000, channels: 2 })
    const [farEnd, us] = channels.map((channel) => [...channel]) as [number[], number[]]
    const usAt = indexOfSound(us)
    const farAt = indexOfSound(farEnd)
    const expected = [...decodeAlaw(encodeAlaw(chirp(300)))]
    assert.deepEqual(us.slice(usAt, usAt + 2_400), expected)
    assert.deepEqual(farEnd.slice(farAt, farAt + 2_400), expected)
    // In the far end's channel the same sound comes later by the jitter buffer alone (and a beat either way).
    assert.ok(farAt - usAt > 0 && farAt - usAt < 120 * 8, `${(farAt - usAt) / 8} ms apart`)
    // From the end of the file back: the recording lies on the clock of the events.
    assert.ok(Math.abs(us.length / 8 - usAt / 8 - (nowMs() - started.atMs)) < 100)
    assert.ok(us.length / 8 > nowMs() - begin - 100)
  } finally {
    await rm(folder, { recursive: true })
  }
}))

void test('a recording that cannot be written is told at the end, and the call goes on', async () => {
  await using engine = await engineOf()
  const [a, b] = await talkingPair(engine, {}, '/no/such/folder/call.wav')
  a.port.play(1, chirp(40), true)
  await b.until(() => indexOfSound(b.heard) >= 0)
  assert.equal((await b.port.close()).recordingFailed, 'ENOENT')
  assert.equal(b.of('closed')[0]!.stats.recordingFailed, 'ENOENT')
})

void test('the last event is closed, whatever is playing; closing twice is one close', async () => {
  await using engine = await engineOf()
  const [a] = await talkingPair(engine)
  a.port.play(1, chirp(1_000), true)
  await a.until(() => a.of('playout-started').length === 1)
  const [one, two] = await Promise.all([a.port.close(), a.port.close()])
  assert.equal(one, two)
  assert.ok(one.packetsSent > 0 && one.packetsReceived > 0)
  assert.deepEqual(a.events.slice(-2).map((event) => event.type), ['playout-ended', 'closed'])
  assert.equal(a.of('playout-ended')[0]!.cut, true)
  a.port.play(2, chirp(20), true)
  a.port.flush()
  assert.equal(a.of('closed').length, 1)
})

void test('uses even ports, moves past one that is taken, and refuses when none is left', async () => {
  await using taken = createSocket('udp4')
  taken.bind(9_502, LOCAL)
  await once(taken, 'listening')
  await using engine = await engineOf({ portMin: 9_500, portMax: 9_505, portRestMs: 100 })
  const first = await Line.open(engine)
  const second = await Line.open(engine)
  assert.deepEqual([first.port.port, second.port.port].toSorted((a, b) => a - b), [9_500, 9_504])
  assert.deepEqual(engine.load().ports, 2)
  await assert.rejects(Line.open(engine), OverloadedError)
  await first.port.close()
  await assert.rejects(Line.open(engine), OverloadedError, 'a port that was just in use rests')
  await new Promise((resolve) => setTimeout(resolve, 120))
  assert.equal((await Line.open(engine)).port.port, first.port.port)
})

void test('leaves a pair whose odd port is taken to the other program', async () => {
  await using taken = createSocket('udp4')
  taken.bind(9_513, LOCAL)
  await once(taken, 'listening')
  await using engine = await engineOf({ portMin: 9_510, portMax: 9_515 })
  const lines = [await Line.open(engine), await Line.open(engine)]
  assert.deepEqual(lines.map((line) => line.port.port).toSorted((a, b) => a - b), [9_510, 9_514])
})

for (const [how, more] of [['on the ports above', {}], ['on the audio ports', { rtcpMux: true }]] as const) {
  void test(`two ports report to each other ${how}`, async () => {
    await using engine = await engineOf()
    const [a, b] = await talkingPair(engine, more)
    // The last datagram of `a` is a report too: it goes out when it closes.
    await a.port.close()
    await new Promise((resolve) => setTimeout(resolve, 40))
    const { farEnd } = await b.port.close()
    assert.ok(farEnd !== undefined)
    assert.deepEqual([farEnd.packetsLost, farEnd.lossShare], [0, 0])
  })
}

void test('sends control packets to where the far end takes them, then to where its own come from', async () => {
  await using engine = await engineOf()
  using audio = await FarEnd.open()
  using signalled = await FarEnd.open()
  using real = await FarEnd.open()
  const seen: { at: string; bytes: Uint8Array }[] = []
  signalled.socket.on('message', (bytes) => seen.push({ at: 'signalled', bytes }))
  real.socket.on('message', (bytes) => seen.push({ at: 'real', bytes }))
  const [one, two] = [await Line.open(engine), await Line.open(engine)]
  for (const line of [one, two]) line.talkTo(audio, { rtcpPort: signalled.port })
  await audio.until(() => audio.packets.length > 4)
  real.socket.send(writeRtcp([{ type: 'report', ssrc: 1, blocks: [] }]), two.port.port + 1, LOCAL)
  await new Promise((resolve) => setTimeout(resolve, 40))
  await Promise.all([one.port.close(), two.port.close()])
  await new Promise((resolve) => setTimeout(resolve, 40))
  assert.deepEqual(seen.map(({ at }) => at).toSorted(), ['real', 'signalled'])
  assert.ok(seen.every(({ bytes }) => parseRtcp(bytes)?.at(-1)?.type === 'bye'))
  assert.ok(audio.packets.every(({ payloadType }) => payloadType === 8))
})

void test('refuses what it cannot do', async () => {
  await using engine = await engineOf({ portsMax: 1 })
  await assert.rejects(engine.open({ address: 'example.com', onEvent: () => {} }), InvalidInputError)
  await assert.rejects(engine.open({ address: '192.0.2.1', onEvent: () => {} }), InvalidInputError)
  const line = await Line.open(engine)
  await assert.rejects(Line.open(engine), OverloadedError)
  for (const bad of [{ address: 'example.com' }, { address: '::1' }, { port: 0 }, { rtcpPort: 65_536 }, { ptimeMs: 5 }, { ptimeMs: 61 }, { payloadType: 128 }]) {
    assert.throws(() => line.talkTo({ port: 4_000 }, bad), InvalidInputError, JSON.stringify(bad))
  }
  await assert.rejects(createMediaEngine({ portMin: 1, portMax: 2, log }), InvalidInputError)
  await assert.rejects(createMediaEngine({ portMin: 9_000, portMax: 9_010, workers: 0, log }), InvalidInputError)
  await assert.rejects(createMediaEngine({ portMin: 9_000, portMax: 9_010, log, workerFile: new URL('./no-such-worker.ts', import.meta.url) }), /did not start/)
})

void test('talks IPv6 too, however the address is spelled', async (t) => {
  await using engine = await engineOf()
  const frames = Promise.withResolvers<void>()
  const open = () => engine.open({ address: '::1', onEvent: (event) => event.type === 'frames' && frames.resolve() })
  const a = await open().catch((error: unknown) => error)
  if (a instanceof InvalidInputError) return t.skip('no IPv6 on this machine')
  const [one, two] = [a as MediaPort, await open()]
  for (const [from, to] of [[one, two], [two, one]] as const) {
    from.connect({ address: '0:0:0:0:0:0:0:1', port: to.port, codec: 'PCMA', payloadType: 8, ptimeMs: 20, send: true })
  }
  await frames.promise
})

void test('a thread that dies closes its ports as failed; a new one takes calls', async () => {
  await using engine = await engineOf({ workerFile: crashingWorker, portMin: 9_600, portMax: 9_605, portRestMs: 0 })
  const [a, b] = await talkingPair(engine)
  using mischief = mischiefMaker()
  mischief.make({ crash: true })
  await Promise.all([a, b].map((line) => line.until(() => line.of('closed').length === 1)))
  assert.match(a.of('closed')[0]!.failed ?? '', /told to crash/)
  assert.match(b.events.at(-1)!.type, /closed/)
  await a.port.close()
  assert.equal(engine.load().ports, 0)
  const again = async (): Promise<[Line, Line]> => {
    for (;;) {
      try {
        return await talkingPair(engine)
      } catch (error) {
        assert.ok(error instanceof OverloadedError)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const [c, d] = await again()
  c.port.play(1, chirp(40), true)
  await d.until(() => indexOfSound(d.heard) >= 0)
})

void test('a thread that dies takes no call of another thread with it, and what was recorded until then can be played', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'media-'))
  try {
    await using engine = await engineOf({ workerFile: crashingWorker, workers: 2, aigc: { producer: 'test' } })
    const path = (name: string) => join(folder, `${name}.wav`)
    // Ports go to the threads in turns: the first and the third are on media-0.
    const lines = await Promise.all(['dying-a', 'living-a', 'dying-b', 'living-b'].map((name) => Line.open(engine, path(name))))
    const [dyingA, livingA, dyingB, livingB] = lines as [Line, Line, Line, Line]
    for (const [one, other] of [[dyingA, dyingB], [livingA, livingB]] as const) {
      one.talkTo(other.port)
      other.talkTo(one.port)
    }
    for (const line of lines) line.port.play(1, chirp(10_000), true)
    const beginMs = nowMs()
    await Promise.all(lines.map((line) => line.until(() => line.heard.length >= 2.6 * 8_000)))
    using mischief = mischiefMaker()
    mischief.make({ thread: 'media-0', crash: true })
    const talkedMs = nowMs() - beginMs
    await Promise.all([dyingA, dyingB].map((line) => line.until(() => line.of('closed').length === 1)))
    for (const line of [dyingA, dyingB]) assert.match(line.of('closed')[0]!.failed ?? '', /told to crash/)
    for (const name of ['dying-a', 'dying-b']) {
      const bytes = await readFile(path(name))
      assert.equal(bytes.readUInt32LE(4), bytes.length - 8, 'its sizes are right without any repair')
      const { channels } = readWav(bytes)
      // A second is handed out a quarter of a second after it is over.
      assert.ok(channels[0]!.length / 8 >= talkedMs - 1_350, `${channels[0]!.length / 8} of ${talkedMs} ms`)
      assert.ok(channels.every((channel) => indexOfSound([...channel]) >= 0))
    }
    const before = livingB.heard.length
    await livingB.until(() => livingB.heard.length > before + 4_000)
    for (const line of [livingA, livingB]) assert.equal(line.of('closed').length, 0)
    const stats = await Promise.all([livingA, livingB].map((line) => line.port.close()))
    for (const one of stats) assert.deepEqual([one.recordingFailed, one.packetsLost], [undefined, 0])
    assert.ok(readWav(await readFile(path('living-a'))).channels[0]!.length / 8 > talkedMs)
  } finally {
    await rm(folder, { recursive: true })
  }
})

void test('a thread that comes late with its beats takes no more ports until it keeps time again; an empty one does', async () => {
  await using engine = await engineOf({ workerFile: crashingWorker, admission: { busyMax: 1, lateMsMax: 40 }, loadEveryMs: 250 })
  using mischief = mischiefMaker()
  const whenLate = async (late: boolean) => {
    for (const begin = nowMs(); engine.load().accepting === late; ) {
      assert.ok(nowMs() - begin < 10_000, 'waited too long')
      if (late) mischief.make({ stallMs: 60 })
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
  }
  const [a, b] = await talkingPair(engine)
  await whenLate(true)
  await assert.rejects(Line.open(engine), OverloadedError)
  // Calls that are there already go on, and somebody may still be called into them.
  await (await Line.open(engine, undefined, a.port)).port.close()
  a.port.play(1, chirp(40), true)
  await b.until(() => indexOfSound(b.heard) >= 0)
  await whenLate(false)
  const c = await Line.open(engine)
  await whenLate(true)
  await Promise.all([a, b, c].map((line) => line.port.close()))
  await Line.open(engine)
})

const usualNice = getPriority()
const mayRaise = process.platform === 'linux' && spawnSync('nice', ['-n', '-7', 'true'], { encoding: 'utf8' }).stderr === ''
void test('media threads go ahead of all others of the process, where the user may say so', { skip: !mayRaise && 'needs Linux and the right to raise priorities' }, async () => {
  await using engine = await engineOf({ workers: 2 })
  await Line.open(engine)
  const threads = (await readdir('/proc/self/task')).map(async (id) => {
    const stat = await readFile(`/proc/self/task/${id}/stat`, 'utf8').catch(() => undefined)
    // It ended while we looked.
    if (stat === undefined) return { name: '', nice: usualNice }
    // Fields are counted after the name, which is in brackets; proc(5): nice is the 19th.
    return { name: /\((.*)\)/.exec(stat)![1]!, nice: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]) }
  })
  for (const { name, nice } of await Promise.all(threads)) assert.equal(nice, name.startsWith('media-') ? -7 : usualNice, name)
})

void test('a thread that hangs is not asked for ports', async () => {
  await using engine = await engineOf({ workerFile: crashingWorker, loadEveryMs: 150 })
  await Line.open(engine)
  using mischief = mischiefMaker()
  mischief.make({ stallMs: 3_000 })
  for (const begin = nowMs(); engine.load().accepting; ) {
    assert.ok(nowMs() - begin < 2_500, 'nobody notices')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await assert.rejects(Line.open(engine), OverloadedError)
})

void test('an error in one call ends that call as failed, and no other of its thread', async () => {
  await using engine = await engineOf({ workerFile: crashingWorker })
  const [bad] = await talkingPair(engine)
  const [a, b] = await talkingPair(engine)
  bad.port.play(1, chirp(1_000), true)
  bad.port.sendDigits('1')
  await bad.until(() => bad.of('closed').length === 1)
  assert.match(bad.of('closed')[0]!.failed ?? '', /told to fail/)
  assert.equal(bad.of('playout-ended')[0]?.cut, true)
  a.port.play(1, chirp(40), true)
  await b.until(() => indexOfSound(b.heard) >= 0)
})

void test('a listener that throws closes its own port and nothing else', async () => {
  await using engine = await engineOf()
  const [a, b] = await talkingPair(engine)
  const failed = Promise.withResolvers<string | undefined>()
  const bad = await engine.open({
    address: LOCAL,
    onEvent(event) {
      if (event.type !== 'closed') throw new Error('broken listener')
      failed.resolve(event.failed)
    },
  })
  using far = await FarEnd.open()
  bad.connect({ address: LOCAL, port: far.port, codec: 'PCMA', payloadType: 8, ptimeMs: 20, send: true })
  far.send(bad, 8, new Uint8Array(160))
  assert.match((await failed.promise) ?? '', /broken listener/)
  a.port.play(1, chirp(40), true)
  await b.until(() => indexOfSound(b.heard) >= 0)
})

void test('bridged far ends hear each other, with what is played on top, until the bridge ends', async () => {
  await using engine = await engineOf({ workers: 2 })
  const [callee, calleeSide] = await talkingPair(engine)
  const agentSide = await Line.open(engine, undefined, calleeSide.port)
  const agent = await Line.open(engine)
  agentSide.talkTo(agent.port)
  agent.talkTo(agentSide.port)
  await agentSide.until(() => agentSide.of('first-packet').length > 0)
  const end = engine.bridge!(calleeSide.port, agentSide.port)
  const loudest = (line: Line, from: number) => line.heard.slice(from).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  callee.port.play(1, chirp(200), true)
  await agent.until(() => loudest(agent, 0) > 7_000)
  assert.ok(loudest(calleeSide, 0) > 7_000, 'frames go on')
  assert.equal(loudest(callee, 0) > 100, false, 'nobody hears himself')
  agent.port.play(1, chirp(200), true)
  await callee.until(() => loudest(callee, 0) > 7_000)
  calleeSide.port.play(1, chirp(100), true)
  await calleeSide.until(() => calleeSide.of('playout-ended').length === 1)
  end()
  await callee.until(() => callee.heard.length > 1_600 && loudest(callee, callee.heard.length - 1_600) < 100)
  const [calleeBefore, agentBefore] = [callee.heard.length, agent.heard.length]
  callee.port.play(2, chirp(100), true)
  await calleeSide.until(() => loudest(calleeSide, calleeSide.heard.length - 800) > 5_000)
  await agent.until(() => agent.heard.length > agentBefore + 3_200 && callee.heard.length > calleeBefore + 800)
  assert.ok(loudest(agent, agentBefore + 1_600) < 100)
  assert.throws(() => engine.bridge!(calleeSide.port, calleeSide.port), InvalidInputError)
  await agentSide.port.close()
  assert.throws(() => engine.bridge!(calleeSide.port, agentSide.port), InvalidInputError)
})

void test('a listener hears both sides of a port and of its bridge, and is heard by nobody', () => onceUndisturbed(async () => {
  await using engine = await engineOf()
  const [callee, calleeSide] = await talkingPair(engine)
  const beside = async (): Promise<[Line, Line]> => {
    const side = await Line.open(engine, undefined, calleeSide.port)
    const phone = await Line.open(engine)
    side.talkTo(phone.port)
    phone.talkTo(side.port)
    await side.until(() => side.of('first-packet').length > 0)
    return [phone, side]
  }
  const [supervisor, supervisorSide] = await beside()
  const [agent, agentSide] = await beside()
  const leave = engine.monitor!(calleeSide.port, supervisorSide.port)
  // One level for each talker, so that the sum tells who is heard.
  const level = (of: number) => new Int16Array(1_600).fill(of)
  const hears = (line: Line, of: number, from = 0) => line.heard.slice(from).filter((sample) => Math.abs(sample - of) < of * 0.05).length > 800
  callee.port.play(1, level(1_000), true)
  await supervisor.until(() => hears(supervisor, 1_000))
  calleeSide.port.play(1, level(4_000), true)
  await supervisor.until(() => hears(supervisor, 4_000))
  engine.bridge!(calleeSide.port, agentSide.port)
  agent.port.play(1, level(8_000), true)
  await supervisor.until(() => hears(supervisor, 8_000))
  await callee.until(() => hears(callee, 8_000))

  const [calleeAt, agentAt] = [callee.heard.length, agent.heard.length]
  supervisor.port.play(1, level(2_000), true)
  await supervisorSide.until(() => hears(supervisorSide, 2_000))
  await callee.until(() => callee.heard.length > calleeAt + 3_200)
  assert.ok(callee.heard.slice(calleeAt + 1_600).every((sample) => Math.abs(sample) < 100), 'the callee does not hear the supervisor')
  assert.ok(agent.heard.slice(agentAt + 1_600).every((sample) => Math.abs(sample) < 100), 'the agent neither')

  leave()
  const supervisorAt = supervisor.heard.length
  callee.port.play(2, level(1_000), true)
  await agent.until(() => hears(agent, 1_000, agentAt))
  await supervisor.until(() => supervisor.heard.length > supervisorAt + 3_200)
  assert.equal(hears(supervisor, 1_000, supervisorAt), false, 'who left hears nothing more')
  engine.monitor!(calleeSide.port, supervisorSide.port)
  await supervisorSide.port.close()
  callee.port.play(3, level(3_000), true)
  await agent.until(() => hears(agent, 3_000))
  assert.throws(() => engine.monitor!(calleeSide.port, supervisorSide.port), InvalidInputError)
}))

void test('50 ports at once all hear their partner, whole', async () => {
  await using engine = await engineOf({ workers: 2 })
  const pairs = await Promise.all(Array.from({ length: 25 }, () => talkingPair(engine)))
  assert.equal(engine.load().ports, 50)
  const sound = chirp(400)
  const expected = decodeAlaw(encodeAlaw(sound))
  for (const [a] of pairs) a.port.play(1, sound, true)
  for (const [, b] of pairs) await b.until(() => indexOfSound(b.heard) >= 0 && b.heard.length - indexOfSound(b.heard) > sound.length)
  for (const [a, b] of pairs) {
    const [sent, received] = await Promise.all([a.port.close(), b.port.close()])
    assert.equal(received.packetsLost, 0)
    // A thread that stood still for most of a packet time, the machine being busy, may rightly leave a hole.
    if (Math.max(sent.pacingErrorMsMax, received.pacingErrorMsMax) > STALL_MS) continue
    const begin = indexOfSound(b.heard)
    assert.ok(expected.every((sample, i) => b.heard[begin + i] === sample))
  }
  assert.equal(engine.load().ports, 0)
})

void test('closing the engine closes every port, one that is just being opened too', async () => {
  const engine = await engineOf()
  const [a, b] = await talkingPair(engine)
  const opening = Line.open(engine)
  await engine[Symbol.asyncDispose]()
  for (const line of [a, b]) assert.deepEqual(line.of('closed').map((event) => event.failed), [undefined])
  const late = await opening.catch((error: unknown) => error)
  assert.ok(late instanceof OverloadedError || (late as Line).of('closed').length === 1)
  await assert.rejects(Line.open(engine), OverloadedError)
})
