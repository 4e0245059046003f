// Knows how everything a worker has to tell is gathered into one message per tick. Does not know what it means.
import type { ThreadLoad } from './admission.ts'
import type { PortStats } from './engine.ts'
import { FRAME_SAMPLES, type Frame } from './frame.ts'
import { VOICE_FIELDS, writeVoice, type VadFrame } from './vad.ts'
import { RUN_FIELDS, type PortEvent, type PortId, type TickMessage } from './worker-messages.ts'

export class Outbox {
  #runs = new Float64Array(64 * RUN_FIELDS)
  #runCount = 0
  #samples = new Int16Array(64 * FRAME_SAMPLES)
  #voices = new Float32Array(64 * VOICE_FIELDS)
  #frameCount = 0
  #events: TickMessage['events'] = []
  #recorded: TickMessage['recorded'] = []
  #closed: TickMessage['closed'] = []
  #load: ThreadLoad | undefined

  /** Frames of one port that follow each other are one run. `hearing` counts how often it began to listen anew. */
  frame(port: PortId, atMs: number, frame: Frame, voice: VadFrame, hearing: number): void {
    const last = (this.#runCount - 1) * RUN_FIELDS
    if (last >= 0 && this.#runs[last] === port && this.#runs[last + 3] === hearing) {
      this.#runs[last + 2]! += 1
    } else {
      const begin = this.#runCount * RUN_FIELDS
      if (begin === this.#runs.length) this.#runs = grown(this.#runs, new Float64Array(begin * 2))
      this.#runs[begin] = port
      this.#runs[begin + 1] = atMs
      this.#runs[begin + 2] = 1
      this.#runs[begin + 3] = hearing
      this.#runCount += 1
    }
    const at = this.#frameCount * FRAME_SAMPLES
    if (at === this.#samples.length) {
      this.#samples = grown(this.#samples, new Int16Array(at * 2))
      this.#voices = grown(this.#voices, new Float32Array(this.#voices.length * 2))
    }
    this.#samples.set(frame, at)
    writeVoice(voice, this.#voices, this.#frameCount * VOICE_FIELDS)
    this.#frameCount += 1
  }

  event(port: PortId, event: PortEvent): void {
    this.#events.push({ port, event })
  }

  recorded(port: PortId, block: Uint8Array<ArrayBuffer>): void {
    this.#recorded.push({ port, block })
  }

  closed(port: PortId, stats: PortStats, failed: string | undefined): void {
    this.#closed.push({ port, stats, failed })
  }

  load(load: ThreadLoad): void {
    this.#load = load
  }

  /** What was gathered since the last call and the buffers to hand over with it; undefined when there is nothing. */
  take(): { message: TickMessage; transfer: ArrayBuffer[] } | undefined {
    const empty = this.#runCount === 0 && this.#events.length === 0 && this.#recorded.length === 0 && this.#closed.length === 0
    if (empty && this.#load === undefined) return undefined
    const message: TickMessage = {
      type: 'tick',
      runs: this.#runs.slice(0, this.#runCount * RUN_FIELDS),
      samples: this.#samples.slice(0, this.#frameCount * FRAME_SAMPLES),
      voices: this.#voices.slice(0, this.#frameCount * VOICE_FIELDS),
      events: this.#events,
      recorded: this.#recorded,
      closed: this.#closed,
      load: this.#load,
    }
    const transfer = [message.runs.buffer, message.samples.buffer, message.voices.buffer, ...this.#recorded.map(({ block }) => block.buffer)]
    this.#runCount = 0
    this.#frameCount = 0
    this.#events = []
    this.#recorded = []
    this.#closed = []
    this.#load = undefined
    return { message, transfer }
  }
}

function grown<T extends Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Int16Array<ArrayBuffer>>(from: T, to: T): T {
  to.set(from)
  return to
}
