import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { seededDice } from './fake-network.ts'
import { orderSrv, parseTrunkAddress, resolveTargets, shouldTryNext, systemResolver, type NameResolver, type NaptrRecord, type SrvRecord, type TrunkAddress } from './resolve.ts'
import type { Peer, Protocol } from './transport.ts'

type Zone = { naptr?: Record<string, NaptrRecord[]>; srv?: Record<string, SrvRecord[]>; addresses?: Record<string, string[]> }

/** Names that are not in the zone do not exist; `broken.` names cannot be asked. */
function fakeResolver(zone: Zone, asked: string[] = []): NameResolver {
  const look = <Answer>(kind: string, table: Record<string, Answer[]> = {}) => (name: string): Promise<Answer[]> => {
    asked.push(`${kind} ${name}`)
    return name.includes('broken.') ? Promise.reject(new Error('SERVFAIL')) : Promise.resolve(table[name] ?? [])
  }
  return { naptr: look('NAPTR', zone.naptr), srv: look('SRV', zone.srv), addresses: look('A', zone.addresses) }
}
const resolve = (trunk: TrunkAddress | TrunkAddress[], zone: Zone, protocols: Protocol[] = ['UDP', 'TCP', 'TLS'], asked: string[] = []): Promise<Peer[]> =>
  resolveTargets([trunk].flat(), { resolver: fakeResolver(zone, asked), protocols, dice: seededDice(1) })
const naptr = (order: number, service: string, replacement: string, flags = 's'): NaptrRecord => ({ order, preference: 1, flags, service, replacement })
const srv = (priority: number, name: string, port = 5060, weight = 1): SrvRecord => ({ priority, weight, name, port })
const short = (peers: Peer[]): string[] => peers.map(({ address, port, protocol }) => `${protocol} ${address}:${port}`)

const zone: Zone = {
  naptr: { 'carrier.example': [naptr(20, 'SIP+D2U', 'u.example'), naptr(10, 'SIPS+D2T', 's.example'), naptr(5, 'E2U+sip', '', 'u')] },
  srv: { 'u.example': [srv(2, 'b.example'), srv(1, 'a.example', 5070)], 's.example': [srv(1, 'a.example', 5061)], '_sip._udp.plain.example': [srv(1, 'a.example', 5080)] },
  addresses: { 'a.example': ['10.0.0.1', '10.0.0.2'], 'b.example': ['10.0.0.3'], 'host.example': ['10.0.0.4'] },
}

void test('a numeric address asks nobody; its port follows the transport', async () => {
  const asked: string[] = []
  assert.deepEqual(short(await resolve([{ host: '10.1.1.1' }, { host: '2001:db8::1', protocol: 'TLS' }, { host: '10.1.1.1', port: 5080, protocol: 'TCP' }], {}, ['UDP', 'TCP', 'TLS'], asked)), [
    'UDP 10.1.1.1:5060',
    'TLS 2001:db8::1:5061',
    'TCP 10.1.1.1:5080',
  ])
  assert.deepEqual(asked, [])
})

void test('a name with a port is only looked up', async () => {
  const asked: string[] = []
  assert.deepEqual(short(await resolve({ host: 'a.example', port: 5090 }, zone, ['UDP'], asked)), ['UDP 10.0.0.1:5090', 'UDP 10.0.0.2:5090'])
  assert.deepEqual(asked, ['A a.example'])
})

void test('NAPTR chooses among the transports we have, then SRV orders', async () => {
  assert.deepEqual(await resolve({ host: 'carrier.example' }, zone), [
    { address: '10.0.0.1', port: 5061, protocol: 'TLS', tls: { serverName: 'carrier.example' } },
    { address: '10.0.0.2', port: 5061, protocol: 'TLS', tls: { serverName: 'carrier.example' } },
  ])
  assert.deepEqual(short(await resolve({ host: 'carrier.example' }, zone, ['UDP'])), ['UDP 10.0.0.1:5070', 'UDP 10.0.0.2:5070', 'UDP 10.0.0.3:5060'])
})

void test('without NAPTR the SRV of each transport is asked, without SRV the name itself', async () => {
  const asked: string[] = []
  assert.deepEqual(short(await resolve({ host: 'plain.example' }, zone, ['TCP', 'UDP'], asked)), ['UDP 10.0.0.1:5080', 'UDP 10.0.0.2:5080'])
  assert.deepEqual(asked.slice(0, 3), ['NAPTR plain.example', 'SRV _sip._tcp.plain.example', 'SRV _sip._udp.plain.example'])
  assert.deepEqual(short(await resolve({ host: 'host.example' }, zone)), ['UDP 10.0.0.4:5060'])
})

void test('a named transport skips NAPTR', async () => {
  const asked: string[] = []
  await resolve({ host: 'carrier.example', protocol: 'TCP' }, zone, ['UDP', 'TCP'], asked)
  assert.equal(asked[0], 'SRV _sip._tcp.carrier.example')
})

void test('a service that is said not to be there, and hosts that do not resolve, are passed over', async () => {
  const gone: Zone = { srv: { '_sip._udp.x.example': [srv(1, '.')], '_sip._tcp.x.example': [srv(1, 'broken.example'), srv(2, 'a.example')] }, addresses: zone.addresses! }
  assert.deepEqual(short(await resolve({ host: 'x.example' }, gone)), ['TCP 10.0.0.1:5060', 'TCP 10.0.0.2:5060'])
})

void test('a list keeps its order; a name that cannot be resolved is passed over, an address stands once', async () => {
  const list = [{ host: 'broken.example' }, { host: '10.0.0.9' }, { host: 'host.example' }, { host: '10.0.0.9', port: 5060 }]
  assert.deepEqual(short(await resolve(list, zone)), ['UDP 10.0.0.9:5060', 'UDP 10.0.0.4:5060'])
  assert.deepEqual(await resolve({ host: 'nowhere.example' }, {}), [])
})

void test('no more than sixteen addresses are kept', async () => {
  const many = Array.from({ length: 40 }, (_, at) => `10.0.1.${at}`)
  assert.equal((await resolve({ host: 'many.example', port: 5060 }, { addresses: { 'many.example': many } })).length, 16)
})

void test('equal priorities are drawn by weight', () => {
  const dice = seededDice(7)
  const records = [srv(1, 'heavy', 5060, 75), srv(1, 'light', 5060, 25), srv(1, 'zero', 5060, 0), srv(0, 'first', 5060, 0)]
  const firsts = new Map<string, number>()
  for (let round = 0; round < 4_000; round += 1) {
    const order = orderSrv(records, dice)
    assert.equal(order.length, 4)
    assert.equal(order[0]?.name, 'first')
    firsts.set(order[1]!.name, (firsts.get(order[1]!.name) ?? 0) + 1)
  }
  assert.ok(Math.abs(firsts.get('heavy')! - 3_000) < 150, `${firsts.get('heavy')}`)
  assert.ok(firsts.get('zero')! < 100, `${firsts.get('zero')}`)
})

for (const [attempt, next] of [
  [{ status: 503, provisional: false }, true],
  [{ status: 408, provisional: false }, true],
  [{ status: 408, local: 'timeout', provisional: false }, true],
  [{ status: 503, local: 'transport', provisional: false }, true],
  [{ status: 503, provisional: true }, false],
  [{ status: 408, local: 'timeout', provisional: true }, false],
  [{ status: 487, local: 'timeout', provisional: false }, false],
  [{ status: 487, local: 'cancelled', provisional: false }, false],
  [{ status: 486, provisional: false }, false],
  [{ status: 404, provisional: false }, false],
  [{ status: 200, local: 'cancelled', provisional: false }, false],
] as const) {
  void test(`after ${JSON.stringify(attempt)} the next address is ${next ? '' : 'not '}tried`, () => {
    assert.equal(shouldTryNext(attempt), next)
  })
}

void test('a trunk is written as a host, with port, or as a SIP address', () => {
  assert.deepEqual(parseTrunkAddress('carrier.example'), { host: 'carrier.example', port: undefined, protocol: undefined })
  assert.deepEqual(parseTrunkAddress('10.0.0.1:5080'), { host: '10.0.0.1', port: 5080, protocol: undefined })
  assert.deepEqual(parseTrunkAddress('sip:[2001:db8::1]:5060;transport=tcp'), { host: '2001:db8::1', port: 5060, protocol: 'TCP' })
  assert.deepEqual(parseTrunkAddress('sips:carrier.example'), { host: 'carrier.example', port: undefined, protocol: 'TLS' })
  for (const bad of ['', 'a b', 'tel:10086', 'sip:x;transport=sctp', 'x:99999']) assert.throws(() => parseTrunkAddress(bad), InvalidInputError, bad)
})

void test('the system resolves names of its own, and a name that is not there is an answer', async () => {
  const resolver = systemResolver()
  assert.ok((await resolver.addresses('localhost')).some((address) => address === '127.0.0.1' || address === '::1'))
  assert.deepEqual(await resolveTargets([parseTrunkAddress('localhost:5070')], { resolver, protocols: ['UDP'], dice: () => 0 }).then((peers) => peers[0]?.port), 5_070)
})
