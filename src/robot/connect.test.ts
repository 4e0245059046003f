import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConnectRobot, isConnect, judgeConnect, notConnected, type ConnectPlan } from './connect.ts'
import type { RobotAction, RobotEvent } from './robot.ts'

const plan: ConnectPlan = { to: '+8613900139000', toAsGiven: '139 0013 9000', callerId: '02160001000', talkMsMax: 60_000, recorded: false, transcribed: false }
const answered: RobotEvent = { type: 'answered', atMs: 0, firstWords: '喂' }

async function actionsOf(...events: RobotEvent[]): Promise<RobotAction[][]> {
  const robot = createConnectRobot(plan)
  const all: RobotAction[][] = []
  for (const event of events) {
    const did: RobotAction[] = []
    for await (const action of robot.handle(event, new AbortController().signal)) did.push(action)
    all.push(did)
  }
  return all
}

test('whoever answers is connected, whatever they say, and once', async () => {
  const said: RobotEvent = { type: 'utterance', text: '谁啊', beginAtMs: 0, endAtMs: 1, confidence: 1, bargeIn: false }
  const call: RobotAction = { type: 'transfer', to: '+8613900139000', party: { callerId: '02160001000' } }
  assert.deepEqual(await actionsOf(answered, said, { type: 'silence', count: 1 }, answered, { type: 'transfer', state: 'joined' }, { type: 'transfer', state: 'failed' }), [[call], [], [], [], [], []])
})

test('who was not to be had is told by why, noted, and the call ends', async () => {
  for (const [reason, why] of [...Object.keys(notConnected).map((it) => [it, it]), ['this line has no transfer', 'unreachable'], [undefined, 'unreachable']] as const) {
    const [, did] = await actionsOf(answered, { type: 'transfer', state: 'failed', reason })
    assert.deepEqual(did!.map(({ type }) => type), ['note', 'say', 'hang-up'], reason)
    const [note, say] = did!
    assert.ok(note?.type === 'note' && say?.type === 'say')
    assert.deepEqual([note.note.slots, say.parts], [{ party: why }, [{ type: 'text', text: notConnected[why as keyof typeof notConnected] }]])
  }
})

test('nobody is called to talk to a machine', async () => {
  const events = (['hang-up', 'leave-message'] as const).flatMap((policy): RobotEvent[][] => [
    [{ ...answered, machines: { told: true, machine: 'voicemail', policy } }],
    [answered, { type: 'answered-by', who: 'voicemail', policy }],
  ])
  for (const these of events) {
    const did = (await actionsOf(...these)).at(-1)!
    assert.deepEqual(did.map(({ type }) => type), ['stop', 'note', 'hang-up'])
  }
  const [did] = await actionsOf({ ...answered, machines: { told: true, machine: 'assistant', policy: 'go-on' } })
  assert.equal(did![0]!.type, 'transfer')
})

test('what is stored is known again, and what the robot wishes of the call', () => {
  assert.ok(isConnect(JSON.parse(JSON.stringify({ kind: 'connect', plan }))))
  assert.ok(!isConnect({ kind: 'callback' }) && !isConnect(null))
  const { talkMsMax, recorded, transcribed } = createConnectRobot(plan)
  assert.deepEqual([talkMsMax, recorded, transcribed], [60_000, false, false])
  assert.deepEqual([judgeConnect(true).grade.letter, judgeConnect(false).grade.letter], ['F', 'E'])
})
