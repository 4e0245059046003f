// Knows what the callee of a scenario does next. Does not know whether that becomes text or sound.
import type { CalleeTurn, Scripted } from './scenario.ts'

/** When the scenario has no turn left and the robot still asks: one polite answer after the other, then the receiver goes down. */
const fillers = ['好的', '好的，再见', '再见'] as const

export type NextTurn = { index: number | undefined; turn: CalleeTurn }

export class ScenarioScript {
  readonly scenario: Scripted
  #next = 0
  #fillers = 0

  constructor(scenario: Scripted) {
    this.scenario = scenario
  }

  /** The callee had more patience than the scenario. */
  get ranOut(): boolean {
    return this.#fillers > fillers.length
  }

  /** The robot begins to speak: what is said over it, if the next turn is of that kind. */
  over(): { index: number; says: string; overMs: number; murmur: boolean } | undefined {
    const turn = this.scenario.turns[this.#next]
    if (turn === undefined) return undefined
    if ('murmurs' in turn) return { index: this.#next++, says: turn.murmurs, overMs: turn.overMs, murmur: true }
    if ('says' in turn && turn.overMs !== undefined) return { index: this.#next++, says: turn.says, overMs: turn.overMs, murmur: false }
    return undefined
  }

  /** The robot has finished: what the callee does. Undefined for a machine that has said its greeting, and when nothing is left at all. */
  reply(): NextTurn | undefined {
    const index = this.#next
    const turn = this.scenario.turns[index]
    if (turn !== undefined) {
      this.#next += 1
      return { index, turn }
    }
    if (this.scenario.callee.machine !== undefined) return undefined
    const filler = fillers[this.#fillers++]
    return { index: undefined, turn: filler === undefined ? { hangsUp: true } : { says: filler, afterMs: 500, confirms: false, denies: false, expect: [], never: [] } }
  }
}
