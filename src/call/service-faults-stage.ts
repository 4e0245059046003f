// Knows how conversations through failing services are put together as the server does it, run side by side, and what is held of each. Used by tests only.
import assert from 'node:assert/strict'
import type { Ears } from '../speech/asr/fake-services.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { TtsChain } from '../speech/fallback/tts-chain.ts'
import { FakeTime } from '../speech/testing.ts'
import { SynthesisCache } from '../speech/tts/cache.ts'
import { createEspeak } from '../speech/tts/espeak/provider.ts'
import type { TtsProvider } from '../speech/tts/provider.ts'
import { calleeVoice, earsInThread, FaultyConversation, passTime, PatientVoice, type Moment } from './service-faults-rig.ts'

const SILENCE_MS_MAX = 2_500
/** A conversation without any fault takes 20 s. */
const CALL_MS_MAX = 90_000

export type Held = {
  name: string
  conversation: FaultyConversation
  /** Whatever fails, what the conversation is for is done. */
  mustConfirm: boolean
  /** Ends the provider. */
  close: () => Promise<void>
  /** Connections that are left. */
  left: () => number
}

export class FaultStage implements AsyncDisposable {
  readonly ears: Ears = earsInThread()
  readonly voice: PatientVoice
  readonly time: FakeTime
  readonly #callee: Awaited<ReturnType<typeof calleeVoice>>
  readonly #paceMs: number
  readonly #stack: AsyncDisposableStack

  private constructor(stack: AsyncDisposableStack, time: FakeTime, voice: PatientVoice, callee: Awaited<ReturnType<typeof calleeVoice>>, paceMs: number) {
    this.#stack = stack
    this.time = time
    this.voice = voice
    this.#callee = callee
    this.#paceMs = paceMs
  }

  /** `paceMs`: a frame takes at least so long, for providers that have processes. The clock is a simulated one from here on. */
  static async open(paceMs = 0): Promise<FaultStage> {
    const stack = new AsyncDisposableStack()
    const voice = stack.use(new PatientVoice(createEspeak({ practiceAfterMs: 3_600_000 })))
    await voice.warmUp()
    const time = stack.use(new FakeTime())
    // On a simulated clock, so that a machine that is slow to speak is waited for.
    let made = false
    const callee = calleeVoice(voice).finally(() => (made = true))
    await Promise.all([callee, passTime(time, voice, { until: () => made, msMax: 5_000, paceMs: 0 })])
    return new FaultStage(stack, time, voice, await callee, paceMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }

  /** One of the two is under test; the other one works. */
  begin(p: { asr?: AsrProvider | undefined; tts?: TtsProvider | undefined; at: ReadonlyMap<Moment, () => void> }): FaultyConversation {
    const hears = p.asr ?? ({ ...this.ears, name: 'in-thread', capabilities: { partials: true, hotWords: false, understands: 'simulator' }, warmUp: async () => {}, [Symbol.asyncDispose]: async () => {} } satisfies AsrProvider)
    const speaks = p.tts ? this.#withLastResort(p.tts) : unowned(this.voice)
    return new FaultyConversation({ time: this.time, asr: hears, tts: speaks, callee: this.#callee, at: p.at })
  }

  async untilAllEnded(held: readonly Held[]): Promise<void> {
    await this.pass({ until: () => held.every(({ conversation }) => conversation.end), msMax: CALL_MS_MAX })
  }

  pass(p: { until: () => boolean; msMax: number }): Promise<void> {
    return passTime(this.time, this.voice, { ...p, paceMs: this.#paceMs })
  }

  /** Time goes on while something is waited for. */
  async passing(work: PromiseLike<unknown>, msMax = 10_000): Promise<void> {
    let over = false
    void work.then(() => (over = true), () => (over = true))
    await this.pass({ until: () => over, msMax })
    assert.ok(over, 'does not come to an end')
    await work
  }

  /** What is held of every conversation that is over. Errors: AssertionError that tells the conversation. */
  async check({ name, conversation, mustConfirm, close, left }: Held): Promise<void> {
    const { said, heard, longestSilenceMs, end, faults } = conversation
    const told = `${name}: ${JSON.stringify({ longestSilenceMs, end: end?.end, said, heard, faults })}`
    try {
      assert.ok(end, `never ends: ${told}`)
      assert.ok(longestSilenceMs <= SILENCE_MS_MAX, `silent for ${longestSilenceMs} ms: ${told}`)
      assert.match(said.at(-1) ?? '', /再见。$/, `no goodbye: ${told}`)
      if (mustConfirm) assert.equal(conversation.loop.conversation, 'confirmed', told)
    } finally {
      // Whatever became of it, nothing stays behind.
      await this.passing(conversation.loop.close())
      await this.passing(close())
      await this.pass({ until: () => left() === 0, msMax: 2_000 })
    }
    assert.equal(left(), 0, `${name}: connections are left`)
  }

  /** As the server puts them together: the built-in voice is the last resort. */
  #withLastResort(provider: TtsProvider): TtsProvider {
    return new SynthesisCache(new TtsChain([{ provider }, { provider: unowned(this.voice), voiceName: 'f3', lastResort: true }], this.time.now))
  }
}

function unowned(voice: TtsProvider): TtsProvider {
  return { name: voice.name, warmUp: () => voice.warmUp(), synthesize: (text, as, signal) => voice.synthesize(text, as, signal), [Symbol.asyncDispose]: async () => {} }
}
