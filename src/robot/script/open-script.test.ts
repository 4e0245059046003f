// Checks how the robot of a stored call comes from the script that it names, through the table of robots.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { log } from '../../log.ts'
import { createRobotMaker } from '../index.ts'
import type { Robot, RobotAction, RobotEvent } from '../robot.ts'
import { scriptOf } from './read-script.ts'
import { soundScript } from './script.test-data.ts'
import type { ScriptBodies, ScriptRef, ScriptSpec } from './spec.ts'

const now = (): Date => new Date('2026-08-28T10:00:00+08:00')
const spec: ScriptSpec = { kind: 'script', accountId: 'acc_1', script: 'visit', version: 3, vars: { org: '丽家家电', name: '张伟', time: '明天下午3点' }, acceptedAt: '2026-08-27T10:00:00+08:00' }
const opened = { callId: 'c1', attempt: 1 }

function bodies(source = soundScript): ScriptBodies & { asked: ScriptRef[] } {
  const asked: ScriptRef[] = []
  return { asked, prepare: async (ref) => void asked.push(ref), at: (ref) => (asked.length > 0 && ref.version === 3 ? scriptOf(source, 'visit') : undefined) }
}

const maker = (found: ScriptBodies, more: { handover?: string } = {}) => createRobotMaker({ kind: 'rules', now, log, scripts: { bodies: found, soundName: (accountId, file) => `${accountId}-${file}` }, ...more })

async function told(robot: Robot, event: RobotEvent): Promise<RobotAction[]> {
  return await Array.fromAsync(robot.handle(event, new AbortController().signal))
}
const says = (actions: readonly RobotAction[]) => actions.flatMap((action) => (action.type === 'say' ? action.parts.map((part) => (part.type === 'text' ? part.text : part.type === 'file' ? `[${part.code}]${part.words}` : part.url)) : []))
const heard = (text: string): RobotEvent => ({ type: 'utterance', text, beginAtMs: 5_000, endAtMs: 6_000, confidence: 1, bargeIn: false })
const answered: RobotEvent = { type: 'answered', atMs: 0, firstWords: '' }

test('a call names its script, is opened with it, and its days are those of when it was accepted', async () => {
  const found = bodies()
  const robots = maker(found)
  const stored: unknown = JSON.parse(JSON.stringify(spec))
  await robots.prepare(stored)
  await using robot = robots.open(stored, opened)
  assert.equal(robot.kind, 'script')
  assert.match(says(await told(robot, answered)).join(''), /^您好，我是丽家家电的AI语音助手/u)
  await told(robot, { type: 'played', say: 's1', heardText: '您好', cut: false })
  // 明天 of yesterday is today.
  assert.match(says(await told(robot, heard('我是'))).join(''), /^提醒您今天下午3点/u)
  assert.deepEqual(found.asked.map(({ script, version }) => [script, version]), [['visit', 3]])
})

test('who asks for a human is handed over where there is one, and told so', async () => {
  const withoutOwn = soundScript.replace('  human: { say: "我让同事联系您，再见。", go: hang-up, outcome: handover-requested }\n', '').replace('global:\n', '')
  for (const [more, fromSpec] of [[{}, '+8613900000001'], [{ handover: '+8613900000002' }, undefined]] as const) {
    const found = bodies(withoutOwn)
    const robots = maker(found, more)
    await robots.prepare(spec)
    await using robot = robots.open({ ...spec, handover: fromSpec }, opened)
    await told(robot, answered)
    const actions = await told(robot, heard('转人工'))
    assert.deepEqual(actions.filter(({ type }) => type === 'transfer'), [{ type: 'transfer', to: fromSpec ?? '+8613900000002' }])
    const failed = await told(robot, { type: 'transfer', state: 'failed', reason: 'no-answer' })
    assert.match(says(failed).join(''), /人工现在无法接听.*再见/u)
    assert.equal(failed.at(-1)?.type, 'hang-up')
  }
})

test('recordings are those of the account, and what is said between them stands in its place', async () => {
  const found = bodies(soundScript.replace('say: 好的，到时见，再见。', 'say: { parts: [{ file: bye.wav, words: "好的，" }, "${name}，", { file: bye2.wav, words: 再见。 }] }'))
  const robots = maker(found)
  await robots.prepare(spec)
  await using robot = robots.open(spec, opened)
  await told(robot, answered)
  await told(robot, { type: 'played', say: 's1', heardText: '您好', cut: false })
  await told(robot, heard('我是'))
  await told(robot, { type: 'played', say: 's2', heardText: '提醒', cut: false })
  assert.deepEqual(says(await told(robot, heard('可以'))), ['[acc_1-bye.wav]好的，', '张伟，', '[acc_1-bye2.wav]再见。'])
})

test('a script that is not there ends in a goodbye with its reason, never in silence', async () => {
  const robots = maker({ prepare: async () => Promise.resolve(), at: () => undefined })
  for (const first of [answered, heard('喂')]) {
    await using robot = robots.open(spec, opened)
    const actions = await told(robot, first)
    assert.deepEqual(actions.map(({ type }) => type), ['note', 'say', 'hang-up'])
    assert.match(says(actions).join(''), /AI.*合成.*再见/u)
    assert.ok(actions[0]?.type === 'note' && actions[0].note.problem?.includes('visit v3'))
    assert.deepEqual(await told(robot, { type: 'silence', count: 1 }), [])
  }
  await using without = createRobotMaker({ kind: 'rules', now, log }).open(spec, opened)
  assert.equal((await told(without, answered)).at(-1)?.type, 'hang-up')
})

test('a call is judged as its script says', async () => {
  const found = bodies()
  const robots = maker(found)
  await robots.prepare(spec)
  const notes = [{ identity: 'yes' as const }, { intent: 'affirm' }, { tags: ['will_be_home'] }, { outcome: 'confirmed' as const, summary: '已确认' }]
  const turns = [{ turn: 2, speaker: 'callee' as const, text: '在家', cut: false, confidence: 1 }]
  const judgement = robots.judge(spec, { turns, notes, outcome: 'confirmed', answered: true, now: now() })
  assert.deepEqual([judgement.grade.letter, judgement.grade.turns, judgement.summary], ['A', [2], '已确认'])
  assert.match(judgement.grade.reason, /^在家等候/u)
  assert.equal(robots.judge(spec, { turns: [], notes: [], outcome: undefined, answered: false, now: now() }).grade.letter, 'E')
  assert.equal(robots.judge({ ...spec, version: 4 }, { turns: [], notes: [], outcome: undefined, answered: true, now: now() }).by, 'rules')
  assert.equal(await robots.readAgain(spec, { turns, now: now() }, judgement), judgement)
})
