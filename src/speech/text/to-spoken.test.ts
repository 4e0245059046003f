import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goldenReadings } from './golden-readings.test-data.ts'
import { toSpoken } from './to-spoken.ts'

for (const [kind, pairs] of Object.entries(goldenReadings)) {
  void test(`says ${kind} as a person would`, () => {
    for (const [written, spoken] of pairs) assert.equal(toSpoken(written), spoken, written)
  })
}

void test('leaves nothing that only the eye can read', () => {
  for (const pairs of Object.values(goldenReadings)) {
    for (const [written] of pairs) assert.doesNotMatch(toSpoken(written), /[0-9@#*_~`<>[\]{}|\\^%$¥€:/]/, written)
  }
})

void test('changes nothing when its own output is read again', () => {
  for (const pairs of Object.values(goldenReadings)) {
    for (const [, spoken] of pairs) assert.equal(toSpoken(spoken), spoken)
  }
})

void test('reads every number of a whole notice in its place', () => {
  const notice = '张伟经理您好：请于2026-11-21 14:05到A座3楼302室参加季度例会，每人带2份报表（约20页），停车费5元/小时。联系人李娜，电话010-62345678转801。'
  assert.equal(
    toSpoken(notice),
    '张伟经理您好，请于二零二六年十一月二十一日下午两点零五分到A座三楼三零二室参加季度例会，每人带两份报表，约二十页，停车费每小时五元。联系人李娜，电话零幺零，六二三四，五六七八，转八零幺。',
  )
})

void test('does not speak links, code, tables or HTML', () => {
  assert.equal(toSpoken('详情见 https://example.com/path?a=1&b=2，谢谢'), '详情见，谢谢')
  assert.equal(toSpoken('[点这里](https://example.com/a_(b))查看'), '点这里查看')
  assert.equal(toSpoken('![图](a.png)你好'), '你好')
  assert.equal(toSpoken('运行：\n```sh\nrm -rf /\n```\n即可'), '运行，即可')
  assert.equal(toSpoken('<b>重要</b>&nbsp;通知<br/>'), '重要通知')
  assert.equal(toSpoken('| 姓名 | 时间 |\n|---|---|\n| 张伟 | 9:00 |'), '姓名，时间。张伟，上午九点')
})

void test('says nothing for text without words', () => {
  for (const text of ['', '   ', '😊👍', 'https://example.com/a?b=1', '。。。', '\n\n', '**', '（）']) assert.equal(toSpoken(text).replace(/[。，]/g, ''), '', JSON.stringify(text))
})

void test('reads full-width digits and signs like narrow ones', () => {
  assert.equal(toSpoken('电话１３８００１３８０００'), toSpoken('电话13800138000'))
  assert.equal(toSpoken('下午１４：０５，折扣２０％'), '下午两点零五分，折扣百分之二十')
})

void test('does not take a long amount for a phone number', () => {
  assert.equal(toSpoken('13800138000元'), '一百三十八亿零一十三万八千元')
  assert.equal(toSpoken('4008108888元'), '四十亿零八百一十万八千八百八十八元')
})

void test('reads more digits than a number can have one by one', () => {
  assert.equal(toSpoken('12345678901234567个'), '幺二三四五六七八九零幺二三四五六七个')
})

void test('survives any characters in any order', () => {
  const alphabet = '0123456789-:/.,%¥$年月日点号室个元℃kgA座第周转 \n#*_[](){}“”（）😊到至万亿第x@~—\u0000\u200b'
  let seed = 7
  for (let round = 0; round < 3_000; round += 1) {
    let text = ''
    for (let i = 0; i < 24; i += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      text += Array.from(alphabet)[seed % Array.from(alphabet).length]
    }
    assert.doesNotMatch(toSpoken(text), /[0-9]/, JSON.stringify(text))
  }
})
