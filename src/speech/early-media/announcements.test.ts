import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { announcementStatuses, announcementTable } from './announcement-table.ts'
import { announcementWords, verdictOf } from './announcements.ts'
import { labelledSentences } from './labelled-sentences.test-data.ts'

void describe('announcements', () => {
  for (const [status, sentences] of Object.entries(labelledSentences)) {
    for (const sentence of sentences) void test(`"${sentence}" is ${status}`, () => assert.equal(verdictOf(sentence).status, status))
  }

  void test('are the same without punctuation, with blanks, and in full-width or capital letters', () => {
    assert.equal(verdictOf('您 好 您拨打的 电话 已 关机').status, 'powered-off')
    assert.equal(verdictOf('ＳＯＲＲＹ, THE SUBSCRIBER YOU DIALED IS POWERED OFF.').status, 'powered-off')
  })

  const slips: readonly (readonly [string, string])[] = [
    ['您好您拨打的电话已官机请稍后再拨', 'powered-off'],
    ['您好您拨打的电话已听机', 'suspended'],
    ['您播打的电话已庭机', 'suspended'],
    ['您拨打的号码是空好', 'vacant-number'],
    ['您拨打的号码是控号请核对后再拨', 'vacant-number'],
    ['您拨打的电话正在同话中', 'busy'],
    ['您的电话正在传接中请稍后', 'transferring'],
    ['您拨打的用户不再服务曲', 'unreachable'],
    ['您拨打的电话暂时五人接听', 'no-answer'],
    ['您拨打的用户已设置胡入限制', 'barred-incoming'],
    ['您拨打的用户暂时无法接听请在滴声后流言', 'voicemail'],
  ]
  for (const [heard, status] of slips) void test(`"${heard}" is read by its sound: ${status}`, () => assert.equal(verdictOf(heard).status, status))

  void test('that end a call are certain, those that go on or lead elsewhere are not', () => {
    assert.equal(verdictOf('您拨打的电话已关机').certain, true)
    for (const status of ['voicemail', 'call-waiting', 'transferring', 'recording-notice', 'ivr', 'number-changed', 'forwarded-to-assistant'] as const) {
      for (const sentence of labelledSentences[status]) assert.equal(verdictOf(sentence).certain, false, sentence)
    }
  })

  void test('name the words that decided', () => {
    assert.deepEqual(verdictOf('您拨打的电话已关机').evidence, ['您拨打的', '关机'])
  })

  void test('are told whose account is empty by their subject', () => {
    assert.equal(verdictOf('您拨打的用户已欠费停机').status, 'suspended')
    assert.equal(verdictOf('您的电话已欠费停机').status, 'caller-arrears')
  })

  void test('say what was said before the English version and the next round as well', () => {
    assert.equal(verdictOf('您拨打的电话暂时无法接通请稍后再拨sorry the subscriber you dialed can not be connected您拨打的电话暂时无').status, 'unreachable')
  })

  void test('need a subject: songs and small talk of a colour ring are nothing', () => {
    for (const sung of ['就算世界关机我也等你', '占线占线你的心总是占线', '我们的爱停机在那年夏天', '无法接通的想念', '欢迎致电小王的手机祝您生活愉快', '', '。。。'])
      assert.equal(verdictOf(sung).certain, false, sung)
  })

  void test('about routes and digits, which name nobody, are believed in short texts only', () => {
    assert.equal(verdictOf('对不起，线路忙，请稍后再拨').certain, true)
    assert.equal(verdictOf('对不起您拨打的号码有误请查证后再拨sorry the number you dialed is wrong please check it').status, 'wrong-format')
    assert.equal(verdictOf('示例商城全场五折欢迎选购客服系统忙的时候请不要着急先听首歌吧请稍后我们马上就来').certain, false)
    assert.equal(verdictOf('亲爱的会员您的快递已经发出请核对订单号码和收货地址祝您购物愉快生活开心每一天').certain, false)
  })

  void test('are not heard in words that merely sound like a short cue', () => {
    for (const sung of ['我在等待街灯亮起', '听说你已经结婚了', '随波逐流岩石上的花']) assert.equal(verdictOf(sung).status, 'unknown', sung)
  })

  void test('of any length and content are read without error', () => {
    assert.equal(verdictOf('啊'.repeat(100_000)).status, 'unknown')
    assert.equal(verdictOf('\ud800 +|#= $&').status, 'unknown')
  })

  void test('have a row each, and give recognisers their Chinese words', () => {
    assert.deepEqual(Object.keys(announcementTable), [...announcementStatuses])
    assert.ok(announcementWords.includes('关机') && announcementWords.length < 500)
    for (const word of announcementWords) assert.match(word, /^[\u4e00-\u9fff]{2,12}$/)
  })
})
