// Holds what is made of announcements before the answer, by whole calls. Real SIP, RTP and speech.
// Runs alone: all announcements are heard at once.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { explain, explanationText } from '../src/dialer/explain.ts'
import { readWav } from '../src/media/wav.ts'
import { Platform } from './world/platform.ts'

const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'

/** The carrier answers 480 without a cause to everything, as many do: what became of the call is to be heard only. */
describe('announcements before the answer', { concurrency: true }, () => {
  let platform: Platform
  before(async () => {
    process.env['SIMULATOR_GENERIC_CODES'] = 'on'
    platform = await Platform.start({ RING_MS_MAX: '20000' })
  })
  after(async () => {
    delete process.env['SIMULATOR_GENERIC_CODES']
    await platform[Symbol.asyncDispose]()
  })

  const reasonOf = async (number: string) => {
    const [id] = await platform.place(number, REQUIREMENT)
    const info = await platform.ended(id!)
    const { accountId } = platform.app.demo!
    const [record, rows] = await Promise.all([platform.app.calls.lookUp(accountId, id!), platform.app.calls.events(accountId, id!)])
    assert.ok(record.reason)
    return { info, reason: record.reason, rows, why: explanationText(explain(record, rows, 'zh')) }
  }

  for (const [number, outcome, words] of [
    ['13800138003', 'powered-off', /关机/],
    ['13800138004', 'invalid-number', /空号/],
    ['13800138005', 'suspended', /停机/],
  ] as const) {
    void test(`${number} is ${outcome} by its announcement, and the line is freed before the network ends the call`, { timeout: 60_000 }, async () => {
      const { info, reason, rows, why } = await reasonOf(number)
      assert.deepEqual([reason.outcome, reason.by, reason.stage], [outcome, 'network', 'ringing'], JSON.stringify(reason))
      assert.match(reason.evidence.announcement ?? '', words)
      assert.equal(reason.evidence.sipStatus, undefined, 'it was cancelled, not refused')
      assert.equal(info['outcome'], outcome)
      assert.equal(info['billed'], false)
      assert.match(why, /听到的提示音：.*/)
      assert.match(why, /判断依据：提示音“.*”（text:/)
      assert.match(why, /\n→ ./, 'advice')
      // What was heard can be heard again.
      const clip = await fetch(String(info['early_media_url']))
      assert.deepEqual([clip.status, clip.headers.get('content-type')], [200, 'audio/wav'])
      const { format, channels } = readWav(new Uint8Array(await clip.arrayBuffer()))
      assert.deepEqual(format, { encoding: 'alaw', sampleRateHz: 8_000, channels: 1 })
      assert.ok(channels[0]!.length > 8_000 && channels[0]!.some((sample) => Math.abs(sample) > 1_000))
      assert.match(why, words)
      const [ringing, ended] = ['ringing', 'ended'].map((type) => rows.find((row) => row.event.type === type)!.at.getTime())
      // Two rounds and the code would take twice as long.
      assert.ok(ended! - ringing! < 6_000, `${ended! - ringing!} ms from the first sound`)
    })
  }

  void test('13800138001, which says nothing, is what its code says', { timeout: 60_000 }, async () => {
    const { reason } = await reasonOf('13800138001')
    assert.deepEqual([reason.outcome, reason.evidence.sipStatus, reason.evidence.announcement], ['unreachable', 480, undefined])
  })
})
