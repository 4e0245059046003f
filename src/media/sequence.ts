// Knows which RTP sequence numbers of one stream came, are missing or came twice (RFC 3550 A.1). Does not know audio or time.

/** A jump forward of more than this many numbers is a new stream, not loss. */
const DROPOUT_MAX = 3_000
/** Numbers this far behind the highest are reordered packets; also how far back duplicates are known. */
const MISORDER_MAX = 1_024

/** `restarted`: the sender began a new numbering (told on the second packet of it). `stray`: not to be played. */
export type SequenceVerdict = 'new' | 'duplicate' | 'restarted' | 'stray'

export class SequenceTracker {
  /** Distinct packets of all numberings. */
  received = 0
  #lostBefore = 0
  #receivedHere = 0
  #base = 0
  /** Highest number, extended past 16 bits. */
  #highest = -1
  /** What must follow for a far-away number to be believed. */
  #restartAt = -1
  readonly #seen = new Float64Array(MISORDER_MAX).fill(-1)

  /** Missing numbers so far. Packets that come late are not missing. */
  get lost(): number {
    return this.#lostBefore + this.#lostHere()
  }

  /** Of the numbering now: what RTCP reports (RFC 3550 A.3). `highest` counts wraps in its upper 16 bits. */
  get here(): { highest: number; expected: number; received: number } {
    if (this.#highest < 0) return { highest: 0, expected: 0, received: 0 }
    return { highest: (this.#highest - 0x10000) >>> 0, expected: this.#highest - this.#base + 1, received: this.#receivedHere }
  }

  accept(sequence: number): SequenceVerdict {
    if (this.#highest < 0) return this.#begin(sequence, 'new')
    const ahead = (sequence - this.#highest) & 0xffff
    if (ahead < DROPOUT_MAX) return this.#count(this.#highest + ahead)
    if (ahead > 0x10000 - MISORDER_MAX) return this.#count(this.#highest + ahead - 0x10000)
    if (sequence === this.#restartAt) {
      this.#lostBefore += this.#lostHere()
      return this.#begin(sequence, 'restarted')
    }
    this.#restartAt = (sequence + 1) & 0xffff
    return 'stray'
  }

  /** The next packet begins a new numbering (a new SSRC). */
  restart(): void {
    this.#lostBefore += this.#lostHere()
    this.#highest = -1
  }

  #lostHere(): number {
    // Packets from before the first one seen are a gain, not a negative loss.
    return this.#highest < 0 ? 0 : Math.max(0, this.#highest - this.#base + 1 - this.#receivedHere)
  }

  #begin(sequence: number, verdict: 'new' | 'restarted'): SequenceVerdict {
    // One turn of the 16-bit counter up, so that numbers before the first stay positive.
    this.#base = sequence + 0x10000
    this.#highest = this.#base
    this.#receivedHere = 0
    this.#restartAt = -1
    this.#seen.fill(-1)
    this.#count(this.#base)
    return verdict
  }

  #count(extended: number): SequenceVerdict {
    const at = extended % MISORDER_MAX
    if (this.#seen[at] === extended) return 'duplicate'
    this.#seen[at] = extended
    if (extended > this.#highest) this.#highest = extended
    if (extended < this.#base) this.#base = extended
    this.received += 1
    this.#receivedHere += 1
    this.#restartAt = -1
    return 'new'
  }
}
