// Knows how the same scenario differs a little from run to run, by a seed. Pure. Does not know scenarios or calls.

export interface Variation {
  /** What the callee says, with the small words that people put before it. */
  words(text: string): string
  /** A pause or a moment to break in, a third longer or shorter at most. */
  ms(ms: number): number
  /** Of the recogniser, 0..1. */
  confidence(): number
}

/** The first run: everything as it is written. */
export const asWritten: Variation = { words: (text) => text, ms: (ms) => ms, confidence: () => 0.9 }

/** None of them changes what is meant: 喂 would ask for a repetition, 不 would refuse. */
const before = ['', '', '嗯，', '呃，', '啊，', '那个，'] as const

/** Run number `repeat` (from 0) of a scenario. Run 0 is as written, whatever the seed. */
export function variationOf(seed: number, scenario: string, repeat: number): Variation {
  if (repeat === 0) return asWritten
  const random = randomFrom(`${seed}/${scenario}/${repeat}`)
  return {
    words: (text) => `${/^[\u4e00-\u9fff]/u.test(text) ? before[Math.floor(random() * before.length)]! : ''}${text}`,
    ms: (ms) => Math.round(ms * (0.67 + 0.66 * random())),
    confidence: () => 0.55 + 0.43 * random(),
  }
}

/** Numbers in [0, 1) that follow from the text: FNV-1a, then mulberry32. */
function randomFrom(text: string): () => number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
