// Knows how Silero tells voice from other sound, call by call. Runs in a child process. Does not know what is done about it.
import { SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { Resampler } from '../../media/resample.ts'
import type { Work } from './child.ts'
import type { Engine, EngineConfig, Vad } from './engine.ts'
import { toFloat } from './hearing.ts'
import type { FromChild } from './messages.ts'

const VAD_RATE_HZ = 16_000
/** Speech that the detector keeps; we take none of it. */
const BUFFER_SECONDS = 10

export function watchActivity(engine: Engine, config: EngineConfig, tell: (message: FromChild) => void): Work {
  type Line = { vad: Vad; resampler: Resampler; samples: number; speech: boolean }
  const lines = new Map<number, Line>()
  const of = (id: number): Line => {
    const found = lines.get(id)
    if (found) return found
    const made = { vad: new engine.Vad(config, BUFFER_SECONDS), resampler: new Resampler(SAMPLE_RATE_HZ, VAD_RATE_HZ), samples: 0, speech: false }
    lines.set(id, made)
    return made
  }
  // A model that cannot be loaded must end this process now and not in the first call.
  const first = new engine.Vad(config, BUFFER_SECONDS)
  first.acceptWaveform(new Float32Array(VAD_RATE_HZ / 10))
  first.isDetected()
  return {
    take(message) {
      if (message.op === 'drop') lines.delete(message.id)
      if (message.op !== 'audio') return
      const line = of(message.id)
      line.vad.acceptWaveform(toFloat(line.resampler.push(message.pcm)))
      line.samples += message.pcm.length
      line.speech = line.vad.isDetected()
      while (!line.vad.isEmpty()) line.vad.pop()
      tell({ type: 'activity', id: message.id, speech: line.speech, samples: line.samples })
    },
  }
}
