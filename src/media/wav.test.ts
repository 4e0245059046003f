import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '../errors.ts'
import { decodeAlaw, encodeAlaw } from './g711.ts'
import { seededRandom } from './seeded-random.ts'
import { readWav, WAV_HEADER_BYTES, wavHeader, writeWav } from './wav.ts'

const ramp = Int16Array.from({ length: 1_001 }, (_, i) => i * 60 - 30_000)
const fall = ramp.toReversed()

void test('reads back 16-bit PCM of any number of channels and rate', () => {
  const wav = readWav(writeWav({ encoding: 'pcm16', sampleRateHz: 22_050 }, [ramp, fall, ramp]))
  assert.deepEqual(wav, { format: { encoding: 'pcm16', sampleRateHz: 22_050, channels: 3 }, channels: [ramp, fall, ramp] })
})

void test('reads back A-law and µ-law as G.711 leaves them', () => {
  const wav = readWav(writeWav({ encoding: 'alaw', sampleRateHz: 8_000 }, [ramp, fall]))
  assert.deepEqual(wav.channels[0], decodeAlaw(encodeAlaw(ramp)))
  assert.deepEqual(readWav(writeWav({ encoding: 'ulaw', sampleRateHz: 8_000 }, [ramp])).format, { encoding: 'ulaw', sampleRateHz: 8_000, channels: 1 })
})

void test('states its sizes to the byte', () => {
  const file = Buffer.from(writeWav({ encoding: 'alaw', sampleRateHz: 8_000 }, [ramp]))
  assert.equal(file.length % 2, 0)
  assert.equal(file.readUInt32LE(4), file.length - 8)
  assert.equal(file.readUInt16LE(20), 6)
  assert.equal(file.readUInt32LE(46), 1_001)
  assert.equal(file.readUInt32LE(54), 1_001)
})

void test('reads files of others: other chunks, the extensible format, an unfinished length', () => {
  const guid = Buffer.from('0100000000001000800000aa00389b71', 'hex')
  const fmt = Buffer.alloc(24)
  fmt.writeUInt16LE(0xfffe, 0)
  fmt.writeUInt16LE(1, 2)
  fmt.writeUInt32LE(16_000, 4)
  fmt.writeUInt16LE(2, 12)
  fmt.writeUInt16LE(16, 14)
  fmt.writeUInt16LE(22, 16)
  const chunk = (name: string, size: number, body: Buffer) => Buffer.concat([Buffer.from(name), Buffer.from(Uint32Array.of(size).buffer), body])
  const file = Buffer.concat([
    Buffer.from('RIFF\xff\xff\xff\xffWAVE', 'latin1'),
    chunk('LIST', 3, Buffer.from('abc\0')),
    chunk('fmt ', 40, Buffer.concat([fmt, guid])),
    chunk('data', 0xffff_ffff, Buffer.from(ramp.buffer)),
  ])
  assert.deepEqual(readWav(file), { format: { encoding: 'pcm16', sampleRateHz: 16_000, channels: 1 }, channels: [ramp] })
})

void test('refuses what it cannot read, and says why', () => {
  const good = Buffer.from(writeWav({ encoding: 'pcm16', sampleRateHz: 8_000 }, [ramp]))
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(good)
    copy.writeUInt16LE(value, at)
    return copy
  }
  assert.throws(() => readWav(Buffer.alloc(0)), ProtocolError)
  assert.throws(() => readWav(changed(0, 0)), /RIFF/)
  assert.throws(() => readWav(changed(20, 3)), /format 3/)
  assert.throws(() => readWav(changed(34, 24)), /24 bits/)
  assert.throws(() => readWav(changed(22, 0)), /channels/)
  assert.throws(() => readWav(good.subarray(0, 40)), /no data/)
})

void test('never throws anything but ProtocolError, whatever the bytes', () => {
  const random = seededRandom(6)
  const good = Buffer.concat([wavHeader({ encoding: 'pcm16', sampleRateHz: 8_000, channels: 2 }, 100), Buffer.alloc(100)])
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = Buffer.from(good.subarray(0, Math.floor(random() * good.length)))
    for (let hits = 0; hits < 4 && bytes.length > 0; hits += 1) bytes[Math.floor(random() * Math.min(bytes.length, WAV_HEADER_BYTES))] = Math.floor(random() * 256)
    try {
      readWav(bytes)
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error))
    }
  }
})
