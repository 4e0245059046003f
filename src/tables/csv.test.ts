import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvLine, csvStart } from './csv-writer.ts'
import { openTable, type TableOptions } from './read-table.ts'
import { MemoryFile, type TableFile } from './table-file.ts'
import type { TableRow } from './table.ts'

const gbk = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

async function rowsOf(content: string | Uint8Array, options: TableOptions = {}): Promise<TableRow[]> {
  return collected(await openTable(new MemoryFile(Buffer.from(content as Uint8Array)), options))
}

async function collected(table: { rows(): AsyncIterable<TableRow[]> }): Promise<TableRow[]> {
  const rows: TableRow[] = []
  for await (const block of table.rows()) rows.push(...block)
  return rows
}

const cellsOf = async (content: string | Uint8Array, options?: TableOptions): Promise<(readonly string[])[]> => (await rowsOf(content, options)).map(({ cells }) => cells)

/** The same bytes, a few at a time. */
class Crumbs implements TableFile {
  readonly sizeBytes: number
  readonly #bytes: Buffer
  readonly #pieceBytes: number
  constructor(bytes: Buffer, pieceBytes: number) {
    this.#bytes = bytes
    this.sizeBytes = bytes.length
    this.#pieceBytes = pieceBytes
  }
  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < Math.min(end, this.sizeBytes); at += this.#pieceBytes) yield await Promise.resolve(this.#bytes.subarray(at, Math.min(at + this.#pieceBytes, end)))
  }
}

test('quotes hold separators, line ends and doubled quotes; rows are counted as a spreadsheet counts them', async () => {
  const rows = await rowsOf('手机号,备注\r\n13800138000,"a,b"\r\n\r\n13900139000,"两行\r\n""引号"""\r\n')
  assert.deepEqual(rows, [
    { row: 1, cells: ['手机号', '备注'] },
    { row: 2, cells: ['13800138000', 'a,b'] },
    { row: 4, cells: ['13900139000', '两行\r\n"引号"'] },
  ])
})

test('the separator is found, whatever is inside quotes, and may be told', async () => {
  assert.deepEqual(await cellsOf('a;b\n"1,2,3";4\n"5,6";7\n'), [['a', 'b'], ['1,2,3', '4'], ['5,6', '7']])
  assert.deepEqual(await cellsOf('手机\t姓名\n138\t张三\n'), [['手机', '姓名'], ['138', '张三']])
  assert.deepEqual(await cellsOf('手机，姓名\n138，张三'), [['手机', '姓名'], ['138', '张三']])
  assert.deepEqual(await cellsOf('sep=|\r\na,b|c\r\n'), [['a,b', 'c']])
  assert.deepEqual(await cellsOf('13800138000\n13900139000'), [['13800138000'], ['13900139000']])
  assert.deepEqual(await cellsOf('a,b;c\nd,e;f\n', { separator: ';' }), [['a,b', 'c'], ['d,e', 'f']])
})

test('line ends of old and new systems, no line end at the end, quotes inside cells', async () => {
  assert.deepEqual(await cellsOf('a,b\rc,d\r'), [['a', 'b'], ['c', 'd']])
  assert.deepEqual(await cellsOf('a,b\nc,d'), [['a', 'b'], ['c', 'd']])
  assert.deepEqual(await cellsOf('a,5" 屏\nb, "x, y"z'), [['a', '5" 屏'], ['b', 'x, yz']])
})

test('a quote that is never closed costs its own line and no other', async () => {
  const good = Array.from({ length: 20_000 }, (_, i) => `1380013${String(i).padStart(4, '0')},x`)
  const rows = await rowsOf(['phone,name', '13900139000,"张三', ...good].join('\n'))
  assert.equal(rows.length, 2 + good.length)
  assert.match(rows[1]!.problem!, /引号没有成对/)
  assert.ok(rows.slice(2).every(({ problem }) => problem === undefined))
  const last = await rowsOf('phone,name\n13900139000,"张三\n13800138000,李四')
  assert.deepEqual(last.map(({ row, problem }) => [row, problem !== undefined]), [[1, false], [2, true], [3, false]])
})

test('a line without end is refused once and in bounded memory; limits cost their row', async () => {
  const rows = await rowsOf(`a,b\n${'x'.repeat(3_000_000)}\nc,d\n`)
  assert.deepEqual(rows.map(({ row, problem }) => [row, problem !== undefined]), [[1, false], [2, true], [3, false]])
  const narrow = await rowsOf('a,b,c\n1,2\n1,,\n123456,1\n', { limits: { columnsMax: 2, cellCharsMax: 5 } })
  assert.deepEqual(narrow.map(({ cells, problem }) => [cells, problem?.slice(0, 6)]), [[['a', 'b'], '超过 2 列'], [['1', '2'], undefined], [['1', ''], undefined], [['12345', '1'], '第 1 列超']])
  await assert.rejects(rowsOf('a\nb\nc\n', { limits: { rowsMax: 2 } }), /超过 2 行/)
})

test('encodings are found by mark or by bytes', async () => {
  const text = '手机号,姓名\n13800138000,张三\n'
  assert.deepEqual(await cellsOf(`\ufeff${text}`), [['手机号', '姓名'], ['13800138000', '张三']])
  assert.deepEqual(await cellsOf(Buffer.from(`\ufeff${text}`, 'utf16le')), [['手机号', '姓名'], ['13800138000', '张三']])
  assert.deepEqual(await cellsOf(Buffer.from(text, 'utf16le')), [['手机号', '姓名'], ['13800138000', '张三']])
  assert.deepEqual(await cellsOf(Buffer.from(text, 'utf16le').swap16()), [['手机号', '姓名'], ['13800138000', '张三']])
  // 手机号,姓名 in GBK; 㐀 (U+3400) takes four bytes in GB 18030.
  const chinese = Buffer.concat([gbk('ca d6 bb fa ba c5 2c d0 d5 c3 fb 0a'), Buffer.from('13800138000,'), gbk('d5 c5 c8 fd 81 39 ee 39 0a')])
  assert.deepEqual(await cellsOf(chinese), [['手机号', '姓名'], ['13800138000', '张三㐀']])
})

test('what is not ASCII may come as late as it likes', async () => {
  const ascii = Buffer.from(`phone,name\n${'13800138000,Ann\n'.repeat(60_000)}`)
  const table = await openTable(new MemoryFile(Buffer.concat([ascii, Buffer.from('13900139000,'), gbk('d5 c5 c8 fd 0a')])))
  assert.deepEqual(table.read, { encoding: 'gb18030', separator: ',' })
  assert.deepEqual((await collected(table)).at(-1)!.cells, ['13900139000', '张三'])
})

test('a text in UTF-8 with a damaged byte stays UTF-8', async () => {
  const rows = await cellsOf(Buffer.concat([Buffer.from('手机号,姓名\n'.repeat(20)), Buffer.from([0xff]), Buffer.from('张三\n')]))
  assert.equal(rows[0]![0], '手机号')
  assert.match(rows.at(-1)!.join(','), /\ufffd张三/)
})

test('what is no table is refused with what to do', async () => {
  await assert.rejects(rowsOf(''), /文件是空的/)
  await assert.rejects(rowsOf(Buffer.from('d0cf11e0a1b11ae10000', 'hex')), /旧版 .xls/)
  await assert.rejects(rowsOf('<html><table><tr><td>138'), /网页或 XML/)
  await assert.rejects(rowsOf(Buffer.from('89504e470d0a1a0a0000000d49484452000000ff00ff00ff00ff00ff', 'hex')), /认不出文件的编码/)
  await assert.rejects(rowsOf(Buffer.from('PK\x03\x04 and then nothing', 'latin1')), /已损坏/)
})

test('cells that a spreadsheet would run are written as text, and read back as they were', async () => {
  assert.equal(csvLine(['=1+1', '+8613800138000', '-5', '@x', 'a,b', '＝1']), `'=1+1,+8613800138000,-5,'@x,"a,b",'＝1\r\n`)
  assert.deepEqual(await cellsOf(csvLine(["=cmd|' /C calc'!A0", "'=x", "'plain"])), [["=cmd|' /C calc'!A0", "'=x", "'plain"]])
})

test('whatever is written is read back the same, however it is cut into pieces', async () => {
  const random = randomOf(20_261_121)
  const alphabet = ['a', '1', ',', ';', '"', "'", '=', '+', '-', '\n', '\r\n', ' ', '张', '😀', '𠮷', '\t', '|', '，', '＝', '\u00a0', '.']
  for (let round = 0; round < 120; round += 1) {
    const columns = 2 + Math.floor(random() * 4)
    const rows = Array.from({ length: 1 + Math.floor(random() * 12) }, () =>
      Array.from({ length: columns }, (_, i) => (i === 0 ? 'k' : '') + Array.from({ length: Math.floor(random() * 6) }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')),
    )
    const bytes = Buffer.from(csvStart + rows.map((row) => csvLine(row)).join(''))
    const table = await openTable(new Crumbs(bytes, 1 + Math.floor(random() * 7)), { separator: ',' })
    assert.deepEqual((await collected(table)).map(({ cells }) => cells), rows, `round ${round}`)
  }
})

test('whatever bytes come, reading ends with rows or with words about it', async () => {
  const random = randomOf(7)
  for (let round = 0; round < 500; round += 1) {
    const bytes = Buffer.from(Array.from({ length: Math.floor(random() * 400) }, () => (random() < 0.3 ? [34, 44, 10, 13, 59][Math.floor(random() * 5)]! : Math.floor(random() * 256))))
    await rowsOf(bytes).then(
      (rows) => assert.ok(rows.every(({ row }) => row > 0)),
      (error: Error) => assert.equal(error.name, 'InvalidInputError', error.stack),
    )
  }
})

/** mulberry32: the same numbers in every run. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
