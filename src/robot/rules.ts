// Knows how the rules robot turns events into actions, using the tables beside it. Knows no audio, SIP, accounts or models.
import assert from 'node:assert/strict'
import { answerFor, callBackTime, slotOf } from './answers.ts'
import { countMove, type Move, type MoveCounts, nextMove, type Signal, type Stage } from './conversation-policy.ts'
import { tells } from './fact-coverage.ts'
import { FactProgress } from './fact-progress.ts'
import { type Identity, maySpeak } from './identity-gate.ts'
import { type AskedQuestion, type IntentMatch, matchIntent, recogniserPhrases } from './intents.ts'
import { type Lines, lines } from './lines.ts'
import { type Requirement, speak } from './requirement.ts'
import type { ConversationOutcome, RobotAction, RobotEvent, RobotNote } from './robot.ts'
import { hotWordsOf } from './requirement-words.ts'
import type { ConversationState, FreeEnd, OpenTurn, RulesConversation } from './rules-conversation.ts'
import { callBackSlot, keySlot, summarise } from './summary.ts'

export type RulesRobotOptions = {
  requirement: Requirement
  now: () => Date
  /** 1 for the first call to this person. A later call does not press a busy person to listen. */
  attempt: number
  /** Turns for which this holds stay open: the state moves on, and the words are left to the owner of the conversation. */
  leaves?: ((turn: OpenTurn) => boolean) | undefined
}

/** Facts told in one go; then the callee is asked whether it is clear so far. */
const factsPerTurnMax = 4
const factCharsPerTurnMax = 140
/** Below this the recogniser is guessing. */
const confidenceMin = 0.3
/** Silence that is normal in talk, and while somebody looks for a pen. */
const muteMs = 5_000
const holdMuteMs = 20_000
const keysTimeOutMs = 10_000

type SayKind = 'disclosure' | 'identity' | 'fact' | 'question' | 'other'
/** The callee's turn as it was understood. */
type Heard = { match: IntentMatch; text: string }

const endOutcomes: Readonly<Partial<Record<Move, ConversationOutcome>>> = {
  'end-stopped': 'stopped', 'end-refused': 'refused', 'end-wrong-number': 'wrong-number', 'end-third-party': 'third-party', 'end-machine': 'machine', 'end-busy': 'busy-call-back',
  'end-unconfirmed': 'unconfirmed', 'end-silent': 'silent', 'end-declined': 'declined', 'end-delivered': 'delivered', 'end-handover': 'handover-requested',
}

export function createRulesRobot(options: RulesRobotOptions): RulesConversation {
  return new RulesRobot(options)
}

class RulesRobot implements RulesConversation {
  readonly kind = 'rules'
  readonly hotWords: readonly string[]
  readonly phrases = recogniserPhrases
  readonly #requirement: Requirement
  readonly #now: () => Date
  readonly #attempt: number
  readonly #progress: FactProgress
  readonly #leaves: (turn: OpenTurn) => boolean
  readonly #counts: MoveCounts = { before: {}, after: {} }
  /** Says that were given out and are not over. */
  readonly #outstanding = new Map<string, SayKind>()
  #lines: Lines
  #stage: Stage = 'identity'
  #identity: Identity = 'unknown'
  #asked: AskedQuestion | undefined
  #answeredAtMs: number | undefined
  #turns = 0
  #sayCount = 0
  /** The callee broke in before the words that name the voice synthetic. */
  #labelMissed = false
  #calleeSpoke = false
  #ignoredInRow = 0
  #holding = false
  #thirdParty = false
  #questionIndex = 0
  #slots: Record<string, string> = {}
  #callBackAt: string | undefined
  #outcome: ConversationOutcome | undefined
  #out: RobotAction[] = []
  /** A turn whose words are the owner's, and what the owner has said in it. */
  #open: { turn: OpenTurn; heard: Heard; words: string } | undefined

  constructor({ requirement, now, attempt, leaves }: RulesRobotOptions) {
    this.#leaves = leaves ?? (() => false)
    this.#requirement = requirement
    this.#now = now
    this.#attempt = attempt
    this.#lines = lines[requirement.language]
    this.#progress = new FactProgress(
      requirement.facts.map((fact) => ({ id: fact.id, text: this.#lines.sentence(speak(fact, now())) })),
      (id, words) => tells(words, requirement.facts.find((fact) => fact.id === id)!, now()),
    )
    this.hotWords = hotWordsOf(requirement)
  }

  async *handle(event: RobotEvent, signal: AbortSignal): AsyncIterable<RobotAction> {
    const actions = this.react(event)
    for (const [i, action] of actions.entries()) {
      if (signal.aborted) {
        this.takeBack(actions.slice(i))
        return
      }
      yield action
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#outstanding.clear()
  }

  react(event: RobotEvent): RobotAction[] {
    this.#react(event)
    return this.#taken()
  }

  #taken(): RobotAction[] {
    const actions = this.#out
    this.#out = []
    return actions
  }

  /** Words that were never given out will never be played; what was learnt is told with the next event. */
  takeBack(actions: readonly RobotAction[]): void {
    for (const action of actions) {
      if (action.type === 'say') {
        this.#outstanding.delete(action.id)
        this.#progress.takenBack(action.id)
      }
      else if (action.type === 'note' || action.type === 'hang-up') this.#out.push(action)
    }
  }

  #react(event: RobotEvent): void {
    switch (event.type) {
      case 'answered':
        this.#answeredAtMs = event.atMs
        this.#pickedUp(event.firstWords)
        return
      case 'utterance':
        this.#hear(event)
        return
      case 'silence':
        // Nobody has spoken for the mute time, so nothing of ours is playing any more.
        this.#outstanding.clear()
        this.#take('silence', undefined)
        return
      case 'digits':
        this.#pressed(event.digits)
        return
      case 'played':
        this.#played(event.say, event.heardText, event.cut)
        return
      case 'ended':
        this.#ended()
        return
      case 'partial':
      case 'time-break':
      case 'transfer':
        return
    }
  }

  #openConversation(): void {
    this.#disclose()
    this.#askWho(this.#lines.askIdentity(this.#requirement.person, this.#requirement.kind === 'ask'))
  }

  /** A mailbox or a plea to stop needs no opening; anything else said before it is only how one picks up. */
  #pickedUp(firstWords: string): void {
    const match = matchIntent(firstWords, { stage: this.#stage, person: this.#requirement.person, sinceAnswerMs: 0 })
    this.#calleeSpoke = match.intent !== 'none'
    if (match.intent === 'voicemail' || match.intent === 'stop') {
      this.#note({ intent: match.intent, source: 'rules' })
      this.#take(match.intent, { match, text: firstWords })
    } else {
      this.#openConversation()
    }
  }

  #disclose(): void {
    this.#labelMissed = false
    this.#say(this.#lines.disclosure(this.#requirement.organisation), 'disclosure', { interruptible: false })
  }

  #hear(event: Extract<RobotEvent, { type: 'utterance' }>): void {
    if (this.#stage === 'closed') {
      this.#out.push({ type: 'hang-up' })
      return
    }
    const match = matchIntent(event.text, {
      stage: this.#stage, asked: this.#asked, person: this.#requirement.person,
      sinceAnswerMs: this.#answeredAtMs === undefined ? undefined : event.beginAtMs - this.#answeredAtMs,
    })
    this.#calleeSpoke ||= match.intent !== 'none'
    if (this.#isBackchannel(event, match)) {
      this.#ignoredInRow += 1
      this.#note({ intent: match.intent, source: 'rules' })
      return
    }
    this.#ignoredInRow = 0
    this.#turns += 1
    if (match.language === 'en' && event.text.trim().split(/\s+/u).length >= 3) this.#lines = lines.en
    else if (match.language === 'zh' && this.#requirement.language === 'zh') this.#lines = lines.zh
    // A guess of the recogniser may end in a question, never in a do-not-call entry.
    const trusted = event.confidence >= confidenceMin
    this.#note({ intent: trusted ? match.intent : 'unclear', source: 'rules' })
    this.#take(trusted ? match.intent : 'unclear', { match, text: event.text })
  }

  /** 嗯 and 喂 while we are still talking and were not stopped: they go with our words, they do not answer them. */
  #isBackchannel(event: { bargeIn: boolean }, { intent, evidence }: IntentMatch): boolean {
    if (event.bargeIn || this.#ignoredInRow > 0) return false
    const kinds = [...this.#outstanding.values()]
    const pickingUp = intent === 'greeting' || /^(?:喂|喂喂|嗯|嗯嗯|哎|啊|你好|您好|hello|hi)$/u.test(evidence)
    if (kinds.includes('disclosure')) return pickingUp
    if (kinds.includes('fact')) return intent === 'affirm' || pickingUp
    return false
  }

  #take(signal: Signal, heard: Heard | undefined): void {
    if (this.#stage === 'closed') {
      this.#out.push({ type: 'hang-up' })
      return
    }
    let move = nextMove(this.#stage, signal, this.#counts, this.#identity === 'yes', this.#turns)
    if (this.#holding) {
      this.#holding = false
      this.#out.push({ type: 'set-mute-time', muteMs })
      // 好了，你说: the pen is found, so what was said before is said again.
      if (signal === 'affirm' && this.#identity === 'yes' && heard !== undefined && /说|讲|好了|记/u.test(heard.text)) move = 'repeat'
    }
    // A driver must not be talked into listening, and nobody twice.
    if (move === 'persuade' && (this.#attempt > 1 || (heard !== undefined && /开车|驾驶|driving/iu.test(heard.text)))) move = 'ask-call-back'
    // 下午三点再打: the time is already given.
    if (move === 'ask-call-back' && heard && callBackTime(heard.text, this.#now()) !== undefined) move = 'note-call-back'
    countMove(this.#counts, move, this.#identity === 'yes')
    this.#stop()
    this.#open = undefined
    const turn = heard && { move, signal, text: heard.text }
    if (turn && this.#leaves(turn)) this.#leaveOpen(turn, heard)
    else this.#make(move, heard)
  }

  /** What is true after the callee's turn whatever is answered to it. */
  #leaveOpen(turn: OpenTurn, heard: Heard): void {
    const { move } = turn
    if (move === 'tell') {
      this.#identify('yes')
      this.#stage = 'deliver'
      if (this.#labelMissed) this.#disclose()
    } else if (move === 'note-answer') {
      this.#recordAnswer(heard)
    }
    this.#open = { turn, heard, words: '' }
  }

  get openTurn(): OpenTurn | undefined {
    return this.#open?.turn
  }

  get state(): ConversationState {
    return { stage: this.#stage, identity: this.#identity, untold: this.#progress.untold().map(({ id }) => id), openQuestions: this.#requirement.questions.slice(this.#questionIndex).map(({ id }) => id) }
  }

  sayFreely(text: string, options: { interruptible?: boolean } = {}): RobotAction | undefined {
    assert(this.#open, 'words of the owner belong to an open turn')
    if (!maySpeak(text, this.#requirement, this.#identity)) return undefined
    this.#open.words += text
    // A question waits for its answer; 嗯 over anything else only goes with our words.
    const id = this.#say(text, isAsking(text) ? 'question' : 'fact', options)
    if (id !== undefined) this.#progress.queuedFreely(id, text)
    return this.#taken()[0]
  }

  noteFreely({ slots = {}, callBack }: { slots?: Readonly<Record<string, string>>; callBack?: string | undefined }): RobotAction | undefined {
    const named = Object.fromEntries(Object.entries(slots).flatMap(([name, value]) => (slotOf(value) === '' ? [] : [[name, slotOf(value)]])))
    this.#slots = { ...this.#slots, ...named }
    const current = this.#requirement.questions[this.#questionIndex]
    if (current !== undefined && Object.hasOwn(named, current.text)) this.#questionIndex += 1
    const note: RobotNote = {}
    if (Object.keys(named).length > 0) note.slots = { ...this.#slots }
    if (callBack !== undefined && slotOf(callBack) !== '') {
      this.#callBackAt = callBackTime(callBack, this.#now())
      note.callBackAt = this.#callBackAt
      note.slots = { ...note.slots, [callBackSlot]: slotOf(callBack) }
    }
    return note.slots && { type: 'note', note }
  }

  settle(): RobotAction[] {
    const open = this.#open
    this.#open = undefined
    if (!open) return []
    if (open.words === '') this.#makeLate(open.turn.move, open.heard)
    else if (this.#progress.untold().length > 0) {
      if (isAsking(open.words)) this.#asked = 'understood'
      else this.#tell(this.#progress.begun ? 'rest' : 'first')
    } else if (isAsking(open.words) && this.#requirement.keys.length === 0) {
      this.#awaitAnswer(open.words)
    } else {
      this.#askNext()
    }
    return this.#taken()
  }

  /** The move of an open turn after all, without what `leaveOpen` has done of it. */
  #makeLate(move: Move, heard: Heard): void {
    if (move === 'tell') this.#tell('first')
    else if (move === 'note-answer') this.#afterAnswer(heard)
    else this.#make(move, heard)
  }

  /** The owner's words end in a question: which of ours is it? */
  #awaitAnswer(words: string): void {
    const question = this.#requirement.questions[this.#questionIndex]
    if (!question) {
      this.#stage = 'confirm'
      this.#asked = this.#confirmation().asked
    } else if (tells(words, question, this.#now())) {
      this.#stage = 'ask'
      this.#asked = question.kind
    } else {
      // Another question; ours follows once it is answered.
      this.#stage = 'deliver'
      this.#asked = 'understood'
    }
  }

  endFreely(end: FreeEnd, farewell?: string): RobotAction[] | undefined {
    const open = this.#open
    assert(open, 'a free end belongs to an open turn')
    // Nobody can confirm what they have not heard, nor be done with a question that was not asked.
    if ((end === 'confirmed' || end === 'delivered') && (!this.#progress.complete || this.#questionsLeft())) return undefined
    this.#open = undefined
    const l = this.#lines
    if (end === 'stop') this.#note({ doNotCall: { evidence: slotOf(open.heard.text) } })
    if (end === 'call-back') this.#stage = 'call-back'
    const { outcome, line } = {
      confirmed: { outcome: 'confirmed', line: l.closeConfirmed(this.#keyFact()) },
      declined: { outcome: 'declined', line: l.closeDeclined },
      delivered: { outcome: 'delivered', line: l.closeDelivered },
      refused: { outcome: 'refused', line: l.refused },
      'call-back': { outcome: 'busy-call-back', line: l.willCallBack },
      stop: { outcome: 'stopped', line: l.stopped },
      human: { outcome: 'handover-requested', line: l.passOn(this.#requirement.organisation) },
    }[end] as { outcome: ConversationOutcome; line: string }
    // The promise not to call again is made in our words, whatever was said before.
    this.#end(outcome, end === 'stop' ? line : (farewell ?? line))
    return this.#taken()
  }

  #make(move: Move, heard: Heard | undefined): void {
    const { organisation, person, sensitive } = this.#requirement
    const l = this.#lines
    switch (move) {
      case 'tell':
        this.#identify('yes')
        this.#tell('first')
        return
      case 'ask-again':
        this.#askPending()
        return
      case 'ask-for-person':
        this.#identify('no')
        this.#stage = person ? 'hand-over' : 'call-back'
        this.#asked = person ? 'available' : 'call-back'
        this.#say(l.askForPerson(person), 'question')
        return
      case 'greet-anew':
        this.#stage = 'identity'
        this.#openConversation()
        return
      case 'say-who':
        this.#say(l.sayWho(organisation, person, sensitive), 'other')
        this.#askPending()
        return
      case 'admit-robot':
        this.#say(l.admitRobot(organisation), 'other')
        if (this.#stage === 'identity' && heard?.match.affirmed) {
          this.#identify('yes')
          this.#tell('first')
        } else {
          this.#askPending()
        }
        return
      case 'persuade':
        this.#say(l.contentIsShort, 'other')
        this.#askPending()
        return
      case 'ask-call-back':
        this.#stage = 'call-back'
        this.#asked = 'call-back'
        this.#say(l.askCallBack, 'question')
        return
      case 'leave-word':
        this.#thirdParty = true
        if (this.#identity !== 'yes') this.#identify('third-party')
        this.#stage = 'call-back'
        this.#asked = 'call-back'
        this.#say(l.leaveForPerson(person), 'question')
        return
      case 'note-call-back': {
        const words = heard === undefined ? '' : slotOf(heard.text)
        this.#callBackAt = heard && callBackTime(heard.text, this.#now())
        if (words !== '' && (this.#callBackAt !== undefined || heard?.match.intent === 'busy' || heard?.match.intent === 'other')) this.#note({ callBackAt: this.#callBackAt, slots: { [callBackSlot]: words } })
        this.#end(this.#thirdParty ? 'third-party' : 'busy-call-back', this.#callBackAt === undefined && this.#thirdParty ? l.endThirdParty : l.willCallBack)
        return
      }
      case 'hold':
        // Whoever comes to the phone next is a new listener.
        if (this.#stage === 'hand-over' || (this.#stage === 'identity' && heard !== undefined && /叫|喊|换|让/u.test(heard.text))) {
          this.#stage = 'fetching'
          this.#asked = undefined
        }
        this.#holding = true
        this.#out.push({ type: 'set-mute-time', muteMs: holdMuteMs })
        this.#say(l.hold, 'other')
        return
      case 'check-line':
        this.#say(l.checkLine, 'question')
        return
      case 'calm':
        this.#say(l.calm(organisation), 'other')
        this.#askPending()
        return
      case 'go-on':
        if (!this.#progress.complete || this.#questionsLeft()) this.#tell('rest')
        else this.#end('confirmed', l.closeConfirmed(this.#keyFact()))
        return
      case 'repeat':
        this.#tell('all')
        return
      case 'answer':
        this.#answer(heard)
        return
      case 'note-answer':
        this.#noteAnswer(heard)
        return
      default:
        this.#endBy(move, heard)
    }
  }

  #endBy(move: Move, heard: { text: string } | undefined): void {
    const l = this.#lines
    switch (move) {
      case 'end-stopped':
        this.#note({ doNotCall: { evidence: slotOf(heard?.text ?? '') } })
        this.#end('stopped', l.stopped)
        return
      case 'end-wrong-number':
        this.#note({ wrongNumber: true, identity: 'no' })
        this.#end('wrong-number', l.wrongNumber)
        return
      case 'end-handover':
        this.#end('handover-requested', l.passOn(this.#requirement.organisation))
        return
      case 'end-machine':
        this.#end('machine', l.machine)
        return
      case 'end-third-party':
        this.#end('third-party', l.endThirdParty)
        return
      case 'end-busy':
        this.#end(this.#thirdParty ? 'third-party' : 'busy-call-back', l.willCallBack)
        return
      case 'end-declined':
        this.#end('declined', l.closeDeclined)
        return
      case 'end-silent':
        this.#end(this.#thirdParty ? 'third-party' : this.#stage === 'call-back' ? 'busy-call-back' : this.#calleeSpoke ? 'unconfirmed' : 'silent', l.silentBye)
        return
      case 'end-unconfirmed':
        this.#end(this.#thirdParty ? 'third-party' : 'unconfirmed', l.unconfirmedBye)
        return
      case 'end-refused':
        this.#end('refused', l.refused)
        return
      case 'end-delivered':
        this.#end(this.#afterTelling(), l.closeDelivered)
        return
      default:
        this.#end(endOutcomes[move] ?? this.#afterTelling(), l.limitBye)
    }
  }

  /** What a conversation that just stops has come to. */
  #afterTelling(): ConversationOutcome {
    if (this.#identity !== 'yes') return this.#thirdParty ? 'third-party' : this.#calleeSpoke ? 'unconfirmed' : 'silent'
    if (this.#stage === 'call-back') return 'busy-call-back'
    return this.#progress.complete ? 'delivered' : 'refused'
  }

  #identify(identity: 'yes' | 'no' | 'third-party'): void {
    this.#identity = identity
    this.#note({ identity })
  }

  #askWho(text: string): void {
    this.#asked = this.#requirement.person ? 'identity' : 'listen'
    this.#say(text, 'identity')
  }

  /** Asks again what is open. */
  #askPending(): void {
    const l = this.#lines
    const { person } = this.#requirement
    switch (this.#stage) {
      case 'identity':
        // A callee who talked over the opening has to hear who is calling, and that the voice is synthetic.
        if (this.#labelMissed) this.#disclose()
        this.#askWho(l.askIdentityAgain(person, this.#requirement.kind === 'ask'))
        return
      case 'fetching':
        this.#stage = 'identity'
        this.#openConversation()
        return
      case 'hand-over':
        this.#asked = 'available'
        this.#say(l.askForPerson(person), 'question')
        return
      case 'call-back':
        this.#asked = 'call-back'
        this.#say(this.#thirdParty ? l.leaveForPerson(person) : l.askCallBack, 'question')
        return
      default:
        this.#tell('rest')
    }
  }

  /** Tells facts and asks the next question. 'all' starts over with what was told so far and what is left of this go. */
  #tell(what: 'first' | 'rest' | 'all'): void {
    const l = this.#lines
    assert(this.#identity === 'yes', 'facts are told only to the person')
    this.#stage = 'deliver'
    const told = new Set(this.#progress.heard())
    const left = this.#progress.untold()
    const all = this.#requirement.facts.map((fact) => ({ id: fact.id, text: l.sentence(speak(fact, this.#now())), from: 0 }))
    // A repetition goes as far as the telling had come: what was heard, or the part that was cut.
    const everything = all.length <= factsPerTurnMax
    const group = what !== 'all' ? firstGroup(left) : everything ? all : told.size > 0 ? all.filter(({ id }) => told.has(id)).slice(-factsPerTurnMax) : firstGroup(left)
    if (this.#labelMissed && what === 'first') this.#disclose()
    let lead = what === 'first' ? l.lead(this.#requirement) : what === 'all' ? l.again : ''
    for (const fact of group) {
      const text = `${lead}${fact.text}`
      const id = this.#say(text, 'fact')
      if (id !== undefined) this.#progress.queued(id, fact.id, lead.length, fact.from)
      lead = ''
    }
    const included = new Set(group.map(({ id }) => id))
    if (left.some(({ id }) => !included.has(id))) {
      this.#asked = 'understood'
      this.#say(l.toBeContinued, 'question')
      return
    }
    this.#askNext()
  }

  #questionsLeft(): boolean {
    return this.#questionIndex < this.#requirement.questions.length
  }

  #askNext(): void {
    const l = this.#lines
    const question = this.#requirement.questions[this.#questionIndex]
    if (question) {
      this.#stage = 'ask'
      this.#asked = question.kind
      this.#say(l.askQuestion(speak(question, this.#now())), 'question')
      return
    }
    this.#stage = 'confirm'
    if (this.#requirement.keys.length > 0) {
      this.#asked = 'understood'
      this.#say(l.askKeys(this.#requirement), 'question')
      this.#out.push({ type: 'collect-digits', digitsMax: 1, timeOutMs: keysTimeOutMs })
      return
    }
    const { asked, line } = this.#confirmation()
    this.#asked = asked
    this.#say(line, 'question')
  }

  /** The question that ends the telling. */
  #confirmation(): { asked: AskedQuestion; line: string } {
    const l = this.#lines
    if (this.#requirement.kind === 'greet') return { asked: 'understood', line: l.greetingDone }
    const all = this.#requirement.facts.map(({ text }) => text).join('')
    if (/复诊|集合|面试|体检|就诊|报到|到场|到岗|赴约|考试|签约/u.test(all)) return { asked: 'attend', line: l.askArrive }
    if (/开会|会议|例会|年会|开.{0,6}会(?!员)|参加|出席|上课|培训|聚餐|活动|聚会|婚礼|宴|讲座|\bmeeting\b|\bparty\b/u.test(all)) return { asked: 'attend', line: l.askAttend }
    return { asked: 'understood', line: l.askUnderstood }
  }

  #answer(heard: Heard | undefined): void {
    const l = this.#lines
    const { organisation } = this.#requirement
    if (heard?.match.intent === 'who') this.#say(l.onBehalf(organisation), 'other')
    else {
      const answer = answerFor(heard?.match.topics ?? [], this.#requirement, this.#now())
      this.#say(answer === undefined ? l.noInformation(organisation) : l.sentence(answer.join('，')), 'other')
    }
    this.#resume()
  }

  /** Takes up where the callee broke in: the unfinished fact, or the open question. */
  #resume(): void {
    if (!this.#progress.complete) this.#tell('rest')
    else this.#askNext()
  }

  #noteAnswer(heard: Heard | undefined): void {
    if (heard === undefined || !this.#questionsLeft()) {
      this.#resume()
      return
    }
    this.#recordAnswer(heard)
    this.#afterAnswer(heard)
  }

  #recordAnswer(heard: Heard): void {
    const question = this.#requirement.questions[this.#questionIndex]
    if (!question) return
    this.#slots = { ...this.#slots, [question.text]: slotOf(heard.text) }
    this.#note({ slots: { ...this.#slots } })
    this.#questionIndex += 1
  }

  #afterAnswer(heard: Heard): void {
    const l = this.#lines
    const question = this.#requirement.questions[this.#questionIndex - 1]
    if (this.#questionsLeft()) {
      this.#say(l.noted, 'other')
      this.#askNext()
    } else if (!this.#progress.complete) {
      this.#tell('rest')
    } else if (question?.kind === 'yes-no' && heard.match.intent === 'deny' && this.#requirement.questions.length === 1) {
      this.#end('declined', l.closeDeclined)
    } else {
      this.#end('confirmed', l.closeNoted)
    }
  }

  #pressed(digits: string): void {
    // The wait for a key ran out; the silence that goes with it has an event of its own.
    if (digits === '') return
    if (this.#stage === 'closed') {
      this.#out.push({ type: 'hang-up' })
      return
    }
    this.#calleeSpoke = true
    this.#turns += 1
    const choice = this.#requirement.keys.find(({ key }) => key === digits.at(-1))
    if (choice && this.#identity === 'yes' && (this.#stage === 'confirm' || this.#stage === 'deliver')) {
      this.#slots = { ...this.#slots, [keySlot]: `${choice.key}（${choice.meaning}）` }
      this.#note({ intent: choice.intent, source: 'rules', slots: { ...this.#slots } })
      this.#stop()
      if (choice.intent === 'deny') this.#end('declined', this.#lines.closeDeclined)
      else this.#end('confirmed', choice.intent === 'affirm' ? this.#lines.closeConfirmed(this.#keyFact()) : this.#lines.closeNoted)
      return
    }
    this.#take('unclear', undefined)
  }

  #played(say: string, heardText: string, cut: boolean): void {
    const kind = this.#outstanding.get(say)
    this.#outstanding.delete(say)
    this.#ignoredInRow = 0
    if (kind === 'disclosure' && cut && !/合成|生成|synthetic|generated/iu.test(heardText)) this.#labelMissed = true
    this.#progress.played(say, heardText, cut)
  }

  #ended(): void {
    if (this.#outcome !== undefined) return
    const outcome = this.#afterTelling()
    this.#stage = 'closed'
    this.#finish(outcome)
  }

  #keyFact(): string | undefined {
    const { facts } = this.#requirement
    const key = facts.find(({ dates }) => dates.length > 0) ?? facts[0]
    if (key === undefined || this.#requirement.kind === 'greet') return undefined
    const text = speak(key, this.#now(), { brief: true })
    return text.length > 40 ? undefined : text
  }

  #stop(): void {
    if (this.#outstanding.size > 0) this.#out.push({ type: 'stop' })
    this.#outstanding.clear()
    this.#progress.dropped()
  }

  #end(outcome: ConversationOutcome, line: string): void {
    this.#stage = 'closed'
    this.#open = undefined
    this.#asked = undefined
    this.#say(line, 'other', { interruptible: false })
    this.#finish(outcome)
    this.#out.push({ type: 'hang-up' })
  }

  #finish(outcome: ConversationOutcome): void {
    this.#outcome = outcome
    const summary = summarise(this.#requirement, { outcome, identified: this.#identity === 'yes', factsHeard: this.#progress.heard(), slots: this.#slots, callBackAt: this.#callBackAt }, this.#now())
    this.#note({ outcome, summary, source: 'rules' })
  }

  #note(note: RobotNote): void {
    this.#out.push({ type: 'note', note })
  }

  /** Gives out one sentence; undefined when the gate held it back, which would be a fault of ours and never the callee's problem. */
  #say(text: string, kind: SayKind, options: { interruptible?: boolean } = {}): string | undefined {
    if (text === '') return undefined
    const held = !maySpeak(text, this.#requirement, this.#identity)
    this.#sayCount += 1
    const id = `r${this.#sayCount}`
    this.#outstanding.set(id, kind)
    this.#out.push({ type: 'say', id, parts: [{ type: 'text', text: held ? this.#lines.askIdentityAgain(this.#requirement.person, this.#requirement.kind === 'ask') : text }], interruptible: options.interruptible ?? true })
    return held ? undefined : id
  }
}

function isAsking(text: string): boolean {
  return /[?？]["”’」』\s]*$/u.test(text)
}

function firstGroup<T extends { text: string }>(facts: readonly T[]): T[] {
  const group: T[] = []
  let chars = 0
  for (const fact of facts) {
    if (group.length >= factsPerTurnMax || (group.length > 0 && chars + fact.text.length > factCharsPerTurnMax)) break
    group.push(fact)
    chars += fact.text.length
  }
  return group
}
