import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { parseNameAddr } from '../sip/header-values.ts'
import { checkInvitation } from '../sip/invitation.ts'
import { parseUri, subscriberOf } from '../sip/uri.ts'
import { identityHeaders, type IdentityValues } from './identity-headers.ts'
import { parseTrunkConfig, type TrunkConfigInput } from './trunk-config.ts'

type HeadersInput = NonNullable<TrunkConfigInput['headers']>
const headersOf = (headers: HeadersInput) => parseTrunkConfig({ name: 'a', targets: ['192.0.2.1'], callers: [{ number: '02160001000' }], headers }).headers
const values: IdentityValues = { callee: '013800138000', caller: '02160001000', calleeE164: '+8613800138000', callerE164: '+862160001000', domain: 'sh.ims.example', publicAddress: '192.0.2.7' }
const written = (headers: HeadersInput, more: Partial<IdentityValues> = {}) => identityHeaders(headersOf(headers), { ...values, ...more })
const refusal = (headers: HeadersInput): string => {
  try {
    headersOf(headers)
  } catch (error) {
    assert.ok(error instanceof InvalidInputError)
    return error.message
  }
  throw new assert.AssertionError({ message: `taken: ${JSON.stringify(headers)}` })
}

test('plain puts the caller into From and nothing else', () => {
  assert.deepEqual(written({}), { requestUri: 'sip:013800138000@sh.ims.example', from: '<sip:02160001000@sh.ims.example>', to: '<sip:013800138000@sh.ims.example>', contactUser: '02160001000', headers: [] })
})

test('ims prefers an identity of the registered line and says that addresses are phone numbers', () => {
  const { requestUri, from, contactUser, headers } = written({ preset: 'ims' })
  assert.equal(requestUri, 'sip:013800138000@sh.ims.example;user=phone')
  assert.equal(from, '<sip:+862160001000@sh.ims.example;user=phone>')
  assert.equal(contactUser, '+862160001000')
  assert.deepEqual(headers, [['P-Preferred-Identity', '<sip:+862160001000@sh.ims.example;user=phone>']])
})

test('gateway says the caller in Remote-Party-ID', () => {
  assert.deepEqual(written({ preset: 'gateway' }).headers, [['Remote-Party-ID', '<sip:02160001000@sh.ims.example>;party=calling;privacy=off;screen=yes']])
})

test('single templates replace those of the preset, an empty one leaves a header out, further headers follow', () => {
  const { requestUri, from, to, headers } = written({
    preset: 'ims',
    requestUri: 'tel:{callee_e164}',
    to: '<tel:{callee};phone-context=+86>',
    from: '"waihu" <sip:+8602100000@{domain}>',
    preferredIdentity: '',
    assertedIdentity: '<tel:{caller_e164}>',
    extra: [{ name: 'P-Asserted-Identity', value: '<sip:{caller}@{public_address}>' }, { name: 'X-Account', value: '42' }],
  })
  assert.equal(requestUri, 'tel:+8613800138000')
  assert.equal(to, '<tel:013800138000;phone-context=+86>')
  assert.equal(from, '"waihu" <sip:+8602100000@sh.ims.example>')
  assert.deepEqual(headers, [['P-Asserted-Identity', '<tel:+862160001000>'], ['P-Asserted-Identity', '<sip:02160001000@192.0.2.7>'], ['X-Account', '42']])
})

test('a # is escaped in sip addresses (RFC 3261 §25.1) and kept in tel ones', () => {
  assert.equal(written({}, { callee: '13800138000#' }).requestUri, 'sip:13800138000%23@sh.ims.example')
  assert.equal(written({ requestUri: 'tel:{callee};phone-context=+86' }, { callee: '13800138000#' }).requestUri, 'tel:13800138000#;phone-context=+86')
})

test('a configuration is refused when its templates cannot work, with what to write instead', () => {
  assert.match(refusal({ from: '<sip:{calller}@{domain}>' }), /headers\.from: \{calller\} stands for nothing: there are \{callee\} \{caller\}/)
  assert.match(refusal({ requestUri: 'sip:{callee}@' }), /requestUri is no address/)
  assert.match(refusal({ from: '<sip:{caller}@{domain}' }), /from is no address/)
  assert.match(refusal({ from: '<sip:{caller}@{domain}>;tag=1' }), /must not have a tag/)
  assert.match(refusal({ to: '<sip:{callee}@{domain}>;tag=1' }), /must not have a tag/)
  assert.match(refusal({ contactUser: 'a b' }), /contactUser/)
  assert.match(refusal({ assertedIdentity: 'nobody' }), /no address/)
  for (const name of ['Via', 'contact', 'Content-Length', 'AUTHORIZATION']) assert.match(refusal({ extra: [{ name, value: '1' }] }), /written by the user agent itself: take it out/, name)
  for (const name of ['Route', 'Replaces', 'refer-to']) assert.match(refusal({ extra: [{ name, value: '1' }] }), /would change where calls go/, name)
})

test('no template leads to anybody but the callee', () => {
  for (const requestUri of ['sip:110@{domain}', 'sip:13900139000@{domain}', 'tel:110', 'sip:9{callee}@{domain}', 'sip:{caller}@{domain}', 'sip:{callee}1@{domain}', 'sip:110%2c{callee}@{domain}', 'sip:{callee}@110@{domain}', 'sip:{callee}@{domain}?Replaces=1']) {
    assert.match(refusal({ requestUri }), /must be an address of \{callee\}/, requestUri)
  }
  assert.match(refusal({ to: '<sip:110@{domain}>' }), /headers\.to/)
})

test('nothing breaks out of its line: neither templates nor values', () => {
  for (const bad of ['<sip:{caller}@{domain}>\r\nX-Evil: 1', '<sip:{caller}@{domain}>\u0000', '<sip:{caller}@{domain}>\u2028']) assert.match(refusal({ from: bad }), /one line/)
  assert.match(refusal({ extra: [{ name: 'X-A', value: 'a\nb' }] }), /one line/)
  assert.match(refusal({ extra: [{ name: 'X A', value: 'a' }] }), /letters, digits and hyphens/)
  for (const evil of [{ caller: '1>\r\nX: 1' }, { callee: '138@evil' }, { domain: 'a b' }, { domain: 'a;b' }, { callerE164: '' }, { publicAddress: '::1' }] as Partial<IdentityValues>[]) {
    assert.throws(() => written({ extra: [{ name: 'X-A', value: '{caller_e164} {public_address}' }] }, evil), InvalidInputError, JSON.stringify(evil))
  }
})

test('over 20,000 seeded templates, whatever is taken calls the callee and stays on its lines', () => {
  let state = 20_261_122
  const next = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below
  const pick = <T>(list: readonly T[]): T => list[next(list.length)]!
  const parts = ['{callee}', '{callee_e164}', '{caller}', '{caller_e164}', '{domain}', '{public_address}', 'sip:', 'tel:', 'sips:', '<', '>', '@', ':', ';', '110', '9', '+', '%31%31%30', '"', ' ', ',', ';tag=1', ';user=phone', ';phone-context=+86', '?Replaces=1', '\\', '\r\n', '{', '}', '{x}']
  const likely = ['sip:{callee}@{domain}', '<sip:{callee}@{domain}>', 'tel:{callee_e164}', '<tel:{callee};phone-context=+86>', '"a" <sip:{caller}@{domain}>', 'sip:{callee};x=1@{domain}']
  const template = () => (next(3) === 0 ? pick(likely) : `${next(2) === 0 ? pick(likely) : ''}${Array.from({ length: 1 + next(5) }, () => pick(parts)).join('')}`)
  let taken = 0
  for (let round = 0; round < 20_000; round += 1) {
    const headers: HeadersInput = { preset: pick(['plain', 'ims', 'gateway'] as const), ...(next(2) && { requestUri: template() }), ...(next(2) && { to: template() }), ...(next(2) && { from: template() }), ...(next(2) && { assertedIdentity: template() }) }
    let identity
    try {
      identity = written(headers)
    } catch (error) {
      assert.ok(error instanceof InvalidInputError, JSON.stringify(headers))
      continue
    }
    taken += 1
    const lines = [identity.requestUri, identity.from, identity.to, identity.contactUser, ...identity.headers.flat()]
    assert.ok(lines.every((line) => /^[^\r\n\0]*$/.test(line)), JSON.stringify(identity))
    for (const uri of [identity.requestUri, parseNameAddr(identity.to).uri]) assert.match(subscriberOf(parseUri(uri))!, /^(?:013800138000|\+8613800138000)$/, JSON.stringify(headers))
    // The user agent takes it as well.
    checkInvitation({ ...identity, target: { address: '192.0.2.1', port: 5_060 }, sdp: '', ringMsMax: 1_000, onEvent: () => {} }, (user) => `<sip:${user}@192.0.2.7>`)
  }
  assert.ok(taken > 1_000, `${taken} taken`)
})
