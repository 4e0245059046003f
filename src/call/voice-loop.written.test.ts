// Checks that what callees say is also written with digits, where that is wanted. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Conversation, greets, say } from './testing.ts'

async function heard(words: string, itn: { line?: boolean; robot?: boolean }): Promise<{ logged: [string, string | undefined]; told: [string, string | undefined] }> {
  await using c = new Conversation(greets(() => [say('好的。')]), { ...(itn.line !== undefined && { itn: itn.line }), prepare: ({ robot }) => (robot.itn = itn.robot) })
  await c.greeted()
  await c.hears(words)
  await c.advance(2_000)
  const [logged, told] = [c.of('callee-said')[0]!, c.robot.of('utterance')[0]!]
  return { logged: [logged.text, logged.written], told: [told.text, told.written] }
}

test('the words as recognised stay, and the written form stands beside them', async () => {
  const pair = ['明天下午三点半', '明天下午3点半']
  assert.deepEqual(await heard('明天下午三点半', { line: true }), { logged: pair, told: pair })
})

test('a robot may want it where the line does not, and the other way round', async () => {
  assert.equal((await heard('幺三八零零幺三八零零零', { robot: true })).told[1], '13800138000')
  assert.equal((await heard('幺三八零零幺三八零零零', { line: true, robot: false })).told[1], undefined)
  assert.equal((await heard('幺三八零零幺三八零零零', {})).logged[1], undefined)
})

test('words that are written as they are said have no second form', async () => {
  assert.deepEqual((await heard('我一直在等', { line: true })).logged, ['我一直在等', undefined])
})
