import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { isPrivateAddress } from '../public-address.ts'
import { checkWebhookUrl } from './webhook-url.ts'

const open = { privateAllowed: false }

test('public http and https addresses are accepted in their normal form', () => {
  assert.equal(checkWebhookUrl('HTTPS://Example.com:443/calls?x=1#part', open), 'https://example.com/calls?x=1')
  assert.equal(checkWebhookUrl('http://8.8.8.8:8080/', open), 'http://8.8.8.8:8080/')
  assert.equal(checkWebhookUrl('https://[2606:4700::1111]/', open), 'https://[2606:4700::1111]/')
})

test('addresses of this machine and of private networks are refused in every spelling', () => {
  for (const host of ['localhost', 'LOCALHOST.', 'a.localhost', 'db', 'printer.local', 'x.internal', '127.0.0.1', '127.1', '0x7f.1', '2130706433', '0', '10.1.2.3', '192.168.1.1', '172.31.0.1', '169.254.169.254', '100.100.100.200', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[fd00::1]', '[fe80::1]', '[64:ff9b::7f00:1]']) {
    assert.throws(() => checkWebhookUrl(`http://${host}/`, open), InvalidInputError, host)
  }
})

test('private addresses are accepted where they are allowed', () => {
  assert.equal(checkWebhookUrl('http://127.0.0.1:9000/hook', { privateAllowed: true }), 'http://127.0.0.1:9000/hook')
})

test('other schemes, user names, nonsense and endless addresses are refused', () => {
  for (const url of ['ftp://example.com', 'file:///etc/passwd', 'javascript:alert(1)', 'https://user:password@example.com', 'example.com', '', 'https://', `https://example.com/${'x'.repeat(2_000)}`]) {
    assert.throws(() => checkWebhookUrl(url, { privateAllowed: true }), InvalidInputError, url)
  }
})

test('an address that is none counts as private', () => {
  assert.equal(isPrivateAddress('example.com'), true)
  assert.equal(isPrivateAddress('::ffff:10.0.0.1'), true)
  assert.equal(isPrivateAddress('::ffff:8.8.8.8'), false)
  assert.equal(isPrivateAddress('8.8.8.8'), false)
})
