// Knows the shape of complete mainland numbers: country code, area code, local length, mobile prefix. Does not know services or emergencies.
import { areaOf, type Area } from './area-codes.ts'
import type { Digits } from './digits.ts'
import { mobilePrefixOf, type Carrier, type MobileUse } from './mobile-prefixes.ts'

/** Why a number cannot be called. The code is stable; the reason is for people. */
export type NumberProblem = {
  code:
    | 'EMPTY'
    | 'TOO_MANY'
    | 'NOT_A_NUMBER'
    | 'EMERGENCY_NUMBER'
    | 'SERVICE_NUMBER'
    | 'ENTERPRISE_NUMBER'
    | 'IOT_NUMBER'
    | 'SATELLITE_NUMBER'
    | 'DATA_CARD_NUMBER'
    | 'UNASSIGNED_PREFIX'
    | 'UNASSIGNED_AREA_CODE'
    | 'NEEDS_AREA_CODE'
    | 'BAD_LENGTH'
    | 'FOREIGN_NUMBER'
  reason: string
}

/** A complete number of the plan. `national` has no trunk 0: 13800138000, 57188888888. */
export type PlanNumber =
  | { kind: 'mobile'; national: string; carrier: Carrier | undefined; mvno: boolean }
  | { kind: 'fixed'; national: string; area: Area }

export type Classified = { ok: true; number: PlanNumber } | { ok: false; problem: NumberProblem }

const refuse = (code: NumberProblem['code'], reason: string): Classified => ({ ok: false, problem: { code, reason } })

/** Digits in front of a mobile or a 0-number that only choose the operator. */
const ipPrefixes = /^(17951|17911|12593|10193)(?=0|1[3-9]\d{9}$)/

/**
 * Reads digits as one complete mainland number. `defaultAreaCode` ("0571") completes a bare local number.
 * Source: the national numbering plan as summarised in the tables of this folder.
 */
export function classify(written: Digits, defaultAreaCode?: string): Classified {
  let { digits } = written
  let countryKnown = written.international
  if (!countryKnown && digits.startsWith('00')) {
    countryKnown = true
    digits = digits.slice(2)
  }
  if (countryKnown) {
    if (!digits.startsWith('86')) return refuse('FOREIGN_NUMBER', '仅支持中国内地号码')
    return classifyNational(digits.slice(2).replace(/^0/, ''))
  }
  digits = digits.replace(ipPrefixes, '')
  if (digits.startsWith('0086')) digits = digits.slice(4)
  else if (digits.startsWith('86')) {
    // 86 may also begin a local number: it is the country code only when a full national number remains.
    const rest = classifyNational(digits.slice(2).replace(/^0/, ''))
    if (rest.ok || digits.length >= 12) return rest
  }
  if (digits.startsWith('0')) return classifyNational(digits.slice(1))
  if (/^1[3-9]/.test(digits) || digits.length === 13) return classifyMobile(digits)
  if (/^[2-8]\d{6,7}$/.test(digits)) {
    if (defaultAreaCode === undefined) return refuse('NEEDS_AREA_CODE', '固定电话请加区号，例如 0571-88888888')
    return classifyNational(defaultAreaCode.replace(/^0/, '') + digits)
  }
  if (/^1\d{10}$/.test(digits)) return refuse('UNASSIGNED_PREFIX', `${digits.slice(0, 3)} 号段未启用`)
  return refuse('BAD_LENGTH', '号码位数不对：手机 11 位，固定电话请加区号')
}

/** A number without country code and trunk 0. */
function classifyNational(national: string): Classified {
  if (/^1[3-9]/.test(national) || (national.startsWith('1') && national.length === 13)) return classifyMobile(national)
  const area = areaOf(national)
  if (!area) return refuse('UNASSIGNED_AREA_CODE', '区号不存在')
  const local = national.slice(area.code.length - 1)
  if (!area.localLengths.includes(local.length)) {
    return refuse('BAD_LENGTH', `${area.code}（${area.city}）的本地号码应为 ${area.localLengths.join(' 或 ')} 位，收到 ${local.length} 位`)
  }
  if (!/^[2-8]/.test(local)) return refuse('SERVICE_NUMBER', '区号后面是特服号码，不能作为被叫')
  return { ok: true, number: { kind: 'fixed', national, area } }
}

function classifyMobile(national: string): Classified {
  if (national.length !== 11 && national.length !== 13) return refuse('BAD_LENGTH', `手机号应为 11 位，收到 ${national.length} 位`)
  const prefix = mobilePrefixOf(national)
  if (!prefix) {
    return national.length === 13
      ? refuse('BAD_LENGTH', '手机号应为 11 位，收到 13 位')
      : refuse('UNASSIGNED_PREFIX', `${national.slice(0, 3)} 号段未启用`)
  }
  const refusal = refusedUses[prefix.use]
  if (refusal) return refuse(refusal.code, `${prefix.prefix} 号段${refusal.reason}`)
  return { ok: true, number: { kind: 'mobile', national, carrier: prefix.carrier, mvno: prefix.use === 'mvno' } }
}

const refusedUses: Partial<Record<MobileUse, NumberProblem>> = {
  'data-card': { code: 'DATA_CARD_NUMBER', reason: '是数据卡，不支持语音' },
  satellite: { code: 'SATELLITE_NUMBER', reason: '是卫星电话，不能作为被叫' },
  iot: { code: 'IOT_NUMBER', reason: '是物联网卡，接不到人' },
}
