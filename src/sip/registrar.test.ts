// Phones and gateways that register with us: ours, and ones played by hand that forget, lie, guess and move.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { digestHash, parseChallenge, type Algorithm } from './digest.ts'
import { log } from './fake-call.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { ReceivedResponse } from './message.ts'
import { Registrar, type RegistrarAccount, type RegistrarEvent, type RegistrarOptions } from './registrar.ts'
import type { RegistrationState } from './registration.ts'
import { SipUserAgent } from './user-agent.ts'

const here = { address: '10.0.0.1', port: 5060 }
const accounts: Record<string, RegistrarAccount> = {
  'gw-7': { user: 'gw-7', password: 'secret' },
  'login-8': { user: '8008', password: 'other', contactsMax: 3 },
}

type Registering = {
  user?: string
  username?: string
  password?: string
  contact?: string | undefined
  expires?: number | undefined
  callId?: string
  extra?: string
  algorithm?: Algorithm
  withoutQop?: boolean
  nc?: string
  rport?: boolean
}

async function stage(options: Partial<RegistrarOptions> = {}, limits = {}) {
  const network = new FakeNetwork()
  const events: RegistrarEvent[] = []
  const registrar = new Registrar({ realm: 'waihu', account: (name) => accounts[name], onEvent: (event) => events.push(event), clock: network.clock, log, ...options })
  const agent = await SipUserAgent.open({ ...here, log, clock: network.clock, registrar, limits, openTransport: network.open(here.address, here.port) })
  const wait = (ms: number): Promise<void> => network.clock.advance(ms)
  const told = (): string[] => events.map((event) => `${event.type} ${event.user} ${event.contact.address}:${event.contact.port}${event.type === 'gone' ? ` ${event.why}` : ''}`)
  return { network, registrar, agent, events, told, wait, device: (address = '10.0.0.7', port = 5060) => Device.open(network, address, port) }
}

/** A phone that remembers its last challenge. */
class Device {
  readonly peer: FakePeer
  readonly #network: FakeNetwork
  #cseq = 0
  #challenge: string | undefined

  static async open(network: FakeNetwork, address: string, port: number): Promise<Device> {
    return new Device(network, await FakePeer.open(network, { address, port }, here))
  }

  private constructor(network: FakeNetwork, peer: FakePeer) {
    this.#network = network
    this.peer = peer
  }

  /** The last answer; undefined when none came in time. */
  async send(options: Registering = {}, authorization = this.#authorize(options)): Promise<ReceivedResponse | undefined> {
    const { user = 'gw-7', expires, callId = 'reg-1', extra = '', rport = true } = options
    const contact = 'contact' in options ? options.contact : `<sip:${user}@192.168.1.9:5060>`
    this.#cseq += 1
    const before = this.peer.responses.length
    this.peer.sendText(`REGISTER sip:waihu.example SIP/2.0
Via: SIP/2.0/UDP 192.168.1.9:5060;branch=${this.peer.branch()}-${this.peer.address}-${this.peer.port}${rport ? ';rport' : ''}
Max-Forwards: 70
From: <sip:${user}@waihu.example>;tag=a
To: <sip:${user}@waihu.example>
Call-ID: ${callId}
CSeq: ${this.#cseq} REGISTER
${contact === undefined ? '' : `Contact: ${contact}\n`}${expires === undefined ? '' : `Expires: ${expires}\n`}${authorization === undefined ? '' : `Authorization: ${authorization}\n`}${extra}User-Agent: GoIP
Content-Length: 0

`)
    await this.#network.clock.advance(5)
    const answer = this.peer.responses.length > before ? this.peer.responses.at(-1) : undefined
    if (answer?.status === 401) this.#challenge = answer.headers.all('WWW-Authenticate').find((value) => value.includes(`algorithm=${options.algorithm ?? 'MD5'}`))
    return answer
  }

  /** Twice where it is challenged. */
  async register(options: Registering = {}): Promise<ReceivedResponse | undefined> {
    const first = await this.send(options)
    return first?.status === 401 ? await this.send(options) : first
  }

  #authorize({ user = 'gw-7', username = user, password = accounts[username]?.password ?? '', withoutQop = false, nc = '00000001' }: Registering): string | undefined {
    const challenge = this.#challenge === undefined ? undefined : parseChallenge(this.#challenge)
    if (!challenge) return undefined
    const { realm, nonce, algorithm } = challenge
    const uri = 'sip:waihu.example'
    const qop = withoutQop ? undefined : { nc, cnonce: 'c' }
    const response = digestHash({ username, password, realm, nonce, algorithm, method: 'REGISTER', uri, qop, cnonce: 'c' })
    return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}${withoutQop ? '' : `, qop=auth, nc=${nc}, cnonce="c"`}`
  }
}

const challengeOf = (answer: ReceivedResponse | undefined) => parseChallenge(answer!.headers.get('WWW-Authenticate')!)!

void test('a device is challenged, gets in, and is called where it came from, not where it says it is', async () => {
  const { device, registrar, told, agent, wait } = await stage()
  const gateway = await device('203.0.113.7', 41_234)
  const first = await gateway.send()
  assert.equal(first?.status, 401)
  assert.deepEqual([challengeOf(first).realm, challengeOf(first).qopAuth, challengeOf(first).stale, challengeOf(first).algorithm], ['waihu', true, false, 'MD5'])
  assert.deepEqual(registrar.contactsOf('gw-7'), [])
  const second = await gateway.send({ expires: 120 })
  assert.equal(second?.status, 200)
  assert.deepEqual(second?.headers.all('Contact'), ['<sip:gw-7@192.168.1.9:5060>;expires=120'])
  const [contact] = registrar.contactsOf('gw-7')
  assert.deepEqual(contact, { address: '203.0.113.7', port: 41_234, contact: 'sip:gw-7@192.168.1.9:5060', userAgent: 'GoIP' })
  agent.invite({ target: contact!, requestUri: contact!.contact, from: 'sip:1@a', to: 'sip:gw-7@a', sdp: '', ringMsMax: 1_000, onEvent: () => {} })
  await wait(5)
  assert.equal(gateway.peer.got('INVITE')[0]?.uri, 'sip:gw-7@192.168.1.9:5060')
  assert.deepEqual(told(), ['came gw-7 203.0.113.7:41234'])
  assert.deepEqual(registrar.stats, { bindings: 1, accepted: 1, challenged: 1, failed: 0, blocked: 0 })
})

void test('a device that does not ask for rport is still called at the port it sends from', async () => {
  const { device, registrar, wait, network } = await stage()
  const gateway = await device('10.0.0.7', 41_234)
  const answers = await FakePeer.open(network, { address: '10.0.0.7', port: 5060 }, here)
  await gateway.send({ rport: false })
  assert.equal(answers.responses[0]?.status, 401, 'the answer goes to the port in Via')
  await gateway.register()
  await wait(5)
  assert.equal(registrar.contactsOf('gw-7')[0]?.port, 41_234)
})

for (const algorithm of ['MD5', 'SHA-256'] as const) {
  void test(`our own client registers, refreshes and unregisters with ${algorithm}`, async () => {
    const { network, registrar, told, wait } = await stage({ algorithms: [algorithm], limits: { expiresSecMax: 100 } })
    const client = await SipUserAgent.open({ address: '10.0.0.7', port: 5060, log, clock: network.clock, openTransport: network.open('10.0.0.7', 5060) })
    const states: RegistrationState[] = []
    const registration = client.register({ registrar: here, aor: 'sip:8008@waihu.example', credentials: { username: 'login-8', password: 'other' }, onState: (state) => states.push(state) })
    await wait(700_000)
    // Eight refreshes; after 300 s the nonce is old and replaced.
    assert.ok(states.length >= 8 && states.every((state) => state.kind === 'registered' && state.expiresSeconds === 100), JSON.stringify(states))
    assert.equal(registrar.contactsOf('8008').length, 1)
    assert.deepEqual(told(), ['came 8008 10.0.0.7:5060'])
    void registration.close()
    await wait(1_000)
    assert.deepEqual(told().slice(1), ['gone 8008 10.0.0.7:5060 unregistered'])
    assert.equal(registrar.stats.failed, 0)
  })
}

void test('both algorithms are offered in our order, and either is taken', async () => {
  const { device } = await stage({ algorithms: ['SHA-256', 'MD5'] })
  for (const algorithm of ['MD5', 'SHA-256'] as const) {
    const phone = await device(algorithm === 'MD5' ? '10.0.0.8' : '10.0.0.9')
    const first = await phone.send({ algorithm, callId: algorithm })
    assert.deepEqual(first?.headers.all('WWW-Authenticate').map((value) => parseChallenge(value)!.algorithm), ['SHA-256', 'MD5'])
    assert.equal((await phone.send({ algorithm, callId: algorithm }))?.status, 200)
  }
})

void test('an algorithm, realm or form that we did not ask for is no answer', async () => {
  const { device, registrar } = await stage()
  const phone = await device()
  const { nonce } = challengeOf(await phone.send())
  const fields = `username="gw-7", nonce="${nonce}", uri="sip:a", response="${'0'.repeat(32)}"`
  for (const wrong of [`Digest realm="waihu", ${fields}, algorithm=SHA-256`, `Digest realm="other", ${fields}`, `Digest realm="waihu", ${fields}, qop=auth-int, nc=1, cnonce="a"`, `Digest realm="waihu", ${fields}, qop=auth`, 'Basic Z3ctNzpzZWNyZXQ=', 'Digest']) {
    assert.equal((await phone.send({}, wrong))?.status, 401, wrong)
  }
  assert.equal(registrar.stats.failed, 0)
})

void test('a wrong password, an unknown name and somebody else\'s address are refused alike', async () => {
  const { device, registrar } = await stage()
  for (const wrong of [{ password: 'guess' }, { username: 'nobody', password: '' }, { user: '8008', username: 'gw-7', password: 'secret' }]) {
    const phone = await device(`10.0.1.${registrar.stats.failed + 1}`)
    assert.equal((await phone.send(wrong))?.status, 401)
    const answer = await phone.send(wrong)
    assert.equal(answer?.status, 403, JSON.stringify(wrong))
    assert.equal(answer?.headers.get('WWW-Authenticate'), undefined)
  }
  assert.deepEqual([registrar.stats.failed, registrar.stats.bindings], [3, 0])
})

void test('the name one logs in with may differ from the number it is called by', async () => {
  const { device, registrar } = await stage()
  const phone = await device()
  assert.equal((await phone.register({ user: '8008', username: 'login-8' }))?.status, 200)
  assert.equal(registrar.contactsOf('8008').length, 1)
  assert.deepEqual(registrar.contactsOf('login-8'), [])
})

void test('a used answer is not taken again, a counted one goes on, an old or foreign nonce is replaced as stale', async () => {
  const { device, wait, registrar } = await stage()
  const phone = await device()
  assert.equal((await phone.register())?.status, 200)
  const replayed = await phone.send()
  assert.deepEqual([replayed?.status, challengeOf(replayed).stale], [401, true])
  assert.equal((await phone.send({ nc: '00000001' }))?.status, 200, 'the new nonce begins at one')
  assert.equal((await phone.send({ nc: '0000000A' }))?.status, 200, 'counts may skip')
  assert.equal((await phone.send({ nc: '00000009' }))?.status, 401, 'and never go back')
  await phone.send()
  await wait(300_001)
  const old = await phone.send({ nc: '00000002' })
  assert.deepEqual([old?.status, challengeOf(old).stale], [401, true])
  // What one source was asked is no answer of another.
  const thief = await device('10.6.6.6')
  const challenge = challengeOf(old)
  const response = digestHash({ username: 'gw-7', password: 'secret', realm: 'waihu', nonce: challenge.nonce, algorithm: 'MD5', method: 'REGISTER', uri: 'sip:a', qop: { nc: '1', cnonce: 'c' }, cnonce: 'c' })
  const stolen = await thief.send({}, `Digest username="gw-7", realm="waihu", nonce="${challenge.nonce}", uri="sip:a", response="${response}", qop=auth, nc=1, cnonce="c"`)
  assert.deepEqual([stolen?.status, challengeOf(stolen).stale], [401, true])
  assert.equal(registrar.stats.failed, 0)
})

void test('an answer without counts, as old gateways give it, is good once', async () => {
  const { device } = await stage()
  const phone = await device()
  await phone.send()
  assert.equal((await phone.send({ withoutQop: true }))?.status, 200)
  assert.equal((await phone.send({ withoutQop: true }))?.status, 401)
  assert.equal((await phone.send({ withoutQop: true }))?.status, 200)
})

void test('the time is granted between our limits: shorter is told, longer cut, none is ours, a contact\'s own comes first', async () => {
  const { device, registrar, told, wait } = await stage({ limits: { expiresSecMin: 60, expiresSecMax: 600 } })
  const granted = (answer: ReceivedResponse | undefined) => answer?.headers.all('Contact').map((value) => /expires=(\d+)/.exec(value)?.[1])
  const phone = await device()
  await phone.send()
  const brief = await phone.send({ expires: 59 })
  assert.deepEqual([brief?.status, brief?.headers.get('Min-Expires')], [423, '60'])
  assert.equal(registrar.stats.bindings, 0)
  assert.deepEqual(granted(await phone.register({ expires: 60, nc: '2' })), ['60'])
  assert.deepEqual(granted(await phone.register({ expires: 86_400, nc: '3' })), ['600'])
  assert.deepEqual(granted(await phone.register({ nc: '4' })), ['600'])
  assert.deepEqual(granted(await phone.register({ expires: 500, contact: '<sip:gw-7@192.168.1.9:5060>;expires=90', nc: '5' })), ['90'])
  assert.deepEqual(granted(await phone.register({ extra: 'Expires: soon\n', nc: '6' })), ['600'])
  await wait(30_000)
  assert.deepEqual(granted(await phone.register({ contact: undefined, nc: '7' })), ['570'], 'a REGISTER without contact asks who is there')
  await wait(569_000)
  assert.equal(registrar.contactsOf('gw-7').length, 1)
  await wait(1_000)
  assert.deepEqual(told(), ['came gw-7 10.0.0.7:5060', 'gone gw-7 10.0.0.7:5060 expired'])
  assert.deepEqual(registrar.contactsOf('gw-7'), [])
})

void test('Expires 0 removes one contact, a star all of them, and a star with anything else is refused', async () => {
  const { device, registrar, told } = await stage()
  const phone = await device()
  const account = { user: '8008', username: 'login-8' }
  const two = '<sip:8008@192.168.1.9:5060>, <sip:8008@192.168.1.10:5060>;q=0.5'
  await phone.register({ ...account, contact: two })
  assert.deepEqual(registrar.contactsOf('8008').map(({ contact }) => contact), ['sip:8008@192.168.1.9:5060', 'sip:8008@192.168.1.10:5060'])
  const left = await phone.send({ ...account, contact: '<sip:8008@192.168.1.9:5060>', expires: 0, nc: '2' })
  assert.equal(left?.headers.all('Contact').length, 1)
  for (const [index, wrong] of [{ contact: '*' }, { contact: '*', expires: 60 }, { contact: '*, <sip:8008@192.168.1.9>', expires: 0 }].entries()) {
    assert.equal((await phone.send({ ...account, ...wrong, nc: `1${index}` }))?.status, 400, JSON.stringify(wrong))
  }
  assert.equal(registrar.contactsOf('8008').length, 1)
  assert.equal((await phone.send({ ...account, contact: '*', expires: 0, nc: '20' }))?.headers.all('Contact').length, 0)
  assert.deepEqual(told().map((text) => text.split(' ')[0]), ['came', 'came', 'gone', 'gone'])
})

void test('one device at a time takes the place of the last; an account with room keeps the newest', async () => {
  const { device, registrar, told } = await stage()
  const first = await device('10.0.0.7')
  const second = await device('10.0.0.8')
  await first.register({ callId: 'one' })
  await second.register({ callId: 'two', contact: '<sip:gw-7@192.168.1.10:5060>' })
  assert.deepEqual(registrar.contactsOf('gw-7').map(({ address }) => address), ['10.0.0.8'])
  assert.deepEqual(told(), ['came gw-7 10.0.0.7:5060', 'gone gw-7 10.0.0.7:5060 replaced', 'came gw-7 10.0.0.8:5060'])
  const account = { user: '8008', username: 'login-8' }
  for (const host of [1, 2, 3, 4]) await (await device(`10.0.2.${host}`)).register({ ...account, callId: `many-${host}`, contact: `<sip:8008@192.168.2.${host}>` })
  assert.deepEqual(registrar.contactsOf('8008').map(({ address }) => address), ['10.0.2.4', '10.0.2.3', '10.0.2.2'])
})

void test('a device that comes back from another address has moved; its instance tells it from others', async () => {
  const { device, registrar, told } = await stage()
  const account = { user: '8008', username: 'login-8' }
  await (await device('10.0.0.7')).register({ ...account, contact: '<sip:8008@192.168.1.9>;+sip.instance="<urn:uuid:1>"' })
  const there = await device('10.0.0.9', 50_000)
  await there.register({ ...account, callId: 'reg-2', contact: '<sip:8008@192.168.9.9>;+sip.instance="<urn:uuid:1>"' })
  await there.register({ ...account, callId: 'reg-3', nc: '2', contact: '<sip:8008@192.168.9.9>;+sip.instance="<urn:uuid:2>"' })
  assert.deepEqual(told(), ['came 8008 10.0.0.7:5060', 'moved 8008 10.0.0.9:50000', 'came 8008 10.0.0.9:50000'])
  assert.equal(registrar.stats.bindings, 2)
})

void test('a REGISTER that comes late changes nothing', async () => {
  const { device, registrar, network, wait } = await stage()
  const phone = await device()
  const late = { drop: (text: string) => text.startsWith('REGISTER') && text.includes('CSeq: 3 ') }
  let held = ''
  network.drop = ({ text }) => {
    if (!late.drop(text)) return false
    held = text
    return true
  }
  await phone.register()
  await phone.send({ expires: 0, nc: '2' }) // held back on the way
  assert.equal((await phone.send({ expires: 600, nc: '3' }))?.status, 200)
  network.drop = () => false
  // Its own count was passed meanwhile; give it one that would do.
  phone.peer.sendBytes(Buffer.from(held, 'latin1'))
  await wait(5)
  assert.equal(phone.peer.responses.at(-1)?.status, 401)
  assert.equal(registrar.contactsOf('gw-7').length, 1)
  const other = await device('10.0.0.7', 5061)
  assert.equal((await other.register())?.status, 500, 'same Call-ID, lower number')
  assert.equal(registrar.contactsOf('gw-7')[0]?.port, 5060)
})

void test('who guesses too often is not heard for a minute, while devices behind the same address stay', async () => {
  const { device, registrar, agent, wait } = await stage({ limits: { failuresPerMinuteMax: 5 } })
  const good = await device('203.0.113.7', 5060)
  assert.equal((await good.register({ user: '8008', username: 'login-8' }))?.status, 200)
  const guesser = await device('203.0.113.7', 6060)
  await guesser.send()
  for (let guess = 0; guess < 5; guess += 1) {
    assert.equal((await guesser.send({ password: `guess ${guess}`, nc: `${guess + 1}` }))?.status, 403)
  }
  assert.equal(await guesser.register({ password: 'secret' }), undefined, 'not even the right one is heard now')
  assert.equal((await good.send({ user: '8008', username: 'login-8', nc: '2' }))?.status, 200)
  const elsewhere = await device('203.0.113.8')
  assert.equal((await elsewhere.register())?.status, 200)
  const { failed, blocked } = registrar.stats
  assert.ok(failed === 5 && blocked >= 1, JSON.stringify(registrar.stats))
  assert.deepEqual([agent.stats.registered, agent.stats.registerFailed, agent.stats.registerBlocked, agent.stats.limited], [2, 5, blocked, blocked])
  await wait(60_000)
  assert.equal((await guesser.register({ nc: '99' }))?.status, 200)
})

void test('addresses and lists that cannot be used are refused, and the next REGISTER works', async () => {
  const { device, registrar } = await stage()
  const phone = await device()
  await phone.send()
  const wrong: [Registering, number][] = [
    [{ contact: 'nonsense' }, 400],
    [{ contact: '<tel:10086>' }, 400],
    [{ contact: '<http://a>' }, 400],
    [{ contact: Array.from({ length: 11 }, (_, index) => `<sip:gw-7@192.168.1.${index}>`).join(', ') }, 403],
  ]
  for (const [index, [options, status]] of wrong.entries()) assert.equal((await phone.send({ ...options, nc: `${index + 1}` }))?.status, status, JSON.stringify(options))
  assert.equal((await phone.send({ user: '' }))?.status, 404)
  assert.equal(registrar.stats.bindings, 0)
  assert.equal((await phone.send({ nc: '9' }))?.status, 200)
})

void test('beyond the limit of all devices a new one is told to come later, a known one is refreshed', async () => {
  const { device, registrar } = await stage({ limits: { bindingsMax: 1 } })
  const known = await device('10.0.0.7')
  await known.register()
  const late = await (await device('10.0.0.8')).register({ user: '8008', username: 'login-8' })
  assert.deepEqual([late?.status, late?.headers.get('Retry-After')], [503, '60'])
  assert.equal((await known.send({ nc: '2' }))?.status, 200)
  assert.equal(registrar.stats.bindings, 1)
})

void test('an account look-up may take its time, and one that fails costs a 500', async () => {
  const slow = await stage({ account: (name) => Promise.resolve(accounts[name]) })
  assert.equal((await (await slow.device()).register())?.status, 200)
  const broken = await stage({ account: () => Promise.reject(new Error('database is away')) })
  assert.equal((await (await broken.device()).register())?.status, 500)
})

void test('keep-alives are no messages, OPTIONS are answered, and a listener that throws harms nobody', async () => {
  const { device, agent, wait } = await stage({
    onEvent: () => {
      throw new Error('broken')
    },
  })
  const phone = await device()
  assert.equal((await phone.register())?.status, 200)
  for (const ping of ['\r\n\r\n', '\r\n', '\0\0\0\0', 'jaK\0']) phone.peer.sendBytes(Buffer.from(ping))
  phone.peer.sendText('OPTIONS sip:waihu.example SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKo;rport\nFrom: <sip:gw-7@a>;tag=o\nTo: <sip:waihu.example>\nCall-ID: o\nCSeq: 1 OPTIONS\n\n')
  await wait(5)
  assert.equal(phone.peer.responses.at(-1)?.status, 200)
  assert.equal(agent.stats.malformed, 0)
})

void test('an agent that closes forgets everybody and leaves no timer; without a registrar REGISTER is no method of ours', async () => {
  const { device, agent, registrar, network, wait } = await stage()
  await (await device()).register()
  void agent.close()
  await wait(40_000)
  assert.deepEqual([registrar.stats.bindings, network.clock.planned], [0, 0])
  const bare = await stage()
  const alone = await SipUserAgent.open({ address: '10.0.0.2', port: 5060, log, clock: bare.network.clock, openTransport: bare.network.open('10.0.0.2', 5060) })
  const peer = await FakePeer.open(bare.network, { address: '10.0.0.3', port: 5060 }, alone)
  peer.sendText('REGISTER sip:a SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKr\nFrom: <sip:a@a>;tag=o\nTo: <sip:a@a>\nCall-ID: r\nCSeq: 1 REGISTER\n\n')
  await bare.wait(5)
  assert.equal(peer.responses[0]?.status, 405)
})

void test('a realm that cannot be written and no algorithm are refused', () => {
  for (const realm of ['', 'a"b', 'a\\b', 'a\r\nb', '外呼']) assert.throws(() => new Registrar({ realm, account: () => undefined, log }), InvalidInputError, JSON.stringify(realm))
  assert.throws(() => new Registrar({ realm: 'a', account: () => undefined, algorithms: [], log }), InvalidInputError)
})
