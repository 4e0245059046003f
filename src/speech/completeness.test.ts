// Checks how finished words sound. Does not touch audio or time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareWords, type Completeness, completenessOf } from './completeness.ts'

const phrases: Record<Exclude<Completeness, 'expected'>, string[]> = {
  complete: [
    '好的', '好', '嗯', '可以', '对', '是我', '我就是', '对我就是', '不用了', '我不需要', '没兴趣', '你是谁', '您贵姓', '你是哪里的', '多少钱', '什么时候', '你是机器人吗', '我知道了',
    '明天再打', '他不在', '我在开会', '我想想', '谢谢', '再见', '喂你好啊', '要不要', '好的，谢谢。', '不知道', '幺三八零零幺三八零零零', '13800138000', '110101199001011237', '11010119900101123X', 'Yes.', 'ok bye', '没有',
    '要三八零零要三八零零零', '零一零六二七五八八八八', '四零零八一零一二三四', '身份证号一一零一零一一九九零零一零一一二三七', '尾号五六七八', '验证码是三五七九二一', '再说一遍', '你等一下', '三点吧', '一三五吧', '他去北京了', '是这样啊',
  ],
  neutral: ['我姓王', '明天下午三点', '王丽华', '在人民路', '我叫王小明', '三点半', '我换人', '合同', '没收到', 'tomorrow', '两', '我要八'],
  incomplete: [
    '然后', '我想', '我的号码是', '但是', '就是', '明天上午的话', '我跟', '因为', '那个', '我叫', '那', '我现在在', '你把', '好的但是', '嗯我想一下嗯', '如果', '你能不能给', 'my name is', '我要',
    '那个就是说', '可以，不过', '等我看看一下我看一下', '手机号', 'it was because', 'and um', '我明天都', '下班之后', '身份证号是', '你记一下', '验证码是',
  ],
  digits: ['一三八', '幺三八零零', '我的号码是幺三八', '138001380', '一三八，零零一三', '身份证一一零一零一一九九零', '零二一五', '身份证幺三零一零二一九九零零', '尾号五六七', '138 0013', '四零零八一零', '电话是幺三五六三七一吧', '幺三五六三七一吧而'],
  none: ['', '  ', '。', '……'],
}

for (const [completeness, texts] of Object.entries(phrases)) {
  for (const text of texts) {
    test(`"${text}" is ${completeness}`, () => assert.equal(completenessOf(text), completeness))
  }
}

test('when the robot asked for a number its length is known', () => {
  assert.equal(completenessOf('一二三四', { digitsExpected: 4 }), 'complete')
  assert.equal(completenessOf('一二', { digitsExpected: 4 }), 'digits')
  assert.equal(completenessOf('一二三四五六七八九零一', { digitsExpected: 18 }), 'digits')
  assert.equal(completenessOf('我不想说', { digitsExpected: 4 }), 'neutral')
})

void test('an answer that the robot expects is whole, alone or put together', () => {
  const expected = new Set(['没听清', '再说一遍', '没收到', '我叫王小明', '我想', '不需要'].map(bareWords))
  for (const text of ['没听清', '没听清，再说一遍', '没收到', '对，我是', '好的，没收到。', '嗯不需要', '是我你说']) assert.equal(completenessOf(text, { phrases: expected }), 'expected', text)
  assert.equal(completenessOf('没收到但是', { phrases: expected }), 'incomplete')
  assert.equal(completenessOf('没听', { phrases: expected }), 'neutral')
  assert.equal(completenessOf('我想', { phrases: expected }), 'incomplete', 'nobody is done with a word that wants another')
  assert.equal(completenessOf('幺三八', { phrases: new Set(['幺三八']) }), 'digits', 'a number that goes on stays one')
})

void test('a drawn-out 嗯 looks for words, a short one says yes', () => {
  assert.equal(completenessOf('嗯', { voicedMs: 300 }), 'complete')
  assert.equal(completenessOf('嗯', { voicedMs: 600 }), 'incomplete')
  assert.equal(completenessOf('嗯那个', { voicedMs: 700 }), 'incomplete')
  assert.equal(completenessOf('嗯嗯', { voicedMs: 600 }), 'complete', 'twice yes')
  assert.equal(completenessOf('好', { voicedMs: 600 }), 'complete', 'nobody hesitates with 好')
  assert.equal(completenessOf('嗯', { voicedMs: 600, phrases: new Set(['嗯']) }), 'incomplete')
})

void test('a number that is told grows from unfinished to whole, whatever the groups', () => {
  for (const [number, name] of [['13800138000', '我的号码是'], ['01062758888', ''], ['4008101234', '打'], ['110101199001011237', '身份证号是']] as const) {
    for (let length = 3; length <= number.length; length++) {
      for (const said of [number.slice(0, length), number.slice(0, length).replace(/(\d{3})(?=\d)/g, '$1，'), number.slice(0, length).replace(/\d/g, (digit) => '零幺二三四五六七八九'[Number(digit)]!)]) {
        assert.equal(completenessOf(name + said), length === number.length ? 'complete' : 'digits', name + said)
      }
    }
  }
})

void test('marks and case change nothing', () => {
  for (const text of Object.values(phrases).flat()) {
    for (const marked of [`${text}。`, `${text}，`, ` ${text} `, text.toUpperCase()]) assert.equal(completenessOf(marked), completenessOf(text), marked)
  }
})
