// SIP over real TCP and TLS sockets on loopback; time stands still unless a test moves it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { pino } from 'pino'
import { InvalidInputError } from '../errors.ts'
import { fakeCertificate } from './fake-certificate.ts'
import { FakeClock } from './fake-clock.ts'
import type { LegEvent, OutgoingCall } from './leg.ts'
import { buildAnswer, buildOffer } from './sdp.ts'
import { StreamTransport, type StreamTransportOptions } from './stream-transport.ts'
import type { Peer } from './transport.ts'
import { SipUserAgent, type UserAgentOptions } from './user-agent.ts'

const log = pino({ level: 'silent' })
const message = (text: string): Buffer => Buffer.from(`MESSAGE sip:a SIP/2.0\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
const bodyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString().split('\r\n\r\n')[1]!

/** A transport that keeps what came; `next` waits for the next message. */
async function side(options: Partial<StreamTransportOptions> = {}) {
  const came: { text: string; from: Peer }[] = []
  const waiting: (() => void)[] = []
  const transport = await StreamTransport.open({
    address: '127.0.0.1',
    port: 0,
    log,
    receive(bytes, from) {
      came.push({ text: bodyOf(bytes), from })
      waiting.shift()?.()
    },
    ...options,
  })
  const next = async (): Promise<{ text: string; from: Peer }> => {
    while (came.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    return came.shift()!
  }
  return { transport, next, peer: { address: '127.0.0.1', port: transport.port } satisfies Peer, [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose]() }
}
const fails = (transport: StreamTransport, to: Peer): Promise<Error> => new Promise((resolve) => transport.send(message('x'), to, resolve))
/** Sockets tell both ends at their own time. */
async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !done(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(done(), true)
}
const never = (error: Error): void => assert.fail(error)

void test('messages to one peer share a connection, and answers return over it', async () => {
  await using a = await side()
  await using b = await side()
  a.transport.send(message('one'), b.peer, never)
  a.transport.send(message('two'), b.peer, never)
  const first = await b.next()
  assert.deepEqual([first.text, (await b.next()).text], ['one', 'two'])
  b.transport.send(message('back'), first.from, never)
  const back = await a.next()
  assert.equal(back.text, 'back')
  assert.equal(back.from.port, b.peer.port)
  assert.deepEqual([a.transport.flows, b.transport.flows], [1, 1])
})

void test('a peer that does not listen, and a transport that is closed, fail later', async () => {
  await using a = await side()
  const gone = await side()
  await gone.transport[Symbol.asyncDispose]()
  assert.match((await fails(a.transport, gone.peer)).message, /ECONNREFUSED/)
  assert.equal(a.transport.flows, 0)
  assert.match((await fails(gone.transport, a.peer)).message, /closed/)
})

for (const tls of [undefined, { cert: fakeCertificate.cert, key: fakeCertificate.key }]) {
  void test(`one address may hold so many ${tls ? 'TLS' : 'TCP'} connections; one more is closed at once, and a place that is left can be taken`, async () => {
    await using a = await side({ tls, limits: { flowsPerSourceMax: 2 } })
    const sockets: Socket[] = []
    const open = async (): Promise<Socket> => {
      const socket = connect(a.peer.port, a.peer.address)
      socket.on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect')
      return socket
    }
    try {
      const [first] = [await open(), await open()]
      const third = await open()
      await once(third, 'close')
      assert.equal(a.transport.refused, 1)
      assert.deepEqual(sockets.map(({ destroyed }) => destroyed), [false, false, true])
      first.end()
      await once(first, 'close')
      const fourth = await open()
      // Connections are judged in their order: when the fifth is closed, the fourth has passed.
      await once(await open(), 'close')
      assert.deepEqual([fourth.destroyed, a.transport.refused], [false, 2])
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })
}

void test('an idle connection is closed, and the next message opens another', async () => {
  const clock = new FakeClock()
  await using a = await side({ clock, limits: { idleMsMax: 50_000 } })
  await using b = await side()
  a.transport.send(message('one'), b.peer, never)
  const { from } = await b.next()
  await clock.advance(51_000)
  assert.equal(a.transport.flows, 0)
  a.transport.send(message('two'), b.peer, never)
  const again = await b.next()
  assert.equal(again.text, 'two')
  assert.notEqual(again.from.port, from.port)
})

/** A plain TCP far end that keeps its sockets. */
async function rawServer(onConnection: (socket: Socket) => void) {
  const server = createServer(onConnection).listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return { server, peer: { address: '127.0.0.1', port: (server.address() as AddressInfo).port } satisfies Peer }
}

void test('connections we opened are pinged; one that answered before and then does not is closed', async () => {
  const clock = new FakeClock()
  const heard: string[] = []
  const sockets: Socket[] = []
  const { server, peer } = await rawServer((socket) => {
    sockets.push(socket)
    socket.on('data', (chunk) => {
      heard.push(chunk.toString() === '\r\n\r\n' ? 'ping' : 'message')
      if (heard.length === 2) socket.write(`\r\n${message('marker').toString()}`)
    })
    socket.on('error', () => {})
  })
  await using a = await side({ clock })
  a.transport.send(message('one'), peer, never)
  await until(() => heard.length === 1)
  await clock.advance(100_000)
  assert.equal((await a.next()).text, 'marker') // and the pong before it
  await clock.advance(100_000)
  await until(() => heard.length === 3)
  const closed = once(sockets[0]!, 'close')
  await clock.advance(10_000)
  await closed
  await until(() => a.transport.flows === 0)
  assert.deepEqual(heard, ['message', 'ping', 'ping'])
  server.close()
})

void test('a ping is answered; a stream that makes no sense, or brings nothing, is closed', async () => {
  const clock = new FakeClock()
  await using a = await side({ clock })
  const pinger = connect(a.peer.port, '127.0.0.1')
  pinger.write('\r\n\r\n')
  assert.equal(String((await once(pinger, 'data'))[0]), '\r\n')
  const nonsense = connect(a.peer.port, '127.0.0.1')
  nonsense.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(nonsense, 'close')
  const closed = once(pinger, 'close')
  await clock.advance(31_000)
  await closed
  await until(() => a.transport.flows === 0)
})

void test('a connection that does not come about in time fails', async () => {
  const clock = new FakeClock()
  const { server, peer } = await rawServer((socket) => socket.unref().on('error', () => {}))
  await using a = await side({ clock, tls: fakeCertificate })
  const failed = fails(a.transport, peer) // It takes the connection and never speaks TLS.
  await clock.advance(5_001)
  assert.match((await failed).message, /in time/)
  await until(() => a.transport.flows === 0)
  server.close()
})

void test('a peer that closed its connection is connected to again', async () => {
  const heard: string[] = []
  const { server, peer } = await rawServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      heard.push(bodyOf(chunk))
      socket.destroy()
    })
  })
  await using a = await side()
  for (const text of ['one', 'two', 'three']) {
    const before = heard.length
    a.transport.send(message(text), peer, never)
    await until(() => heard.length > before && a.transport.flows === 0)
  }
  assert.deepEqual(heard, ['one', 'two', 'three'])
  server.close()
})

void test('beyond the limit of connections nothing new is sent or accepted', async () => {
  await using a = await side({ limits: { flowsMax: 1 } })
  await using b = await side()
  await using c = await side()
  a.transport.send(message('one'), b.peer, never)
  await b.next()
  assert.match((await fails(a.transport, c.peer)).message, /too many/)
})

void test('a far end that takes nothing does not fill our memory', async () => {
  const { server, peer } = await rawServer((socket) => socket.unref().pause().on('error', () => {}))
  await using a = await side({ limits: { queuedBytesMax: 10_000 } })
  const failures: string[] = []
  for (let count = 0; count < 1_000; count += 1) a.transport.send(message('x'.repeat(60_000)), peer, ({ message }) => failures.push(message))
  await until(() => failures.length > 900)
  assert.equal(failures.every((failure) => failure === 'far end takes nothing'), true)
  server.close()
})

void test('TLS checks the name or address in the certificate, unless told not to', async () => {
  const tls = { ...fakeCertificate, ca: fakeCertificate.cert }
  await using a = await side({ tls })
  await using b = await side({ tls })
  await using stranger = await side({ tls: fakeCertificate })
  a.transport.send(message('by address'), b.peer, never)
  assert.equal((await b.next()).text, 'by address')
  a.transport.send(message('by name'), { ...b.peer, tls: { serverName: 'sip.example' } }, never)
  assert.equal((await b.next()).text, 'by name')
  assert.match((await fails(a.transport, { ...b.peer, tls: { serverName: 'other.example' } })).message, /other\.example/)
  assert.match((await fails(stranger.transport, b.peer)).message, /self-signed/)
  stranger.transport.send(message('unchecked'), { ...b.peer, tls: { verify: false } }, never)
  const { text, from } = await b.next()
  assert.equal(text, 'unchecked')
  b.transport.send(message('back'), from, never)
  assert.equal((await stranger.next()).text, 'back')
})

const allTransports = [{ protocol: 'UDP' }, { protocol: 'TCP' }, { protocol: 'TLS', ...fakeCertificate, ca: fakeCertificate.cert }] as const satisfies UserAgentOptions['transports']
const openAgent = (onCall?: UserAgentOptions['onCall']): Promise<SipUserAgent> => SipUserAgent.open({ address: '127.0.0.1', port: 0, log, onCall, transports: allTransports })
const local = { address: '127.0.0.1', port: 40_900, sessionId: 1, version: 1 }

function place(agent: SipUserAgent, target: Peer, headers: [string, string][] = []): { call: OutgoingCall; events: LegEvent[]; answered: Promise<void>; over: Promise<void> } {
  const events: LegEvent[] = []
  const [answered, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const call = agent.invite({
    target,
    requestUri: `sip:13800138000@127.0.0.1:${target.port}`,
    from: 'sip:02160001000@127.0.0.1',
    to: 'sip:13800138000@127.0.0.1',
    headers,
    sdp: buildOffer(local),
    ringMsMax: 10_000,
    onEvent(event) {
      events.push(event)
      if (event.type === 'answered') answered.resolve()
      if (event.type === 'ended' || event.type === 'failed') over.resolve()
    },
  })
  return { call, events, answered: answered.promise, over: over.promise }
}

for (const protocol of ['UDP', 'TCP', 'TLS'] as const) {
  void test(`a whole call between two agents goes over ${protocol}, in both directions`, async () => {
    const heard: LegEvent[] = []
    const vias: string[] = []
    await using callee = await openAgent((call) => {
      call.listen((event) => {
        heard.push(event)
        if (event.type === 'answered') void call.hold().then(() => call.resume()).then(() => call.hangUp())
      })
      vias.push(call.header('Via')[0]!, call.header('Contact')[0]!)
      call.progress(180)
      call.answer(buildAnswer(call.offer!, { ...local, port: 41_000 })!.sdp)
    })
    await using caller = await openAgent()
    const { events, over } = place(caller, { address: '127.0.0.1', port: callee.ports[protocol]!, protocol })
    await over
    assert.deepEqual(events.map(({ type }) => type), ['progress', 'progress', 'answered', 'remote-offer', 'remote-offer', 'ended'])
    assert.equal(heard.at(-1)?.type, 'ended')
    assert.match(vias[0]!, new RegExp(`^SIP/2\\.0/${protocol} 127\\.0\\.0\\.1:${caller.ports[protocol]}`))
    assert.equal(vias[1]!.includes(`:${caller.ports[protocol]}`), true)
    assert.equal(vias[1]!.includes(`;transport=${protocol.toLowerCase()}`), protocol !== 'UDP')
    assert.equal(await caller.ping({ address: '127.0.0.1', port: callee.ports[protocol]!, protocol }), 200)
  })
}

void test('a request above 1300 bytes goes by TCP where the peer takes it', async () => {
  const vias: string[] = []
  const take: UserAgentOptions['onCall'] = (call) => {
    vias.push(call.header('Via')[0]!.slice(0, 11))
    call.reject(486)
  }
  await using callee = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, onCall: take })
  const samePort = { protocol: 'TCP', port: callee.port } as const
  await using stream = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, onCall: take, transports: [samePort] })
  assert.equal(stream.port, callee.port)
  await using caller = await openAgent()
  const long: [string, string][] = [['Subject', 'x'.repeat(1_300)]]
  const target = { address: '127.0.0.1', port: callee.port }
  await place(caller, target, long).over
  await place(caller, { ...target, largeByTcp: true }, long).over
  await place(caller, { ...target, largeByTcp: true }).over
  assert.deepEqual(vias, ['SIP/2.0/UDP', 'SIP/2.0/TCP', 'SIP/2.0/UDP'])
})

void test('a transport the agent does not have is refused before anything is sent', async () => {
  await using agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log })
  assert.throws(() => place(agent, { address: '127.0.0.1', port: 5060, protocol: 'TLS' }), InvalidInputError)
  await assert.rejects(SipUserAgent.open({ address: '127.0.0.1', port: 0, log, transports: [{ protocol: 'TCP' }, { protocol: 'TCP' }] }), InvalidInputError)
})

void test('a far end that refuses our certificate after the handshake is left at once for the next one', async () => {
  const asking = createTlsServer({ ...fakeCertificate, ca: fakeCertificate.cert, requestCert: true, rejectUnauthorized: true }).listen(0, '127.0.0.1')
  await once(asking, 'listening')
  const tls = { protocol: 'TLS', ca: fakeCertificate.cert } as const
  await using callee = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, transports: [{ ...tls, ...fakeCertificate }], onCall: (call) => void call.reject(486) })
  await using caller = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, transports: [tls] })
  const over = Promise.withResolvers<LegEvent>()
  const peer = (port: number): Peer => ({ address: '127.0.0.1', port, protocol: 'TLS' })
  const beganMs = performance.now()
  caller.invite({
    target: peer((asking.address() as AddressInfo).port),
    alternatives: [peer(callee.port)],
    requestUri: 'sip:1@127.0.0.1',
    from: 'sip:2@127.0.0.1',
    to: 'sip:1@127.0.0.1',
    sdp: 'v=0\r\n',
    ringMsMax: 60_000,
    onEvent: (event) => event.type === 'failed' && over.resolve(event),
  })
  const end = await over.promise
  assert.ok(end.type === 'failed' && end.status === 486, JSON.stringify(end))
  // Waiting for an answer that cannot come takes 4 s, or 32 s when there is no other address.
  assert.ok(performance.now() - beganMs < 3_000, 'it was waited for')
  asking.close()
})
