// Knows what was heard of the callee: which signal it is, and which words bend the move that answers it. Pure. Does not know what is said.
import { callBackTime } from './answers.ts'
import type { Move, Signal } from './conversation-policy.ts'
import type { IntentMatch } from './intents.ts'
import { type ReadBack, readBack } from './read-back.ts'
import type { RobotEvent } from './robot.ts'
import type { SayKind, Talk } from './rules-talk.ts'

/** What came from the callee, as it was understood. Silence and keys have no words and no match. `back`: a fact said back that wants an answer. */
export type Heard = { signal: Signal; text: string; match?: IntentMatch; back?: ReadBack }
export type Utterance = Extract<RobotEvent, { type: 'utterance' }>

/** Below this the recogniser is guessing. */
const confidenceMin = 0.3
/** Meanings under which a fact may be said back. 好的，十点 agrees to what nobody said. */
const sayingBack: ReadonlySet<Signal> = new Set<Signal>(['affirm', 'question', 'repeat', 'wait', 'thanks', 'greeting', 'other'])

export function heardAs({ text, confidence }: Utterance, match: IntentMatch, { stage, requirement, now }: Pick<Talk, 'stage' | 'requirement' | 'now'>): Heard {
  // A guess of the recogniser may end in a question, never in a do-not-call entry.
  if (confidence < confidenceMin) return { signal: 'unclear', text, match }
  const told = stage === 'deliver' || stage === 'confirm' || stage === 'ask'
  const back = told && sayingBack.has(match.intent) ? readBack(text, requirement, now()) : undefined
  // To an open question a time is an answer, and to 好的，九点吧 there is nothing to say.
  const wants = back && (back.right ? back.asks && match.intent !== 'affirm' : back.asks || stage !== 'ask')
  return wants ? { signal: 'question', text, match, back } : { signal: match.intent, text, match }
}

/** 嗯 and 喂 while we are still talking and were not stopped: they go with our words, they do not answer them. */
export function goesWithOurWords({ intent, evidence }: IntentMatch, saying: ReadonlySet<SayKind>): boolean {
  const pickingUp = intent === 'greeting' || /^(?:喂|喂喂|嗯|嗯嗯|哎|啊|你好|您好|hello|hi)$/u.test(evidence)
  if (saying.has('disclosure')) return pickingUp
  return saying.has('fact') && (intent === 'affirm' || pickingUp)
}

/** The language to go on in; undefined when the words are too few to tell. */
export function languageOf({ text, match }: Heard): 'zh' | 'en' | undefined {
  if (match?.language !== 'en') return match?.language
  return text.trim().split(/\s+/u).length >= 3 ? 'en' : undefined
}

/** The table knows no words; these few change what it says. `held`: we were asked to wait. */
export function fittingMove(move: Move, { signal, text }: Heard, p: { held: boolean; identified: boolean; attempt: number; now: Date }): Move {
  let fitting = move
  // 好了，你说: the pen is found, so what was said before is said again.
  if (p.held && signal === 'affirm' && p.identified && /说|讲|好了|记/u.test(text)) fitting = 'repeat'
  // A driver must not be talked into listening, and nobody twice.
  if (fitting === 'persuade' && (p.attempt > 1 || /开车|驾驶|driving/iu.test(text))) fitting = 'ask-call-back'
  // 下午三点再打: the time is already given.
  if (fitting === 'ask-call-back' && callBackTime(text, p.now) !== undefined) fitting = 'note-call-back'
  return fitting
}
