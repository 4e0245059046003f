// Knows how a call layer drives a robot, without audio: plays every say, cuts it when told. For tests; knows no robot from inside.
import type { Robot, RobotAction, RobotEvent, RobotNote } from './robot.ts'

export type Say = { id: string; text: string; heard: string; cut: boolean }

/** Plays a robot's actions on an imaginary line with a clock of its own. */
export class RobotRig {
  readonly says: Say[] = []
  readonly notes: RobotNote[] = []
  readonly actions: RobotAction[] = []
  hungUp = false
  atMs = 0
  readonly #robot: Robot
  #queue: { id: string; text: string }[] = []
  #silences = 0

  constructor(robot: Robot) {
    this.#robot = robot
  }

  /** What the callee heard so far. */
  get heard(): string {
    return this.says.map(({ heard }) => heard).join('')
  }

  get outcome(): string | undefined {
    return this.notes.findLast(({ outcome }) => outcome !== undefined)?.outcome
  }

  get summary(): string | undefined {
    return this.notes.findLast(({ summary }) => summary !== undefined)?.summary
  }

  get slots(): Readonly<Record<string, string>> | undefined {
    return this.notes.findLast(({ slots }) => slots !== undefined)?.slots
  }

  async answer(firstWords = ''): Promise<RobotAction[]> {
    return this.send({ type: 'answered', atMs: this.atMs, firstWords })
  }

  /** Lets everything queued be heard, then the callee speaks. */
  async callee(text: string, options: { confidence?: number; waitsForRobot?: boolean; bargeIn?: boolean } = {}): Promise<RobotAction[]> {
    if (options.waitsForRobot !== false) await this.play()
    this.#silences = 0
    const beginAtMs = this.atMs
    this.atMs += 200 + text.length * 200
    return this.send({ type: 'utterance', text, beginAtMs, endAtMs: this.atMs, confidence: options.confidence ?? 0.9, bargeIn: options.bargeIn ?? false })
  }

  /** The callee breaks in after `chars` characters of what is queued: the line flushes, then delivers the words. */
  async bargeIn(text: string, chars: number): Promise<RobotAction[]> {
    await this.play(chars)
    return this.callee(text, { waitsForRobot: false, bargeIn: true })
  }

  async silence(): Promise<RobotAction[]> {
    await this.play()
    this.atMs += 5_000
    this.#silences += 1
    return this.send({ type: 'silence', count: this.#silences })
  }

  /** Plays what is queued; with `chars`, only so much of it, and the rest is dropped. */
  async play(chars = Number.POSITIVE_INFINITY): Promise<void> {
    let left = chars
    while (this.#queue.length > 0) {
      const say = this.#queue.shift()!
      const heard = say.text.slice(0, left)
      left -= heard.length
      await this.#over(say, heard)
    }
  }

  async end(): Promise<RobotAction[]> {
    return this.send({ type: 'ended' })
  }

  async send(event: RobotEvent): Promise<RobotAction[]> {
    const actions: RobotAction[] = []
    for await (const action of this.#robot.handle(event, AbortSignal.timeout(10_000))) actions.push(action)
    for (const action of actions) {
      this.actions.push(action)
      if (action.type === 'say') this.#queue.push({ id: action.id, text: action.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') })
      else if (action.type === 'stop') {
        const dropped = this.#queue
        this.#queue = []
        for (const say of dropped) await this.#over(say, '')
      } else if (action.type === 'note') this.notes.push(action.note)
      else if (action.type === 'hang-up') {
        await this.play()
        this.hungUp = true
      }
    }
    return actions
  }

  /** True while something of the robot is still to be heard. */
  get speaking(): boolean {
    return this.#queue.length > 0
  }

  async #over(say: { id: string; text: string }, heard: string): Promise<void> {
    const cut = heard.length < say.text.length
    this.atMs += heard.length * 220
    this.says.push({ id: say.id, text: say.text, heard, cut })
    await this.send({ type: 'played', say: say.id, heardText: heard, cut })
  }
}

/** The text of the says among actions. */
export function spokenIn(actions: readonly RobotAction[]): string {
  return actions.flatMap((action) => (action.type === 'say' ? action.parts.map((part) => (part.type === 'text' ? part.text : '')) : [])).join('')
}
