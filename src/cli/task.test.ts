import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressLine, taskLine } from './task.ts'

const counts = { total: 10, waiting: 6, waiting_retry: 2, waiting_frequency: 0, calling: 1, done: 2, refused: 1, taken_back: 0, answered: 1, attempts: 3, cost: 0.3 }

void test('a task is one line: where it stands, and why it does not go on', () => {
  const task = { task_id: '4000000001', name: '通知', script: 'notice', script_version: 1, status: 'running', why_detail: null, waiting_for: 'window', schedule_at: null, created_at: '', counts, plan: {} }
  assert.equal(taskLine(task), '4000000001  running  3/10  接通 answered 1  通知  等待 waits: window')
  assert.match(taskLine({ ...task, status: 'stopped-by-system', waiting_for: null, why_detail: '线路 10 分钟都不可用' }), /线路 10 分钟都不可用$/)
})

void test('progress is one line: counts, reasons of those that wait, rate and expected end', () => {
  const line = progressLine({ status: 'running', counts, share: 0.3, waiting: { turn: 4, retry: 2, window: 0 }, per_minute: 12.34, expected_end: '2026-11-20T08:00:00.000Z' })
  assert.equal(line, 'running  30.0%  完成 done 2  通话中 calling 1  接通 answered 1  等待 waiting 6 (turn 4, retry 2)  0.30 元  12.3/min  预计完成 ends 2026-11-20T08:00:00.000Z')
})
