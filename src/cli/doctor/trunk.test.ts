// Each trunk is played in one state, and the examination must say what is wrong and what to do; the last tests ask real far ends over UDP.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pino } from 'pino'
import { freePort } from '../../../test/world/free-port.ts'
import { Sipp, withoutSipp } from '../../../test/world/sipp.ts'
import { readConfig, type Config } from '../../config.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Peer } from '../../sip/transport.ts'
import { Registrar } from '../../sip/registrar.ts'
import { SipUserAgent } from '../../sip/user-agent.ts'
import { parseTrunkConfig, type TrunkConfigInput } from '../../trunk/trunk-config.ts'
import type { TrunkState } from '../../trunk/trunk-state.ts'
import { explainOptions, explainRegistration, explainSeenAs } from './explain-trunk.ts'
import type { Finding } from './finding.ts'
import { configuredTrunks, openTrunkProbes } from './trunk-probes.ts'
import { examineTrunks, trunkAddress, type ExaminedTrunk, type TrunkProbes } from './trunk.ts'

const config = (env: Record<string, string> = {}): Config => readConfig({ DATA_DIR: '/nonexistent/waihu', ...env })
const levels = (findings: readonly Finding[]): string => findings.map(({ level }) => level).join(' ')
const english = (findings: readonly Finding[]): string => findings.map(({ en, next }) => `${en} ${next?.en ?? ''}`).join('\n')

const trunk = (more: Partial<TrunkConfigInput> = {}, rest: Partial<ExaminedTrunk> = {}): ExaminedTrunk => ({
  name: 'telecom', enabled: true, running: [], config: parseTrunkConfig({ name: 'telecom', targets: ['127.0.0.1:5080'], callers: [{ number: '02160001000' }], ...more }), ...rest,
})
const state = (more: Partial<TrunkState>): TrunkState => ({ name: 'telecom', up: true, sinceMs: 0, targets: [], ...more })

function probesOf(trunks: readonly ExaminedTrunk[], more: Partial<TrunkProbes> = {}): TrunkProbes {
  return {
    trunks: async () => trunks,
    addresses: async () => [{ address: '127.0.0.1', port: 5_080 }],
    probe: async () => ({ status: 200, reason: 'OK', rttMs: 3, from: { port: 40_000 }, seenAs: { address: '127.0.0.1', port: 40_000 } }),
    registration: async () => ({ status: 200, reason: 'OK', contacts: [] }),
    ...more,
  }
}

describe('answers of carriers', () => {
  const peer: Peer = { address: '192.0.2.1', port: 5_060 }

  test('each answer to OPTIONS means what it means to the operator, with the time it took', () => {
    const look = (status: number, hasAccount = false) => explainOptions('telecom', peer, { status, reason: 'Said', rttMs: 12.4 }, hasAccount)
    assert.deepEqual([200, 404, 405, 501].map((status) => look(status).level), ['ok', 'ok', 'ok', 'ok'])
    assert.match(look(200).en, /192\.0\.2\.1:5060.*after 12 ms/)
    assert.equal(look(401).level, 'problem')
    assert.equal(look(407, true).level, 'ok')
    assert.match(look(403).next!.en, /allowed by the carrier/)
    assert.match(look(403).en, /403 Said/)
    assert.match(look(408).en, /does not answer/)
    assert.equal(look(503).level, 'problem')
    assert.equal(look(500).level, 'warning')
  })

  test('a refused registration says in the words of the registrar what to check', () => {
    const look = (status: number, reason?: string) => explainRegistration('telecom', { status, reason, contacts: [] }, false)
    assert.equal(look(200).level, 'ok')
    assert.match(explainRegistration('telecom', { status: 200, contacts: ['<sip:a>'] }, false).en, /1 registered now/)
    assert.equal(explainRegistration('telecom', { status: 200, contacts: [] }, true).level, 'warning')
    assert.match(`${look(403, 'IP not allowed').en} ${look(403).next!.en}`, /403 IP not allowed.*address that is not allowed/)
    assert.match(look(401).next!.en, /authUsername/)
    assert.match(look(404).next!.en, /registration\.username and domain/)
    assert.match(look(405).next!.en, /leave registration out/)
    assert.deepEqual([408, 503, 500].map((status) => look(status).level), ['problem', 'problem', 'warning'])
  })

  test('what the far end sees of us is compared with what we say', () => {
    const look = (seenAs: { address: string; port: number }, env: Record<string, string>) => explainSeenAs('telecom', { seenAs, from: { port: 40_000 } }, config(env))!
    assert.equal(look({ address: '10.0.0.5', port: 40_000 }, { SIP_ADDRESS: '10.0.0.5' }).level, 'ok')
    const nat = look({ address: '203.0.113.9', port: 61_000 }, { SIP_ADDRESS: '10.0.0.5', SIP_PORT: '5060' })
    assert.equal(nat.level, 'problem')
    assert.match(nat.next!.en, /SIP_PUBLIC_ADDRESS=203\.0\.113\.9, forward UDP 5060 and RTP_PORT_MIN/)
    const ports = look({ address: '203.0.113.9', port: 61_000 }, { SIP_ADDRESS: '10.0.0.5', SIP_PUBLIC_ADDRESS: '203.0.113.9' })
    assert.deepEqual([ports.level, /under the same numbers/.test(ports.next!.en)], ['warning', true])
    assert.equal(explainSeenAs('telecom', { from: { port: 1 } }, config()), undefined)
  })
})

describe('the examination of trunks', () => {
  test('without trunks the simulated carrier is used; options that cannot be used are told', async () => {
    assert.equal(levels(await examineTrunks(config(), probesOf([]))), 'ok')
    const broken = probesOf([], { trunks: () => Promise.reject(new InvalidInputError('SIP_TRUNK', 'SIP_TRUNK is wrong')) })
    assert.match(english(await examineTrunks(config(), broken)), /SIP_TRUNK is wrong/)
  })

  test('an IP trunk is asked at each of its addresses', async () => {
    const addresses = async () => [{ address: '127.0.0.1', port: 5_080 }, { address: '127.0.0.1', port: 5_081 }]
    const findings = await examineTrunks(config(), probesOf([trunk()], { addresses }))
    assert.equal(levels(findings), 'ok ok ok')
    assert.match(english(findings), /5080.*\n.*5081.*\n.*no NAT/)
  })

  test('a name without address, a far end that cannot be reached from here, and a socket that cannot be opened are told apart', async () => {
    assert.match(english(await examineTrunks(config(), probesOf([trunk()], { addresses: async () => [] }))), /has no address/)
    const far = await examineTrunks(config(), probesOf([trunk()], { addresses: async () => [{ address: '198.51.100.1', port: 5_060 }], probe: () => Promise.reject(new Error('asked')) }))
    assert.equal(levels(far), 'warning')
    assert.match(english(await examineTrunks(config(), probesOf([trunk()], { probe: () => Promise.reject(new Error('EADDRNOTAVAIL')) }))), /could not be sent: EADDRNOTAVAIL/)
  })

  test('a registered trunk is asked for its account only when no server says that it is registered', async () => {
    const one = { registration: { username: '1001', authUsername: '1001@ims', password: 'secret' }, domain: 'carrier.example' }
    const asked: unknown[] = []
    const registration: TrunkProbes['registration'] = async (_peer, aor, credentials) => {
      asked.push([aor, credentials])
      return { status: 403, reason: 'Forbidden', contacts: [] }
    }
    const refused = await examineTrunks(config(), probesOf([trunk(one)], { registration }))
    assert.equal(levels(refused), 'ok problem ok')
    assert.deepEqual(asked, [['sip:1001@carrier.example', { username: '1001@ims', password: 'secret' }]])
    const running = [state({ registration: { kind: 'registered', registrar: 'a', sinceMs: 0, untilMs: 1 } })]
    const registered = await examineTrunks(config(), probesOf([trunk(one, { running })], { registration: () => Promise.reject(new Error('asked')) }))
    assert.match(english(registered), /is registered, by the running server/)
  })

  test('a gateway is told where to register, and is missed when a server runs without it', async () => {
    const one = { targets: ['registered'], gateway: { username: 'goip-1', password: 'long-enough' } }
    const idle = await examineTrunks(config({ SIP_ADDRESS: '10.0.0.5', SIP_PORT: '5060' }), probesOf([trunk(one)]))
    assert.equal(levels(idle), 'warning')
    assert.match(english(idle), /SIP server 10\.0\.0\.5:5060, user name goip-1/)
    assert.doesNotMatch(english(idle), /long-enough/)
    assert.equal(levels(await examineTrunks(config(), probesOf([trunk(one, { running: [state({ gateway: { registered: false } })] })]))), 'problem')
    assert.equal(levels(await examineTrunks(config(), probesOf([trunk(one, { running: [state({ gateway: { registered: true } })] })]))), 'ok')
  })

  test('a trunk that is switched off is left in peace, one that cannot be read is a problem', async () => {
    assert.equal(levels(await examineTrunks(config(), probesOf([trunk({}, { enabled: false })], { probe: () => Promise.reject(new Error('asked')) }))), 'ok')
    assert.match(english(await examineTrunks(config(), probesOf([{ name: 'x', enabled: true, config: undefined, problem: 'no key', running: [] }]))), /no key.*waihu trunk edit x/)
  })

  test('the address check looks at the first trunk that has an address', async () => {
    const addresses = async (target: string) => (target === '127.0.0.1:5080' ? [] : [{ address: '192.0.2.9', port: 5_060 }])
    assert.equal(await trunkAddress(probesOf([trunk(), trunk({ targets: ['192.0.2.9'] })], { addresses })), '192.0.2.9')
    assert.equal(await trunkAddress(probesOf([])), undefined)
    assert.equal(await trunkAddress(probesOf([], { trunks: () => Promise.reject(new InvalidInputError('a', 'b')) })), undefined)
  })
})

describe('real far ends', () => {
  const log = pino({ level: 'silent' })

  test('the trunk of SIP_TRUNK is found without a database, and nothing is made for it', async () => {
    const found = await configuredTrunks(config({ SIP_TRUNK: '192.0.2.7', SIP_USERNAME: 'u', SIP_PASSWORD: 'p' }))
    assert.deepEqual(found.map(({ name, config }) => [name, config?.targets, config?.credentials?.username]), [['trunk', ['192.0.2.7'], 'u']])
    await assert.rejects(configuredTrunks(config({ SIP_TRUNK: 'a b' })), InvalidInputError)
  })

  test('a registrar tells a good account from a bad one, and OPTIONS tells that there is no NAT', { timeout: 30_000 }, async () => {
    const registrar = new Registrar({ realm: 'carrier', account: (username) => (username === '1001' ? { user: '1001', password: 'secret' } : undefined), log })
    await using carrier = await SipUserAgent.open({ address: '127.0.0.1', port: 0, registrar, limits: { closeMsMax: 100 }, log })
    await using probes = await openTrunkProbes(config())
    const look = async (password: string) => {
      const one = trunk({ targets: [`127.0.0.1:${carrier.port}`], registration: { username: '1001', password } })
      return english(await examineTrunks(config(), { ...probes, trunks: async () => [one] }))
    }
    assert.match(await look('secret'), /is alive \(OPTIONS → 200.*\n.*account of trunk telecom is good, nobody is registered now.*\n.*no NAT on the way/)
    assert.match(await look('wrong'), /refuses our registration \(40[13] /)
  })

  test('sipp answers OPTIONS, and a port where nobody is does not (uas-options)', { skip: withoutSipp, timeout: 30_000 }, async () => {
    await using sipp = await Sipp.start('uas-options')
    await using probes = await openTrunkProbes(config())
    const one = trunk({ targets: [`127.0.0.1:${sipp.port}`, `127.0.0.1:${await freePort()}`] })
    const findings = await examineTrunks(config(), { ...probes, trunks: async () => [one] })
    assert.equal(levels(findings).slice(0, 10), 'ok problem')
  })
})
