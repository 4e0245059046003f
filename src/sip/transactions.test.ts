import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { OverloadedError } from '../errors.ts'
import { FakeNetwork } from './fake-network.ts'
import { emptyBody, SipHeaders, type ReceivedRequest, type SipRequest } from './message.ts'
import { replyTo } from './reply.ts'
import type { ServerTransaction } from './server-transaction.ts'
import { inviteClientTable, inviteServerTable, requestClientTable, requestServerTable, timerDelayMs, type TimerLetter } from './transaction-tables.ts'
import { Transactions } from './transactions.ts'
import type { Transport } from './transport.ts'

const here = { address: '10.0.0.1', port: 5060 }
const there = { address: '10.0.0.2', port: 5060 }

/** Two sides joined by the fake network; `heard` is what the client's user was told, `came` what the server's user got. */
async function pair(options: { reliable?: boolean; transactionsMax?: number } = {}) {
  const network = new FakeNetwork()
  const log = pino({ level: 'silent' })
  const came: { request: ReceivedRequest; transaction: ServerTransaction }[] = []
  const acks: ReceivedRequest[] = []
  const side = async (at: typeof here): Promise<Transactions> => {
    const box: { side?: Transactions } = {}
    const transport: Transport = await network.open(at.address, at.port)((bytes, from) => box.side!.receive(bytes, from))
    box.side = new Transactions({
      transports: [{ ...transport, reliable: options.reliable ?? false, address: at.address, port: at.port }],
      publicAddress: at.address,
      clock: network.clock,
      log,
      transactionsMax: options.transactionsMax ?? 100,
      user: {
        admits: () => true,
        onRequest: (request, transaction) => came.push({ request, transaction }),
        onAck: (request) => acks.push(request) > 0,
        onLateSuccess: () => false,
      },
    })
    return box.side
  }
  const client = await side(here)
  const server = await side(there)
  const heard: (number | 'timeout' | 'transport')[] = []
  let calls = 0
  const request = (method: string): SipRequest => {
    calls += 1
    const headers = new SipHeaders([['From', '<sip:a@b>;tag=a'], ['To', '<sip:c@d>'], ['Call-ID', `call-${calls}`], ['CSeq', `1 ${method}`]])
    return { method, uri: 'sip:c@d', headers, body: emptyBody }
  }
  const send = (method: string) =>
    client.request(request(method), there, {
      onResponse: ({ status }) => heard.push(status),
      onTimeout: () => heard.push('timeout'),
      onTransportError: () => heard.push('transport'),
    })
  const respond = (status: number): boolean => came.at(-1)!.transaction.respond(replyTo(came.at(-1)!.request, status, { toTag: 't' }))
  const sent = (first: string): number => network.sent.filter(({ text }) => text.startsWith(first)).length
  return { network, client, server, came, acks, heard, send, respond, sent, wait: (ms: number) => network.clock.advance(ms) }
}

void test('timers have the values of RFC 3261 table 4, and fall away on a reliable transport', () => {
  const series = (letter: TimerLetter): (number | undefined)[] => [0, 1, 2, 3, 4].map((nth) => timerDelayMs(letter, nth, false))
  assert.deepEqual(series('A'), [500, 1_000, 2_000, 4_000, 8_000])
  assert.deepEqual(series('E'), [500, 1_000, 2_000, 4_000, 4_000])
  assert.deepEqual(series('G'), series('E'))
  assert.deepEqual((['B', 'D', 'F', 'H', 'I', 'J', 'K', 'L', 'M'] as const).map((letter) => timerDelayMs(letter, 0, false)), [32_000, 32_000, 32_000, 32_000, 5_000, 32_000, 5_000, 32_000, 32_000])
  assert.deepEqual((['A', 'E', 'G'] as const).map((letter) => timerDelayMs(letter, 0, true)), [undefined, undefined, undefined])
  assert.deepEqual((['D', 'I', 'J', 'K'] as const).map((letter) => timerDelayMs(letter, 0, true)), [0, 0, 0, 0])
})

void test('no table leaves its terminated state, and every other state but that of another method can be left', () => {
  for (const table of [inviteClientTable, requestClientTable, inviteServerTable, requestServerTable]) {
    for (const [to, ...actions] of Object.values<readonly string[]>(table.terminated)) assert.deepEqual([to, actions], ['terminated', []])
    for (const [state, steps] of Object.entries<Readonly<Record<string, readonly string[]>>>(table)) {
      const leaves = Object.values(steps).some(([to]) => to !== state)
      const unused = (table === requestClientTable && state === 'accepted') || (table === requestServerTable && (state === 'accepted' || state === 'confirmed'))
      assert.equal(leaves, state !== 'terminated' && !unused, state)
    }
  }
})

void test('timer E repeats up to every 4 s, also while proceeding, until timer F', async () => {
  const { send, sent, wait, heard, respond, came, client } = await pair()
  send('OPTIONS')
  await wait(1_600)
  assert.equal(sent('OPTIONS'), 3) // 0, 500, 1500
  respond(100)
  await wait(3_000) // the timer that ran fires at 3500, then every 4 s
  assert.equal(sent('OPTIONS'), 4)
  await wait(4_000)
  assert.equal(sent('OPTIONS'), 5)
  await wait(24_000)
  assert.deepEqual(heard.at(-1), 'timeout')
  assert.equal(client.open, 0)
  assert.equal(came.length, 1)
})

void test('timer K keeps a finished request for 5 s, so that a repeated final is not told twice', async () => {
  const { send, respond, wait, heard, came, client } = await pair()
  send('OPTIONS')
  await wait(5)
  respond(200)
  await wait(5)
  came[0]!.transaction.repeat()
  await wait(5)
  assert.deepEqual(heard, [200])
  assert.equal(client.open, 1)
  await wait(5_000)
  assert.equal(client.open, 0)
})

void test('timer J answers a repeated request from memory for 32 s, then forgets it', async () => {
  const { network, send, respond, wait, server, sent } = await pair()
  send('BYE')
  await wait(5)
  respond(200)
  await wait(31_000)
  const first = network.sent[0]!
  server.receive(Buffer.from(first.text, 'latin1'), here)
  await wait(5)
  assert.equal(sent('SIP/2.0 200'), 2)
  await wait(2_000)
  assert.equal(server.open, 0)
})

void test('timers G and H repeat a refusal until its ACK is given up; each copy is acknowledged by timer D', async () => {
  const { network, send, respond, wait, sent, server, heard } = await pair()
  network.drop = ({ text }) => text.startsWith('ACK')
  send('INVITE')
  await wait(5)
  respond(486)
  await wait(32_100)
  assert.equal(sent('SIP/2.0 486'), 11) // 0, .5, 1.5, 3.5, 7.5 … every 4 s
  assert.equal(sent('ACK'), 11)
  assert.deepEqual(heard, [486])
  assert.equal(server.open, 0)
})

void test('timer I absorbs repeated ACKs, then the transaction is forgotten', async () => {
  const { send, respond, wait, server, sent, acks } = await pair()
  send('INVITE')
  await wait(5)
  respond(603)
  await wait(4_000)
  assert.equal(sent('SIP/2.0 603'), 1)
  assert.equal(server.open, 1)
  await wait(2_000)
  assert.equal(server.open, 0)
  assert.deepEqual(acks, [])
})

void test('in the accepted state every 2xx is told, a repeated INVITE absorbed, and timers L and M end it', async () => {
  const { network, send, respond, wait, came, heard, client, server } = await pair()
  send('INVITE')
  await wait(5)
  respond(200)
  came[0]!.transaction.repeatSuccess()
  await wait(5)
  assert.deepEqual(heard, [200, 200])
  const before = network.sent.length
  server.receive(Buffer.from(network.sent[0]!.text, 'latin1'), here)
  assert.equal(network.sent.length, before)
  await wait(32_000)
  assert.deepEqual([client.open, server.open], [0, 0])
})

void test('a response after the final is dropped, and whoever gives it is told so', async () => {
  const { send, respond, wait, sent } = await pair()
  send('INVITE')
  await wait(5)
  assert.equal(respond(180), true)
  assert.equal(respond(486), true)
  assert.equal(respond(200), false)
  assert.equal(respond(180), false)
  await wait(5)
  assert.equal(sent('SIP/2.0 200'), 0)
})

void test('a reliable transport sends once and keeps nothing after the final', async () => {
  const { send, respond, wait, sent, client, server, heard } = await pair({ reliable: true })
  send('OPTIONS')
  await wait(20_000)
  assert.equal(sent('OPTIONS'), 1)
  respond(200)
  await wait(5)
  assert.deepEqual([client.open, server.open, heard], [0, 0, [200]])
})

void test('a transport that fails tells the user once, and the transaction is gone', async () => {
  const { network, send, wait, heard, client } = await pair()
  network.refuse = () => new Error('EMSGSIZE')
  send('OPTIONS')
  await wait(10)
  assert.deepEqual(heard, ['transport'])
  assert.equal(client.open, 0)
})

void test('responses that belong to nothing, garbage and keep-alives are counted and change nothing', async () => {
  const { client, heard, send, wait } = await pair()
  send('OPTIONS')
  await wait(5)
  const stray = (branch: string, method: string): Buffer =>
    Buffer.from(`SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=${branch}\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 ${method}\r\n\r\n`)
  client.receive(stray('z9hG4bKnone', 'OPTIONS'), there)
  client.receive(stray('z9hG4bKnone', 'INVITE'), there)
  client.receive(Buffer.from('hello'), there)
  client.receive(Buffer.from('\r\n\r\n'), there)
  client.receive(Buffer.alloc(0), there)
  assert.deepEqual(heard, [])
  assert.deepEqual(client.counts, { received: 3, malformed: 1, unmatched: 2, shed: 0, limited: 0, repeated: 0, failed: 0 })
})

void test('above the limit new requests get 503, at most 100 a second; requests in dialogs still pass', async () => {
  const { server, wait, sent, came } = await pair({ transactionsMax: 10 })
  const text = (number: number, toTag: string): Buffer =>
    Buffer.from(`BYE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK${number}${toTag};rport\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:c@d>${toTag === '' ? '' : `;tag=${toTag}`}\r\nCall-ID: x${number}\r\nCSeq: 1 BYE\r\n\r\n`)
  for (let number = 0; number < 500; number += 1) server.receive(text(number, ''), here)
  await wait(5)
  assert.equal(came.length, 10)
  assert.equal(sent('SIP/2.0 503'), 100)
  assert.equal(server.counts.shed, 490)
  for (let number = 0; number < 500; number += 1) server.receive(text(number, 'known'), here)
  assert.equal(came.length, 20)
  await wait(1_000)
  server.receive(text(900, ''), here)
  await wait(5)
  assert.equal(sent('SIP/2.0 503'), 101)
})

void test('too many requests of ours are refused to their sender, except in dialogs', async () => {
  const { client, send } = await pair({ transactionsMax: 3 })
  for (let count = 0; count < 3; count += 1) send('OPTIONS')
  assert.throws(() => send('OPTIONS'), OverloadedError)
  const headers = new SipHeaders([['From', '<sip:a@b>;tag=a'], ['To', '<sip:c@d>;tag=t'], ['Call-ID', 'x'], ['CSeq', '1 BYE']])
  const ignore = (): void => {}
  client.request({ method: 'BYE', uri: 'sip:c@d', headers, body: emptyBody }, there, { onResponse: ignore, onTimeout: ignore, onTransportError: ignore }, { inDialog: true })
  assert.equal(client.open, 4)
})

void test('requests of an RFC 2543 peer, whose branches repeat, are told apart', async () => {
  const { server, came } = await pair()
  const text = (callId: string, cseq: number): Buffer =>
    Buffer.from(`OPTIONS sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=1\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:c@d>\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} OPTIONS\r\n\r\n`)
  for (const [callId, cseq] of [['x', 1], ['y', 1], ['x', 2], ['x', 1]] as const) server.receive(text(callId, cseq), here)
  assert.equal(came.length, 3)
})

void test('after close nothing is sent, told or planned', async () => {
  const { client, server, send, respond, wait, network, heard } = await pair()
  send('INVITE')
  await wait(5)
  respond(180)
  await wait(5)
  client.close()
  server.close()
  assert.equal(network.clock.planned, 0)
  await wait(40_000)
  assert.deepEqual(heard, [180])
})
