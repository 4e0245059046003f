// Knows how somebody else may word the turns that the rules leave open, and what the rules keep for themselves. Does not know who that is.
import type { Move, Signal, Stage } from './conversation-policy.ts'
import type { Identity } from './identity-gate.ts'
import type { Robot, RobotAction, RobotEvent } from './robot.ts'

/** A turn of the callee and the move that answers it. `text`: what the callee said. */
export type OpenTurn = { move: Move; signal: Signal; text: string }

/** Ends that the owner of a conversation may ask for in an open turn. */
export const freeEnds = ['confirmed', 'declined', 'delivered', 'refused', 'call-back', 'stop', 'human'] as const
export type FreeEnd = (typeof freeEnds)[number]

/** Where a conversation stands, for whoever words an open turn. Facts and questions are ids of the requirement. */
export type ConversationState = {
  stage: Stage
  identity: Identity
  /** Facts neither heard nor on their way to the ear. */
  untold: readonly string[]
  openQuestions: readonly string[]
}

/** What would be done, and where the conversation would stand then. */
export type Rehearsal = { actions: RobotAction[]; state: ConversationState; openTurn: OpenTurn | undefined }

/** The rules with their turns open to an owner: sayFreely any number of times, then settle or endFreely. */
export interface RulesConversation extends Robot {
  /** What `handle` does, at once. An open turn that was not settled ends with the next turn of the callee; 嗯 in between is none. */
  react(event: RobotEvent): RobotAction[]
  /** What `react` would give, and where the conversation would stand then. Leaves no trace; undefined when it has become too long to be tried out. */
  rehearse(event: RobotEvent): Rehearsal | undefined
  /** Actions of react, settle … that were not carried out because the callee spoke again. */
  takeBack(actions: readonly RobotAction[]): void
  /** The same object as long as it is the same turn. */
  readonly openTurn: OpenTurn | undefined
  readonly state: ConversationState
  /** Words of the owner; undefined when the identity gate holds them back. What was heard of them counts for the facts. */
  sayFreely(text: string): RobotAction | undefined
  /** What the owner learnt. Slots of questions are named by their text; `callBack` is in the callee's words. */
  noteFreely(learnt: { slots?: Readonly<Record<string, string>>; callBack?: string | undefined }): RobotAction | undefined
  /** The owner has said everything: what was left untold is told, what was left unasked is asked. Nothing said: the rules' own turn. */
  settle(): RobotAction[]
  /** Ends the call, with the owner's goodbye or our own; undefined when the end would claim what has not happened. */
  endFreely(end: FreeEnd, farewell?: string): RobotAction[] | undefined
}
