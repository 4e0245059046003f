// Knows how utterances are recognised by a sherpa-onnx model, as they come or when they are over. Runs in a child process. Does not know calls or the server.
import type { Work } from './child.ts'
import type { Engine, EngineConfig, EngineOnlineStream, EngineResult } from './engine.ts'
import type { FromChild } from './messages.ts'

const RATE_HZ = 8_000
/** Streaming models look ahead; silence of this length brings their last word out. */
const TAIL_SAMPLES = Math.round(0.6 * RATE_HZ)

/** Telephone sound for the engine. */
export function toFloat(pcm: Int16Array): Float32Array {
  const samples = new Float32Array(pcm.length)
  for (let i = 0; i < pcm.length; i += 1) samples[i] = pcm[i]! / 32_768
  return samples
}

function finalOf(id: number, { text, timestamps = [] }: EngineResult): FromChild {
  return { type: 'final', id, text: text.trim(), firstS: timestamps[0], lastS: timestamps.at(-1) }
}

/** One decoder step of all utterances that have enough audio at a time, so that many calls cost one run of the network. */
export function hearAsItComes(engine: Engine, config: EngineConfig, tell: (message: FromChild) => void): Work {
  const recogniser = new engine.OnlineRecognizer(config)
  const utterances = new Map<number, { stream: EngineOnlineStream; text: string; ended: boolean }>()
  let planned = false
  const decode = (): void => {
    planned = false
    for (;;) {
      const ready = [...utterances].filter(([, { stream }]) => recogniser.isReady(stream))
      if (ready.length === 0) break
      recogniser.decodeStreams(ready.map(([, { stream }]) => stream))
      for (const [id, utterance] of ready) {
        const { text } = recogniser.getResult(utterance.stream)
        if (text !== utterance.text) tell({ type: 'partial', id, text: (utterance.text = text).trim() })
      }
    }
    for (const [id, { stream, ended }] of utterances) {
      if (!ended) continue
      utterances.delete(id)
      tell(finalOf(id, recogniser.getResult(stream)))
    }
  }
  const plan = (): void => {
    if (!planned) setImmediate(decode)
    planned = true
  }
  const of = (id: number) => {
    const found = utterances.get(id)
    if (found) return found
    const made = { stream: recogniser.createStream(), text: '', ended: false }
    utterances.set(id, made)
    return made
  }
  return {
    take(message) {
      if (message.op === 'drop') utterances.delete(message.id)
      if (message.op === 'drop' || message.op === 'speak') return
      const utterance = of(message.id)
      if (message.op === 'audio') utterance.stream.acceptWaveform({ samples: toFloat(message.pcm), sampleRate: RATE_HZ })
      else {
        utterance.stream.acceptWaveform({ samples: new Float32Array(TAIL_SAMPLES), sampleRate: RATE_HZ })
        utterance.stream.inputFinished()
        utterance.ended = true
      }
      plan()
    },
  }
}

/** The network runs once per utterance, off this thread. */
export function hearUtterances(engine: Engine, config: EngineConfig, tell: (message: FromChild) => void): Work {
  const recogniser = new engine.OfflineRecognizer(config)
  const utterances = new Map<number, Float32Array[]>()
  const decode = async (id: number, parts: readonly Float32Array[]): Promise<void> => {
    const samples = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      samples.set(part, at)
      at += part.length
    }
    const stream = recogniser.createStream()
    stream.acceptWaveform({ samples, sampleRate: RATE_HZ })
    try {
      tell(finalOf(id, await recogniser.decodeAsync(stream)))
    } catch (error) {
      tell({ type: 'failed', id, reason: String(error) })
    }
  }
  return {
    take(message) {
      const parts = utterances.get(message.id) ?? []
      if (message.op === 'audio') {
        parts.push(toFloat(message.pcm))
        utterances.set(message.id, parts)
        return
      }
      utterances.delete(message.id)
      if (message.op === 'end') void decode(message.id, parts)
    },
  }
}
