// Knows the files that hold the trained weights, and refuses damaged ones. Does not know how the weights are used.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { FEATURES, MELS } from './features.ts'

/** JSON part of the model: shapes, vocabulary and feature statistics. */
export type ModelHeader = {
  format: 'sim-asr-2'
  channels: number
  /** Taps of each depth-wise convolution. */
  kernel: number
  /** In steps of 30 ms. */
  blocks: readonly { dilation: number; lookAhead: number }[]
  /** Output units: [0] is the CTC blank, "@word" are English words, the rest toneless syllables. */
  units: readonly string[]
  tones: number
  melMean: readonly number[]
  melDeviation: readonly number[]
  tensors: Readonly<Record<string, TensorEntry>>
  /** Checksum of model.bin, hexadecimal. */
  sha256: string
}

/** Place of a tensor in the binary part. int8 tensors carry one float32 scale per row. Little endian. */
type TensorEntry = { type: 'int8' | 'float32'; shape: readonly number[]; offset: number; scaleOffset?: number }

/** A dense layer: `rows` outputs from `columns` inputs. */
export type Dense = { rows: number; columns: number; weights: Float32Array; bias: Float32Array }

export type BlockWeights = {
  dilation: number
  lookAhead: number
  /** (channels, kernel), batch norm folded in. */
  depthwise: Float32Array
  depthwiseBias: Float32Array
  pointwise: Dense
}

/** Immutable weights; one instance serves every call of a thread. */
export type AcousticModel = { header: ModelHeader; input: Dense; blocks: readonly BlockWeights[]; output: Dense; tone: Dense }

/**
 * Reads `model.json` and `model.bin` from a directory.
 * Errors: the file system's own; Error naming the file and what is wrong with it.
 */
export function loadModel(directory: URL): AcousticModel {
  let header: unknown
  try {
    header = JSON.parse(readFileSync(new URL('model.json', directory), 'utf8'))
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new Error('model.json is damaged: not JSON', { cause })
    throw cause
  }
  return decodeModel(header, readFileSync(new URL('model.bin', directory)))
}

/** Errors: Error naming the file and what is wrong with it. */
export function decodeModel(header: unknown, bytes: Uint8Array): AcousticModel {
  const checked = checkHeader(header)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== checked.sha256) throw new Error(`model.bin is damaged or belongs to another model.json (${bytes.byteLength} bytes)`)
  const { channels, kernel, units, tones } = checked
  const floats = (name: string, ...shape: number[]) => readTensor(checked, bytes, name, shape)
  const dense = (name: string, rows: number, columns: number): Dense => ({
    rows,
    columns,
    weights: floats(`${name}.weight`, rows, columns),
    bias: floats(`${name}.bias`, rows),
  })
  return {
    header: checked,
    input: dense('input', channels, FEATURES),
    blocks: checked.blocks.map((block, i) => ({
      ...block,
      depthwise: floats(`block${i}.depthwise.weight`, channels, kernel),
      depthwiseBias: floats(`block${i}.depthwise.bias`, channels),
      pointwise: dense(`block${i}.pointwise`, 2 * channels, channels),
    })),
    output: dense('output', units.length, channels),
    tone: dense('tone', tones, channels),
  }
}

function checkHeader(value: unknown): ModelHeader {
  const header = value as Partial<Record<keyof ModelHeader, unknown>> | null
  if (header?.format !== 'sim-asr-2') throw new Error(`model.json is of an unknown format: ${String(header?.format)}`)
  const isCount = (n: unknown) => Number.isInteger(n) && (n as number) > 0 && (n as number) <= 4096
  const isStatistics = (list: unknown) => Array.isArray(list) && list.length === MELS && list.every((n) => Number.isFinite(n))
  const isBlock = (b: unknown) => {
    const { dilation, lookAhead } = (b ?? {}) as { dilation?: unknown; lookAhead?: unknown }
    return isCount(dilation) && Number.isInteger(lookAhead) && (lookAhead as number) >= 0 && (lookAhead as number) <= 100
  }
  const checks: [keyof ModelHeader, boolean][] = [
    ['channels', isCount(header.channels)],
    ['kernel', isCount(header.kernel)],
    ['tones', isCount(header.tones)],
    ['units', Array.isArray(header.units) && header.units.length > 1 && header.units.every((unit) => typeof unit === 'string')],
    ['blocks', Array.isArray(header.blocks) && header.blocks.length > 0 && header.blocks.every(isBlock)],
    ['melMean', isStatistics(header.melMean)],
    ['melDeviation', isStatistics(header.melDeviation)],
    ['sha256', typeof header.sha256 === 'string'],
    ['tensors', typeof header.tensors === 'object' && header.tensors !== null],
  ]
  for (const [field, valid] of checks) if (!valid) throw new Error(`model.json is damaged: ${field}`)
  return header as ModelHeader
}

/** Copies a tensor out of the file as floats, checking its shape and that the file holds it. */
function readTensor(header: ModelHeader, bytes: Uint8Array, name: string, shape: readonly number[]): Float32Array {
  const entry = header.tensors[name]
  if (!entry) throw new Error(`model.json is damaged: tensor ${name} is missing`)
  if (String(entry.shape) !== String(shape)) throw new Error(`model.json is damaged: tensor ${name} has shape ${String(entry.shape)}, expected ${String(shape)}`)
  const size = shape.reduce((product, n) => product * n, 1)
  const rows = shape[0]!
  const columns = size / rows
  const scaleOffset = entry.type === 'int8' ? entry.scaleOffset : undefined
  if (entry.type === 'int8' && scaleOffset === undefined) throw new Error(`model.json is damaged: tensor ${name} has no scales`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Float32Array(size)
  try {
    for (let row = 0; row < rows; row++) {
      const scale = scaleOffset === undefined ? 1 : view.getFloat32(scaleOffset + 4 * row, true)
      for (let at = row * columns; at < (row + 1) * columns; at++) {
        values[at] = scaleOffset === undefined ? view.getFloat32(entry.offset + 4 * at, true) : view.getInt8(entry.offset + at) * scale
      }
    }
  } catch (cause) {
    throw new Error(`model.json is damaged: tensor ${name} lies outside model.bin`, { cause })
  }
  return values
}
