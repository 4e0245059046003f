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

  const bilingual: readonly (readonly [string, string])[] = [
    ['对不起，您拨打的用户已关机，请稍后再拨。 Sorry, the subscriber you dialed is powered off, please redial later.', 'powered-off'],
    ['您好，您拨打的号码是空号，请核对后再拨。 Sorry, the number you dialed does not exist, please check it and dial later.', 'vacant-number'],
    ['对不起，您拨打的电话已停机。 Sorry, the subscriber you dialed is out of service.', 'suspended'],
    ['对不起，您拨打的用户正在通话中，请稍后再拨。 Sorry, the subscriber you dialed is busy now, please redial later.', 'busy'],
    ['对不起，您拨打的用户暂时无法接通，请稍后再拨。 Sorry, the subscriber you dialed can not be connected for the moment, please redial later.', 'unreachable'],
    ['对不起，您拨打的电话暂时无人接听，请稍后再拨。 Sorry, there is no answer from the subscriber you dialed, please redial later.', 'no-answer'],
    ['您拨打的用户已启用呼入限制。 Sorry, the subscriber you dialed has incoming calls barred.', 'barred-incoming'],
    ['您的电话已欠费停机，请充值。 Sorry, your account balance is not enough.', 'caller-arrears'],
    ['您拨打的号码已改号。 Sorry, the number you dialed has been changed.', 'number-changed'],
    ['网络忙，请稍后再拨。 Sorry, the network is busy now, all circuits are in use.', 'network-busy'],
    ['您拨打的用户暂时无法接听，请在提示音后留言。 Please leave a message after the tone.', 'voicemail'],
  ]
  for (const [sentence, status] of bilingual) {
    void test(`in two languages and three rounds, joined anywhere, are ${status}: ${sentence.slice(0, 16)}…`, () => {
      assert.equal(verdictOf(sentence).status, status)
      assert.equal(verdictOf(sentence.slice(sentence.indexOf('。') + 1)).status === 'unknown', status === 'caller-arrears', 'the English half says it as well')
      const rounds = `${sentence} `.repeat(3)
      for (const cut of [0, 5, 11, sentence.length - 8]) assert.equal(verdictOf(rounds.slice(cut)).status, status, rounds.slice(cut, cut + 20))
    })
  }

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
