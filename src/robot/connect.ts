// The robot that connects two people: it has reached the first, has the second called, and leaves them to each other. It holds no conversation: words change nothing.
import { assertNever } from '../errors.ts'
import type { Judgement } from './after-call/judgement.ts'
import type { Robot, RobotAction, RobotEvent } from './robot.ts'

export type ConnectPlan = {
  /** Whom the first one is connected with, E.164, and as the customer wrote it. */
  to: string
  toAsGiven: string
  /** The number that is shown to them; undefined: any of the line. */
  callerId?: string | undefined
  talkMsMax?: number | undefined
  recorded: boolean
  /** Whether what the two say is written down. */
  transcribed: boolean
}

/** Stored with the call in the place of a requirement. */
export type ConnectSpec = { kind: 'connect'; plan: ConnectPlan }

export function isConnect(spec: unknown): spec is ConnectSpec {
  return typeof spec === 'object' && spec !== null && 'kind' in spec && spec.kind === 'connect'
}

/** What the first one hears when the second was not to be had, by why. Also the values of the slot `party`. */
export const notConnected = {
  busy: '对方正在通话中，请您稍后再拨。再见。',
  'no-answer': '对方暂时无人接听，请您稍后再拨。再见。',
  declined: '对方现在不方便接听，请您稍后再拨。再见。',
  'invalid-number': '您要找的号码是空号，请核对后再拨。再见。',
  unreachable: '对方暂时无法接通，请您稍后再拨。再见。',
  refused: '这个号码现在不能呼叫。再见。',
  left: '对方已经挂断。再见。',
} as const
export type NotConnected = keyof typeof notConnected

export function createConnectRobot(plan: ConnectPlan): Robot {
  return new ConnectRobot(plan)
}

/** What the two talked about is their affair. */
export function judgeConnect(answered: boolean): Judgement {
  return {
    by: 'rules',
    grade: answered ? { letter: 'F', reason: '双方通话，没有需要跟进的内容', turns: [] } : { letter: 'E', reason: '没有接通', turns: [] },
    answers: [], review: [], doNotCall: undefined, callBack: undefined, summary: undefined,
  }
}

class ConnectRobot implements Robot {
  readonly kind = 'connect'
  readonly hotWords: readonly string[] = []
  readonly phrases: readonly string[] = []
  readonly talkMsMax: number | undefined
  readonly recorded: boolean
  readonly transcribed: boolean
  readonly #plan: ConnectPlan
  #state: 'starting' | 'calling' | 'over' = 'starting'

  constructor(plan: ConnectPlan) {
    this.#plan = plan
    this.talkMsMax = plan.talkMsMax
    this.recorded = plan.recorded
    this.transcribed = plan.transcribed
  }

  async *handle(event: RobotEvent): AsyncIterable<RobotAction> {
    yield* this.#react(event)
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve()
  }

  #react(event: RobotEvent): readonly RobotAction[] {
    switch (event.type) {
      case 'answered': {
        if (this.#state !== 'starting') return []
        // Nobody is called to talk to a machine, and there is no message to leave.
        if (event.machines?.machine !== undefined && event.machines.policy !== 'go-on') return this.#leaveMachine()
        this.#state = 'calling'
        const { to, callerId } = this.#plan
        return [{ type: 'transfer', to, party: { callerId } }]
      }
      case 'answered-by':
        return event.policy !== 'go-on' && this.#state !== 'over' ? this.#leaveMachine() : []
      case 'transfer':
        return this.#transferred(event)
      case 'partial': case 'utterance': case 'silence': case 'time-break': case 'digits': case 'played': case 'ended':
        return []
      default:
        return assertNever(event)
    }
  }

  #transferred({ state, reason }: Extract<RobotEvent, { type: 'transfer' }>): readonly RobotAction[] {
    if (state === 'joined') this.#state = 'over'
    if (state !== 'failed' || this.#state !== 'calling') return []
    this.#state = 'over'
    const why: NotConnected = reason !== undefined && Object.hasOwn(notConnected, reason) ? (reason as NotConnected) : 'unreachable'
    return [
      { type: 'note', note: { slots: { party: why }, source: 'connect' } },
      { type: 'say', id: 'not-connected', parts: [{ type: 'text', text: notConnected[why] }], interruptible: false },
      { type: 'hang-up' },
    ]
  }

  #leaveMachine(): readonly RobotAction[] {
    this.#state = 'over'
    return [{ type: 'stop' }, { type: 'note', note: { outcome: 'machine', source: 'connect' } }, { type: 'hang-up' }]
  }
}
