// The robot that a customer's server leads: every event of the conversation is one HTTP turn, every answer one action. Decides nothing itself but
// what to say when the server is late or wrong. Does not know HTTP, audio or accounts.
import { assertNever } from '../../errors.ts'
import type { Judgement } from '../after-call/judgement.ts'
import type { RecordedPart, Robot, RobotAction, RobotEvent, SayPart } from '../robot.ts'
import type { VoiceWish } from '../voice-wish.ts'
import { decide, keptOf, lineRules } from './decide.ts'
import type { CallbackExchange, Exchanged } from './exchange.ts'
import { dtmf, earlyMedia, encodeMessage, mute, normal, parallelTransfer, timeBreak, type CallbackMessage, type Surroundings } from './messages.ts'
import type { CallbackPlan } from './plan.ts'
import { readReply, type Reply } from './reply.ts'
import { partsOf } from './voice-code.ts'

export type CallbackContext = {
  plan: CallbackPlan
  exchange: Pick<CallbackExchange, 'ask'>
  /** The Unix clock in ms, as the times of events. */
  now: () => number
  /** A telephone number as the server writes it, as E.164. Undefined: none that may be called. */
  phoneOf: (text: string) => string | undefined
}

/** `own`: ours, of which the server knows nothing. */
type Media = { id: string; code: string; parts: readonly SayPart[]; own: boolean; breakable: boolean; timeBreakMs: number; beginAtMs: number }
/** `speaks`: the callee waits for something to be said. `early`: gives up what was asked of words that went on; the whole sentence is told as well. */
type Turn = { answer: Promise<Exchanged>; speaks: boolean; early: AbortController | undefined }

/** The first say. */
const openingSay = 'callback-1'
/** More turns wait only for a server that is dead. */
const turnsMax = 20
/** More media waits only when a server does not listen. */
const mediaMax = 20
/** So long a sentence waits for the answer to its own beginning. */
const earlyMsMax = 1_000
/** Callbacks about transfers that could not be tried. */
const refusedTransfersMax = 3

export function createCallbackRobot(context: CallbackContext): Robot {
  return new CallbackRobot(context)
}

/** What the conversation was for is known to the customer's server alone. */
export function judgeCallback(answered: boolean): Judgement {
  return {
    by: 'rules',
    grade: answered ? { letter: 'F', reason: '由客户的回调服务器主导的对话，结果以其记录为准', turns: [] } : { letter: 'E', reason: '没有接通', turns: [] },
    answers: [], review: [], doNotCall: undefined, callBack: undefined, summary: undefined,
  }
}

class CallbackRobot implements Robot {
  readonly kind = 'callback'
  readonly hotWords: readonly string[] = []
  readonly phrases: readonly string[] = []
  readonly voice: VoiceWish
  readonly background: string | undefined
  readonly itn: boolean
  readonly wantsPartials: boolean
  readonly pauseMs: number | undefined
  readonly talkMsMax: number | undefined
  readonly recorded: boolean
  readonly #context: CallbackContext
  readonly #plan: CallbackPlan
  readonly #closed = new AbortController()
  /** Asked in their order, one after the other; the first is answered next. */
  #turns: Turn[] = []
  /** Resolves when the last turn was answered. */
  #asked: Promise<unknown> = Promise.resolve()
  /** What the answers so far ask for and the line has not taken yet. */
  #owed: RobotAction[] = []
  /** The first is heard, the others wait. */
  #media: Media[] = []
  #lastPlayed: Surroundings['played']
  #answeredAtMs = 0
  #dynamicId: string | undefined
  #says = 0
  #failures = 0
  #refusedTransfers = 0
  #collects = false
  /** Told last, of a sentence that goes on. */
  #words = ''
  /** A turn failed while something was heard: silence afterwards would be ours. */
  #unanswered = false
  #transfer: { kind: 'plain' } | { kind: 'parallel'; isMonitor: boolean; ccName: string | undefined } | undefined
  /** Nothing is asked any more. */
  #over = false

  constructor(context: CallbackContext) {
    this.#context = context
    this.#plan = context.plan
    this.#dynamicId = context.plan.dynamicId
    this.voice = context.plan.voice
    this.background = context.plan.background
    this.itn = context.plan.itn
    this.wantsPartials = context.plan.partials === true
    this.pauseMs = context.plan.pauseMs
    this.talkMsMax = context.plan.talkMsMax
    this.recorded = context.plan.recorded
  }

  async *handle(event: RobotEvent, signal: AbortSignal): AsyncIterable<RobotAction> {
    this.#take(event)
    const silentMs = event.type === 'utterance' ? (event.silentMs ?? 0) : 0
    const { waiting, waitingAfterMs } = this.#plan.server
    let waitMs: number | undefined = Math.max(0, waitingAfterMs - silentMs)
    for (;;) {
      // Taken off only when the line came back for more: what it dropped because the callee spoke is still owed.
      for (let action = this.#owed[0]; action !== undefined; action = this.#owed[0]) {
        yield action
        this.#owed.shift()
      }
      const [turn] = this.#turns
      if (turn === undefined || this.#over || signal.aborted) return
      const isPassed = turn.early !== undefined && this.#turns.length > 1
      const outcome = await firstOf(turn.answer, signal, isPassed ? earlyMsMax : turn.speaks ? waitMs : undefined)
      if (outcome === 'aborted') return
      if (outcome === 'late' && isPassed) {
        this.#turns.shift()
        turn.early!.abort()
        this.#note('the words so far were answered too late')
        if (waitMs !== undefined) waitMs = Math.max(0, waitMs - earlyMsMax)
        continue
      }
      if (outcome === 'late') {
        waitMs = undefined
        // Heard to its end: half a line is worse than a second more.
        if (this.#media.length === 0) this.#sayOwn(waiting, 'waiting', false)
        continue
      }
      this.#turns.shift()
      this.#settle(outcome, turn)
    }
  }

  /** For the server's record: nothing can be played yet, and perhaps nobody answers. It has its own time-out, for the call may be over by then. */
  hearEarly({ text, beginAtMs, endAtMs }: { text: string; beginAtMs: number; endAtMs: number }): void {
    if (!this.#plan.earlyMedia) return
    const { exchange, now } = this.#context
    const message = earlyMedia({ words: text, beginAtMs, endAtMs }, beginAtMs, this.#dynamicId)
    this.#asked = exchange.ask(this.#plan.server, encodeMessage(message, this.#plan.wireId, Math.round(now())), new AbortController().signal).then((answer) => {
      const read = answer.ok ? readReply(answer.body, this.#plan.wireId) : answer
      if (!read.ok) this.#note(read.why)
      else if (read.reply.dynamicId !== undefined) this.#dynamicId = read.reply.dynamicId
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    await Promise.resolve()
  }

  /** What is told to the server about an event, or done without asking. */
  #take(event: RobotEvent): void {
    switch (event.type) {
      case 'answered':
        return this.#answered(event)
      case 'answered-by':
        if (event.policy === 'hang-up' && !this.#over) this.#leaveMachine()
        return
      case 'utterance':
        this.#words = ''
        // A sound without words is no sentence. Words that were lost are none that the server can be told either, but it must go on.
        if (event.isLost === true) this.#ask(mute(this.#surroundings), true)
        else if (event.text.trim() !== '') this.#ask(normal(this.#sentence(event), this.#surroundings), true)
        return
      case 'silence':
        return this.#ask(mute(this.#surroundings), true)
      case 'time-break':
        return this.#brokenOff()
      case 'digits':
        // Keys that were not asked for are not reported.
        if (!this.#collects) return
        this.#collects = false
        return this.#ask(dtmf(event.digits, this.#surroundings), true)
      case 'played':
        return this.#played(event)
      case 'transfer':
        return this.#transferred(event)
      case 'partial':
        return this.#overheard(event)
      case 'ended':
        this.#over = true
        this.#closed.abort()
        return
      default:
        return assertNever(event)
    }
  }

  #answered(event: Extract<RobotEvent, { type: 'answered' }>): void {
    const { opening, muteMs } = this.#plan
    this.#answeredAtMs = event.atMs
    if (event.machines?.machine !== undefined && event.machines.policy === 'hang-up') return this.#leaveMachine()
    this.#owed.push({ type: 'set-mute-time', muteMs })
    const { parts, left } = partsOf(opening.code, opening.texts, this.#plan.filePrefix)
    for (const what of left) this.#note(`the opening: ${what}`)
    if (parts.length === 0) return this.#leave()
    const notice: SayPart[] = opening.notice === undefined ? [] : [{ type: 'text', text: opening.notice }]
    this.#say(opening.code, [...notice, ...parts], { codeBreak: opening.breakable, timeBreakMs: opening.timeBreakMs })
    const words = event.firstWords.trim()
    if (words !== '') this.#ask(normal({ words, beginAtMs: event.atMs, endAtMs: this.#context.now() }, this.#surroundings), false)
  }

  /** Words so far. A server that has not answered the last ones yet hears of later ones. */
  #overheard(event: Extract<RobotEvent, { type: 'partial' }>): void {
    if (this.#turns.length > 0 || event.text === this.#words) return
    this.#words = event.text
    this.#ask(normal(this.#sentence(event), this.#surroundings), false, true)
  }

  #sentence({ text, written, beginAtMs, endAtMs }: Pick<Extract<RobotEvent, { type: 'utterance' }>, 'text' | 'written' | 'beginAtMs' | 'endAtMs'>): { words: string; beginAtMs: number; endAtMs: number } {
    return { words: this.itn ? (written ?? text) : text, beginAtMs, endAtMs }
  }

  #brokenOff(): void {
    const [stopped] = this.#media
    const around = this.#surroundings
    this.#silenced()
    this.#ask(timeBreak(this.#context.now() - (stopped?.timeBreakMs ?? 0), around.played, around), false)
  }

  #played({ say, heardText, cut }: Extract<RobotEvent, { type: 'played' }>): void {
    const index = this.#media.findIndex(({ id }) => id === say)
    if (index < 0) return
    const [media] = this.#media.splice(index, 1)
    const nowMs = this.#context.now()
    if (!media!.own) this.#lastPlayed = { code: media!.code, beginAtMs: media!.beginAtMs, endAtMs: nowMs }
    const [next] = this.#media
    if (next && index === 0) next.beginAtMs = nowMs
    if (say === openingSay && !media!.own && !cut && heardText !== '') this.#delivered()
    if (media!.own || cut || this.#over) return
    if (heardText !== '' && !this.#unanswered) return
    if (heardText === '') this.#note(`nothing could be played of ${media!.code.slice(0, 200)}`)
    if (this.#media.length > 0) return
    this.#unanswered = false
    this.#sayOwn(this.#plan.server.fallback, 'fallback', true)
  }

  #transferred({ state, reason = '' }: Extract<RobotEvent, { type: 'transfer' }>): void {
    const transfer = this.#transfer
    if (state === 'joined') {
      this.#over = true
      return
    }
    if (transfer === undefined) return
    if (state === 'failed') {
      this.#transfer = undefined
      // A transfer ends the server's part: nothing tells it that it failed.
      if (transfer.kind === 'plain') return this.#leave()
    }
    if (transfer.kind === 'parallel') this.#ask(parallelTransfer({ failCause: state === 'failed' ? `transfer fail. ${reason}`.trim() : undefined, monitor: transfer.isMonitor, ccName: transfer.ccName }, this.#surroundings), false)
  }

  /** One request at a time, in the order of the events, whether or not somebody still waits for the answer. */
  #ask(message: CallbackMessage, speaks: boolean, early = false): void {
    if (this.#over) return
    if (this.#turns.length >= turnsMax) return this.#note('too many turns wait for the server')
    const { exchange, now } = this.#context
    const giveUp = early ? new AbortController() : undefined
    const signal = giveUp ? AbortSignal.any([this.#closed.signal, giveUp.signal]) : this.#closed.signal
    const answer = this.#asked.then(() => exchange.ask(this.#plan.server, encodeMessage(message, this.#plan.wireId, Math.round(now())), signal))
    this.#asked = answer
    this.#turns.push({ answer, speaks, early: giveUp })
  }

  #settle(outcome: Exchanged, turn: Turn): void {
    const read = outcome.ok ? readReply(outcome.body, this.#plan.wireId) : outcome
    if (read.ok) {
      this.#failures = 0
      this.#unanswered = false
      return this.#obey(read.reply)
    }
    this.#note(read.why)
    // Nothing is lost by it: the sentence will be told, and what fails then counts.
    if (turn.early) return
    this.#failures += 1
    if (this.#failures >= this.#plan.server.failuresMax) return this.#leave()
    // A newer turn, or what is heard, answers the callee.
    const isFree = this.#turns.length === 0 && this.#media.every(({ own }) => own)
    if (turn.speaks && isFree) this.#sayOwn(this.#plan.server.fallback, 'fallback', true)
    else if (turn.speaks && this.#turns.length === 0) this.#unanswered = true
  }

  #obey(reply: Reply): void {
    for (const oddity of reply.oddities) this.#note(oddity)
    if (reply.dynamicId !== undefined) this.#dynamicId = reply.dynamicId
    if (reply.muteMs !== undefined) this.#owed.push({ type: 'set-mute-time', muteMs: reply.muteMs })
    const { parts, left } = reply.media ? partsOf(reply.media.code, reply.media.texts, this.#plan.filePrefix) : { parts: [], left: [] }
    for (const what of left) this.#note(what)
    const to = this.#calleeOf(reply)
    const decision = decide({ action: reply.action, actionBreak: reply.actionBreak, hasMedia: parts.length > 0 }, this.#media)
    if (reply.action === 'play' && parts.length === 0) {
      this.#note('play without anything to play')
      if (this.#media.length === 0) this.#sayOwn(this.#plan.server.fallback, 'fallback', true)
    }
    if (decision.stop) {
      this.#owed.push({ type: 'stop' })
      this.#silenced()
    }
    if (decision.play) this.#say(reply.media!.code, parts, reply)
    switch (decision.deed) {
      case 'nothing':
        return
      case 'hang-up':
        this.#over = true
        this.#delivered()
        this.#owed.push({ type: 'hang-up' })
        return
      case 'collect':
        this.#collects = true
        this.#owed.push({ type: 'collect-digits', ...reply.digits })
        return
      case 'transfer':
        if (to === undefined) {
          this.#note(`transfer to ${reply.number ?? 'nobody'}, which is no number that may be called`)
          return this.#leave()
        }
        this.#transfer = { kind: 'plain' }
        this.#owed.push({ type: 'transfer', to })
        return
      case 'parallel-transfer':
        return this.#callAside(reply, to)
      case 'bridge':
        if (this.#transfer?.kind !== 'parallel') return this.#note('parallel_bridge without a parallel transfer')
        if (this.#transfer.isMonitor) return this.#note('parallel_bridge of a transfer with is_monitor')
        this.#owed.push({ type: 'bridge' })
        return
      default:
        return assertNever(decision.deed)
    }
  }

  /** Whom a reply wants called. */
  #calleeOf({ number, ccName }: Reply): string | undefined {
    const { callCentres } = this.#plan
    if (ccName !== undefined && Object.hasOwn(callCentres, ccName)) return callCentres[ccName]
    return number === undefined ? undefined : this.#context.phoneOf(number)
  }

  #callAside({ ccName, number, isMonitor, transferFile }: Reply, to: string | undefined): void {
    if (this.#transfer) return this.#note('a second transfer while one goes on')
    if (to !== undefined) {
      this.#transfer = { kind: 'parallel', isMonitor, ccName }
      this.#owed.push({ type: 'parallel-transfer', to, join: 'when-asked', ...(transferFile !== undefined && { briefing: this.#briefingOf(transferFile) }) })
      return
    }
    this.#note(`parallel_transfer to ${ccName ?? number ?? 'nobody'}, whom nobody can call`)
    this.#refusedTransfers += 1
    // A server that asks for it again and again is not answered for ever.
    if (this.#refusedTransfers <= refusedTransfersMax) this.#ask(parallelTransfer({ failCause: 'transfer fail.', monitor: isMonitor, ccName }, this.#surroundings), false)
  }

  /** What the human hears first. */
  #briefingOf(code: string): RecordedPart[] {
    const { parts, left } = partsOf(code, {}, this.#plan.filePrefix)
    for (const what of left) this.#note(`transfer_playfile: ${what}`)
    return parts.filter((part) => part.type !== 'text')
  }

  /** Says goodbye in our own words, after what is being said. */
  #leave(): void {
    this.#collects = false
    if (this.#plan.server.closing !== '') this.#sayOwn(this.#plan.server.closing, 'closing', false)
    this.#over = true
    this.#owed.push({ type: 'hang-up' })
  }

  #leaveMachine(): void {
    this.#over = true
    this.#owed.push({ type: 'stop' }, { type: 'note', note: { outcome: 'machine', source: 'callback' } }, { type: 'hang-up' })
  }

  #say(code: string, parts: readonly SayPart[], rules: { codeBreak: boolean; timeBreakMs: number }): void {
    if (this.#media.length >= mediaMax) return this.#note('too much waits to be played')
    this.#source('callback')
    this.#put({ code, parts, own: false, breakable: rules.codeBreak, timeBreakMs: rules.timeBreakMs })
  }

  #sayOwn(text: string, what: 'waiting' | 'fallback' | 'closing', breakable: boolean): void {
    if (text === '') return
    this.#source('fallback')
    this.#put({ code: what, parts: [{ type: 'text', text }], own: true, breakable, timeBreakMs: 0 })
  }

  #put(media: Pick<Media, 'code' | 'parts' | 'own' | 'breakable' | 'timeBreakMs'>): void {
    this.#says += 1
    const id = `callback-${this.#says}`
    this.#media.push({ ...media, id, beginAtMs: this.#context.now() })
    this.#owed.push({ type: 'say', id, parts: media.parts, ...lineRules(media) })
  }

  /** Nothing is heard any more, and nothing waits on the line: what waited and may not be interrupted is said again. */
  #silenced(): void {
    const [media] = this.#media
    if (media && !media.own) this.#lastPlayed = { code: media.code, beginAtMs: media.beginAtMs, endAtMs: this.#context.now() }
    const kept = keptOf(this.#media)
    this.#media = []
    for (const waiting of kept) this.#put(waiting)
  }

  get #surroundings(): Surroundings {
    const [media] = this.#media
    const played = media && !media.own ? { code: media.code, beginAtMs: media.beginAtMs, endAtMs: undefined } : this.#lastPlayed
    return { answeredAtMs: this.#answeredAtMs, played, recorded: this.#plan.recorded, dynamicId: this.#dynamicId }
  }

  /** For the log of the call, where the customer looks. */
  #note(problem: string): void {
    this.#owed.push({ type: 'note', note: { problem } })
  }

  /** What the server wanted was done, as far as anybody here can tell. */
  #delivered(): void {
    this.#owed.push({ type: 'note', note: { outcome: 'delivered', source: 'callback' } })
  }

  #source(source: string): void {
    this.#owed.push({ type: 'note', note: { source } })
  }
}

/** `late`: not within `ms`. Leaves no timer and no listener behind. */
function firstOf(answer: Promise<Exchanged>, signal: AbortSignal, ms: number | undefined): Promise<Exchanged | 'aborted' | 'late'> {
  return new Promise((resolve) => {
    const end = (outcome: Exchanged | 'aborted' | 'late'): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      resolve(outcome)
    }
    const abort = (): void => end('aborted')
    const timer = ms === undefined ? undefined : setTimeout(() => end('late'), ms)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    void answer.then(end)
  })
}
