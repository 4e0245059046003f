import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../../errors.ts'
import { localAddressTo, parseTarget, peerOf } from './phone-target.ts'

test('a target is a number at a host, with or without the scheme and the port', () => {
  assert.deepEqual(parseTarget('sip:13800138000@10.0.0.1:5080'), { uri: 'sip:13800138000@10.0.0.1:5080', host: '10.0.0.1', port: 5080 })
  assert.deepEqual(parseTarget('95588@gateway.local'), { uri: 'sip:95588@gateway.local', host: 'gateway.local', port: 5060 })
  assert.equal(parseTarget('1@[::1]:5070').host, '::1')
})

test('a target without number, without host, or over TLS is refused', () => {
  for (const text of ['13800138000', 'sip:@10.0.0.1', 'sip:1@', 'sips:1@10.0.0.1', 'tel:13800138000', 'sip:1@h:99999']) {
    assert.throws(() => parseTarget(text), InvalidInputError, text)
  }
})

test('a host without address is refused; a numeric one is taken as it is', async () => {
  assert.deepEqual(await peerOf('127.0.0.1', 5060), { address: '127.0.0.1', port: 5060 })
  await assert.rejects(peerOf('no-such-host.invalid', 5060), InvalidInputError)
})

test('the loopback is reached from the loopback', async () => {
  assert.equal(await localAddressTo({ address: '127.0.0.1', port: 5060 }), '127.0.0.1')
})
