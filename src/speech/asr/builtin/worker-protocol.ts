// Knows the messages between the provider and its recognition threads. Does not know what either does with them.

/** Numbers that the provider chooses and never reuses within a thread. */
export type StreamId = number
export type GrammarId = number

export type WorkerData = { modelDirectory: string }

export type ToWorker =
  /** A phrase list to prepare once and use for many streams. */
  | { type: 'grammar'; grammar: GrammarId; phrases: readonly string[] }
  | { type: 'drop-grammar'; grammar: GrammarId }
  /** `takenFrames`: one Int32 that the thread counts up per frame it has taken, so that the provider sees how far it lags. */
  | { type: 'open'; stream: StreamId; hotWords: readonly string[]; grammar: GrammarId | undefined; takenFrames: SharedArrayBuffer }
  /** Frames of many streams: frame i belongs to streams[i], was received at atMs[i] and is pcm[i × FRAME_SAMPLES …]. */
  | { type: 'audio'; streams: Uint32Array; atMs: Float64Array; pcm: Int16Array }
  | { type: 'end-utterance'; stream: StreamId; atMs: number }
  | { type: 'close'; stream: StreamId }

export type FromWorker =
  | { type: 'ready' }
  /** The model or the lexicon cannot be used; the thread ends. */
  | { type: 'unusable'; reason: string }
  | { type: 'partial'; stream: StreamId; text: string; beginAtMs: number; endAtMs: number }
  | { type: 'final'; stream: StreamId; text: string; beginAtMs: number; endAtMs: number; confidence: number }
  | { type: 'stream-failed'; stream: StreamId; reason: string }
