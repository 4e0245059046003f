// Knows what a table is to its readers: rows of texts, with limits. Does not know file formats or what the texts mean.

/** One row. Blank rows are left out, but counted. */
export type TableRow = {
  /** As a spreadsheet numbers it: from 1, the header included, blank rows and all. */
  row: number
  /** From the first column on; cells behind the last one are missing. Not trimmed. */
  cells: readonly string[]
  /** Why this row cannot be used, for whoever made the file. The cells are what could be read of it. */
  problem?: string
}

export type TableLimits = {
  /** Rows with something in them, the header included. Excel itself ends at 1,048,576. */
  rowsMax: number
  columnsMax: number
  cellCharsMax: number
}

export const tableLimits = { rowsMax: 1_048_576, columnsMax: 100, cellCharsMax: 1_000 } as const satisfies TableLimits

/** An opened table. Rows come in blocks of as many as were read together; reading may begin anew. */
export interface Table {
  readonly kind: 'csv' | 'xlsx'
  /** How it was read, for people: encoding and separator, or the sheet. */
  readonly read: { encoding: string; separator: string } | { sheet: string; sheets: readonly string[] }
  /** Errors: InvalidInputError for what cannot be read further. `progress` is told how much of the file is behind us, 0 to 1. */
  rows(progress?: (share: number) => void): AsyncGenerator<TableRow[]>
}

/** Cells beyond the limits make a row unusable; they are cut, so that it can be told which row it was. Pure. */
export function withinLimits(row: number, cells: readonly string[], limits: TableLimits): TableRow {
  if (cells.length > limits.columnsMax && cells.slice(limits.columnsMax).some((cell) => cell.trim() !== '')) {
    return { row, cells: cells.slice(0, limits.columnsMax).map((cell) => cell.slice(0, limits.cellCharsMax)), problem: `超过 ${limits.columnsMax} 列 more than ${limits.columnsMax} columns` }
  }
  const kept = cells.length > limits.columnsMax ? cells.slice(0, limits.columnsMax) : cells
  const long = kept.findIndex((cell) => cell.length > limits.cellCharsMax)
  if (long === -1) return { row, cells: kept }
  return { row, cells: kept.map((cell) => cell.slice(0, limits.cellCharsMax)), problem: `第 ${long + 1} 列超过 ${limits.cellCharsMax} 个字符 column ${long + 1} is longer than ${limits.cellCharsMax} characters` }
}

export const isBlank = (cells: readonly string[]): boolean => cells.every((cell) => cell.trim() === '')
