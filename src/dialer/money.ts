// Knows when a talking call needs more money and when it must say goodbye. Pure. Does not know the ledger.

export type HoldInput = {
  talkMs: number
  /** Talking time that the held money covers. */
  coveredMs: number
  /** 'asking': an extension is under way. 'failed': the last one found no database. 'refused': the wallet has no more. */
  extension: 'possible' | 'asking' | 'failed' | 'refused'
  extendAheadMs: number
  goodbyeMs: number
}

/** 'end' comes early enough to say goodbye within what is paid; a database that does not answer ends the call like an empty wallet. */
export function holdStep(input: HoldInput): 'continue' | 'extend' | 'end' {
  const { coveredMs, extension } = input
  const leftMs = coveredMs - input.talkMs
  // A block shorter than a goodbye leaves half of itself for asking.
  const goodbyeMs = Math.min(input.goodbyeMs, coveredMs / 2)
  if (leftMs <= 0 || (leftMs <= goodbyeMs && extension !== 'possible')) return 'end'
  if (leftMs <= input.extendAheadMs && (extension === 'possible' || extension === 'failed')) return 'extend'
  return 'continue'
}
