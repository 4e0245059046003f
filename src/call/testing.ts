// Knows how to hold a conversation in simulated time: a robot and a callee whom the test plays. Used by tests only.
import type { CallEvent } from '../events.ts'
import type { Robot, RobotAction, RobotEvent } from '../robot/robot.ts'
import { FakeAsr, FakeLine, FakeTime, FakeTts } from '../speech/testing.ts'
import { defaultVoice } from '../speech/tts/provider.ts'
import { VoiceLoop, type LoopEnd, type VoiceLoopOptions } from './voice-loop.ts'

export type Reaction = (event: RobotEvent, signal: AbortSignal) => Iterable<RobotAction> | AsyncIterable<RobotAction>

let says = 0

export function say(text: string, more: Partial<Extract<RobotAction, { type: 'say' }>> = {}): RobotAction {
  says += 1
  return { type: 'say', id: `say-${says}`, parts: [{ type: 'text', text }], interruptible: true, ...more }
}

/** Never answers and does not care about its signal. */
export async function* hangs(): AsyncGenerator<RobotAction> {
  await new Promise(() => {})
  yield { type: 'stop' }
}

export function after(ms: number, ...actions: RobotAction[]): AsyncIterable<RobotAction> {
  return (async function* () {
    await new Promise((resolve) => setTimeout(resolve, ms))
    yield* actions
  })()
}

export class FakeRobot implements Robot {
  readonly kind = 'fake'
  readonly hotWords = ['张总']
  readonly phrases = ['我是']
  readonly events: RobotEvent[] = []
  disposed = 0
  react: Reaction

  constructor(react: Reaction = () => []) {
    this.react = react
  }

  async *handle(event: RobotEvent, signal: AbortSignal): AsyncGenerator<RobotAction> {
    this.events.push(event)
    yield* this.react(event, signal)
  }

  of<Type extends RobotEvent['type']>(type: Type): Extract<RobotEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<RobotEvent, { type: Type }> => event.type === type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1
  }
}

/** Greets, then answers each turn of the callee with what `turn` gives. */
export function greets(turn: Reaction = () => []): Reaction {
  return (event, signal) => (event.type === 'answered' ? [say('您好，我是助理。')] : event.type === 'utterance' ? turn(event, signal) : [])
}

/** A conversation that has just been answered. */
export class Conversation implements AsyncDisposable {
  readonly time: FakeTime
  readonly line: FakeLine
  readonly asr: FakeAsr
  readonly tts = new FakeTts()
  readonly robot: FakeRobot
  readonly events: CallEvent[] = []
  readonly loop: VoiceLoop
  readonly answeredAtMs: number
  end: { end: LoopEnd; atMs: number } | undefined

  constructor(react?: Reaction, more: { options?: Partial<VoiceLoopOptions>; prepare?: (conversation: Conversation) => void; emit?: (event: CallEvent) => void } = {}) {
    this.time = new FakeTime()
    this.line = new FakeLine(this.time)
    this.asr = new FakeAsr(this.time.now)
    this.robot = new FakeRobot(react)
    more.prepare?.(this)
    this.answeredAtMs = this.time.now()
    this.loop = new VoiceLoop({
      port: this.line,
      asr: this.asr,
      tts: this.tts,
      voice: defaultVoice,
      robot: this.robot,
      emit: (event) => {
        this.events.push(event)
        more.emit?.(event)
      },
      now: this.time.now,
      options: more.options ?? {},
    })
    this.line.onEvent = (event) => this.loop.onMediaEvent(event)
    void this.loop.ended.then((end) => (this.end = { end, atMs: this.time.now() }))
  }

  /** Time since the answer. */
  get ms(): number {
    return this.time.now() - this.answeredAtMs
  }

  advance(ms: number): Promise<void> {
    return this.time.advance(ms)
  }

  /** The callee says this for so long. */
  async hears(text: string, ms = 600): Promise<void> {
    this.asr.texts.push(text)
    this.line.speak(ms)
    await this.advance(ms)
  }

  /** Until the greeting is over, and a moment longer. */
  async greeted(): Promise<void> {
    await this.advance(3_000)
  }

  of<Type extends CallEvent['type']>(type: Type): Extract<CallEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<CallEvent, { type: Type }> => event.type === type)
  }

  /** What the callee heard from us, in order. */
  get said(): string[] {
    return this.of('robot-said').map(({ text }) => text)
  }

  async close(): Promise<void> {
    const closed = this.loop.close()
    await this.advance(2_000)
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    this.time[Symbol.dispose]()
  }
}
