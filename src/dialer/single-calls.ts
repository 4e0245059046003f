// Knows how a call that says a fixed text, or offers keys, is put together and filed under the name another face gives it. Does not know HTTP or wire formats of parameters.
import { randomInt } from 'node:crypto'
import type { TtsTemplates } from '../account/tts-templates.ts'
import { voiceFileName } from '../account/voice-files.ts'
import type { CallProduct } from '../db/call-tickets.ts'
import { AppError, InvalidInputError } from '../errors.ts'
import type { AnnouncementPlan } from '../robot/announcement.ts'
import type { SayPart } from '../robot/robot.ts'
import type { CallService } from './call-service.ts'

/** Whom, from which number, marked how. Numbers as the customer wrote them; no shown number: any. */
export type SingleCall = { accountId: string; called: string; shown: string | undefined; outId: string | undefined }
/** What is said: a template of the account with its variables, or, where the code is no template's, a recorded file. */
export type Spoken = { code: string; values: Readonly<Record<string, string>> }
export type Menu = { start: Spoken; keys: readonly { key: string; spoken: Spoken | undefined }[]; bye: Spoken | undefined; keyMsMax: number }

const syntheticNotice = '以下内容由人工智能合成语音播报。'

export type SingleCallDeps = {
  calls: CallService
  templates: Pick<TtsTemplates, 'fill'>
  /** Recorded files by name. Errors: AppError for what cannot be played. */
  sounds: { read(name: string): Promise<unknown> }
  /** Unix milliseconds; the wall clock unless a test says otherwise. */
  now?: (() => number) | undefined
}

type Part = { part: SayPart; notice?: string | undefined }

export class SingleCalls {
  readonly #calls: CallService
  readonly #templates: SingleCallDeps['templates']
  readonly #sounds: SingleCallDeps['sounds']
  readonly #now: () => number

  constructor({ calls, templates, sounds, now = Date.now }: SingleCallDeps) {
    this.#calls = calls
    this.#templates = templates
    this.#sounds = sounds
    this.#now = now
  }

  /** Says a template `playTimes` times. Answers the call's wire id, durable. Errors: those of CallService.place and TtsTemplates.fill. */
  async speak(call: SingleCall, spoken: Spoken, playTimes: number): Promise<string> {
    const { part, notice } = await this.#template(call.accountId, spoken)
    return await this.#place('tts', call, { start: [part], notice, playTimes, menu: {}, keyMsMax: 0 })
  }

  /** Plays a recorded file. Errors: as CallService.place; InvalidInputError 'voice-file'. */
  async play(call: SingleCall, code: string, playTimes: number): Promise<string> {
    const { part } = await this.#file(call.accountId, code)
    return await this.#place('voice', call, { start: [part], playTimes, menu: {}, keyMsMax: 0 })
  }

  /** Says a menu and what is behind the key that is pressed. Errors: as `speak`; InvalidInputError for keys that no telephone has, or that come twice. */
  async menu(call: SingleCall, menu: Menu, playTimes: number): Promise<string> {
    const { accountId } = call
    const start = await this.#part(accountId, menu.start)
    const behind: Record<string, readonly SayPart[]> = {}
    for (const { key, spoken } of menu.keys) {
      if (!/^[0-9*#]$/.test(key)) throw new InvalidInputError('key', `按键 ${key.slice(0, 10)} 不存在：应为 0–9、* 或 #`)
      if (Object.hasOwn(behind, key)) throw new InvalidInputError('key', `按键 ${key} 重复`)
      behind[key] = spoken ? [(await this.#part(accountId, spoken)).part] : []
    }
    const bye = menu.bye && [(await this.#part(accountId, menu.bye)).part]
    return await this.#place('ivr', call, { start: [start.part], notice: start.notice, playTimes, menu: behind, keyMsMax: menu.keyMsMax, bye })
  }

  async #part(accountId: string, spoken: Spoken): Promise<Part> {
    return await (spoken.code.startsWith('TTS_') ? this.#template(accountId, spoken) : this.#file(accountId, spoken.code))
  }

  async #template(accountId: string, { code, values }: Spoken): Promise<Part> {
    const { text, saysSynthetic } = await this.#templates.fill(accountId, code, values)
    return { part: { type: 'text', text }, notice: saysSynthetic ? undefined : syntheticNotice }
  }

  /** Decoded now and not when somebody has picked up: a file that cannot be played is the caller's affair. */
  async #file(accountId: string, code: string): Promise<Part> {
    const name = voiceFileName(accountId, code)
    try {
      await this.#sounds.read(name)
    } catch (error) {
      if (error instanceof AppError) throw new InvalidInputError('voice-file', `语音文件 ${code} 不存在或无法播放`, [], { cause: error })
      throw error
    }
    return { part: { type: 'file', code: name } }
  }

  async #place(product: CallProduct, { accountId, called, shown, outId }: SingleCall, announcement: AnnouncementPlan): Promise<string> {
    const wireId = newWireId(this.#now())
    const about = announcement.start.map((part) => (part.type === 'text' ? part.text : part.type === 'file' ? `（录音 ${part.code}）` : '')).join('')
    await this.#calls.place({
      accountId,
      source: 'aliyun',
      phones: called,
      userRequirement: about,
      callerIfReal: shown?.replace(/[\s-]/g, ''),
      announcement,
      ticket: { wireId, product, shownNumber: shown ?? '', outId },
    })
    return wireId
  }
}

/** As published: 12 digits, ^, 12 digits. The first are random and begin with 1, the last are hundredths of a second since 1970, so that ids sort by time from there on. */
export function newWireId(nowMs: number): string {
  const random = String(randomInt(100_000, 200_000)) + String(randomInt(1_000_000)).padStart(6, '0')
  return `${random}^${String(Math.floor(nowMs / 10)).padStart(12, '0').slice(-12)}`
}
