// Knows how many calls may ring at once when people take those that are answered. Pure. Does not know tasks or lines.

export type PeoplePacing = {
  /** People who take calls, at most this many at once. */
  people: number
  /** Of the answered calls, at most this share may find nobody free, 0..1. */
  abandonedShareMax: number
}

export type PacingFacts = PeoplePacing & {
  /** Answered calls that go on: each has, or is about to need, one of the people. */
  talking: number
  /** Calls that were started and not answered yet. */
  started: number
  /** Chance that a call is answered, 0..1. */
  answerRate: number
}

/** Nobody dials more than this many calls for one person, however few are answered. */
const callsPerPersonMax = 5

/**
 * How many more calls may start now. More than there are people free, when not all will be answered: as many as keep the expected share of
 * answered calls that find nobody within the limit.
 */
export function callsForPeople({ people, abandonedShareMax, talking, started, answerRate }: PacingFacts): number {
  const free = people - talking
  if (free <= 0) return 0
  let most = free
  while (most < free * callsPerPersonMax && abandonedShare(most + 1, free, answerRate) <= abandonedShareMax) most += 1
  return Math.max(0, most - started)
}

/** Expected answers beyond `free` of `calls`, as a share of expected answers, with each answered by itself. */
export function abandonedShare(calls: number, free: number, answerRate: number): number {
  if (answerRate <= 0 || calls <= free) return 0
  if (answerRate >= 1) return (calls - free) / calls
  // Probabilities of a binomial distribution, each from the one before; as logarithms, because the first are too small for a number.
  let logChance = calls * Math.log(1 - answerRate)
  let beyond = 0
  for (let answers = 1; answers <= calls; answers += 1) {
    logChance += Math.log(((calls - answers + 1) / answers) * (answerRate / (1 - answerRate)))
    if (answers > free) beyond += (answers - free) * Math.exp(logChance)
  }
  return beyond / (calls * answerRate)
}

/** Of the latest attempts; cautious while there are few: taken to answer half of the time. */
export function answerRateOf(recent: readonly string[]): number {
  return (recent.filter((outcome) => outcome === 'answered').length + 5) / (recent.length + 10)
}
