// Knows how a call that says a fixed text, or offers keys, is put together and filed under the name another face gives it. Does not know HTTP or wire formats of parameters.
import { randomInt } from 'node:crypto'
import type { CallbackServers } from '../account/callback-servers.ts'
import { saysSyntheticPattern, type TtsTemplates } from '../account/tts-templates.ts'
import { voiceFileName, voiceFilePrefix } from '../account/voice-files.ts'
import type { CallProduct } from '../db/call-tickets.ts'
import { AppError, InvalidInputError } from '../errors.ts'
import type { AnnouncementPlan } from '../robot/announcement.ts'
import { callbackServerDefaults, type CallbackPlan } from '../robot/callback/plan.ts'
import { partsOf } from '../robot/callback/voice-code.ts'
import type { SayPart } from '../robot/robot.ts'
import type { VoiceWish } from '../robot/voice-wish.ts'
import type { CallService, PlaceRequest } from './call-service.ts'

/** Whom, from which number, marked how. Numbers as the customer wrote them; no shown number: any. */
export type SingleCall = { accountId: string; called: string; shown: string | undefined; outId: string | undefined }
/** What is said: a template of the account with its variables, or, where the code is no template's, a recorded file. */
export type Spoken = { code: string; values: Readonly<Record<string, string>> }
/** A conversation that the account's callback server leads. `background`: as the account calls the file. */
export type Conversation = Omit<CallbackPlan, 'wireId' | 'server' | 'filePrefix' | 'callCentres'>
/** How often, and how it sounds. */
export type Manner = { playTimes: number; voice?: VoiceWish | undefined }
/** Whom the called one is connected with, and the number they see, as the customer wrote both. */
export type Connection = { to: string; shown: string | undefined; talkMsMax: number; recorded: boolean; transcribed: boolean }
export type Menu = { start: Spoken; keys: readonly { key: string; spoken: Spoken | undefined }[]; bye: Spoken | undefined; keyMsMax: number }

const aboutCharsMax = 2_000
const syntheticNotice = '以下内容由人工智能合成语音播报。'

export type SingleCallDeps = {
  calls: CallService
  templates: Pick<TtsTemplates, 'fill'>
  /** Absent: no account has one. */
  callbackServers?: Pick<CallbackServers, 'find'> | undefined
  /** Whether the installation's synthesiser has a voice of this name; absent: none but its own is known. Wished-for voices that it does not have are not wished for. */
  knowsVoice?: ((name: string) => boolean) | undefined
  /** Recorded files by name. Errors: AppError for what cannot be played. */
  sounds: { read(name: string): Promise<unknown> }
  /** Unix milliseconds; the wall clock unless a test says otherwise. */
  now?: (() => number) | undefined
}

type Part = { part: SayPart; notice?: string | undefined }

export class SingleCalls {
  readonly #calls: CallService
  readonly #templates: SingleCallDeps['templates']
  readonly #callbackServers: SingleCallDeps['callbackServers']
  readonly #knowsVoice: (name: string) => boolean
  readonly #sounds: SingleCallDeps['sounds']
  readonly #now: () => number

  constructor({ calls, templates, callbackServers, knowsVoice = () => false, sounds, now = Date.now }: SingleCallDeps) {
    this.#calls = calls
    this.#templates = templates
    this.#callbackServers = callbackServers
    this.#knowsVoice = knowsVoice
    this.#sounds = sounds
    this.#now = now
  }

  /** Says a template. Answers the call's wire id, durable. Errors: those of CallService.place and TtsTemplates.fill. */
  async speak(call: SingleCall, spoken: Spoken, manner: Manner): Promise<string> {
    const { part, notice } = await this.#template(call.accountId, spoken)
    return await this.#announce('tts', call, { start: [part], notice, ...manner, menu: {}, keyMsMax: 0 })
  }

  /** Plays a recorded file. Errors: as CallService.place; InvalidInputError 'voice-file'. */
  async play(call: SingleCall, code: string, manner: Manner): Promise<string> {
    const { part } = await this.#file(call.accountId, code)
    return await this.#announce('voice', call, { start: [part], ...manner, menu: {}, keyMsMax: 0 })
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
    return await this.#announce('ivr', call, { start: [start.part], notice: start.notice, playTimes, menu: behind, keyMsMax: menu.keyMsMax, bye })
  }

  /** Lets the account's callback server lead. Errors: as `play`; InvalidInputError 'callback-server' without one, 'template-missing' for a variable without text. */
  async converse(call: SingleCall, conversation: Conversation): Promise<string> {
    const { accountId } = call
    const { opening, background, voice: { name, ...voice } } = conversation
    const settings = await this.#callbackServers?.find(accountId)
    if (!settings) throw new InvalidInputError('callback-server', '账户没有设置智能语音交互的回调地址')
    const filePrefix = voiceFilePrefix(accountId)
    const { parts, left } = partsOf(opening.code, opening.texts, filePrefix)
    const [wrong] = left
    if (wrong !== undefined) throw new InvalidInputError(wrong.startsWith('$') ? 'template-missing' : 'voice-file', `VoiceCode 无法播放：${wrong}`)
    if (parts.length === 0) throw new InvalidInputError('voice-file', 'VoiceCode 里没有可播放的内容')
    for (const part of parts) if (part.type === 'file') await this.#file(accountId, part.code.slice(filePrefix.length))
    if (background !== undefined) await this.#file(accountId, background)
    const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    const notice = texts.length === 0 || settings.saysSynthetic || saysSyntheticPattern.test(texts.join('')) ? undefined : syntheticNotice
    const { url, parameters, timeoutMs, retriesMax, waiting, fallback, closing, callCentres } = settings
    const wireId = newWireId(this.#now())
    const callback: CallbackPlan = {
      ...conversation,
      // A voice that nobody has would be heard as silence.
      voice: name !== undefined && this.#knowsVoice(name) ? { name, ...voice } : voice,
      wireId,
      server: { ...callbackServerDefaults, url, parameters, timeoutMs, retriesMax, waiting, fallback, closing },
      filePrefix,
      callCentres,
      opening: { ...opening, notice },
      background: background === undefined ? undefined : `${filePrefix}${background}`,
    }
    return await this.#place('smart', call, { callback }, parts, wireId)
  }

  /** Calls one, then the other, and lets them talk. Errors: those of CallService.place. */
  async connect(call: SingleCall, { to, shown, ...more }: Connection): Promise<string> {
    const connect = { toAsGiven: to, callerId: shown?.replace(/[\s-]/g, ''), ...more }
    return await this.#place('click-to-dial', call, { connect }, [{ type: 'text', text: `接通 ${to}` }], newWireId(this.#now()))
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

  async #announce(product: CallProduct, call: SingleCall, announcement: AnnouncementPlan): Promise<string> {
    return await this.#place(product, call, { announcement }, announcement.start, newWireId(this.#now()))
  }

  /** `opening`: what people are told that the call is about. */
  async #place(product: CallProduct, { accountId, called, shown, outId }: SingleCall, robot: Pick<PlaceRequest, 'announcement' | 'callback' | 'connect'>, opening: readonly SayPart[], wireId: string): Promise<string> {
    const about = opening.map((part) => (part.type === 'text' ? part.text : `（录音 ${part.type === 'file' ? part.code : part.url}）`)).join('')
    await this.#calls.place({
      accountId,
      source: 'aliyun',
      phones: called,
      // Only a summary: what is said is kept whole in the plan.
      userRequirement: about.slice(0, aboutCharsMax).toWellFormed(),
      callerIfReal: shown?.replace(/[\s-]/g, ''),
      ...robot,
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
