// Knows which column of a list is the number and which are variables of a script. Does not know files or tasks.
import { InvalidInputError } from '../../errors.ts'
import { parsePhone } from '../../numbering/phone.ts'

/** Which columns are what, by 0-based place. */
export type Mapping = {
  phone: number
  vars: Readonly<Record<string, number>>
  /** Rows at the top that are no numbers: titles, and the one that names the columns. */
  skip: number
}

/** Variables of a script, as far as columns can be recognised by them. */
export type KnownVariable = { name: string; say: string; required: boolean; about?: string | undefined }

/** What a customer wishes: `phone` or the name of a variable → header of a column, or its letter as in a spreadsheet. `''`: none. */
export type MappingWish = Readonly<Record<string, string>>

const phoneHeaders = /^(?:客户|被叫|联系|主要|收件人?|本人|用户|会员|学员|家长|业主)?(?:手机|电话|移动电话|联系方式|联系电话|手机号|手机号码|电话号码|号码|被叫|被叫号码)(?:号|号码|1|一)?(?:\(必填\))?$|^(?:phone|mobile|tel|telephone|cell|cellphone|callee|callednumber|called|msisdn)(?:no|num|number)?s?$/u

/** Names of columns that hold what variables of a kind say, or of a usual name. */
const usual: readonly { header: RegExp; fits: (variable: KnownVariable) => boolean }[] = [
  { header: /^(?:客户|用户|会员|联系人?|收件人?|学员|业主|被叫)?(?:姓名|名字|名称|称呼|fullname|username|customername)$/u, fits: ({ say }) => say === 'name' },
  { header: /^(?:.{0,4})(?:时间|日期|date|time|datetime)$/u, fits: ({ say }) => say === 'date' },
  { header: /^(?:.{0,6})(?:金额|费用|应还|amount|money)$/u, fits: ({ say }) => say === 'money' },
  { header: /^(?:.{0,4})(?:地址|地点|address|place)$/u, fits: ({ name }) => name === 'address' || name === 'place' },
  { header: /^(?:机构|公司|单位|企业|门店|商家|company|organisation|organization)(?:名称|名)?$/u, fits: ({ name }) => name === 'org' },
]

/** What two spellings of a header have in common. */
const plain = (header: string): string => header.normalize('NFKC').toLowerCase().replace(/[\s_\-:：*"'“”]/gu, '')

/**
 * Finds the columns. What is wished wins; then the usual names of a column with numbers; then the column whose cells are numbers; variables by
 * their own names, by what is said about them, and by usual names where only one variable fits. Pure.
 * `rows` are the first ones of the list. Errors: InvalidInputError 'map' naming what was not found, or when no column has numbers.
 */
export function mapColumns(rows: readonly (readonly string[])[], variables: readonly KnownVariable[], wish: MappingWish = {}): Mapping {
  const skip = leadingRows(rows)
  const first = rows[Math.max(0, skip - 1)] ?? []
  const names = skip > 0 ? first.map(plain) : []
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const wished = new Map(Object.entries(wish).filter(([, column]) => column.trim() !== '').map(([target, column]) => [target, placeOf(column, names, columns)]))
  for (const target of Object.keys(wish)) {
    if (target !== 'phone' && !variables.some(({ name }) => name === target)) throw new InvalidInputError('map', `话术没有变量“${target}”，只有：${variables.map(({ name }) => name).join('、') || '（无）'}。 The script has no such variable.`)
  }
  const taken = new Set(wished.values())
  const phone = wished.get('phone') ?? names.findIndex((name, i) => !taken.has(i) && phoneHeaders.test(name))
  const found = phone === -1 ? numberColumn(rows.slice(skip), taken) : phone
  if (found === undefined) throw new InvalidInputError('map', `找不到号码所在的列：请把表头写成“手机号”，或指明是哪一列（如 phone=B）。表头：${first.slice(0, 20).join('、')}。 No column with numbers was found: name it “phone”, or say which one it is.`)
  taken.add(found)
  const vars: Record<string, number> = {}
  const give = (name: string, column: number): void => {
    vars[name] = column
    taken.add(column)
  }
  for (const [target, column] of wished) if (target !== 'phone') give(target, column)
  const open = variables.filter(({ name }) => !Object.hasOwn(wish, name))
  const free = (): number[] => names.map((_, i) => i).filter((i) => !taken.has(i) && names[i] !== '')
  const each = (fits: (variable: KnownVariable, name: string) => boolean): void => {
    for (const variable of open.filter(({ name }) => vars[name] === undefined)) {
      const column = free().find((i) => fits(variable, names[i]!))
      if (column !== undefined) give(variable.name, column)
    }
  }
  each(({ name }, column) => column === plain(name) || column === plain(`\${${name}}`))
  each(({ about }, column) => about !== undefined && column === plain(about.split(/[，,。；;（(]|\s如|如\s/u)[0]!))
  for (const { header: pattern, fits } of usual) {
    const missing = open.filter((variable) => vars[variable.name] === undefined && fits(variable))
    const columnsOf = free().filter((i) => pattern.test(names[i]!))
    if (missing.length === 1 && columnsOf.length === 1) give(missing[0]!.name, columnsOf[0]!)
  }
  const lacking = variables.filter(({ name, required }) => required && vars[name] === undefined)
  if (lacking.length > 0) {
    const told = lacking.map(({ name, about }) => (about === undefined ? name : `${name}（${about}）`)).join('、')
    throw new InvalidInputError('map', `话术要用的变量没有对应的列：${told}。请加上这一列，或指明（如 ${lacking[0]!.name}=C）。 The script needs variables that no column was found for.`)
  }
  return { phone: found, vars, skip }
}

/** A list may have a title over its header; one without header begins with a number. */
function leadingRows(rows: readonly (readonly string[])[]): number {
  if (rows[0]?.some(isNumber)) return 0
  const named = rows.slice(0, titleRowsMax + 1).findIndex((row) => !row.some(isNumber) && row.some((cell) => phoneHeaders.test(plain(cell))))
  return named === -1 ? Math.min(1, rows.length) : named + 1
}

const titleRowsMax = 5

const isNumber = (cell: string): boolean => parsePhone(phoneText(cell)).ok

/** By its header, or by its letter (B) or number (2). */
function placeOf(wished: string, names: readonly string[], columns: number): number {
  const named = names.indexOf(plain(wished))
  if (named !== -1) return named
  const text = wished.trim().toUpperCase()
  const place = /^[A-Z]{1,2}$/.test(text) ? Array.from(text).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1 : /^\d{1,3}$/.test(text) ? Number(text) - 1 : -1
  if (place >= 0 && place < columns) return place
  throw new InvalidInputError('map', `没有“${wished}”这一列。 There is no column “${wished}”.`)
}

/** The one column whose cells are mostly numbers. */
function numberColumn(rows: readonly (readonly string[])[], taken: ReadonlySet<number>): number | undefined {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const shares = Array.from({ length: columns }, (_, column) => {
    const filled = rows.map((row) => row[column] ?? '').filter((cell) => cell.trim() !== '')
    return { column, share: filled.length === 0 || taken.has(column) ? 0 : filled.filter(isNumber).length / filled.length }
  }).filter(({ share }) => share >= 0.5)
  // Two columns of numbers: whose is whose is not ours to guess.
  return shares.length === 1 ? shares[0]!.column : undefined
}

/** What a cell says without what spreadsheets do to numbers: an apostrophe before, `.0` behind. */
export function phoneText(cell: string): string {
  return cell.trim().replace(/^['‘’`＇]+/u, '').replace(/^(\d{7,15})\.0+$/, '$1')
}
