// Knows how the events of a call drive the rules robot: event in, move of the table out. Knows no audio, SIP, accounts or models.
import assert from 'node:assert/strict'
import { countMove, type MoveCounts, nextMove } from './conversation-policy.ts'
import { matchIntent, recogniserPhrases } from './intents.ts'
import { lines } from './lines.ts'
import { Rehearsed, type RulesCore } from './rehearsal.ts'
import type { Requirement } from './requirement.ts'
import { hotWordsOf } from './requirement-words.ts'
import type { MachinePolicy, RobotAction, RobotEvent } from './robot.ts'
import type { ConversationState, FreeEnd, OpenTurn, RulesConversation } from './rules-conversation.ts'
import { calleeLeft, end, handedOver, notHandedOver } from './rules-ending.ts'
import { FreeTurn } from './rules-free-turn.ts'
import { fittingMove, goesWithOurWords, type Heard, heardAs, languageOf, type Utterance } from './rules-hearing.ts'
import { act, greet, learn } from './rules-moves.ts'
import { Talk } from './rules-talk.ts'
import { askedIn } from './rules-telling.ts'
import { keySlot } from './summary.ts'

export type RulesRobotOptions = {
  requirement: Requirement
  now: () => Date
  /** 1 for the first call to this person. A later call does not press a busy person to listen. */
  attempt: number
  /** The human whom callees are handed to that ask for one, E.164; undefined: the wish is passed on. */
  handover?: string | undefined
  /** Turns for which this holds stay open: the state moves on, and the words are left to the owner of the conversation. */
  leaves?: ((turn: OpenTurn) => boolean) | undefined
}

const picksUp = /^(?:喂|你好|您好|哎|诶|嗯|啊|hello|hi|[\s\p{P}])+$/iu
/** Silence that is normal in talk. */
const muteMs = 5_000

export function createRulesRobot(options: RulesRobotOptions): RulesConversation {
  return new Rehearsed(options.now, (now) => new RulesRobot({ ...options, now }))
}

class RulesRobot implements RulesCore {
  readonly kind = 'rules'
  readonly hotWords: readonly string[]
  readonly phrases = recogniserPhrases
  readonly #talk: Talk
  readonly #attempt: number
  readonly #leaves: (turn: OpenTurn) => boolean
  readonly #counts: MoveCounts = { before: {}, after: {} }
  #open: FreeTurn | undefined
  #answeredAtMs: number | undefined
  #turns = 0
  /** Somebody with ears tells us when a machine picked up. */
  #machinesAreTold = false
  /** We were asked to wait. */
  #holding = false
  /** A murmur went with our words; a second one means something. */
  #murmured = false

  constructor({ requirement, now, attempt, leaves, handover }: RulesRobotOptions) {
    this.#talk = new Talk(requirement, now, handover)
    this.#attempt = attempt
    this.#leaves = leaves ?? (() => false)
    this.hotWords = hotWordsOf(requirement)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#talk.fallSilent()
  }

  react(event: RobotEvent): RobotAction[] {
    this.#react(event)
    return this.#talk.taken()
  }

  takeBack(actions: readonly RobotAction[]): void {
    this.#talk.takeBack(actions)
  }

  #react(event: RobotEvent): void {
    const talk = this.#talk
    switch (event.type) {
      case 'answered':
        this.#answeredAtMs = event.atMs
        this.#machinesAreTold = event.machines?.told ?? false
        if (event.machines?.machine && event.machines.policy !== 'go-on') return this.#answeredByMachine(event.machines.policy)
        this.#pickedUp(event.firstWords)
        return
      case 'answered-by':
        this.#machinesAreTold = true
        return this.#answeredByMachine(event.policy)
      case 'utterance':
        this.#hear(event)
        return
      case 'silence':
        // Nobody has spoken for the mute time, so nothing of ours is playing any more.
        talk.fallSilent()
        this.#take({ signal: 'silence', text: '' })
        return
      case 'digits':
        // '': the wait for a key ran out; the silence that goes with it has an event of its own.
        if (event.digits !== '') this.#pressed(event.digits)
        return
      case 'played':
        this.#murmured = false
        talk.played(event.say, event.heardText, event.cut)
        return
      case 'ended':
        if (talk.stage !== 'closed') calleeLeft(talk)
        return
      case 'transfer':
        if (talk.stage === 'closed') return
        if (event.state === 'joined') handedOver(talk)
        // Whoever else had wanted it, the conversation goes on where it was.
        else if (event.state === 'failed' && talk.handingOver) notHandedOver(talk)
        return
      case 'partial':
      case 'time-break':
        return
    }
  }

  /** What is done is set from outside; who has said that they are the person is none, whatever it sounded like. */
  #answeredByMachine(policy: MachinePolicy): void {
    const talk = this.#talk
    if (policy === 'go-on' || talk.stage === 'closed' || talk.identity === 'yes') return
    talk.note({ intent: 'voicemail', source: 'rules' })
    talk.stop()
    end(talk, policy === 'leave-message' ? 'leave-message' : 'end-machine')
  }

  /** A mailbox or a plea to stop needs no opening; anything else said before it is only how one picks up. */
  #pickedUp(text: string): void {
    const match = matchIntent(text, { stage: this.#talk.stage, person: this.#talk.requirement.person, sinceAnswerMs: 0, machinesAreTold: this.#machinesAreTold })
    this.#talk.calleeSpoke = match.intent !== 'none'
    if (match.intent !== 'voicemail' && match.intent !== 'stop') return greet(this.#talk)
    this.#talk.note({ intent: match.intent, source: 'rules' })
    this.#take({ signal: match.intent, text, match })
  }

  #hear(event: Utterance): void {
    const talk = this.#talk
    const match = matchIntent(event.text, {
      stage: talk.stage, asked: askedIn(talk), person: talk.requirement.person,
      sinceAnswerMs: this.#answeredAtMs === undefined ? undefined : event.beginAtMs - this.#answeredAtMs,
      machinesAreTold: this.#machinesAreTold,
    })
    if (match.intent !== 'none') talk.calleeSpoke = true
    this.#murmured = !event.bargeIn && !this.#murmured && goesWithOurWords(match, talk.saying)
    const heard = heardAs(event, match, talk)
    if (talk.stage !== 'closed') talk.note({ intent: heard.signal, source: 'rules' })
    // 喂 over the opening is only how one picks up, late: the opening is its answer, and who speaks has to be heard.
    if (this.#murmured || (!event.bargeIn && talk.saying.has('disclosure') && picksUp.test(event.text))) return
    this.#turns += 1
    const language = languageOf(heard)
    if (language === 'en' || (language === 'zh' && talk.requirement.language === 'zh')) talk.lines = lines[language]
    this.#take(heard)
  }

  #take(heard: Heard): void {
    const talk = this.#talk
    if (talk.stage === 'closed') return talk.push({ type: 'hang-up' })
    const identified = talk.identity === 'yes'
    const move = fittingMove(nextMove(talk.stage, heard.signal, this.#counts, identified, this.#turns), heard, { held: this.#holding, identified, attempt: this.#attempt, now: talk.now() })
    if (this.#holding) talk.push({ type: 'set-mute-time', muteMs })
    this.#holding = move === 'hold'
    countMove(this.#counts, move, identified)
    talk.stop()
    learn(move, talk, heard)
    const turn = { move, signal: heard.signal, text: heard.text }
    // Silence and keys leave nothing to word, and what was said back wrongly is put right at once.
    this.#open = heard.match && !heard.back && this.#leaves(turn) ? new FreeTurn(talk, turn, heard) : undefined
    if (!this.#open) act(move, talk, heard)
  }

  #pressed(digits: string): void {
    const talk = this.#talk
    const choice = talk.requirement.keys.find(({ key }) => key === digits.at(-1))
    talk.calleeSpoke = true
    this.#turns += 1
    if (!choice || talk.identity !== 'yes' || (talk.stage !== 'confirm' && talk.stage !== 'deliver')) return this.#take({ signal: 'unclear', text: '' })
    talk.slots = { ...talk.slots, [keySlot]: `${choice.key}（${choice.meaning}）` }
    talk.note({ intent: choice.intent, source: 'rules', slots: talk.slots })
    talk.stop()
    end(talk, ({ affirm: 'confirmed', deny: 'end-declined', other: 'noted' } as const)[choice.intent])
  }

  get state(): ConversationState {
    const { stage, identity, progress, openQuestions } = this.#talk
    return { stage, identity, untold: progress.untold().map(({ id }) => id), openQuestions: openQuestions.map(({ id }) => id) }
  }

  get openTurn(): OpenTurn | undefined {
    return this.#talk.stage === 'closed' ? undefined : this.#open?.turn
  }

  sayFreely(text: string): RobotAction | undefined {
    assert(this.#open, 'words of the owner belong to an open turn')
    return this.#open.say(text)
  }

  noteFreely(learnt: { slots?: Readonly<Record<string, string>>; callBack?: string | undefined }): RobotAction | undefined {
    assert(this.#open, 'a note of the owner belongs to an open turn')
    return this.#open.note(learnt)
  }

  settle(): RobotAction[] {
    const open = this.openTurn && this.#open
    this.#open = undefined
    return open?.settle() ?? []
  }

  endFreely(how: FreeEnd, farewell?: string): RobotAction[] | undefined {
    assert(this.#open, 'a free end belongs to an open turn')
    return this.#open.end(how, farewell)
  }
}
