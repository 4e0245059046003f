import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isoInChina } from './china-time.ts'
import { findDates, lastMoment, speakDate } from './dates.ts'

const friday = new Date('2026-11-20T10:00:00+08:00')

function spoken(text: string, options: { written?: Date; called?: Date; brief?: boolean } = {}): string {
  const mentions = findDates(text, options.written ?? friday)
  let out = ''
  let at = 0
  for (const m of mentions) {
    out += text.slice(at, m.begin) + speakDate(m, options.called ?? options.written ?? friday, { next: text.slice(m.end), ...(options.brief ? { brief: true } : {}) })
    at = m.end
  }
  return out + text.slice(at)
}

const until = (text: string, written = friday): string | undefined => {
  const last = lastMoment(findDates(text, written))
  return last && isoInChina(last)
}

void test('resolves what Chinese writes for days and times', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['今天下午3点', '2026-11-20T15:00:00+08:00'],
    ['明天上午9点', '2026-11-21T09:00:00+08:00'],
    ['明日9:30', '2026-11-21T09:30:00+08:00'],
    ['后天凌晨两点', '2026-11-22T02:00:00+08:00'],
    ['大后天中午12点', '2026-11-23T12:00:00+08:00'],
    ['今晚8点', '2026-11-20T20:00:00+08:00'],
    ['明早七点半', '2026-11-21T07:30:00+08:00'],
    ['明晚', '2026-11-22T00:00:00+08:00'],
    ['周五下午5点一刻', '2026-11-20T17:15:00+08:00'],
    ['周三', '2026-11-26T00:00:00+08:00'],
    ['周日下午2点', '2026-11-22T14:00:00+08:00'],
    ['本周日', '2026-11-23T00:00:00+08:00'],
    ['下周三14点', '2026-11-25T14:00:00+08:00'],
    ['下下周一上午10点', '2026-11-30T10:00:00+08:00'],
    ['星期天', '2026-11-23T00:00:00+08:00'],
    ['周末', '2026-11-23T00:00:00+08:00'],
    ['月底前', '2026-12-01T00:00:00+08:00'],
    ['下个月底', '2027-01-01T00:00:00+08:00'],
    ['25日前', '2026-11-26T00:00:00+08:00'],
    ['3日', '2026-12-04T00:00:00+08:00'],
    ['二十五号晚上', '2026-11-26T00:00:00+08:00'],
    ['12月1日', '2026-12-02T00:00:00+08:00'],
    ['九月一日上午八点半', '2027-09-01T08:30:00+08:00'],
    ['2026-12-01 14:30', '2026-12-01T14:30:00+08:00'],
    ['明年1月5日', '2027-01-06T00:00:00+08:00'],
    ['半小时后', '2026-11-20T10:30:00+08:00'],
    ['两个半小时后', '2026-11-20T12:30:00+08:00'],
    ['三天后', '2026-11-24T00:00:00+08:00'],
    ['下午3点', '2026-11-20T15:00:00+08:00'],
    ['明天3点', '2026-11-21T15:00:00+08:00'],
    ['明天9点', '2026-11-21T09:00:00+08:00'],
    ['明天上午9点到11点', '2026-11-21T11:00:00+08:00'],
    ['今晚10点到6点', '2026-11-21T06:00:00+08:00'],
    ['明天上午10点至2点', '2026-11-21T14:00:00+08:00'],
    ['下周一至周三', '2026-11-26T00:00:00+08:00'],
    ['12月1日到3日', '2026-12-04T00:00:00+08:00'],
    ['年底', '2027-01-01T00:00:00+08:00'],
    ['12月1日星期二上午9点', '2026-12-01T09:00:00+08:00'],
    ['明天（周六）上午9点', '2026-11-21T09:00:00+08:00'],
    ['12月1日 周二 下午3点', '2026-12-01T15:00:00+08:00'],
    ['今晚7点两个人', '2026-11-20T19:00:00+08:00'],
    ['明天9点三楼开会', '2026-11-21T09:00:00+08:00'],
    ['明天9点20', '2026-11-21T09:20:00+08:00'],
    ['明天九点零五分', '2026-11-21T09:05:00+08:00'],
    ['明天的手术改到下午两点', '2026-11-21T14:00:00+08:00'],
  ]
  const wrong = cases.filter(([text, at]) => until(text) !== at).map(([text, at]) => `${text}: ${until(text)}, not ${at}`)
  assert.deepEqual(wrong, [])
})

void test('leaves numbers alone that only look like dates', () => {
  for (const text of ['3号会议室', '解放路18号', '1号楼停水', '10号线', '尾号8888', '取件码5-1-0327', '早一点到', '注意3点要求', '第3点', '5日内回复', '每周三下午', '周一至周五9点到18点营业', '每天8点', '营业时间9点到21点', '晚点到', '一点意见']) {
    assert.deepEqual(findDates(text, friday).map((m) => text.slice(m.begin, m.end)), [], text)
  }
})

void test('says a day relative to the call, with the date where it helps', () => {
  assert.equal(spoken('明天上午9点在三楼会议室开会'), '明天，也就是11月21日星期六上午9点，在三楼会议室开会')
  assert.equal(spoken('明天上午9点在三楼会议室开会', { called: new Date('2026-11-21T08:00:00+08:00') }), '今天上午9点在三楼会议室开会')
  assert.equal(spoken('下周三开会', { called: new Date('2026-11-23T10:00:00+08:00') }), '后天，也就是11月25日星期三，开会')
  assert.equal(spoken('下周三开会'), '11月25日星期三开会')
  assert.equal(spoken('请25日前缴纳'), '请11月25日星期三前缴纳')
  assert.equal(spoken('请明天前缴纳'), '请明天11月21日星期六前缴纳')
  assert.equal(spoken('12月1日的年会'), '12月1日星期二的年会')
  assert.equal(spoken('明年1月5日体检'), '明年1月5日星期二体检')
  assert.equal(spoken('半小时后到'), '今天上午10点30分到')
  assert.equal(spoken('明天上午9点开会', { brief: true }), '明天上午9点开会')
  assert.equal(spoken('下周一至周三停水'), '11月23日星期一到11月25日星期三停水')
})

void test('says a month by its name once the month has changed', () => {
  assert.equal(spoken('本月物业费'), '本月物业费')
  assert.equal(spoken('本月物业费', { called: new Date('2026-12-01T10:00:00+08:00') }), '11月物业费')
})

void test('gives a clock the day that was named before it', () => {
  const [day, clock] = findDates('明天开会。上午9点开始', friday)
  assert.equal(clock!.firstDay, day!.firstDay)
  assert.equal(spoken('明天开会。上午9点开始'), '明天，也就是11月21日星期六，开会。上午9点开始')
})

void test('takes a lone morning hour for tomorrow in the evening only', () => {
  const evening = new Date('2026-11-20T21:00:00+08:00')
  assert.equal(until('早上8点开会', evening), '2026-11-21T08:00:00+08:00')
  assert.equal(until('早上8点开会', friday), '2026-11-20T08:00:00+08:00')
})

void test('does not expire on open-ended, vague or past-tense dates', () => {
  assert.equal(until('明天起停水'), undefined)
  assert.equal(until('本月物业费'), undefined)
  assert.equal(until('您9月1日购买的商品已到货'), undefined)
  assert.equal(until('您昨天的订单'), undefined)
  assert.equal(until('快递到了'), undefined)
})

void test('reads the day in China, whatever the zone of the machine', () => {
  const lateInChina = new Date('2026-11-20T16:30:00Z') // already the 21st
  assert.equal(until('明天上午9点', lateInChina), '2026-11-22T09:00:00+08:00')
})

void test('refuses days that do not exist and limits how many it finds', () => {
  assert.deepEqual(findDates('2月30日开会', friday), [])
  assert.ok(findDates('明天'.repeat(500), friday).length <= 40)
})
