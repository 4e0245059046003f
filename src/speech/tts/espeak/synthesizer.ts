// Knows how to drive the two eSpeak builds. Runs only inside the child: eSpeak is GPL-3 and must not be loaded by the server.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { SpeechPart } from './protocol.ts'

/** Mono PCM of both builds. */
export const ESPEAK_RATE_HZ = 22_050

export type Utterance = Pick<SpeechPart, 'language' | 'text'> & { variant: string; rateWpm: number }

export interface Synthesizer {
  readonly engine: string
  /** Calls `onPcm` with 22 050 Hz samples in order. Rejects when eSpeak failed. */
  speak(utterance: Utterance, onPcm: (pcm: Int16Array) => void): Promise<void>
}

/**
 * The WebAssembly build when it is installed, otherwise the `espeak-ng` program. The program is the second
 * choice although most systems have it: its version and data differ from system to system, the package is the
 * same everywhere, and it answers within a millisecond because nothing has to be started.
 * Rejects with what to install when neither is there.
 */
export async function openSynthesizer(only?: 'wasm' | 'program'): Promise<Synthesizer> {
  const reasons: string[] = []
  for (const open of only === 'wasm' ? [openWasm] : only === 'program' ? [openProgram] : [openWasm, openProgram]) {
    try {
      return await open()
    } catch (error) {
      reasons.push(error instanceof Error ? error.message.split('\n')[0]! : String(error))
    }
  }
  throw new Error(`no eSpeak NG: install the npm package @echogarden/espeak-ng-emscripten or the program espeak-ng (${reasons.join('; ')})`)
}

/** A voice that reads pinyin. The Mandarin voices that read characters take some words for English, so none of them is used. */
const voices = { pinyin: 'cmn-latn-pinyin', english: 'en-us' } as const

function voiceName(utterance: Utterance): string {
  const voice = voices[utterance.language]
  return utterance.variant ? `${voice}+${utterance.variant}` : voice
}

type EspeakWorker = {
  set_voice(name: string): number
  set_rate(wordsPerMinute: number): number
  /** Synchronous. The callback gets a copy; a last call with no samples ends it. */
  synthesize(text: string, callback: (pcm: Int16Array | undefined) => boolean): void
}

async function openWasm(): Promise<Synthesizer> {
  const packageName: string = '@echogarden/espeak-ng-emscripten' // not a literal: the package is optional and carries no types
  const { default: createEspeak } = (await import(packageName)) as { default: () => Promise<{ eSpeakNGWorker: new () => EspeakWorker }> }
  const espeak = await createEspeak()
  // The constructor hands out a promise of the worker, which its type in the package does not say.
  const worker = await (new espeak.eSpeakNGWorker() as EspeakWorker | Promise<EspeakWorker>)
  return {
    engine: 'wasm',
    async speak(utterance, onPcm) {
      worker.set_voice(voiceName(utterance))
      worker.set_rate(utterance.rateWpm)
      worker.synthesize(utterance.text, (pcm) => {
        if (pcm && pcm.length > 0) onPcm(pcm)
        return false
      })
    },
  }
}

const WAV_HEADER_BYTES = 44
const PROGRAM_MS_MAX = 5_000

async function openProgram(): Promise<Synthesizer> {
  const version = await runProgram(['--version'], () => {})
  return {
    engine: `program ${/\d+(\.\d+)+/.exec(version)?.[0] ?? ''}`.trim(),
    async speak(utterance, onPcm) {
      let headerLeft = WAV_HEADER_BYTES
      let odd: Buffer = Buffer.alloc(0)
      const args = ['-v', voiceName(utterance), '-s', String(utterance.rateWpm), '--stdout', '--', utterance.text]
      await runProgram(args, (chunk) => {
        const skipped = Math.min(headerLeft, chunk.length)
        headerLeft -= skipped
        const bytes = Buffer.concat([odd, chunk.subarray(skipped)])
        const whole = bytes.length & ~1
        odd = bytes.subarray(whole)
        const pcm = new Int16Array(whole / 2)
        for (let i = 0; i < pcm.length; i += 1) pcm[i] = bytes.readInt16LE(2 * i)
        if (pcm.length > 0) onPcm(pcm)
      })
    },
  }
}

/** Runs `espeak-ng` and returns what it printed. Rejects when it is absent, fails or takes too long. */
async function runProgram(args: readonly string[], onBytes: (chunk: Buffer) => void): Promise<string> {
  const program = spawn('espeak-ng', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: PROGRAM_MS_MAX, killSignal: 'SIGKILL' })
  let said = ''
  program.stdout.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('latin1')).slice(0, 200)
    onBytes(chunk)
  })
  program.stderr.resume()
  const [code, signal] = (await once(program, 'close')) as [number | null, string | null]
  if (code !== 0) throw new Error(`espeak-ng ended with ${code ?? signal}`)
  return said
}
