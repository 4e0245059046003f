// Who has the floor of a conversation: carries out on the line's voice what barge-in.ts decides, and judges what was said over it.
// Does not know frames, recognisers, or what the robot makes of a turn.
import { bargeInDefaults, decideFloor, isTurn, type RobotVoice, type Settled, type StretchVoice } from '../speech/barge-in.ts'
import type { Utterance } from '../speech/listener.ts'
import type { Speaker, Speech } from '../speech/speaker.ts'

export type FloorDeps = {
  speaker: Speaker
  now: () => number
  /** Goodbye is being said: it is heard to its end. */
  isClosing(): boolean
  /** The robot lost the floor; before it is silenced. `timeBreak`: by a voice that lasted, not by words. */
  onLost(timeBreak: boolean, words: string): void
}

export class Floor {
  readonly #deps: FloorDeps
  /** Of the stretch that began then. */
  #settled: (Settled & { beginAtMs: number }) | undefined
  #lastSaid: Pick<RobotVoice, 'endsWithQuestion' | 'endAtMs'> = { endAtMs: -Infinity, endsWithQuestion: false }
  #protectedUntilMs = -Infinity

  constructor(deps: FloorDeps) {
    this.#deps = deps
  }

  /** Asked for each frame while the callee speaks; true: they won, and everything that was to be said is dropped. */
  takesFloor(voice: StretchVoice): boolean {
    const { speaker } = this.#deps
    const settled = this.#settled?.beginAtMs === voice.beginAtMs ? this.#settled : undefined
    const robot = this.robot
    const yielding = decideFloor({ stance: speaker.stance, pausedMs: this.#pausedMs, voice, settled, robot })
    if (yielding === 'stop') {
      this.#lose(robot.timeBreakMs !== undefined, voice.partial)
      return true
    }
    if (yielding === 'duck') speaker.duck()
    else if (yielding === 'pause') speaker.pause()
    else if (speaker.stance !== 'full') {
      const { beginAtMs, atMs, voicedMs, partial } = voice
      this.#settled = { beginAtMs, atMs, voicedMs, partial }
      speaker.goOn()
    }
    return false
  }

  /**
   * What a finished stretch of speech was: a turn, or an aside that the robot talks over. Words that came too late to stop it
   * by themselves stop it now.
   */
  judge(utterance: Utterance): 'turn' | 'aside' {
    const { speaker } = this.#deps
    const { text, voicedMs, beginAtMs, endAtMs, confidence, bargeIn, isLost } = utterance
    if (bargeIn) return 'turn'
    const robot = this.robot
    const over = robot.speaking ? robot : this.#lastSaid
    const turn = isTurn({ text, voicedMs, beginAtMs, endAtMs, confidence, isLost, robot: over, overProtected: beginAtMs < this.#protectedUntilMs })
    const wasOver = robot.speaking && endAtMs > (speaker.current?.startedAtMs ?? Infinity)
    if (turn && wasOver && robot.interruptible && robot.timeBreakMs === undefined && !robot.isProtected) this.#lose(false, text)
    else if (speaker.stance !== 'full') speaker.goOn()
    return turn ? 'turn' : 'aside'
  }

  /** Now and then: a robot that yielded to somebody who is gone speaks again. */
  tick(calleeSpeaks: boolean): void {
    const { speaker } = this.#deps
    if (speaker.stance === 'full') return
    const { interruptible } = this.robot
    if (!calleeSpeaks || !interruptible || this.#pausedMs >= bargeInDefaults.pauseMsMax) speaker.goOn()
  }

  /** The robot's say is over. */
  onSaid(speech: Speech, endAtMs: number, cut: boolean): void {
    this.#lastSaid = { endAtMs, endsWithQuestion: endsWithQuestion(speech.text) && !cut }
  }

  /** Of whoever speaks on our side now. */
  get robot(): RobotVoice {
    const { speaker, now } = this.#deps
    const speech = speaker.current
    if (speech?.startedAtMs === undefined) return { speaking: false, interruptible: false, isProtected: false, timeBreakMs: undefined, endsWithQuestion: false, endAtMs: -Infinity }
    if (speech.protectedMs !== undefined) this.#protectedUntilMs = speech.startedAtMs + speech.protectedMs
    return {
      speaking: true,
      interruptible: speech.interruptible && !this.#deps.isClosing(),
      isProtected: speech.protectedMs !== undefined && now() < this.#protectedUntilMs,
      timeBreakMs: speech.timeBreakMs,
      endsWithQuestion: endsWithQuestion(speech.text),
      endAtMs: speaker.currentEndAtMs,
    }
  }

  get #pausedMs(): number {
    const { speaker, now } = this.#deps
    return speaker.pausedSinceMs === undefined ? 0 : now() - speaker.pausedSinceMs
  }

  #lose(timeBreak: boolean, words: string): void {
    this.#deps.onLost(timeBreak, words)
    this.#deps.speaker.stop()
  }
}

function endsWithQuestion(text: string): boolean {
  return /[？?]$/.test(text)
}
