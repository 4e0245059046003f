// A sentence as sound, for commands that speak without a server. Does not know what for.
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'

/** 8 kHz mono. Errors: what the provider says when it could not speak to the end. */
export async function spoken(tts: TtsProvider, text: string, voice: Voice, signal: AbortSignal): Promise<Int16Array> {
  const blocks: Int16Array[] = []
  let samples = 0
  for await (const event of tts.synthesize(text, voice, signal)) {
    if (event.type === 'failed') throw event.error
    if (event.type !== 'audio') continue
    blocks.push(event.pcm)
    samples += event.pcm.length
  }
  const pcm = new Int16Array(samples)
  let at = 0
  for (const block of blocks) {
    pcm.set(block, at)
    at += block.length
  }
  return pcm
}
