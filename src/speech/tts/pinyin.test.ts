import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toSpeechUnits } from './pinyin.ts'

/** Syllables and words in one line, pauses as "|". */
function read(spoken: string): string {
  return toSpeechUnits(spoken)
    .map((unit) => (unit.type === 'syllable' ? unit.pinyin : unit.type === 'word' ? `<${unit.english}>` : '|'))
    .join(' ')
}

void test('reads characters with tones, tone sandhi of 一 and 不 included', () => {
  assert.equal(read('您好，不是一个'), 'nin2 hao3 | bu2 shi4 yi2 ge4')
  assert.equal(read('幺三八零'), 'yao1 san1 ba1 ling2')
  assert.equal(read('绿色旅行'), 'lv4 se4 lv3 xing2')
})

void test('reads characters with several readings by their word', () => {
  for (const [text, pinyin] of [
    ['重庆银行', 'chong2 qing4 yin2 hang2'], ['还款', 'huan2 kuan3'], ['还有', 'hai2 you3'], ['行长', 'hang2 zhang3'], ['睡觉', 'shui4 jiao4'], ['会计', 'kuai4 ji4'], ['六安', 'lu4 an1'], ['挂号费', 'gua4 hao4 fei4'], ['率先', 'shuai4 xian1'], ['利率', 'li4 lv4'], ['没空', 'mei2 kong4'], ['空号', 'kong1 hao4'], ['重新', 'chong2 xin1'], ['重要', 'zhong4 yao4'], ['便宜', 'pian2 yi5'], ['嗯', 'en4'],
  ] as const) assert.equal(read(text), pinyin, text)
})

void test('reads a surname as a surname where a name stands', () => {
  for (const [text, first] of [
    ['单先生您好', 'shan4'], ['曾总', 'zeng1'], ['任志强先生', 'ren2'], ['区女士', 'ou1'], ['解老师', 'xie4'], ['查经理', 'zha1'], ['盖医生', 'ge3'], ['仇先生', 'qiu2'], ['朴小姐', 'piao2'], ['尉迟先生', 'yu4 chi2'], ['万俟女士', 'mo4 qi2'], ['令狐冲', 'ling2 hu2'],
  ] as const) assert.ok(read(text).startsWith(first), `${text}: ${read(text)}`)
  assert.match(read('我姓曾'), /xing4 zeng1$/)
  assert.match(read('请问是曾伟先生吗'), /zeng1 wei3/)
  assert.match(read('通知任伟，明天开会'), /ren2 wei3/)
  assert.match(read('您好，请问是单经理吗'), /shan4 jing1 li3/)
  assert.match(read('通知仇丽明天来'), /qiu2 li4/)
})

void test('reads the same characters as words elsewhere', () => {
  for (const [text, reading] of [
    ['曾经来过', 'ceng2 jing1'], ['任务完成', 'ren4 wu'], ['请查收', 'qing3 cha2'], ['通知单位领导', 'dan1 wei4'], ['小区门口', 'xiao3 qu1'], ['解决问题', 'jie3 jue2'], ['请盖章', 'gai4 zhang1'], ['单独联系', 'dan1 du2'], ['主任您好', 'zhu3 ren4'], ['责任', 'ze2 ren4'], ['报仇', 'bao4 chou2'], ['那先这样', 'na4'],
  ] as const) assert.ok(read(text).includes(reading), `${text}: ${read(text)}`)
})

void test('spells short capitals and single letters, and leaves words to the English voice', () => {
  assert.equal(read('AI'), 'ei1 ai4')
  assert.equal(read('A座'), 'ei1 zuo4')
  assert.equal(read('G幺零二'), 'ji4 yao1 ling2 er4')
  assert.equal(read('发个email给我'), 'fa1 ge4 <email> gei3 wo3')
  assert.equal(read('EXCEL'), '<excel>')
  assert.equal(read('XBGHT'), 'ai2 ke5 si5 bi4 ji4 ei1 chi5 ti4')
  assert.equal(read('OK'), 'ou1 kai4')
  assert.equal(read("let's go"), "<let's> <go>")
})

void test('pauses at marks, longer at the end of a sentence, never at the edges', () => {
  const pauses = toSpeechUnits('，好，好。好、好！').flatMap((unit) => (unit.type === 'pause' ? [unit.ms] : []))
  assert.equal(pauses.length, 3)
  assert.ok(pauses[1]! > pauses[0]! && pauses[0]! > pauses[2]!)
  assert.deepEqual(toSpeechUnits('。，！'), [])
  assert.equal(read('好。，！好'), 'hao3 | hao3')
})

void test('reads digits that are left one by one and skips what has no sound', () => {
  assert.equal(read('3号😊①〇'), 'san1 hao4 ling2')
  assert.equal(read(''), '')
})

void test('gives every character a syllable that has one tone digit and no ü', () => {
  let text = ''
  for (let code = 0x4e00; code <= 0x9fa5; code += 7) text += String.fromCodePoint(code)
  for (const unit of toSpeechUnits(text)) assert.ok(unit.type !== 'syllable' || /^[a-z]+[1-5]$/.test(unit.pinyin), JSON.stringify(unit))
})
