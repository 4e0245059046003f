// Knows what the engine and its media threads say to each other. Does not know what either does with it.
import type { ThreadLoad } from './admission.ts'
import type { KeyShape, MediaEvent, PlayoutId, PortStats, RemoteMedia } from './engine.ts'

/** Names a port in one engine; never reused, unlike its UDP port. */
export type PortId = number

export type EngineMessage =
  | { type: 'open'; port: PortId; address: string; udpPort: number; recording: boolean }
  | { type: 'connect'; port: PortId; atMs: number; remote: RemoteMedia }
  | { type: 'play'; port: PortId; playout: PlayoutId; pcm: Int16Array; last: boolean }
  | { type: 'flush'; port: PortId }
  | { type: 'listen-anew'; port: PortId }
  | { type: 'play-under'; port: PortId; pcm: Int16Array | undefined; gain: number }
  | { type: 'set-level'; port: PortId; gain: number; rampMs: number }
  | { type: 'send-digits'; port: PortId; digits: string; as: KeyShape | undefined }
  | { type: 'bridge'; port: PortId; peer: PortId }
  | { type: 'unbridge'; port: PortId }
  | { type: 'monitor'; port: PortId; listener: PortId }
  | { type: 'unmonitor'; port: PortId; listener: PortId }
  | { type: 'close'; port: PortId }

/** Everything but audio and the end, which have their own ways. */
export type PortEvent = Exclude<MediaEvent, { type: 'frames' | 'closed' }>

export type WorkerMessage =
  | { type: 'ready' }
  | { type: 'opened'; port: PortId }
  | { type: 'open-failed'; port: PortId; code: string }
  | TickMessage

/** All that one beat of a worker brought, in one message. */
export type TickMessage = {
  type: 'tick'
  /** `runs` × (port, atMs, frame count, how often the port began to listen anew); the audio of the runs lies in `samples` in the same order. */
  runs: Float64Array<ArrayBuffer>
  samples: Int16Array<ArrayBuffer>
  /** Whether somebody speaks in each frame, by `writeVoice`. */
  voices: Float32Array<ArrayBuffer>
  events: { port: PortId; event: PortEvent }[]
  recorded: { port: PortId; block: Uint8Array<ArrayBuffer> }[]
  closed: { port: PortId; stats: PortStats; failed: string | undefined }[]
  /** Told every `loadEveryMs`; undefined between. */
  load: ThreadLoad | undefined
}

export const RUN_FIELDS = 4

/** What a thread is started with. */
export type WorkerStart = { loadEveryMs: number }
