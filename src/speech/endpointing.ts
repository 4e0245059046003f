// Knows when a turn is over, from silence, words and the callee's own pauses. Does not know audio, time or what is answered.
import { type Completeness, type CompletenessContext, completenessOf } from './completeness.ts'
import { delayMs, type DelayRange, noPauses, type OwnPauses } from './own-pauses.ts'

export type EndpointingOptions = {
  /** Silence after which a turn is over, by how finished its words sound. None is below that of `expected`. */
  silenceMs: Readonly<Record<Completeness, DelayRange>>
  /** The words must not have changed for this long. Below every silenceMs, or nobody gets an answer that fast. */
  partialStableMsMin: number
  /** Take the turn anyway after this long. Must not be below any silenceMs. */
  silenceMsMax: number
}

const fixed = (ms: number): DelayRange => ({ usualMs: ms, leastMs: ms, mostMs: ms })

/**
 * The built-in recogniser shows the last word 0.2 s after it ended; with 0.16 s of stability an expected answer is taken
 * before 0.4 s. People pause up to 0.5 s between clauses, complete ones too, up to 1.5 s while they look for a word, and longer within numbers;
 * whoever has been heard to pause longer or shorter than that is waited for accordingly.
 */
export const endpointingDefaults = {
  silenceMs: {
    expected: { usualMs: 360, leastMs: 360, mostMs: 700 },
    complete: { usualMs: 460, leastMs: 460, mostMs: 800 },
    neutral: { usualMs: 520, leastMs: 520, mostMs: 900 },
    none: { usualMs: 900, leastMs: 900, mostMs: 1300 },
    incomplete: { usualMs: 1500, leastMs: 1400, mostMs: 2200 },
    digits: { usualMs: 1800, leastMs: 1000, mostMs: 2400 },
  },
  partialStableMsMin: 160,
  silenceMsMax: 2500,
} as const satisfies EndpointingOptions

/** Every turn is over after the same silence, whatever the words: for robots that others lead, who know of no other rule. */
export function evenEndpointing(pauseMs: number, silenceMsMax: number): EndpointingOptions {
  const even = fixed(pauseMs)
  return { silenceMs: { expected: even, complete: even, neutral: even, none: even, incomplete: even, digits: even }, partialStableMsMin: endpointingDefaults.partialStableMsMin, silenceMsMax }
}

/**
 * The first words of somebody who picks up are a greeting: nobody says 喂 and then pauses to think. Whoever has spoken for longer than
 * `greetingMsMax` says something else, or is a machine that plays a text.
 */
export const pickUpEndpointing = {
  silenceMs: { ...endpointingDefaults.silenceMs, expected: fixed(240), complete: fixed(240), neutral: fixed(400), none: fixed(400), incomplete: fixed(700) },
  partialStableMsMin: 40,
  silenceMsMax: endpointingDefaults.silenceMsMax,
} as const satisfies EndpointingOptions
export const greetingMsMax = 1_200
/** Less voice than this without a word is no 喂 but the end of the ringing, or the receiver being lifted. */
export const greetingMsMin = 140

export type EndpointingInput = CompletenessContext & {
  /** Since the end of the last voiced frame. */
  silenceMs: number
  /** Words so far; '' when there are none. */
  partial: string
  /** Since the words last changed. */
  partialStableMs: number
  /** Of this callee, so far. */
  pauses?: OwnPauses | undefined
}

/** True when the other side's turn is over. */
export function isTurnOver(input: EndpointingInput, options: EndpointingOptions = endpointingDefaults): boolean {
  const { silenceMs, partial, partialStableMs, pauses = noPauses } = input
  if (silenceMs >= options.silenceMsMax) return true
  // Asked for every frame: while somebody speaks the words are not looked at.
  if (silenceMs < options.silenceMs.expected.leastMs) return false
  const completeness = completenessOf(partial, input)
  if (silenceMs < delayMs(pauses, completeness, options.silenceMs[completeness])) return false
  return completeness === 'none' || partialStableMs >= options.partialStableMsMin
}

/** As isTurnOver, for the words with which somebody picks up. */
export function isPickUpOver(input: EndpointingInput, options: EndpointingOptions = endpointingDefaults): boolean {
  const { voicedMs = 0, partial } = input
  const isGreeting = voicedMs <= greetingMsMax && (voicedMs >= greetingMsMin || partial !== '')
  return isTurnOver(input, isGreeting ? { ...pickUpEndpointing, silenceMsMax: options.silenceMsMax } : options)
}
