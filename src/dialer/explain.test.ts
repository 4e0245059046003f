import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endDetails, outcomes, wasAnswered, type EndReason } from '../call/end-reason.ts'
import { codeTable } from '../call/outcome-table.ts'
import type { CallEvent, CallEventRow } from '../events.ts'
import type { CallRecord } from './call-service.ts'
import { progressTones } from '../speech/early-media/tones.ts'
import { announcementStatuses } from '../speech/early-media/announcement-table.ts'
import { adviceOn } from './explain-advice.ts'
import { announcedWords, detailWords, ruleWords, toneWords } from './explain-words.ts'
import { explain, explanationText, outcomeText } from './explain.ts'

const startMs = Date.parse('2026-11-20T14:05:00+08:00')

const record: CallRecord = {
  id: 'call_1',
  phone: '+8613800138000',
  phoneAsGiven: '13800138000',
  userRequirement: '通知张总明天上午9点开会',
  status: 'ended',
  waitingFor: undefined,
  createdAt: new Date(startMs),
  dialingAt: undefined,
  ringingAt: undefined,
  answeredAt: undefined,
  endedAt: undefined,
  reason: undefined,
  conversation: undefined,
  talkMs: undefined,
  billedSec: undefined,
  costLi: undefined,
  summary: undefined,
  slots: undefined,
  recording: undefined,
}

function log(...events: [sinceMs: number, event: CallEvent][]): CallEventRow[] {
  return events.map(([sinceMs, event], index) => ({ seq: index + 1, at: new Date(startMs + sinceMs), event }))
}

const confirmed = {
  record: { ...record, conversation: 'confirmed', reason: { outcome: 'answered', by: 'robot', stage: 'talking', detail: 'robot-hung-up', evidence: {} } } satisfies CallRecord,
  rows: log(
    [0, { type: 'accepted' }],
    [10, { type: 'waiting', why: 'frequency', untilMs: startMs + 60_000 }],
    [60_000, { type: 'dialing', line: 'trunk', attempt: 1 }],
    [61_500, { type: 'ringing', sipStatus: 180, earlyMedia: false }],
    [66_500, { type: 'answered', sipStatus: 200 }],
    [69_000, { type: 'robot-said', turn: 1, text: '您好，请问是张总吗？', cut: false, beginAtMs: 0, endAtMs: 2_000 }],
    [70_000, { type: 'callee-said', turn: 2, text: '似我', written: '是我', beginAtMs: 0, endAtMs: 500, confidence: 0.4, bargeIn: true }],
    [70_100, { type: 'noted', note: { identity: 'yes', source: 'rules' } }],
    [70_200, { type: 'noted', note: { intent: 'affirm' } }],
    [73_000, { type: 'robot-said', turn: 3, text: '通知您', plannedText: '通知您明天上午九点开会', cut: true, beginAtMs: 0, endAtMs: 1_000, latency: { endpointMs: 500, recognitionMs: 100, robotMs: 1_800, synthesisMs: 50, playoutMs: 20, totalMs: 2_470, firstTokenMs: 1_700, aheadMs: 240, dropped: 1 } }],
    [75_000, { type: 'hold-extended', heldLi: 300 }],
    [90_000, { type: 'ended', reason: { outcome: 'answered', by: 'robot', stage: 'talking', detail: 'robot-hung-up', evidence: {} }, conversation: 'confirmed', talkMs: 23_500, billedSec: 60, costLi: 150, media: { packetsSent: 1_000, packetsReceived: 900, packetsLost: 100, pacingErrorMsP95: 1 } }],
  ),
}

void test('what a callback server did wrong is told to whoever looks for it', () => {
  const rows = log([0, { type: 'accepted' }], [100, { type: 'noted', note: { problem: 'HTTP 500' } }])
  assert.match(explanationText(explain(record, rows, 'zh')), /回调服务器、话术或录音文件的问题：HTTP 500/)
  assert.match(explanationText(explain(record, rows, 'en')), /callback server, of the script or of a recording: HTTP 500/)
})

void test('where a script stood and how it marked the call is told', () => {
  const rows = log([0, { type: 'accepted' }], [100, { type: 'noted', note: { step: 'tell' } }], [200, { type: 'noted', note: { tags: ['will_come'] } }])
  assert.match(explanationText(explain(record, rows, 'zh')), /话术走到节点 tell[\s\S]*标签：will_come/u)
  assert.match(explanationText(explain(record, rows, 'en')), /The script is at tell[\s\S]*Tags: will_come/u)
})

void test('a confirmed call is told from acceptance to cost', () => {
  const text = explanationText(explain(confirmed.record, confirmed.rows, 'zh'))
  assert.equal(
    text,
    `已接通，对方已确认。

14:05:00  已受理：拨打 13800138000
          · 需求：通知张总明天上午9点开会
14:05:00  排队：等待呼叫频率限制，最早 2026-11-20 14:06 再拨
14:06:00  经线路 trunk 拨出（第 1 次）
          · 受理后等待 60 秒
14:06:01  对方电话在响
          · 拨出后 1.5 秒
          · SIP 180
14:06:06  接听
          · 响铃 5.0 秒
14:06:09  机器人：您好，请问是张总吗？
14:06:10  对方：是我
          · 打断了机器人
          · 识别把握不大（40%）
          · 识别原文：似我
14:06:10  确认是本人
14:06:13  机器人：通知您
          · 没说完就停了，原本要说：通知您明天上午九点开会
          · 对方说完 2470 毫秒后回应：判断说完 500 → 识别 100 → 想怎么说 1800（模型首字 1700） → 合成语音 50 → 送出 20
          · 回应偏慢：2.5 秒，主要花在想怎么说（1.8 秒）
          · 趁对方停顿，提前 240 毫秒开始准备这句话
          · 对方停顿后又接着说，作废了 1 次提前的准备
14:06:15  续冻结话费，共 0.300 元
14:06:30  结束：已接通（机器人结束，通话时）
          · 机器人说完后挂断
          · 通话 24 秒，计费 60 秒，0.150 元
          · 丢包 10%：对方的话可能听不清`,
  )
})

void test('the same call is told in English', () => {
  const { headline, steps } = explain(confirmed.record, confirmed.rows, 'en')
  assert.equal(headline, 'Answered; the callee confirmed.')
  assert.deepEqual(steps.map((step) => step.text).slice(1, 5), [
    'Queued: waiting because the callee was called recently, not before 2026-11-20 14:06',
    'Dialled on line trunk (attempt 1)',
    'The telephone rings',
    'Answered',
  ])
  assert.ok(steps.every((step) => step.details.every((detail) => !/[\u4e00-\u9fff]/.test(detail) || detail.includes('通知') || detail.includes('似'))))
})

void test('evidence of a call that was not answered is told, with what to do next', () => {
  const reason = { outcome: 'powered-off', by: 'network', stage: 'ringing', detail: 'final-response', evidence: { sipStatus: 480, sipReason: 'Temporarily Unavailable', q850Cause: 20, announcement: '您拨打的电话已关机' } } as const
  const rows = log([0, { type: 'accepted' }], [5, { type: 'dialing', line: 'trunk', attempt: 1 }], [9_000, { type: 'ended', reason, talkMs: 0, billedSec: 0, costLi: 0 }])
  const explanation = explain({ ...record, reason }, rows, 'zh')
  assert.equal(explanation.headline, '对方关机。')
  assert.deepEqual(explanation.steps.at(-1)!.details, ['网络拒绝或结束了呼叫', '听到的提示音：您拨打的电话已关机', 'SIP 480 Temporarily Unavailable', 'Q.850 原因值 20', '没有接通，不收费'])
  assert.equal(explanation.advice, '几小时后再拨，换一个时段更好。')
})

void test('tones that were heard are named', () => {
  const reason = { outcome: 'busy', by: 'network', stage: 'ringing', detail: 'final-response', evidence: { tone: 'busy' } } as const
  const rows = log([9_000, { type: 'ended', reason, talkMs: 0, billedSec: 0, costLi: 0 }])
  assert.equal(explain({ ...record, reason }, rows, 'zh').steps.at(-1)!.details[1], '听到的信号音：忙音')
  assert.equal(explain({ ...record, reason }, rows, 'en').steps.at(-1)!.details[1], 'Tone heard: busy tone')
})

void test('every tone has words in both languages', () => {
  for (const tone of progressTones) assert.match(toneWords[tone]?.zh ?? '', /音$/)
  assert.deepEqual(Object.keys(toneWords).sort(), [...progressTones].sort())
})

const chinese = /[\u4e00-\u9fff]/

void test('every way a call can end is told with stage, detail, rule and advice, in either language alone', () => {
  for (const outcome of outcomes) {
    for (const detail of endDetails) {
      const evidence = { sipStatus: 480, q850Cause: 20, rule: 'q850:20', tone: 'busy', clip: 'c.early.wav' }
      const reason: EndReason = { outcome, by: 'network', stage: 'ringing', detail, evidence }
      for (const language of ['zh', 'en'] as const) {
        const text = explanationText(explain({ ...record, reason }, log([9_000, { type: 'ended', reason, talkMs: 0, billedSec: 0, costLi: 0 }]), language))
        assert.ok(text.includes(detailWords[detail][language]), `${outcome} ${detail}`)
        assert.ok(text.includes('q850:20') && text.includes('SIP 480'), text)
        assert.match(text, language === 'zh' ? /判断依据|接通前的声音已留存/ : /Decided by Q.850 cause 20/)
        assert.equal(chinese.test(text), language === 'zh', text)
        if (!wasAnswered(outcome)) assert.match(text, /\n→ ./, `${outcome} ${detail} has no advice`)
      }
    }
  }
})

void test('every outcome of a call that reached nobody has advice that says when or what to check', () => {
  for (const outcome of outcomes.filter((one) => one !== 'answered')) {
    const advice = adviceOn({ outcome, by: 'network', stage: 'ringing', detail: 'final-response', evidence: {} }, undefined)
    assert.match(advice?.zh ?? '', /再拨|重拨|不要|重新提交|充值|再试|检查|核对|等|告诉/, outcome)
    assert.ok(advice && /^[A-Z]/.test(advice.en) && !chinese.test(advice.en), outcome)
  }
})

void test('advice is as particular as what is known', () => {
  const advice = (reason: Partial<EndReason>) => adviceOn({ outcome: 'line-fault', by: 'network', stage: 'dialing', detail: 'final-response', evidence: {}, ...reason }, undefined)?.en ?? ''
  assert.match(advice({ evidence: { sipStatus: 407 } }), /credentials/)
  assert.match(advice({ evidence: { sipStatus: 488 } }), /codecs/)
  assert.match(advice({ evidence: { sipStatus: 503 } }), /few minutes/)
  assert.match(advice({ evidence: { rule: 'text:caller-arrears' } }), /not been paid/)
  assert.match(advice({ outcome: 'invalid-number', evidence: { rule: 'text:number-changed', sipStatus: 480 } }), /new one/)
  assert.match(advice({ outcome: 'invalid-number', evidence: { rule: 'text:wrong-format' } }), /number rules/)
  assert.match(advice({ detail: 'trunk-unreachable', evidence: { sipStatus: 503 } }), /targets/)
  assert.match(advice({ outcome: 'answered', detail: 'no-audio-received' }), /RTP_PORT_MIN/)
})

void test('every rule of the outcome table has words in both languages', () => {
  const rules = [...codeTable.map(({ rule }) => rule), ...announcementStatuses.map((status) => `text:${status}`), 'tone:busy', 'tone:congestion', 'tone:vacant-number', 'trunk:3', 'none']
  for (const rule of rules) {
    const { zh, en } = ruleWords(rule)
    assert.ok(chinese.test(zh) || /^SIP|^Q/.test(zh), rule)
    assert.ok(en !== '' && !chinese.test(en), rule)
  }
  assert.deepEqual(Object.keys(announcedWords), [...announcementStatuses])
})

void test('a detail of another version is shown as it is', () => {
  const reason = { outcome: 'busy', by: 'network', stage: 'ringing', detail: '486 Busy Here' as 'announced', evidence: {} } as const
  assert.equal(explain({ ...record, reason }, log([9_000, { type: 'ended', reason, talkMs: 0, billedSec: 0, costLi: 0 }]), 'en').steps.at(-1)!.details[0], '486 Busy Here')
})

void test('a call that is not over says what it waits for', () => {
  const rows = log([0, { type: 'accepted' }])
  assert.equal(explain({ ...record, status: 'queued', waitingFor: 'line' }, rows, 'zh').headline, '通话还没有结束：排队，等待空闲线路。')
  assert.equal(explain({ ...record, status: 'ringing' }, rows, 'en').headline, 'The call is not over: ringing.')
})

void test('what the callee wanted decides the advice on an answered call', () => {
  const answered = { ...record, reason: { outcome: 'answered', by: 'callee', stage: 'talking', detail: 'callee-hung-up', evidence: {} } } as const
  assert.equal(explain({ ...answered, conversation: 'handover-requested' }, [], 'en').advice, 'Have a person call back.')
  assert.equal(explain({ ...answered, conversation: 'confirmed' }, [], 'en').advice, undefined)
})

void test('every outcome has words in both languages', () => {
  for (const outcome of outcomes) {
    assert.match(outcomeText(outcome, 'zh'), /[\u4e00-\u9fff]/)
    assert.match(outcomeText(outcome, 'en'), /^[A-Z]/)
  }
})

void test('what the account could not be told is said once for each reason, with what comes next', () => {
  const again = new Date(startMs + 60_000)
  const receipt = { what: 'progress', attempts: 1, error: 'HTTP 500', againAt: again } as const
  const inVain = [receipt, { ...receipt, againAt: new Date(startMs + 61_000) }, { what: 'report', attempts: 4, error: 'no answer within 700 ms', againAt: undefined }, { what: 'webhook', attempts: 6, error: 'HTTP 410', againAt: undefined }] as const
  const { undelivered } = explain(record, [], 'zh', inVain)
  assert.deepEqual(undelivered, [
    '进度回执 2 条未送达：第 1 次 HTTP 500，14:06:01 再试', '话单回执未送达：第 4 次 no answer within 700 ms，已放弃：可用 waihu receipts replay 重新推送', '通话报告（webhook）未送达：第 6 次 HTTP 410，已放弃',
  ])
  assert.match(explanationText(explain(record, [], 'en', inVain)), /\n! Not delivered: a receipt of progress \(2 of them\): attempt 1, HTTP 500; next try at 14:06:01\n/)
  assert.deepEqual(explain(record, [], 'zh').undelivered, [])
})
