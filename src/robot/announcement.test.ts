import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnnouncementRobot, isAnnouncement, judgeAnnouncement, type AnnouncementPlan } from './announcement.ts'
import type { RobotAction, RobotEvent } from './robot.ts'

const part = (text: string) => [{ type: 'text', text }] as const
const plain: AnnouncementPlan = { start: part('货已到站'), playTimes: 2, menu: {}, keyMsMax: 0 }
const menu: AnnouncementPlan = { start: part('按一确认'), notice: '合成语音。', playTimes: 2, menu: { 1: part('已确认'), 2: [] }, keyMsMax: 3_000, bye: part('再见') }
const answered: RobotEvent = { type: 'answered', atMs: 0, firstWords: '喂' }
const played = (say: string, cut = false): RobotEvent => ({ type: 'played', say, heardText: '…', cut })
const pressed = (digits: string, ended: 'pressed' | 'time-out' | 'max-digits' = 'pressed'): RobotEvent => ({ type: 'digits', digits, ended })

/** What the robot does, short: texts it says, outcomes it notes, names of the rest. */
async function actionsOf(plan: AnnouncementPlan, events: readonly RobotEvent[]): Promise<string[][]> {
  const robot = createAnnouncementRobot(plan)
  const all: string[][] = []
  for (const event of events) {
    const did: string[] = []
    for await (const action of robot.handle(event, new AbortController().signal)) did.push(short(action))
    all.push(did)
  }
  return all
}
function short(action: RobotAction): string {
  if (action.type === 'say') return `${action.id}: ${action.parts.map((each) => (each.type === 'text' ? each.text : '?')).join('')}`
  if (action.type === 'note') return `note ${action.note.outcome ?? `keys ${action.note.slots?.['keys']}`}`
  return action.type
}

test('says its text as often as it was asked to, and leaves', async () => {
  assert.deepEqual(await actionsOf(plain, [answered, played('start-1'), played('start-2')]), [
    ['start-1: 货已到站'],
    ['note delivered', 'start-2: 货已到站'],
    ['note delivered', 'hang-up'],
  ])
})

test('words, silence and keys of the callee change nothing of a plain text', async () => {
  const said: RobotEvent = { type: 'utterance', text: '谁啊', beginAtMs: 0, endAtMs: 1, confidence: 1, bargeIn: false }
  assert.deepEqual(await actionsOf(plain, [answered, said, { type: 'silence', count: 1 }, pressed('1'), answered]), [['start-1: 货已到站'], [], [], [], []])
})

test('a text that was cut was not delivered', async () => {
  assert.deepEqual(await actionsOf({ ...plain, playTimes: 1 }, [answered, played('start-1', true)]), [['start-1: 货已到站'], ['hang-up']])
})

test('a key chooses, in the middle of the menu too, and everything is said to its end', async () => {
  assert.deepEqual(await actionsOf(menu, [answered, pressed('1')]), [
    ['start-1: 合成语音。按一确认'],
    ['note keys 1', 'stop', 'note delivered', 'key-1: 已确认', 'bye: 再见', 'hang-up'],
  ])
  assert.deepEqual((await actionsOf(menu, [answered, played('start-1'), pressed('2', 'max-digits')]))[2], ['note keys 2', 'stop', 'note delivered', 'bye: 再见', 'hang-up'])
})

test('without a key the menu is said again, then it says goodbye; the notice is said once', async () => {
  assert.deepEqual(await actionsOf(menu, [answered, played('start-1'), pressed('', 'time-out'), played('start-2'), pressed('', 'time-out')]), [
    ['start-1: 合成语音。按一确认'],
    ['note delivered', 'collect-digits'],
    ['start-2: 按一确认'],
    ['note delivered', 'collect-digits'],
    ['bye: 再见', 'hang-up'],
  ])
})

test('a key that nothing is behind is kept, and does not stop the menu', async () => {
  assert.deepEqual(await actionsOf(menu, [answered, pressed('9'), played('start-1'), pressed('8', 'max-digits'), pressed('1')]), [
    ['start-1: 合成语音。按一确认'],
    ['note keys 9'],
    ['note delivered', 'collect-digits'],
    ['note keys 98', 'start-2: 按一确认'],
    ['note keys 981', 'stop', 'note delivered', 'key-1: 已确认', 'bye: 再见', 'hang-up'],
  ])
})

test('a machine is left where machines are left, and told the text where they are not', async () => {
  assert.deepEqual(await actionsOf(plain, [answered, { type: 'answered-by', who: 'voicemail', policy: 'hang-up' }, played('start-1', true)]), [['start-1: 货已到站'], ['stop', 'note machine', 'hang-up'], []])
  assert.deepEqual(await actionsOf(plain, [{ ...answered, machines: { told: true, machine: 'assistant', policy: 'hang-up' } }]), [['stop', 'note machine', 'hang-up']])
  assert.deepEqual(await actionsOf(plain, [answered, { type: 'answered-by', who: 'voicemail', policy: 'go-on' }]), [['start-1: 货已到站'], []])
})

test('a stored announcement is known as one, and there is nothing to judge in it', () => {
  assert.ok(isAnnouncement({ kind: 'announcement', plan: plain }))
  for (const other of [undefined, null, 'announcement', { kind: 'rules' }, {}]) assert.ok(!isAnnouncement(other))
  assert.deepEqual([judgeAnnouncement(true).grade.letter, judgeAnnouncement(false).grade.letter], ['F', 'E'])
})

test('sounds as its plan says', () => {
  assert.equal(createAnnouncementRobot(plain).voice, undefined)
  assert.deepEqual(createAnnouncementRobot({ ...plain, voice: { level: 0.5, speed: -100 } }).voice, { level: 0.5, speed: -100 })
})
