import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toSpoken } from './to-spoken.ts'
import { toWritten } from './to-written.ts'

const golden: readonly (readonly [spoken: string, written: string])[] = [
  ['幺三八零零幺三八零零零', '13800138000'],
  ['幺三八，零零幺三，八零零零', '13800138000'],
  ['我的电话是一三九零零零零一二三四', '我的电话是13900001234'],
  ['零幺零，六二三四，五六七八，转八零幺', '010-62345678转801'],
  ['四零零，八幺零，八八八八', '400-810-8888'],
  ['九五五八八', '95588'],
  ['三点半', '3点半'],
  ['下午三点半', '下午3点半'],
  ['明天下午两点零五分', '明天下午2点05分'],
  ['上午九点十五', '上午9点15'],
  ['九点二十', '9点20'],
  ['三点零五', '3.05'],
  ['百分之五', '5%'],
  ['百分之三点五', '3.5%'],
  ['百分之百', '100%'],
  ['两百三十元', '230元'],
  ['一千二百八十元五角', '1280.50元'],
  ['一千二百八十元零五分', '1280.05元'],
  ['三万五', '35000'],
  ['三点五万元', '3.5万元'],
  ['三块五', '3块5'],
  ['十五块', '15块'],
  ['张三月薪一万', '张三月薪10000'],
  ['十分钟', '10分钟'],
  ['二零二六年十一月二十一日', '2026年11月21日'],
  ['十一月二十一号', '11月21号'],
  ['五号', '5号'],
  ['三月', '3月'],
  ['周五下午三点', '周五下午3点'],
  ['第十二', '第12'],
  ['三分之二', '2/3'],
  ['五零二室', '502室'],
  ['A座幺二零三', 'A座1203'],
  ['三栋二单元五零一', '3栋2单元501'],
  ['三楼', '3楼'],
  ['三楼会议室', '3楼会议室'],
  ['二十多', '20多'],
  ['十一点', '11点'],
  ['十一点半', '11点半'],
  ['二十五', '25'],
  ['一百二十', '120'],
  ['三点一四', '3.14'],
  ['零点五', '0.5'],
  ['负五', '-5'],
  ['零下五度', '零下5度'],
  ['一号', '1号'],
  ['一小时', '1小时'],
  ['二十四小时', '24小时'],
  ['十', '10'],
  ['五', '5'],
  ['一二三', '123'],
  ['三百五十', '350'],
  ['一百五', '150'],
  ['十二个月', '12个月'],
  ['三十分钟', '30分钟'],
  ['我今年三十五岁', '我今年35岁'],
  ['一三八，零零一三，八零零零', '13800138000'],
  ['尾号八零零零', '尾号8000'],
  ['十一月', '11月'],
  ['两点', '2点'],
  ['下午一点', '下午1点'],
  ['一点半', '1点半'],
  ['十点左右', '10点左右'],
  ['十个', '10个'],
  ['晚上十二点', '晚上12点'],
  ['六点见', '6点见'],
  ['四十四岁', '44岁'],
  ['二十世纪', '20世纪'],
  ['一万两千三百四十五', '12345'],
  ['千分之三', '3‰'],
  ['三万', '30000'],
  ['李四说一万二', '李四说12000'],
  ['二零二六', '2026'],
  ['三百六十五天', '365天'],
  ['幺二三四五', '12345'],
  ['浙A，幺二三四五', '浙A，12345'],
]

void test('writes spoken numbers as digits where a person would', () => {
  for (const [spoken, written] of golden) assert.equal(toWritten(spoken), written, spoken)
})

const untouched = [
  '张三',
  '四川',
  '一下',
  '一点儿',
  '便宜一点',
  '早一点',
  '三亚',
  '万一',
  '十分',
  '十分满意',
  '星期三',
  '第一',
  '两个人',
  '三四十个',
  '两三天',
  '十几个',
  '几十万',
  '五一放假',
  '十一放假',
  '双十一',
  '有三点要求',
  '十字路口',
  '三个月',
  '第三',
  '差一点',
  '三五天',
  '一百二三十',
  '王五不在', '我一直在等', '三明市', '九江路', '他说了一万个放心', '千万别忘了', '四五个人', '一共三四百块', '十来天', '好几百', '上千人', '一五一十地说', '乱七八糟', '星期一', '礼拜天', '统一安排', '一块儿去', '第一次', '第三个', '六一节', '三八妇女节', '五一一起去', '等我一下', '一月一次', '多了一点', '有一点贵',
]

void test('leaves names, idioms, holidays and rough counts alone', () => {
  for (const text of untouched) assert.equal(toWritten(text), text)
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
