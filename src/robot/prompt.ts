// Knows how a language model holds a conversation with the rules in front. Does not know providers, audio or the rules' words.
import { HeardHistory } from './heard-history.ts'
import type { Log } from '../log.ts'
import type { ChatModel, ChatRequest } from './model/chat-model.ts'
import type { CircuitBreaker } from './model/circuit-breaker.ts'
import { Draft } from './model/draft.ts'
import { type AnswerEnd, type AnswerLimits, answerLimits, boundedAnswer, patienceMs, realTimers, type Timers } from './prompt-answer.ts'
import { instructionsFor } from './prompt-instructions.ts'
import { readToolCall, toolsFor } from './prompt-tools.ts'
import { isFreeTurn } from './prompt-policy.ts'
import type { Requirement } from './requirement.ts'
import type { Robot, RobotAction, RobotEvent } from './robot.ts'
import { createRulesRobot } from './rules.ts'
import type { ConversationState, FreeEnd, Rehearsal, RulesConversation } from './rules-conversation.ts'
import { spokenBy } from './rehearsal.ts'
import { guardSentence } from './sentence-guard.ts'
import { spokenText, soundsLikeSpeech } from './spoken-text.ts'

export type PromptRobotOptions = {
  requirement: Requirement
  now: () => Date
  attempt: number
  /** The human whom callees are handed to that ask for one, E.164. */
  handover?: string | undefined
  callId: string
  log: Log
  model: ChatModel
  /** One per model, shared by all calls: what one call learns about the provider spares the others the wait. */
  breaker: CircuitBreaker
  /** The model may be asked before the turn is sure to be over; default true. */
  drafts?: boolean | undefined
  limits?: AnswerLimits | undefined
  timers?: Timers | undefined
}

type Source = 'rules' | 'model' | 'fallback'

const farewellPattern = /再见|拜拜|goodbye|\bbye\b/iu

export function createPromptRobot(options: PromptRobotOptions): Robot {
  return new PromptRobot(options)
}

/** What the model wanted in one turn, gathered while it speaks. */
type Wish = { end: FreeEnd | undefined; farewell: string | undefined; sentences: Set<string>; spoke: boolean }

class PromptRobot implements Robot {
  readonly kind = 'prompt'
  readonly hotWords: readonly string[]
  readonly phrases: readonly string[]
  readonly #options: PromptRobotOptions
  readonly #limits: AnswerLimits
  readonly #timers: Timers
  readonly #rules: RulesConversation
  readonly #history = new HeardHistory()
  readonly #closing = new AbortController()
  /** Of the last words; unknown before the first. */
  #source: Source | undefined
  /** Asked for ahead, for words that may be the callee's next. */
  #draft: Draft | undefined

  constructor(options: PromptRobotOptions) {
    this.#options = options
    this.#limits = options.limits ?? answerLimits
    this.#timers = options.timers ?? realTimers
    this.#rules = createRulesRobot({ requirement: options.requirement, now: options.now, attempt: options.attempt, handover: options.handover, leaves: isFreeTurn })
    this.hotWords = this.#rules.hotWords
    this.phrases = this.#rules.phrases
  }

  async *handle(event: RobotEvent, signal: AbortSignal): AsyncIterable<RobotAction> {
    this.#history.note(event)
    // Our words are over, or the call begins: an answer of the model will be wanted in a moment.
    if (event.type === 'answered' || (event.type === 'played' && !event.cut)) this.#warmUp()
    const before = this.#rules.openTurn
    yield* this.#give(this.#rules.react(event), 'rules', signal)
    const turn = this.#rules.openTurn
    if (turn === undefined) this.#dropDraft()
    if (turn === undefined || signal.aborted) return
    // 好的 in the middle of our words stopped the model and was no turn: what was left is told.
    if (turn === before) {
      if (event.type === 'utterance') yield* this.#give(this.#rules.settle(), 'rules', signal)
    } else yield* this.#answer(event.type === 'utterance' ? (event.silentMs ?? 0) : 0, signal)
  }

  async *foresee(event: RobotEvent, signal: AbortSignal): AsyncIterable<string> {
    this.#dropDraft()
    const next = this.#rules.rehearse(event)
    if (next === undefined) return
    const draft = event.type === 'utterance' && !signal.aborted ? this.#draftFor(next, event) : undefined
    // Whoever takes the draft over has taken it from here; then it is not ours to give up.
    signal.addEventListener('abort', () => this.#draft === draft && this.#dropDraft(), { once: true })
    yield* spokenBy(next.actions)
    for await (const one of draft?.events() ?? []) if (one.type === 'sentence') yield spokenText(one.text)
  }

  /** Asked at once: what is made of the words before may take its time. Undefined when the rules answer. */
  #draftFor({ openTurn, state }: Rehearsal, event: RobotEvent): Draft | undefined {
    const { model, breaker, drafts = true } = this.#options
    if (!drafts || openTurn === undefined || breaker.isOpen(this.#timers.nowMs())) return undefined
    this.#draft = new Draft(model, this.#requestFor(state, this.#history.after(event)), this.#closing.signal)
    return this.#draft
  }

  #dropDraft(): void {
    this.#draft?.giveUp()
    this.#draft = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dropDraft()
    this.#closing.abort()
    await this.#rules[Symbol.asyncDispose]()
  }

  #warmUp(): void {
    if (!this.#options.breaker.isOpen(this.#timers.nowMs())) void this.#options.model.warmUp()
  }

  /** The model words the open turn as far as it can; the rules do the rest. */
  async *#answer(silentMs: number, signal: AbortSignal): AsyncIterable<RobotAction> {
    const { breaker, model } = this.#options
    const firstSentenceMsMax = patienceMs(silentMs, this.#limits)
    if (firstSentenceMsMax === undefined || !breaker.admits(this.#timers.nowMs())) {
      yield* this.#give(this.#rules.settle(), 'fallback', signal)
      return
    }
    const giveUp = new AbortController()
    const request = this.#requestFor(this.#rules.state, this.#history)
    const draft = this.#draft?.answers(request) === true ? this.#draft : undefined
    if (draft === undefined) this.#dropDraft()
    this.#draft = undefined
    const stream = draft?.events() ?? model.stream(request, AbortSignal.any([signal, giveUp.signal, this.#closing.signal]))
    const askedAtMs = this.#timers.nowMs()
    const wish: Wish = { end: undefined, farewell: undefined, sentences: new Set(), spoke: false }
    let end: AnswerEnd | undefined
    try {
      for await (const event of boundedAnswer(stream, (sentence) => this.#take(sentence, wish), { firstSentenceMsMax, limits: this.#limits, timers: this.#timers, signal })) {
        if (event.type === 'over') end = event.end
        else if (signal.aborted) break
        else if (event.type === 'tool') yield* this.#give(this.#useTool(event.name, event.input, wish), 'model', signal)
        else yield* this.#give(this.#sayFreely(spokenText(event.text), event.begunAtMs === undefined ? undefined : Math.max(0, event.begunAtMs - askedAtMs)), 'model', signal)
      }
    } finally {
      giveUp.abort()
      draft?.giveUp()
      // A model that had less than the usual time is not to blame for being late.
      this.#report(end === undefined || (end.how === 'late' && firstSentenceMsMax < this.#limits.firstSentenceMsMax) ? { how: 'aborted' } : end)
    }
    if (end === undefined || end.how === 'aborted' || signal.aborted) return
    yield* this.#finish(wish, end, signal)
  }

  #requestFor(state: ConversationState, history: HeardHistory): ChatRequest {
    const { requirement, now, attempt } = this.#options
    return { instructions: instructionsFor({ requirement, state, now: now(), attempt }), messages: history.messages(), tools: toolsFor(requirement), tokensMax: this.#limits.tokensMax }
  }

  /** True when the sentence will be spoken. Sentences that may not be are dropped; a goodbye waits until it is known that the call ends. */
  #take(sentence: string, wish: Wish): boolean {
    const text = spokenText(sentence)
    const { requirement, now, log, callId } = this.#options
    const verdict = guardSentence(text, { requirement, identity: this.#rules.state.identity, now: now(), calleeSaid: this.#history.calleeSaid })
    const why = !verdict.ok ? verdict.why : !soundsLikeSpeech(text, requirement.language, this.#history.calleeSaid) ? 'no-speech' : wish.sentences.has(text) ? 'repeated' : undefined
    if (why !== undefined) {
      log.info({ call: callId, why }, 'a sentence of the model was held back')
      return false
    }
    wish.sentences.add(text)
    if (farewellPattern.test(text)) {
      wish.farewell = text
      return false
    }
    // Nothing follows a goodbye but the end.
    wish.spoke ||= wish.farewell === undefined
    return wish.farewell === undefined
  }

  #sayFreely(text: string, firstTokenMs: number | undefined): RobotAction[] {
    const action = this.#rules.sayFreely(text)
    if (action?.type === 'say' && firstTokenMs !== undefined) return [{ ...action, firstTokenMs }]
    return action ? [action] : []
  }

  #useTool(name: string, input: unknown, wish: Wish): RobotAction[] {
    const turn = this.#rules.openTurn
    if (!turn) return []
    const { requirement, now, log, callId } = this.#options
    const wanted = readToolCall(name, input, { requirement, turn, now: now(), calleeSaid: this.#history.calleeSaid })
    if (wanted.type === 'refused') {
      log.info({ call: callId, why: wanted.why }, 'a tool call of the model was not carried out')
      return []
    }
    if (wanted.type === 'digits') return [{ type: 'send-digits', digits: wanted.digits }]
    if (wanted.type === 'end') {
      wish.end ??= wanted.how
      return []
    }
    const action = this.#rules.noteFreely(wanted.type === 'note' ? { slots: wanted.slots } : { callBack: wanted.words })
    return action ? [action] : []
  }

  async *#finish(wish: Wish, end: AnswerEnd, signal: AbortSignal): AsyncIterable<RobotAction> {
    const failed = !wish.spoke || end.how === 'failed' || end.how === 'stalled'
    // A goodbye without the tool still means to end.
    const wanted = wish.end ?? (wish.farewell === undefined ? undefined : this.#rules.openTurn?.signal === 'affirm' ? 'confirmed' : 'delivered')
    const ending = wanted && this.#rules.endFreely(wanted, wish.farewell)
    if (ending) yield* this.#give(ending, wish.farewell === undefined ? 'rules' : 'model', signal)
    else yield* this.#give(this.#rules.settle(), failed ? 'fallback' : 'rules', signal)
  }

  /** Passes actions on with a note whenever the words change hands. */
  async *#give(actions: readonly RobotAction[], source: Source, signal: AbortSignal): AsyncIterable<RobotAction> {
    for (const [i, action] of actions.entries()) {
      if (signal.aborted) {
        this.#rules.takeBack(actions.slice(i))
        return
      }
      if (action.type === 'note' && (action.note.source !== undefined || source === 'model')) {
        this.#source = source
        yield { type: 'note', note: { ...action.note, source } }
        continue
      }
      if (action.type === 'say' && this.#source !== source) {
        this.#source = source
        yield { type: 'note', note: { source } }
      }
      yield action
    }
  }

  #report(end: AnswerEnd): void {
    const { breaker, log, callId, model } = this.#options
    switch (end.how) {
      case 'complete':
      case 'full':
      case 'unusable':
        breaker.succeeded()
        return
      case 'aborted':
        breaker.abandoned()
        return
      case 'late':
      case 'stalled':
        breaker.failed(this.#timers.nowMs())
        log.warn({ call: callId, model: model.name, why: end.how }, 'the model did not answer in time')
        return
      case 'failed': {
        const { why, status, retryAfterMs } = end.failure
        breaker.failed(this.#timers.nowMs(), { atOnce: why === 'rejected' || why === 'busy', retryAfterMs })
        log.warn({ call: callId, model: model.name, why, status }, 'the model failed')
      }
    }
  }
}
