// Who picked up, and whether anybody has yet: what the ear says becomes what the conversation does. Does not know audio, words or SIP.
import type { CallEvent } from '../events.ts'
import type { Answerer, MachinePolicy } from '../robot/robot.ts'
import { AnsweredBy } from '../speech/answered-by/answered-by.ts'
import type { Verdict } from '../speech/answered-by/judgement.ts'
import type { Outcome } from './end-reason.ts'
import type { LoopEnd, VoiceLoopOptions } from './voice-loop-options.ts'

export type Machine = Exclude<Answerer, 'person'>

/** The conversation, as far as it is needed here. */
export type PickupHost = {
  now: () => number
  options: VoiceLoopOptions
  emit(event: CallEvent): void
  /** False while it says goodbye, and while the robot does not have the callee. */
  canAct(): boolean
  isOpened(): boolean
  /** How long the callee has been silent; 0 while they speak. */
  quietMs(nowMs: number): number
  stopSpeaking(): void
  /** The robot's turn has come: it opens the conversation with this, or breaks off what it does. */
  tellRobot(machine: Machine, policy: MachinePolicy): void
  /** Whoever is there picked up only now. */
  answeredNow(nowMs: number): void
  end(end: LoopEnd, msMax: number): void
}

/** What a tone says behind a false answer. */
const refusals = { busy: 'busy', congestion: 'line-fault', 'vacant-number': 'invalid-number' } as const satisfies Record<string, Outcome>

export class Pickup {
  readonly ear: AnsweredBy
  readonly policy: MachinePolicy
  /** How long it went on ringing behind the answer. */
  falseAnswerMs: number | undefined
  readonly #host: PickupHost
  readonly #answeredAtMs: number
  #machine: { who: Machine; because: readonly string[]; atMs: number; told: boolean } | undefined
  #rings = false

  /** Errors of the host's functions come out of what called them. */
  constructor(host: PickupHost, { rangMs, policy = 'hang-up', answeredAtMs, safely }: { rangMs: number | undefined; policy: MachinePolicy | undefined; answeredAtMs: number; safely: <A extends unknown[]>(run: (...args: A) => void) => (...args: A) => void }) {
    this.#host = host
    this.policy = policy
    this.#answeredAtMs = answeredAtMs
    this.ear = new AnsweredBy({
      rangMs,
      onVerdict: safely((verdict: Verdict) => this.#onVerdict(verdict)),
      onRinging: safely((rings: boolean) => this.#onRinging(rings)),
      onRefused: safely((tone: keyof typeof refusals) => this.#onRefused(tone)),
    })
  }

  /** The machine that picked up. */
  get machine(): { who: Machine; because: readonly string[] } | undefined {
    return this.#machine && { who: this.#machine.who, because: this.#machine.because }
  }

  /** A machine that is dealt with: what it says is no turn of a conversation. `told`: the robot knows, and does what is wished. */
  get isDealtWith(): 'no' | 'waiting' | 'told' {
    if (this.#machine === undefined || this.policy === 'go-on') return 'no'
    return this.#machine.told ? 'told' : 'waiting'
  }

  /** Nobody is there yet who could be spoken to, or it is not their turn. */
  get keepsFromOpening(): boolean {
    return this.#rings || this.ear.mayBeRinging || this.isDealtWith === 'waiting'
  }

  /** Called about ten times a second while the conversation goes on. */
  tick(nowMs: number): void {
    this.#considerMachine(nowMs)
    const rangMs = nowMs - this.#answeredAtMs
    if (!this.#rings || rangMs < this.#host.options.falseRingMsMax) return
    this.falseAnswerMs = rangMs
    this.#host.end({ by: 'network', detail: 'ring-limit', outcome: 'no-answer', tone: 'ring-back' }, 0)
  }

  #onVerdict({ who, because }: Verdict): void {
    if (who === 'person') return
    const nowMs = this.#host.now()
    this.#machine = { who, because, atMs: nowMs, told: false }
    this.#host.emit({ type: 'answered-by', who, because })
    // Nobody listens there, so nobody is left without a word.
    const isDeaf = who === 'fax' || (who === 'announcement' && this.policy !== 'go-on')
    if (isDeaf) return this.#host.end({ by: 'platform', detail: 'machine-policy' }, 0)
    this.#considerMachine(nowMs)
  }

  /** The robot is told at once, or, to leave a message, when the greeting and its beep are over. */
  #considerMachine(nowMs: number): void {
    const machine = this.#machine
    const { options } = this.#host
    if (!machine || this.policy === 'go-on' || !this.#host.canAct()) return
    if (machine.told) {
      if (nowMs - machine.atMs >= options.machineMsMax) this.#host.end({ by: 'platform', detail: 'machine-policy' }, options.ownFarewellMsMax)
      return
    }
    if (this.policy === 'leave-message' && this.#host.quietMs(nowMs) < options.messagePauseMs && nowMs - machine.atMs < options.machineMsMax / 2) {
      // What was begun meanwhile is not for a machine.
      if (this.#host.isOpened()) this.#host.stopSpeaking()
      return
    }
    machine.told = true
    this.#host.tellRobot(machine.who, this.policy)
  }

  #onRinging(rings: boolean): void {
    if (this.#rings === rings) return
    this.#rings = rings
    if (rings) return
    const nowMs = this.#host.now()
    this.falseAnswerMs = nowMs - this.#answeredAtMs
    this.#host.answeredNow(nowMs)
    this.#host.emit({ type: 'false-answer', rangMs: this.falseAnswerMs })
  }

  #onRefused(tone: keyof typeof refusals): void {
    if (!this.#host.canAct() || this.#host.isOpened()) return
    if (this.#rings) this.falseAnswerMs = this.#host.now() - this.#answeredAtMs
    this.#host.end({ by: 'network', detail: 'announced', outcome: refusals[tone], tone }, 0)
  }
}
