// Knows Excel workbooks (.xlsx, ECMA-376): sheets, shared texts, date formats, cached results of formulas. Does not know what cells mean.
import { InvalidInputError } from '../errors.ts'
import { numberKind, numberText, unescapedText, type NumberKind } from './cell-text.ts'
import { SharedTexts } from './shared-texts.ts'
import type { TableFile } from './table-file.ts'
import { isBlank, type Table, type TableLimits, type TableRow, withinLimits } from './table.ts'
import { xmlEvents, type XmlHandlers } from './xml-events.ts'
import { ZipParts } from './zip-parts.ts'

type Workbook = { sheets: readonly { name: string; part: string }[]; system1904: boolean; sharedPart: string | undefined; stylesPart: string | undefined }

/**
 * A sheet of a workbook: `sheet` by name or number from 1, else the first one. Memory: the texts that cells share (at most 128 MB, as
 * UTF-8) and one piece of the sheet. Formulas are never run: their stored result counts.
 * Errors: InvalidInputError when it is no workbook, damaged, locked with a password, too large unpacked, or has no such sheet.
 */
export async function openXlsx(file: TableFile, options: { sheet?: string | undefined; limits: TableLimits }): Promise<Table> {
  using zip = await ZipParts.open(file)
  const { sheets } = await readWorkbook(zip)
  const wanted = options.sheet?.trim()
  const sheet = wanted === undefined || wanted === '' ? sheets[0] : (sheets.find(({ name }) => name === wanted) ?? sheets[Number(wanted) - 1])
  if (sheet === undefined) throw new InvalidInputError('sheet', `没有工作表“${wanted}”，只有：${sheets.map(({ name }) => name).join('、')}。 There is no such sheet.`)
  return {
    kind: 'xlsx',
    read: { sheet: sheet.name, sheets: sheets.map(({ name }) => name) },
    rows: (progress) => readSheet(file, sheet.part, options.limits, progress),
  }
}

async function* readSheet(file: TableFile, part: string, limits: TableLimits, progress?: (share: number) => void): AsyncGenerator<TableRow[]> {
  using zip = await ZipParts.open(file)
  const book = await readWorkbook(zip)
  const texts = await readSharedTexts(zip, book.sharedPart)
  const kinds = await readStyles(zip, book.stylesPart)
  const rows = new SheetRows({ texts, kinds, system1904: book.system1904, limits })
  const total = Math.max(1, zip.sizeOf(part))
  let bytes = 0
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of zip.read(part)) {
      bytes += piece.length
      yield piece
    }
  }
  for await (const _ of xmlEvents(counted(), rows)) {
    progress?.(Math.min(1, bytes / total))
    const found = rows.take()
    if (found.length > 0) yield found
  }
}

async function readAll(zip: ZipParts, part: string, on: XmlHandlers): Promise<void> {
  const events = xmlEvents(zip.read(part), on)
  while ((await events.next()).done !== true);
}

async function readWorkbook(zip: ZipParts): Promise<Workbook> {
  // Programs may put it elsewhere, but nothing seen does.
  const folder = 'xl/'
  if (!zip.has(`${folder}workbook.xml`)) throw new InvalidInputError('file', '不是 Excel 工作簿（.xlsx）：请另存为 .xlsx 或 CSV。 This is no .xlsx workbook: save it as one, or as CSV.')
  const named: { name: string; id: string }[] = []
  let system1904 = false
  await readAll(zip, `${folder}workbook.xml`, {
    open(name, attributes) {
      if (name === 'sheet') named.push({ name: attributes['name'] ?? '', id: Object.entries(attributes).find(([key]) => /(?:^|:)id$/.test(key))?.[1] ?? '' })
      if (name === 'workbookPr') system1904 = attributes['date1904'] === '1' || attributes['date1904'] === 'true'
    },
  })
  const targets = new Map<string, { part: string; type: string }>()
  if (zip.has(`${folder}_rels/workbook.xml.rels`)) {
    await readAll(zip, `${folder}_rels/workbook.xml.rels`, {
      open(name, attributes) {
        const target = attributes['Target'] ?? ''
        if (name === 'Relationship') targets.set(attributes['Id'] ?? '', { part: target.startsWith('/') ? target.slice(1) : folder + target, type: (attributes['Type'] ?? '').replace(/.*\//, '') })
      },
    })
  }
  const ofType = (type: string): string | undefined => [...targets.values()].find((target) => target.type === type && zip.has(target.part))?.part
  // A chart sheet has a name and no cells.
  const sheets = named.flatMap(({ name, id }) => {
    const target = targets.get(id)
    return target?.type === 'worksheet' && zip.has(target.part) ? [{ name, part: target.part }] : []
  })
  if (sheets.length === 0) throw new InvalidInputError('file', '工作簿里没有工作表。 The workbook has no sheet.')
  return { sheets, system1904, sharedPart: ofType('sharedStrings'), stylesPart: ofType('styles') }
}

async function readSharedTexts(zip: ZipParts, part: string | undefined): Promise<SharedTexts> {
  const texts = new SharedTexts()
  if (part === undefined) return texts
  let text = ''
  let inText = false
  let phonetic = 0
  await readAll(zip, part, {
    open(name) {
      if (name === 'si') text = ''
      // How a word is read aloud stands beside it and is no part of it.
      else if (name === 'rPh') phonetic += 1
      else if (name === 't') inText = phonetic === 0
    },
    text(more) {
      if (inText) text += more
    },
    close(name) {
      if (name === 't') inText = false
      else if (name === 'rPh') phonetic -= 1
      else if (name === 'si' && !texts.add(unescapedText(text))) {
        throw new InvalidInputError('file', '工作簿里的文字太多：请拆成几个文件，或另存为 CSV（CSV 没有此限制）。 The workbook holds too much text: split it, or save it as CSV.')
      }
    },
  })
  return texts
}

/** How numbers of each cell style are shown. */
async function readStyles(zip: ZipParts, part: string | undefined): Promise<NumberKind[]> {
  const kinds: NumberKind[] = []
  if (part === undefined) return kinds
  const codes = new Map<number, string>()
  let inCells = false
  await readAll(zip, part, {
    open(name, attributes) {
      if (name === 'numFmt') codes.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '')
      else if (name === 'cellXfs') inCells = true
      else if (name === 'xf' && inCells) {
        const id = Number(attributes['numFmtId'] ?? 0)
        kinds.push(numberKind(id, codes.get(id)))
      }
    },
    close(name) {
      if (name === 'cellXfs') inCells = false
    },
  })
  return kinds
}

type SheetContext = { texts: SharedTexts; kinds: readonly NumberKind[]; system1904: boolean; limits: TableLimits }

/** Makes rows of the events of a sheet. */
class SheetRows implements XmlHandlers {
  readonly #sheet: SheetContext
  #rows: TableRow[] = []
  #row = 0
  #cells: string[] = []
  #problem: string | undefined
  #column = 0
  #type = 'n'
  #style = 0
  #value = ''
  #inValue = false
  #phonetic = 0
  #hasFormula = false
  #inRow = false

  constructor(sheet: SheetContext) {
    this.#sheet = sheet
  }

  take(): TableRow[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    switch (name) {
      case 'row': {
        // Both row and cell may leave out where they are: then it is the next place.
        const given = Number(attributes['r'])
        this.#row = Number.isSafeInteger(given) && given > this.#row ? given : this.#row + 1
        this.#cells = []
        this.#column = 0
        this.#problem = undefined
        this.#inRow = true
        break
      }
      case 'c': {
        const column = columnOf(attributes['r'])
        this.#column = column ?? this.#column + 1
        this.#type = attributes['t'] ?? 'n'
        this.#style = Number(attributes['s'] ?? 0)
        this.#value = ''
        this.#hasFormula = false
        break
      }
      case 'f':
        this.#hasFormula = true
        break
      case 'rPh':
        this.#phonetic += 1
        break
      case 'v': case 't':
        this.#inValue = this.#inRow && this.#phonetic === 0
        break
      default:
    }
  }

  text(more: string): void {
    if (this.#inValue) this.#value += more
  }

  close(name: string): void {
    switch (name) {
      case 'v': case 't':
        this.#inValue = false
        break
      case 'rPh':
        this.#phonetic -= 1
        break
      case 'c':
        this.#cellEnded()
        break
      case 'row':
        this.#inRow = false
        if (this.#problem !== undefined || !isBlank(this.#cells)) {
          const read = withinLimits(this.#row, this.#cells, this.#sheet.limits)
          this.#rows.push(this.#problem === undefined ? read : { ...read, problem: this.#problem })
        }
        break
      default:
    }
  }

  #cellEnded(): void {
    const { columnsMax } = this.#sheet.limits
    // Far to the right there may be a cell in column XFD: room for it is not made.
    if (this.#column > columnsMax) {
      if (this.#value.trim() !== '') this.#problem ??= `超过 ${columnsMax} 列 more than ${columnsMax} columns`
      return
    }
    const text = this.#cellText()
    if (text === undefined) {
      const what = this.#type === 'e' ? `是错误值 ${this.#value} holds an error` : this.#type === 's' || this.#hasFormula ? '没有结果 has no result' : '的数字超过 15 位，Excel 已丢失末尾：请把该列设为文本 holds a number of more digits than Excel keeps: make it a text'
      this.#problem ??= `第 ${this.#column} 列${what}`
    }
    while (this.#cells.length < this.#column - 1) this.#cells.push('')
    this.#cells[this.#column - 1] = text ?? this.#value
  }

  /** Undefined: nothing that could be used. */
  #cellText(): string | undefined {
    switch (this.#type) {
      case 's':
        return this.#sheet.texts.get(this.#value.trim() === '' ? -1 : Number(this.#value))
      case 'str': case 'inlineStr':
        return unescapedText(this.#value)
      case 'b':
        return this.#value === '1' ? 'TRUE' : 'FALSE'
      case 'd':
        return this.#value.replace(/T00:00:00(?:\.0+)?Z?$/, '').replace('T', ' ')
      case 'e':
        return undefined
      default:
        // A formula whose result was never stored has no value; a cell that is only coloured has none either.
        if (this.#value === '') return this.#hasFormula ? undefined : ''
        return numberText(this.#value, this.#sheet.kinds[this.#style] ?? 'number', this.#sheet.system1904)
    }
  }
}

/** B7 is 2. */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^([A-Z]{1,3})\d+$/.exec(reference ?? '')?.[1]
  if (letters === undefined) return undefined
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column
}
