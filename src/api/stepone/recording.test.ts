// Downloads of recordings that lie in a store, over real sockets.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { LoopbackS3 } from '../../../test/world/s3.ts'
import { S3Bucket } from '../../objects/s3.ts'
import { conversation, testApi } from '../testing.ts'

const place = { phones: '13800138000', user_requirement: '通知张总明天上午9点开会' }

test('a recording that was moved to a store is served from there, whole and in ranges; one cut short is not passed off as whole', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'recordings-'))
  await using store = await LoopbackS3.start({ keys: { AKID: 'secret' }, bucket: 'calls', region: 'cn' })
  try {
    const bucket = new S3Bucket({ endpoint: store.endpoint, bucket: 'calls', region: 'cn', accessKeyId: 'AKID', secretAccessKey: 'secret', pathStyle: true })
    store.objects.set('rec/a.wav', { bytes: Buffer.from('0123456789'), contentType: 'audio/wav' })
    await using api = await testApi({ recordings: { dir, bucket, linkSecret: 'secret' } })
    await api.post('initiate_call', place)
    for (const event of conversation([])) api.calls.append('call_1', event)
    api.calls.change('call_1', { recording: 's3://calls/rec/a.wav' })
    await api.app.listen({ host: '127.0.0.1', port: 0 })
    const address = `http://127.0.0.1:${(api.app.server.address() as { port: number }).port}/api/v1/callinfo/recording/call_1`
    const get = (range?: string, method = 'GET') => fetch(address, { method, headers: { 'x-api-key': 'sk_one', ...(range === undefined ? {} : { range }) } })
    const whole = await get()
    assert.deepEqual([whole.status, await whole.text(), whole.headers.get('content-type'), whole.headers.get('content-length')], [200, '0123456789', 'audio/wav', '10'])
    const part = await get('bytes=2-4')
    assert.deepEqual([part.status, await part.text(), part.headers.get('content-range')], [206, '234', 'bytes 2-4/10'])
    assert.equal((await get('bytes=10-')).status, 416)
    const asked = store.requests.length
    const head = await get(undefined, 'HEAD')
    assert.deepEqual([head.status, head.headers.get('content-length'), store.requests.slice(asked)], [200, '10', ['HEAD /calls/rec/a.wav']])
    assert.notEqual((await api.post('search_callinfo', { call_id: 'call_1' })).json()['recording_url'], null)
    store.fail('GET', 'half-body')
    await assert.rejects(get().then((response) => response.text()))
    store.fail('HEAD', { status: 503, code: 'SlowDown' })
    assert.equal((await get()).status, 502)
    store.objects.clear()
    assert.equal((await get()).status, 404)
    api.calls.change('call_1', { recording: 's3://others/rec/a.wav' })
    assert.equal((await get()).status, 404)
    assert.equal((await api.post('search_callinfo', { call_id: 'call_1' })).json()['recording_url'], null)
  } finally {
    await rm(dir, { recursive: true })
  }
})
