// Lets a conversation of the rules be tried out: what was done to it is done again to a fresh one, which then hears what may come next.
// Knows the calls that move a conversation. Does not know what they do.
import type { RobotAction, RobotEvent } from './robot.ts'
import type { ConversationState, FreeEnd, OpenTurn, Rehearsal, RulesConversation } from './rules-conversation.ts'

/** What moves a conversation; the rest is asked of it. */
export type RulesCore = Omit<RulesConversation, 'handle' | 'foresee' | 'rehearse'>

/** A conversation of more steps is not tried out any more: every step is taken again each time. */
const STEPS_MAX = 300

type Step = { at: Date; take: (rules: RulesCore) => unknown }

/** The conversation itself, with a journal of its steps. Made anew by `make`, on a clock that shows what it showed then. */
export class Rehearsed implements RulesConversation {
  readonly kind: string
  readonly hotWords: readonly string[]
  readonly phrases: readonly string[]
  readonly #make: (now: () => Date) => RulesCore
  readonly #now: () => Date
  readonly #rules: RulesCore
  readonly #bornAt: Date
  readonly #journal: Step[] = []

  constructor(now: () => Date, make: (now: () => Date) => RulesCore) {
    this.#make = make
    this.#now = now
    this.#bornAt = now()
    this.#rules = make(now)
    this.kind = this.#rules.kind
    this.hotWords = this.#rules.hotWords
    this.phrases = this.#rules.phrases
  }

  async *handle(event: RobotEvent, signal: AbortSignal): AsyncIterable<RobotAction> {
    const actions = this.react(event)
    for (const [i, action] of actions.entries()) {
      if (signal.aborted) {
        this.takeBack(actions.slice(i))
        return
      }
      yield action
    }
  }

  async *foresee(event: RobotEvent): AsyncIterable<string> {
    yield* spokenBy(this.rehearse(event)?.actions ?? [])
  }

  rehearse(event: RobotEvent): Rehearsal | undefined {
    if (this.#journal.length > STEPS_MAX) return undefined
    let at = this.#bornAt
    const twin = this.#make(() => at)
    for (const step of this.#journal) {
      at = step.at
      step.take(twin)
    }
    at = this.#now()
    const actions = twin.react(event)
    return { actions, state: twin.state, openTurn: twin.openTurn }
  }

  react(event: RobotEvent): RobotAction[] {
    return this.#step((rules) => rules.react(event))
  }

  takeBack(actions: readonly RobotAction[]): void {
    this.#step((rules) => rules.takeBack(actions))
  }

  get openTurn(): OpenTurn | undefined {
    return this.#rules.openTurn
  }

  get state(): ConversationState {
    return this.#rules.state
  }

  sayFreely(text: string): RobotAction | undefined {
    return this.#step((rules) => rules.sayFreely(text))
  }

  noteFreely(learnt: { slots?: Readonly<Record<string, string>>; callBack?: string | undefined }): RobotAction | undefined {
    return this.#step((rules) => rules.noteFreely(learnt))
  }

  settle(): RobotAction[] {
    return this.#step((rules) => rules.settle())
  }

  endFreely(how: FreeEnd, farewell?: string): RobotAction[] | undefined {
    return this.#step((rules) => rules.endFreely(how, farewell))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rules[Symbol.asyncDispose]()
  }

  #step<T>(take: (rules: RulesCore) => T): T {
    if (this.#journal.length <= STEPS_MAX) this.#journal.push({ at: this.#now(), take })
    return take(this.#rules)
  }
}

/** The words of says, one after the other. */
export function spokenBy(actions: readonly RobotAction[]): string[] {
  return actions.flatMap((action) => (action.type === 'say' ? [action.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')] : []))
}
