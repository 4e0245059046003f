import assert from 'node:assert/strict'
import { test } from 'node:test'
import { targetOf } from './target-flags.ts'

const keys = { key: 'id', secret: 's' }

test('an endpoint with nothing but a key calls nobody and listens nowhere', () => {
  const { endpoint, key, callees, callbacks, template, temporary } = targetOf('127.0.0.1:8080', {}, { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 's' })
  assert.deepEqual([endpoint, key, callees, callbacks, template, temporary], ['http://127.0.0.1:8080', { id: 'id', secret: 's' }, {}, undefined, undefined, undefined])
})

test('flags are read, and go before the environment', () => {
  const target = targetOf('https://dyvmsapi.aliyuncs.com/', { ...keys, callees: 'busy=13800138001, silent=13800138014', callbacks: '0.0.0.0:9000', template: 'TTS_1', 'template-values': '{"name":"张总"}', 'sts-key': 'STS.x', 'sts-secret': 'y', 'sts-token': 'z' }, { ALIBABA_CLOUD_ACCESS_KEY_ID: 'other' })
  assert.equal(target.endpoint, 'https://dyvmsapi.aliyuncs.com')
  assert.deepEqual([target.key.id, target.callees, target.callbacks, target.template, target.temporary], ['id', { busy: '13800138001', silent: '13800138014' }, { host: '0.0.0.0', port: 9_000 }, { code: 'TTS_1', values: { name: '张总' } }, { id: 'STS.x', secret: 'y', token: 'z' }])
})

test('what cannot be meant is refused, and named', () => {
  const refused = (flags: Parameters<typeof targetOf>[1], field: string, endpoint = 'http://127.0.0.1') => assert.throws(() => targetOf(endpoint, flags, {}), { field }, JSON.stringify(flags))
  refused({}, '--key')
  refused({ key: 'id' }, '--key')
  refused({ ...keys, callees: 'deaf=13800138001' }, '--callees')
  refused({ ...keys, callees: 'busy=110x' }, '--callees')
  refused({ ...keys, callbacks: '9000' }, '--callbacks')
  refused({ ...keys, 'calls-at-once': '0' }, '--calls-at-once')
  refused({ ...keys, callbacks: '0.0.0.0:99999' }, '--callbacks')
  refused({ ...keys, template: 'TTS_1', 'template-values': '[1]' }, '--template-values')
  refused({ ...keys, 'sts-key': 'STS.x', 'sts-secret': 'y' }, '--sts-key')
  refused({ ...keys, 'disabled-key': 'x' }, '--disabled-key')
  refused(keys, 'endpoint', 'http://[')
})
