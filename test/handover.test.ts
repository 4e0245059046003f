// A callee who asks for a human gets one, and a running call does what the API asks: the whole program, with simulated callees who talk to each other.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readFile } from 'node:fs/promises'
import { readWav } from '../src/media/wav.ts'
import type { CallEvent } from '../src/events.ts'
import { hear, speechSec } from './world/ear.ts'
import { Platform, type Record as CallInfo } from './world/platform.ts'

const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'
const colleague = '13900139017'
const bare = (texts: readonly string[]) => texts.join('').replace(/[\p{P}\s]/gu, '')
const said = (info: CallInfo) => info.call_content.map((line) => `${line.role}：${line.content}`).join('\n')

describe('handover', { concurrency: false }, () => {
  let platform: Platform
  before(async () => {
    platform = await Platform.start({ HANDOVER_NUMBER: colleague })
    // A machine that is busy starting may ask for patience; nothing is placed by this.
    while ((await platform.post('initiate_call', { phones: '110', user_requirement: REQUIREMENT })).status === 503) await new Promise((resolve) => setTimeout(resolve, 500))
  })
  after(() => platform[Symbol.asyncDispose]())

  const eventsOf = async (callId: string) => (await platform.app.calls.events(platform.app.demo!.accountId, callId)).map(({ event }) => event)
  const transfersOf = async (callId: string) => (await eventsOf(callId)).flatMap((event) => (event.type === 'transfer' ? [event.state] : []))
  async function until(callId: string, found: (event: CallEvent) => boolean): Promise<void> {
    for await (const { event } of platform.app.calls.follow(platform.app.demo!.accountId, callId, 0, AbortSignal.timeout(60_000))) {
      if (found(event)) return
      if (event.type === 'ended') throw new Error(`ended before: ${JSON.stringify(event.reason)}`)
    }
    throw new Error('nothing of the kind happened')
  }

  void test('13800138017 asks for a human and talks with one until they say goodbye', { timeout: 120_000 }, async () => {
    const info = await platform.call('13800138017', REQUIREMENT)
    const callId = String(info['call_id'])
    assert.equal(info['conversation'], 'transferred', said(info))
    assert.ok(['callee', 'colleague'].includes(String(info['ended_by'])), String(info['ended_by']))
    // A machine that stands still for a moment may cut the last word.
    assert.match(said(info), /我为您转/)
    assert.doesNotMatch(said(info), /转达/)
    assert.deepEqual((await transfersOf(callId)).slice(0, 4), ['calling', 'ringing', 'answered', 'joined'])
    assert.match(String(info['summary']), /已转接人工/)
    const colleagueSaid = (await eventsOf(callId)).flatMap((event) => (event.type === 'colleague-said' ? [event.text] : []))
    assert.ok(colleagueSaid.length > 0, 'what the colleague said is written down')
    assert.ok(said(info).includes(colleagueSaid[0]!))
    const { body } = await platform.post('explain', { call_id: callId })
    assert.match(String(body['text']), /转人工：呼叫 \+8613900139017[\s\S]*机器人退出/)
    // The recording goes on: the colleague's words are where ours were.
    const [callee, us] = readWav(await readFile(platform.recordingOf(callId))).channels as [Int16Array, Int16Array]
    assert.match(bare(hear(us)), /人工客服/)
    assert.ok(speechSec(callee) > 1)
    assert.ok((info['billed_seconds'] as number) >= 60)
  })

  void test('a human who is busy leaves the wish to be passed on', { timeout: 120_000 }, async () => {
    const { status, body } = await platform.post('initiate_call', { phones: '13800138017', user_requirement: REQUIREMENT, handover_phone: '138 0013 8001' })
    assert.equal(status, 200, JSON.stringify(body))
    const info = await platform.ended((body['call_ids'] as string[])[0]!)
    assert.equal(info['conversation'], 'handover-requested', said(info))
    assert.match(said(info), /人工现在无法接听[\s\S]*转达/)
    assert.deepEqual(await transfersOf(String(info['call_id'])), ['calling', 'failed'])
  })

  void test('a human who may not be dialled is refused before anything rings', async () => {
    const { status, body } = await platform.post('initiate_call', { phones: '13800138000', user_requirement: REQUIREMENT, handover_phone: '110' })
    assert.deepEqual([status, body['code'], body['call_started']], [403, 'never-dial', false])
  })

  void test('a running call is held, spoken into, heard by a supervisor, handed over and ended', { timeout: 120_000 }, async () => {
    // Answers and stays silent.
    const [callId] = await platform.place('13800138014', REQUIREMENT)
    const wish = async (more: object) => {
      const { status, body } = await platform.post('control', { call_id: callId, ...more })
      return [status, body['state'] ?? body['code']]
    }
    await until(callId!, (event) => event.type === 'robot-said')
    assert.deepEqual(await wish({ action: 'bridge' }), [409, 'not-possible'])
    assert.deepEqual(await wish({ action: 'hold' }), [200, 'held'])
    assert.deepEqual(await wish({ action: 'play', text: '您好' }), [409, 'not-possible'])
    assert.deepEqual(await wish({ action: 'resume' }), [200, 'talking'])
    assert.deepEqual(await wish({ action: 'play', text: '请您不要挂机。', interruptible: false }), [200, 'talking'])
    await until(callId!, (event) => event.type === 'robot-said' && event.text === '请您不要挂机。')
    assert.deepEqual(await wish({ action: 'send_digits', digits: '12#' }), [200, 'talking'])
    assert.deepEqual(await wish({ action: 'listen', phone: '13900139000' }), [200, 'listening'])
    await until(callId!, (event) => event.type === 'listening' && event.state === 'joined')
    assert.deepEqual(await wish({ action: 'parallel_transfer', phone: colleague }), [200, 'calling_aside'])
    await until(callId!, (event) => event.type === 'transfer' && event.state === 'joined')
    assert.deepEqual(await wish({ action: 'transfer', phone: colleague }), [409, 'not-possible'])
    await platform.post('hang_up', { call_id: callId })
    const info = await platform.ended(callId!)
    assert.deepEqual([info['conversation'], info['ended_by']], ['transferred', 'user'], said(info))
    assert.deepEqual(await wish({ action: 'hold' }), [409, 'not-live'])
    const { rows } = await platform.app.db.pool.query<{ open: number }>('select count(*)::int as open from call_legs where call_id = $1 and ended_at is null', [callId])
    assert.equal(rows[0]!.open, 0, 'no leg is left')
  })

  void test('a far end that does not transfer is dialled around', { timeout: 120_000 }, async () => {
    const [callId] = await platform.place('13800138014', REQUIREMENT)
    await until(callId!, (event) => event.type === 'robot-said')
    const { status, body } = await platform.post('control', { call_id: callId, action: 'transfer', phone: colleague, by: 'refer' })
    assert.deepEqual([status, body['state']], [200, 'referring'])
    await until(callId!, (event) => event.type === 'transfer' && event.state === 'joined')
    assert.deepEqual(await transfersOf(callId!), ['referring', 'calling', 'ringing', 'answered', 'joined'])
    await platform.post('hang_up', { call_id: callId })
    await platform.ended(callId!)
  })
})
