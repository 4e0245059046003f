// Holds that nobody is left on the line when the process or its media threads die while a human and a supervisor are in a call.
// The far end is in this process and survives.
import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { log } from '../src/log.ts'
import { canSeeProcesses } from './world/processes.ts'
import { ServerAndFarEnd } from './world/server-and-far-end.ts'

if (!process.env['LOG_LEVEL']) log.level = 'error'

const skip = !canSeeProcesses && 'needs /proc'
const callee = '13800138021'
const colleague = '13800138022'
const supervisor = '13800138023'
const MS_MAX = 60_000

void describe('a call with a human and a supervisor in it', { skip, concurrency: false }, () => {
  void test('leaves nobody on the line when the server is killed', { timeout: 150_000 }, async (t) => {
    await using stage = await joined()
    const killedAtMs = Date.now()
    await stage.server.kill('server', Math.random)
    const info = await stage.ended()
    assert.deepEqual([info['outcome'], info['ended_by'], info['conversation']], ['interrupted', 'platform', 'transferred'])
    for (const number of [callee, colleague, supervisor]) await stage.told(number)
    t.diagnostic(`all three were hung up within ${Date.now() - killedAtMs} ms`)
    for (const number of [callee, colleague, supervisor]) assert.equal(stage.farEnd.calls.get(number)?.length, 1, `${number} was dialled once`)
    assert.ok((info['cost'] as number) > 0)
  })

  void test('leaves nobody on the line when the media threads crash', { timeout: 150_000 }, async () => {
    await using stage = await joined({ NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'world/crash-media-on-signal.ts')}` })
    process.kill(stage.server.current.pid, 'SIGUSR2')
    const info = await stage.ended()
    assert.deepEqual([info['outcome'], info['conversation']], ['answered', 'transferred'])
    for (const number of [callee, colleague, supervisor]) await stage.told(number)
  })
})

/** One server and one call in which callee and human talk and a supervisor listens. */
async function joined(env: { [name: string]: string } = {}) {
  await using stack = new AsyncDisposableStack()
  const whole = stack.use(await ServerAndFarEnd.start(() => 'answers', { TEST_NUMBERS: callee, ...env }))
  const { server, farEnd } = whole
  const post = whole.post.bind(whole)
  const callId = await whole.place(callee)
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (const deadline = Date.now() + MS_MAX; !(await holds()); await sleep(100)) assert.ok(Date.now() < deadline, `never ${what}`)
  }
  const statusIs = (status: string) => async () => (await post('search_callinfo', { call_id: callId }))['status'] === status
  const tells = (words: RegExp) => async () => words.test(String((await post('explain', { call_id: callId }))['text']))
  await until('talking', statusIs('talking'))
  await post('control', { call_id: callId, action: 'listen', phone: supervisor })
  await until('heard', tells(/开始旁听/))
  await post('control', { call_id: callId, action: 'transfer', phone: colleague })
  await until('joined', tells(/机器人退出/))
  // The dialogs of all three are on their way to the database, and what is billed after a crash ends with the last heartbeat.
  await sleep(3_500)
  const kept = stack.move()
  return {
    server,
    farEnd,
    ended: async () => {
      await until('ended', statusIs('ended'))
      return await post('search_callinfo', { call_id: callId })
    },
    told: (number: string) => until(`told to ${number}`, () => Promise.resolve(farEnd.calls.get(number)?.[0]?.over !== undefined)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
