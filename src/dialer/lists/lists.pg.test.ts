import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { OverloadedError } from '../../errors.ts'
import { openTable } from '../../tables/read-table.ts'
import { MemoryFile } from '../../tables/table-file.ts'
import { writeXlsx } from '../../tables/xlsx-writer.ts'
import { importLimits } from './import-desk.ts'
import { collect, listWorld, pieces } from './testing.ts'

const good = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `139${String(from + i).padStart(8, '0')},人${'甲乙丙丁戊己庚辛壬癸'[i % 10]},小区东门封闭`)
const list = (rows: readonly string[]): string => ['手机号,姓名,通知内容', ...rows].join('\n')
const phonesOf = (rows: readonly string[]): string[] => rows.map((row) => row.split(',')[0]!)

test('a list is added row by row; what is refused is told by row, number and reason', async () => {
  await using w = await listWorld()
  const rows = [...good(25), '13912345,李四,内容', '110,李四,内容', ...good(1), '13811112222,李四,', ...good(3, 100), '"13811113333,王五']
  const record = await w.imported(list(rows))
  assert.deepEqual([record.status, record.added, record.refused, record.rowDone, record.share, record.why], ['done', 28, 5, rows.length + 1, 1, null])
  assert.deepEqual(await w.phones(), phonesOf([...good(25), ...good(3, 100)]))
  const told = (await w.refused(record.id)).trimEnd().split('\r\n').slice(1).map((line) => line.split(','))
  assert.deepEqual(told.map(([row, phone, code]) => [row, phone, code]), [
    ['27', '13912345', 'bad-number'],
    ['28', '110', 'never-dial'],
    ['29', '13900000000', 'duplicate'],
    ['30', '13811112222', 'variable-missing'],
    ['34', '13811113333', 'unreadable'],
  ])
  assert.match(told[3]![3]!, /content/)
  const [first] = (await w.tasks.numbers(w.accountId, w.taskId, {}, { limit: 1 })).items
  assert.deepEqual(first!.vars, { org: '阳光物业', name: '人甲', content: '小区东门封闭' })
  const { rows: left } = await sql`select 1 from task_import_pieces`.execute(w.db.sql)
  assert.equal(left.length, 0, 'the file is not kept')
})

test('a preview tells what columns and rows become, and adds nothing', async () => {
  await using w = await listWorld()
  const { id } = await w.uploaded(list(['13900000000,张三,停水', '1380013800O,李四,停水', '13900000001,李四,"a<b"']))
  const preview = await w.desk.preview(w.accountId, id)
  assert.deepEqual(preview.read, { encoding: 'utf-8', separator: ',' })
  assert.deepEqual(preview.columns, [{ column: 'A', header: '手机号', becomes: 'phone' }, { column: 'B', header: '姓名', becomes: 'name' }, { column: 'C', header: '通知内容', becomes: 'content' }])
  assert.deepEqual(preview.rows.map(({ row, phone, refused }) => [row, phone, refused === undefined]), [[2, '+8613900000000', true], [3, '1380013800O', false], [4, '+8613900000001', false]])
  await assert.rejects(w.desk.preview(w.accountId, id, { map: { name: '昵称' } }), { name: 'InvalidInputError', field: 'map' })
  await assert.rejects(w.desk.preview(w.accountId, id, { encoding: 'ebcdic' }), { field: 'encoding' })
  await assert.rejects(w.desk.preview(w.accountId, id, { values: { nothing: 'x' } }), { field: 'values' })
  assert.deepEqual(await w.phones(), [])
})

test('GBK, other separators, columns named by hand and values for all', async () => {
  await using w = await listWorld()
  // ring;who in ASCII, 张三 in GBK.
  const record = await w.imported(Buffer.concat([Buffer.from('ring;who\r\n13900000000;'), Buffer.from('d5c5c8fd', 'hex'), Buffer.from('\r\n')]), { map: { phone: 'A', name: 'who' }, values: { content: '停水', org: '仁和' } })
  assert.deepEqual([record.status, record.added, record.refused], ['done', 1, 0])
  assert.deepEqual((await w.tasks.numbers(w.accountId, w.taskId)).items[0]!.vars, { content: '停水', name: '张三', org: '仁和' })
})

test('a workbook is read from where its pieces are kept', async () => {
  await using w = await listWorld()
  const rows = good(300).map((row) => row.split(','))
  const record = await w.imported(writeXlsx({ sheet: '一', rows: [['十二月名单'], ['手机号', '姓名', '通知内容'], ...rows] }))
  assert.deepEqual([record.status, record.added, record.refused, record.rowDone], ['done', 300, 0, 302])
})

test('a process that dies between adding a block and recording it costs nothing: no row twice, none called a duplicate of itself', async () => {
  await using w = await listWorld()
  const rows = [...good(55), 'x,李四,内容', ...good(1), ...good(20, 200)]
  const { id } = await w.uploaded(list(rows))
  await w.desk.start(w.accountId, id)
  for (const diesAfter of [1, 2, 3]) {
    let blocks = 0
    const dying = w.runner({
      async addNumbers(...given: Parameters<typeof w.tasks.addNumbers>) {
        const answer = await w.tasks.addNumbers(...given)
        blocks += 1
        // What it did is committed, and it will never write that down.
        if (blocks === diesAfter) throw new OverloadedError('gone', 0)
        return answer
      },
    })
    dying.wake()
    await dying.idle()
    const { status, rowDone } = await w.desk.detail(w.accountId, id)
    assert.equal(status, 'running')
    // Nobody else takes it before its time is up.
    const early = w.runner()
    early.wake()
    await early.idle()
    assert.equal((await w.desk.detail(w.accountId, id)).rowDone, rowDone)
    w.clock.nowMs += 61_000
  }
  const last = w.runner()
  last.wake()
  await last.idle()
  const record = await w.desk.detail(w.accountId, id)
  assert.deepEqual([record.status, record.added, record.refused], ['done', 75, 2])
  assert.deepEqual(await w.phones(), phonesOf([...good(55), ...good(20, 200)]))
  assert.deepEqual((await w.refused(id)).trimEnd().split('\r\n').slice(1).map((line) => line.split(',').slice(0, 3).join()), ['57,x,bad-number', '58,13900000000,duplicate'])
})

test('two blocks at once: every row is added or refused once, numbers in both and deaths included', async () => {
  await using w = await listWorld({ blocksAtOnce: 2 })
  // Every number of a block comes again in the next one.
  const rows = Array.from({ length: 12 }, (_, i) => good(10, Math.floor(i / 2) * 10)).flat()
  const { id } = await w.uploaded(list(rows))
  await w.desk.start(w.accountId, id)
  for (const diesAfter of [2, 3, 5]) {
    let blocks = 0
    const dying = w.runner({
      async addNumbers(...given: Parameters<typeof w.tasks.addNumbers>) {
        const answer = await w.tasks.addNumbers(...given)
        blocks += 1
        if (blocks === diesAfter) throw new OverloadedError('gone', 0)
        return answer
      },
    })
    dying.wake()
    await dying.idle()
    w.clock.nowMs += 61_000
  }
  const last = w.runner()
  last.wake()
  await last.idle()
  const record = await w.desk.detail(w.accountId, id)
  assert.deepEqual([record.status, record.added, record.refused], ['done', 60, 60])
  assert.deepEqual((await w.phones()).sort(), phonesOf(good(60)))
  const told = (await w.refused(id)).trimEnd().split('\r\n').slice(1).map((line) => line.split(','))
  assert.equal(new Set(told.map(([row]) => row)).size, 60)
  assert.deepEqual(new Set(told.map(([, phone]) => phone)), new Set(phonesOf(good(60))))
})

test('a reader that was taken for dead and comes back writes nothing more', async () => {
  await using w = await listWorld()
  const { id } = await w.uploaded(list(good(40)))
  await w.desk.start(w.accountId, id)
  const rival = w.runner()
  let blocks = 0
  const slow = w.runner({
    async addNumbers(...given: Parameters<typeof w.tasks.addNumbers>) {
      const answer = await w.tasks.addNumbers(...given)
      blocks += 1
      if (blocks === 2) {
        w.clock.nowMs += 61_000
        rival.wake()
        await rival.idle()
      }
      return answer
    },
  })
  slow.wake()
  await slow.idle()
  const record = await w.desk.detail(w.accountId, id)
  assert.deepEqual([record.status, record.added, record.refused, blocks], ['done', 40, 0, 2])
  assert.deepEqual(await w.phones(), phonesOf(good(40)))
})

test('a database that loses all its connections now and then is waited for', async () => {
  await using w = await listWorld({ blocksAtOnce: 2 })
  const { id } = await w.uploaded(list(good(60)))
  await w.desk.start(w.accountId, id)
  let blocks = 0
  const reader = w.runner({
    async addNumbers(...given: Parameters<typeof w.tasks.addNumbers>) {
      blocks += 1
      if (blocks % 2 === 0) await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.execute(w.db.sql)
      return w.tasks.addNumbers(...given)
    },
  })
  reader.wake()
  await reader.idle()
  const record = await w.desk.detail(w.accountId, id)
  assert.deepEqual([record.status, record.added, record.refused], ['done', 60, 0])
  assert.deepEqual(await w.phones().then((phones) => phones.length), 60)
})

test('a server that stops lets go at once, and the next one goes on', async () => {
  await using w = await listWorld()
  const { id } = await w.uploaded(list(good(40)))
  await w.desk.start(w.accountId, id)
  const stopping = w.runner({
    async addNumbers(...given: Parameters<typeof w.tasks.addNumbers>) {
      const answer = await w.tasks.addNumbers(...given)
      void stopping.stop()
      return answer
    },
  })
  stopping.wake()
  await stopping.idle()
  assert.deepEqual([(await w.desk.detail(w.accountId, id)).status, (await w.phones()).length], ['waiting', 10])
  const next = w.runner()
  next.wake()
  await next.idle()
  assert.deepEqual([(await w.desk.detail(w.accountId, id)).status, (await w.phones()).length], ['done', 40])
})

test('a started reader hears of a new file by itself, and tells how far it is', async () => {
  await using w = await listWorld()
  const seen: number[] = []
  const reader = w.runner({
    async addNumbers(...given: Parameters<typeof w.tasks.addNumbers>) {
      seen.push((await w.desk.detail(w.accountId, id)).share)
      return w.tasks.addNumbers(...given)
    },
  })
  const { id } = await w.uploaded(list(good(40_000 / 100)))
  await reader.start()
  await w.desk.start(w.accountId, id)
  while ((await w.desk.detail(w.accountId, id)).status !== 'done') await reader.idle()
  await reader.stop()
  assert.ok(seen.length === 40 && seen[0] === 0 && seen.every((share, i) => i === 0 || share >= seen[i - 1]!), String(seen))
})

test('what was added stays when an import is cancelled, and nothing more is', async () => {
  await using w = await listWorld()
  const { id } = await w.uploaded(list(good(40)))
  await w.desk.start(w.accountId, id)
  let blocks = 0
  const reader = w.runner({
    async addNumbers(...given: Parameters<typeof w.tasks.addNumbers>) {
      const answer = await w.tasks.addNumbers(...given)
      blocks += 1
      if (blocks === 2) await w.desk.cancel(w.accountId, id)
      return answer
    },
  })
  reader.wake()
  await reader.idle()
  assert.deepEqual([(await w.desk.detail(w.accountId, id)).status, blocks, (await w.phones()).length], ['cancelled', 2, 20])
  await assert.rejects(w.desk.cancel(w.accountId, id), { code: 'not-possible' })
})

test('a small list does not wait for a large one', async () => {
  await using w = await listWorld({ smallBytes: 500 })
  const large = (await w.uploaded(list(good(60)))).id
  await w.desk.start(w.accountId, large)
  const { id: otherTask } = await w.tasks.create(w.accountId, { name: '小', script: 'notice' })
  const small = (await w.desk.create(w.accountId, otherTask, 'small')).id
  await w.desk.append(w.accountId, small, 0, pieces(Buffer.from(list(good(3))), 100))
  const smallDone = Promise.withResolvers<void>()
  let duringLarge = ''
  const reader = w.runner({
    async addNumbers(...given: Parameters<typeof w.tasks.addNumbers>) {
      const answer = await w.tasks.addNumbers(...given)
      // The large one does not go on before the small one is through.
      if (given[1] === w.taskId) {
        await smallDone.promise
        duringLarge = (await w.desk.detail(w.accountId, small)).status
      }
      return answer
    },
  })
  await w.desk.start(w.accountId, small)
  reader.wake()
  while ((await w.desk.detail(w.accountId, small)).status !== 'done') await new Promise((resolve) => setImmediate(resolve))
  smallDone.resolve()
  await reader.idle()
  assert.deepEqual([duringLarge, (await w.desk.detail(w.accountId, large)).status, (await w.phones()).length], ['done', 'done', 60])
})

test('an import into a task that was cancelled meanwhile fails with words; a new one is refused', async () => {
  await using w = await listWorld()
  const { id } = await w.uploaded(list(good(5)))
  await w.desk.start(w.accountId, id)
  await w.tasks.cancel(w.accountId, w.taskId)
  const reader = w.runner()
  reader.wake()
  await reader.idle()
  const record = await w.desk.detail(w.accountId, id)
  assert.equal(record.status, 'failed')
  assert.match(record.why!, /已取消/)
  await assert.rejects(w.desk.create(w.accountId, w.taskId, 'x'), { code: 'not-possible' })
})

test('an upload goes on where it broke off, and nowhere else', async () => {
  await using w = await listWorld()
  const bytes = Buffer.from(list(good(5)))
  const { id } = await w.desk.create(w.accountId, w.taskId, 'a')
  const breaks = async function* () {
    yield* pieces(Buffer.alloc(importLimits.pieceBytes, 'x'), 60_000)
    throw new Error('connection reset')
  }
  await assert.rejects(w.desk.append(w.accountId, id, 0, breaks()), /connection reset/)
  const kept = (await w.desk.detail(w.accountId, id)).bytes
  assert.ok(kept >= importLimits.pieceBytes)
  await assert.rejects(w.desk.append(w.accountId, id, 0, pieces(bytes, 10)), { code: 'version-conflict' })
  assert.equal((await w.desk.append(w.accountId, id, kept, pieces(bytes, 10))).bytes, kept + bytes.length)
  const { id: short } = await w.uploaded(bytes)
  await w.desk.start(w.accountId, short)
  await assert.rejects(w.desk.append(w.accountId, short, bytes.length, pieces(bytes, 10)), { code: 'version-conflict' })
  await assert.rejects(w.desk.start(w.accountId, short), { code: 'not-possible' })
  // Begun and left: its place is free again after a day.
  for (let open = 2; open < importLimits.openPerAccountMax; open += 1) await w.desk.create(w.accountId, w.taskId, 'b')
  await assert.rejects(w.desk.create(w.accountId, w.taskId, 'b'), { code: 'not-possible' })
  w.clock.nowMs += 25 * 3_600_000
  const reader = w.runner()
  reader.wake()
  await reader.idle()
  assert.equal((await w.desk.detail(w.accountId, id)).status, 'cancelled')
  await w.desk.create(w.accountId, w.taskId, 'b')
})

test('files belong to their account', async () => {
  await using w = await listWorld()
  const { id } = await w.uploaded(list(good(1)))
  const asks = [
    () => w.desk.detail(w.other, id), () => w.desk.start(w.other, id), () => w.desk.preview(w.other, id), () => w.desk.refused(w.other, id), () => w.desk.cancel(w.other, id),
    () => w.desk.append(w.other, id, 0, pieces(Buffer.from('x'), 1)), () => w.desk.list(w.other, w.taskId), () => w.desk.results(w.other, w.taskId), () => w.desk.create(w.other, w.taskId, 'x'),
  ]
  for (const ask of asks) await assert.rejects(ask(), { name: 'NotFoundError' })
})

test('results hold what was handed in and what became of it, and can be handed in again', async () => {
  await using w = await listWorld({ blockRows: 700 })
  await w.imported(list([...good(1_203), '13811112222,=HYPERLINK(1),停水']))
  assert.equal((await w.phones()).length, 1_000)
  await sql`update task_numbers set state = 'done', attempts = 2, outcome = 'answered', label = 'A', answered = true, talk_ms = 31400, cost_li = 120 where phone = '+8613900000001'`.execute(w.db.sql)
  const csv = await collect(await w.desk.results(w.accountId, w.taskId))
  const lines = csv.trimEnd().split('\r\n')
  assert.equal(lines.length, 1_204)
  assert.equal(lines[0], '\ufeff手机号,org,name,content,time,place,hotline,状态,结果,结果代码,对话结果,意向,呼叫次数,接通,通话秒数,费用（元）,最近拨打,收集信息,小结,通话编号')
  assert.equal(lines[2], '13900000001,阳光物业,人乙,小区东门封闭,,,,已完成,已接通,answered,,A,2,是,31,0.120,,,,')
  const again = await w.tasks.create(w.accountId, { name: '再打', script: 'notice' })
  const { id } = await w.desk.create(w.accountId, again.id, 'again.csv')
  await w.desk.append(w.accountId, id, 0, pieces(Buffer.from(csv), 5_000))
  await w.desk.start(w.accountId, id)
  const reader = w.runner()
  reader.wake()
  await reader.idle()
  assert.equal((await w.desk.detail(w.accountId, id)).added, 1_203)
})

test('a template holds the columns of its script, and its example is never dialled', async () => {
  await using w = await listWorld()
  for (const format of ['csv', 'xlsx'] as const) {
    const bytes = await w.desk.template(w.accountId, 'notice', format)
    assert.equal((await openTable(new MemoryFile(bytes))).kind, format)
    const { id } = await w.uploaded(bytes)
    const preview = await w.desk.preview(w.accountId, id)
    assert.deepEqual(preview.columns.map(({ becomes }) => becomes), ['phone', 'org', 'name', 'content', 'time', 'place', 'hotline'])
    assert.match(preview.rows[0]!.refused!, /无法识别的字符/)
  }
  await assert.rejects(w.desk.template(w.accountId, 'nothing', 'csv'), { name: 'NotFoundError' })
})
