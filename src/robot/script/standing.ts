// Knows where a conversation by a script stands, what was learnt and what was given out. Does not know what follows from what: conversation.ts does.
import { callBackTime, slotOf } from '../answers.ts'
import type { ConversationOutcome, RobotAction, SayPart } from '../robot.ts'
import { callBackSlot } from '../summary.ts'
import { reactionOf } from './defaults.ts'
import { isPrivate, type Script, type ScriptLine, type ScriptNode, variablesIn, writtenLine } from './schema.ts'
import { summaryOf } from './script-summary.ts'
import { fill, type Values } from './variables.ts'

/** What a script is spoken with. `acceptedAt`: when the values were handed in. */
export type Plan = {
  script: Script
  values: Values
  acceptedAt: Date
  spokenName: string | undefined
  /** The human for whoever asks for one, E.164, where the script names none itself. */
  handover?: string | undefined
  /** What the line calls a recorded file of the script; absent: as the script does. */
  soundName?: ((file: string) => string) | undefined
}

type Identity = 'unknown' | 'yes' | 'no' | 'third-party'
type Outstanding = { id: string; interruptible: boolean; delivers: boolean; collects: boolean }

export type ConversationState = {
  node: string
  identity: Identity
  visits: Record<string, number>
  /** How often the lines of a node were said, answers of the knowledge in between included. */
  said: Record<string, number>
  tries: Record<string, number>
  turns: number
  slots: Record<string, string>
  tags: string[]
  delivered: boolean
  calleeSpoke: boolean
  /** The callee's last words, as proof. */
  heard: string
  machinesAreTold: boolean
  closing: boolean
  holding: boolean
  murmured: boolean
  keys: string
  says: number
  outstanding: Outstanding[]
  /** Where the conversation goes when nobody answers a transfer; '': to the goodbye of who asked for a human. */
  transferElse: string | undefined
  answeredAtMs: number | undefined
  beganAt: number
}

export function freshState(script: Script, now: Date): ConversationState {
  return {
    node: script.start, identity: 'unknown', visits: {}, said: {}, tries: {}, turns: 0, slots: {}, tags: [], delivered: false, calleeSpoke: false, heard: '', machinesAreTold: false, closing: false, holding: false, murmured: false,
    keys: '', says: 0, outstanding: [], transferElse: undefined, answeredAtMs: undefined, beganAt: now.getTime(),
  }
}

/** The state of one conversation. Everything that is said leaves through here, so that facts wait for the person. */
export class Standing {
  readonly state: ConversationState
  now: Date
  readonly #plan: Plan
  #out: RobotAction[] = []

  constructor(plan: Plan, now: Date, state: ConversationState) {
    this.#plan = plan
    this.now = now
    this.state = state
  }

  get #script(): Script {
    return this.#plan.script
  }

  /** What was given out since the last time. */
  taken(): RobotAction[] {
    const out = this.#out
    this.#out = []
    return out
  }

  /** The variant of this time. One whose variables have no value is left out; facts are for the person's ear only, whoever wrote the script. */
  sayLine(lines: readonly ScriptLine[] | undefined, time: number, node?: ScriptNode, last = node?.end !== undefined): void {
    const sayable = (lines ?? []).filter((line) => this.partsOf(line) !== undefined)
    const line = sayable[Math.min(time, sayable.length) - 1]
    if (!line) return
    const { interruption } = this.#script
    if (this.isPrivate(line) && this.state.identity !== 'yes') return this.sayLine(reactionOf(this.#script, 'before-identity')?.say, 1)
    this.speak(this.partsOf(line)!, {
      // A goodbye is heard to its end.
      interruptible: line.interruptible ?? node?.interruptible ?? (!last && interruption.interruptible),
      timeBreakMs: line.timeBreakMs ?? interruption.timeBreakMs,
      delivers: node?.delivers ?? false,
      collects: node?.collect !== undefined,
    })
  }

  /** Undefined when a variable has no value. */
  partsOf({ parts }: ScriptLine): SayPart[] | undefined {
    const said: SayPart[] = []
    for (const { text, file, words } of parts) {
      if (file !== undefined) said.push({ type: 'file', code: this.#plan.soundName?.(file) ?? file, words })
      else {
        const filled = fill(text ?? '', this.#script, this.#plan.values, { acceptedAt: this.#plan.acceptedAt, now: this.now })
        if (filled === undefined) return undefined
        said.push({ type: 'text', text: filled })
      }
    }
    return said
  }

  isPrivate(line: ScriptLine): boolean {
    return variablesIn(writtenLine(line)).some((name) => isPrivate(this.#script, name))
  }

  speak(parts: readonly SayPart[], { interruptible = true, timeBreakMs, delivers = false, collects = false }: { interruptible?: boolean; timeBreakMs?: number | undefined; delivers?: boolean; collects?: boolean }): void {
    const state = this.state
    state.says += 1
    const id = `s${state.says}`
    state.outstanding.push({ id, interruptible, delivers, collects })
    this.push({ type: 'say', id, parts, interruptible, ...(timeBreakMs !== undefined && { timeBreakMs }), ...(interruptible && this.#script.interruption.protectedMs !== undefined && { protectedMs: this.#script.interruption.protectedMs }) })
  }

  /** E.164, of a number or a variable that holds one; a number without a country is one of mainland China. */
  number(to: string): string | undefined {
    const variable = /^\$\{([^{}]+)\}$/u.exec(to)?.[1]
    const number = variable === undefined ? to : this.#plan.values[variable]?.replaceAll(/[- ]/g, '')
    return number === undefined ? undefined : number.startsWith('+') ? number : `+86${number.replace(/^0/, '')}`
  }

  identify(identity: Exclude<Identity, 'unknown'>): void {
    this.state.identity = identity
    this.push({ type: 'note', note: { identity } })
  }

  fillSlots(filled: Readonly<Record<string, string>>): void {
    if (Object.keys(filled).length === 0) return
    Object.assign(this.state.slots, filled)
    this.push({ type: 'note', note: { slots: { ...this.state.slots } } })
  }

  tag(tags: readonly string[]): void {
    const added = tags.filter((tag) => !this.state.tags.includes(tag))
    if (added.length === 0) return
    this.state.tags.push(...added)
    this.push({ type: 'note', note: { tags: added } })
  }

  callBack(text: string): void {
    const callBackAt = callBackTime(text, this.now)
    if (callBackAt === undefined) return
    this.push({ type: 'note', note: { callBackAt } })
    this.fillSlots({ [callBackSlot]: slotOf(text) })
  }

  /** What a conversation that just stops has come to. */
  reached(): ConversationOutcome {
    const { identity, delivered, calleeSpoke } = this.state
    if (identity === 'third-party') return 'third-party'
    if (identity === 'yes') return delivered ? 'delivered' : 'refused'
    return calleeSpoke ? 'unconfirmed' : 'silent'
  }

  finish(outcome: ConversationOutcome, evidence?: string): void {
    this.push({ type: 'note', note: { ...this.result(outcome), ...(evidence !== undefined && { doNotCall: { evidence } }), ...(outcome === 'wrong-number' && { wrongNumber: true }) } })
    this.push({ type: 'hang-up' })
    this.state.closing = true
  }

  result(outcome: ConversationOutcome): { outcome: ConversationOutcome; slots?: Readonly<Record<string, string>>; summary: string; source: string } {
    const { slots, identity, delivered } = this.state
    return { outcome, ...(Object.keys(slots).length > 0 && { slots: { ...slots } }), summary: summaryOf(this.#script, { outcome, identified: identity === 'yes', delivered, slots }), source: 'script' }
  }

  stop(): void {
    if (this.state.outstanding.length > 0) this.push({ type: 'stop' })
    this.state.outstanding = []
  }

  over(id: string): Outstanding | undefined {
    const at = this.state.outstanding.findIndex((one) => one.id === id)
    return at < 0 ? undefined : this.state.outstanding.splice(at, 1)[0]
  }

  push(action: RobotAction): void {
    this.#out.push(action)
  }
}
