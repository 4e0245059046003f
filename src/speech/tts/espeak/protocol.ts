// Knows the bytes between the server and an eSpeak child. Does not know eSpeak, processes or calls.
import { assertNever } from '../../../errors.ts'

/** What the child is told: one JSON object per line on its stdin. */
export type ChildRequest =
  | { op: 'speak'; id: number; voice: string; rateWpm: number; gain: number; parts: SpeechPart[] }
  /** The child stops at the next clause and says nothing more about this id. */
  | { op: 'cancel'; id: number }

/** A stretch of speech between two pauses, already spelled for eSpeak. */
export type SpeechPart = {
  /** `pinyin` such as "ni3 hao3"; `english` words; '' speaks nothing and only pauses. */
  language: 'pinyin' | 'english'
  text: string
  /** Silence after this part. */
  pauseMs: number
}

/**
 * What the child answers on its stdout.
 * `ready` and `unavailable` are about the child itself (id 0); the others carry the id of a request,
 * and `done` or `failed` is the last frame of that id.
 */
export type ChildFrame =
  | { type: 'ready'; id: number; engine: string }
  | { type: 'audio'; id: number; pcm: Int16Array }
  | { type: 'done'; id: number }
  | { type: 'failed'; id: number; message: string }
  | { type: 'unavailable'; id: number; message: string }

const frameTypes = ['ready', 'audio', 'done', 'failed', 'unavailable'] as const
const HEADER_BYTES = 9
/** Five seconds of audio are 80 kB; anything longer than this is not a frame of ours. */
const PAYLOAD_BYTES_MAX = 1 << 20

/** 0: type(8)   1-4: id(32, little endian)   5-8: payload bytes(32, little endian)   9…: payload (PCM16 little endian, or UTF-8) */
export function encodeFrame(frame: ChildFrame): Uint8Array {
  const payload = payloadOf(frame)
  const bytes = new Uint8Array(HEADER_BYTES + payload.length)
  const header = new DataView(bytes.buffer)
  header.setUint8(0, frameTypes.indexOf(frame.type))
  header.setUint32(1, frame.id, true)
  header.setUint32(5, payload.length, true)
  bytes.set(payload, HEADER_BYTES)
  return bytes
}

function payloadOf(frame: ChildFrame): Uint8Array {
  switch (frame.type) {
    case 'audio':
      return new Uint8Array(frame.pcm.buffer, frame.pcm.byteOffset, frame.pcm.byteLength)
    case 'ready':
      return Buffer.from(frame.engine)
    case 'failed':
    case 'unavailable':
      return Buffer.from(frame.message)
    case 'done':
      return new Uint8Array(0)
    default:
      return assertNever(frame)
  }
}

/** Cuts a byte stream into frames. Throws on bytes that no child of ours sends; the reader then ends the child. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0)

  push(bytes: Uint8Array): ChildFrame[] {
    let data = bytes
    if (this.#rest.length > 0) {
      data = new Uint8Array(this.#rest.length + bytes.length)
      data.set(this.#rest)
      data.set(bytes, this.#rest.length)
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    const frames: ChildFrame[] = []
    let at = 0
    while (data.length - at >= HEADER_BYTES) {
      const type = frameTypes[view.getUint8(at)]
      const payloadBytes = view.getUint32(at + 5, true)
      if (type === undefined || payloadBytes > PAYLOAD_BYTES_MAX) throw new Error('the eSpeak child sent bytes that are not a frame')
      if (data.length - at - HEADER_BYTES < payloadBytes) break
      const start = at + HEADER_BYTES
      frames.push(decodeFrame(type, view.getUint32(at + 1, true), data.subarray(start, start + payloadBytes)))
      at = start + payloadBytes
    }
    this.#rest = new Uint8Array(data.subarray(at))
    return frames
  }
}

function decodeFrame(type: (typeof frameTypes)[number], id: number, payload: Uint8Array): ChildFrame {
  switch (type) {
    case 'audio': {
      const copy = new Uint8Array(payload.length & ~1) // its own memory: an Int16Array needs an even offset
      copy.set(payload.subarray(0, copy.length))
      return { type, id, pcm: new Int16Array(copy.buffer) }
    }
    case 'ready':
      return { type, id, engine: Buffer.from(payload).toString() }
    case 'failed':
    case 'unavailable':
      return { type, id, message: Buffer.from(payload).toString() }
    case 'done':
      return { type, id }
    default:
      return assertNever(type)
  }
}
