// A speaking callee: listens, takes turns, interrupts, murmurs, presses keys. In audio only: nothing else reaches it.
// Does not know SIP or the number table.
import type { MediaEvent, MediaPort } from '../media/engine.ts'
import { Listener } from '../speech/listener.ts'
import { Speaker, type SpeakerPort } from '../speech/speaker.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { defaultVoice, type TtsProvider } from '../speech/tts/provider.ts'
import { log } from '../log.ts'
import type { CalleeScript, Over, Reply } from './persona.ts'

/** A person says 喂 a moment after picking up. */
const GREETING_AFTER_MS = 350
/** People answer after a short think. It comes on top of the end-of-turn silence. */
const THINK_MS = 120
/** The robot pauses up to 260 ms inside a turn; a person waits longer than that before replying. */
const TURN_SILENCE_MS = 750
const FAREWELL_MS = 250
/** Between two words of a sentence nobody has stopped talking. */
const VOICE_GAP_MS = 400
/** Somebody who has just asked something waits for the answer instead of replying to what came before. */
const WAITS_FOR_ANSWER_MS = 3_000

export type CalleeDeps = {
  port: SpeakerPort & Pick<MediaPort, 'sendDigits'>
  asr: AsrProvider
  tts: TtsProvider
  script: CalleeScript
  now: () => number
  /** Something was said to its end. */
  onSaid?: (text: string) => void
  hangUp(): void
}

export class Callee {
  readonly #deps: CalleeDeps
  readonly #script: CalleeScript
  readonly #speaker: Speaker
  readonly #listener: Listener
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Turns of the caller begun since the greeting. */
  #turns = 0
  #wasSpeaking = false
  #murmurs = 0
  #murmurTimer: NodeJS.Timeout | undefined
  #leaving = false
  #closed = false
  #interruptedAtMs = -Infinity

  constructor(deps: CalleeDeps) {
    this.#deps = deps
    this.#script = deps.script
    this.#speaker = new Speaker({
      port: deps.port,
      tts: deps.tts,
      voice: { ...defaultVoice, name: deps.script.voice },
      now: deps.now,
      onStarted: () => {},
      onEnded: ({ text }, { heardText, cut, beginAtMs, endAtMs }) => {
        if (!cut && heardText !== '') {
          deps.onSaid?.(heardText)
          this.#script.said?.(text, beginAtMs, endAtMs)
        }
        this.#maybeLeave()
      },
      onFailed: () => {},
    })
    this.#listener = new Listener({
      asr: deps.asr,
      hotWords: [],
      phrases: [],
      now: deps.now,
      robotSpeech: () => ({ speaking: false }),
      isTurnOver: ({ silenceMs }) => silenceMs >= TURN_SILENCE_MS,
      onPartial: () => {},
      onUtterance: ({ text, beginAtMs }) => this.#after(THINK_MS, () => this.#reply(text, beginAtMs)),
      onFailed: () => {},
    })
    const { greeting } = deps.script
    if (greeting) this.#after(GREETING_AFTER_MS, () => this.#say(greeting))
  }

  onMediaEvent(event: MediaEvent): void {
    if (this.#closed) return
    this.#speaker.onMediaEvent(event)
    if (event.type !== 'frames') return
    this.#listener.push(event.atMs, event.frames, event.voices)
    if (this.#listener.isSpeaking && !this.#wasSpeaking) this.#onCallerBegins()
    this.#wasSpeaking = this.#listener.isSpeaking
  }

  /** The line is gone; safe to call twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    clearInterval(this.#murmurTimer)
    this.#listener.close()
    this.#speaker.close()
  }

  #onCallerBegins(): void {
    this.#turns += 1
    for (const over of this.#script.over(this.#turns)) this.#after(over.afterMs, () => this.#interrupt(over))
    const { backchannels } = this.#script
    if (!backchannels) return
    clearInterval(this.#murmurTimer)
    this.#murmurTimer = setInterval(() => {
      if (!this.#listener.isSpeaking) return clearInterval(this.#murmurTimer)
      if (this.#callerIsHeard && !this.#speaker.isBusy && !this.#leaving) this.#say(backchannels.words[this.#murmurs++ % backchannels.words.length]!)
    }, backchannels.everyMs)
  }

  /** The caller talks at this moment; the turn itself is over only later. */
  get #callerIsHeard(): boolean {
    return this.#deps.now() - this.#listener.lastVoicedAtMs <= VOICE_GAP_MS
  }

  /** Who breaks into a pause answers instead. */
  #interrupt({ says, murmur, isDue }: Over): void {
    if (!this.#callerIsHeard || isDue?.() === false) return
    if (!murmur) this.#interruptedAtMs = this.#deps.now()
    this.#say(says)
  }

  #reply(heard: string, beginAtMs: number): void {
    log.trace({ heard }, 'callee heard')
    // The caller went on talking: a person waits for the end.
    if (this.#listener.isSpeaking || this.#leaving) return
    if (this.#interruptedAtMs > beginAtMs && this.#deps.now() - this.#interruptedAtMs < WAITS_FOR_ANSWER_MS) return
    // Nobody answers before they have finished what they are saying themselves.
    if (this.#speaker.isBusy) return this.#after(THINK_MS, () => this.#reply(heard, beginAtMs))
    const reply = this.#script.replyTo(heard)
    if (reply.afterMs === undefined) this.#give(reply)
    else this.#after(reply.afterMs, () => this.#give(reply))
  }

  #give(reply: Reply): void {
    if (reply.presses) this.#press(reply.presses)
    if (reply.says && !this.#speaker.isBusy) this.#say(reply.says)
    if (reply.hangsUp) {
      this.#leaving = true
      this.#maybeLeave()
    }
  }

  #press(keys: string): void {
    try {
      this.#deps.port.sendDigits(keys)
    } catch (error) {
      // The caller's phone takes no telephone events; a person would press in vain as well.
      log.warn({ err: error }, 'a callee could not press keys')
    }
  }

  #say(text: string): void {
    if (!this.#leaving) this.#speaker.say({ id: text, text, interruptible: false })
  }

  #maybeLeave(): void {
    if (this.#leaving && !this.#closed && !this.#speaker.isBusy) this.#after(FAREWELL_MS, () => this.#deps.hangUp())
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
  }
}
