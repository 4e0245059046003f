// The record of what a conversation came to, judged once it is over. Types only: every statement names the turns that prove it.

/** One turn as it was heard. `turn` is its number in the call, over all speakers. */
export type SpokenTurn = {
  turn: number
  speaker: 'callee' | 'robot' | 'colleague'
  text: string
  /** The speaker was stopped: `text` is what was heard of a robot's turn. */
  cut: boolean
  /** 0..1, of the recogniser; 1 for the robot's own words. */
  confidence: number
}

/** What the callee answered to one question. */
export type FoundAnswer = {
  /** Id of the requirement's question; 'attend' for the question whether they can come that a notice of an appointment ends with. */
  id: string
  question: string
  kind: 'yes-no' | 'open'
  /** yes-no: 'yes', 'no' or 'unclear'. open: the callee's words, or 'unclear'. Undefined: not asked, or not answered. */
  value: string | undefined
  /** The callee's words, of the turns below. */
  words: string
  turns: readonly number[]
  /** False when the words are conditional, contradict each other, or were hardly understood: a human should look before anything is done about it. */
  sure: boolean
}

/** Why somebody should look at a call before relying on its record. */
export const reviewReasons = ['answer-contradicted', 'identity-contradicted', 'outcome-contradicted', 'said-back-wrong', 'model-disagrees'] as const
export type ReviewReason = (typeof reviewReasons)[number]

/**
 * Intent grade (意向等级). A: clearly with us · B: inclined · C: against · D: nothing to go by · E: nobody was reached · F: nothing to follow up.
 */
export const gradeLetters = ['A', 'B', 'C', 'D', 'E', 'F'] as const
export type GradeLetter = (typeof gradeLetters)[number]

export type Judgement = {
  /** 'model': a language model read the call as well, and was believed where the turns bear it out. */
  by: 'rules' | 'model'
  grade: { letter: GradeLetter; reason: string; turns: readonly number[] }
  answers: readonly FoundAnswer[]
  /** Empty: the record can be relied on. */
  review: readonly { why: ReviewReason; detail: string; turns: readonly number[] }[]
  doNotCall: { words: string; turns: readonly number[] } | undefined
  /** `at`: ISO 8601 with the Chinese offset; undefined when the callee named no time. `until`: when what the call is about is over. */
  callBack: { at: string | undefined; until: string | undefined; words: string; turns: readonly number[] } | undefined
  summary: string | undefined
}
