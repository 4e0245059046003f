import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goldenWritings, keptWritings } from './golden-writings.test-data.ts'
import { toSpoken } from './to-spoken.ts'
import { toWritten } from './to-written.ts'

for (const [kind, pairs] of Object.entries(goldenWritings)) {
  void test(`writes ${kind} with digits where a person would`, () => {
    for (const [spoken, written] of pairs) assert.equal(toWritten(spoken), written, spoken)
  })
}

void test('leaves names, idioms, holidays and rough counts alone', () => {
  for (const text of keptWritings) assert.equal(toWritten(text), text)
})

void test('changes nothing when its own output is written again', () => {
  for (const pairs of Object.values(goldenWritings)) for (const [, written] of pairs) assert.equal(toWritten(written), written)
})

void test('keeps what is written already, marks and letters included', () => {
  for (const text of ['', '喂？', '好的，谢谢。', '3点半', 'AI', 'abc 123', '13800138000', '😊']) assert.equal(toWritten(text), text)
})

void test('writes the numbers of a whole answer in their places', () => {
  assert.equal(
    toWritten('嗯，我下午三点半到，车牌浙A幺二三四五，电话一三九零零零零一二三四，大概两三个人，预算三万五，张三和李四也来'),
    '嗯，我下午3点半到，车牌浙A12345，电话13900001234，大概两三个人，预算35000，张三和李四也来',
  )
})

void test('joins a phone number that is said haltingly', () => {
  for (const spoken of ['幺三八，零零幺三，八零零零', '幺三八零零 幺三八零零零', '一三八、零零一、三八零、零零', '幺 三 八 零 零 幺 三 八 零 零 零']) assert.equal(toWritten(spoken), '13800138000', spoken)
})

/** The same numbers in every run. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

function roundTrips(name: string, make: (random: (below: number) => number) => string): void {
  void test(`writes back what it says: ${name}`, () => {
    const random = seededRandom(20_261_121)
    for (let round = 0; round < 2_000; round += 1) {
      const text = make(random)
      assert.equal(toWritten(toSpoken(text)), text, toSpoken(text))
    }
  })
}

const digits = (random: (below: number) => number, count: number): string => Array.from({ length: count }, () => random(10)).join('')
const amount = (random: (below: number) => number): number => 10 + Math.floor(10 ** (random(12_000) / 1_000))

roundTrips('small numbers', (random) => String(random(1_000_000)))
roundTrips('counts', (random) => `${amount(random)}个`)
roundTrips('decimals', (random) => `${random(1_000)}.${1 + random(999)}`)
roundTrips('negative numbers', (random) => `-${1 + random(1_000)}`)
roundTrips('years, months and days', (random) => `${1_990 + random(60)}年${1 + random(12)}月${1 + random(28)}日`)
roundTrips('months and days', (random) => `${1 + random(12)}月${1 + random(28)}${random(2) ? '日' : '号'}`)
roundTrips('mobile phones', (random) => `1${3 + random(7)}${digits(random, 9)}`)
roundTrips('fixed lines', (random) => `${['010', '021', '0571', '0755'][random(4)]}-${2 + random(7)}${digits(random, 7)}`)
roundTrips('fixed lines with seven digits', (random) => `0${3 + random(6)}${1 + random(9)}${1 + random(9)}-${2 + random(7)}${digits(random, 6)}`)
roundTrips('extensions', (random) => `010-${2 + random(7)}${digits(random, 7)}转${1 + random(9)}${digits(random, 2)}`)
roundTrips('400 numbers', (random) => `400-${digits(random, 3)}-${digits(random, 4)}`)
roundTrips('service numbers', (random) => `95${digits(random, 3)}`)
roundTrips('identity cards', (random) => `${1 + random(6)}${digits(random, 5)}19${digits(random, 2)}0${1 + random(9)}${10 + random(19)}${digits(random, 4)}`)
roundTrips('whole yuan', (random) => `${amount(random)}元`)
roundTrips('yuan with jiao and fen', (random) => `${amount(random)}.${10 + random(90)}元`)
roundTrips('yuan with fen', (random) => `${amount(random)}.0${1 + random(9)}元`)
roundTrips('ten thousands', (random) => `${1 + random(99)}.${1 + random(9)}万元`)
roundTrips('percent', (random) => `${random(101)}${random(2) ? `.${1 + random(9)}` : ''}%`)
roundTrips('rooms', (random) => `${1 + random(9)}${digits(random, 2)}室`)
roundTrips('buildings', (random) => `${1 + random(30)}栋${1 + random(9)}单元${1 + random(9)}0${1 + random(9)}室`)
roundTrips('half hours', (random) => `下午${1 + random(11)}点半`)
roundTrips('minutes', (random) => `上午${1 + random(11)}点${String(1 + random(59)).padStart(2, '0')}分`)

const letter = (random: (below: number) => number): string => 'ABCDEFGHJKLMNPQRSTUVWXYZ'[random(24)]!
roundTrips('part of the day, hour and minutes', (random) => `${['早上', '上午', '下午', '晚上', '凌晨', '明天上午', '周三下午'][random(7)]}${1 + random(12)}点${['', '半', '一刻', '三刻', `${10 + random(50)}分`][random(5)]}`)
roundTrips('ranges of hours', (random) => `上午${6 + random(3)}点到下午${1 + random(6)}点`)
roundTrips('days of a month with their hour', (random) => `${1 + random(12)}月${1 + random(28)}日${random(2) ? '上午' : '下午'}${1 + random(12)}点`)
roundTrips('kuai and mao', (random) => `${1 + random(500)}块${1 + random(9)}`)
roundTrips('hundreds of millions', (random) => `${1 + random(99)}.${1 + random(9)}亿元`)
roundTrips('plates', (random) => `${'京沪浙粤苏川'[random(6)]}${letter(random)}${digits(random, 5)}`)
roundTrips('plates of electric cars', (random) => `${'京沪浙粤苏川'[random(6)]}${letter(random)}D${digits(random, 5)}`)
roundTrips('flights', (random) => `${['CA', 'MU', 'CZ', 'HU', 'ZH'][random(5)]}${1 + random(9)}${digits(random, 3)}`)
roundTrips('trains', (random) => `${'GDCZTK'[random(6)]}${1 + random(9)}${digits(random, 3)}次`)
roundTrips('identity cards that end in X', (random) => `${1 + random(6)}${digits(random, 5)}19${digits(random, 2)}0${1 + random(9)}${10 + random(19)}${digits(random, 3)}X`)
roundTrips('bank cards', (random) => `62${digits(random, 14)}`)
roundTrips('codes', (random) => `验证码${digits(random, 6)}`)
roundTrips('fractions', (random) => `${13 + random(9)}/${32 + random(60)}的用户`)
roundTrips('temperatures', (random) => `${random(2) ? '零下' : ''}${10 + random(30)}度`)
roundTrips('distances and weights', (random) => `${10 + random(500)}${['公里', '公斤', '米', '平方米', '小时', '分钟'][random(6)]}`)
roundTrips('mail addresses', (random) => `${['zhang', 'li', 'wang', 'service'][random(4)]}${digits(random, 3)}@${['163', '126', 'qq', 'example'][random(4)]}.com`.replace('@qq', '@QQ'))

void test('takes time in proportion to the length of a text, whatever it holds', () => {
  const nasty = ['1', '1-', '1.', '1,', '1/', 'a', 'a1', '(', '[', '**', '_a', ' ', '1:', '第', '零', '零，', '一', '十', '点', '分之', '百分之', 'a@', 'a.', 'http://', '¥', '-', '幺，', '年', '一点', '①', '<b', '```', '| -']
  const started = process.cpuUsage()
  for (const piece of nasty) {
    const text = piece.repeat(Math.ceil(20_000 / piece.length))
    toSpoken(text)
    toWritten(text)
  }
  const { user, system } = process.cpuUsage(started)
  // A rule that looks at the whole text from each of its places needs minutes.
  assert.ok((user + system) / 1e6 < 20, `${(user + system) / 1e6} s`)
})
