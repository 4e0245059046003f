import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '../errors.ts'
import { parseNameAddr, parseParams, parseReason, parseVia, q850Of, splitOutsideQuotes, viaWithSource } from './header-values.ts'

void test('splits lists outside quotes and brackets only', () => {
  assert.deepEqual(splitOutsideQuotes('<sip:a,b>, "x, \\" y" <sip:c>,,d', ','), ['<sip:a,b>', '"x, \\" y" <sip:c>', 'd'])
  assert.deepEqual(splitOutsideQuotes('', ','), [])
})

void test('parameters are lower case by name, unquoted, first one wins, and bounded', () => {
  assert.deepEqual([...parseParams('; LR ;Tag = AbC; tag=z;text="a;b\\"c"; =x')], [['lr', ''], ['tag', 'AbC'], ['text', 'a;b"c']])
  assert.equal(parseParams(Array.from({ length: 500 }, (_, i) => `;p${i}`).join('')).size, 64)
})

void test('takes addresses apart, with parameters on the right side of the bracket', () => {
  assert.deepEqual(parseNameAddr('"A <B>" <sip:a@b;lr>;tag=1').uri, 'sip:a@b;lr')
  assert.equal(parseNameAddr('"A <B>" <sip:a@b;lr>;tag=1').display, 'A <B>')
  assert.equal(parseNameAddr('sip:a@b;tag=2').params.get('tag'), '2')
  assert.equal(parseNameAddr('Bob Builder <tel:+8613800138000>').display, 'Bob Builder')
  for (const value of ['', '<>', '<sip:a b>', 'sip:a b', '<sip:a', '"x <sip:a>']) assert.throws(() => parseNameAddr(value), ProtocolError, value)
})

void test('reads Via with names, IPv6, spaces and rport', () => {
  assert.deepEqual({ ...parseVia('SIP / 2.0 / TLS [2001:db8::1]:5061 ; branch = z9 ;rport'), params: 0 }, { protocol: 'TLS', host: '[2001:db8::1]', port: 5061, branch: 'z9', params: 0 })
  for (const value of ['SIP/2.0/UDP', 'SIP/3.0/UDP a', 'SIP/2.0/UDP a:70000', 'SIP/2.0/UDP a b']) assert.throws(() => parseVia(value), ProtocolError, value)
})

void test('the source is written into Via as RFC 3581 asks, and only then', () => {
  const from = { address: '10.0.0.9', port: 1234 }
  assert.equal(viaWithSource('SIP/2.0/UDP 10.0.0.9:5060;branch=z', from), 'SIP/2.0/UDP 10.0.0.9:5060;branch=z')
  assert.equal(viaWithSource('SIP/2.0/UDP host;branch=z', from), 'SIP/2.0/UDP host;branch=z;received=10.0.0.9')
  assert.equal(viaWithSource('SIP/2.0/UDP 10.0.0.9;rport;branch=z', from), 'SIP/2.0/UDP 10.0.0.9;branch=z;received=10.0.0.9;rport=1234')
  assert.equal(viaWithSource('SIP/2.0/UDP a;received=6.6.6.6;branch=z;rport=', from), 'SIP/2.0/UDP a;branch=z;received=10.0.0.9;rport=1234')
})

void test('finds the Q.850 cause among reasons', () => {
  assert.deepEqual(parseReason('q.850 ;cause=16;text="Normal; clearing"'), { protocol: 'Q.850', cause: 16, text: 'Normal; clearing' })
  assert.equal(q850Of(['SIP;cause=487', 'Q.850;cause=20']), 20)
  for (const value of ['SIP;cause=487', 'Q.850', 'Q.850;cause=0', 'Q.850;cause=128', 'Q.850;cause=abc', 'Q.850x;cause=16']) assert.equal(q850Of([value]), undefined, value)
})
