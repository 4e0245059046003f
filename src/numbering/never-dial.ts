// Knows which digits must never leave on a line, in every form they can be dialled in. Does not know accounts or do-not-call lists.
import { digitsOf, type Digits } from './digits.ts'
import { classify, type NumberProblem } from './plan.ts'

/**
 * Emergency centres. No role, flag or trunk overrides these.
 * 110 119 120 122 are the mainland's; 112 911 999 are forwarded to them by many networks and handsets; 12110 is the police by text,
 * 12395 rescue at sea, 95110 the coast guard.
 */
const emergency = ['110', '119', '120', '122', '112', '911', '999', '95110', '12110', '12395'] as const

/** Those that mainland exchanges themselves know, and so connect while more digits follow. 0911 and 0999 are also area codes. */
const emergencyAsPrefix = emergency.filter((code) => code !== '911' && code !== '999')

/** Hotlines, service codes and message ports, tried in this order on the start of the number. */
const services: readonly [RegExp, NumberProblem['code'], string][] = [
  [/^(400|800)\d{7}$/, 'ENTERPRISE_NUMBER', '400/800 企业号码不能作为被叫'],
  [/^1064\d{9}$/, 'IOT_NUMBER', '物联网号码，接不到人'],
  [/^1010\d{4}/, 'SERVICE_NUMBER', '1010 客服号码不能作为被叫'],
  [/^106\d+/, 'SERVICE_NUMBER', '106 短信端口不能作为被叫'],
  [/^11[68]\d{3}/, 'SERVICE_NUMBER', '116/118 业务号码不能作为被叫'],
  [/^11\d/, 'SERVICE_NUMBER', '11x 特服号码不能作为被叫'],
  [/^12\d{3}/, 'SERVICE_NUMBER', '12xxx 政府或公共服务热线不能作为被叫'],
  [/^100\d{2}/, 'SERVICE_NUMBER', '运营商客服号码不能作为被叫'],
  [/^9[56]\d{3}/, 'SERVICE_NUMBER', '95/96 服务热线不能作为被叫'],
]

/** Dialled in front of a number to choose another operator. They change the route, never who answers. */
const ipPrefixes = /^(17951|17911|12593|10193)/

/**
 * Every number these digits may turn out to be once exchanges on the way have taken their part: outside-line digits,
 * country code, IP prefix and trunk 0 in any order and repeated, then one area code. The first is the digits themselves.
 */
function readings(written: Digits): Set<string> {
  const fronts = withoutLeads(written)
  const all = new Set(fronts)
  // Any two or three digits in the place of an area code, assigned or not.
  for (const front of fronts) all.add(front.replace(/^0?(10|2\d|[3-9]\d\d)/, ''))
  return all
}

/** The digits, and what is left of them behind outside-line digits, country code, IP prefix and trunk 0 in any order and number. */
function withoutLeads({ digits, international }: Digits): Set<string> {
  const fronts = new Set([digits])
  // The digit for an outside line is 0 or 9 nearly everywhere; on short numbers, or with a trunk 0 behind it, any digit is taken for one.
  if (!international && (digits.length <= 5 || /^\d0/.test(digits))) fronts.add(digits.slice(1))
  // A Set visits what is added while it is walked; every step shortens, so this ends.
  for (const front of fronts) {
    for (const lead of [/^0/, /^9/, /^86/, ipPrefixes]) fronts.add(front.replace(lead, ''))
  }
  return fronts
}

/**
 * The last word before an INVITE, usable on any text: undefined only for a complete, callable mainland number
 * (`+8613800138000`, `13800138000`, `013800138000`, `057188888888` …). Everything else is refused: emergency numbers first and in any
 * disguise, then services, then whatever the numbering plan does not know. Never throws.
 * `trunkPrefix`: digits the trunk itself takes off again (password-less trunks); they are removed before the check, and only when present.
 */
export function neverDial(phone: string, trunkPrefix = ''): NumberProblem | undefined {
  const text = trunkPrefix !== '' && phone.startsWith(trunkPrefix) ? phone.slice(trunkPrefix.length) : phone
  const written = digitsOf(text)
  if (!written) return { code: 'NOT_A_NUMBER', reason: '含有无法识别的字符，请只填写号码' }
  // An exact match is always one, whatever the plan says about the whole: 0571-119 reaches the fire brigade of Hangzhou.
  const exact = emergencyBehind(written)
  if (exact) return exact
  const whole = classify(written)
  if (whole.ok) return undefined
  if (whole.problem.code === 'FOREIGN_NUMBER') return whole.problem
  const all = readings(written)
  // Not a complete number. Exchanges connect as soon as the digits so far make sense, so 1100000 reaches 110.
  for (const code of emergencyAsPrefix) {
    for (const reading of all) if (reading.startsWith(code)) return emergencyProblem(code)
  }
  if (whole.problem.code === 'IOT_NUMBER') return whole.problem
  for (const [pattern, code, reason] of services) {
    for (const reading of all) if (pattern.test(reading)) return { code, reason }
  }
  return whole.problem
}

/**
 * Why `dialled`, the form that a line wants, may not be sent for `phone`: it must be some lead (access digits, country code, trunk 0) and then
 * the very subscriber, and the lead must not make exchanges connect an emergency centre on the way. Undefined when it is fine.
 * Whether `phone` itself may be called is `neverDial`'s question; emergency numbers are refused here as well, however they are written.
 * `local`: the subscriber without area code, when the line is in the same city.
 */
export function neverDialAs(dialled: string, phone: string, local?: string): NumberProblem | undefined {
  const sent = digitsOf(dialled.replace(/[*#]/g, ''))
  const meant = digitsOf(phone)
  if (!sent || !meant) return { code: 'NOT_A_NUMBER', reason: '含有无法识别的字符，请只填写号码' }
  const exact = emergencyBehind(sent) ?? emergencyBehind(meant)
  if (exact) return exact
  const whole = classify(meant)
  if (!whole.ok) {
    const danger = neverDial(phone)
    if (danger?.code === 'EMERGENCY_NUMBER') return danger
  }
  const national = whole.ok ? whole.number.national : meant.digits.replace(/^86(?=\d{5})/, '')
  // As a whole: a # in the middle would end the number there.
  const subscriber = [national, local].find((form) => form !== undefined && form !== '' && dialled.replace(/#$/, '').endsWith(form))
  if (subscriber === undefined) return { code: 'NOT_A_NUMBER', reason: '号码规则把号码改成了别的号码' }
  for (const reading of withoutLeads(sent)) {
    // What is only the subscriber was judged above; here it is about digits that the lead adds in front.
    if (reading.length <= subscriber.length) continue
    const code = emergencyAsPrefix.find((code) => reading.startsWith(code))
    if (code !== undefined) return emergencyProblem(code)
  }
  return undefined
}

/** The emergency number that these digits are once every prefix is taken away; for digits that a default area code would complete. */
export function emergencyBehind(written: Digits): NumberProblem | undefined {
  const all = readings(written)
  const code = emergency.find((code) => all.has(code))
  return code === undefined ? undefined : emergencyProblem(code)
}

function emergencyProblem(code: string): NumberProblem {
  return { code: 'EMERGENCY_NUMBER', reason: `紧急号码 ${code} 任何情况下都不能由系统拨打` }
}
