// Holds that each number of the simulated carrier does what the table says. Real SIP, RTP, speech and HTTP.
// Runs alone: all numbers are called at once.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { explain, explanationText } from '../src/dialer/explain.ts'
import { Platform, type Record as CallInfo } from './world/platform.ts'

const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'
/** Any spoken form of a fact, as text of the transcript. */
const FACTS = /9点|九点|三楼|会议室|开会|明天/

const said = (info: CallInfo, role: string) => info.call_content.filter((line) => line.role === role).map((line) => line.content)

/** The calls of the number table run side by side, as they would for a customer. */
describe('each number of the simulated carrier', { concurrency: true }, () => {
  let platform: Platform
  before(async () => {
    platform = await Platform.start({ RING_MS_MAX: '9000' })
  })
  after(() => platform[Symbol.asyncDispose]())

  const ends = (number: string, title: string, expected: { outcome: string; conversation: string | null; billed: boolean; endedBy?: string }, check: (info: CallInfo) => void | Promise<void> = () => {}, requirement = REQUIREMENT) => {
    void test(`${number} ${title}`, { timeout: 150_000 }, async () => {
      const info = await platform.call(number, requirement)
      const told = info.turns.map((turn) => `${String(turn['speaker'])}: ${String(turn['text'])}`).join('\n')
      assert.deepEqual({ outcome: info['outcome'], conversation: info['conversation'], billed: info['billed'] }, { outcome: expected.outcome, conversation: expected.conversation, billed: expected.billed }, told)
      if (expected.endedBy) assert.equal(info['ended_by'], expected.endedBy, told)
      // Who picked up: the one machine, and no person for one.
      const answeredBy = (JSON.parse(String(info['provider_response'])) as { answered_by?: string }).answered_by
      assert.equal(answeredBy, expected.outcome === 'assistant' ? 'assistant' : undefined, told)
      // Billed exactly when answered, and never otherwise.
      assert.equal((info['cost'] as number) > 0, expected.billed, told)
      assert.equal(typeof info['duration_seconds'], 'number')
      await check(info)
    })
  }

  const hearsFacts = (info: CallInfo) => {
    const words = said(info, 'assistant').join('')
    assert.match(words, /上午9点/)
    assert.match(words, /三楼会议室/)
  }
  const hearsNoFacts = (info: CallInfo) => {
    for (const line of said(info, 'assistant')) assert.doesNotMatch(line, FACTS)
  }
  const doNotCall = async (number: string) => {
    const { rowCount } = await platform.app.db.pool.query('select 1 from do_not_call where phone = $1 and removed_at is null', [`+86${number}`])
    return rowCount === 1
  }

  ends('13800138000', 'is the person and confirms', { outcome: 'answered', conversation: 'confirmed', billed: true, endedBy: 'robot' }, (info) => {
    hearsFacts(info)
    const opening = said(info, 'assistant').slice(0, 2).join('')
    assert.match(opening, /示例公司/)
    assert.match(opening, /AI.*(合成|生成)/)
    assert.match(opening, /张总/)
    assert.doesNotMatch(opening, FACTS)
  })
  ends('13800138001', 'is busy', { outcome: 'busy', conversation: null, billed: false })
  ends('13800138002', 'rings and never answers', { outcome: 'no-answer', conversation: null, billed: false })
  ends('13800138003', 'is switched off', { outcome: 'powered-off', conversation: null, billed: false })
  ends('13800138004', 'does not exist', { outcome: 'invalid-number', conversation: null, billed: false })
  ends('13800138005', 'is suspended', { outcome: 'suspended', conversation: null, billed: false })
  ends('13800138006', 'declines', { outcome: 'rejected', conversation: null, billed: false })
  ends('13800138007', 'is an assistant: nothing is told', { outcome: 'assistant', conversation: 'machine', billed: true }, async (info) => {
    hearsNoFacts(info)
    const { accountId } = platform.app.demo!
    const rows = await platform.app.calls.events(accountId, String(info['call_id']))
    const verdict = rows.find(({ event }) => event.type === 'answered-by')
    assert.ok(verdict?.event.type === 'answered-by' && verdict.event.because[0]?.startsWith('words:'), JSON.stringify(verdict))
    // From the end of the words that gave it away.
    const said = rows.find(({ event }) => event.type === 'callee-said')
    assert.ok(said && verdict.at.getTime() - said.at.getTime() <= 2_000)
    assert.match(explanationText(explain(await platform.app.calls.lookUp(accountId, String(info['call_id'])), rows, 'zh')), /接听的是智能助理/)
  })
  ends('13800138008', 'is the wrong person: nothing is told, and the number is flagged', { outcome: 'answered', conversation: 'wrong-number', billed: true }, async (info) => {
    hearsNoFacts(info)
    const { rowCount } = await platform.app.db.pool.query("select 1 from number_flags where phone = '+8613800138008' and flag = 'wrong-number'")
    assert.equal(rowCount, 1)
    assert.equal(await doNotCall('13800138008'), false)
  })
  ends('13800138009', 'asks for a robot and is told the truth', { outcome: 'answered', conversation: 'confirmed', billed: true }, (info) => {
    hearsFacts(info)
    assert.match(said(info, 'user').join(' '), /机器人/)
    assert.ok(said(info, 'assistant').slice(2).some((line) => /^是的.*AI/.test(line)))
    assert.doesNotMatch(said(info, 'assistant').join(''), /真人/)
  })
  ends('13800138010', 'refuses: nothing is told, and it is never called again', { outcome: 'answered', conversation: 'stopped', billed: true }, async (info) => {
    hearsNoFacts(info)
    assert.equal(await doNotCall('13800138010'), true)
    const again = await platform.post('initiate_call', { phones: '13800138010', user_requirement: REQUIREMENT })
    assert.equal(again.status, 403)
    assert.equal(again.body['code'], 'do-not-call')
  })
  ends('13800138011', 'interrupts with a question and is answered', { outcome: 'answered', conversation: 'confirmed', billed: true }, (info) => {
    hearsFacts(info)
    const question = info.call_content.findIndex(({ role, content }) => role === 'user' && /等一下几点开始/.test(content))
    assert.ok(question >= 0, 'the question was heard')
    const [answer, rest] = info.call_content.slice(question + 1)
    assert.equal(answer?.role, 'assistant')
    assert.match(answer!.content, /上午9点/, 'the time is the answer')
    assert.match(rest!.content, /三楼会议室开会/, 'the fact that was broken off goes on')
    assert.ok(info.turns.some((turn) => turn['cut'] === true && turn['speaker'] === 'assistant'), 'the robot was stopped')
  })
  ends('13800138012', 'murmurs and is not taken for an interruption', { outcome: 'answered', conversation: 'confirmed', billed: true }, hearsFacts)
  ends('13800138013', 'asks to repeat and hears it twice', { outcome: 'answered', conversation: 'confirmed', billed: true }, (info) => {
    assert.ok(said(info, 'assistant').filter((line) => /三楼会议室/.test(line)).length >= 2)
  })
  ends('13800138014', 'stays silent: nothing is told', { outcome: 'answered', conversation: 'silent', billed: true, endedBy: 'robot' }, hearsNoFacts)
  ends('13800138015', 'is in a meeting', { outcome: 'answered', conversation: 'busy-call-back', billed: true }, hearsNoFacts)
  ends('13800138016', 'refuses with 503 and answers the next attempt', { outcome: 'answered', conversation: 'confirmed', billed: true }, hearsFacts)
  ends('13800138017', 'asks for a human and is told that it will be passed on', { outcome: 'answered', conversation: 'handover-requested', billed: true }, (info) => {
    assert.match(said(info, 'assistant').at(-1)!, /转达|转告/)
  })
  ends('13800138018', 'presses the key it is asked for', { outcome: 'answered', conversation: 'confirmed', billed: true }, hearsFacts, `${REQUIREMENT}，听清楚请按1确认`)
})
