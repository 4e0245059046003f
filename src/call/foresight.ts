// Thinks ahead: what the robot would answer, and the first audio of it, while the callee may still go on. Does not know audio, or when turns end.
import { log } from '../log.ts'
import type { Robot, RobotEvent } from '../robot/robot.ts'
import { clausesOf } from '../speech/clauses.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'

/** Of what is foreseen, so many clauses are synthesised: the rest is made while they are heard. */
const CLAUSES_MAX = 2
/** Answers that are begun in vain cost tokens and characters: after so many for one turn its end is waited for. */
const TRIES_PER_TURN_MAX = 3
/** A synthesiser that is slower than this is of no use here. */
const SYNTHESIS_MS_MAX = 5_000

/** What was thought out for the turn that was just taken. `sinceMs`: when that began, on the nowMs clock; undefined: nothing was. `clauses`: those at hand. */
export type Ahead = { sinceMs: number | undefined; clauses: ReadonlySet<string>; dropped: number }

export type ForesightDeps = { robot: Pick<Robot, 'foresee'>; tts: TtsProvider; voice: Voice; now: () => number }

/**
 * Synthesis ahead fills the cache of the provider it is given; whoever asks for the same clause then finds it made, or being made.
 * Nothing of it is heard, and the robot stands where it stood.
 */
export class Foresight {
  readonly #deps: ForesightDeps
  #thought: { words: string; sinceMs: number; clauses: Set<string>; abort: AbortController } | undefined
  #tries = 0
  #dropped = 0

  constructor(deps: ForesightDeps) {
    this.#deps = deps
  }

  /** The callee pauses after these words: they may be the whole turn. */
  consider(words: string, event: RobotEvent): void {
    if (!this.#deps.robot.foresee || this.#thought?.words === words || this.#tries >= TRIES_PER_TURN_MAX) return
    this.#drop()
    this.#tries += 1
    const thought = { words, sinceMs: this.#deps.now(), clauses: new Set<string>(), abort: new AbortController() }
    this.#thought = thought
    void this.#think(event, thought.clauses, thought.abort.signal)
  }

  /** The callee has gone on: whatever was thought out for other words is given up. */
  hear(words: string): void {
    if (this.#thought && this.#thought.words !== words) this.#drop()
  }

  /** The turn is taken. What was thought out stays at hand until the next one begins. */
  take(): Ahead {
    const ahead = { sinceMs: this.#thought?.sinceMs, clauses: this.#thought?.clauses ?? new Set<string>(), dropped: this.#dropped }
    this.#tries = 0
    this.#dropped = 0
    // The words of the next turn may be the same; what was thought for these is not for those.
    if (this.#thought) this.#thought.words = ''
    return ahead
  }

  close(): void {
    this.#thought?.abort.abort()
    this.#thought = undefined
    this.#tries = Infinity
  }

  #drop(): void {
    if (!this.#thought) return
    // What was taken was not in vain.
    if (this.#thought.words !== '') this.#dropped += 1
    this.#thought.abort.abort()
    this.#thought = undefined
  }

  /** Never rejects: what cannot be foreseen is waited for. */
  async #think(event: RobotEvent, clauses: Set<string>, signal: AbortSignal): Promise<void> {
    const { robot, tts, voice } = this.#deps
    try {
      for await (const text of robot.foresee!(event, signal)) {
        for (const { text: clause } of clausesOf(text)) {
          if (signal.aborted || clauses.size >= CLAUSES_MAX) break
          clauses.add(clause)
          await makeReady(tts, clause, voice, signal)
        }
        if (signal.aborted) return
      }
    } catch (error) {
      log.warn({ err: error }, 'an answer could not be foreseen')
    }
  }
}

/** Has the first words of the robot made while it rings: `event` is the answer that is hoped for. Never rejects. */
export async function prepareOpening(deps: Omit<ForesightDeps, 'now'>, event: RobotEvent, signal: AbortSignal): Promise<void> {
  try {
    for await (const text of deps.robot.foresee?.(event, signal) ?? []) {
      for (const { text: clause } of clausesOf(text)) if (!signal.aborted) await makeReady(deps.tts, clause, deps.voice, signal)
    }
  } catch (error) {
    log.warn({ err: error }, 'an opening could not be made ready')
  }
}

async function makeReady(tts: TtsProvider, text: string, voice: Voice, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(SYNTHESIS_MS_MAX)])
  for await (const event of tts.synthesize(text, voice, limit)) if (event.type !== 'audio' || limit.aborted) return
}
