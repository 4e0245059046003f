// Knows how an MP3 file becomes sound for a call: one channel at 8 kHz, by a child process. Does not know files or who plays it.
import { spawn } from 'node:child_process'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { InvalidInputError } from '../errors.ts'

/** How the child says that there is no sound to play. */
export const exitOf = { nothing: 10, tooLong: 11 } as const
/** Five minutes of music take about two seconds; a file made to take for ever is given up. */
const DECODE_MS_MAX = 30_000

/** An MPEG audio frame begins with eleven set bits and a layer that is one; tags may come before it. */
export function looksLikeMp3(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x49 && bytes[1] === 0x44 && bytes[2] === 0x33) || (bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0 && (bytes[1]! & 0x06) !== 0)
}

/**
 * Any rate and bit rate of MPEG 1, 2 and 2.5, layers I to III; two channels are mixed. What is damaged is left out.
 * Source: ISO/IEC 11172-3, 13818-3, by mpg123 in a process of its own: about 0.2 s, once per file.
 * Errors: InvalidInputError for what holds no audio, for more than `msMax` of it, and for what cannot be decoded.
 */
export async function readMp3(bytes: Uint8Array, msMax: number): Promise<Int16Array> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('mp3-child.ts', import.meta.url)), String(msMax)], { stdio: ['pipe', 'pipe', 'pipe'], timeout: DECODE_MS_MAX, killSignal: 'SIGKILL' })
  child.stdin.on('error', () => {}) // it may say what is wrong before it has read everything
  child.stdin.end(bytes)
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'gone'))
  })
  const [code, pcm, words] = await Promise.all([ended, buffer(child.stdout), text(child.stderr)])
  if (code === exitOf.tooLong) throw new InvalidInputError('file', `超过 ${msMax / 60_000} 分钟`)
  if (code === exitOf.nothing) throw new InvalidInputError('file', '里没有声音')
  if (code !== 0) throw new InvalidInputError('file', `不能解码（${code}）${words.trim().split('\n').at(-1)?.slice(0, 200) ?? ''}`)
  const samples = new Int16Array(pcm.length / 2)
  Buffer.from(samples.buffer).set(pcm)
  return samples
}
