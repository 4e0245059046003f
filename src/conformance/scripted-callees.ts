// Callees for the suite's own test: the real robot is asked about every event, as a call would ask it, and what it says takes its time; there is no sound.
// Not for the program itself.
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallCommand, CommandResult } from '../call/controls.ts'
import { reason, type Script, type ScriptedCall } from '../dialer/testing.ts'
import type { RobotAction, RobotEvent } from '../robot/robot.ts'
import type { CalleeKind } from './case.ts'
import { ownCallees } from './own-target.ts'

const charMs = 130
const ringMs = 200
/** How long a sentence of the callee takes, and the silence after which it counts as one. */
const sentenceMs = 700
const noKeyMs = 300

type Say = Extract<RobotAction, { type: 'say' }>

/** One conversation, in real time. */
class ScriptedTalk {
  readonly #call: ScriptedCall
  readonly #kind: CalleeKind
  readonly #events: RobotEvent[] = []
  #wake = Promise.withResolvers<void>()
  readonly #says: Say[] = []
  #playing: AbortController | undefined
  #muteMs = 10_000
  #mute: NodeJS.Timeout | undefined
  #silences = 0
  #sentences = 0
  #over = false
  /** The robot asked for the end: what is queued is heard first. */
  #leaving = false
  #answeredAside = false
  /** Joined: the robot is asked nothing more. */
  #aside = false

  constructor(call: ScriptedCall, kind: CalleeKind) {
    this.#call = call
    this.#kind = kind
  }

  async run(): Promise<number> {
    const { request, signal } = this.#call
    const answeredMs = Date.now()
    const limit = setTimeout(() => this.#end(), request.talkMsMax)
    signal.addEventListener('abort', () => this.#end())
    this.#call.hooks.onControls?.({ command: (command) => Promise.resolve(this.#command(command)) })
    this.#happens({ type: 'answered', atMs: answeredMs, firstWords: '' })
    while (!this.#over) {
      const event = this.#events.shift()
      if (event) await this.#handle(event)
      else {
        await this.#wake.promise
        this.#wake = Promise.withResolvers()
      }
    }
    clearTimeout(limit)
    clearTimeout(this.#mute)
    this.#playing?.abort()
    for await (const _ of request.robot.handle({ type: 'ended' }, new AbortController().signal)) continue
    return Date.now() - answeredMs
  }

  #happens(event: RobotEvent): void {
    this.#events.push(event)
    this.#wake.resolve()
  }

  #end(): void {
    this.#over = true
    this.#wake.resolve()
  }

  async #handle(event: RobotEvent): Promise<void> {
    for await (const action of this.#call.request.robot.handle(event, this.#call.signal)) this.#do(action)
    this.#rest()
  }

  #command({ type }: CallCommand): CommandResult {
    if (type !== 'bridge' || !this.#answeredAside) return { ok: false, code: 'not-possible', message: type }
    this.#join()
    return { ok: true, state: 'joined' }
  }

  #join(): void {
    this.#aside = true
    clearTimeout(this.#mute)
    this.#happens({ type: 'transfer', state: 'joined' })
  }

  #do(action: RobotAction): void {
    switch (action.type) {
      case 'say':
        this.#says.push(action)
        return this.#next()
      case 'stop':
        this.#says.length = 0
        return this.#playing?.abort()
      case 'set-mute-time':
        this.#muteMs = action.muteMs
        return
      case 'collect-digits':
        return void this.#press(action)
      case 'transfer':
      case 'bridge':
        this.#join()
        if (this.#call.request.robot.kind === 'connect') void this.#talkOfTwo()
        return
      case 'parallel-transfer':
        return void sleep(sentenceMs).then(() => {
          this.#answeredAside = !action.to.endsWith(ownCallees.busy)
          this.#happens(this.#answeredAside ? { type: 'transfer', state: 'answered' } : { type: 'transfer', state: 'failed', reason: 'busy' })
        })
      case 'hang-up':
        this.#leaving = true
        return
      case 'note':
        return this.#call.note(action.note)
      case 'send-digits':
        return
    }
  }

  /** Plays what is queued, one after the other. */
  #next(): void {
    const [say] = this.#says
    if (this.#playing || say === undefined || this.#over) return
    clearTimeout(this.#mute)
    const playing = (this.#playing = new AbortController())
    const text = say.parts.map((part) => (part.type === 'text' ? part.text : '录音录音')).join('')
    const beganMs = Date.now()
    if (text.length > 30 && this.#kind === 'interrupts') void this.#interrupt(say, playing.signal)
    void sleep(text.length * charMs, undefined, { signal: playing.signal }).then(() => false, () => true).then((cut) => {
      this.#playing = undefined
      if (this.#says[0] === say) this.#says.shift()
      this.#call.say(text)
      this.#happens({ type: 'played', say: say.id, heardText: cut ? text.slice(0, Math.floor((Date.now() - beganMs) / charMs)) : text, cut })
      this.#next()
    })
  }

  /** Nothing is said and nothing waits: the callee speaks, or is silent. */
  #rest(): void {
    if (this.#over || this.#playing || this.#says.length > 0 || this.#events.length > 0) return
    if (this.#leaving) return this.#end()
    clearTimeout(this.#mute)
    if (this.#aside) return
    if (this.#kind === 'speaks' || (this.#kind === 'interrupts' && this.#sentences === 0)) return void this.#speak('对，我是。', sentenceMs)
    this.#mute = setTimeout(() => this.#happens({ type: 'silence', count: (this.#silences += 1) }), this.#muteMs)
  }

  async #speak(text: string, ms: number): Promise<void> {
    this.#sentences += 1
    const beginAtMs = Date.now()
    await sleep(ms / 2)
    if (!this.#over && this.#call.request.robot.wantsPartials) this.#happens({ type: 'partial', text: text.slice(0, text.length / 2), beginAtMs, endAtMs: Date.now() })
    await sleep(ms / 2)
    if (!this.#over) this.#happens({ type: 'utterance', text, beginAtMs, endAtMs: Date.now(), confidence: 1, bargeIn: false })
  }

  /** Each says something, and they part. */
  async #talkOfTwo(): Promise<void> {
    const said = { turn: 1, text: '您好', beginAtMs: Date.now(), endAtMs: Date.now() + sentenceMs, confidence: 1, bargeIn: false }
    await sleep(sentenceMs)
    if (this.#over) return
    this.#call.emit({ type: 'callee-said', ...said })
    this.#call.emit({ type: 'colleague-said', turn: 2, text: said.text, beginAtMs: said.beginAtMs, endAtMs: said.endAtMs, confidence: 1 })
    this.#end()
  }

  async #interrupt(say: Say, stopped: AbortSignal): Promise<void> {
    await sleep(1_600)
    if (stopped.aborted || this.#over) return
    if (say.timeBreakMs !== undefined && say.timeBreakMs > 0) {
      await sleep(say.timeBreakMs)
      this.#happens({ type: 'time-break', text: '等一下' })
      this.#playing?.abort()
    }
    await this.#speak('等一下，几点开始', sentenceMs)
  }

  async #press({ timeOutMs }: Extract<RobotAction, { type: 'collect-digits' }>): Promise<void> {
    clearTimeout(this.#mute)
    const presses = this.#kind === 'presses' && this.#sentences === 0
    this.#sentences += 1
    while (this.#playing) await sleep(20)
    clearTimeout(this.#mute)
    await sleep(presses ? noKeyMs : timeOutMs)
    if (!this.#over) this.#happens({ type: 'digits', digits: presses ? '1' : '', ended: presses ? 'max-digits' : 'time-out' })
  }
}

/** What each of them does, by their kind. */
export function scripted(kind: CalleeKind): Script {
  return async (call) => {
    if (kind === 'busy') return { reason: reason('busy', { by: 'callee', stage: 'dialing', evidence: { sipStatus: 486 } }) }
    if (kind === 'announces') {
      const endAtMs = Date.now()
      call.request.robot.hearEarly?.({ text: '您好，您拨打的电话已关机，请稍后再拨。', beginAtMs: endAtMs - 3_000, endAtMs })
      // The words are told while the call ends.
      await sleep(ringMs)
      return { reason: reason('powered-off', { by: 'callee', stage: 'ringing', evidence: { sipStatus: 480 } }) }
    }
    call.ring()
    if (kind === 'rings') return { reason: reason('cancelled', { ...(await call.stopped()), stage: 'ringing' }) }
    await sleep(ringMs)
    call.answer()
    const talkMs = await new ScriptedTalk(call, kind).run()
    return { talkMs, conversation: 'delivered', recording: call.request.recordingPath }
  }
}
