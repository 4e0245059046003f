// Knows how texts are spoken by a sherpa-onnx voice, sentence by sentence. Runs in a child process. Does not know calls or the server.
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { Resampler } from '../../media/resample.ts'
import type { Work } from './child.ts'
import type { Engine, EngineConfig } from './engine.ts'
import type { FromChild } from './messages.ts'

export function speak(engine: Engine, config: EngineConfig, tell: (message: FromChild) => void): Work {
  const voice = new engine.OfflineTts(config)
  const wanted = new Set<number>()

  async function synthesize(id: number, text: string, speaker: number, speed: number): Promise<void> {
    const resampler = voice.sampleRate === SAMPLE_RATE_HZ ? undefined : new Resampler(voice.sampleRate, SAMPLE_RATE_HZ)
    let told = 0
    const send = (samples: Float32Array): void => {
      const pcm = toPcm(samples)
      const ready = resampler ? resampler.push(pcm) : pcm
      told += samples.length
      if (ready.length > 0) tell({ type: 'audio', id, pcm: ready })
    }
    const onProgress = ({ samples }: { samples: Float32Array }): boolean => {
      if (wanted.has(id)) send(samples)
      return wanted.has(id)
    }
    // Memory that the engine frees by itself would be gone while it is on its way to the server.
    const all = await voice.generateAsync({ text, sid: speaker, speed, enableExternalBuffer: false, onProgress })
    if (!wanted.has(id)) return
    // Some models say nothing until they are done.
    if (told < all.samples.length) send(all.samples.subarray(told))
    const rest = resampler?.flush()
    if (rest && rest.length > 0) tell({ type: 'audio', id, pcm: rest })
    if (told === 0) throw new Error('the model made no sound of this text')
    tell({ type: 'done', id })
  }

  return {
    speakers: voice.numSpeakers,
    take(message) {
      if (message.op === 'drop') wanted.delete(message.id)
      if (message.op !== 'speak') return
      const { id, text, speaker, speed } = message
      wanted.add(id)
      synthesize(id, text, speaker, speed)
        .catch((error: unknown) => tell({ type: 'failed', id, reason: error instanceof Error ? error.message : String(error) }))
        .finally(() => wanted.delete(id))
    },
  }
}

function toPcm(samples: Float32Array): Int16Array {
  const pcm = new Int16Array(samples.length)
  for (let i = 0; i < samples.length; i += 1) pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round(samples[i]! * 32_767)))
  return pcm
}
