// Knows what is kept of one run of a scenario, in text or in audio: the same shape for both. Does not know how it came about or what is right.
import type { SpokenTurn } from '../robot/after-call/judgement.ts'
import type { ConversationOutcome, RobotNote } from '../robot/robot.ts'

/** All times in milliseconds since the answer. */
export type RobotLine = {
  by: 'robot'
  /** What it wanted to say. */
  planned: string
  /** What reached the ear: in audio, measured at playout. */
  heard: string
  cut: boolean
  beginAtMs: number
  endAtMs: number
  /** Who worded it: rules, model, fallback. */
  source?: string | undefined
}
export type CalleeLine = {
  by: 'callee'
  said: string
  beginAtMs: number
  endAtMs: number
  /** Index in the scenario's turns; undefined for the greeting and for words that the scenario does not hold. */
  turn: number | undefined
}
export type RecordLine = RobotLine | CalleeLine

export type RunRecord = {
  /** In the order in which they began. */
  lines: readonly RecordLine[]
  notes: readonly RobotNote[]
  /** The transcript as the platform has it: the callee's words as they were recognised. */
  transcript: readonly SpokenTurn[]
  outcome: ConversationOutcome | undefined
  /** 'limit': nobody hung up in time, or the robot had still not ended when the callee had nothing left to say. */
  endedBy: 'robot' | 'callee' | 'limit'
  endAtMs: number
  /** Failures of providers and of the call itself, in plain words. */
  faults: readonly string[]
  audio?: AudioFigures | undefined
}

export type AudioFigures = {
  /** Two channels: callee, robot. */
  recording: string | undefined
  /** When the conversation began and was over, on the clock of the process: which calls were held at the same time. */
  answeredAtMs: number
  endedAtMs: number
  /** From the media statistics of the call's port: how late or early packets left. */
  pacingErrorMsP95: number
  packetsLost: number
  /** From the end of the callee's words to the robot's first packet, each answered turn. */
  answerMs: readonly number[]
  /** What the recogniser made of the callee, turn by turn. */
  recognised: readonly string[]
}

export function robotLines({ lines }: Pick<RunRecord, 'lines'>): RobotLine[] {
  return lines.filter((line) => line.by === 'robot')
}

export function calleeLines({ lines }: Pick<RunRecord, 'lines'>): CalleeLine[] {
  return lines.filter((line) => line.by === 'callee')
}
