// What a callee hears who waits for somebody else: a line, then a tone, again and again. Does not know whom they wait for.
import { SAMPLE_RATE_HZ } from '../media/frame.ts'
import { ToneGenerator, tones, type Tone } from '../media/tone.ts'
import type { LineVoice } from './line-voice.ts'

/** So long between two lines: long enough not to nag, short enough to say that nobody was forgotten. */
const TONE_MS = 15_000

export type Waiting = {
  /** Said first. */
  line: string
  /** Said again and again afterwards. */
  again: string
  tone: Tone
}

export const waitings = {
  colleague: { line: '正在为您接通人工，请稍等。', again: '还在为您接通，请不要挂机。', tone: tones.ringback },
  // For whoever is connected with somebody who is no colleague of ours.
  party: { line: '正在为您呼叫对方，请稍等。', again: '还在呼叫对方，请不要挂机。', tone: tones.ringback },
  // A short, soft pip now and then: not to be taken for any tone of the network.
  hold: { line: '请您稍等一下。', again: '请您再稍等一下。', tone: { frequencyHz: 700, cadenceMs: [120, 2_880] } },
} as const satisfies Record<string, Waiting>

/** −24 dBm0: below a voice. */
const HOLD_LEVEL_DBM0 = -24

export class WaitingSound {
  readonly #voice: LineVoice
  readonly #goesOn: () => boolean
  #stopped = false
  /** Before it began what is heard is somebody else's. */
  #began = false

  /** Begins when all that is being said was heard; falls silent for good when `goesOn` says so, because the line says goodbye. */
  constructor(voice: LineVoice, waiting: Waiting, goesOn: () => boolean) {
    this.#voice = voice
    this.#goesOn = goesOn
    void this.#run(waiting)
  }

  /** Silent within a packet. Safe to call twice. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    if (this.#began) this.#voice.speaker.stop()
  }

  async #run({ line, again, tone }: Waiting): Promise<void> {
    const pcm = new ToneGenerator(tone, tone.frequencyHz === tones.ringback.frequencyHz ? undefined : HOLD_LEVEL_DBM0).next((TONE_MS * SAMPLE_RATE_HZ) / 1_000)
    await this.#voice.quiet()
    this.#began = true
    for (let text = line; this.#waits; text = again) {
      await this.#voice.insert({ text, interruptible: false, source: 'waiting' })
      if (!this.#waits) return
      const { cut } = await this.#voice.insert({ text: '', pcm, interruptible: false, source: 'waiting' })
      // Somebody else spoke in between.
      if (cut) await this.#voice.quiet()
    }
  }

  get #waits(): boolean {
    return !this.#stopped && !this.#voice.isClosed && this.#goesOn()
  }
}
