// Knows how rows of a list become numbers for a task, in blocks that are cut the same whenever the list is read. Does not know storage.
import type { TableRow } from '../../tables/table.ts'
import { phoneText, type Mapping } from './mapping.ts'

/** What was read of one row: a number to add, or why not. */
export type ReadRow = { row: number; phone: string; vars: Record<string, string> } | { row: number; phone: string; code: 'unreadable'; reason: string }

/** `through`: the last row of the block. `share`: how much of the file is behind it. */
export type Block = { from: number; through: number; rows: ReadRow[]; share: number }

/**
 * Cuts a list into blocks of `blockRows` rows, counted behind row `after`, however it comes. A block is asked for when the one before was
 * dealt with: nothing is read ahead of what can be stored.
 */
export async function* blocksOf(table: { rows(progress: (share: number) => void): AsyncIterable<TableRow[]> }, reading: RowReading, after: number, blockRows: number): AsyncGenerator<Block> {
  let share = 0
  let rows: ReadRow[] = []
  const whole = (): Block => {
    const block = { from: rows[0]!.row, through: rows.at(-1)!.row, rows, share }
    rows = []
    return block
  }
  let { skip } = reading.mapping
  for await (const some of table.rows((part) => (share = part))) {
    for (const row of some) {
      if (skip > 0) {
        skip -= 1
        continue
      }
      if (row.row <= after) continue
      rows.push(readRow(row, reading))
      if (rows.length === blockRows) yield whole()
    }
  }
  if (rows.length > 0) yield whole()
}

/** How rows of one list are read. `fixed`: values of variables that are the same for all of them. */
export type RowReading = { mapping: Mapping; fixed: Readonly<Record<string, string>> }

/** Characters of a value that is shown to whoever made the list. */
const shownCharsMax = 40

/** Pure: the same row is read the same, whenever and by whom. */
export function readRow({ row, cells, problem }: TableRow, { mapping, fixed }: RowReading): ReadRow {
  const phone = phoneText(cells[mapping.phone] ?? '')
  const refuse = (reason: string): ReadRow => ({ row, phone: phone.slice(0, shownCharsMax), code: 'unreadable', reason })
  if (problem !== undefined) return refuse(problem)
  if (/^\d(?:\.\d+)?[Ee]\+?\d+$/.test(phone)) return refuse('号码被表格软件写成了科学计数，末几位已经丢失：请把该列设为文本后重新填写 the spreadsheet has cut the number off')
  const vars: Record<string, string> = { ...fixed }
  for (const [name, column] of Object.entries(mapping.vars)) {
    const value = (cells[column] ?? '').trim()
    if (value.includes('\ufffd')) return refuse(`${name} 的文字编码已损坏 the text of ${name} is damaged`)
    // An empty cell is a variable that was not given.
    if (value !== '') vars[name] = value
  }
  return { row, phone, vars }
}
