// A robot that a callback server leads, on the bench: the test hands it events and answers its turns. Used by tests only.
import type { Robot, RobotAction, RobotEvent } from '../robot.ts'
import { createCallbackRobot } from './callback-robot.ts'
import type { Exchanged } from './exchange.ts'
import { callbackServerDefaults, type CallbackPlan } from './plan.ts'
import { wireId } from './server-rig.ts'

export const startMs = 1_659_885_709_000

export const plan: CallbackPlan = {
  wireId,
  server: { ...callbackServerDefaults, url: 'http://callback.test/' },
  filePrefix: 'acc_1-',
  opening: { code: 'hello.wav,$name$', texts: { name: '张总您好' }, breakable: true, timeBreakMs: 0 },
  muteMs: 10_000,
  dynamicId: 'v0',
  recorded: false,
  itn: false,
  voice: {},
  callCentres: { sales: '+8657112345678' },
}

type Sent = { content_type: string; call_id: string; timestamp: string; content: Record<string, string> }

/** A robot whose server is the test: each turn is answered when the test says so. */
export class Talk {
  readonly robot: Robot
  readonly sent: Sent[] = []
  readonly #waiting: ((answer: Exchanged) => void)[] = []
  readonly #prepared: (object | Exchanged)[]
  nowMs = startMs
  openMax = 0

  constructor(answers: (object | Exchanged)[] = [], more: Partial<CallbackPlan> = {}) {
    this.#prepared = answers
    this.robot = createCallbackRobot({
      plan: { ...plan, ...more },
      now: () => this.nowMs,
      phoneOf: (text) => (/^1[3-9]\d{9}$/.test(text) ? `+86${text}` : undefined),
      exchange: {
        ask: (_server, encoded) => {
          const fields = Object.fromEntries(new URLSearchParams(encoded)) as Record<'content_type' | 'call_id' | 'timestamp' | 'content', string>
          this.sent.push({ ...fields, content: JSON.parse(fields.content) as Record<string, string> })
          const prepared = this.#prepared.shift()
          if (prepared) return Promise.resolve(toExchanged(prepared))
          return new Promise((resolve) => {
            this.#waiting.push(resolve)
            this.openMax = Math.max(this.openMax, this.#waiting.length)
          })
        },
      },
    })
  }

  /** The oldest open request gets its answer. */
  answer(answer: object | Exchanged): void {
    this.#waiting.shift()!(toExchanged(answer))
  }

  prepare(...answers: (object | Exchanged)[]): void {
    this.#prepared.push(...answers)
  }

  async hear(event: RobotEvent, signal = new AbortController().signal): Promise<RobotAction[]> {
    const actions: RobotAction[] = []
    for await (const action of this.robot.handle(event, signal)) actions.push(action)
    return actions
  }

  /** The callee picked up and heard the opening to its end. */
  async opened(): Promise<this> {
    await this.hear(answered)
    this.nowMs += 5_000
    await this.hear(played(1))
    return this
  }
}

export const answered: Extract<RobotEvent, { type: 'answered' }> = { type: 'answered', atMs: startMs, firstWords: '' }
export const words = (text: string, more: Partial<Extract<RobotEvent, { type: 'utterance' }>> = {}): RobotEvent => ({ type: 'utterance', text, beginAtMs: startMs + 6_000, endAtMs: startMs + 7_000, confidence: 0.9, bargeIn: false, silentMs: 600, ...more })
export const played = (n: number, more: Partial<Extract<RobotEvent, { type: 'played' }>> = {}): RobotEvent => ({ type: 'played', say: `callback-${n}`, heardText: '…', cut: false, ...more })
export const failed: Exchanged = { ok: false, why: 'HTTP 500' }
export const play = (text: string, more: object = {}): object => ({ action: 'play', action_code: '$t$', action_code_param: JSON.stringify({ t: text }), ...more })

function toExchanged(answer: object | Exchanged): Exchanged {
  return 'ok' in answer ? answer : { ok: true, body: Buffer.from(JSON.stringify({ result: 'success', data: { call_id: wireId, ...answer } })) }
}

/** Without notes of where words came from; a say by its words. */
export function deeds(actions: readonly RobotAction[]): string[] {
  return actions.flatMap((action) => {
    if (action.type === 'say') return [`say ${action.parts.map((part) => (part.type === 'text' ? part.text : part.type === 'file' ? part.code : part.url)).join('+')}`]
    if (action.type === 'note') return action.note.problem === undefined ? [] : [`problem ${action.note.problem}`]
    return [action.type]
  })
}
