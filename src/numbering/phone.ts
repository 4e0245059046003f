// Knows how to turn what a customer wrote into numbers that may be dialled. Does not know accounts, policy or lines.
import { digitsOf, splitList } from './digits.ts'
import type { Carrier } from './mobile-prefixes.ts'
import { emergencyBehind, neverDial } from './never-dial.ts'
import { classify, type NumberProblem } from './plan.ts'

/** E.164 of a callable mainland number, e.g. +8613800138000. Made by `parsePhone` alone. */
export type Phone = string & { readonly brand: 'Phone' }

export type ParsedPhone = {
  phone: Phone
  /** As the customer wrote it. */
  given: string
  kind: 'mobile' | 'fixed'
  /** Whom the prefix was allotted to; a hint, numbers move between operators. Fixed lines: undefined. */
  carrier: Carrier | undefined
  /** A virtual operator's number (虚拟运营商). */
  mvno: boolean
  /** With trunk 0, e.g. "0571", and the city; undefined for mobiles. */
  areaCode: string | undefined
  city: string | undefined
}

/** A refused number: `value` as written (shortened when absurdly long). */
export type BadPhone = { value: string } & NumberProblem

export type ParseOptions = {
  /** Completes bare local numbers, e.g. "0571". Without it they are refused. */
  defaultAreaCode?: string | undefined
}

/** More numbers than this in one list is a task, not a call. */
export const phonesPerListMax = 100

/** Reads one number. Pure; never throws. The national never-dial rules have the last word over the plan. */
export function parsePhone(text: string, options: ParseOptions = {}): { ok: true; phone: ParsedPhone } | { ok: false; bad: BadPhone } {
  const given = text.trim()
  const refuse = (problem: NumberProblem) => ({ ok: false as const, bad: { value: shorten(given), ...problem } })
  if (given === '') return refuse({ code: 'EMPTY', reason: '号码为空' })
  const written = digitsOf(given)
  if (!written) return refuse({ code: 'NOT_A_NUMBER', reason: '含有无法识别的字符，请只填写号码（多个号码用逗号分隔，不支持分机）' })
  const whole = classify(written)
  const completed = !whole.ok && whole.problem.code === 'NEEDS_AREA_CODE' ? classify(written, options.defaultAreaCode) : whole
  if (!completed.ok) return refuse(neverDial(given) ?? completed.problem)
  const { number } = completed
  const phone = `+86${number.national}` as Phone
  // Once as written (a local number that was completed is none by itself, so only an exact match counts), once as it will be dialled.
  const danger = (whole.ok ? neverDial(given) : emergencyBehind(written)) ?? neverDial(phone)
  if (danger) return refuse(danger)
  return {
    ok: true,
    phone: {
      phone,
      given,
      kind: number.kind,
      carrier: number.kind === 'mobile' ? number.carrier : undefined,
      mvno: number.kind === 'mobile' && number.mvno,
      areaCode: number.kind === 'fixed' ? number.area.code : undefined,
      city: number.kind === 'fixed' ? number.area.city : undefined,
    },
  }
}

/**
 * Reads a list as customers write it, separated by , ， 、 ; ； or line ends. Order is kept; the same number written twice is kept once
 * and its later spellings are listed in `duplicates`. An empty list is one bad entry, so `ok` and `bad` are never both empty.
 */
export function parsePhoneList(
  text: string,
  options: ParseOptions = {},
): { ok: ParsedPhone[]; bad: BadPhone[]; duplicates: { value: string; phone: Phone }[] } {
  const items = splitList(text)
  if (items.length === 0) return { ok: [], bad: [{ value: '', code: 'EMPTY', reason: '没有填写号码' }], duplicates: [] }
  if (items.length > phonesPerListMax) {
    const reason = `一次最多 ${phonesPerListMax} 个号码，收到 ${items.length} 个`
    return { ok: [], bad: [{ value: shorten(text.trim()), code: 'TOO_MANY', reason }], duplicates: [] }
  }
  const ok = new Map<Phone, ParsedPhone>()
  const bad: BadPhone[] = []
  const duplicates: { value: string; phone: Phone }[] = []
  for (const item of items) {
    const parsed = parsePhone(item, options)
    if (!parsed.ok) bad.push(parsed.bad)
    else if (ok.has(parsed.phone.phone)) duplicates.push({ value: item, phone: parsed.phone.phone })
    else ok.set(parsed.phone.phone, parsed.phone)
  }
  return { ok: [...ok.values()], bad, duplicates }
}

/** 138****8000, 0571****5678: how a number is shown in lists. Keeps the last four digits; short or odd texts are hidden whole. */
export function maskPhone(phone: string): string {
  const written = digitsOf(phone)
  const whole = written && classify(written)
  if (!written || !whole?.ok) return '****'
  const { number } = whole
  const lead = number.kind === 'mobile' ? number.national.slice(0, 3) : number.area.code
  return `${lead}****${number.national.slice(-4)}`
}

const shorten = (text: string) => (text.length > 40 ? `${text.slice(0, 40)}…` : text)
