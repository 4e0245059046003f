// Knows the moves of every conversation as a table: stage and signal in, move out. Does not know words, timing or who speaks.
import type { Intent } from './intents.ts'

/**
 * Where a conversation stands.
 * identity: nobody confirmed yet · hand-over: somebody else may fetch the person ·
 * fetching: whoever speaks next is a new listener · call-back: a better time was asked for ·
 * deliver: facts are being told · ask: a question of the requirement is open · confirm: all is said · closed: hanging up.
 */
export type Stage = 'identity' | 'hand-over' | 'fetching' | 'call-back' | 'deliver' | 'ask' | 'confirm' | 'closed'

/** What can come from the callee: the meaning of a turn, silence, or words that could not be trusted. */
export type Signal = Intent | 'silence' | 'unclear'

export type Move =
  | 'tell' // the person is there: tell the facts
  | 'ask-again'
  | 'ask-for-person'
  | 'say-who'
  | 'admit-robot'
  | 'ask-call-back'
  | 'persuade' // the content is short, once
  | 'note-call-back'
  | 'leave-word' // not the person: ask for a call back
  | 'greet-anew' // somebody else took the phone
  | 'hold'
  | 'check-line'
  | 'calm'
  | 'go-on' // facts are left: continue; none left: the callee has confirmed
  | 'repeat'
  | 'answer'
  | 'note-answer'
  | 'end-stopped'
  | 'end-refused'
  | 'end-wrong-number'
  | 'end-third-party'
  | 'end-machine'
  | 'end-busy'
  | 'end-unconfirmed'
  | 'end-silent'
  | 'end-declined'
  | 'end-delivered'
  | 'end-handover'
  | 'end-limit'

const always = {
  stop: 'end-stopped', human: 'end-handover', voicemail: 'end-machine',
} as const satisfies Partial<Record<Signal, Move>>

/** The table of the conversation. Every stage answers every signal, so nobody is ever left in silence. */
export const moves: Readonly<Record<Exclude<Stage, 'closed'>, Readonly<Record<Signal, Move>>>> = {
  identity: {
    ...always, affirm: 'tell', deny: 'ask-for-person', 'wrong-number': 'end-wrong-number', 'third-party': 'leave-word', who: 'say-who', question: 'say-who', robot: 'admit-robot', repeat: 'ask-again',
    busy: 'ask-call-back', refuse: 'end-refused', goodbye: 'end-refused', wait: 'hold', abuse: 'calm', greeting: 'ask-again', thanks: 'ask-again', other: 'ask-again', none: 'ask-again', unclear: 'ask-again', silence: 'check-line',
  },
  'hand-over': {
    ...always, affirm: 'hold', deny: 'leave-word', 'wrong-number': 'end-wrong-number', 'third-party': 'leave-word', who: 'say-who', question: 'say-who', robot: 'admit-robot', repeat: 'ask-again',
    busy: 'leave-word', refuse: 'end-refused', goodbye: 'end-third-party', wait: 'hold', abuse: 'calm', greeting: 'greet-anew', thanks: 'end-third-party', other: 'leave-word', none: 'ask-again', unclear: 'ask-again', silence: 'check-line',
  },
  fetching: {
    ...always, affirm: 'greet-anew', deny: 'leave-word', 'wrong-number': 'end-wrong-number', 'third-party': 'leave-word', who: 'greet-anew', question: 'greet-anew', robot: 'admit-robot', repeat: 'greet-anew',
    busy: 'leave-word', refuse: 'end-refused', goodbye: 'end-third-party', wait: 'hold', abuse: 'calm', greeting: 'greet-anew', thanks: 'greet-anew', other: 'greet-anew', none: 'greet-anew', unclear: 'greet-anew', silence: 'check-line',
  },
  'call-back': {
    ...always, affirm: 'note-call-back', deny: 'note-call-back', 'wrong-number': 'end-wrong-number', 'third-party': 'note-call-back', who: 'say-who', question: 'note-call-back', robot: 'admit-robot', repeat: 'ask-again',
    busy: 'note-call-back', refuse: 'end-refused', goodbye: 'note-call-back', wait: 'hold', abuse: 'calm', greeting: 'ask-again', thanks: 'note-call-back', other: 'note-call-back', none: 'note-call-back', unclear: 'note-call-back', silence: 'check-line',
  },
  deliver: {
    ...always, affirm: 'go-on', deny: 'go-on', 'wrong-number': 'end-wrong-number', 'third-party': 'leave-word', who: 'answer', question: 'answer', robot: 'admit-robot', repeat: 'repeat',
    busy: 'persuade', refuse: 'end-refused', goodbye: 'end-delivered', wait: 'hold', abuse: 'calm', greeting: 'go-on', thanks: 'go-on', other: 'go-on', none: 'go-on', unclear: 'go-on', silence: 'go-on',
  },
  ask: {
    ...always, affirm: 'note-answer', deny: 'note-answer', 'wrong-number': 'end-wrong-number', 'third-party': 'leave-word', who: 'answer', question: 'answer', robot: 'admit-robot', repeat: 'ask-again',
    busy: 'persuade', refuse: 'end-refused', goodbye: 'end-delivered', wait: 'hold', abuse: 'calm', greeting: 'ask-again', thanks: 'note-answer', other: 'note-answer', none: 'ask-again', unclear: 'ask-again', silence: 'check-line',
  },
  confirm: {
    ...always, affirm: 'go-on', deny: 'end-declined', 'wrong-number': 'end-wrong-number', 'third-party': 'leave-word', who: 'answer', question: 'answer', robot: 'admit-robot', repeat: 'repeat',
    busy: 'persuade', refuse: 'end-refused', goodbye: 'end-delivered', wait: 'hold', abuse: 'calm', greeting: 'ask-again', thanks: 'go-on', other: 'repeat', none: 'ask-again', unclear: 'ask-again', silence: 'check-line',
  },
}

/** How often a move may be made in one stage group, and what is done instead afterwards. */
export const limits: Readonly<Partial<Record<Move, { max: number; before: Move; after: Move }>>> = {
  'ask-again': { max: 2, before: 'end-unconfirmed', after: 'end-delivered' },
  'ask-for-person': { max: 1, before: 'leave-word', after: 'end-delivered' },
  'say-who': { max: 3, before: 'end-unconfirmed', after: 'end-delivered' },
  'admit-robot': { max: 3, before: 'end-unconfirmed', after: 'end-delivered' },
  'ask-call-back': { max: 1, before: 'end-busy', after: 'end-busy' },
  persuade: { max: 1, before: 'ask-call-back', after: 'ask-call-back' },
  'leave-word': { max: 1, before: 'end-third-party', after: 'end-third-party' },
  'greet-anew': { max: 2, before: 'end-unconfirmed', after: 'end-delivered' },
  hold: { max: 2, before: 'check-line', after: 'check-line' },
  'check-line': { max: 2, before: 'end-silent', after: 'end-delivered' },
  calm: { max: 1, before: 'end-refused', after: 'end-refused' },
  repeat: { max: 3, before: 'end-unconfirmed', after: 'end-delivered' },
  answer: { max: 8, before: 'end-unconfirmed', after: 'end-delivered' },
  'go-on': { max: 20, before: 'end-unconfirmed', after: 'end-delivered' },
}

/** The callee may speak this often; then the robot says goodbye. */
export const turnsMax = 20

/** How often each move was made. Kept apart before and after the identity was confirmed. */
export type MoveCounts = { before: Partial<Record<Move, number>>; after: Partial<Record<Move, number>> }

/** The next move. Pure: the caller counts it with `countMove`. `counts` decides when patience is over. */
export function nextMove(stage: Stage, signal: Signal, counts: MoveCounts, identified: boolean, turns: number): Move {
  if (stage === 'closed') return 'end-limit'
  let move: Move = moves[stage][signal]
  if (turns > turnsMax && !move.startsWith('end-')) return 'end-limit'
  const side = identified ? 'after' : 'before'
  // A substitute has a limit of its own; the chain is short and ends in an end.
  for (let i = 0; i < 4; i += 1) {
    const limit = limits[move]
    if (!limit || (counts[side][move] ?? 0) < limit.max) return move
    move = limit[side]
  }
  return 'end-limit'
}

export function countMove(counts: MoveCounts, move: Move, identified: boolean): void {
  const side = counts[identified ? 'after' : 'before']
  side[move] = (side[move] ?? 0) + 1
}
