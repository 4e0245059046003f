// Knows the part of sherpa-onnx's programming interface that is used here, and how to load it. Only child processes load it: a bad model ends the process it is in.
// Does not know model folders, calls or the server. Source: sherpa-onnx-node 1.13.8, types.js.
import { createRequire } from 'node:module'

/** Samples −1 … 1 at any rate; the engine resamples for recognition. */
export type Waveform = { samples: Float32Array; sampleRate: number }

/** `timestamps`: seconds from the beginning of the audio, one per token; absent or empty with models that do not tell. */
export type EngineResult = { text: string; tokens?: string[]; timestamps?: number[] }

export interface EngineStream {
  acceptWaveform(wave: Waveform): void
}

export interface EngineOnlineStream extends EngineStream {
  inputFinished(): void
}

export interface OnlineRecognizer {
  createStream(): EngineOnlineStream
  isReady(stream: EngineOnlineStream): boolean
  /** Each of them must be ready. */
  decodeStreams(streams: readonly EngineOnlineStream[]): void
  getResult(stream: EngineOnlineStream): EngineResult
}

export interface OfflineRecognizer {
  createStream(): EngineStream
  decodeAsync(stream: EngineStream): Promise<EngineResult>
}

export interface OfflineTts {
  readonly sampleRate: number
  readonly numSpeakers: number
  /** `onProgress` is given each sentence's samples as they are made; returning false stops. */
  generateAsync(request: { text: string; sid: number; speed: number; enableExternalBuffer: boolean; onProgress(info: { samples: Float32Array; progress: number }): boolean }): Promise<Waveform>
}

/** 16 kHz only: any other rate ends the process. */
export interface Vad {
  acceptWaveform(samples: Float32Array): void
  isDetected(): boolean
  /** Finished stretches of speech pile up until they are popped. */
  isEmpty(): boolean
  pop(): void
}

export type EngineConfig = { readonly [key: string]: unknown }

export interface Engine {
  OnlineRecognizer: new (config: EngineConfig) => OnlineRecognizer
  OfflineRecognizer: new (config: EngineConfig) => OfflineRecognizer
  OfflineTts: new (config: EngineConfig) => OfflineTts
  Vad: new (config: EngineConfig, bufferSizeInSeconds: number) => Vad
}

export const enginePackage = 'sherpa-onnx-node'

/**
 * Loads the engine into this process. `module`: its package, or a file that offers the same.
 * Errors: one that says how to install it.
 */
export async function loadEngine(module: string = enginePackage): Promise<Engine> {
  try {
    return module === enginePackage ? (createRequire(import.meta.url)(module) as Engine) : ((await import(module)) as Engine)
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]
    throw new Error(`缺少语音引擎 ${module}：请运行 npm install（不要加 --omit=optional）。 The speech engine ${module} is not installed or not made for this machine: run npm install with optional dependencies (${reason})`, { cause: error })
  }
}
