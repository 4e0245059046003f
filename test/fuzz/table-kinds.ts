// Knows how lists of numbers live through damage: texts of any encoding, and workbooks whose archive or whose sheets were changed.
// Whatever came, it is read as rows within the limits or refused with words.
import assert from 'node:assert/strict'
import { InvalidInputError } from '../../src/errors.ts'
import { openTable } from '../../src/tables/read-table.ts'
import { MemoryFile } from '../../src/tables/table-file.ts'
import { tableLimits } from '../../src/tables/table.ts'
import { zipOf } from '../../src/tables/xlsx-writer.ts'
import type { Dice, FuzzKind, Probe } from './fuzz-kind.ts'
import { mutateText } from './mutate-text.ts'

const latin = (text: string, encoding: BufferEncoding = 'utf8'): string => Buffer.from(text, encoding).toString('latin1')
const table = '手机号,姓名,备注\r\n13800138000,张三,"a,b"\r\n"13900139000",李四,"两行\r\n""引号"""\r\n=1+1,+8613800138000,-5\r\n'
const texts = [latin(table), latin(`\ufeff${table}`), latin(table, 'utf16le'), latin(`\ufeff${table}`, 'utf16le'), latin(table.replaceAll(',', '\t')), latin(`sep=;\r\n${table.replaceAll(',', ';')}`), 'ring;who\r\n13900000000;\xd5\xc5\xc8\xfd\r\n', latin(table.replaceAll('\r\n', '\r'))]

export const list: FuzzKind = {
  draw: (dice) => [{ bytes: Buffer.from(dice.chance(0.05) ? dice.pick(texts) : mutateText(dice.pick(texts), dice), 'latin1'), waitMs: 0 }],
  play: ([step], probe) => read(step!.bytes, probe),
}

const parts: Readonly<Record<string, string>> = {
  'xl/workbook.xml': '<workbook xmlns:r="r"><workbookPr date1904="0"/><sheets><sheet name="名单" sheetId="1" r:id="a"/></sheets></workbook>',
  'xl/_rels/workbook.xml.rels': '<Relationships><Relationship Id="a" Type="x/worksheet" Target="s.xml"/><Relationship Id="c" Type="x/sharedStrings" Target="t.xml"/><Relationship Id="d" Type="x/styles" Target="y.xml"/></Relationships>',
  'xl/s.xml': '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>姓名</t></is></c></row><row r="2"><c r="A2"><v>1.3900139E10</v></c><c r="C2" s="1"><v>46086.5868</v></c><c t="b"><v>1</v></c></row><row r="9"><c r="A9" t="str"><f>A1</f><v>a_x000D_&amp;</v></c><c r="XFD9" t="e"><v>#N/A</v></c></row></sheetData></worksheet>',
  'xl/t.xml': '<sst><si><t>手机号</t></si><si><r><t>张</t></r><r><t>三</t></r><rPh><t>zhang</t></rPh></si></sst>',
  'xl/y.xml': '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m/d h:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
}

function drawWorkbook(dice: Dice): Buffer {
  if (dice.chance(0.3)) return Buffer.from(mutateText(zipOf(parts).toString('latin1'), dice), 'latin1')
  const damaged = dice.pick(Object.keys(parts))
  return zipOf(Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, Buffer.from(name === damaged ? mutateText(latin(text), dice) : latin(text), 'latin1')])))
}

export const workbook: FuzzKind = {
  draw: (dice) => [{ bytes: drawWorkbook(dice), waitMs: 0 }],
  play: ([step], probe) => read(step!.bytes, probe),
}

async function read(bytes: Uint8Array, probe: Probe): Promise<void> {
  try {
    let before = 0
    for await (const rows of (await probe.input(bytes, () => openTable(new MemoryFile(bytes)))).rows()) {
      for (const { row, cells } of rows) {
        assert.ok(row > before, 'rows are in order')
        assert.ok(cells.length <= tableLimits.columnsMax && cells.every((cell) => cell.length <= tableLimits.cellCharsMax), 'within the limits')
        before = row
      }
    }
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    assert.match(error.message, /[。：]/u)
  }
}
