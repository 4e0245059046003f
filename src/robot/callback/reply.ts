// Reads what a customer's callback server answered, as tolerantly as its meaning stays clear. Pure. Does not know what follows from it.
import { muteTime } from './plan.ts'

export const callbackActions = ['play', 'break', 'continue', 'hangup', 'transfer', 'donothing', 'dtmf', 'parallel_transfer', 'parallel_bridge'] as const
export type CallbackAction = (typeof callbackActions)[number]

export type Reply = {
  action: CallbackAction
  /** What to play; undefined: nothing. */
  media: { code: string; texts: Readonly<Record<string, string>> } | undefined
  /** May this action interrupt what is playing? */
  actionBreak: boolean
  /** May its own media be interrupted? */
  codeBreak: boolean
  /** Continuous speech for so long stops its media; 0: no. */
  timeBreakMs: number
  muteMs: number | undefined
  dynamicId: string | undefined
  /** Of transfers, as written. */
  number: string | undefined
  digits: { timeOutMs: number; digitsMax: number; endKey: string | undefined }
  ccName: string | undefined
  isMonitor: boolean
  /** Played to the human whom a parallel transfer reached. */
  transferFile: string | undefined
  /** What was wrong with it and could be helped. */
  oddities: readonly string[]
}

/** `why` is for the customer who looks for the mistake in their server. */
export type ReadReply = { ok: true; reply: Reply } | { ok: false; why: string }

const codeCharsMax = 4_000
const textsMax = 50
const timeBreakMsMax = 60_000

/** `call_id` of another call is refused; a missing one is taken for this call. Never throws. */
export function readReply(body: Uint8Array, callId: string): ReadReply {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return bad('the answer is not UTF-8')
  }
  const envelope = parsed(text)
  if (!isRecord(envelope)) return bad(`the answer is not a JSON object: ${shorten(text)}`)
  if (asText(envelope['result'])?.toLowerCase() === 'fail') return bad(`the server answered result=fail: ${shorten(asText(envelope['msg']) ?? '')}`)
  const given = envelope['data']
  const data = typeof given === 'string' ? parsed(given) : given
  if (!isRecord(data)) return bad('the answer has no data')
  const id = asText(data['call_id'])
  if (id !== undefined && id !== '' && id !== callId) return bad(`the answer is for another call: ${shorten(id)}`)
  const named = asText(data['action'])?.trim() ?? ''
  if (named === '') return bad('the answer has no action')
  const oddities: string[] = []
  const known = callbackActions.find((action) => action === named.toLowerCase())
  // Taken for `continue`, as public implementations do.
  if (known === undefined) oddities.push(`unknown action ${shorten(named)}`)
  return { ok: true, reply: { action: known ?? 'continue', ...fieldsOf(data, oddities), oddities } }
}

function fieldsOf(data: Readonly<Record<string, unknown>>, oddities: string[]): Omit<Reply, 'action' | 'oddities'> {
  const flag = (name: string, or: boolean): boolean => {
    const value = data[name]
    if (value === undefined || value === null || value === '') return or
    const word = asText(value)?.trim().toLowerCase()
    if (word === 'true' || word === '1') return true
    if (word === 'false' || word === '0') return false
    oddities.push(`${name} is no boolean`)
    return or
  }
  const whole = (name: string): number | undefined => {
    const value = data[name]
    if (value === undefined || value === null || value === '') return undefined
    const number = Number(asText(value)?.trim() || Number.NaN)
    if (Number.isFinite(number)) return Math.round(number)
    oddities.push(`${name} is no number`)
    return undefined
  }
  const within = (name: string, min: number, max: number, or: number): number => {
    const value = whole(name)
    if (value === undefined) return or
    if (value < min || value > max) oddities.push(`${name} is not within ${min}..${max}`)
    return Math.min(max, Math.max(min, value))
  }
  const name = (key: string): string | undefined => {
    const value = asText(data[key])?.trim()
    return value === undefined || value === '' ? undefined : value
  }
  const endKey = name('dtmf_end_character')
  if (endKey !== undefined && endKey !== '*' && endKey !== '#') oddities.push('dtmf_end_character is neither * nor #')
  const muteMs = whole('mute_time')
  const code = name('action_code')
  if (code !== undefined && code.length > codeCharsMax) oddities.push(`action_code is longer than ${codeCharsMax} characters`)
  return {
    media: code === undefined || code.length > codeCharsMax ? undefined : { code, texts: textsOf(data['action_code_param'], oddities) },
    actionBreak: flag('action_break', true),
    codeBreak: flag('action_code_break', true),
    timeBreakMs: within('action_code_time_break', 0, timeBreakMsMax, 0),
    muteMs: muteMs === undefined ? undefined : muteMs >= muteTime.min && muteMs <= muteTime.max ? muteMs : muteTime.or,
    dynamicId: name('dynamic_id')?.slice(0, 1_000),
    number: name('number')?.slice(0, 64),
    digits: { timeOutMs: within('dtmf_nonin_overtime', 3, 60, 3) * 1_000, digitsMax: within('dtmf_max_numbers', 1, 50, 50), endKey: endKey === '*' || endKey === '#' ? endKey : undefined },
    ccName: name('cc_name')?.slice(0, 64),
    isMonitor: flag('is_monitor', false),
    transferFile: name('transfer_playfile')?.slice(0, 200),
  }
}

/** A text that holds JSON, as published, or the object itself. */
function textsOf(given: unknown, oddities: string[]): Record<string, string> {
  const texts = Object.create(null) as Record<string, string>
  if (given === undefined || given === null || given === '') return texts
  const object = typeof given === 'string' ? parsed(given) : given
  if (!isRecord(object)) {
    oddities.push('action_code_param is no JSON object')
    return texts
  }
  for (const [name, value] of Object.entries(object).slice(0, textsMax)) {
    const text = asText(value)
    if (text === undefined) oddities.push(`action_code_param.${shorten(name)} is no text`)
    else texts[name] = text
  }
  return texts
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function bad(why: string): ReadReply {
  return { ok: false, why }
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
