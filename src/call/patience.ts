// What is done in a silence: who has to say something, after how long, and when the robot is given up.
// Does not know what is said, or how the silence is broken.
import type { VoiceLoopOptions } from './voice-loop-options.ts'

export type PatienceDeps = {
  options: Pick<VoiceLoopOptions, 'muteMs' | 'fillAfterMs' | 'robotGiveUpMs'>
  now: () => number
  speaker: { readonly isBusy: boolean; readonly current: { firstAudioAtMs?: number | undefined } | undefined; readonly audibleUntilMs: number }
  listener: { readonly isSpeaking: boolean; readonly lastVoicedAtMs: number }
  runner: { readonly isBusy: boolean; readonly owesAnswer: boolean; readonly activeAtMs: number }
  /** What is being said, or next, is the robot's. */
  robotSpeaks(): boolean
  /** The conversation has begun. */
  isOpened(): boolean
  isClosing(): boolean
  /** Says the `nth` line that fills a wait; false when there is none left. */
  sayWaitLine(nth: number): boolean
  /** Nobody has spoken for the mute time; `count` counts since the callee last spoke. */
  onSilence(count: number): void
  onRobotFailed(message: string): void
}

export class Patience {
  readonly #deps: PatienceDeps
  /** Mute time until the robot is told about silence. */
  muteMs: number
  #lastActivityAtMs: number
  /** Since when the callee waits for an answer, when it is not since their last sound. */
  #owedSinceMs: number
  #robotEndAtMs = -Infinity
  #silences = 0
  #waitLinesSaid = 0

  constructor(deps: PatienceDeps) {
    this.#deps = deps
    this.muteMs = deps.options.muteMs
    this.#lastActivityAtMs = this.#owedSinceMs = deps.now()
  }

  /** Everything begins here, again: the true answer. */
  restart(nowMs: number): void {
    this.#lastActivityAtMs = this.#owedSinceMs = nowMs
  }

  /** Something was said or heard. */
  touch(): void {
    this.#lastActivityAtMs = this.#deps.now()
  }

  /** The callee spoke: what silence there was is over. */
  heard(): void {
    this.touch()
    this.#silences = 0
  }

  /** The callee has to be answered. */
  owe(sinceMs: number): void {
    this.#owedSinceMs = sinceMs
    this.#waitLinesSaid = 0
  }

  robotStarted(): void {
    this.#waitLinesSaid = 0
  }

  robotSaid(endAtMs: number): void {
    this.#robotEndAtMs = endAtMs
  }

  tick(nowMs: number): void {
    this.#considerWaitLine(nowMs)
    this.#considerGivingUp(nowMs)
    this.#considerSilence(nowMs)
  }

  /** Somebody waits for an answer in a silent line. A say whose audio is on its way is as good as heard. */
  #considerWaitLine(nowMs: number): void {
    const { options, runner, listener, speaker } = this.#deps
    if (!runner.owesAnswer && !listener.isSpeaking && !speaker.isBusy) return
    if (speaker.current?.firstAudioAtMs !== undefined) return
    const silentSinceMs = Math.max(speaker.audibleUntilMs, listener.lastVoicedAtMs, this.#owedSinceMs)
    if (nowMs - silentSinceMs < options.fillAfterMs) return
    if (!this.#deps.sayWaitLine(this.#waitLinesSaid++) && runner.owesAnswer) this.#deps.onRobotFailed('no answer although the callee was asked to wait')
  }

  #considerGivingUp(nowMs: number): void {
    const { options, runner } = this.#deps
    if (this.#deps.isClosing() || !runner.isBusy || this.#deps.robotSpeaks()) return
    if (nowMs - Math.max(runner.activeAtMs, this.#robotEndAtMs) < options.robotGiveUpMs) return
    this.#deps.onRobotFailed(`no answer within ${options.robotGiveUpMs} ms`)
  }

  #considerSilence(nowMs: number): void {
    const { speaker, listener, runner } = this.#deps
    if (!this.#deps.isOpened() || this.#deps.isClosing()) return
    if (speaker.isBusy || listener.isSpeaking || runner.isBusy) return this.touch()
    if (nowMs - this.#lastActivityAtMs < this.muteMs) return
    this.touch()
    this.owe(nowMs)
    this.#deps.onSilence(++this.#silences)
  }
}
