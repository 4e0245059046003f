// Knows how to hold whole conversations through services that fail, many at once and faster than the clock: the true provider clients over
// true sockets, the rules robot, a callee whose voice is heard. Time is simulated; it waits for the voice, and nearly for the network. Used by tests only.
import { setImmediate as settle } from 'node:timers/promises'
import type { CallEvent } from '../events.ts'
import { FRAME_MS, nowMs, type Frame } from '../media/frame.ts'
import { compileRequirement } from '../robot/requirement.ts'
import { createRulesRobot } from '../robot/rules.ts'
import { framesOf } from '../speech/asr/builtin/fixtures.ts'
import { CallRecogniser } from '../speech/asr/builtin/call-recogniser.ts'
import { loadLexicon } from '../speech/asr/builtin/lexicon-file.ts'
import { loadModel } from '../speech/asr/builtin/model-file.ts'
import type { Ears } from '../speech/asr/fake-services.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { FakeLine, type FakeTime } from '../speech/testing.ts'
import { SynthesisCache } from '../speech/tts/cache.ts'
import { defaultVoice, type TtsEvent, type TtsProvider, type Voice } from '../speech/tts/provider.ts'
import { VoiceLoop } from './voice-loop.ts'
import type { LoopEnd } from './voice-loop-options.ts'

/** That of the machine, whatever becomes of the clock. */
const trueTimeout = globalThis.setTimeout
const modelFolder = new URL('../speech/asr/builtin/model/', import.meta.url)

/** The built-in recogniser in this thread: what it is given is understood at once, whatever the clock does. */
export function earsInThread(): Ears {
  const model = loadModel(modelFolder)
  const lexicon = loadLexicon(new URL('lexicon.txt.gz', modelFolder), model.header.units)
  return {
    open: (options) => {
      const recogniser = new CallRecogniser(model, lexicon)
      let beginAtMs: number | undefined
      let over = false
      return {
        push(frame, atMs) {
          if (over) return
          beginAtMs ??= atMs
          const heard = recogniser.accept(frame)
          if (heard && heard.text !== '') options.onEvent({ type: 'partial', text: heard.text, beginAtMs: beginAtMs + heard.beginMs, endAtMs: atMs + FRAME_MS })
        },
        endUtterance() {
          if (over) return
          const { text, confidence, beginMs, endMs } = recogniser.flush()
          const atMs = beginAtMs ?? 0
          beginAtMs = undefined
          options.onEvent({ type: 'final', text, confidence, beginAtMs: atMs + beginMs, endAtMs: atMs + endMs })
        },
        [Symbol.dispose]: () => void (over = true),
      }
    },
  }
}

/** The clock stands still while one of these speaks for the first time: how long a machine takes for it is no part of what is tested. */
export class PatientVoice implements TtsProvider {
  readonly name = 'patient'
  readonly #inner: SynthesisCache
  /** Sentences that are not made yet. */
  pending = 0

  constructor(inner: TtsProvider) {
    this.#inner = new SynthesisCache(inner)
  }

  warmUp(): Promise<void> {
    return this.#inner.warmUp()
  }

  async *synthesize(text: string, voice: Voice, signal: AbortSignal): AsyncGenerator<TtsEvent, void, undefined> {
    const all: TtsEvent[] = []
    this.pending += 1
    try {
      for await (const event of this.#inner.synthesize(text, voice, signal)) all.push(event)
    } finally {
      this.pending -= 1
    }
    yield* all
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]()
  }
}

/** As services give their audio: a piece at a time, twice as fast as it is heard, so that a sentence is under way for a while. */
export function unhurried(voice: TtsProvider): TtsProvider {
  const pieceMs = 200
  return {
    name: voice.name,
    warmUp: () => voice.warmUp(),
    async *synthesize(text, as, signal) {
      for await (const event of voice.synthesize(text, as, signal)) {
        if (event.type !== 'audio') yield event
        else {
          for (let at = 0; at < event.pcm.length; at += pieceMs * 8) {
            yield { type: 'audio', pcm: event.pcm.subarray(at, at + pieceMs * 8) }
            await new Promise((resolve) => setTimeout(resolve, pieceMs / 2))
          }
        }
      }
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** What the callee says, one after the other and then the last again, each when the robot has finished. */
const calleeSays = ['喂，你好', '对，我是', '好的，知道了', '好的，再见'] as const
const requirement = '通知张总明天上午9点在三楼会议室开会'
/** The callee picks up, and answers, after so long. */
const THINKS_MS = 500

/** Errors: that of the voice. */
export async function calleeVoice(voice: TtsProvider): Promise<Frame[][]> {
  return await Promise.all(
    calleeSays.map(async (text) => {
      const pieces: Int16Array[] = []
      for await (const event of voice.synthesize(text, { ...defaultVoice, name: 'm3' }, new AbortController().signal)) {
        if (event.type === 'failed') throw event.error
        if (event.type === 'audio') pieces.push(event.pcm)
      }
      return framesOf(Int16Array.from(pieces.flatMap((pcm) => [...pcm])))
    }),
  )
}

/** Where in a conversation something happens. `words`: the callee's second utterance is half said. `reply`: half a second of the robot's reply to it was heard. */
export type Moment = 'first' | 'words' | 'between' | 'reply'

/** One conversation, from its answer to its end. */
export class FaultyConversation {
  readonly line: FakeLine
  readonly loop: VoiceLoop
  readonly events: CallEvent[] = []
  readonly answeredAtMs: number
  end: { end: LoopEnd; atMs: number } | undefined
  readonly #time: FakeTime
  readonly #callee: readonly Frame[][]
  readonly #at: ReadonlyMap<Moment, () => void>
  readonly #reached = new Set<Moment>()
  /** Utterances of the callee begun. */
  #utterances = 0
  #speaksUntilMs = -Infinity
  #quietSinceMs: number
  /** The robot has said something since the callee's last words. */
  #answered = true

  constructor(p: { time: FakeTime; asr: AsrProvider; tts: TtsProvider; callee: readonly Frame[][]; at: ReadonlyMap<Moment, () => void> }) {
    const { time } = p
    this.#time = time
    this.#callee = p.callee
    this.#at = p.at
    this.line = new FakeLine(time)
    this.answeredAtMs = this.#quietSinceMs = time.now()
    this.#reach('first')
    const robot = createRulesRobot({ requirement: compileRequirement(requirement, { acceptedAt: new Date(time.now()) }), now: () => new Date(time.now()), attempt: 1 })
    this.loop = new VoiceLoop({ port: this.line, asr: p.asr, tts: p.tts, voice: { ...defaultVoice, name: 'f3' }, robot, emit: (event) => this.events.push(event), now: time.now })
    this.line.onEvent = (event) => this.loop.onMediaEvent(event)
    void this.loop.ended.then((end) => {
      this.end = { end, atMs: time.now() }
      // The line is gone: what still runs for it would only cost time.
      this.line.close()
    })
    time.everyFrame(() => this.#step())
  }

  /** The longest stretch in which nobody was heard, from the answer to the end. */
  get longestSilenceMs(): number {
    return this.line.longestSilenceMs(this.answeredAtMs, this.end?.atMs, true)
  }

  get said(): string[] {
    return this.events.flatMap((event) => (event.type === 'robot-said' ? [event.text] : []))
  }

  get heard(): string[] {
    return this.events.flatMap((event) => (event.type === 'callee-said' ? [event.text] : []))
  }

  get faults(): string[] {
    return this.events.flatMap((event) => (event.type === 'provider-failed' ? [`${event.provider}: ${event.message}`] : []))
  }

  #step(): void {
    if (this.end) return
    const nowMs = this.#time.now()
    const { speaker } = this.loop.voice
    if (nowMs < this.#speaksUntilMs) {
      this.#quietSinceMs = nowMs
      if (this.#utterances === 2 && this.#speaksUntilMs - nowMs < (this.#callee[1]!.length * FRAME_MS) / 2) this.#reach('words')
      return
    }
    if (speaker.isBusy) {
      this.#answered ||= speaker.current?.startedAtMs !== undefined
      const sinceMs = nowMs - (speaker.current?.startedAtMs ?? nowMs)
      if (this.#utterances === 1 && sinceMs > 200) this.#reach('between')
      if (this.#utterances === 2 && sinceMs > 500) this.#reach('reply')
      this.#quietSinceMs = nowMs
      return
    }
    if (!this.#answered || this.loop.isClosing || nowMs - this.#quietSinceMs < THINKS_MS) return
    const words = this.#callee[Math.min(this.#utterances, this.#callee.length - 1)]!
    this.#utterances += 1
    this.#answered = false
    this.#speaksUntilMs = nowMs + words.length * FRAME_MS
    this.line.say(words)
  }

  #reach(moment: Moment): void {
    if (this.#reached.has(moment)) return
    this.#reached.add(moment)
    this.#at.get(moment)?.()
  }
}

/** Simulated time goes on in steps of a frame, each with some turns of the event loop for the network and at least `paceMs` for processes. */
export async function passTime(time: FakeTime, voice: PatientVoice, p: { until: () => boolean; msMax: number; paceMs: number }): Promise<void> {
  const beginMs = time.now()
  while (!p.until() && time.now() - beginMs < p.msMax) {
    const stepAtMs = nowMs()
    await time.advance(FRAME_MS)
    for (let turn = 0; turn < 6 || voice.pending > 0; turn += 1) await settle()
    const restMs = p.paceMs - (nowMs() - stepAtMs)
    if (restMs > 0) await new Promise((resolve) => trueTimeout(resolve, restMs))
  }
}
