import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { mp3Of } from './mp3.test-data.ts'
import { readSound } from './sound-file.ts'
import { SoundShelf } from './sound-shelf.ts'
import { writeWav } from './wav.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'waihu-sounds-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const level = (of: number, samples: number) => new Int16Array(samples).fill(of)
const put = (name: string, rateHz: number, channels: Int16Array[]) => writeFile(path.join(folder, name), writeWav({ encoding: 'pcm16', sampleRateHz: rateHz }, channels))

void test('a file at 8 kHz is played as it is, by its name with or without ending', async () => {
  await put('welcome.wav', 8_000, [level(500, 800)])
  for (const name of ['welcome', 'welcome.wav']) assert.deepEqual(await readSound(folder, name), level(500, 800))
})

void test('other rates become 8 kHz of the same length, and two channels one', async () => {
  await put('欢迎.wav', 16_000, [level(400, 3_200), level(600, 3_200)])
  const pcm = await readSound(folder, '欢迎')
  assert.equal(pcm.length, 1_600)
  assert.ok(pcm.subarray(100, 1_500).every((sample) => Math.abs(sample - 500) < 5))
})

void test('a name that leads out of the folder, a file that is none and one without sound are refused', async () => {
  for (const name of ['../secret', 'a/b', '.hidden', '', 'x'.repeat(80)]) await assert.rejects(readSound(folder, name), InvalidInputError)
  await assert.rejects(readSound(folder, 'nowhere'), NotFoundError)
  await writeFile(path.join(folder, 'text.wav'), 'no sound at all')
  await put('empty.wav', 8_000, [level(0, 0)])
  await put('long.wav', 8_000, [level(1, 8_000 * 301)])
  for (const name of ['text', 'empty', 'long']) await assert.rejects(readSound(folder, name), InvalidInputError)
})

/** How often a second the wave goes up through zero, away from the edges. */
function pitchHz(pcm: Int16Array): number {
  const inside = pcm.subarray(400, pcm.length - 400)
  let ups = 0
  for (let i = 1; i < inside.length; i += 1) if (inside[i - 1]! < 0 && inside[i]! >= 0) ups += 1
  return (ups * 8_000) / inside.length
}

for (const [rate, ms] of [['16 kHz', 500], ['44.1 kHz', 150]] as const) {
  void test(`an MP3 of ${rate} is played at its pitch, level and length`, async () => {
    await writeFile(path.join(folder, 'tone.mp3'), mp3Of(rate))
    const pcm = await readSound(folder, 'tone.mp3')
    // An encoder adds up to three frames of padding.
    assert.ok(pcm.length >= ms * 8 && pcm.length < ms * 8 + 2_000, `${pcm.length} samples`)
    const middle = pcm.subarray(pcm.length / 4, (pcm.length * 3) / 4)
    assert.ok(Math.abs(pitchHz(pcm) - 1_000) < 30, `${pitchHz(pcm)} Hz`)
    const loudest = Math.max(...middle)
    assert.ok(loudest > 7_000 && loudest < 9_500, `${loudest}`)
  })
}

void test('a .wav goes before an .mp3 of the same name, and what is in a file decides what it is', async () => {
  await writeFile(path.join(folder, 'both.mp3'), mp3Of('16 kHz'))
  assert.ok((await readSound(folder, 'both')).length > 4_000)
  await put('both.wav', 8_000, [level(500, 800)])
  assert.deepEqual(await readSound(folder, 'both'), level(500, 800))
  await writeFile(path.join(folder, 'misnamed.wav'), mp3Of('16 kHz'))
  assert.ok((await readSound(folder, 'misnamed')).length > 4_000)
})

void test('an MP3 behind a tag is played; one that is damaged, cut or only begins like one never breaks more than itself', async () => {
  const whole = mp3Of('16 kHz')
  const tag = Buffer.concat([Buffer.from('ID3\u0004\0\0\0\0\u0001\0', 'latin1'), Buffer.alloc(128)])
  await writeFile(path.join(folder, 'tagged.mp3'), Buffer.concat([tag, whole]))
  assert.ok((await readSound(folder, 'tagged')).length > 4_000)
  await writeFile(path.join(folder, 'cut.mp3'), whole.subarray(0, 700))
  assert.ok((await readSound(folder, 'cut')).length > 1_000)
  await writeFile(path.join(folder, 'noise.mp3'), Buffer.concat([Buffer.from([0xff, 0xfb]), Buffer.from('no audio at all, '.repeat(300))]))
  await assert.rejects(readSound(folder, 'noise'), InvalidInputError)
  let seed = 5
  for (let round = 0; round < 8; round += 1) {
    const damaged = Buffer.from(whole)
    for (let i = 0; i < 20; i += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      damaged[4 + (seed % (damaged.length - 4))] = seed & 0xff
    }
    await writeFile(path.join(folder, 'damaged.mp3'), damaged)
    const pcm = await readSound(folder, 'damaged').catch((error: unknown) => (assert.ok(error instanceof InvalidInputError), new Int16Array(0)))
    assert.ok(pcm.length < 8_000)
  }
})

void test('an MP3 that is too long is refused before all of it is decoded', async () => {
  const hour = Buffer.concat(Array.from({ length: 1_000 }, () => mp3Of('16 kHz')))
  await writeFile(path.join(folder, 'hour.mp3'), hour)
  await assert.rejects(readSound(folder, 'hour'), /超过 5 分钟/)
})

void test('a file on the shelf is decoded once, again when it changed, and leaves when others need the room', async () => {
  const shelf = new SoundShelf(folder, 4_000)
  await put('a.wav', 8_000, [level(1, 800)])
  const [first, second] = await Promise.all([shelf.read('a'), shelf.read('a.wav')])
  assert.equal(first, second)
  await put('a.wav', 8_000, [level(2, 900)])
  assert.deepEqual(await shelf.read('a'), level(2, 900))
  const kept = await shelf.read('a')
  await put('b.wav', 8_000, [level(3, 1_500)])
  await shelf.read('b')
  assert.notEqual(await shelf.read('a'), kept)
  await rm(path.join(folder, 'a.wav'))
  await assert.rejects(shelf.read('a'), NotFoundError)
  await put('a.wav', 8_000, [level(0, 0)])
  await assert.rejects(shelf.read('a'), InvalidInputError)
})
