// Decides who picked up from what is known so far. Pure. Does not know audio, recognisers or calls.
import type { Machine, SaidBy } from './machine-words.ts'

export type Answerer = 'person' | Machine

export type Verdict = {
  who: Answerer
  /** What decided, most important first: 'fax-tone', 'words:请留言', 'beep', 'long-speech', 'early-answer', 'no-noise', 'short-greeting', 'nothing-of-a-machine'. */
  because: readonly string[]
}

export type Evidence = {
  faxTone: boolean
  words: SaidBy | undefined
  /** A single tone after their words, and silence since. */
  beep: boolean
  /** Speech of 2.5 s without a pause of 0.6 s, from the beginning. */
  longSpeech: boolean
  /** First words of at most 1.5 s, and then a pause in which an answer is waited for. */
  shortGreeting: boolean
  /** Answered within a second of the first ringing. */
  earlyAnswer: boolean
  /** The line is digitally silent between the words. */
  noNoise: boolean
  /** Somebody spoke, and the time for a verdict is over. */
  timeIsUp: boolean
  /** They said who they are, or answered us more than once: only a fax tone speaks against a person now. */
  isInTalk: boolean
}

/** What makes a machine of them. */
const MACHINE_POINTS = 5
const points = { decisiveWords: 5, beep: 4, hintWords: 1, longSpeech: 1, earlyAnswer: 1, noNoise: 1 } as const

/**
 * To hang up on a person costs more than to greet a machine, so the balance is not even: how it sounds and how fast it was answered add
 * up to 3 at most and never suffice; it takes words that only machines say, a beep after a long speech, or the tone of a fax. Words that
 * people use as well count when there are two of them and everything else speaks for a machine, too. In doubt it is a person.
 */
export function judge(e: Evidence): Verdict | undefined {
  if (e.faxTone) return { who: 'fax', because: ['fax-tone'] }
  if (!e.isInTalk) {
    const signs = [
      ...(e.words ? [{ name: `words:${e.words.cues.join('+')}`, points: e.words.decisive ? points.decisiveWords : Math.min(2, e.words.cues.length) * points.hintWords }] : []),
      ...(e.beep ? [{ name: 'beep', points: points.beep }] : []),
      ...(e.longSpeech ? [{ name: 'long-speech', points: points.longSpeech }] : []),
      ...(e.earlyAnswer ? [{ name: 'early-answer', points: points.earlyAnswer }] : []),
      ...(e.noNoise ? [{ name: 'no-noise', points: points.noNoise }] : []),
    ]
    const isTelling = e.words !== undefined || (e.beep && e.longSpeech)
    // Whoever says a short word and waits is no machine, unless the words that follow are beyond doubt.
    const isPossible = !e.shortGreeting || e.words?.decisive === true
    if (isTelling && isPossible && signs.reduce((sum, sign) => sum + sign.points, 0) >= MACHINE_POINTS) {
      return { who: e.words?.machine ?? 'voicemail', because: signs.map(({ name }) => name) }
    }
  }
  if (e.shortGreeting) return { who: 'person', because: ['short-greeting'] }
  return e.timeIsUp ? { who: 'person', because: ['nothing-of-a-machine'] } : undefined
}
