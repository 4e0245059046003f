// Holds that what is said is in the audio: what is written in a record was heard in its recording, by the ear of another. Real SIP, RTP, speech and HTTP.
// Runs alone: fifty calls at once.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readWav } from '../src/media/wav.ts'
import { hear, speechSec } from './world/ear.ts'
import { Platform, type Record as CallInfo } from './world/platform.ts'

const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'
/** Callees that speak. One more refuses for good, so it can be called once only. */
const NUMBERS = ['13800138000', '13900139000', '13800138007', '13800138008', '13800138009', '13800138011', '13800138013', '13800138015', '13800138017']
const CALLS = 50
const AT_ONCE = 14
const bare = (text: string) => text.replace(/[\p{P}\s]/gu, '')

describe('what is written was heard', () => {
  const callLog = path.join(tmpdir(), `waihu-said-${process.pid}.log`)
  let platform: Platform
  before(async () => {
    // Only the score reads it: what each callee really said, written by the carrier's process.
    process.env['SIMULATOR_CALL_LOG'] = callLog
    platform = await Platform.start()
  })
  after(async () => {
    await platform[Symbol.asyncDispose]()
    rmSync(callLog, { force: true })
  })

  test('both channels of the recording carry speech, and the facts are in the robot’s', { timeout: 120_000 }, async () => {
    const info = await platform.call('13800138000', REQUIREMENT)
    const { channels } = readWav(await readFile(platform.recordingOf(String(info['call_id']))))
    assert.equal(channels.length, 2)
    const [callee, robot] = channels as [Int16Array, Int16Array]
    assert.ok(speechSec(callee) > 1.5, `callee speaks ${speechSec(callee)} s`)
    assert.ok(speechSec(robot) > 8, `robot speaks ${speechSec(robot)} s`)
    const heard = hear(robot).join(' ')
    for (const fact of [/明天/, /上午九点/, /三楼会议室/, /开会/, /合成语音/]) assert.match(heard, fact, heard)
    assert.match(hear(callee).join(' '), /你好/)
  })

  test(`at least 95 % of what ${CALLS} callees say is in the transcripts as spoken`, { timeout: 280_000 }, async (t) => {
    const queue = ['13800138010', ...Array.from({ length: CALLS - 1 }, (_, index) => NUMBERS[index % NUMBERS.length]!)]
    const infos: CallInfo[] = []
    writeFileSync(callLog, '')
    const worker = async () => {
      for (let number = queue.pop(); number !== undefined; number = queue.pop()) infos.push(await platform.call(number, REQUIREMENT))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    let phrases = 0
    const missed: string[] = []
    for (const [number, said] of saidByNumber(callLog)) {
      const written = infos.filter((info) => info['phones'] === number).flatMap((info) => info.call_content.filter((line) => line.role === 'user').map((line) => bare(line.content)))
      for (const phrase of said) {
        phrases += 1
        // Every line of a transcript pays for one phrase; a line may hold two that ran together.
        const at = written.findIndex((line) => line.includes(bare(phrase)))
        if (at < 0) missed.push(`${number} ${phrase}`)
        else written[at] = written[at]!.replace(bare(phrase), '')
      }
    }
    const share = 1 - missed.length / phrases
    t.diagnostic(`${infos.length} calls, ${phrases} phrases, ${(100 * share).toFixed(1)} % as spoken; missed: ${missed.join('; ') || 'none'}`)
    assert.ok(phrases >= CALLS, 'callees spoke')
    assert.ok(share >= 0.95, missed.join('\n'))
  })
})

/** By callee: the phrases that were spoken to their end. */
function saidByNumber(file: string): Map<string, string[]> {
  const numbers = new Map<string, string>()
  const said = new Map<string, string[]>()
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const entry = JSON.parse(line) as { callId: string; requestUri?: string; said?: string }
    if (entry.requestUri !== undefined) numbers.set(entry.callId, /^sip:(\d+)@/.exec(entry.requestUri)![1]!)
    const number = numbers.get(entry.callId)!
    if (entry.said !== undefined) said.set(number, [...(said.get(number) ?? []), entry.said])
  }
  return said
}
