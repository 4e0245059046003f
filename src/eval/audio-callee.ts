// Knows how the callee of a scenario takes part in a call of sound, and what of it took place. Does not know SIP, RTP or the robot.
import type { CalleeScript, Over, Persona, Reply } from '../simulator/persona.ts'
import { ScenarioScript } from './callee-script.ts'
import type { CalleeLine } from './record.ts'
import type { Scripted } from './scenario.ts'
import type { Variation } from './variation.ts'

/** The callee hears that the robot has finished only after this silence, so a pause of a scenario is shorter by it. */
const turnSilenceMs = 870

export class AudioCallee implements CalleeScript {
  readonly voice: string
  readonly greeting: string | undefined
  readonly backchannels: Persona['backchannels'] = undefined
  /** What was really said, done or left unsaid; times on the clock of the media. */
  readonly lines: CalleeLine[] = []
  readonly #script: ScenarioScript
  readonly #variation: Variation
  readonly #now: () => number
  /** Handed out and not yet over. */
  #coming: { says: string; turn: number | undefined }[] = []
  /** A turn over the robot's words that still waits for its moment. */
  #over: { index: number; says: string } | undefined

  constructor(scenario: Scripted, variation: Variation, now: () => number) {
    this.#script = new ScenarioScript(scenario)
    this.#variation = variation
    this.#now = now
    this.voice = scenario.callee.voice
    this.greeting = scenario.callee.greeting
  }

  /** The robot went on asking after the scenario was over. */
  get ranOut(): boolean {
    return this.#script.ranOut
  }

  over(): readonly Over[] {
    if (this.#over !== undefined) return []
    const next = this.#script.over()
    if (next === undefined) return []
    const waiting = { index: next.index, says: next.murmur ? next.says : this.#variation.words(next.says) }
    this.#over = waiting
    return [{
      afterMs: this.#variation.ms(next.overMs), says: waiting.says, murmur: next.murmur,
      // Said once: now, or as an answer when the robot was done before.
      isDue: () => this.#over === waiting && (this.#take(waiting), true),
    }]
  }

  replyTo(): Reply {
    const waiting = this.#over
    if (waiting !== undefined) {
      this.#take(waiting)
      return { says: waiting.says, hangsUp: false }
    }
    const next = this.#script.reply()
    if (next === undefined) return { hangsUp: false }
    const { turn, index } = next
    if ('hangsUp' in turn) return { hangsUp: true }
    if ('silent' in turn) {
      this.#note('', index)
      return { hangsUp: false }
    }
    if ('presses' in turn) {
      this.#note(`[${turn.presses}]`, index)
      return { presses: turn.presses, hangsUp: false }
    }
    const says = 'murmurs' in turn ? turn.murmurs : this.#variation.words(turn.says)
    this.#coming.push({ says, turn: index })
    return { says, hangsUp: false, afterMs: 'says' in turn ? Math.max(0, this.#variation.ms(turn.afterMs) - turnSilenceMs) || undefined : undefined }
  }

  said(text: string, beginAtMs: number, endAtMs: number): void {
    const at = this.#coming.findIndex(({ says }) => says === text)
    const turn = at < 0 ? undefined : this.#coming.splice(at, 1)[0]!.turn
    this.lines.push({ by: 'callee', said: text, beginAtMs, endAtMs, turn })
  }

  #take(waiting: { index: number; says: string }): void {
    this.#over = undefined
    this.#coming.push({ says: waiting.says, turn: waiting.index })
  }

  #note(said: string, turn: number | undefined): void {
    this.lines.push({ by: 'callee', said, beginAtMs: this.#now(), endAtMs: this.#now(), turn })
  }
}
