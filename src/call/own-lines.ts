// What the line says by itself when the robot or an engine is late or fails, or when the call must end. Does not know when.
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import { untilAborted } from '../speech/until-aborted.ts'

export const ownLines = {
  giveUp: '不好意思，系统出了点问题，稍后再联系您，再见。',
  cannotHear: '不好意思，我这边听不清您说话，稍后再联系您，再见。',
  outOfTime: '不好意思，本次通话时间到了，先到这里，再见。',
  outOfMoney: '不好意思，本次通话需要先结束，稍后再联系您，再见。',
  stopped: '不好意思，本次通话先到这里，再见。',
} as const

/** Said one after the other while an answer is awaited. */
export const waitLines = ['请稍等。', '还在处理，请再稍等一下。'] as const

/** A line longer than this was not made by a working synthesiser. */
const LINE_SAMPLES_MAX = 80_000

/** Lines synthesised ahead, so that they are at hand when the synthesiser itself is what is late. */
export class ReadyLines {
  readonly #pcm = new Map<string, Int16Array>()
  readonly #closing = new AbortController()

  constructor(tts: TtsProvider, voice: Voice, texts: readonly string[]) {
    void this.#prepare(tts, voice, texts)
  }

  /** Undefined while it is not ready, and for ever when its synthesis failed. */
  audioOf(text: string): Int16Array | undefined {
    return this.#pcm.get(text)
  }

  close(): void {
    this.#closing.abort()
  }

  async #prepare(tts: TtsProvider, voice: Voice, texts: readonly string[]): Promise<void> {
    const { signal } = this.#closing
    for (const text of texts) {
      // Without it the line is synthesised when it is needed; nothing else is lost.
      const pcm = await synthesised(tts, text, voice, signal).catch(() => undefined)
      if (signal.aborted) return
      if (pcm) this.#pcm.set(text, pcm)
    }
  }
}

async function synthesised(tts: TtsProvider, text: string, voice: Voice, signal: AbortSignal): Promise<Int16Array | undefined> {
  const pieces: Int16Array[] = []
  let samples = 0
  for await (const event of untilAborted(tts.synthesize(text, voice, signal), signal)) {
    if (event.type === 'failed') return undefined
    if (event.type === 'done') break
    samples += event.pcm.length
    if (samples > LINE_SAMPLES_MAX) return undefined
    pieces.push(event.pcm)
  }
  if (samples === 0) return undefined
  const pcm = new Int16Array(samples)
  let at = 0
  for (const piece of pieces) {
    pcm.set(piece, at)
    at += piece.length
  }
  return pcm
}
