// Knows what a call used of which speech and language services, and what that costs at the operator's prices. Does not know services or calls.

/** What one request used. `untold`: answers of a model whose tokens the provider did not tell, most of them interrupted. */
export type ServiceUse =
  | { kind: 'recognition'; provider: string; seconds: number }
  | { kind: 'synthesis'; provider: string; characters: number }
  | { kind: 'model'; provider: string; inputTokens: number; outputTokens: number; untold: number }

/** One line per service. `costLi`: 厘, to a thousandth of one; undefined where no price is set. */
export type ServiceCost = ServiceUse & { costLi: number | undefined }

export type Meter = (use: ServiceUse) => void

/** RMB: an hour of audio, ten thousand characters, a million tokens in and out. By provider; a model's name for models. */
export type ServicePrices = {
  recognition: ReadonlyMap<string, number>
  synthesis: ReadonlyMap<string, number>
  model: ReadonlyMap<string, { input: number; output: number }>
}
export const noPrices: ServicePrices = { recognition: new Map(), synthesis: new Map(), model: new Map() }

/** Adds up what is used, by service. */
export class UseMeter {
  readonly #uses = new Map<string, ServiceUse>()

  /** Bound: it is handed out. */
  readonly add: Meter = (use) => {
    const key = `${use.kind} ${use.provider}`
    const known = this.#uses.get(key)
    if (!known) this.#uses.set(key, { ...use })
    else if (known.kind === 'recognition' && use.kind === 'recognition') known.seconds += use.seconds
    else if (known.kind === 'synthesis' && use.kind === 'synthesis') known.characters += use.characters
    else if (known.kind === 'model' && use.kind === 'model') {
      known.inputTokens += use.inputTokens
      known.outputTokens += use.outputTokens
      known.untold += use.untold
    }
  }

  /** In the order in which they were first used. */
  costs(prices: ServicePrices): ServiceCost[] {
    return [...this.#uses.values()].map((use) => {
      const costLi = costLiOf(use, prices)
      return { ...use, ...(use.kind === 'recognition' ? { seconds: thousandth(use.seconds) } : {}), costLi: costLi === undefined ? undefined : thousandth(costLi) }
    })
  }
}

function costLiOf(use: ServiceUse, prices: ServicePrices): number | undefined {
  if (use.kind === 'model') {
    const yuan = prices.model.get(use.provider)
    return yuan && ((use.inputTokens * yuan.input + use.outputTokens * yuan.output) / 1_000_000) * 1_000
  }
  const yuan = prices[use.kind].get(use.provider)
  if (yuan === undefined) return undefined
  return (use.kind === 'recognition' ? use.seconds / 3_600 : use.characters / 10_000) * yuan * 1_000
}

const thousandth = (value: number): number => Math.round(value * 1_000) / 1_000
