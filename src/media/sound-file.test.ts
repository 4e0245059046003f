import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { readSound } from './sound-file.ts'
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
