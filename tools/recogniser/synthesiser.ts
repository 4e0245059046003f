// Knows how to make eSpeak NG speak. For development only: nothing of it may be loaded by the program itself (GPL-3.0).
import { spawnSync } from 'node:child_process'

export const ESPEAK_RATE_HZ = 22_050

/** `rate` in words per minute; `pitch` and `range` 0 … 99. */
export type Style = { language: string; variant: string; rate: number; pitch: number; range: number }

export interface Synthesiser {
  /** Samples at ESPEAK_RATE_HZ on the 16-bit scale. */
  speak(text: string, style: Style): Float32Array
}

type EspeakWorker = {
  set_voice(name: string): void
  set_rate(rate: number): void
  set_pitch(pitch: number): void
  set_range(range: number): void
  synthesize(text: string, onChunk: (chunk: Int16Array | null) => void): void
}

/** The WebAssembly build, in this process. */
export async function createSynthesiser(): Promise<Synthesiser> {
  const worker = await startEspeak()
  return {
    speak(text, { language, variant, rate, pitch, range }) {
      worker.set_voice(variant ? `${language}+${variant}` : language)
      worker.set_rate(Math.round(rate))
      worker.set_pitch(Math.round(pitch))
      worker.set_range(Math.round(range))
      const chunks: Int16Array[] = []
      worker.synthesize(text, (chunk) => {
        if (chunk?.length) chunks.push(chunk)
      })
      const samples = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
      let position = 0
      for (const chunk of chunks) {
        samples.set(chunk, position)
        position += chunk.length
      }
      return samples
    },
  }
}

/** eSpeak seeds the breath noise of some voices from the clock: it stands still during the start, for repeatable audio. */
async function startEspeak(): Promise<EspeakWorker> {
  const name = '@echogarden/espeak-ng-emscripten'
  const { default: createEspeak } = (await import(name)) as { default: () => Promise<{ eSpeakNGWorker: new () => Promise<EspeakWorker> }> }
  const clock = Date.now
  Date.now = () => 1e12
  try {
    const module = await createEspeak()
    // Its constructor gives a promise of the instance.
    return await new module.eSpeakNGWorker()
  } finally {
    Date.now = clock
  }
}

/** The `espeak-ng` program in the same role; undefined when it is not installed. */
export function createProgramSynthesiser(): Synthesiser | undefined {
  if (spawnSync('espeak-ng', ['--version']).status !== 0) return undefined
  return {
    speak(text, { language, variant, rate, pitch }) {
      const voice = variant ? `${language}+${variant}` : language
      const options = ['-v', voice, '-s', String(Math.round(rate)), '-p', String(Math.round(pitch)), '--stdout', text]
      const wav = spawnSync('espeak-ng', options, { maxBuffer: 1 << 26 }).stdout.subarray(44)
      return Float32Array.from({ length: wav.length >> 1 }, (_, i) => wav.readInt16LE(2 * i))
    },
  }
}
