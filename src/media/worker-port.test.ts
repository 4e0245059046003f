// Checks what the owning thread's side of a port makes of what its media thread sends. The thread is played.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import type { MediaEvent } from './engine.ts'
import { FRAME_SAMPLES } from './frame.ts'
import { EnergyVad, VOICE_FIELDS, writeVoice } from './vad.ts'
import { WorkerPort } from './worker-port.ts'
import type { EngineMessage } from './worker-messages.ts'

type Frames = Extract<MediaEvent, { type: 'frames' }>

function stage() {
  const asked: EngineMessage[] = []
  const events: Frames[] = []
  const options = { address: '127.0.0.1', onEvent: (event: MediaEvent) => event.type === 'frames' && events.push(event) }
  const port = new WorkerPort(7, 4_000, options, { send: (message) => asked.push(message), release: () => {}, log: pino({ level: 'silent' }) })
  const vad = new EnergyVad()
  const thread = { samples: new Int16Array(0), voices: new Float32Array(0) }
  /** The thread sends `count` frames of a loud voice, between those of another port. */
  const send = (count: number, hearing: number) => {
    thread.samples = new Int16Array((count + 2) * FRAME_SAMPLES).fill(99)
    thread.voices = new Float32Array((count + 2) * VOICE_FIELDS)
    for (let i = 1; i <= count; i += 1) {
      const frame = thread.samples.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)
      for (let n = 0; n < frame.length; n += 1) frame[n] = 6_000 * Math.sin(n * n * 0.01) + i
      writeVoice(vad.push(frame), thread.voices, i * VOICE_FIELDS)
    }
    port.hear(1_000, count, thread.samples, thread.voices, 1, hearing)
    return events.at(-1)!
  }
  return { port, asked, send, thread }
}

test('frames and voices are those of this port, and stay when the thread writes on', () => {
  const { send, thread } = stage()
  const { frames, voices } = send(5, 0)
  const [first, last] = [frames[0]!.slice(), frames[4]!.slice()]
  assert.deepEqual(voices!.map(({ index }) => index), [0, 1, 2, 3, 4])
  assert.ok(voices!.at(-1)!.speech)
  assert.notDeepEqual(first, last)
  assert.ok(!frames.some((frame) => frame.every((sample) => sample === 99)))
  thread.samples.fill(0)
  send(120, 0)
  assert.deepEqual([frames[0], frames[4]], [first, last])
})

test('a frame that is kept keeps a second of audio at most', () => {
  const { send } = stage()
  const { frames } = send(200, 0)
  assert.equal(frames.length, 200)
  assert.ok(frames.every(({ length, buffer }) => length === FRAME_SAMPLES && buffer.byteLength <= 16_000))
})

test('after listening began anew nobody speaks until the thread has begun anew too', () => {
  const { port, asked, send } = stage()
  assert.ok(send(5, 0).voices!.at(-1)!.speech)
  port.listenAnew()
  assert.deepEqual(asked, [{ type: 'listen-anew', port: 7 }])
  const onTheWay = send(3, 0)
  assert.equal(onTheWay.frames.length, 3)
  assert.ok(onTheWay.voices!.every(({ speech, voiced, index }) => !speech && !voiced && index === -1))
  assert.ok(send(1, 1).voices![0]!.speech)
})
