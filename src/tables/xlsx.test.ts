import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { numberKind, numberText } from './cell-text.ts'
import { openTable } from './read-table.ts'
import { MemoryFile } from './table-file.ts'
import type { TableRow } from './table.ts'
import { writeXlsx, zipOf } from './xlsx-writer.ts'

type Parts = { sheet: string; shared?: string; styles?: string; workbookPr?: string; more?: Record<string, string | Uint8Array> }

/** A workbook with these parts and no schema declarations: readers go by local names. */
function workbook({ sheet, shared, styles, workbookPr = '', more = {} }: Parts): Buffer {
  return zipOf({
    'xl/workbook.xml': `<workbook xmlns:r="urn:r">${workbookPr}<sheets><sheet name="名单" sheetId="1" r:id="a"/><sheet name="图" sheetId="2" r:id="b"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="x/chartsheet" Target="chart.xml"/><Relationship Id="c" Type="x/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="d" Type="x/styles" Target="styles.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${sheet}</sheetData></worksheet>`,
    ...(shared === undefined ? {} : { 'xl/sharedStrings.xml': `<sst>${shared}</sst>` }),
    ...(styles === undefined ? {} : { 'xl/styles.xml': `<styleSheet>${styles}</styleSheet>` }),
    ...more,
  })
}

async function rowsOf(bytes: Uint8Array, sheet?: string): Promise<TableRow[]> {
  const table = await openTable(new MemoryFile(bytes), { sheet })
  const rows: TableRow[] = []
  for await (const block of table.rows()) rows.push(...block)
  return rows
}

test('texts of all kinds, sparse cells and rows, numbers as they are shown', async () => {
  const rows = await rowsOf(
    workbook({
      shared: '<si><t>手机号</t></si><si><r><t>张</t></r><r><t xml:space="preserve">三 </t></r><rPh sb="0" eb="1"><t>zhāng</t></rPh></si><si><t>a_x000D_b &amp; c</t></si>',
      sheet: `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>称呼</t></is></c></row>
        <row r="3" spans="1:3"><c r="A3"><v>13800138000</v></c><c r="B3"/><c r="C3" t="s"><v>1</v></c></row>
        <row><c><v>1.3900139E10</v></c><c t="b"><v>1</v></c><c t="s"><v>2</v></c></row>
        <row r="9"><c r="A9" s="3"/></row>`,
    }),
  )
  assert.deepEqual(rows, [
    { row: 1, cells: ['手机号', '', '称呼'] },
    { row: 3, cells: ['13800138000', '', '张三 '] },
    { row: 4, cells: ['13900139000', 'TRUE', 'a\rb & c'] },
  ])
})

test('dates are told as dates, in both systems', async () => {
  const styles = '<numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;\\ h:mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="20"/><xf numFmtId="10"/></cellXfs>'
  const sheet = '<row r="1"><c r="A1"><v>46086</v></c><c r="B1" s="1"><v>46086</v></c><c r="C1" s="2"><v>46086.586805555555</v></c><c r="D1" s="3"><v>0.586805555555556</v></c><c r="E1" s="4"><v>0.125</v></c></row>'
  assert.deepEqual((await rowsOf(workbook({ sheet, styles })))[0]!.cells, ['46086', '2026-03-05', '2026-03-05 14:05', '14:05', '12.5%'])
  assert.deepEqual((await rowsOf(workbook({ sheet, styles, workbookPr: '<workbookPr date1904="1"/>' })))[0]!.cells[1], '2030-03-06')
  assert.equal(numberText('1', 'date', false), '1900-01-01')
  assert.equal(numberText('61', 'date', false), '1900-03-01')
})

test('formats are told apart by their letters, not by texts and colours in them', () => {
  const kinds = { '0.00': 'number', '[Red]#,##0': 'number', '"day" 0': 'number', 'yyyy-mm-dd': 'date', 'm/d': 'date', 'h:mm': 'time', '[h]:mm': 'time', 'yyyy/m/d h:mm;@': 'date-time', '[$-804]yyyy"年"m"月"': 'date', '0%': 'percent', '@': 'number', General: 'number', '#\\d': 'number' }
  for (const [code, kind] of Object.entries(kinds)) assert.equal(numberKind(200, code), kind, code)
})

test('numbers never get an exponent, and one that Excel has rounded is refused', async () => {
  assert.equal(numberText('0.1', 'number', false), '0.1')
  assert.equal(numberText('0.30000000000000004', 'number', false), '0.3')
  assert.equal(numberText('1.2E-7', 'number', false), '0.00000012')
  const [row] = await rowsOf(workbook({ sheet: '<row r="2"><c r="A2"><v>13800138000</v></c><c r="B2"><v>3.30106199001011E+17</v></c></row>' }))
  assert.match(row!.problem!, /第 2 列的数字超过 15 位/)
})

test('formulas count by their stored result; errors and missing results cost their row', async () => {
  const rows = await rowsOf(
    workbook({
      sheet: `<row r="1"><c r="A1"><f>1+1</f><v>13800138000</v></c><c r="B1" t="str"><f>A1&amp;"x"</f><v>张三</v></c></row>
        <row r="2"><c r="A2"><f>WEBSERVICE("http://x")</f></c></row>
        <row r="3"><c r="A3" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>
        <row r="4"><c r="A4" t="s"><v>99</v></c></row>`,
    }),
  )
  assert.deepEqual(rows.map(({ row, problem }) => [row, problem?.split(' ').slice(0, 4).join(' ')]), [[1, undefined], [2, '第 1 列没有结果 has'], [3, '第 1 列是错误值 #DIV/0!'], [4, '第 1 列没有结果 has']])
  assert.deepEqual(rows[0]!.cells, ['13800138000', '张三'])
})

test('sheets are chosen by name or number, with or without prefixes; a chart is none', async () => {
  const prefixed = workbook({ sheet: '' , more: { 'xl/worksheets/sheet1.xml': '<x:worksheet xmlns:x="urn:x"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>5</x:v></x:c></x:row></x:sheetData></x:worksheet>' } })
  assert.deepEqual((await rowsOf(prefixed, '名单'))[0]!.cells, ['5'])
  assert.deepEqual((await rowsOf(prefixed, '1'))[0]!.cells, ['5'])
  await assert.rejects(rowsOf(prefixed, '图'), /没有工作表“图”，只有：名单/)
})

test('a cell far to the right makes no room for those before it', async () => {
  const [row] = await rowsOf(workbook({ sheet: '<row r="1"><c r="A1"><v>5</v></c><c r="XFD1"><v>1</v></c></row>' }))
  assert.deepEqual([row!.cells.length, row!.problem?.slice(0, 6)], [1, '超过 100'])
})

test('archives that would grow without end are refused before they are unpacked', async () => {
  const bomb = workbook({ sheet: '', more: { 'xl/worksheets/sheet1.xml': Buffer.alloc(64 * 1024 * 1024, ' ') } })
  assert.ok(bomb.length < 200_000)
  await assert.rejects(rowsOf(bomb), /解压后过大/)
  // One that lies about its sizes is held to what it said.
  const liar = zipOf({ 'xl/workbook.xml': 'x'.repeat(20) })
  const packed = deflateRawSync(Buffer.alloc(5_000_000, 'x'))
  const honest = deflateRawSync(Buffer.from('x'.repeat(20)))
  const at = liar.indexOf(honest)
  const grown = Buffer.concat([liar.subarray(0, at), packed, liar.subarray(at + honest.length)])
  const end = grown.length - 22
  grown.writeUInt32LE(grown.readUInt32LE(end + 16) + packed.length - honest.length, end + 16)
  grown.writeUInt32LE(packed.length, grown.readUInt32LE(end + 16) + 20)
  await assert.rejects(rowsOf(grown), /已损坏/)
})

test('what is damaged inside is refused with words', async () => {
  const cases = {
    'not well-formed': workbook({ sheet: '<row r="1"><c></row>' }),
    'a document type': workbook({ sheet: '', more: { 'xl/worksheets/sheet1.xml': '<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet><sheetData><row><c t="str"><v>&a;</v></c></row></sheetData></worksheet>' } }),
    'one text without end': workbook({ sheet: `<row r="1"><c t="str"><v>${Array.from({ length: 400_000 }, (_, i) => i.toString(36)).join('')}</v></c></row>` }),
    'another archive': zipOf({ 'word/document.xml': '<x/>' }),
    'cut off': workbook({ sheet: '<row r="1"><c><v>1</v></c></row>' }).subarray(0, 500),
  }
  for (const [name, bytes] of Object.entries(cases)) await assert.rejects(rowsOf(bytes), { name: 'InvalidInputError' }, name)
})

test('a flipped byte anywhere gives rows or words, never anything else', async () => {
  const good = writeXlsx({ sheet: '名单', rows: [['手机号', '姓名'], ['13800138000', '张三'], ['13900139000', '李四']] })
  for (let at = 0; at < good.length; at += 13) {
    const bytes = Buffer.from(good)
    bytes[at]! ^= 0x55
    await rowsOf(bytes).then(
      () => {},
      (error: Error) => assert.equal(error.name, 'InvalidInputError', `byte ${at}: ${error.stack}`),
    )
  }
})

test('what is written is read back the same', async () => {
  const rows = [['手机号', 'a<b>&"c"'], ['013800138000', ' 空格 '], ['=1+1', '_x000D_'], ['两\n行', '😀\u0001'], ['', 'x']]
  assert.deepEqual((await rowsOf(writeXlsx({ sheet: '名<单>', rows }))).map(({ cells }) => cells), rows)
})
