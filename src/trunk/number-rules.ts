// Knows how a number is written for one carrier and read back from it. Does not know headers, calls or whether a number may be called at all.
import { assertNever, InvalidInputError, RefusedError } from '../errors.ts'
import { noAttribution, type Attribution } from '../numbering/attribution.ts'
import { neverDial, neverDialAs } from '../numbering/never-dial.ts'
import { maskPhone, parsePhone } from '../numbering/phone.ts'
import { compileBounded, patternInputMax } from './bounded-pattern.ts'
import type { IncomingRule, NumberRule } from './trunk-config.ts'

/** Longest number that leaves: 15 digits of E.164, 00 in front, and access digits. */
const DIALLED_MAX = 32

/** Digits as a mainland carrier dials them: 13800138000, 02158881234, 4001234567, 95588, 0014155550100. What is no E.164 stays as it is. */
export function nationalDigits(phone: string): string {
  if (!phone.startsWith('+86')) return phone.replace(/^\+/, '00')
  const national = phone.slice(3)
  const parsed = parsePhone(phone)
  if (parsed.ok) return parsed.phone.kind === 'fixed' ? `0${national}` : national
  // Only geographic numbers take the trunk prefix; an area code and a number are nine digits and more.
  const whole = /^1[3-9]\d{9}$/.test(national) || /^(?:[48]00\d{7}|9[56]\d{3,})$/.test(national) || national.length < 9
  return whole ? national : `0${national}`
}

/**
 * Writes an E.164 number the way the carrier wants it. The rules run in order, each on what the one before it made; a preset writes the number
 * anew; `when` limits a rule to numbers that match, and a rule with `last` that changed the number is the last one.
 * Whatever rules say, the result is the same subscriber behind some lead: rules cannot dial another number, nor 110 in disguise.
 * Errors: RefusedError `never-dial` for an emergency number; InvalidInputError when it is the rules that lead elsewhere.
 */
export function dialledNumber(phone: string, rules: readonly NumberRule[], attribution: Attribution): string {
  const { text, misleads } = written(phone, rules, attribution)
  if (!misleads) return text
  const own = neverDial(phone)
  if (own?.code === 'EMERGENCY_NUMBER') throw new RefusedError('never-dial', own.reason)
  // Without the number: this is written into logs.
  throw new InvalidInputError('numbers.out', `the number rules do not lead to ${maskPhone(phone)}`)
}

function written(phone: string, rules: readonly NumberRule[], attribution: Attribution): { text: string; misleads: boolean } {
  let text = phone
  let local: string | undefined
  for (const rule of rules) {
    if (!applies(rule, text)) continue
    const before = text
    if ('preset' in rule) {
      text = presetForm(phone, rule, attribution)
      if (rule.preset === 'zero-for-other-cities' && rule.dropAreaCode) local = localNumber(phone, rule.areaCode)
    } else text = edited(text, rule)
    if (text.length > DIALLED_MAX) return { text, misleads: true }
    if (rule.last && ('preset' in rule || text !== before)) break
  }
  return { text, misleads: neverDialAs(text, phone, local) !== undefined }
}

/** Numbers of every kind, so that rules that lead elsewhere are found before a call is lost by them. */
const samples = ['+8613800138000', '+8619900001234', '+862158881234', '+861058881234', '+8657188888888', '+868162221234'] as const

/** Tries the rules of a configuration. Errors: InvalidInputError with the number that they spoil. */
export function checkOutgoingRules(rules: readonly NumberRule[]): void {
  const cities = rules.flatMap((rule) => ('areaCode' in rule ? [`+86${rule.areaCode.slice(1)}66668888`, `+86${rule.areaCode.slice(1)}6666888`] : []))
  for (const phone of [...samples, ...cities.filter((phone) => parsePhone(phone).ok)]) {
    const { text, misleads } = written(phone, rules, noAttribution)
    if (misleads) throw new InvalidInputError('numbers.out', `these rules make ${nationalDigits(phone)} into ${text === '' ? 'nothing' : text.slice(0, patternInputMax)}, which does not lead to that number alone: they may put digits in front, and change how it is written`)
  }
}

/**
 * Reads a number as the carrier sends it. E.164 when the numbering plan knows it, +86 and the digits for service numbers (95588, 400…),
 * otherwise what the rules left of it; undefined for a caller who is hidden (anonymous, empty).
 */
export function receivedNumber(sent: string, rules: readonly IncomingRule[]): string | undefined {
  let text = sent.slice(0, patternInputMax)
  let areaCode: string | undefined
  for (const rule of rules) {
    if (!applies(rule, text)) continue
    const before = text
    if ('preset' in rule) areaCode = rule.areaCode
    else text = edited(text, rule)
    if (rule.last && text !== before) break
  }
  if (!/\d/.test(text)) return undefined
  const parsed = parsePhone(text, { defaultAreaCode: areaCode })
  if (parsed.ok) return parsed.phone.phone
  const digits = text.replace(/^(?:\+|00)?86(?=\d{5})/, '')
  if (/^(?:[48]00\d{7}|9[56]\d{3,15}|1[01]\d{3,6})$/.test(digits)) return `+86${digits}`
  return text.replace(/^00(?=[1-9]\d{6})/, '+')
}

/** A number of ours, as configured, in E.164: 02160001000, 4001234567, 95013…, +86…. */
export function callerE164(number: string): string {
  if (number.startsWith('+')) return number
  const parsed = parsePhone(number)
  if (parsed.ok) return parsed.phone.phone
  return `+86${number.replace(/^0086|^86(?=\d{10})/, '').replace(/^0/, '')}`
}

function applies(rule: NumberRule | IncomingRule, text: string): boolean {
  return rule.when === undefined || compileBounded('when', rule.when).test(text.slice(0, patternInputMax))
}

type Preset = Extract<NumberRule, { preset: unknown }>
type Edit = Exclude<NumberRule, { preset: unknown }>

function presetForm(phone: string, rule: Preset, attribution: Attribution): string {
  switch (rule.preset) {
    case 'national':
      return nationalDigits(phone)
    case 'e164':
      return phone
    case 'e164-no-plus':
      return phone.replace(/^\+/, '')
    case 'zero-for-other-cities':
      return (rule.dropAreaCode ? localNumber(phone, rule.areaCode) : undefined) ?? withZero(nationalDigits(phone), rule, attribution(phone))
    default:
      return assertNever(rule)
  }
}

/** 外地手机加 0: only mobiles are in question, fixed lines have their 0 already. */
function withZero(digits: string, rule: Extract<Preset, { areaCode: string }>, home: string | undefined): string {
  if (!/^1[3-9]\d{9}$/.test(digits)) return digits
  const zero = home === undefined ? rule.unknown === 'zero' : home !== rule.areaCode
  return zero ? `0${digits}` : digits
}

/** The part behind the area code when the number is a fixed line of that city. */
function localNumber(phone: string, areaCode: string): string | undefined {
  const parsed = parsePhone(phone)
  return parsed.ok && parsed.phone.areaCode === areaCode ? parsed.phone.phone.slice(2 + areaCode.length) : undefined
}

function edited(text: string, rule: Edit): string {
  if ('strip' in rule) return text.startsWith(rule.strip) ? text.slice(rule.strip.length) : text
  if ('prefix' in rule) return `${rule.prefix}${text}`
  // Longer texts are no numbers; what bounds the pattern is the length of what it runs on.
  if (text.length > patternInputMax) return text
  return text.replace(compileBounded('replace', rule.replace), rule.with)
}
