// Knows how to draw the same numbers on every run of a property test. Does not know what they are for.

/** Numbers in [0, 1) from a 32-bit seed (a linear congruential generator, upper bits). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) / 0x100_0000
  }
}
