// Knows which turns a language model may word. Pure. Does not know models.
import type { Move, Signal } from './conversation-policy.ts'
import { isQuestion } from './question-topics.ts'
import type { OpenTurn } from './rules-conversation.ts'
import { normalise } from './spoken-forms.ts'

/** Moves a model may make in its own words, by what the callee meant. Everything that is not here is the rules' alone. */
const freeMoves: Readonly<Partial<Record<Move, readonly Signal[]>>> = {
  tell: ['affirm'],
  answer: ['question'],
  'go-on': ['other'],
  repeat: ['other'],
  'note-answer': ['other'],
}
/** A yes or no that also asks something (可以，不过几点结束？) is answered before anything ends. */
const asksToo: Readonly<Partial<Record<Move, readonly Signal[]>>> = {
  'go-on': ['affirm', 'deny'],
  'note-answer': ['affirm', 'deny'],
  'end-declined': ['deny'],
}

/** True when the rules leave the words of a turn to the model. Only moves after the person was confirmed are in the tables. */
export function isFreeTurn({ move, signal, text }: OpenTurn): boolean {
  if (freeMoves[move]?.includes(signal)) return true
  return (asksToo[move]?.includes(signal) ?? false) && isQuestion(normalise(text))
}
