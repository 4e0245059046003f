// Checks when a turn is over, word by word. Does not touch audio.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completenessOf, endpointingDefaults, isTurnOver, type Completeness } from './endpointing.ts'

const phrases: Record<Completeness, string[]> = {
  complete: [
    '好的', '好', '嗯', '可以', '对', '是我', '我就是', '对我就是', '不用了', '我不需要', '没兴趣', '你是谁', '您贵姓', '你是哪里的', '多少钱', '什么时候', '你是机器人吗', '我知道了',
    '明天再打', '他不在', '我在开会', '我想想', '谢谢', '再见', '喂你好啊', '要不要', '好的，谢谢。', '不知道', '幺三八零零幺三八零零零', '13800138000', '110101199001011237', '11010119900101123X', 'Yes.', 'ok bye', '没有',
  ],
  neutral: ['我姓王', '明天下午三点', '王丽华', '在人民路', '我叫王小明', '三点半', '我换人', '合同', '没收到', 'tomorrow', '两'],
  incomplete: [
    '然后', '我想', '我的号码是', '但是', '就是', '明天上午的话', '我跟', '因为', '那个', '我叫', '那', '我现在在', '你把', '好的但是', '嗯我想一下嗯', '如果', '你能不能给', 'my name is', '我要',
  ],
  digits: ['一三八', '幺三八零零', '我的号码是幺三八', '138001380', '一三八，零零一三', '身份证一一零一零一一九九零', '零二一五'],
  none: ['', '  ', '。', '……'],
}

for (const [completeness, texts] of Object.entries(phrases)) {
  for (const text of texts) {
    test(`"${text}" is ${completeness}`, () => assert.equal(completenessOf(text), completeness))
  }
}

test('when the robot asked for a number its length is known', () => {
  assert.equal(completenessOf('一二三四', 4), 'complete')
  assert.equal(completenessOf('一二', 4), 'digits')
  assert.equal(completenessOf('一二三四五六七八九零一', 18), 'digits')
  assert.equal(completenessOf('我不想说', 4), 'neutral')
})

for (const [completeness, silenceMs] of Object.entries(endpointingDefaults.silenceMs) as [Completeness, number][]) {
  test(`a ${completeness} turn is over after ${silenceMs} ms of silence, not before`, () => {
    for (const partial of phrases[completeness]) {
      assert.equal(isTurnOver({ silenceMs: silenceMs - 1, partial, partialStableMs: 5000 }), false)
      assert.equal(isTurnOver({ silenceMs, partial, partialStableMs: 5000 }), true)
    }
  })
}

test('words that still change keep the turn open', () => {
  assert.equal(isTurnOver({ silenceMs: 600, partial: '好的', partialStableMs: 199 }), false)
  assert.equal(isTurnOver({ silenceMs: 600, partial: '好的', partialStableMs: 200 }), true)
})

test('after 2.5 s every turn is over, whatever its words', () => {
  for (const partial of Object.values(phrases).flat()) {
    assert.equal(isTurnOver({ silenceMs: 2500, partial, partialStableMs: 0 }), true)
    assert.equal(isTurnOver({ silenceMs: 2499, partial, partialStableMs: 0 }), completenessOf(partial) === 'none')
  }
})

test('while somebody speaks no turn is over', () => {
  for (const partial of Object.values(phrases).flat()) assert.equal(isTurnOver({ silenceMs: 0, partial, partialStableMs: 5000 }), false)
})

test('the defaults agree with one another', () => {
  const { silenceMs, silenceMsMax, partialStableMsMin } = endpointingDefaults
  assert.ok(Math.max(...Object.values(silenceMs)) < silenceMsMax)
  assert.ok(partialStableMsMin < silenceMs.complete)
  assert.ok(silenceMs.complete < silenceMs.neutral && silenceMs.neutral < silenceMs.none && silenceMs.none < silenceMs.incomplete && silenceMs.incomplete < silenceMs.digits)
})
