// Holds that the recording of a call reaches the store and is heard from there, also when the server was killed in the call. The real program, as a process.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readWav, wavChunks } from '../src/media/wav.ts'
import { LoopbackS3 } from './world/s3.ts'
import { keptKey, newcomer, place, post, stopped, untilStatus, UP_MS_MAX } from './world/newcomer.ts'
import { canSeeProcesses } from './world/processes.ts'
import { DataFolder, ServerProcess } from './world/server-process.ts'

const IN_STORE_MS_MAX = 60_000

void test('recordings go to the store, labelled and playable; one of a killed server after the next start', { skip: !canSeeProcesses && 'needs /proc' }, async () => {
  await using store = await LoopbackS3.start({ keys: { AKID: 'very-secret' }, bucket: 'calls', region: 'cn-1' })
  await using folder = await DataFolder.make()
  const { dataDir, env } = await newcomer(folder)
  const withStore = {
    ...env,
    S3_BUCKET: 'calls', S3_ENDPOINT: store.endpoint, S3_REGION: 'cn-1', S3_PATH_STYLE: 'on', S3_ACCESS_KEY_ID: 'AKID', S3_SECRET_ACCESS_KEY: 'very-secret', S3_PREFIX: 'tenant-1/',
    AIGC_PRODUCER: '上海某某科技有限公司',
  }
  const inStore = async (callId: string): Promise<Buffer> => {
    for (const begin = performance.now(); ; await sleep(100)) {
      const found = [...store.objects].find(([key]) => key.endsWith(`/${callId}.wav`))
      if (found) return found[1].bytes
      assert.ok(performance.now() - begin < IN_STORE_MS_MAX, `${callId} does not reach the store`)
    }
  }
  /** Two channels in which both talk, under the label of this call. */
  const check = (bytes: Buffer, callId: string): void => {
    const { format, channels } = readWav(bytes)
    assert.deepEqual(format, { encoding: 'alaw', sampleRateHz: 8_000, channels: 2 })
    for (const channel of channels) assert.ok(channel.some((sample) => Math.abs(sample) > 1_000))
    const label = [...wavChunks(bytes)].find(({ id }) => id === 'AIGC')!
    const { AIGC } = JSON.parse(bytes.subarray(label.begin, label.begin + label.size).toString()) as { AIGC: Record<string, string> }
    assert.deepEqual([AIGC['Label'], AIGC['ContentProducer'], AIGC['ProduceID']], ['1', '上海某某科技有限公司', callId])
  }

  const first = new ServerProcess({ env: withStore })
  const base = await first.up(UP_MS_MAX)
  const { api_key: apiKey } = await keptKey(dataDir)
  store.fail('PUT', { status: 503, code: 'SlowDown' })
  const whole = await place(base, apiKey, '13800138000')
  const info = await untilStatus(base, apiKey, whole, 'ended')
  const bytes = await inStore(whole)
  check(bytes, whole)
  assert.match([...store.objects.keys()][0]!, /^tenant-1\/\d{4}\/\d\d\/\d\d\/call_/)
  const url = String(info['recording_url'])
  // It may still be here for a moment: until then the file answers, and afterwards the store.
  for (const begin = performance.now(); (await readdir(path.join(dataDir, 'recordings'))).length > 0; await sleep(50)) assert.ok(performance.now() - begin < 5_000)
  const asked = store.requests.length
  const heard = Buffer.from(await (await fetch(url)).arrayBuffer())
  assert.ok(heard.equals(bytes))
  assert.ok(store.requests.slice(asked).some((request) => request.startsWith('GET ')))
  const part = await fetch(url, { headers: { range: 'bytes=4-7' } })
  assert.deepEqual([part.status, Buffer.from(await part.arrayBuffer())], [206, bytes.subarray(4, 8)])

  const cut = await place(base, apiKey, '13800138014')
  await untilStatus(base, apiKey, cut, 'talking')
  await sleep(3_000)
  first.kill('SIGKILL')
  await first.exited
  assert.equal([...store.objects.keys()].length, 1)
  const second = new ServerProcess({ env: withStore })
  const again = await second.up(UP_MS_MAX)
  assert.equal((await untilStatus(again, apiKey, cut, 'ended'))['outcome'], 'interrupted')
  const repaired = await inStore(cut)
  assert.equal(repaired.readUInt32LE(4), repaired.length - 8)
  assert.ok(readWav(repaired).channels[0]!.length >= 8_000)
  assert.equal((await post(again, apiKey, 'search_callinfo', { call_id: cut }))['status'], 'ended')
  if (spawnSync('soxi', ['--version']).error === undefined) {
    const sox = spawnSync('sox', ['-t', 'wav', '-', '-n', 'stat'], { input: repaired, encoding: 'utf8' })
    assert.equal(sox.status, 0, sox.stderr)
  }
  await stopped(second)
  for (const server of [first, second]) assert.ok(!(server.stdout + server.stderr).includes('very-secret'))
})
