// Knows which kind of table a file is, by its bytes and not by its name. Does not know what its cells mean.
import { InvalidInputError } from '../errors.ts'
import { detectLineEnd, detectSeparator, readCsv } from './csv-reader.ts'
import { decodeText, detectEncoding, type Encoding } from './encoding.ts'
import { headOf, type TableFile } from './table-file.ts'
import { tableLimits, type Table, type TableLimits, type TableRow } from './table.ts'
import { openXlsx } from './xlsx-reader.ts'

/** What is not told is found out. */
export type TableOptions = { encoding?: Encoding | undefined; separator?: string | undefined; sheet?: string | undefined; limits?: Partial<TableLimits> | undefined }

/** Characters that a separator is guessed from. */
const guessChars = 16 * 1024

/**
 * Opens CSV or .xlsx. Rows beyond `rowsMax` end the reading with an error: a table is never cut off silently.
 * Errors: InvalidInputError with what to do, for everything that is neither.
 */
export async function openTable(file: TableFile, options: TableOptions = {}): Promise<Table> {
  const limits = { ...tableLimits, ...options.limits }
  const head = await headOf(file, 8)
  if (file.sizeBytes === 0) throw new InvalidInputError('file', '文件是空的。 The file is empty.')
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return bounded(await openXlsx(file, { sheet: options.sheet, limits }), limits)
  if (head.equals(Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]))) {
    throw new InvalidInputError('file', '是旧版 .xls，或有密码的工作簿：请去掉密码，另存为 .xlsx 或 CSV。 This is an old .xls or has a password: save it as .xlsx or CSV without one.')
  }
  return bounded(await openCsv(file, options, limits), limits)
}

async function openCsv(file: TableFile, options: TableOptions, limits: TableLimits): Promise<Table> {
  const encoding = options.encoding ?? (await detectEncoding(file))
  let beginning = ''
  for await (const text of decodeText(file, encoding)) {
    beginning += text
    if (beginning.length >= guessChars) break
  }
  // Web pages and XML that are called .xls or .csv.
  if (/^\s*<(?:!doctype|html|\?xml|table)/iu.test(beginning)) throw new InvalidInputError('file', '是网页或 XML，不是表格：请用 Excel 打开后另存为 .xlsx 或 CSV。 This is a web page or XML: open it in Excel and save it as .xlsx or CSV.')
  const lineEnd = detectLineEnd(beginning)
  const separator = options.separator ?? detectSeparator(beginning.slice(0, guessChars))
  return {
    kind: 'csv',
    read: { encoding, separator },
    rows: (progress) => readCsv(decodeText(file, encoding, (bytes) => progress?.(bytes / file.sizeBytes)), { separator, lineEnd, limits }),
  }
}

function bounded(table: Table, { rowsMax }: TableLimits): Table {
  return {
    ...table,
    async *rows(progress) {
      let rows = 0
      for await (const block of table.rows(progress)) {
        rows += block.length
        if (rows > rowsMax) {
          const room = block.slice(0, block.length - (rows - rowsMax))
          if (room.length > 0) yield room
          throw new InvalidInputError('file', `超过 ${rowsMax} 行：请拆成几个文件。 More than ${rowsMax} rows: split the file.`)
        }
        yield block
      }
    },
  }
}

/** The first rows, at most `count`, and nothing read beyond them. */
export async function firstRows(table: Table, count: number): Promise<TableRow[]> {
  const rows: TableRow[] = []
  for await (const block of table.rows()) {
    rows.push(...block.slice(0, count - rows.length))
    if (rows.length >= count) break
  }
  return rows
}
