import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '../errors.ts'
import { seededDice } from './fake-network.ts'
import { StreamFramer } from './stream-framer.ts'

const message = (body: string, name = 'Content-Length'): string => `OPTIONS sip:a SIP/2.0\r\nCall-ID: x\r\n${name}: ${body.length}\r\n\r\n${body}`
const text = (frames: readonly unknown[]): string[] => frames.map((frame) => (frame instanceof Uint8Array ? Buffer.from(frame).toString() : String(frame)))

void test('messages are cut by Content-Length, long or compact, in one piece or many', () => {
  const wire = `${message('hello')}\r\n\r\n${message('', 'l')}\r\n${message('a\r\n\r\nb', 'content-length ')}`
  const expected = [message('hello'), 'ping', message('', 'l'), 'pong', message('a\r\n\r\nb', 'content-length ')]
  assert.deepEqual(text([...new StreamFramer().push(Buffer.from(wire))]), expected)
  const dice = seededDice(5)
  for (let round = 0; round < 200; round += 1) {
    const framer = new StreamFramer()
    const frames: string[] = []
    for (let at = 0; at < wire.length; ) {
      // Keep-alives come whole: one that is torn apart may count as two answers.
      const size = /^(\r\n)+/.exec(wire.slice(at))?.[0].length ?? 1 + Math.floor(dice() * 3)
      const end = Math.min(wire.length, at + size)
      frames.push(...text([...framer.push(Buffer.from(wire.slice(at, end)))]))
      at = end
    }
    assert.deepEqual(frames.filter((frame) => frame.startsWith('OPTIONS')), expected.filter((frame) => frame.startsWith('OPTIONS')))
    assert.equal(framer.waiting, false)
  }
})

for (const [sentence, wire] of [
  ['without Content-Length', 'OPTIONS sip:a SIP/2.0\r\nCall-ID: x\r\n\r\n'],
  ['with an unreadable Content-Length', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: many\r\n\r\n'],
  ['longer than any message may be', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999\r\n\r\n'],
  ['whose head does not end', 'x'.repeat(40_000)],
] as const) {
  void test(`a message ${sentence} breaks the stream`, () => {
    assert.throws(() => [...new StreamFramer().push(Buffer.from(wire))], ProtocolError)
  })
}

void test('half a message is waited for', () => {
  const framer = new StreamFramer()
  assert.deepEqual([...framer.push(Buffer.from(message('hello').slice(0, -2)))], [])
  assert.equal(framer.waiting, true)
  assert.deepEqual(text([...framer.push(Buffer.from('lo'))]), [message('hello')])
})

void test('whole messages before a broken one in the same piece are still given', () => {
  const framer = new StreamFramer()
  const frames: unknown[] = []
  assert.throws(() => {
    for (const frame of framer.push(Buffer.from(`${message('hello')}OPTIONS sip:a SIP/2.0\r\nCall-ID: x\r\n\r\n`))) frames.push(frame)
  }, ProtocolError)
  assert.deepEqual(text(frames), [message('hello')])
})
