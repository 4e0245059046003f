// Knows how a recorded file becomes sound for a call: WAV of any rate or MP3 in, one channel at 8 kHz out. Does not know who plays it.
import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'
import { looksLikeMp3, readMp3 } from './mp3.ts'
import { resample } from './resample.ts'
import { readWav } from './wav.ts'

const MS_MAX = 300_000
/** Five minutes in two channels at 48 kHz and 16 bits are 55 MB. */
const BYTES_MAX = 64 << 20

const ENDINGS = ['.wav', '.mp3']

/**
 * Where the sound `name` of a folder lies; without an ending a .wav goes before an .mp3.
 * Errors: InvalidInputError for a name that is none; NotFoundError.
 */
export async function soundPath(folder: string, name: string): Promise<string> {
  // A plain name: a path could leave the folder.
  if (!/^[\p{L}\p{N}][\p{L}\p{N}_-]{0,63}(?:\.(?:wav|mp3))?$/u.test(name)) throw new InvalidInputError('file', `录音文件名只能含字母、数字、_ 和 -：${name.slice(0, 80)}`)
  const names = ENDINGS.some((ending) => name.endsWith(ending)) ? [name] : ENDINGS.map((ending) => name + ending)
  for (const candidate of names) {
    const file = path.join(folder, candidate)
    try {
      await access(file)
      return file
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw new NotFoundError('sound', `没有录音文件 ${names.join(' 或 ')}：请放到数据目录的 sounds 文件夹里`)
}

/**
 * The sound `name` (with or without .wav or .mp3) of a folder. More channels are mixed into one. What is in it decides, not its ending.
 * Errors: as `soundPath`; InvalidInputError for a file that is neither WAV nor MP3, or too long.
 */
export async function readSound(folder: string, name: string): Promise<Int16Array> {
  const file = await soundPath(folder, name)
  const bytes = await readFile(file)
  const short = path.basename(file)
  return await decodeSound(bytes, short)
}

/**
 * WAV or MP3 as one channel at 8 kHz. What is in it decides; `short` names it in messages.
 * Errors: InvalidInputError for what is neither, or too long.
 */
export async function decodeSound(bytes: Buffer, short: string): Promise<Int16Array> {
  if (bytes.length > BYTES_MAX) throw new InvalidInputError('file', `${short} 超过 ${BYTES_MAX >> 20} MB`)
  if (looksLikeMp3(bytes)) {
    try {
      return await readMp3(bytes, MS_MAX)
    } catch (error) {
      throw error instanceof InvalidInputError ? new InvalidInputError('file', `${short} ${error.message}`) : error
    }
  }
  let wav: ReturnType<typeof readWav>
  try {
    wav = readWav(bytes)
  } catch (error) {
    throw new InvalidInputError('file', `${short} 不是能播放的 WAV 或 MP3 文件：${error instanceof Error ? error.message : String(error)}`)
  }
  const [first, ...others] = wav.channels
  if (!first || first.length === 0) throw new InvalidInputError('file', `${short} 里没有声音`)
  if ((first.length / wav.format.sampleRateHz) * 1_000 > MS_MAX) throw new InvalidInputError('file', `${short} 超过 ${MS_MAX / 60_000} 分钟`)
  const mono = others.length === 0 ? first : first.map((sample, i) => (sample + others.reduce((sum, channel) => sum + channel[i]!, 0)) / wav.channels.length)
  if (wav.format.sampleRateHz === SAMPLE_RATE_HZ) return mono
  return resample(mono, wav.format.sampleRateHz, SAMPLE_RATE_HZ)
}
