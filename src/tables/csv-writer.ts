// Knows how rows become CSV that spreadsheets open without harm. Does not know what cells mean.

/** Excel takes a file without it for the system's own encoding. */
export const csvStart = '\ufeff'

/** What a spreadsheet would run as a formula. Full-width forms count in Chinese and Japanese versions. Numbers are harmless. */
const formula = /^[=+\-@\t\r＝＋－＠]/u
const harmless = /^[+-]?\d+(?:\.\d+)?$/

/** One line with its end (CRLF). Cells that would run as formulas begin with an apostrophe, which readCsv takes away again. */
export function csvLine(cells: readonly (string | number | null | undefined)[], separator = ','): string {
  return `${cells.map((cell) => quoted(guarded(cell === null || cell === undefined ? '' : String(cell)), separator)).join(separator)}\r\n`
}

function guarded(cell: string): string {
  return (formula.test(cell) && !harmless.test(cell)) || isGuarded(cell) ? `'${cell}` : cell
}

/** What csvLine wrote `cell` for. */
export function unguarded(cell: string): string {
  return isGuarded(cell) ? cell.slice(1) : cell
}

function isGuarded(cell: string): boolean {
  return cell.startsWith("'") && formula.test(cell.replace(/^'+/, ''))
}

function quoted(cell: string, separator: string): string {
  return cell.includes('"') || cell.includes(separator) || /[\r\n]|^\s|\s$/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
