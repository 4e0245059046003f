// Knows what a folder with a sherpa-onnx model holds: its kind by name or note, its files by role, and the engine's configuration for it.
// Does not run anything: whether the files are good is found out in a child process.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { EngineConfig } from './engine.ts'

export const modelRoles = ['asr', 'tts', 'vad'] as const
export type ModelRole = (typeof modelRoles)[number]

/** How a model runs: as sound comes in, on whole utterances, as a voice, or telling voice from other sound. */
export type ModelMode = 'streaming' | 'utterance' | 'voice' | 'activity'

type Kind = {
  role: ModelRole
  mode: ModelMode
  /** Names of releases that are of this kind, when the folder has no note of its own. The first that fits counts. */
  named: RegExp
  /** Role → file names that may play it, best first. */
  files: { readonly [role: string]: readonly RegExp[] }
  /** Files and folders that only some models of the kind have. */
  extras?: { readonly [role: string]: readonly RegExp[] }
  config(files: { readonly [role: string]: string }, threads: number): EngineConfig
}

const encoder = [/^encoder.*\.int8\.onnx$/, /^encoder.*\.onnx$/]
// Of the decoder and joiner the exact forms are small, and the rounded decoder is known to lose accuracy.
const decoder = [/^decoder(?!.*int8).*\.onnx$/, /^decoder.*\.onnx$/]
const joiner = [/^joiner.*\.int8\.onnx$/, /^joiner.*\.onnx$/]
const model = [/^model.*\.int8\.onnx$/, /^model.*\.onnx$/, /\.int8\.onnx$/, /\.onnx$/]
// Of voices the exact form: a rounded one is audible, and one release ships a file of that name which is no model.
const voiceModel = [/^model(?!.*int8).*\.onnx$/, /^(?!vocos|hifigan|.*int8).*\.onnx$/, /^(?!vocos|hifigan).*\.onnx$/]
const tokens = [/^tokens\.txt$/]
/** Fbank features for 16 kHz; telephone sound is resampled to it. */
const featConfig = { sampleRate: 16_000, featureDim: 80 }
const online = (part: EngineConfig, files: { readonly [role: string]: string }, numThreads: number): EngineConfig => ({ featConfig, modelConfig: { ...part, tokens: files['tokens'], numThreads, provider: 'cpu', debug: 0 }, decodingMethod: 'greedy_search', enableEndpoint: false })
const offline = online
const voice = (part: EngineConfig, numThreads: number): EngineConfig => ({ model: { ...part, numThreads, provider: 'cpu', debug: 0 }, maxNumSentences: 1 })
const frontEnd = { lexicon: [/^lexicon\.txt$/], dataDir: [/^espeak-ng-data$/], dictDir: [/^dict$/] } as const

export const modelKinds = {
  'streaming-paraformer': { role: 'asr', mode: 'streaming', named: /streaming-paraformer/, files: { encoder, decoder: [/^decoder.*\.int8\.onnx$/, /^decoder.*\.onnx$/], tokens }, config: (f, n) => online({ paraformer: { encoder: f['encoder'], decoder: f['decoder'] } }, f, n) },
  'streaming-zipformer-ctc': { role: 'asr', mode: 'streaming', named: /streaming-.*ctc/, files: { model, tokens }, config: (f, n) => online({ zipformer2Ctc: { model: f['model'] } }, f, n) },
  'streaming-zipformer': { role: 'asr', mode: 'streaming', named: /streaming-(?:zipformer|conformer|transducer)/, files: { encoder, decoder, joiner, tokens }, config: (f, n) => online({ transducer: { encoder: f['encoder'], decoder: f['decoder'], joiner: f['joiner'] } }, f, n) },
  // Numbers are left as they are spoken: how they are written is decided in one place for all providers.
  'sense-voice': { role: 'asr', mode: 'utterance', named: /sense-?voice/, files: { model, tokens }, config: (f, n) => offline({ senseVoice: { model: f['model'], language: 'auto', useInverseTextNormalization: 0 } }, f, n) },
  paraformer: { role: 'asr', mode: 'utterance', named: /paraformer/, files: { model, tokens }, config: (f, n) => offline({ paraformer: { model: f['model'] } }, f, n) },
  'zipformer-ctc': { role: 'asr', mode: 'utterance', named: /zipformer-ctc/, files: { model, tokens }, config: (f, n) => offline({ zipformerCtc: { model: f['model'] } }, f, n) },
  matcha: { role: 'tts', mode: 'voice', named: /matcha/, files: { model: [/^model.*\.onnx$/], vocoder: [/^(?:vocos|hifigan).*\.onnx$/], tokens }, extras: frontEnd, config: (f, n) => voice({ matcha: { acousticModel: f['model'], vocoder: f['vocoder'], tokens: f['tokens'], lexicon: f['lexicon'], dataDir: f['dataDir'], dictDir: f['dictDir'] } }, n) },
  kokoro: { role: 'tts', mode: 'voice', named: /kokoro/, files: { model: voiceModel, voices: [/^voices\.bin$/], tokens }, extras: { ...frontEnd, lexiconZh: [/^lexicon-zh\.txt$/], lexiconEn: [/^lexicon-us-en\.txt$/] }, config: (f, n) => voice({ kokoro: { model: f['model'], voices: f['voices'], tokens: f['tokens'], dataDir: f['dataDir'], dictDir: f['dictDir'], lexicon: [f['lexiconEn'], f['lexiconZh'], f['lexicon']].filter((file) => file !== undefined).join(',') } }, n) },
  vits: { role: 'tts', mode: 'voice', named: /vits|melo|piper/, files: { model: voiceModel, tokens }, extras: frontEnd, config: (f, n) => voice({ vits: { model: f['model'], tokens: f['tokens'], lexicon: f['lexicon'], dataDir: f['dataDir'], dictDir: f['dictDir'] } }, n) },
  // The thresholds on telephone sound are lower than the package's: half of it is lost at 0.5.
  'silero-vad': { role: 'vad', mode: 'activity', named: /silero/, files: { model: [/silero.*\.onnx$/] }, config: (f) => ({ sileroVad: { model: f['model'], threshold: 0.25, minSpeechDuration: 0.06, minSilenceDuration: 0.1, windowSize: 512, maxSpeechDuration: 3_600 }, sampleRate: 16_000, numThreads: 1, provider: 'cpu', debug: 0 }) },
} as const satisfies Record<string, Kind>
export type ModelKind = keyof typeof modelKinds

/** Left in a folder by whoever unpacked it, so that its name need not tell its kind. */
export const noteFile = 'waihu-model.json'
const note = z.object({ kind: z.enum(Object.keys(modelKinds) as [ModelKind, ...ModelKind[]]) })

export type ModelFolder = { kind: ModelKind; role: ModelRole; mode: ModelMode; dir: string; config: EngineConfig }

/** What is in a folder. `reason`: why it cannot be a model, Chinese first. */
export function readModelFolder(dir: string, role: ModelRole, threads = 2): { ok: true; model: ModelFolder } | { ok: false; reason: string } {
  if (!existsSync(dir)) return { ok: false, reason: `没有模型 ${dir}：先运行 waihu models download。 There is no model at ${dir}: run waihu models download first` }
  const names = readdirSync(dir)
  const kind = notedKind(dir, names) ?? (Object.keys(modelKinds) as ModelKind[]).find((name) => modelKinds[name].named.test(path.basename(dir).toLowerCase()))
  if (kind === undefined) return { ok: false, reason: `看不出 ${dir} 是哪种模型：请在其中放一个 ${noteFile}。 The kind of model at ${dir} cannot be told from its name: put a ${noteFile} into it, {"kind": "${Object.keys(modelKinds).join(' | ')}"}` }
  const described: Kind = modelKinds[kind]
  if (described.role !== role) return { ok: false, reason: `${path.basename(dir)} 是 ${described.role} 模型，不是 ${role}。 ${path.basename(dir)} is a model for ${described.role}, not for ${role}` }
  const files: Record<string, string> = {}
  for (const [part, patterns] of [...Object.entries(described.files), ...Object.entries(described.extras ?? {})]) {
    const found = patterns.flatMap((pattern) => names.filter((name) => pattern.test(name)).toSorted())[0]
    if (found !== undefined) files[part] = path.join(dir, found)
    else if (part in described.files) return { ok: false, reason: `${dir} 里缺少文件 ${part}：请重新下载。 ${dir} has no file for '${part}': download it again` }
  }
  return { ok: true, model: { kind, role, mode: described.mode, dir, config: described.config(files, threads) } }
}

function notedKind(dir: string, names: readonly string[]): ModelKind | undefined {
  if (!names.includes(noteFile)) return undefined
  try {
    return note.parse(JSON.parse(readFileSync(path.join(dir, noteFile), 'utf8'))).kind
  } catch {
    return undefined
  }
}
