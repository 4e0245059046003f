// Knows sums of probabilities that are held as natural logarithms. Does not know what is probable.

/** Stands for log 0; sums of a few of them stay below NEVER / 2. */
export const NEVER = -1e9

/** log(exp(a) + exp(b)) */
export function logAdd(a: number, b: number): number {
  const high = a < b ? b : a
  const low = a < b ? a : b
  return low <= NEVER / 2 ? high : high + Math.log1p(Math.exp(low - high))
}
