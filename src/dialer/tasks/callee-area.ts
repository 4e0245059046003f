// Knows where callees are from as far as it matters for calling them: areas that are not called, and callers of their own city. Pure. Does not know how numbers are attributed.
import { areas } from '../../numbering/area-codes.ts'

const byCode = new Map(areas.map((area) => [area.code, area]))
const names = new Set(areas.flatMap(({ code, city, province }) => [code, city, province]))

/** True for an area code, a city or a province that there is. */
export function isAreaName(name: string): boolean {
  return names.has(name)
}

/** `code`: area code of the callee; undefined when nobody knows, which is called. `blind`: area codes, cities or provinces. */
export function isBlind(code: string | undefined, blind: readonly string[]): boolean {
  const area = code === undefined ? undefined : byCode.get(code)
  return area !== undefined && (blind.includes(area.code) || blind.includes(area.city) || blind.includes(area.province))
}

/** The callers of the callee's city, else of the province, else all. */
export function nearest(callers: readonly string[], calleeCode: string | undefined, codeOf: (phone: string) => string | undefined): readonly string[] {
  const province = calleeCode === undefined ? undefined : byCode.get(calleeCode)?.province
  if (province === undefined) return callers
  const sameCity = callers.filter((caller) => codeOf(caller) === calleeCode)
  if (sameCity.length > 0) return sameCity
  const near = callers.filter((caller) => byCode.get(codeOf(caller) ?? '')?.province === province)
  return near.length > 0 ? near : callers
}
