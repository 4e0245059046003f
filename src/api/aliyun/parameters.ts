// Knows the kinds of parameters that operations have, how each is read from text, and what the documents say of it. Does not know operations.
import { businessError, invalid, missing } from './errors.ts'

/** What becomes of a parameter here. `differs`: honoured, but not quite as published; `rule` says how. */
export type Treatment = 'honoured' | 'ignored' | 'differs'

export type Parameter<T = unknown> = {
  type: 'String' | 'Integer' | 'Long' | 'Boolean' | 'Double' | 'JSON' | 'List'
  required: boolean
  does: Treatment
  /** For docs/api-aliyun.md: range, default, what happens outside of it. */
  rule: string
  /** `value`: undefined when it is absent or empty. `all`: every parameter, for those that are spread over several. Errors: AliyunError. */
  read(name: string, value: string | undefined, all: ReadonlyMap<string, string>): T
}
export type Parameters = Readonly<Record<string, Parameter>>
export type ValuesOf<P extends Parameters> = { readonly [Name in keyof P]: P[Name] extends Parameter<infer T> ? T : never }

/** Reads every parameter of an operation; unknown ones are not looked at. Errors: AliyunError of the first that is wrong, in the order of the table. */
export function readParameters<P extends Parameters>(parameters: P, given: ReadonlyMap<string, string>): ValuesOf<P> {
  const values = Object.entries(parameters).map(([name, parameter]) => {
    const value = given.get(name)
    return [name, parameter.read(name, value === '' ? undefined : value, given)]
  })
  return Object.fromEntries(values) as ValuesOf<P>
}

type About = { rule: string; does?: Treatment }

/** No control characters: what is stored, logged or spoken has none. */
export function text({ rule, does = 'honoured', bytesMax = 4_000 }: About & { bytesMax?: number }): Parameter<string | undefined> {
  return {
    type: 'String', required: false, does, rule,
    read(name, value) {
      if (value === undefined) return undefined
      if (Buffer.byteLength(value) > bytesMax) throw businessError('isv.PARAM_LENGTH_LIMIT', `${name} 最多 ${bytesMax} 个字节`)
      if (/\p{Cc}|\ufffd/u.test(value) || !value.isWellFormed()) throw invalid(name)
      return value
    },
  }
}

/** The same parameter, that must be there. */
export function needed<T>(parameter: Parameter<T | undefined>): Parameter<T> {
  return {
    ...parameter,
    required: true,
    read(name, value, all) {
      const read = parameter.read(name, value, all)
      if (read === undefined) throw missing(name)
      return read
    },
  }
}

/** The same parameter, that is looked at only when the flag `name` is true, whatever is in it otherwise. */
export function onlyWith<T>(name: string, parameter: Parameter<T>): Parameter<T> {
  return { ...parameter, read: (own, value, all) => parameter.read(own, /^\s*true\s*$/i.test(all.get(name) ?? '') ? value : undefined, all) }
}

/** Outside of its range it is what `outside` says: another value, silently, or refused. */
export function integer<T extends number | undefined>(p: About & { min: number; max: number; or: T; outside: number | 'refused'; type?: 'Integer' | 'Long' }): Parameter<number | T> {
  return {
    type: p.type ?? 'Integer', required: false, does: p.does ?? 'honoured', rule: p.rule,
    read(name, value) {
      if (value === undefined) return p.or
      const number = /^\s*[+-]?\d{1,18}\s*$/.test(value) ? Number(value) : Number.NaN
      if (Number.isNaN(number)) throw invalid(name)
      if (number >= p.min && number <= p.max) return number
      if (p.outside === 'refused') throw businessError('isv.INVALID_PARAMETERS', `${name} 应在 ${p.min} 到 ${p.max} 之间`)
      return p.outside
    },
  }
}

export function flag({ rule, does = 'honoured', or }: About & { or: boolean }): Parameter<boolean> {
  return {
    type: 'Boolean', required: false, does, rule,
    read(name, value) {
      const lower = value?.trim().toLowerCase()
      if (lower === undefined) return or
      if (lower !== 'true' && lower !== 'false') throw invalid(name)
      return lower === 'true'
    },
  }
}

/** A JSON object of names and texts; numbers and booleans in it count as their text. */
export function jsonTexts({ rule, does = 'honoured', bytesMax = 8_000 }: About & { bytesMax?: number }): Parameter<Readonly<Record<string, string>>> {
  return {
    type: 'JSON', required: false, does, rule,
    read(name, value) {
      if (value === undefined) return {}
      if (Buffer.byteLength(value) > bytesMax) throw businessError('isv.PARAM_LENGTH_LIMIT', `${name} 最多 ${bytesMax} 个字节`)
      return readTexts(name, value)
    },
  }
}

/** Errors: AliyunError. */
export function readTexts(name: string, value: string): Readonly<Record<string, string>> {
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    throw businessError('isv.INVALID_JSON_PARAM', `${name} 不是合法的 JSON`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw businessError('isv.INVALID_JSON_PARAM', `${name} 应为 JSON 对象`)
  const entries = Object.entries(parsed).map(([key, item]: [string, unknown]) => {
    if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean') throw businessError('isv.INVALID_JSON_PARAM', `${name} 里 ${key.slice(0, 40)} 的值应为文字`)
    return [key, String(item)] as const
  })
  // Without a prototype: a client's __proto__ is a name like any other.
  return Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(entries))
}

/** `Name.1.Field`, `Name.2.Field` …: counted from 1, without gaps. */
export function repeated<F extends Parameters>({ rule, fields, countMax }: About & { fields: F; countMax: number }): Parameter<readonly ValuesOf<F>[]> {
  return {
    type: 'List', required: false, does: 'honoured', rule,
    read(name, _value, all) {
      const items: ValuesOf<F>[] = []
      const has = (index: number): boolean => Object.keys(fields).some((field) => all.has(`${name}.${index}.${field}`))
      for (let index = 1; has(index); index += 1) {
        if (index > countMax) throw businessError('isv.INVALID_PARAMETERS', `${name} 最多 ${countMax} 项`)
        const values = Object.entries(fields).map(([field, parameter]) => {
          const wireName = `${name}.${index}.${field}`
          const value = all.get(wireName)
          return [field, parameter.read(wireName, value === '' ? undefined : value, all)]
        })
        items.push(Object.fromEntries(values) as ValuesOf<F>)
      }
      return items
    },
  }
}

/** Read by nobody, whatever is in it. */
export function ignored(type: Parameter['type'], rule: string): Parameter<undefined> {
  return { type, required: false, does: 'ignored', rule, read: () => undefined }
}
