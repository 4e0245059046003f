// Knows what each move of the conversation table does. Does not know when it is made: conversation-policy.ts decides.
import { callBackTime, slotOf } from './answers.ts'
import type { Move } from './conversation-policy.ts'
import { type End, end, isEnd } from './rules-ending.ts'
import type { Heard } from './rules-hearing.ts'
import type { Talk } from './rules-talk.ts'
import { answer, goOn, goOnAfterAnswer, keepAnswer, tell } from './rules-telling.ts'
import { callBackSlot } from './summary.ts'

/** While somebody fetches a pen or a person. Silence of five seconds is normal in talk. */
const holdMuteMs = 20_000

type Act = (talk: Talk, heard: Heard) => void

/** What is true after a turn of the callee whatever is answered to it. */
const learning: Readonly<Partial<Record<Move, Act>>> = {
  tell(talk) {
    talk.identify('yes')
    talk.stage = 'deliver'
    talk.discloseIfMissed()
  },
  'note-answer': keepAnswer,
}

export function learn(move: Move, talk: Talk, heard: Heard): void {
  learning[move]?.(talk, heard)
}

/** Answers the callee, after what the turn taught was learnt. */
export function act(move: Move, talk: Talk, heard: Heard): void {
  if (isEnd(move)) end(talk, move, heard.text)
  else acts[move](talk, heard)
}

const acts: Readonly<Record<Exclude<Move, End>, Act>> = {
  tell: (talk) => tell(talk, 'first'),
  'go-on': goOn,
  repeat: (talk) => tell(talk, 'all'),
  answer,
  'note-answer': goOnAfterAnswer,
  'ask-again': askAgain,
  'greet-anew': greet,
  'ask-for-person'(talk) {
    const { person } = talk.requirement
    talk.identify('no')
    talk.stage = person ? 'hand-over' : 'call-back'
    talk.say(talk.lines.askForPerson(person))
  },
  'say-who'(talk) {
    const { organisation, person, sensitive } = talk.requirement
    talk.say(talk.lines.sayWho(organisation, person, sensitive))
    askAgain(talk)
  },
  'admit-robot'(talk, heard) {
    talk.say(talk.lines.admitRobot(talk.requirement.organisation))
    if (talk.stage === 'identity' && heard.match?.affirmed) {
      learn('tell', talk, heard)
      tell(talk, 'first')
    } else askAgain(talk)
  },
  persuade(talk) {
    talk.say(talk.lines.contentIsShort)
    askAgain(talk)
  },
  calm(talk) {
    talk.say(talk.lines.calm(talk.requirement.organisation))
    askAgain(talk)
  },
  'ask-call-back'(talk) {
    talk.stage = 'call-back'
    talk.say(talk.lines.askCallBack)
  },
  'leave-word'(talk) {
    talk.thirdParty = true
    if (talk.identity !== 'yes') talk.identify('third-party')
    talk.stage = 'call-back'
    talk.say(talk.lines.leaveForPerson(talk.requirement.person))
  },
  'note-call-back'(talk, { text, match }) {
    const words = slotOf(text)
    talk.callBackAt = callBackTime(text, talk.now())
    if (words !== '' && (talk.callBackAt !== undefined || match?.intent === 'busy' || match?.intent === 'other')) talk.note({ callBackAt: talk.callBackAt, slots: { [callBackSlot]: words } })
    end(talk, talk.thirdParty && talk.callBackAt === undefined ? 'end-third-party' : 'end-busy')
  },
  hold(talk, { text }) {
    // Whoever comes to the phone next is a new listener.
    if (talk.stage === 'hand-over' || (talk.stage === 'identity' && /叫|喊|换|让/u.test(text))) talk.stage = 'fetching'
    talk.push({ type: 'set-mute-time', muteMs: holdMuteMs })
    talk.say(talk.lines.hold)
  },
  'check-line': (talk) => void talk.say(talk.lines.checkLine),
}

/** Greets whoever is on the phone: who speaks, then whether it is the person. */
export function greet(talk: Talk): void {
  const { person, kind } = talk.requirement
  talk.stage = 'identity'
  talk.disclose()
  talk.say(talk.lines.askIdentity(person, kind === 'ask'))
}

/** Asks again what is open. */
function askAgain(talk: Talk): void {
  const { lines: l, requirement: { person, kind } } = talk
  switch (talk.stage) {
    case 'identity':
      // A callee who talked over the opening has to hear who is calling, and that the voice is synthetic.
      talk.discloseIfMissed()
      talk.say(l.askIdentityAgain(person, kind === 'ask'))
      return
    case 'fetching':
      greet(talk)
      return
    case 'hand-over':
      talk.say(l.askForPerson(person))
      return
    case 'call-back':
      talk.say(talk.thirdParty ? l.leaveForPerson(person) : l.askCallBack)
      return
    default:
      tell(talk, 'rest')
  }
}
