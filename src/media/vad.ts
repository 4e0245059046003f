// Knows in which frames somebody speaks: level over the noise, no tones, no clicks. Does not know words, turns or calls.
import { FRAME_MS, FRAME_SAMPLES, type Frame } from './frame.ts'
import { NoiseFloor } from './noise-floor.ts'
import { ToneGate } from './tone-gate.ts'

export type VadOptions = {
  /** A voice begins this much above the noise … */
  onDb: number
  /** … and goes on down to this much above it. Below onDb, or every dip would end it. */
  offDb: number
  /** Speech lasts this long after the last voiced frame: it bridges closures and short words' gaps. */
  holdMs: number
  /** Speech is believed when this many of the last `onsetWindowFrames` frames were voiced: no click or tone edge lasts as long. */
  onsetFrames: number
  onsetWindowFrames: number
  /** Noise assumed before anything was heard: a first word at once is still 10 dB above it. */
  startNoiseDbfs: number
  /** Noise never counts as quieter: comfort noise up to onDb above this is not speech. */
  noiseDbfsMin: number
}

export const vadDefaults = {
  onDb: 8,
  offDb: 5,
  holdMs: 120,
  onsetFrames: 3,
  onsetWindowFrames: 4,
  startNoiseDbfs: -54,
  noiseDbfsMin: -59,
} as const satisfies VadOptions

export type VadFrame = {
  /** Number of this frame; the first one pushed is 0. */
  index: number
  /** Somebody is speaking: from the moment that is sure (onsetFrames after the beginning) to holdMs after the last voiced frame. */
  speech: boolean
  /** This very frame is a voice, as far as one frame can tell. */
  voiced: boolean
  /** First voiced frame of the speech that goes on or went last; undefined before any. */
  onsetIndex: number | undefined
  /** Last voiced frame of that speech: end-of-speech latency counts from the end of this frame. */
  lastVoicedIndex: number | undefined
  /** Voiced time within that speech. */
  voicedMs: number
  levelDbfs: number
  noiseDbfs: number
}

/** What a `VadFrame` takes as numbers, for the way between threads. */
export const VOICE_FIELDS = 7

/** Frame numbers are exact up to 2^24: four days of call. */
export function writeVoice(voice: VadFrame, out: Float32Array, at: number): void {
  out[at] = voice.index
  out[at + 1] = (voice.speech ? 1 : 0) | (voice.voiced ? 2 : 0)
  out[at + 2] = voice.onsetIndex ?? -1
  out[at + 3] = voice.lastVoicedIndex ?? -1
  out[at + 4] = voice.voicedMs
  out[at + 5] = voice.levelDbfs
  out[at + 6] = voice.noiseDbfs
}

export function readVoice(from: Float32Array, at: number): VadFrame {
  const flags = from[at + 1]!
  const [onsetIndex, lastVoicedIndex] = [from[at + 2]!, from[at + 3]!]
  return {
    index: from[at]!,
    speech: (flags & 1) !== 0,
    voiced: (flags & 2) !== 0,
    onsetIndex: onsetIndex < 0 ? undefined : onsetIndex,
    lastVoicedIndex: lastVoicedIndex < 0 ? undefined : lastVoicedIndex,
    voicedMs: from[at + 4]!,
    levelDbfs: from[at + 5]!,
    noiseDbfs: from[at + 6]!,
  }
}

const BLOCKS = 8
const BLOCK_SAMPLES = FRAME_SAMPLES / BLOCKS
/** The loudest stretch of a frame does not count: a click is over in 5 ms, a voice has a second pitch pulse in 20 ms. */
const LOUDEST_BLOCKS = 2
/** Full scale of 16-bit samples, squared. */
const FULL_SCALE = 32_768 ** 2
/** Removes direct current below about 65 Hz. */
const DC_BLOCK = 0.95

/**
 * Energy voice activity detection by minimum statistics; about 3 µs per loud frame, most of it to rule out tones, and less than 1 µs per quiet one.
 * Speech begins 60 ms after the first voiced frame (onsetIndex tells which) and ends holdMs after the last one.
 * Limits: music and other voices count as speech; noise that becomes louder counts as speech for up to 1.3 s.
 */
export class EnergyVad {
  readonly #options: VadOptions
  readonly #holdFrames: number
  readonly #noise: NoiseFloor
  readonly #tones = new ToneGate()
  readonly #blocks = new Float64Array(BLOCKS)
  /** Numbers of the voiced frames of the last onsetWindowFrames, while nobody speaks. */
  #recent: number[] = []
  #index = -1
  #speech = false
  #onsetIndex: number | undefined
  #lastVoicedIndex: number | undefined
  #voicedFrames = 0
  #previousInput = 0
  #previousOutput = 0

  constructor(options: Partial<VadOptions> = {}) {
    this.#options = { ...vadDefaults, ...options }
    this.#holdFrames = Math.round(this.#options.holdMs / FRAME_MS)
    this.#noise = new NoiseFloor({ startDbfs: this.#options.startNoiseDbfs, dbfsMin: this.#options.noiseDbfsMin })
  }

  /** Frames in order, silence included; 20 ms each. */
  push(frame: Frame): VadFrame {
    const index = ++this.#index
    const levelDbfs = this.#level(frame)
    const noiseDbfs = this.#noise.dbfs
    const loud = levelDbfs - noiseDbfs >= (this.#speech ? this.#options.offDb : this.#options.onDb)
    if (!loud) this.#tones.skip()
    const voiced = loud && !this.#tones.isTone(frame)
    if (this.#speech) this.#goOn(index, voiced)
    else this.#consider(index, voiced)
    this.#noise.push(levelDbfs, this.#speech)
    return {
      index,
      speech: this.#speech,
      voiced,
      onsetIndex: this.#onsetIndex,
      lastVoicedIndex: this.#lastVoicedIndex,
      voicedMs: this.#voicedFrames * FRAME_MS,
      levelDbfs,
      noiseDbfs,
    }
  }

  #goOn(index: number, voiced: boolean): void {
    if (voiced) {
      this.#lastVoicedIndex = index
      this.#voicedFrames++
    } else if (index - this.#lastVoicedIndex! >= this.#holdFrames) {
      this.#speech = false
      this.#recent = []
    }
  }

  #consider(index: number, voiced: boolean): void {
    const recent = this.#recent
    while (recent.length > 0 && recent[0]! <= index - this.#options.onsetWindowFrames) recent.shift()
    if (!voiced) return
    recent.push(index)
    if (recent.length < this.#options.onsetFrames) return
    this.#speech = true
    this.#onsetIndex = recent[0]
    this.#lastVoicedIndex = index
    this.#voicedFrames = recent.length
  }

  /** Mean power of the frame without its loudest 5 ms, against full scale. At least -100 dB. */
  #level(frame: Frame): number {
    const blocks = this.#blocks
    let previous = this.#previousInput
    let output = this.#previousOutput
    let sum = 0
    for (let b = 0; b < BLOCKS; b++) {
      let energy = 0
      for (let i = b * BLOCK_SAMPLES; i < (b + 1) * BLOCK_SAMPLES; i++) {
        const input = frame[i]!
        output = input - previous + DC_BLOCK * output
        previous = input
        energy += output * output
      }
      blocks[b] = energy
      sum += energy
    }
    this.#previousInput = previous
    this.#previousOutput = output
    let loudest = 0
    for (let b = 0; b + 1 < BLOCKS; b++) loudest = Math.max(loudest, blocks[b]! + blocks[b + 1]!)
    const power = Math.max(0, sum - loudest) / ((BLOCKS - LOUDEST_BLOCKS) * BLOCK_SAMPLES)
    return 10 * Math.log10(Math.max(1e-10, power / FULL_SCALE))
  }
}
