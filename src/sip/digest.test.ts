import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DigestClient, digestResponse, parseChallenge } from './digest.ts'
import { SipHeaders } from './message.ts'

const example = 'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=%, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
const rest = { username: 'Mufasa', password: 'Circle of Life', method: 'GET', uri: '/dir/index.html', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', count: 1 }

void test('the examples of RFC 7616 §3.9.1 come out', () => {
  const md5 = parseChallenge(example.replace('%', 'MD5'))!
  const sha256 = parseChallenge(example.replace('%', 'SHA-256'))!
  assert.equal(digestResponse({ ...rest, challenge: md5 }), '8ca523f5e9506fed4657c9700eebdbec')
  assert.equal(digestResponse({ ...rest, challenge: sha256 }), '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1')
})

void test('the form without qop comes out as RFC 2069 says', () => {
  const challenge = parseChallenge('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')!
  assert.equal(challenge.qopAuth, false)
  assert.equal(digestResponse({ ...rest, password: 'Circle Of Life', challenge }), '670fd8c2df070c60b045671b8b24ff02')
})

void test('challenges nobody here can answer are passed over', () => {
  for (const value of ['Basic realm="a"', 'Digest realm="a"', 'Digest nonce="n"', 'Digest realm="a", nonce="n", algorithm=AKAv1-MD5', 'Digest realm="a", nonce="n", qop="auth-int"', '', 'Digest']) {
    assert.equal(parseChallenge(value), undefined, value)
  }
})

function challenged(...values: string[]): SipHeaders {
  return new SipHeaders(values.map((value) => ['WWW-Authenticate', value] as const))
}

void test('the strongest algorithm offered for a realm is taken', () => {
  const client = new DigestClient({ username: 'u', password: 'p' })
  assert.equal(client.learn(challenged('Digest realm="a", nonce="1", algorithm=MD5', 'Digest realm="a", nonce="2", algorithm=SHA-256', 'Digest realm="a", nonce="3", algorithm=AKAv1-MD5')), true)
  const [[name, value]] = client.authorize('INVITE', 'sip:b') as [[string, string]]
  assert.equal(name, 'Authorization')
  assert.match(value, /nonce="2".*algorithm=SHA-256/)
})

void test('a nonce is counted, a stale one replaced, a refused password not tried again', () => {
  const client = new DigestClient({ username: 'u"x', password: 'p' })
  assert.equal(client.learn(challenged('Digest realm="a", nonce="1", qop="auth"')), true)
  assert.match(client.authorize('INVITE', 'sip:b')[0]![1], /username="u\\"x".*nc=00000001/)
  assert.match(client.authorize('BYE', 'sip:b')[0]![1], /nc=00000002/)
  assert.equal(client.learn(challenged('Digest realm="a", nonce="2", qop="auth", stale=TRUE')), true)
  assert.match(client.authorize('BYE', 'sip:b')[0]![1], /nonce="2".*nc=00000001/)
  assert.equal(client.learn(challenged('Digest realm="a", nonce="3", qop="auth"')), false)
})

void test('after it passed once, a new nonce without stale is followed', () => {
  const client = new DigestClient({ username: 'u', password: 'p' })
  client.learn(challenged('Digest realm="a", nonce="1", qop="auth"'))
  client.passed()
  assert.equal(client.learn(challenged('Digest realm="a", nonce="2", qop="auth"')), true)
  assert.equal(client.learn(challenged('Digest realm="a", nonce="3", qop="auth"')), false)
})

void test('a proxy and the far end are answered separately, and realms are bounded', () => {
  const client = new DigestClient({ username: 'u', password: 'p' })
  client.learn(challenged('Digest realm="a", nonce="1"'))
  client.learn(new SipHeaders([['Proxy-Authenticate', 'Digest realm="a", nonce="2"']]))
  assert.deepEqual(client.authorize('INVITE', 'sip:b').map(([name]) => name), ['Authorization', 'Proxy-Authorization'])
  for (let realm = 0; realm < 20; realm += 1) client.learn(challenged(`Digest realm="r${realm}", nonce="1"`))
  assert.equal(client.authorize('INVITE', 'sip:b').length, 8)
})
