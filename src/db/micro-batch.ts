// Knows how things that arrive together share one trip to the database. Does not know what they are.
import { OverloadedError } from '../errors.ts'

export type MicroBatchOptions<Item, Answer> = {
  /** Items of one trip at most. */
  itemsMax: number
  /** More that wait are refused: the database does not keep up. */
  waitingMax: number
  /** Trips under way at once. Default 1. */
  tripsMax?: number | undefined
  /** Answers in the order of the items; a function throws for its item alone. What this throws itself is every item's. */
  trip: (items: readonly Item[]) => Promise<readonly (() => Answer)[]>
}

type Waiting<Item, Answer> = { item: Item; done: PromiseWithResolvers<Answer> }

/**
 * Items that wait at the next turn of the event loop go together; those that come while all trips are under way go next. So a lone item
 * waits for nobody, and under load batches grow by themselves.
 */
export class MicroBatch<Item, Answer> {
  readonly #options: MicroBatchOptions<Item, Answer>
  #waiting: Waiting<Item, Answer>[] = []
  readonly #trips = new Set<Promise<void>>()

  constructor(options: MicroBatchOptions<Item, Answer>) {
    this.#options = options
  }

  /** Errors: OverloadedError when too many wait; those of the trip. */
  add(item: Item): Promise<Answer> {
    if (this.#waiting.length >= this.#options.waitingMax) return Promise.reject(new OverloadedError('服务繁忙，请稍后重试', 1_000))
    const done = Promise.withResolvers<Answer>()
    this.#waiting.push({ item, done })
    this.#begin()
    return done.promise
  }

  /** Resolves when nothing is under way or waits. */
  async idle(): Promise<void> {
    while (this.#trips.size > 0) await Promise.all(this.#trips)
  }

  #begin(): void {
    if (this.#trips.size >= (this.#options.tripsMax ?? 1)) return
    const trips = this.#run().finally(() => {
      this.#trips.delete(trips)
      // Whoever came in between found every trip taken.
      if (this.#waiting.length > 0) this.#begin()
    })
    this.#trips.add(trips)
  }

  async #run(): Promise<void> {
    // Lets those that arrive together gather.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#options.itemsMax)
      try {
        const answers = await this.#options.trip(batch.map(({ item }) => item))
        for (const [nth, { done }] of batch.entries()) settle(done, answers[nth])
      } catch (error) {
        for (const { done } of batch) done.reject(error)
      }
    }
  }
}

function settle<Answer>(done: PromiseWithResolvers<Answer>, answer: (() => Answer) | undefined): void {
  try {
    if (answer === undefined) throw new Error('a trip came back without an answer for one of its items')
    done.resolve(answer())
  } catch (error) {
    done.reject(error)
  }
}
