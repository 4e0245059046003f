// Knows how a workbook's table of texts is kept in little memory. Does not know cells.

/** Bytes of all texts. A million different names and addresses are 60 MB. */
export const sharedBytesMax = 128 * 1024 * 1024
const blockBytes = 1024 * 1024

/** Texts by number, as UTF-8 in blocks: a tenth of what strings of their own would take. */
export class SharedTexts {
  readonly #blocks: Buffer[] = []
  #filled = blockBytes
  #starts = new Float64Array(1024)
  #count = 0
  #bytes = 0

  /** False when there is no room left; nothing was added. */
  add(text: string): boolean {
    const length = Buffer.byteLength(text)
    if (this.#bytes + length > sharedBytesMax) return false
    if (this.#filled + length > blockBytes || this.#blocks.length === 0) {
      this.#blocks.push(Buffer.allocUnsafeSlow(Math.max(blockBytes, length)))
      this.#filled = 0
    }
    if (this.#count + 1 >= this.#starts.length / 2) {
      const wider = new Float64Array(this.#starts.length * 2)
      wider.set(this.#starts)
      this.#starts = wider
    }
    const block = this.#blocks.length - 1
    this.#blocks[block]!.write(text, this.#filled)
    this.#starts[this.#count * 2] = block * blockBytes + this.#filled
    this.#starts[this.#count * 2 + 1] = length
    this.#count += 1
    this.#filled += length
    this.#bytes += length
    return true
  }

  get(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) return undefined
    const start = this.#starts[index * 2]!
    const length = this.#starts[index * 2 + 1]!
    return this.#blocks[Math.floor(start / blockBytes)]!.toString('utf8', start % blockBytes, (start % blockBytes) + length)
  }
}
