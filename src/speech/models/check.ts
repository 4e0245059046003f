// Knows how a model is tried: loaded in a throw-away child process and given a little work. A bad one ends that process and nothing else. Does not know the catalogue.
import { ProviderError } from '../../errors.ts'
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { SherpaAsr } from '../asr/sherpa.ts'
import type { HostLimits } from '../sherpa/host.ts'
import type { ModelRole } from '../sherpa/model-folder.ts'
import { SherpaVad } from '../sherpa/vad.ts'
import { SherpaTts } from '../tts/sherpa.ts'

/** `share`: time it took for each second of sound; from 1 on it cannot keep up with a single call. */
export type Checked = { ok: true; loadMs: number; share: number } | { ok: false; reason: string }

const TRIED_MS = 2_000
const text = '您好，请问是张先生吗？'

/** Loads the model of a folder and has it work. Never throws. `engine`: as SHERPA_ENGINE. */
export async function checkModel(dir: string, role: ModelRole, { engine, limits }: { engine?: string | undefined; limits?: Partial<HostLimits> | undefined } = {}): Promise<Checked> {
  const options = { model: dir, engine, limits: { ...limits, answerMsMax: 30_000, audioMsMax: 30_000, hangMsMax: limits?.hangMsMax ?? 30_000 } }
  try {
    await using tried = { asr: tryRecogniser, tts: tryVoice, vad: tryActivity }[role](options)
    const beginMs = performance.now()
    await tried.load()
    const loadMs = performance.now() - beginMs
    const workMs = performance.now()
    const soundMs = await tried.work()
    return { ok: true, loadMs, share: (performance.now() - workMs) / soundMs }
  } catch (error) {
    return { ok: false, reason: error instanceof ProviderError ? error.message.replace(/^sherpa: /, '') : String(error) }
  }
}

/** `work` returns milliseconds of sound. Errors: ProviderError. */
type Tried = AsyncDisposable & { load(): Promise<void>; work(): Promise<number> }
type Options = ConstructorParameters<typeof SherpaAsr>[0]

/** Not silence: some models do nothing for silence. */
function noise(): Int16Array {
  let seed = 1
  return Int16Array.from({ length: FRAME_SAMPLES }, () => ((seed = (seed * 16_807) % 2_147_483_647) % 2_000) - 1_000)
}

function tryRecogniser(options: Options): Tried {
  const asr = new SherpaAsr(options)
  return {
    load: () => asr.warmUp(),
    async work() {
      const over = Promise.withResolvers<void>()
      using stream = asr.open({ hotWords: [], phrases: [], onEvent: (event) => (event.type === 'final' ? over.resolve() : event.type === 'failed' ? over.reject(event.error) : undefined) })
      for (let ms = 0; ms < TRIED_MS; ms += FRAME_MS) stream.push(noise(), ms)
      stream.endUtterance()
      await over.promise
      return TRIED_MS
    },
    [Symbol.asyncDispose]: () => asr[Symbol.asyncDispose](),
  }
}

function tryVoice(options: Options): Tried {
  const tts = new SherpaTts(options)
  return {
    load: () => tts.warmUp(),
    async work() {
      let samples = 0
      for await (const event of tts.synthesize(text, { name: '', speed: 0, volume: 50 }, AbortSignal.timeout(60_000))) {
        if (event.type === 'failed') throw event.error
        if (event.type === 'audio') samples += event.pcm.length
      }
      return (samples / SAMPLE_RATE_HZ) * 1_000
    },
    [Symbol.asyncDispose]: () => tts[Symbol.asyncDispose](),
  }
}

function tryActivity(options: Options): Tried {
  const vad = new SherpaVad(options)
  return {
    load: () => vad.warmUp(),
    async work() {
      const over = Promise.withResolvers<void>()
      let heard = 0
      using stream = vad.open({ onActivity: () => ((heard += FRAME_MS) >= TRIED_MS ? over.resolve() : undefined), onLost: (error) => over.reject(error) })
      for (let ms = 0; ms < TRIED_MS; ms += FRAME_MS) stream.push(noise())
      await over.promise
      return TRIED_MS
    },
    [Symbol.asyncDispose]: () => vad[Symbol.asyncDispose](),
  }
}
