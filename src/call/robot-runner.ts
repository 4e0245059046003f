// Hands events to the robot one at a time, and what it does about them to the line. Knows whether an answer is owed.
// Does not know audio, and decides nothing about time: whoever asks may give the robot up.
import type { Robot, RobotAction, RobotEvent } from '../robot/robot.ts'

/** A robot that was interrupted has so long to stop; then the next event is handed over anyway. */
const STOP_MS_MAX = 500
/** More actions in one call come only from a robot that turns in circles. */
const ACTIONS_MAX = 5_000

/** Events that somebody waits to be answered. */
const OWED: ReadonlySet<RobotEvent['type']> = new Set(['answered', 'utterance', 'silence', 'digits'])

type Posted<Context> = { event: RobotEvent; context: Context | undefined }

export type RobotRunnerOptions<Context> = {
  robot: Robot
  now: () => number
  /** `context` came with the event. */
  onAction(action: RobotAction, context: Context | undefined): void
  /** The robot threw, or turned in circles. */
  onFailed(error: Error): void
}

export class RobotRunner<Context> {
  readonly #options: RobotRunnerOptions<Context>
  #pending: Posted<Context>[] = []
  #handling: { event: RobotEvent; abort: AbortController } | undefined
  #running: Promise<void> | undefined
  #retired = false
  #actions = 0
  #activeAtMs: number

  constructor(options: RobotRunnerOptions<Context>) {
    this.#options = options
    this.#activeAtMs = options.now()
  }

  get isBusy(): boolean {
    return this.#running !== undefined
  }

  /** The callee waits for what the robot makes of an event. */
  get owesAnswer(): boolean {
    return (this.#handling !== undefined && !this.#handling.abort.signal.aborted && OWED.has(this.#handling.event.type)) || this.#pending.some(({ event }) => OWED.has(event.type))
  }

  /** When the robot last did something, or got something to do after it was done with everything. New words do not make a dead robot young. */
  get activeAtMs(): number {
    return this.#activeAtMs
  }

  /** New words and keys make an answer that is still being thought out pointless. Words that pile up become one turn. */
  post(event: RobotEvent, context?: Context): void {
    if (this.#retired) {
      // What was heard belongs to the record.
      if (event.type === 'played') this.#pending.push({ event, context })
      return
    }
    if (event.type === 'utterance' || event.type === 'digits') this.#handling?.abort.abort()
    // Words that go on take the place of fewer words, and a finished turn that of its beginning.
    if (event.type === 'utterance' || event.type === 'partial') this.#pending = this.#pending.filter((posted) => posted.event.type !== 'partial')
    const last = this.#pending.at(-1)
    if (event.type === 'utterance' && last?.event.type === 'utterance') {
      const written = last.event.written === undefined && event.written === undefined ? {} : { written: `${last.event.written ?? last.event.text}，${event.written ?? event.text}` }
      last.event = { ...event, text: `${last.event.text}，${event.text}`, ...written, beginAtMs: last.event.beginAtMs, confidence: Math.min(last.event.confidence, event.confidence), bargeIn: last.event.bargeIn || event.bargeIn }
      last.context = context
    } else {
      this.#pending.push({ event, context })
    }
    if (!this.#running) {
      this.#activeAtMs = this.#options.now()
      // Known to run before it runs: what the robot does at once may lead back here.
      const running = Promise.withResolvers<void>()
      this.#running = running.promise
      void this.#run().then(running.resolve, running.reject)
    }
  }

  /** The callee took the floor: what is being thought out is dropped, and so is what silence would have asked. */
  interrupt(): void {
    this.#handling?.abort.abort()
    this.#pending = this.#pending.filter(({ event }) => event.type !== 'silence')
  }

  /** From now on the robot is only told what was heard, when it is finished. `atOnce`: what it is doing is dropped. */
  retire(atOnce: boolean): void {
    this.#retired = true
    this.#pending = this.#pending.filter(({ event }) => event.type === 'played')
    if (atOnce) this.#handling?.abort.abort()
  }

  /** Tells the robot the rest and that it is over; resolves within `msMax`. Of what it does now only notes count. Errors: the robot's. */
  async finish(msMax: number): Promise<void> {
    this.retire(true)
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), msMax)
    try {
      await Promise.race([this.#running, untilAbort(limit.signal)])
      const rest: RobotEvent[] = [...this.#pending.map(({ event }) => event), { type: 'ended' }]
      for (const event of rest) {
        await this.#hand(event, limit.signal, 0, (action) => {
          if (action.type === 'note') this.#options.onAction(action, undefined)
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async #run(): Promise<void> {
    try {
      for (let posted = this.#next(); posted; posted = this.#next()) {
        const { event, context } = posted
        const abort = new AbortController()
        this.#handling = { event, abort }
        try {
          await this.#hand(event, abort.signal, STOP_MS_MAX, (action) => {
            this.#activeAtMs = this.#options.now()
            if (++this.#actions > ACTIONS_MAX) throw new Error(`more than ${ACTIONS_MAX} actions`)
            this.#options.onAction(action, context)
          })
        } catch (error) {
          if (!abort.signal.aborted) this.#options.onFailed(error instanceof Error ? error : new Error(String(error)))
        }
        this.#handling = undefined
        if (!abort.signal.aborted) this.#activeAtMs = this.#options.now()
      }
    } finally {
      this.#handling = undefined
      this.#running = undefined
    }
  }

  #next(): Posted<Context> | undefined {
    return this.#retired ? undefined : this.#pending.shift()
  }

  /** One event. A robot that is interrupted is asked once more, so that it can tell what it gave out in vain; for at most `stopMsMax`. */
  async #hand(event: RobotEvent, signal: AbortSignal, stopMsMax: number, take: (action: RobotAction) => void): Promise<void> {
    const actions = this.#options.robot.handle(event, signal)[Symbol.asyncIterator]()
    const aborted = untilAbort(signal)
    for (;;) {
      const next = actions.next()
      const result = await Promise.race([next, aborted])
      if (result === 'aborted' || signal.aborted) {
        const stopped = next.then(() => actions.return?.()).then(() => {}, () => {})
        return await within(stopMsMax, stopped)
      }
      if (result.done) return
      try {
        take(result.value)
      } catch (error) {
        void Promise.resolve(actions.return?.()).catch(() => {})
        throw error
      }
    }
  }
}

function untilAbort(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted')
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
}

async function within(msMax: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([done, new Promise<void>((resolve) => (timer = setTimeout(resolve, msMax)))])
  clearTimeout(timer)
}
