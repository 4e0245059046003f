// A stand-in for the package sherpa-onnx-node in a child process: the same classes, hearing with the built-in recogniser and speaking with eSpeak.
// For tests: models that understand Mandarin are not part of the project. A file named `fault` beside the model makes it fail in the ways of the real engine.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CallRecogniser, type Recognition } from '../asr/builtin/call-recogniser.ts'
import { loadLexicon } from '../asr/builtin/lexicon-file.ts'
import { loadModel } from '../asr/builtin/model-file.ts'
import { createEspeak } from '../tts/espeak/provider.ts'
import { defaultVoice } from '../tts/provider.ts'
import type { EngineConfig, EngineResult, OfflineRecognizer as Offline, OfflineTts as Tts, OnlineRecognizer as Online, Vad as Activity, Waveform } from './engine.ts'
import { noteFile, type ModelKind } from './model-folder.ts'

/** As the real engine does: refuses the file (exit 255), aborts, stands still, or says that it cannot. `-load`: at once; otherwise at work. */
export const engineFaults = ['refuse-load', 'abort-load', 'hang-load', 'abort', 'hang', 'error', 'error-load'] as const
export type EngineFault = (typeof engineFaults)[number]

export const fakeEngine = new URL('fake-engine.ts', import.meta.url).href

/** A folder that looks like a model of a kind and is loaded by this engine. */
export function fakeModel(dir: string, kind: ModelKind): string {
  mkdirSync(dir, { recursive: true })
  for (const file of ['encoder.onnx', 'decoder.onnx', 'joiner.onnx', 'model.onnx', 'silero_vad.onnx', 'tokens.txt']) writeFileSync(path.join(dir, file), '')
  writeFileSync(path.join(dir, noteFile), JSON.stringify({ kind }))
  return dir
}

/** From now on the model behaves so; undefined: well. */
export function setFault(dir: string, fault: EngineFault | undefined): void {
  writeFileSync(path.join(dir, 'fault'), fault ?? '')
}

/** The folder is that of any file that the configuration names. */
function folderOf(config: EngineConfig): string {
  return path.dirname(/"([^"]+\.onnx)"/.exec(JSON.stringify(config))![1]!)
}

function misbehave(dir: string, when: '-load' | ''): void {
  const file = path.join(dir, 'fault')
  const fault = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (!fault || fault.endsWith('-load') !== (when === '-load')) return
  const what = fault.replace('-load', '')
  if (what === 'error') throw new Error('the engine says no')
  console.error(what === 'refuse' ? "'vocab_size' does not exist in the metadata" : 'Ort::Exception: invalid model')
  if (what === 'refuse') process.exit(255)
  if (what === 'abort') process.abort()
  // Stands still as native code does: nothing else runs in this process.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
}

const modelDirectory = new URL('../asr/builtin/model/', import.meta.url)
let loaded: { model: ReturnType<typeof loadModel>; lexicon: ReturnType<typeof loadLexicon> } | undefined
function recogniser(): CallRecogniser {
  if (!loaded) {
    const model = loadModel(modelDirectory)
    loaded = { model, lexicon: loadLexicon(new URL('lexicon.txt.gz', modelDirectory), model.header.units) }
  }
  return new CallRecogniser(loaded.model, loaded.lexicon)
}

const toPcm = (samples: Float32Array): Int16Array => Int16Array.from(samples, (sample) => sample * 32_768)
const resultOf = ({ text, beginMs, endMs }: Recognition): EngineResult => ({ text, timestamps: text === '' ? [] : [beginMs / 1_000, (endMs - 200) / 1_000] })

class HeardStream {
  readonly recogniser = recogniser()
  readonly waiting: Float32Array[] = []
  result: EngineResult = { text: '' }
  finished = false
  acceptWaveform({ samples }: Waveform): void {
    this.waiting.push(samples)
  }
  inputFinished(): void {
    this.finished = true
  }
}

export class OnlineRecognizer implements Online {
  readonly #dir: string
  constructor(config: EngineConfig) {
    this.#dir = folderOf(config)
    misbehave(this.#dir, '-load')
    recogniser()
  }
  createStream(): HeardStream {
    return new HeardStream()
  }
  isReady(stream: HeardStream): boolean {
    return stream.waiting.length > 0 || stream.finished
  }
  decodeStreams(streams: readonly HeardStream[]): void {
    misbehave(this.#dir, '')
    for (const stream of streams) {
      const samples = stream.waiting.shift()
      if (samples) {
        const partial = stream.recogniser.accept(toPcm(samples))
        if (partial) stream.result = resultOf(partial)
      } else {
        stream.finished = false
        stream.result = resultOf(stream.recogniser.flush())
      }
    }
  }
  getResult(stream: HeardStream): EngineResult {
    return stream.result
  }
}

export class OfflineRecognizer implements Offline {
  readonly #dir: string
  constructor(config: EngineConfig) {
    this.#dir = folderOf(config)
    misbehave(this.#dir, '-load')
    recogniser()
  }
  createStream(): HeardStream {
    return new HeardStream()
  }
  async decodeAsync(stream: HeardStream): Promise<EngineResult> {
    misbehave(this.#dir, '')
    for (const samples of stream.waiting) stream.recogniser.accept(toPcm(samples))
    return resultOf(stream.recogniser.flush())
  }
}

export class OfflineTts implements Tts {
  readonly sampleRate = 8_000
  readonly numSpeakers = 3
  readonly #dir: string
  readonly #voice = createEspeak({ children: 1, practiceAfterMs: 3_600_000 })
  constructor(config: EngineConfig) {
    this.#dir = folderOf(config)
    misbehave(this.#dir, '-load')
  }
  async generateAsync({ text, ...request }: Parameters<Tts['generateAsync']>[0]): Promise<Waveform> {
    misbehave(this.#dir, '')
    const all: Float32Array[] = []
    let wanted = true
    for await (const event of this.#voice.synthesize(text, { ...defaultVoice, name: 'f3' }, new AbortController().signal)) {
      if (event.type === 'failed') throw event.error
      if (event.type === 'done') break
      const samples = Float32Array.from(event.pcm, (sample) => sample / 32_768)
      all.push(samples)
      wanted = request.onProgress({ samples, progress: 0 })
      if (!wanted) break
    }
    return { samples: Float32Array.from(all.flatMap((part) => [...part])), sampleRate: this.sampleRate }
  }
}

export class Vad implements Activity {
  readonly #dir: string
  #loud = false
  constructor(config: EngineConfig) {
    this.#dir = folderOf(config)
    misbehave(this.#dir, '-load')
  }
  acceptWaveform(samples: Float32Array): void {
    misbehave(this.#dir, '')
    this.#loud = samples.some((sample) => Math.abs(sample) > 0.05)
  }
  isDetected(): boolean {
    return this.#loud
  }
  isEmpty(): boolean {
    return true
  }
  pop(): void {}
}
