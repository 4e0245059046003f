// The robot that says a fixed text and leaves, or lets the callee choose by keys what is said next. It holds no conversation: words of the callee change nothing.
import { assertNever } from '../errors.ts'
import type { Judgement } from './after-call/judgement.ts'
import type { Robot, RobotAction, RobotEvent, SayPart } from './robot.ts'
import type { VoiceWish } from './voice-wish.ts'

export type AnnouncementPlan = {
  start: readonly SayPart[]
  /** Said once, before `start`: that the voice is synthetic. */
  notice?: string | undefined
  /** 1..3. A menu is repeated only when no key was pressed. */
  playTimes: number
  /** Key → what is said then. Without keys nothing is waited for. */
  menu: Readonly<Record<string, readonly SayPart[]>>
  /** How long a key is waited for after the menu was said. */
  keyMsMax: number
  /** Said last. */
  bye?: readonly SayPart[] | undefined
  voice?: VoiceWish | undefined
}

/** Stored with the call in the place of a requirement. */
export type AnnouncementSpec = { kind: 'announcement'; plan: AnnouncementPlan }

export function isAnnouncement(spec: unknown): spec is AnnouncementSpec {
  return typeof spec === 'object' && spec !== null && 'kind' in spec && spec.kind === 'announcement'
}

export function createAnnouncementRobot(plan: AnnouncementPlan): Robot {
  return new AnnouncementRobot(plan)
}

/** There is nothing to judge: nobody was asked anything. */
export function judgeAnnouncement(answered: boolean): Judgement {
  return {
    by: 'rules',
    grade: answered ? { letter: 'F', reason: '播报类通话，没有需要跟进的内容', turns: [] } : { letter: 'E', reason: '没有接通', turns: [] },
    answers: [], review: [], doNotCall: undefined, callBack: undefined, summary: undefined,
  }
}

class AnnouncementRobot implements Robot {
  readonly kind = 'announcement'
  readonly hotWords: readonly string[] = []
  readonly phrases: readonly string[] = []
  readonly voice: VoiceWish | undefined
  readonly #plan: AnnouncementPlan
  #said = 0
  #keys = ''
  #state: 'starting' | 'saying' | 'waiting' | 'leaving' = 'starting'

  constructor(plan: AnnouncementPlan) {
    this.#plan = plan
    this.voice = plan.voice
  }

  async *handle(event: RobotEvent): AsyncIterable<RobotAction> {
    yield* this.#react(event)
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve()
  }

  get #hasMenu(): boolean {
    return Object.keys(this.#plan.menu).length > 0
  }

  #react(event: RobotEvent): readonly RobotAction[] {
    switch (event.type) {
      case 'answered':
        if (event.machines?.machine !== undefined && event.machines.policy === 'hang-up') return this.#leaveMachine()
        return this.#state === 'starting' ? [this.#sayStart()] : []
      case 'answered-by':
        return event.policy === 'hang-up' && this.#state !== 'leaving' ? this.#leaveMachine() : []
      case 'played':
        return event.say === `start-${this.#said}` && this.#state === 'saying' ? this.#started(event.cut) : []
      case 'digits':
        return this.#hasMenu && (this.#state === 'saying' || this.#state === 'waiting') ? this.#pressed(event.digits.slice(0, 1)) : []
      // What the callee says is not listened to.
      case 'partial': case 'utterance': case 'silence': case 'time-break': case 'transfer': case 'ended':
        return []
      default:
        return assertNever(event)
    }
  }

  /** The text was said, or cut. */
  #started(cut: boolean): RobotAction[] {
    const delivered: RobotAction[] = cut ? [] : [{ type: 'note', note: { outcome: 'delivered', source: 'announcement' } }]
    if (!this.#hasMenu) return [...delivered, ...this.#again()]
    this.#state = 'waiting'
    return [...delivered, { type: 'collect-digits', digitsMax: 1, timeOutMs: this.#plan.keyMsMax }]
  }

  /** `key` '': none came in time. */
  #pressed(key: string): RobotAction[] {
    const waited = this.#state === 'waiting'
    if (key === '') return waited ? this.#again() : []
    this.#keys += key
    const kept: RobotAction = { type: 'note', note: { slots: { keys: this.#keys }, source: 'announcement' } }
    const chosen = Object.hasOwn(this.#plan.menu, key) ? this.#plan.menu[key]! : undefined
    // A key that nothing is behind: what is being said goes on, and a menu that was over is said again.
    if (chosen === undefined) return waited ? [kept, ...this.#again()] : [kept]
    const answer: RobotAction[] = chosen.length > 0 ? [{ type: 'say', id: `key-${key}`, parts: chosen, interruptible: false }] : []
    return [kept, { type: 'stop' }, { type: 'note', note: { outcome: 'delivered', source: 'announcement' } }, ...answer, ...this.#leave()]
  }

  #again(): RobotAction[] {
    return this.#said < this.#plan.playTimes ? [this.#sayStart()] : this.#leave()
  }

  #sayStart(): RobotAction {
    const first = this.#said === 0
    this.#said += 1
    this.#state = 'saying'
    const { notice, start } = this.#plan
    const parts: SayPart[] = first && notice !== undefined ? [{ type: 'text', text: notice }, ...start] : [...start]
    return { type: 'say', id: `start-${this.#said}`, parts, interruptible: false }
  }

  #leave(): RobotAction[] {
    this.#state = 'leaving'
    const { bye = [] } = this.#plan
    return [...(bye.length > 0 ? [{ type: 'say', id: 'bye', parts: bye, interruptible: false } as const] : []), { type: 'hang-up' }]
  }

  #leaveMachine(): RobotAction[] {
    this.#state = 'leaving'
    return [{ type: 'stop' }, { type: 'note', note: { outcome: 'machine', source: 'announcement' } }, { type: 'hang-up' }]
  }
}
