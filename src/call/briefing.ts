// What a colleague hears who was called into a call, before they hear the call itself: recordings, on their own line. Does not know who they are or what follows.
import type { CallEvent } from '../events.ts'
import type { MediaEvent, MediaPort } from '../media/engine.ts'
import { SAMPLE_RATE_HZ } from '../media/frame.ts'
import type { RecordedPart } from '../robot/robot.ts'

/** Somebody waits for the end of it: what is longer is cut. */
const MS_MAX = 30_000

export type BriefingDeps = {
  /** As 8 kHz audio. Errors: any. */
  readSound: (file: string) => Promise<Int16Array>
  fetchSound: (url: string) => Promise<Int16Array>
  emit: (event: CallEvent) => void
}

export class Briefing {
  /** Heard to its end, or there was nothing to hear. Stays open when the line closes in the middle: then nobody is there to go on with. */
  readonly over: Promise<void>
  readonly #over = Promise.withResolvers<void>()

  /** The first and only playout of the line. What cannot be played is left out, and told. */
  constructor(port: Pick<MediaPort, 'play'>, parts: readonly RecordedPart[], deps: BriefingDeps) {
    this.over = this.#over.promise
    void this.#play(port, parts, deps)
  }

  /** To be given every media event of the line. */
  onMedia(event: MediaEvent): void {
    if (event.type === 'playout-ended') this.#over.resolve()
  }

  async #play(port: Pick<MediaPort, 'play'>, parts: readonly RecordedPart[], { readSound, fetchSound, emit }: BriefingDeps): Promise<void> {
    const sounds = await Promise.all(
      parts.map(async (part) => {
        try {
          return await (part.type === 'file' ? readSound(part.code) : fetchSound(part.url))
        } catch (error) {
          emit({ type: 'provider-failed', provider: 'recordings', message: error instanceof Error ? error.message : String(error), fallback: 'left out' })
          return new Int16Array(0)
        }
      }),
    )
    let samplesLeft = (MS_MAX * SAMPLE_RATE_HZ) / 1_000
    const pieces = sounds.map((pcm) => {
      const piece = pcm.subarray(0, samplesLeft)
      samplesLeft -= piece.length
      return piece
    }).filter(({ length }) => length > 0)
    if (pieces.length === 0) return this.#over.resolve()
    for (const piece of pieces) port.play(1, piece, piece === pieces.at(-1))
  }
}
