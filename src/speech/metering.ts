// Knows how what a call uses of speech services is counted: at each service itself, for the call whose meter comes along. Does not know prices or vendors.
import { FRAME_MS } from '../media/frame.ts'
import type { Meter } from '../service-use.ts'
import type { AsrOptions, AsrProvider, AsrStream } from './asr/provider.ts'
import type { TtsEvent, TtsProvider, Voice } from './tts/provider.ts'

/** Counts the audio that goes to a recogniser, told when a stream ends an utterance, ends or fails. */
export function meteredAsr(provider: AsrProvider): AsrProvider {
  return {
    name: provider.name,
    get capabilities() {
      return provider.capabilities
    },
    warmUp: () => provider.warmUp(),
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
    open(options: AsrOptions): AsrStream {
      const { meter } = options
      if (!meter) return provider.open(options)
      let frames = 0
      const tell = (): void => {
        if (frames > 0) meter({ kind: 'recognition', provider: provider.name, seconds: (frames * FRAME_MS) / 1_000 })
        frames = 0
      }
      const stream = provider.open({
        ...options,
        onEvent(event) {
          if (event.type === 'failed') tell()
          options.onEvent(event)
        },
      })
      return {
        push(frame, atMs) {
          frames += 1
          stream.push(frame, atMs)
        },
        endUtterance() {
          tell()
          stream.endUtterance()
        },
        [Symbol.dispose]() {
          tell()
          stream[Symbol.dispose]()
        },
      }
    },
  }
}

/** Counts the characters of a text once its first sound comes: what a service refused it does not bill. */
export function meteredTts(provider: TtsProvider): TtsProvider {
  const metered: TtsProvider = {
    name: provider.name,
    warmUp: () => provider.warmUp(),
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
    async *synthesize(text: string, voice: Voice, signal: AbortSignal, meter?: Meter): AsyncGenerator<TtsEvent, void, undefined> {
      let told = meter === undefined
      for await (const event of provider.synthesize(text, voice, signal)) {
        if (!told && event.type === 'audio') {
          told = true
          meter!({ kind: 'synthesis', provider: provider.name, characters: Array.from(text).length })
        }
        yield event
      }
    },
  }
  // Of a voice with processes of its own the doctor looks at them.
  if ('childPids' in provider) Object.defineProperty(metered, 'childPids', { get: () => provider.childPids })
  return metered
}

/** The recogniser as one call uses it. */
export function asrFor(provider: AsrProvider, meter: Meter | undefined): AsrProvider {
  if (!meter) return provider
  return {
    name: provider.name,
    get capabilities() {
      return provider.capabilities
    },
    warmUp: () => provider.warmUp(),
    open: (options) => provider.open({ ...options, meter }),
    // It belongs to everybody.
    [Symbol.asyncDispose]: async () => {},
  }
}

/** The voice as one call uses it. */
export function ttsFor(provider: TtsProvider, meter: Meter | undefined): TtsProvider {
  if (!meter) return provider
  return {
    name: provider.name,
    warmUp: () => provider.warmUp(),
    synthesize: (text, voice, signal) => provider.synthesize(text, voice, signal, meter),
    [Symbol.asyncDispose]: async () => {},
  }
}
