// What one call of the softphone told, for tests that wait for it. Does not know what is tested.
import type { PhoneEvent } from '../../src/cli/softphone/phone-call.ts'
import { SAMPLE_RATE_HZ } from '../../src/media/frame.ts'

/** A phone drops the first packets while its buffer fills: words begin after them. */
export function withLeadIn(pcm: Int16Array): Int16Array {
  const all = new Int16Array(0.4 * SAMPLE_RATE_HZ + pcm.length)
  all.set(pcm, 0.4 * SAMPLE_RATE_HZ)
  return all
}

/** What one call told, read in order per kind. */
export class PhoneDiary {
  readonly #events: PhoneEvent[] = []
  #arrived = Promise.withResolvers<void>()

  readonly note = (event: PhoneEvent): void => {
    this.#events.push(event)
    this.#arrived.resolve()
    this.#arrived = Promise.withResolvers()
  }

  /** The first event of the type that was not read yet, past or to come; the test's time limit ends the wait. */
  async next<T extends PhoneEvent['type']>(type: T): Promise<Extract<PhoneEvent, { type: T }>> {
    for (;;) {
      const at = this.#events.findIndex((event) => event.type === type)
      if (at >= 0) return this.#events.splice(at, 1)[0] as Extract<PhoneEvent, { type: T }>
      await this.#arrived.promise
    }
  }

  forget(): void {
    this.#events.length = 0
  }
}
