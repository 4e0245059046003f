// Knows how a recorded file becomes sound for a call: any WAV that we can read, one channel at 8 kHz. Does not know who plays it.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'
import { Resampler } from './resample.ts'
import { readWav } from './wav.ts'

const MS_MAX = 300_000

/**
 * The sound `name` (with or without .wav) of a folder. More channels are mixed into one.
 * Errors: InvalidInputError for a name that is none, a file that is no WAV or too long; NotFoundError.
 */
export async function readSound(folder: string, name: string): Promise<Int16Array> {
  // A plain name: a path could leave the folder.
  if (!/^[\p{L}\p{N}][\p{L}\p{N}_-]{0,63}(?:\.wav)?$/u.test(name)) throw new InvalidInputError('file', `录音文件名只能含字母、数字、_ 和 -：${name.slice(0, 80)}`)
  const file = path.join(folder, name.endsWith('.wav') ? name : `${name}.wav`)
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new NotFoundError('sound', `没有录音文件 ${path.basename(file)}：请放到数据目录的 sounds 文件夹里`)
  }
  let wav: ReturnType<typeof readWav>
  try {
    wav = readWav(bytes)
  } catch (error) {
    throw new InvalidInputError('file', `${path.basename(file)} 不是能播放的 WAV 文件：${error instanceof Error ? error.message : String(error)}`)
  }
  const [first, ...others] = wav.channels
  if (!first || first.length === 0) throw new InvalidInputError('file', `${path.basename(file)} 里没有声音`)
  if ((first.length / wav.format.sampleRateHz) * 1_000 > MS_MAX) throw new InvalidInputError('file', `${path.basename(file)} 超过 ${MS_MAX / 60_000} 分钟`)
  const mono = others.length === 0 ? first : first.map((sample, i) => (sample + others.reduce((sum, channel) => sum + channel[i]!, 0)) / wav.channels.length)
  if (wav.format.sampleRateHz === SAMPLE_RATE_HZ) return mono
  const resampler = new Resampler(wav.format.sampleRateHz, SAMPLE_RATE_HZ)
  return Int16Array.from([...resampler.push(mono), ...resampler.flush()])
}
