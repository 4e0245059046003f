import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '../errors.ts'
import { formatUri, parseUri, subscriberOf } from './uri.ts'

void test('addresses carriers use are read and written back as they were', () => {
  for (const text of [
    'sip:13800138000@10.0.0.2:5060;transport=udp;user=phone',
    'sip:+8613800138000;phone-context=+86@ims.mnc000.mcc460.3gppnetwork.org;user=phone',
    'sips:alice@[2001:db8::1]:5061',
    'sip:10.0.0.1',
    'sip:alice:secret@example.com?subject=a%20b&priority=urgent',
    'sip:user;par=u%40example.net@example.com',
    'sip:%61lice@example.com;lr',
    'tel:+86-138-0013-8000;phone-context=+86',
    'tel:10086',
    'tel:*67;phone-context=example.com',
  ]) assert.equal(formatUri(parseUri(text)), text)
})

void test('the subscriber is the bare number or user', () => {
  const cases: [string, string | undefined][] = [
    ['sip:+8613800138000;phone-context=+86@ims.example', '+8613800138000'],
    ['tel:+86-138.0013(8000)', '+8613800138000'],
    ['sip:%2B8613800138000@a', '+8613800138000'],
    ['sip:50%@a', '50%'],
    ['sip:alice:secret@a', 'alice'],
    ['sip:a', undefined],
  ]
  for (const [text, subscriber] of cases) assert.equal(subscriberOf(parseUri(text)), subscriber, text)
})

void test('what is no usable address is refused', () => {
  for (const text of ['', 'sip:', 'sip:@a', 'sip:a@', 'sip:a@b:0', 'sip:a@b:65536', 'sip:a@b:x', 'sip:a b@c', 'sip:a@b c', 'http://a', 'tel:', 'tel:+', 'tel:abc xyz', 'mailto:a@b', 'a@b', 'sip:a@[zz]', `sip:${'a'.repeat(1_100)}@b`]) {
    assert.throws(() => parseUri(text), ProtocolError, text)
  }
})
