import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../db/testing.ts'
import { reports } from '../reports/index.ts'
import { ReportDesk } from '../reports/run-report.ts'
import { headers, testApi } from './testing.ts'

test('reports are listed with their definitions, and answered as JSON and CSV', async () => {
  await using test_ = await testDatabase()
  await using api = await testApi({ reports: new ReportDesk(test_.db, () => Date.parse('2026-11-21T20:00:00Z')) })
  const get = (url: string) => api.app.inject({ url, headers })
  const listed = (await get('/api/v1/reports')).json<{ reports: { name: string; columns: { help: string }[] }[] }>().reports
  assert.deepEqual(listed.map(({ name }) => name), Object.keys(reports))
  assert.match(listed[0]!.columns[4]!.help, /接通通数 ÷ 拨出通数/)
  const answer = (await get('/api/v1/reports/connect-rate')).json<Record<string, unknown>>()
  // Already the 22nd in China.
  assert.deepEqual([answer['from'], answer['to'], answer['rows'], answer['cut']], ['2026-11-16', '2026-11-22', [], false])
  const csv = await get('/api/v1/reports/cost?format=csv&from=2026-11-01&to=2026-11-02')
  assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8')
  assert.equal(csv.headers['content-disposition'], 'attachment; filename="cost.csv"')
  assert.match(csv.body, /^\ufeff日期 day,拨出通数 dialed,.*\r\n$/)
  assert.deepEqual([(await get('/api/v1/reports/nothing')).statusCode, (await get('/api/v1/reports/cost?from=yesterday')).statusCode, (await get('/api/v1/reports/funnel')).statusCode], [404, 400, 400])
  assert.equal((await api.app.inject({ url: '/api/v1/reports' })).statusCode, 401)
})
