// Knows where a conversation of the rules stands, what was learnt and what was given out. Does not know what is said when.
import type { Stage } from './conversation-policy.ts'
import { tells } from './fact-coverage.ts'
import { FactProgress } from './fact-progress.ts'
import { type Identity, maySpeak } from './identity-gate.ts'
import { type Lines, lines } from './lines.ts'
import { type Question, type Requirement, speak } from './requirement.ts'
import type { RobotAction, RobotNote } from './robot.ts'

/** Words that a callee may murmur over. Anything else waits for an answer. */
export type SayKind = 'disclosure' | 'fact' | 'other'

/** The state of one conversation. Everything that is said leaves through `say`, so the identity gate sees all of it. */
export class Talk {
  readonly requirement: Requirement
  readonly now: () => Date
  readonly progress: FactProgress
  lines: Lines
  stage: Stage = 'identity'
  identity: Identity = 'unknown'
  /** Words or a key came from the other side. */
  calleeSpoke = false
  /** Somebody else said so, even if they had passed for the person before. */
  thirdParty = false
  callBackAt: string | undefined
  /** The human to hand the callee to, E.164; undefined when there is none, or was tried in vain. */
  handover: string | undefined
  /** We asked for that human. */
  handingOver = false
  slots: Readonly<Record<string, string>> = {}
  /** The callee broke in before the words that name the voice synthetic. */
  #labelMissed = false
  /** Says that were given out and are not over. */
  readonly #outstanding = new Map<string, SayKind>()
  #sayCount = 0
  #out: RobotAction[] = []

  constructor(requirement: Requirement, now: () => Date, handover?: string) {
    this.requirement = requirement
    this.handover = handover
    this.now = now
    this.lines = lines[requirement.language]
    this.progress = new FactProgress(
      requirement.facts.map((fact) => ({ id: fact.id, text: this.lines.sentence(speak(fact, now())) })),
      (id, words) => tells(words, requirement.facts.find((fact) => fact.id === id)!, now()),
    )
  }

  /** Questions of the requirement that nobody has answered. */
  get openQuestions(): Question[] {
    return this.requirement.questions.filter(({ text }) => !Object.hasOwn(this.slots, text))
  }

  /** Every fact was heard and every question answered. */
  get complete(): boolean {
    return this.progress.complete && this.openQuestions.length === 0
  }

  /** Kinds of what is still being heard. */
  get saying(): ReadonlySet<SayKind> {
    return new Set(this.#outstanding.values())
  }

  identify(identity: Exclude<Identity, 'unknown'>): void {
    this.identity = identity
    this.note({ identity })
  }

  disclose(): void {
    this.#labelMissed = false
    this.say(this.lines.disclosure(this.requirement.organisation), 'disclosure', false)
  }

  discloseIfMissed(): void {
    if (this.#labelMissed) this.disclose()
  }

  /** Gives out one sentence; undefined when the gate held it back, which would be a fault of ours and never the callee's problem. */
  say(text: string, kind: SayKind = 'other', interruptible = true): string | undefined {
    if (text === '') return undefined
    const { requirement, identity } = this
    const held = !maySpeak(text, requirement, identity)
    this.#sayCount += 1
    const id = `r${this.#sayCount}`
    this.#outstanding.set(id, kind)
    this.push({ type: 'say', id, parts: [{ type: 'text', text: held ? this.lines.askIdentityAgain(requirement.person, requirement.kind === 'ask') : text }], interruptible })
    return held ? undefined : id
  }

  note(note: RobotNote): void {
    this.push({ type: 'note', note })
  }

  push(action: RobotAction): void {
    this.#out.push(action)
  }

  /** What was given out since the last time. */
  taken(): RobotAction[] {
    const actions = this.#out
    this.#out = []
    return actions
  }

  /** Words that were never given out will never be played; what was learnt is told with the next event. */
  takeBack(actions: readonly RobotAction[]): void {
    for (const action of actions) {
      if (action.type === 'say') {
        this.#outstanding.delete(action.id)
        this.progress.takenBack(action.id)
      } else if (action.type === 'note' || action.type === 'hang-up' || action.type === 'transfer') this.push(action)
    }
  }

  stop(): void {
    if (this.#outstanding.size > 0) this.push({ type: 'stop' })
    // What is stopped before it is over is told to us as played only later: by then nobody asks whether the label was heard.
    if ([...this.#outstanding.values()].includes('disclosure')) this.#labelMissed = true
    this.fallSilent()
    this.progress.dropped()
  }

  /** Nothing of ours is being heard any more. */
  fallSilent(): void {
    this.#outstanding.clear()
  }

  played(say: string, heardText: string, cut: boolean): void {
    if (cut && this.#outstanding.get(say) === 'disclosure' && !/合成|生成|synthetic|generated/iu.test(heardText)) this.#labelMissed = true
    this.#outstanding.delete(say)
    this.progress.played(say, heardText, cut)
  }
}
