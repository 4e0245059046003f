import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { LoopbackS3 } from '../../test/world/s3.ts'
import { S3Bucket } from '../objects/s3.ts'
import { RecordingFiles } from './recording-files.ts'
import { RecordingKeeper, type RecordingKeeperOptions } from './recording-keeper.ts'
import { confirms, dialerWorld, talksOn } from './testing.ts'

const keys = { AKID: 'secret' }
const DAY_MS = 86_400_000

/** A dialer whose answered calls leave recordings, a store, and a keeper that is woken by hand. */
async function keeping(more: Partial<RecordingKeeperOptions> = {}) {
  const dir = mkdtempSync(path.join(tmpdir(), 'keeper-'))
  const store = await LoopbackS3.start({ keys, bucket: 'calls', region: 'cn' })
  const world = await dialerWorld({
    recordingPath: (id) => path.join(dir, `${id}.wav`),
    script: async (call) => {
      const said = await confirms(call)
      const file = path.join(dir, `${call.request.id}.wav`)
      await writeFile(file, `RIFF of ${call.request.id}`)
      return { ...said, recording: file }
    },
  })
  const bucket = new S3Bucket({ endpoint: store.endpoint, bucket: 'calls', region: 'cn', accessKeyId: 'AKID', secretAccessKey: keys.AKID, pathStyle: true, uploadMsMax: 500, timeoutMs: 500 })
  const keepers: RecordingKeeper[] = []
  const keeper = (options: Partial<RecordingKeeperOptions> = {}) => {
    const made = new RecordingKeeper({ db: world.db, dir, bucket, prefix: 'rec/', keepDays: 0, localDays: 0, now: () => world.clock.nowMs, random: () => 0.5, ...more, ...options })
    keepers.push(made)
    return made
  }
  return {
    dir,
    store,
    world,
    bucket,
    keeper,
    files: new RecordingFiles(dir, bucket),
    async talked(phone?: string): Promise<string> {
      const id = await world.place(phone)
      await world.ended(id)
      return id
    },
    recordingOf: async (id: string) => (await world.service.lookUp(world.accountId, id)).recording,
    async pass(one: RecordingKeeper): Promise<void> {
      one.wake()
      await one.idle()
    },
    here: () => readdirSync(dir).toSorted(),
    async [Symbol.asyncDispose]() {
      await Promise.all(keepers.map((made) => made.stop()))
      await world[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await rm(dir, { recursive: true })
    },
  }
}

const keyOf = (id: string) => `rec/2026/11/20/${id}.wav`

void test('a recording is moved after its call, then read from the store, whole and in ranges', async () => {
  await using k = await keeping()
  const id = await k.talked()
  assert.equal((await k.files.find((await k.recordingOf(id))!))!.sizeBytes, `RIFF of ${id}`.length)
  await k.pass(k.keeper())
  assert.equal(await k.recordingOf(id), `s3://calls/${keyOf(id)}`)
  assert.deepEqual([...k.store.objects.keys()], [keyOf(id)])
  assert.equal(k.store.objects.get(keyOf(id))!.contentType, 'audio/wav')
  assert.deepEqual(k.here(), [])
  const found = await k.files.find((await k.recordingOf(id))!)
  assert.equal(found!.sizeBytes, `RIFF of ${id}`.length)
  assert.equal((await buffer((await found!.read())!)).toString(), `RIFF of ${id}`)
  assert.equal((await buffer((await found!.read({ start: 0, end: 3 }))!)).toString(), 'RIFF')
  assert.equal(k.files.offers(`s3://another/${keyOf(id)}`), false)
  assert.equal(await k.files.find(`s3://another/${keyOf(id)}`), undefined)
})

void test('calls under way, files of nobody and files elsewhere are never touched', async () => {
  await using k = await keeping({ keepDays: 30 })
  k.world.scripts.set('+8613900139000', talksOn)
  const talking = await k.world.place('13900139000')
  for (const name of [`${talking}.wav`, 'call_unknown.wav', 'notes.txt', 'x.wav.part']) await writeFile(path.join(k.dir, name), 'RIFF')
  const elsewhere = await k.talked()
  await k.world.db.pool.query('update calls set recording = $1 where id = $2', ['/etc/hostname', elsewhere])
  const gone = await k.talked('13700137000')
  await k.world.db.pool.query('update calls set recording = $1 where id = $2', [path.join(k.dir, 'of-another-node.wav'), gone])
  const before = k.here()
  k.world.clock.nowMs += 400 * DAY_MS
  await k.pass(k.keeper())
  // The recordings of the two calls that have ended are over their time; all else stays.
  assert.deepEqual(k.here(), before.filter((name) => name !== `${elsewhere}.wav` && name !== `${gone}.wav`))
  assert.equal(k.store.objects.size, 0)
  assert.ok(existsSync('/etc/hostname'))
})

void test('what could not be moved is tried again with growing waits, and nothing is lost meanwhile', async () => {
  await using k = await keeping()
  const id = await k.talked()
  const keeper = k.keeper()
  const file = path.join(k.dir, `${id}.wav`)
  for (const [fault, waitMs] of [
    [{ status: 503, code: 'SlowDown' }, 2_000],
    ['reset', 10_000],
    ['reset-in-upload', 60_000],
    [{ delayMs: 3_000 }, 300_000],
    [{ status: 403, code: 'AccessDenied' }, 300_000],
    // It has the object and could not say so.
    ['stored-but-silent', 300_000],
  ] as const) {
    k.store.fail('PUT', fault)
    await k.pass(keeper)
    assert.equal(k.store.faults.length, 0, JSON.stringify(fault))
    assert.equal(await k.recordingOf(id), file)
    assert.equal(await readFile(file, 'utf8'), `RIFF of ${id}`)
    const asked = k.store.requests.length
    k.world.clock.nowMs += waitMs - 1
    await k.pass(keeper)
    assert.equal(k.store.requests.length, asked, `it does not wait ${waitMs} ms after ${JSON.stringify(fault)}`)
    k.world.clock.nowMs += 1
  }
  await k.pass(keeper)
  assert.equal(await k.recordingOf(id), `s3://calls/${keyOf(id)}`)
  assert.deepEqual([keeper.stats.moved, keeper.stats.failed, k.store.objects.size], [1, 6, 1])
})

void test('one recording that the store does not take holds up no other; a store that takes none is left in peace', async () => {
  await using k = await keeping()
  const ids = []
  for (let i = 0; i < 12; i += 1) ids.push(await k.talked(`138001380${i + 20}`))
  const keeper = k.keeper()
  k.store.fail('PUT', { status: 400, code: 'EntityTooLarge' })
  await k.pass(keeper)
  assert.equal(k.store.objects.size, 11)
  for (const id of ids) await k.world.db.pool.query('update calls set recording = $1 where id = $2', [path.join(k.dir, `${id}.wav`), id])
  for (const id of ids) await writeFile(path.join(k.dir, `${id}.wav`), 'RIFF')
  k.world.clock.nowMs += 2_000
  k.store.fail('PUT', ...Array.from({ length: 12 }, () => ({ status: 403, code: 'AccessDenied' })))
  const asked = k.store.requests.length
  await k.pass(keeper)
  assert.equal(k.store.requests.length - asked, 8)
})

void test('what a process left behind when it was killed is moved by the next one', async () => {
  await using k = await keeping()
  const [waiting, uploaded, moved] = [await k.talked('13800138020'), await k.talked('13800138021'), await k.talked('13800138022')]
  // Killed at three moments: before the upload, after it, and before the file was removed.
  const file = (id: string) => path.join(k.dir, `${id}.wav`)
  await k.bucket.put(keyOf(uploaded), file(uploaded), 'audio/wav')
  await k.bucket.put(keyOf(moved), file(moved), 'audio/wav')
  await k.world.db.pool.query('update calls set recording = $1 where id = $2', [`s3://calls/${keyOf(moved)}`, moved])
  k.world.clock.nowMs += 1
  await k.pass(k.keeper())
  for (const id of [waiting, uploaded, moved]) {
    assert.equal(await k.recordingOf(id), `s3://calls/${keyOf(id)}`)
    assert.equal(k.store.objects.get(keyOf(id))!.bytes.toString(), `RIFF of ${id}`)
  }
  assert.deepEqual(k.here(), [])
})

void test('two keepers on one folder move each recording once or twice, never half', async () => {
  await using k = await keeping()
  const ids = []
  for (let i = 0; i < 6; i += 1) ids.push(await k.talked(`138001380${i + 20}`))
  await Promise.all([k.pass(k.keeper()), k.pass(k.keeper())])
  // One may find a file gone that the other just moved; the next pass is quiet.
  k.world.clock.nowMs += 2_500
  await k.pass(k.keeper())
  for (const id of ids) {
    assert.equal(await k.recordingOf(id), `s3://calls/${keyOf(id)}`)
    assert.equal(k.store.objects.get(keyOf(id))!.bytes.toString(), `RIFF of ${id}`)
  }
  assert.deepEqual(k.here(), [])
})

void test('a copy is kept here for as many days as asked, and read first', async () => {
  await using k = await keeping({ localDays: 2 })
  const id = await k.talked()
  const keeper = k.keeper()
  await k.pass(keeper)
  assert.deepEqual(k.here(), [`${id}.wav`])
  const asked = k.store.requests.length
  assert.equal((await buffer((await (await k.files.find((await k.recordingOf(id))!))!.read())!)).toString(), `RIFF of ${id}`)
  assert.equal(k.store.requests.length, asked)
  k.world.clock.nowMs += 2 * DAY_MS + 60_000
  await k.pass(keeper)
  assert.deepEqual(k.here(), [])
  assert.equal(k.store.objects.size, 1)
})

void test('recordings are removed everywhere when their days are over, counted from the call, and the removal is on record', async () => {
  await using k = await keeping({ keepDays: 30, localDays: 60 })
  const old = await k.talked('13800138020')
  k.world.clock.nowMs += DAY_MS
  const young = await k.talked('13800138021')
  const keeper = k.keeper()
  await k.pass(keeper)
  await writeFile(path.join(k.dir, `${old}.early.wav`), 'RIFF')
  k.store.objects.set('rec/2026/11/20/of-somebody-else.wav', { bytes: Buffer.from('x'), contentType: 'audio/wav' })
  k.world.clock.nowMs += 29 * DAY_MS + 60_000
  await k.pass(keeper)
  assert.deepEqual(k.here(), [`${young}.wav`])
  assert.deepEqual([...k.store.objects.keys()].toSorted(), [`rec/2026/11/21/${young}.wav`, 'rec/2026/11/20/of-somebody-else.wav'].toSorted())
  assert.equal(await k.recordingOf(old), undefined)
  assert.notEqual(await k.recordingOf(young), undefined)
  const { rows } = await k.world.db.pool.query<{ at: Date | null }>('select recording_removed_at as at from calls where id = $1', [old])
  assert.equal(rows[0]!.at?.getTime(), k.world.clock.nowMs)
})

void test('without a store recordings stay in the folder until their days are over; a store that is away keeps them on record', async () => {
  await using k = await keeping({ keepDays: 30 })
  const id = await k.talked()
  const local = k.keeper({ bucket: undefined })
  await k.pass(local)
  assert.deepEqual(k.here(), [`${id}.wav`])
  await k.pass(k.keeper())
  assert.equal(await k.recordingOf(id), `s3://calls/${keyOf(id)}`)
  k.world.clock.nowMs += 31 * DAY_MS
  k.store.fail('DELETE', { status: 500, code: 'InternalError' })
  const keeper = k.keeper()
  await k.pass(keeper)
  assert.notEqual(await k.recordingOf(id), undefined)
  k.world.clock.nowMs += 3_600_000
  await k.pass(keeper)
  assert.deepEqual([await k.recordingOf(id), k.store.objects.size], [undefined, 0])
  const kept = await k.talked('13800138021')
  await k.pass(local)
  k.world.clock.nowMs += 31 * DAY_MS
  await k.pass(local)
  assert.deepEqual([await k.recordingOf(kept), k.here()], [undefined, []])
})

void test('a keeper that is stopped in an upload leaves the recording where it was', async () => {
  await using k = await keeping()
  const id = await k.talked()
  k.store.fail('PUT', { delayMs: 5_000 })
  const keeper = k.keeper()
  keeper.wake()
  while (k.store.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await keeper.stop()
  assert.equal(await k.recordingOf(id), path.join(k.dir, `${id}.wav`))
  assert.deepEqual(k.here(), [`${id}.wav`])
})
