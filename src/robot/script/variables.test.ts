// Checks what values a variable takes and how they are told on the phone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VariableKind } from './schema.ts'
import { acceptValues, fill, sayValue } from './variables.ts'

/** Monday. */
const acceptedAt = new Date('2026-03-02T10:00:00+08:00')
const on = (date: string) => ({ acceptedAt, now: new Date(`${date}T10:30:00+08:00`) })

for (const [kind, value, said, day = '2026-03-02'] of [
  ['money', '1280', '1280元'], ['money', '￥1,280.50元', '1280.50元'],
  ['digits', '0327', '零三二七'], ['digits', '5-1-0327', '五，幺，零三二七'], ['digits', 'A12', 'A幺二'],
  ['phone', '13800138000', '幺三八，零零幺三，八零零零'], ['phone', '+86 138-0013-8000', '幺三八，零零幺三，八零零零'], ['phone', '4001234567', '四零，零幺二三，四五六七'],
  ['date', '2026-03-02 14:05', '今天下午2点05分'], ['date', '2026-03-02 14:05', '昨天下午2点05分', '2026-03-03'],
  ['date', '2026-03-05', '3月5日星期四'], ['date', '明天下午3点', '明天，也就是3月3日星期二下午3点'], ['date', '明天下午3点', '今天下午3点', '2026-03-03'],
  ['name', '张伟', '张伟'], ['number', '3.5', '3.5'], ['text', '三楼会议室', '三楼会议室'],
] as const satisfies readonly (readonly [VariableKind, string, string, string?])[]) {
  test(`${kind} ${value} is told as ${said}`, () => assert.equal(sayValue(kind, value, on(day)), said))
}

const vars = { name: { say: 'name', required: true }, time: { say: 'date', required: true }, fee: { say: 'money', required: false }, place: { say: 'text', required: true, default: '前台' } } as const

test('values that cannot be told are refused when they are handed in, each by its name', () => {
  const { problems } = acceptValues({ vars }, { name: '张伟123', time: '2026-02-30', fee: '很多', room: '3' }, acceptedAt)
  assert.deepEqual(problems.map(({ variable }) => variable).sort(), ['fee', 'name', 'room', 'time'])
  assert.deepEqual(acceptValues({ vars }, {}, acceptedAt).problems.map(({ variable }) => variable), ['name', 'time'], 'what is missing and needed')
  for (const time of ['昨天下午3点', '2026-03-01', '不知道', '明天或者后天', '']) assert.equal(acceptValues({ vars }, { name: '张伟', time }, acceptedAt).problems.length, 1, time)
  assert.equal(acceptValues({ vars }, { name: '张伟', time: '明天', place: '${name}' }, acceptedAt).problems.length, 1)
  assert.equal(acceptValues({ vars }, { name: '张伟', time: '明天', place: '长'.repeat(101) }, acceptedAt).problems.length, 1)
})

test('defaults are filled in, and a line whose variable has no value is not said at all', () => {
  const { values, problems } = acceptValues({ vars }, { name: ' 张伟 ', time: '明天下午3点' }, acceptedAt)
  assert.deepEqual([values, problems], [{ name: '张伟', time: '明天下午3点', place: '前台' }, []])
  assert.equal(fill('请${name}${time}到${place}', { vars }, values, on('2026-03-03')), '请张伟今天下午3点到前台')
  assert.equal(fill('费用${fee}', { vars }, values, on('2026-03-03')), undefined)
})
