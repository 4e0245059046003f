import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapColumns, phoneText, type KnownVariable } from './mapping.ts'
import { blocksOf, readRow, type RowReading } from './rows.ts'

const name: KnownVariable = { name: 'name', say: 'name', required: true }
const time: KnownVariable = { name: 'time', say: 'date', required: true, about: '预约时间，如 2026-03-05' }
const place: KnownVariable = { name: 'place', say: 'text', required: false, about: '地址' }
const person = ['13800138000', '张三', '2026-12-05', '人民路 1 号']

test('columns are found by their names, however they are written', () => {
  for (const header of ['手机号', '手机', '电话', '号码', '联系电话', '客户手机号码', '被叫号码', '手机号（必填）', 'Phone', 'phone_number', 'Mobile No', 'CalledNumber']) {
    assert.deepEqual(mapColumns([[' 姓名 ', header], ['张三', '13800138000']], [name]), { phone: 1, vars: { name: 0 }, skip: 1 }, header)
  }
})

test('variables are found by their own name, by what is said of them, and by usual names that leave no choice', () => {
  assert.deepEqual(mapColumns([['手机号', 'Name', '预约时间', '地址'], person], [name, time, place]).vars, { name: 1, time: 2, place: 3 })
  assert.deepEqual(mapColumns([['手机号', '客户姓名', '送货日期', '备注'], person], [name, time, place]).vars, { name: 1, time: 2 })
  // Two variables that are dates: whose column it is, is not ours to guess.
  const until: KnownVariable = { ...time, name: 'until', about: undefined, required: false }
  assert.deepEqual(mapColumns([['手机号', '姓名', '日期'], person], [name, { ...time, required: false, about: undefined }, until]).vars, { name: 1 })
})

test('what is wished wins, by header or by letter; a wish may be that a variable has no column', () => {
  assert.deepEqual(mapColumns([['手机号', '备用电话', '称呼'], ['13800138000', '13900139000', '张三']], [name], { phone: '备用电话', name: 'C' }), { phone: 1, vars: { name: 2 }, skip: 1 })
  assert.deepEqual(mapColumns([['手机号', '地址'], ['13800138000', 'x']], [place], { place: '' }).vars, {})
  assert.throws(() => mapColumns([['手机号'], ['13800138000']], [name], { name: '昵称' }), /没有“昵称”这一列/)
  assert.throws(() => mapColumns([['手机号'], ['13800138000']], [name], { nme: 'A' }), /话术没有变量“nme”，只有：name/)
})

test('a list without header, or with a title above it', () => {
  assert.deepEqual(mapColumns([['张三', '138-0013-8000'], ['李四', '13900139000']], []), { phone: 1, vars: {}, skip: 0 })
  assert.deepEqual(mapColumns([['张三', '13800138000']], [name], { name: 'A' }), { phone: 1, vars: { name: 0 }, skip: 0 })
  assert.deepEqual(mapColumns([['十二月回访名单'], ['制表：王五'], ['序号', '姓名', '手机号'], ['1', '张三', '13800138000']], [name]), { phone: 2, vars: { name: 1 }, skip: 3 })
  // An unusual name, but only one column holds numbers.
  assert.deepEqual(mapColumns([['编号', 'ring'], ['7', '13800138000']], []), { phone: 1, vars: {}, skip: 1 })
})

test('what cannot be found is said before anything is added', () => {
  assert.throws(() => mapColumns([['a', 'b'], ['13800138000', '13900139000']], []), /找不到号码所在的列/)
  assert.throws(() => mapColumns([['手机号'], ['13800138000']], [name, time]), /没有对应的列：name、time（预约时间，如 2026-03-05）/)
  assert.throws(() => mapColumns([], []), /找不到号码所在的列/)
})

const reading = (vars: Record<string, number>, skip = 1, fixed = {}): RowReading => ({ mapping: { phone: 0, vars, skip }, fixed })

test('rows say what spreadsheets did to a number', () => {
  const mapping = reading({ name: 1 })
  assert.deepEqual(readRow({ row: 2, cells: ["'13800138000 ", ' 张三 '] }, mapping), { row: 2, phone: '13800138000', vars: { name: '张三' } })
  assert.deepEqual(readRow({ row: 3, cells: ['13800138000.0', ''] }, reading({ name: 1 }, 1, { name: '您' })), { row: 3, phone: '13800138000', vars: { name: '您' } })
  assert.deepEqual(readRow({ row: 4, cells: [] }, mapping), { row: 4, phone: '', vars: {} })
  const told = (cells: string[]): string | undefined => (readRow({ row: 5, cells }, mapping) as { reason?: string }).reason
  assert.match(told(['1.38E+10', '张三'])!, /科学计数/)
  assert.match(told(['13800138000', '张\ufffd'])!, /name 的文字编码已损坏/)
  assert.equal(phoneText('＇021-5888 1234'), '021-5888 1234')
})

test('blocks are cut the same, whatever was read together and wherever reading begins', async () => {
  const mapping = reading({}, 1, { name: '张三' })
  const rows = Array.from({ length: 50 }, (_, i) => ({ row: i * 2 + 1, cells: [String(i)] }))
  const table = (size: number) => ({
    async *rows(progress: (share: number) => void) {
      for (let at = 0; at < rows.length; at += size) {
        progress(at / rows.length)
        yield await Promise.resolve(rows.slice(at, at + size))
      }
    },
  })
  const cut = async (size: number, after: number): Promise<string[]> => {
    const blocks: string[] = []
    for await (const { from, through, rows: read } of blocksOf(table(size), mapping, after, 8)) blocks.push(`${from}-${through}:${read.length}`)
    return blocks
  }
  const all = await cut(7, 0)
  assert.deepEqual(all, ['3-17:8', '19-33:8', '35-49:8', '51-65:8', '67-81:8', '83-97:8', '99-99:1'])
  assert.deepEqual(await cut(50, 0), all)
  assert.deepEqual(await cut(1, 33), all.slice(2))
})
