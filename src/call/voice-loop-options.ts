// The times of a conversation and why they are what they are, and how it can end. Does not know what is done at them.

import type { EndDetail, Outcome } from './end-reason.ts'

/** How a conversation ended, and who ended it. */
export type LoopEnd = {
  by: 'robot' | 'platform' | 'user' | 'network'
  detail: EndDetail
  error?: string | undefined
  /** The answer was false: nobody ever picked up, and this is why. `tone` told it. */
  outcome?: Outcome | undefined
  tone?: string | undefined
}

export type VoiceLoopOptions = {
  /** After the answer, wait this long for the callee's first sound before opening: lines clip early words. */
  firstSoundMsMax: number
  /** First words longer than this are a greeting of a machine or a monologue: the robot hears them as they are. */
  firstWordsMsMax: number
  /** First words that nobody has understood so long after their last sound are not waited for: a recogniser may hang. */
  firstFinalMsMax: number
  /** Mute time until the robot is told about silence. */
  muteMs: number
  /** The callee's turn is taken after this much silence, however unfinished it sounds: an answer must still fit into fillAfterMs. */
  endpointMsMax: number
  /**
   * While the callee waits for an answer, the line says something itself once nothing was heard for so long since their last
   * sound. Invariant: never more silence than 2.5 s; the rest is a tick, and the way of a packet.
   */
  fillAfterMs: number
  /** After this long without any answer the robot is given up. */
  robotGiveUpMs: number
  /** For so long from its first sound the robot's opening goes on over 喂 and 你好, which everybody says on picking up. */
  openingProtectedMs: number
  /** Rest after the last word, so that it is heard before BYE. */
  farewellMs: number
  /** A robot's farewell may take this long, with all that it said before. Then the line is cut: on hold nothing is ever heard to its end. */
  closingMsMax: number
  /** Our own farewell may take this long. */
  ownFarewellMsMax: number
  /** A telephone that still rings behind a false answer is given up after this long. */
  falseRingMsMax: number
  /** A robot that was told of a machine has so long to be done with it. */
  machineMsMax: number
  /** A message is left when the machine has been quiet for this long: its beep is over. */
  messagePauseMs: number
}
export const voiceLoopDefaults = {
  firstSoundMsMax: 1_200,
  firstWordsMsMax: 4_000,
  firstFinalMsMax: 1_700,
  muteMs: 5_000,
  endpointMsMax: 2_000,
  fillAfterMs: 2_300,
  robotGiveUpMs: 8_000,
  openingProtectedMs: 1_200,
  farewellMs: 300,
  closingMsMax: 60_000,
  ownFarewellMsMax: 8_000,
  falseRingMsMax: 45_000,
  machineMsMax: 30_000,
  messagePauseMs: 1_800,
} as const satisfies VoiceLoopOptions
