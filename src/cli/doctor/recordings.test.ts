import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoopbackS3 } from '../../../test/world/s3.ts'
import { readConfig } from '../../config.ts'
import { examineRecordings } from './recordings.ts'

const good = { S3_BUCKET: 'calls', S3_REGION: 'cn', S3_PATH_STYLE: 'on', S3_ACCESS_KEY_ID: 'AKID', S3_SECRET_ACCESS_KEY: 'secret' }

void test('tries the store with an object of its own and leaves nothing behind', async () => {
  await using store = await LoopbackS3.start({ keys: { AKID: 'secret' }, bucket: 'calls', region: 'cn' })
  const look = (env: Record<string, string>) => examineRecordings(readConfig({ ...good, S3_ENDPOINT: store.endpoint, ...env }))
  assert.deepEqual((await look({})).map(({ level }) => level), ['ok', 'ok'])
  assert.deepEqual(store.requests.map((request) => request.split(' ')[0]), ['PUT', 'GET', 'DELETE'])
  assert.equal(store.objects.size, 0)
  for (const [env, advice] of [
    [{ S3_SECRET_ACCESS_KEY: 'wrong' }, /S3_SECRET_ACCESS_KEY/],
    [{ S3_ACCESS_KEY_ID: 'other' }, /S3_ACCESS_KEY_ID/],
    [{ S3_BUCKET: 'other' }, /S3_BUCKET/],
    [{ S3_REGION: 'us-east-1' }, /S3_REGION/],
    [{ S3_ENDPOINT: 'http://127.0.0.1:9' }, /S3_ENDPOINT/],
    [{ S3_ACCESS_KEY_ID: '' }, /Set S3_ACCESS_KEY_ID/],
  ] as const) {
    const [, found] = await look(env)
    assert.equal(found?.level, 'problem', JSON.stringify(env))
    assert.match(JSON.stringify(found), advice)
    assert.doesNotMatch(JSON.stringify(found), /"secret"|wrong/)
  }
  store.fail('GET', { status: 403, code: 'AccessDenied' })
  assert.match(JSON.stringify(await look({})), /put, get and delete/)
  assert.equal(store.objects.size, 0)
})

void test('says how long recordings stay, and that a real line needs the name of who answers for the voice', async () => {
  const look = async (env: Record<string, string>) => (await examineRecordings(readConfig(env))).map(({ level }) => level)
  assert.deepEqual(await look({}), ['ok'])
  assert.deepEqual(await look({ RECORD: 'off', S3_BUCKET: 'calls' }), ['ok'])
  assert.deepEqual(await look({ SIP_TRUNK: 'sip.example' }), ['ok', 'warning'])
  assert.deepEqual(await look({ SIP_TRUNK: 'sip.example', AIGC_PRODUCER: '某某公司' }), ['ok'])
})
