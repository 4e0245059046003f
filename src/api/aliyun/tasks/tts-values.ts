// Knows how TtsParamHead and TtsParam name the variables of callees, and whose value is whose. Does not know scripts or tasks.
import type { NumberRow } from '../../../dialer/tasks/task-desk.ts'
import { parsePhone } from '../../../numbering/phone.ts'
import { businessError } from '../errors.ts'
import type { Parameter } from '../parameters.ts'

export type Values = Readonly<Record<string, string>>
/** One entry of TtsParam. `number`: as written; 'all' for every callee. */
export type TtsRow = { number: string; params: readonly string[] }

const namesMax = 50
/** Of each of the two: with it, the largest request there can be. */
const bytesMax = 1_000_000

/** `["name1","name2"]`. */
export const ttsParamHead: Parameter<readonly string[] | undefined> = {
  type: 'JSON', required: false, does: 'honoured', rule: `变量名列表，JSON 数组，最多 ${namesMax} 个；名称是话术里的变量名`,
  read(name, value) {
    if (value === undefined) return undefined
    const names = parseArray(name, value).map((one) => {
      if (typeof one !== 'string' || one.trim() === '') throw badJson(name, '每一项应为变量名')
      return one.trim()
    })
    if (names.length > namesMax) throw badJson(name, `最多 ${namesMax} 个变量`)
    if (new Set(names).size < names.length) throw badJson(name, '变量名重复')
    return names
  },
}

/** `[{"number":"13900000000","params":["小王","小李"]}]`. */
export const ttsParam: Parameter<readonly TtsRow[] | undefined> = {
  type: 'JSON', required: false, does: 'honoured', rule: '变量值列表：number 是被叫号码，或 all（本次请求的全部被叫；号码自己的一项优先）；params 与 TtsParamHead 按位置对应',
  read(name, value) {
    if (value === undefined) return undefined
    return parseArray(name, value).map((one) => {
      const { number, params } = (typeof one === 'object' && one !== null ? one : {}) as { number?: unknown; params?: unknown }
      if (typeof number !== 'string' && typeof number !== 'number') throw badJson(name, '每一项应有 number')
      if (!Array.isArray(params)) throw badJson(name, `${String(number).slice(0, 20)} 没有 params 数组`)
      const texts = params.map((param: unknown) => {
        if (typeof param !== 'string' && typeof param !== 'number' && typeof param !== 'boolean') throw badJson(name, `${String(number).slice(0, 20)} 的 params 应为文字`)
        return String(param)
      })
      return { number: String(number).trim(), params: texts }
    })
  },
}

/**
 * The variables of a callee, by E.164. An own entry replaces that of 'all' as a whole; entries for numbers that are no callees are not looked at.
 * Errors: AliyunError for values without names, and for an entry that has not as many values as there are names.
 */
export function valuesOf(names: readonly string[] | undefined, rows: readonly TtsRow[] | undefined): (phone: string) => Values {
  if (rows === undefined || rows.length === 0) return () => ({})
  if (names === undefined) throw businessError('isv.TEMPLATE_MISSING_PARAMETERS', '有 TtsParam 时必须有 TtsParamHead')
  const named = ({ number, params }: TtsRow): Values => {
    if (params.length < names.length) throw businessError('isv.TEMPLATE_MISSING_PARAMETERS', `TtsParam 里 ${number.slice(0, 20)} 缺少变量 ${names[params.length]}`)
    if (params.length > names.length) throw businessError('isv.TEMPLATE_PARAMS_ILLEGAL', `TtsParam 里 ${number.slice(0, 20)} 的值比 TtsParamHead 的变量多`)
    // Without a prototype: a client's __proto__ is a name like any other.
    return Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(names.map((name, i) => [name, params[i]!])))
  }
  let forAll: Values = {}
  const own = new Map<string, Values>()
  for (const row of rows) {
    if (row.number.toLowerCase() === 'all') {
      forAll = named(row)
      continue
    }
    const parsed = parsePhone(row.number)
    const values = named(row)
    if (parsed.ok) own.set(parsed.phone.phone, values)
  }
  return (phone) => own.get(phone) ?? forAll
}

/** The callees of a request with their variables, in the order of the list. A number that cannot be read keeps its place: whoever adds it says what is wrong. */
export function numberRows(numbers: readonly string[], names: readonly string[] | undefined, rows: readonly TtsRow[] | undefined): NumberRow[] {
  const values = valuesOf(names, rows)
  return numbers.map((number) => {
    const parsed = parsePhone(number)
    return { phone: number, vars: values(parsed.ok ? parsed.phone.phone : number) }
  })
}

function parseArray(name: string, value: string): unknown[] {
  if (Buffer.byteLength(value) > bytesMax) throw businessError('isv.PARAM_LENGTH_LIMIT', `${name} 最多 ${bytesMax} 个字节`)
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    throw badJson(name, '不是合法的 JSON')
  }
  if (!Array.isArray(parsed)) throw badJson(name, '应为 JSON 数组')
  return parsed
}

function badJson(name: string, why: string): Error {
  return businessError('isv.INVALID_JSON_PARAM', `${name}：${why}`)
}
