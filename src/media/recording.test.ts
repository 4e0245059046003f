import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { constants, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeAlaw, encodeAlaw } from './g711.ts'
import { RecordingFile, repairRecording } from './recording-file.ts'
import { RecordingMixer } from './recording.ts'
import { aigcLabel } from './aigc-label.ts'
import { readWav, WAV_HEADER_BYTES, wavChunks } from './wav.ts'

const frame = (value: number) => new Int16Array(160).fill(value)
const coded = (value: number) => decodeAlaw(encodeAlaw(Int16Array.of(value)))[0]!

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'recording-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

void test('lays both directions side by side at the time they were due', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'call.wav')
  const file = new RecordingFile(path)
  const beginMs = 1_700_000_000_000
  const mixer = new RecordingMixer(beginMs + 0.4)
  for (let atMs = 0; atMs < 3_000; atMs += 20) {
    if (atMs !== 1_000) mixer.write('far-end', beginMs + 5 + atMs, frame(1_000))
    if (atMs >= 500 && atMs < 2_500) mixer.write('us', beginMs + atMs, frame(2_000))
    for (let block = mixer.takeBlock(beginMs + atMs); block !== undefined; block = mixer.takeBlock(beginMs + atMs)) file.append(block)
  }
  file.append(mixer.takeRest(beginMs + 3_000))
  await file.close()
  assert.equal(file.failed, undefined)
  const { format, channels } = readWav(await readFile(path))
  assert.deepEqual(format, { encoding: 'alaw', sampleRateHz: 8_000, channels: 2 })
  const [farEnd, us] = channels as [Int16Array, Int16Array]
  assert.equal(farEnd.length, 24_000)
  for (let i = 0; i < 24_000; i += 1) {
    const atMs = i / 8
    assert.equal(farEnd[i], atMs < 5 || (atMs >= 1_005 && atMs < 1_025) ? 8 : coded(1_000), `far end at ${atMs}`)
    assert.equal(us[i], atMs >= 500 && atMs < 2_500 ? coded(2_000) : 8, `us at ${atMs}`)
  }
})

void test('a stall of the port is silence of the right length', () => {
  const mixer = new RecordingMixer(0)
  mixer.write('us', 0, frame(2_000))
  const blocks = []
  for (let block = mixer.takeBlock(10_000); block !== undefined; block = mixer.takeBlock(10_000)) blocks.push(block)
  assert.equal(blocks.length, 9)
  mixer.write('us', 9_500, frame(2_000))
  mixer.write('us', 12_000, frame(2_000)) // out of the window: left out
  mixer.write('us', 100, frame(2_000)) // already handed out
  const rest = decodeAlaw(mixer.takeRest(10_000))
  assert.equal(rest.length, 16_000)
  assert.deepEqual([rest[2 * 4_000 + 1], rest[2 * 4_000 - 1], rest.filter((sample) => sample !== 8).length], [coded(2_000), 8, 160])
})

void test('a file cut by a crash is made whole again', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'call.wav')
  const file = new RecordingFile(path)
  for (let second = 0; second < 3; second += 1) file.append(encodeAlaw(frame(1_000).slice(0, 100)))
  await file.close()
  const whole = await readFile(path)
  assert.equal(await repairRecording(path), (300 / 2 / 8_000) * 1_000)
  assert.deepEqual(await readFile(path), whole, 'a whole file stays as it is')
  // What a crash leaves: the header of the beginning, and half a sample pair.
  const cut = Buffer.from(whole)
  for (const at of [4, 46, 54]) cut.writeUInt32LE(0, at)
  await writeFile(path, cut)
  await truncate(path, whole.length - 1)
  assert.equal(await repairRecording(path), (298 / 2 / 8_000) * 1_000)
  const repaired = await readFile(path)
  assert.equal(repaired.readUInt32LE(54), 298)
  assert.equal(repaired.readUInt32LE(4), repaired.length - 8)
  assert.equal(readWav(repaired).channels[0]!.length, 149)
})

const label = aigcLabel({ producer: '上海某某科技有限公司', propagator: '001191310000MA1K00000X10001' }, 'call_01')

/** Chunk names in order, and the label as it stands in the file. */
function chunksOf(bytes: Uint8Array): { ids: string[]; label: unknown } {
  const chunks = [...wavChunks(bytes)]
  const found = chunks.find(({ id }) => id === 'AIGC')
  return { ids: chunks.map(({ id }) => id), label: found && JSON.parse(Buffer.from(bytes.subarray(found.begin, found.begin + found.size)).toString()) }
}

void test('carries its AIGC label ahead of the audio, from the first byte on', async () => {
  await using folder = await temporaryFolder()
  // An odd and an even length: chunks are padded to even ones.
  for (const contentId of ['call_01', 'call_012']) {
    const path = join(folder.path, `${contentId}.wav`)
    const file = new RecordingFile(path, { ...label, ProduceID: contentId })
    file.append(encodeAlaw(frame(1_000)))
    await file.close()
    const bytes = await readFile(path)
    assert.deepEqual(chunksOf(bytes), { ids: ['fmt ', 'fact', 'AIGC', 'data'], label: { AIGC: { ...label, ProduceID: contentId } } })
    assert.equal(bytes.readUInt32LE(4), bytes.length - 8)
    assert.equal(readWav(bytes).channels[0]!.length, 80)
    assert.deepEqual([...decodeAlaw(bytes.subarray(-160))], Array.from({ length: 160 }, () => coded(1_000)))
  }
})

void test('a labelled file cut by a crash is made whole with its label; one whose label is cut is not touched', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'call.wav')
  const file = new RecordingFile(path, label)
  file.append(encodeAlaw(frame(1_000)))
  await file.close()
  const whole = await readFile(path)
  const begin = whole.length - 160
  const cut = Buffer.from(whole)
  for (const at of [4, 46, begin - 4]) cut.writeUInt32LE(0, at)
  await writeFile(path, cut.subarray(0, -1))
  assert.equal(await repairRecording(path), (158 / 2 / 8_000) * 1_000)
  const repaired = await readFile(path)
  assert.deepEqual(chunksOf(repaired), chunksOf(whole))
  assert.deepEqual([repaired.readUInt32LE(4), repaired.readUInt32LE(46), repaired.readUInt32LE(begin - 4)], [repaired.length - 8, 79, 158])
  assert.deepEqual(repaired.subarray(begin), whole.subarray(begin, -2))
  assert.equal(await repairRecording(path), (158 / 2 / 8_000) * 1_000, 'twice is once')
  for (const length of [begin - 1, begin - 8, begin - 40, 60, 50]) {
    const stump = whole.subarray(0, length)
    await writeFile(path, stump)
    assert.equal(await repairRecording(path), undefined, `${length} bytes`)
    assert.deepEqual(await readFile(path), stump)
  }
})

const noSox = spawnSync('soxi', ['-V0', '--version']).error !== undefined
void test('sox reads a labelled recording as two channels of A-law and plays the same samples', { skip: noSox && process.env['REQUIRE_INTEROP'] !== '1' && 'sox is not installed' }, async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'call.wav')
  const file = new RecordingFile(path, label)
  const sound = Int16Array.from({ length: 16_000 }, (_, i) => Math.round(9_000 * Math.sin(i * 0.21)))
  file.append(encodeAlaw(sound))
  await file.close()
  const info = spawnSync('soxi', [path], { encoding: 'utf8' })
  assert.equal(info.stderr, '')
  assert.match(info.stdout, /Channels +: 2\n/)
  assert.match(info.stdout, /Sample Rate +: 8000\n/)
  assert.match(info.stdout, /8000 samples/)
  assert.match(info.stdout, /8-bit A-law/)
  const played = spawnSync('sox', [path, '-t', 's16', '-'])
  assert.equal(played.stderr.toString(), '')
  assert.deepEqual(new Int16Array(new Uint8Array(played.stdout).buffer), decodeAlaw(encodeAlaw(sound)))
})

void test('does not touch a file that is not one of ours', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'other.wav')
  for (const content of ['', 'RIFF', 'x'.repeat(500)]) {
    await writeFile(path, content)
    assert.equal(await repairRecording(path), undefined)
    assert.equal(await readFile(path, 'utf8'), content)
  }
  await assert.rejects(repairRecording(join(folder.path, 'nothing.wav')), { code: 'ENOENT' })
})

void test('an unwritable place marks the recording as failed and throws nothing', async () => {
  await using folder = await temporaryFolder()
  const file = new RecordingFile(join(folder.path, 'no-such-folder', 'call.wav'))
  file.append(new Uint8Array(100))
  await file.close()
  assert.equal(file.failed, 'ENOENT')
})

const full = await open('/dev/full', 'r').then((file) => file.close().then(() => true)).catch(() => false)
void test('a full disk marks the recording as failed and throws nothing', { skip: !full && 'no /dev/full' }, async () => {
  const file = new RecordingFile('/dev/full')
  for (let i = 0; i < 3; i += 1) file.append(new Uint8Array(16_000))
  await file.close()
  assert.equal(file.failed, 'ENOSPC')
})

void test('a disk that hangs does not keep a call from ending', async (t) => {
  await using folder = await temporaryFolder()
  // Opening a pipe nobody reads hangs like a dead network disk.
  const path = join(folder.path, 'pipe')
  if (spawnSync('mkfifo', [path]).status !== 0) return t.skip('no mkfifo')
  const file = new RecordingFile(path)
  file.append(new Uint8Array(100))
  await file.close(20)
  assert.equal(file.failed, 'the disk is too slow')
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK) // lets go of the thread that hangs
  await file.close()
  await reader.close()
})

void test('a disk that does not keep up costs the recording, not the memory', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'call.wav')
  const file = new RecordingFile(path)
  // Nothing is written before this turn of the event loop ends: a disk that stands still.
  for (let i = 0; i < 100; i += 1) file.append(new Uint8Array(16_000))
  await file.close()
  assert.equal(file.failed, 'the disk is too slow')
  assert.ok((await readFile(path)).length <= WAV_HEADER_BYTES + 60 * 16_000)
})
