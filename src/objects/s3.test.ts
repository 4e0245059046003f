import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { AwsV4Signer } from 'aws4fetch'
import { ProviderError } from '../errors.ts'
import { LoopbackS3, verifySigV4 } from '../../test/world/s3.ts'
import { S3Bucket, type S3Options } from './s3.ts'

const keys = { AKIDEXAMPLE: 'secret/with+signs=' }
const region = 'cn-north-1'

async function world(more: Partial<S3Options> = {}) {
  const store = await LoopbackS3.start({ keys, bucket: 'calls', region })
  const folder = await mkdtemp(path.join(tmpdir(), 's3-'))
  const bucket = new S3Bucket({ endpoint: store.endpoint, bucket: 'calls', region, accessKeyId: 'AKIDEXAMPLE', secretAccessKey: keys.AKIDEXAMPLE, pathStyle: true, timeoutMs: 2_000, uploadMsMax: 2_000, ...more })
  const file = path.join(folder, 'a.wav')
  const bytes = randomBytes(300_001)
  await writeFile(file, bytes)
  return {
    store,
    bucket,
    file,
    bytes,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

const failsWith = (pattern: RegExp, retryable: boolean) => (error: unknown) => error instanceof ProviderError && pattern.test(error.message) && error.retryable === retryable

void test('stores, tells the size of, reads and removes an object', async () => {
  await using w = await world()
  await w.bucket.put('rec/2026/11/21/call_1.wav', w.file, 'audio/wav')
  assert.deepEqual(w.store.objects.get('rec/2026/11/21/call_1.wav'), { bytes: w.bytes, contentType: 'audio/wav' })
  assert.equal(await w.bucket.size('rec/2026/11/21/call_1.wav'), w.bytes.length)
  assert.deepEqual(await buffer((await w.bucket.read('rec/2026/11/21/call_1.wav'))!), w.bytes)
  assert.deepEqual(await buffer((await w.bucket.read('rec/2026/11/21/call_1.wav', { start: 100, end: 299 }))!), w.bytes.subarray(100, 300))
  await w.bucket.remove('rec/2026/11/21/call_1.wav')
  assert.equal(w.store.objects.size, 0)
  assert.equal(await w.bucket.size('rec/2026/11/21/call_1.wav'), undefined)
  assert.equal(await w.bucket.read('rec/2026/11/21/call_1.wav'), undefined)
  await w.bucket.remove('rec/2026/11/21/call_1.wav')
})

void test('the check of signatures agrees with the published examples, and notices every change', () => {
  // "Signature Calculations for the Authorization Header" of the S3 API reference: GET of a range, and PUT.
  const secretOf = () => 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
  const nowMs = Date.UTC(2013, 4, 24)
  const get = {
    method: 'GET',
    url: '/test.txt',
    region: 'us-east-1',
    nowMs,
    secretOf,
    headers: {
      host: ['examplebucket.s3.amazonaws.com'],
      range: ['bytes=0-9'],
      'x-amz-content-sha256': ['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
      'x-amz-date': ['20130524T000000Z'],
      authorization: ['AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
    },
  }
  assert.equal(verifySigV4(get), undefined)
  const put = {
    ...get,
    method: 'PUT',
    url: '/test%24file.text',
    headers: {
      date: ['Fri, 24 May 2013 00:00:00 GMT'],
      host: ['examplebucket.s3.amazonaws.com'],
      'x-amz-content-sha256': ['44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'],
      'x-amz-date': ['20130524T000000Z'],
      'x-amz-storage-class': ['REDUCED_REDUNDANCY'],
      authorization: ['AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd'],
    },
  }
  assert.equal(verifySigV4(put), undefined)
  assert.deepEqual(verifySigV4({ ...get, method: 'PUT' }), [403, 'SignatureDoesNotMatch'])
  assert.deepEqual(verifySigV4({ ...get, url: '/other.txt' }), [403, 'SignatureDoesNotMatch'])
  assert.deepEqual(verifySigV4({ ...get, headers: { ...get.headers, host: ['evil.example'] } }), [403, 'SignatureDoesNotMatch'])
  assert.deepEqual(verifySigV4({ ...get, nowMs: nowMs + 3_600_000 }), [403, 'RequestTimeTooSkewed'])
  assert.deepEqual(verifySigV4({ ...get, region: 'eu-west-1' }), [400, 'AuthorizationHeaderMalformed'])
  assert.deepEqual(verifySigV4({ ...get, headers: {} }), [403, 'AccessDenied'])
})

void test('asks the host of the bucket unless the bucket goes into the path', async (t) => {
  const asked: string[] = []
  t.mock.method(globalThis, 'fetch', async (url: string) => {
    asked.push(url)
    return new Response(null, { status: 404 })
  })
  const options = { endpoint: 'https://oss-cn-shanghai.aliyuncs.com', bucket: 'calls', region: 'oss-cn-shanghai', accessKeyId: 'a', secretAccessKey: 'b' }
  for (const pathStyle of [false, true]) await new S3Bucket({ ...options, pathStyle }).size('x/call_1.wav')
  await new S3Bucket({ ...options, endpoint: 'http://minio:9000/', pathStyle: true }).size('x/call_1.wav')
  assert.deepEqual(asked, ['https://calls.oss-cn-shanghai.aliyuncs.com/x/call_1.wav', 'https://oss-cn-shanghai.aliyuncs.com/calls/x/call_1.wav', 'http://minio:9000/calls/x/call_1.wav'])
})

void test('says which failures may pass by themselves: overload, errors of the store, lost connections, silence', async () => {
  await using w = await world({ uploadMsMax: 300 })
  const put = () => w.bucket.put('a.wav', w.file, 'audio/wav')
  w.store.fail('PUT', { status: 500, code: 'InternalError' }, { status: 503, code: 'SlowDown' }, 'reset', 'reset-in-upload', { delayMs: 2_000 })
  await assert.rejects(put(), failsWith(/500 InternalError/, true))
  await assert.rejects(put(), failsWith(/503 SlowDown/, true))
  await assert.rejects(put(), failsWith(/PUT failed/, true))
  await assert.rejects(put(), failsWith(/PUT failed/, true))
  await assert.rejects(put(), failsWith(/no answer within 300 ms/, true))
  assert.equal(w.store.faults.length, 0)
  await put()
  assert.ok(w.store.objects.get('a.wav')!.bytes.equals(w.bytes))
})

void test('says which do not: a wrong key, a wrong secret, a wrong region, a bucket that is not there', async () => {
  for (const [wrong, pattern] of [
    [{ accessKeyId: 'AKIDOTHER' }, /403 InvalidAccessKeyId/],
    [{ secretAccessKey: 'wrong' }, /403 SignatureDoesNotMatch/],
    [{ region: 'us-east-1' }, /400 AuthorizationHeaderMalformed/],
    [{ bucket: 'other' }, /404 NoSuchBucket/],
  ] as const) {
    await using w = await world(wrong)
    await assert.rejects(w.bucket.put('a.wav', w.file, 'audio/wav'), failsWith(pattern, false))
    assert.equal(w.store.objects.size, 0)
  }
})

void test('an object of which half came is an error, not half an object', async () => {
  await using w = await world()
  await w.bucket.put('a.wav', w.file, 'audio/wav')
  w.store.fail('GET', 'half-body')
  await assert.rejects(buffer((await w.bucket.read('a.wav'))!))
})

void test('an upload is ended by its signal', async () => {
  await using w = await world()
  w.store.fail('PUT', { delayMs: 5_000 })
  const ends = new AbortController()
  const put = w.bucket.put('a.wav', w.file, 'audio/wav', ends.signal)
  setTimeout(() => ends.abort(), 50)
  await assert.rejects(put, ProviderError)
  assert.equal(w.store.objects.size, 0)
})

void test('what is signed is the body that is meant: another one is refused', async () => {
  await using w = await world()
  const url = `${w.store.endpoint}/calls/a.wav`
  const signer = new AwsV4Signer({ method: 'PUT', url, headers: { 'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }, service: 's3', region, accessKeyId: 'AKIDEXAMPLE', secretAccessKey: keys.AKIDEXAMPLE })
  const { headers } = await signer.sign()
  const response = await fetch(url, { method: 'PUT', headers, body: 'not empty' })
  assert.deepEqual([response.status, /<Code>(\w+)/.exec(await response.text())?.[1]], [400, 'XAmzContentSHA256Mismatch'])
})
