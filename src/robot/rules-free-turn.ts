// Knows what the rules keep true while somebody else words a turn. Does not know who that is, nor how the rules word theirs.
import { answerFor, callBackTime, slotOf } from './answers.ts'
import { tells } from './fact-coverage.ts'
import { maySpeak } from './identity-gate.ts'
import type { RobotAction, RobotNote } from './robot.ts'
import type { FreeEnd, OpenTurn } from './rules-conversation.ts'
import { type End, end } from './rules-ending.ts'
import type { Heard } from './rules-hearing.ts'
import { act } from './rules-moves.ts'
import type { Talk } from './rules-talk.ts'
import { askNext, tell } from './rules-telling.ts'
import { callBackSlot } from './summary.ts'

const ends: Readonly<Record<FreeEnd, End>> = {
  confirmed: 'confirmed', declined: 'end-declined', delivered: 'end-delivered', refused: 'end-refused', 'call-back': 'end-busy', stop: 'end-stopped', human: 'end-handover',
}

/** One turn whose words are the owner's: any number of says and notes, then `settle` or `end`. */
export class FreeTurn {
  readonly turn: OpenTurn
  readonly #talk: Talk
  readonly #heard: Heard
  /** What the owner has said in it. */
  #words = ''

  constructor(talk: Talk, turn: OpenTurn, heard: Heard) {
    this.#talk = talk
    this.turn = turn
    this.#heard = heard
  }

  say(text: string): RobotAction | undefined {
    const talk = this.#talk
    if (!maySpeak(text, talk.requirement, talk.identity)) return undefined
    this.#words += text
    // A question waits for its answer; 嗯 over anything else only goes with our words.
    const id = talk.say(text, isAsking(text) ? 'other' : 'fact')
    if (id !== undefined) talk.progress.queuedFreely(id, text)
    return talk.taken()[0]
  }

  note({ slots = {}, callBack = '' }: { slots?: Readonly<Record<string, string>>; callBack?: string | undefined }): RobotAction | undefined {
    const talk = this.#talk
    const named = Object.fromEntries(Object.entries(slots).map(([name, value]) => [name, slotOf(value)]).filter(([, value]) => value !== ''))
    const note: RobotNote = {}
    if (Object.keys(named).length > 0) note.slots = talk.slots = { ...talk.slots, ...named }
    if (slotOf(callBack) !== '') {
      talk.callBackAt = note.callBackAt = callBackTime(callBack, talk.now())
      note.slots = { ...note.slots, [callBackSlot]: slotOf(callBack) }
    }
    return note.slots && { type: 'note', note }
  }

  settle(): RobotAction[] {
    const talk = this.#talk
    const asks = isAsking(this.#words)
    if (this.#passedOver()) {
      talk.say(talk.lines.noInformation(talk.requirement.organisation))
      if (talk.progress.untold().length > 0) tell(talk, 'rest')
      else askNext(talk)
    } else if (this.#words === '') act(this.turn.move, talk, this.#heard)
    else if (talk.progress.untold().length > 0) {
      if (asks) talk.stage = 'deliver'
      else tell(talk, talk.progress.begun ? 'rest' : 'first')
    } else if (asks && talk.requirement.keys.length === 0) this.#awaitAnswer()
    else askNext(talk)
    return talk.taken()
  }

  /** A question to which the requirement has no answer is not passed over, whatever else the owner says: else the callee believes that it was heard. */
  #passedOver(): boolean {
    const { match } = this.#heard
    if (this.turn.move !== 'answer' || this.#words === '' || !match || match.topics.length === 0) return false
    return answerFor(match.topics, this.#talk.requirement, this.#talk.now()) === undefined && !noAnswer.test(this.#words)
  }

  /** The owner's words end in a question: which of ours is it? One that is none of ours is answered first. */
  #awaitAnswer(): void {
    const talk = this.#talk
    const question = talk.openQuestions[0]
    if (!question) talk.stage = 'confirm'
    else talk.stage = tells(this.#words, question, talk.now()) ? 'ask' : 'deliver'
  }

  /** Undefined when the end would claim what has not happened: nobody can confirm what they have not heard, nor be done with a question that was not asked. */
  end(how: FreeEnd, farewell?: string): RobotAction[] | undefined {
    if ((how === 'confirmed' || how === 'delivered') && !this.#talk.complete) return undefined
    // A question is no yes: it is answered, and the callee is asked.
    if (how === 'confirmed' && this.turn.signal === 'question') return undefined
    // Who speaks of a cancellation, or orders us to, has not declined by it.
    if (how === 'declined' && !['deny', 'refuse', 'busy'].includes(this.turn.signal) && !declines.test(this.#heard.text)) return undefined
    end(this.#talk, ends[how], this.#heard.text, farewell)
    return this.#talk.taken()
  }
}

const noAnswer = /没有.{0,6}信息|没.{0,4}(?:写|提到|说明)|不(?:太)?(?:清楚|知道|了解|确定)|联系|no information|not? (?:know|sure)|don't/iu
/** Words with which people say that they will not or cannot. */
const declines = /不|没|别|无法|有事|忙|出差|外地|来不及|冲突|改天|下次|\bno\b|n't|\bnot\b|sorry|busy/iu

function isAsking(text: string): boolean {
  return /[?？]["”’」』\s]*$/u.test(text)
}
