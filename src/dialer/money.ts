// Knows when a talking call needs more money and when it must say goodbye. Pure. Does not know the ledger.

export type HoldInput = {
  talkMs: number
  /** Talking time that the held money covers. */
  coveredMs: number
  /** 'refused': the wallet has no more. 'asking': an extension is under way. */
  extension: 'possible' | 'asking' | 'refused'
  extendAheadMs: number
  goodbyeMs: number
}

/** 'end' comes early enough to say goodbye within what is paid; a late answer of the database ends the call like an empty wallet. */
export function holdStep(input: HoldInput): 'continue' | 'extend' | 'end' {
  const leftMs = input.coveredMs - input.talkMs
  if (leftMs <= input.goodbyeMs && input.extension !== 'possible') return 'end'
  if (leftMs <= 0) return 'end'
  if (leftMs <= input.extendAheadMs && input.extension === 'possible') return 'extend'
  return 'continue'
}
