// Knows what accounts do about their recorded files: add, look through, remove. Every file that is kept can be played. Does not know calls or HTTP.
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isVoiceCode, voiceFileName, voiceFilePrefix } from './account/voice-files.ts'
import { AppError, InvalidInputError, NotFoundError, OverloadedError } from './errors.ts'
import { SAMPLE_RATE_HZ } from './media/frame.ts'
import { looksLikeMp3 } from './media/mp3.ts'
import { decodeSound, soundPath } from './media/sound-file.ts'

export const voiceFileLimits = {
  /** As for recordings by address: five minutes in telephone quality, or of MP3. */
  bytesMax: 10 << 20,
  perAccountMax: 500,
  /** Received at a time, by everybody: each is held in memory until it is judged. */
  receivingMax: 4,
  retryAfterMs: 2_000,
} as const

/** `code`: with its ending, as VoiceCode takes it. */
export type VoiceFile = { code: string; bytes: number; changedAt: Date }

const ending = /\.(?:wav|mp3)$/

export class VoiceFileDesk {
  readonly #folder: string
  #receiving = 0

  /** `folder`: where calls look for sounds. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** By code. Codes of another account are not among them. */
  async list(accountId: string): Promise<VoiceFile[]> {
    const prefix = voiceFilePrefix(accountId)
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    const own = names.filter((name) => name.startsWith(prefix) && ending.test(name)).sort()
    const files = await Promise.all(own.map(async (name): Promise<VoiceFile[]> => {
      const found = await stat(path.join(this.#folder, name)).catch(() => undefined)
      // Removed between the two looks.
      return found ? [{ code: name.slice(prefix.length), bytes: found.size, changedAt: found.mtime }] : []
    }))
    return files.flat()
  }

  /**
   * Adds or replaces: calls that play it from now on play the new one. What is in it decides whether it is WAV or MP3, and gives a code without ending its own.
   * Errors: InvalidInputError 'voice-file' for a code that is none, 'file' for what cannot be played, is too long, or is one too many; OverloadedError
   * while too many come in; what `given` throws.
   */
  async add(accountId: string, code: string, given: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<VoiceFile & { ms: number }> {
    if (!isVoiceCode(code)) voiceFileName(accountId, code)
    if (this.#receiving >= voiceFileLimits.receivingMax) throw new OverloadedError('正在接收的语音文件过多，请稍后重试', voiceFileLimits.retryAfterMs)
    this.#receiving += 1
    try {
      return await this.#keep(accountId, code, await received(given))
    } finally {
      this.#receiving -= 1
    }
  }

  async #keep(accountId: string, code: string, bytes: Buffer): Promise<VoiceFile & { ms: number }> {
    const whole = ending.test(code) ? code : `${code}${looksLikeMp3(bytes) ? '.mp3' : '.wav'}`
    const name = voiceFileName(accountId, whole)
    if (bytes.length === 0) throw new InvalidInputError('file', '语音文件是空的')
    const before = await this.list(accountId)
    if (before.length >= voiceFileLimits.perAccountMax && !before.some((file) => file.code === whole)) throw new InvalidInputError('file', `每个账户最多 ${voiceFileLimits.perAccountMax} 个语音文件，请先删除不用的`)
    const pcm = await decodeSound(bytes, whole)
    await mkdir(this.#folder, { recursive: true })
    // Never half a file under the name that calls play.
    const fresh = path.join(this.#folder, `.${name}.${randomUUID()}`)
    try {
      await writeFile(fresh, bytes)
      await rename(fresh, path.join(this.#folder, name))
    } catch (error) {
      await rm(fresh, { force: true })
      throw error
    }
    return { code: whole, bytes: bytes.length, changedAt: new Date(), ms: Math.round((pcm.length / SAMPLE_RATE_HZ) * 1_000) }
  }

  /** `code` with or without its ending. Errors: NotFoundError. */
  async remove(accountId: string, code: string): Promise<void> {
    const none = new NotFoundError('voice-file', `账户 ${accountId} 没有语音文件 ${code.slice(0, 60)}`)
    if (!isVoiceCode(code)) throw none
    const file = await soundPath(this.#folder, voiceFileName(accountId, code)).catch((error: unknown) => {
      throw error instanceof AppError ? none : error
    })
    // Whoever else removed it a moment ago was first.
    await rm(file).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? none : error
    })
  }
}

async function received(given: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of given) {
    length += chunk.length
    if (length > voiceFileLimits.bytesMax) throw new InvalidInputError('file', `语音文件超过 ${voiceFileLimits.bytesMax >> 20} MB：请转为 8 kHz 单声道 WAV，或 MP3`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
