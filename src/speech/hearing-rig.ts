// Has scripted calls spoken by the built-in voices and heard by the listener, as fast as the machine can. Used by a bench and tests.
// The clock is that of the audio: what a decision waits for is counted in frames, the recogniser's way through its network included, computing time not.
import { FRAME_MS, FRAME_SAMPLES, type Frame } from '../media/frame.ts'
import { decodeAlaw, encodeAlaw } from '../media/g711.ts'
import { CallRecogniser } from './asr/builtin/call-recogniser.ts'
import { framesOf } from './asr/builtin/fixtures.ts'
import { loadLexicon } from './asr/builtin/lexicon-file.ts'
import { loadModel } from './asr/builtin/model-file.ts'
import { PhraseGrammar } from './asr/builtin/phrase-grammar.ts'
import { builtinAsrDefaults } from './asr/builtin/provider.ts'
import type { AsrEvent, AsrOptions, AsrProvider, AsrStream } from './asr/provider.ts'
import { withNoise } from './early-media/noise.test-data.ts'
import { endpointingDefaults, type EndpointingInput, isPickUpOver, isTurnOver } from './endpointing.ts'
import { Listener, type Utterance } from './listener.ts'
import type { ScriptedCall, ScriptedTurn } from './scripted-turns.test-data.ts'
import { type TtsProvider, defaultVoice } from './tts/provider.ts'

/** Whoever has spoken waits so long for the answer before the next turn. */
const REST_FRAMES = 150
const NOISE_DBM0 = -52
/** Quieter than this is not heard: −45 dBFS. */
const AUDIBLE = 185
/** −500 is half pace. */
const DRAWN_OUT_SPEED = -500

/**
 * `delayMs`: from the last audible sample to the decision; negative when the end was missed. `cutIn`: a part of the turn was taken for all of it;
 * a sound without words is no turn, nobody answers it.
 */
export type HeardTurn = { turn: ScriptedTurn; delayMs: number; cutIn: boolean; texts: string[] }
export type HeardCall = { greetingDelayMs: number; turns: HeardTurn[] }

/** The recogniser in this thread: its events come while the frame is pushed. */
export class ImmediateAsr implements AsrProvider {
  readonly name = 'builtin'
  readonly capabilities = { partials: true, hotWords: true, understands: 'simulator' } as const
  readonly #model = loadModel(builtinAsrDefaults.modelDirectory)
  readonly #lexicon = loadLexicon(new URL('lexicon.txt.gz', builtinAsrDefaults.modelDirectory), this.#model.header.units)

  open(options: AsrOptions): AsrStream {
    const onEvent = (event: AsrEvent): void => options.onEvent(event)
    const recogniser = new CallRecogniser(this.#model, this.#lexicon, new PhraseGrammar(options.phrases, this.#lexicon))
    let [beginAtMs, endAtMs] = [0, 0]
    let begun = false
    return {
      push(frame, atMs) {
        if (!begun) beginAtMs = atMs
        begun = true
        endAtMs = atMs + FRAME_MS
        const heard = recogniser.accept(frame)
        if (heard) onEvent({ type: 'partial', text: heard.text, beginAtMs, endAtMs })
      },
      endUtterance() {
        begun = false
        const { text, confidence } = recogniser.flush()
        onEvent({ type: 'final', text, confidence, beginAtMs, endAtMs })
      },
      [Symbol.dispose]() {},
    }
  }

  warmUp(): Promise<void> {
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

/** Hears nothing: what is left of end-pointing is silence. */
export class DeafAsr implements AsrProvider {
  readonly name = 'deaf'
  readonly capabilities = { partials: false, hotWords: false, understands: 'simulator' } as const

  open(options: AsrOptions): AsrStream {
    return { push() {}, endUtterance: () => options.onEvent({ type: 'final', text: '', confidence: 0, beginAtMs: 0, endAtMs: 0 }), [Symbol.dispose]() {} }
  }

  warmUp(): Promise<void> {
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

export class HearingRig {
  readonly #tts: TtsProvider
  readonly #asr: AsrProvider
  readonly #phrases: readonly string[]
  readonly #spoken = new Map<string, Promise<Int16Array>>()

  constructor(tts: TtsProvider, asr: AsrProvider, phrases: readonly string[]) {
    this.#tts = tts
    this.#asr = asr
    this.#phrases = phrases
  }

  /** `isOver` replaces the product's decision, for comparisons. Errors: what synthesis fails with. */
  async hear(call: ScriptedCall, isOver?: (input: EndpointingInput) => boolean): Promise<HeardCall> {
    let clockMs = 1_000_000
    let opened = false
    const utterances: Utterance[] = []
    const listener = new Listener({
      asr: this.#asr,
      hotWords: [],
      phrases: this.#phrases,
      now: () => clockMs,
      robotSpeech: () => ({ speaking: false }),
      isTurnOver: isOver ?? ((input) => (opened ? isTurnOver : isPickUpOver)(input, endpointingDefaults)),
      onPartial: () => {},
      onUtterance: (utterance) => utterances.push(utterance),
      onFailed: (error) => {
        throw error
      },
    })
    const pass = (frames: readonly Frame[]): void => {
      for (const frame of frames) {
        clockMs += FRAME_MS
        listener.push(clockMs - FRAME_MS, [frame])
      }
    }
    /** Decisions about one turn, from its last audible sample. */
    const take = async (turn: ScriptedTurn): Promise<HeardTurn> => {
      const { frames, endMs } = await this.#line(call, turn)
      const endAtMs = clockMs + endMs
      utterances.length = 0
      pass(frames)
      const last = utterances.at(-1)
      return { turn, delayMs: last === undefined ? NaN : last.endpointAtMs - endAtMs, cutIn: utterances.some(({ endpointAtMs, text }) => endpointAtMs < endAtMs && (text !== '' || !this.#asr.capabilities.partials)), texts: utterances.map(({ text }) => text) }
    }
    try {
      pass(Array.from({ length: 20 }, () => new Int16Array(FRAME_SAMPLES)))
      const greeting = await take({ kind: 'short answer', pieces: [{ text: call.greeting, afterMs: 0 }] })
      opened = true
      const turns: HeardTurn[] = []
      for (const turn of call.turns) turns.push(await take(turn))
      return { greetingDelayMs: greeting.delayMs, turns }
    } finally {
      listener.close()
    }
  }

  /** A turn as it comes off an A-law line, with the rest after it. `endMs`: of its last audible sample. */
  async #line({ voice, noisy }: ScriptedCall, { pieces }: ScriptedTurn): Promise<{ frames: Frame[]; endMs: number }> {
    const samples: number[] = []
    let end = 0
    for (const { text, afterMs, drawnOut } of pieces) {
      const pcm = await this.#speak(text, voice, drawnOut === true)
      for (const sample of pcm) samples.push(sample)
      end = samples.length
      for (let i = 0; i < afterMs * 8; i++) samples.push(0)
    }
    for (let i = 0; i < REST_FRAMES * FRAME_SAMPLES; i++) samples.push(0)
    const pcm = Int16Array.from(samples)
    return { frames: framesOf(decodeAlaw(encodeAlaw(noisy ? withNoise(pcm, 'white', NOISE_DBM0, end) : pcm))), endMs: end / 8 }
  }

  /** Without the silence around it. */
  #speak(text: string, voice: string, drawnOut: boolean): Promise<Int16Array> {
    const key = `${voice} ${drawnOut} ${text}`
    const known = this.#spoken.get(key) ?? this.#synthesise(text, voice, drawnOut)
    this.#spoken.set(key, known)
    return known
  }

  async #synthesise(text: string, voice: string, drawnOut: boolean): Promise<Int16Array> {
    const samples: number[] = []
    for await (const event of this.#tts.synthesize(text, { ...defaultVoice, name: voice, speed: drawnOut ? DRAWN_OUT_SPEED : 0 }, new AbortController().signal)) {
      if (event.type === 'failed') throw event.error
      if (event.type === 'audio') for (const sample of event.pcm) samples.push(sample)
    }
    const isAudible = (sample: number): boolean => Math.abs(sample) > AUDIBLE
    const pcm = Int16Array.from(samples.slice(Math.max(0, samples.findIndex(isAudible)), samples.findLastIndex(isAudible) + 1))
    return drawnOut ? held(pcm) : pcm
  }
}

/** Half pace alone makes no 嗯 as long as that of people who look for words: overlapping grains of 60 ms, taken more slowly than they are laid. */
function held(pcm: Int16Array): Int16Array {
  const [grain, hop, stretch] = [480, 240, 1.7]
  const out = new Float64Array(Math.round(pcm.length * stretch) + grain)
  for (let at = 0; at + grain <= out.length; at += hop) {
    const from = Math.min(pcm.length - grain, Math.round(at / stretch))
    for (let i = 0; i < grain; i++) out[at + i]! += (pcm[from + i] ?? 0) * Math.sin((Math.PI * (i + 0.5)) / grain) ** 2
  }
  return Int16Array.from(out.subarray(0, Math.round(pcm.length * stretch)), Math.round)
}
