import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChildFrame, encodeFrame, FrameReader } from './protocol.ts'

const frames: ChildFrame[] = [
  { type: 'ready', id: 0, engine: 'wasm' },
  { type: 'audio', id: 7, pcm: Int16Array.from([0, 1, -1, 32_767, -32_768]) },
  { type: 'audio', id: 4_294_967_295, pcm: new Int16Array(0) },
  { type: 'failed', id: 7, message: '出错' },
  { type: 'done', id: 8 },
  { type: 'unavailable', id: 0, message: 'no eSpeak' },
]

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

void test('reads frames however the bytes are cut', () => {
  const bytes = join(frames.map(encodeFrame))
  for (const size of [1, 2, 5, 11, bytes.length]) {
    const reader = new FrameReader()
    const read: ChildFrame[] = []
    for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)))
    assert.deepEqual(read, frames, `pieces of ${size}`)
  }
})

void test('lays out a frame as type, id, length and payload', () => {
  assert.equal(Buffer.from(encodeFrame({ type: 'audio', id: 258, pcm: Int16Array.from([1, -2]) })).toString('hex'), '0102010000040000000100feff')
  assert.equal(Buffer.from(encodeFrame({ type: 'done', id: 1 })).toString('hex'), '020100000000000000')
})

void test('refuses bytes that no child sends', () => {
  assert.throws(() => new FrameReader().push(Buffer.from('Segmentation fault\n')), /not a frame/)
  const huge = encodeFrame({ type: 'done', id: 1 })
  new DataView(huge.buffer).setUint32(5, 1 << 24, true)
  assert.throws(() => new FrameReader().push(huge), /not a frame/)
})

void test('gives audio its own memory', () => {
  const bytes = encodeFrame({ type: 'audio', id: 1, pcm: Int16Array.from([5]) })
  const [frame] = new FrameReader().push(bytes)
  bytes.fill(0)
  assert.deepEqual(frame, { type: 'audio', id: 1, pcm: Int16Array.from([5]) })
})
