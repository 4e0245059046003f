// Holds conversations by a script on an imaginary line: branches, answers that return, silence, keys, transfers, interruption, limits.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RobotRig, spokenIn } from '../rules-rig.ts'
import type { IntentClassifier } from './classifier.ts'
import type { Trace } from './conversation.ts'
import { scriptOf } from './read-script.ts'
import { soundScript } from './script.test-data.ts'
import { createScriptRobot } from './script-robot.ts'
import { judgeScript } from './script-summary.ts'

const acceptedAt = new Date('2026-03-02T10:00:00+08:00')
const values = { org: '丽家家电', name: '张伟', time: '明天下午3点', agent: '13800138000' }

function rigOf(change: (yaml: string) => string = (yaml) => yaml, more: { given?: Record<string, string>; classifier?: IntentClassifier; clock?: { atMs: number } } = {}) {
  const script = scriptOf(change(soundScript), 'visit.yaml')
  const traces: Trace[] = []
  const robot = createScriptRobot({ script, values: { ...values, ...more.given }, acceptedAt, now: () => new Date(acceptedAt.getTime() + (more.clock?.atMs ?? 0)), classifier: more.classifier, trace: (trace) => traces.push(trace) })
  return { rig: new RobotRig(robot), robot, script, traces }
}

test('names itself, asks for the person, tells, and ends with what was agreed', async () => {
  const { rig, script } = rigOf()
  assert.match(spokenIn(await rig.answer('喂')), /丽家家电的AI语音助手.*合成.*请问是张伟吗/)
  assert.match(spokenIn(await rig.callee('嗯，是我')), /提醒您明天下午3点有师傅上门/)
  await rig.callee('可以的，在家')
  assert.deepEqual([rig.hungUp, rig.outcome], [true, 'confirmed'])
  assert.match(rig.summary!, /上门预约，内容已告知，对方已确认/)
  assert.deepEqual(rig.notes.flatMap(({ step }) => step ?? []), ['hello', 'tell', 'good'])
  const judged = judgeScript(script, { notes: rig.notes, turns: [{ turn: 1, speaker: 'callee', text: '嗯，是我', cut: false, confidence: 1 }], outcome: 'confirmed', answered: true })
  assert.deepEqual([judged.grade.letter, judged.grade.turns], ['A', [1]])
  assert.match(judged.grade.reason, /^在家等候（肯定 2 次/)
})

for (const [words, outcome] of [['打错了', 'wrong-number'], ['我是他老婆', 'third-party'], ['别再打了', 'stopped'], ['我在开会，下午5点再打', 'busy-call-back'], ['不需要', 'refused'], ['转人工', 'handover-requested'], ['不是我', 'wrong-number']] as const) {
  test(`whoever says ${words} hears nothing of the matter and a goodbye: ${outcome}`, async () => {
    const { rig } = rigOf()
    await rig.answer()
    await rig.callee(words)
    assert.deepEqual([rig.hungUp, rig.outcome], [true, outcome])
    assert.doesNotMatch(rig.heard, /上门|下午3点/)
    assert.match(rig.heard, /再见。$/)
    assert.equal(rig.notes.some(({ doNotCall }) => doNotCall !== undefined), outcome === 'stopped')
    if (outcome === 'stopped') assert.equal(rig.notes.find(({ doNotCall }) => doNotCall)?.doNotCall?.evidence, '别再打了')
    if (outcome === 'busy-call-back') assert.match(rig.notes.find(({ callBackAt }) => callBackAt)!.callBackAt!, /^2026-03-02T17:00/)
  })
}

test('an answer of the knowledge returns to the question that was open, and takes no try from it', async () => {
  const { rig, traces } = rigOf()
  await rig.answer()
  await rig.callee('是我')
  for (let i = 0; i < 5; i += 1) assert.match(spokenIn(await rig.callee('师傅叫什么名字来着')), /这个请问上门的师傅。.*上门，您在家吗/)
  await rig.callee('可以')
  assert.equal(rig.outcome, 'confirmed')
  assert.equal(traces.filter(({ took }) => took === 'faq.0').length, 5)
})

test('who asks gets the truth about the voice, then the question again', async () => {
  const { rig } = rigOf()
  await rig.answer()
  assert.match(spokenIn(await rig.callee('你是机器人吧')), /是的，我是AI语音助手.*请问是张伟吗/)
})

test('a fact is not told before the person said so, whatever the knowledge holds', async () => {
  const { rig } = rigOf((yaml) => yaml.replace('say: "这个请问上门的师傅。"', 'say: "师傅${time}到。"'))
  await rig.answer()
  const said = spokenIn(await rig.callee('几点钟来啊'))
  assert.match(said, /这件事需要跟本人说/)
  assert.doesNotMatch(said, /3点/)
  await rig.callee('是我')
  assert.match(spokenIn(await rig.callee('几点来着，师傅姓什么')), /下午3点到/)
})

test("a script's own intent leads its own way, words are kept, and the label knows them", async () => {
  const { rig, script } = rigOf()
  await rig.answer()
  await rig.callee('是我')
  assert.match(spokenIn(await rig.callee('能改个时间不')), /什么时间方便/)
  await rig.callee('这周都没空')
  assert.deepEqual([rig.outcome, rig.slots], ['declined', { wish: '这周都没空' }], 'where words are wanted, these are words')
  const again = rigOf()
  await again.rig.answer()
  for (const words of ['是我', '改期吧', '周六上午']) await again.rig.callee(words)
  assert.deepEqual([again.rig.outcome, again.rig.slots], ['declined', { wish: '周六上午' }])
  assert.equal(judgeScript(script, { notes: [{ slots: { wish: '没空' } }], turns: [], outcome: 'declined', answered: true }).grade.letter, 'C')
})

test('silence is asked into twice, then the call ends with a goodbye', async () => {
  const { rig } = rigOf()
  await rig.answer()
  assert.match(spokenIn(await rig.silence()), /能听到吗/)
  await rig.silence()
  assert.match(spokenIn(await rig.silence()), /听不到您的声音/)
  assert.deepEqual([rig.hungUp, rig.outcome], [true, 'silent'])
})

test('counters end what would go round: the same question is asked so often and no more', async () => {
  const { rig } = rigOf()
  await rig.answer()
  await rig.callee('今天天气不错')
  await rig.callee('我种了一盆花')
  assert.deepEqual([rig.hungUp, rig.outcome], [true, 'unconfirmed'])
})

test('too many turns and too long a call end it', async () => {
  const many = rigOf((yaml) => yaml.replace('start: hello', 'limits: { turnsMax: 3 }\nstart: hello'))
  await many.rig.answer()
  for (const words of ['是我', '师傅贵姓', '师傅带什么工具', '师傅几岁']) await many.rig.callee(words)
  assert.deepEqual([many.rig.hungUp, many.rig.outcome], [true, 'delivered'])
  const clock = { atMs: 0 }
  const long = rigOf(undefined, { clock })
  await long.rig.answer()
  clock.atMs = 181_000
  assert.match(spokenIn(await long.rig.callee('是我')), /时间有点长了/)
  assert.ok(long.rig.hungUp)
})

test('a murmur goes with the words; an answer over the opening waits for the label to be heard; a plea to stop does not', async () => {
  const { rig } = rigOf()
  await rig.answer()
  assert.deepEqual((await rig.callee('嗯', { waitsForRobot: false })).filter(({ type }) => type !== 'note'), [])
  const early = await rig.callee('我就是张伟你说吧', { waitsForRobot: false })
  assert.ok(!early.some(({ type }) => type === 'stop'), 'the opening is heard to its end')
  await rig.play()
  assert.ok(rig.says.every(({ cut }) => !cut))
  const { rig: other } = rigOf()
  await other.answer()
  const stopped = await other.callee('别打了', { waitsForRobot: false })
  assert.equal(stopped.findIndex(({ type }) => type === 'stop') < stopped.findIndex(({ type }) => type === 'say'), true)
})

test('a line that is broken into was not delivered, and nothing is counted as told', async () => {
  const { rig } = rigOf()
  await rig.answer()
  await rig.callee('是我')
  await rig.bargeIn('先不说了挂了', 3)
  assert.notEqual(rig.outcome, 'delivered')
  const { rig: gone } = rigOf()
  await gone.answer()
  await gone.callee('是我')
  await gone.play()
  await gone.end()
  assert.equal(gone.outcome, 'delivered')
})

test('recordings and words mix in one line, and a line whose variable has no value is left out', async () => {
  const { rig } = rigOf((yaml) => yaml.replace('  noted: { say: 好的，记下了，再见。, end: declined }', `  noted:
    say:
      - 费用\${fee}，再见。
      - { parts: [{ file: noted-a.wav, words: 好的 }, "\${name}，", { file: bye.wav, words: 再见 }] }
    end: declined`))
  await rig.answer()
  for (const words of ['是我', '不行']) await rig.callee(words)
  const said = (await rig.callee('周六')).find((action) => action.type === 'say')!
  assert.deepEqual(said.type === 'say' && said.parts, [{ type: 'file', code: 'noted-a.wav', words: '好的' }, { type: 'text', text: '张伟，' }, { type: 'file', code: 'bye.wav', words: '再见' }])
})

const keyed = (yaml: string): string => yaml
  .replace('  noted: { say: 好的，记下了，再见。, end: declined }', `  noted: { say: 好的，记下了，再见。, end: declined }
  rate: { say: "满意请按1，不满意请按2。", keys: { "1": { go: code, set: { rating: 满意 } }, "2": noted }, max: { times: 3, go: noted } }
  code: { say: "请按四位编号，按井号结束。", collect: { slot: number, digitsMin: 4, digitsMax: 4, endKey: "#", go: good }, max: { times: 2, go: noted } }`)
  .replace('deny: when\n', 'deny: rate\n')

test('keys choose and are kept; several become one number; a wrong key asks again', async () => {
  const { rig } = rigOf(keyed)
  await rig.answer()
  for (const words of ['是我', '不行']) await rig.callee(words)
  await rig.play()
  assert.match(spokenIn(await rig.send({ type: 'digits', digits: '7', ended: 'pressed' })), /满意请按1/)
  assert.match(spokenIn(await rig.send({ type: 'digits', digits: '1', ended: 'pressed' })), /四位编号/)
  await rig.play()
  assert.deepEqual(rig.actions.findLast(({ type }) => type === 'collect-digits'), { type: 'collect-digits', digitsMax: 4, endKey: '#', timeOutMs: 8_000 })
  for (const key of '032') assert.deepEqual(await rig.send({ type: 'digits', digits: key, ended: 'pressed' }), [])
  await rig.send({ type: 'digits', digits: '7', ended: 'pressed' })
  assert.deepEqual([rig.outcome, rig.slots], ['confirmed', { rating: '满意', 按键: '1', number: '0327' }])
})

test('too few keys are asked for again, however they ended; no keys at all are left to the silence', async () => {
  const asking = async () => {
    const { rig } = rigOf(keyed)
    await rig.answer()
    for (const words of ['是我', '不行']) await rig.callee(words)
    await rig.play()
    await rig.send({ type: 'digits', digits: '1', ended: 'pressed' })
    await rig.play()
    return rig
  }
  for (const event of [{ digits: '03', ended: 'time-out' }, { digits: '03', ended: 'key' }, { digits: '03#', ended: 'pressed' }] as const) {
    const rig = await asking()
    assert.match(spokenIn(await rig.send({ type: 'digits', ...event })), /没有听明白.*四位编号/su, event.ended)
    await rig.play()
    // What was pressed before does not count any more.
    assert.equal((rig.actions.findLast(({ type }) => type === 'collect-digits') as { digitsMax: number }).digitsMax, 4)
    await rig.send({ type: 'digits', digits: '0327', ended: 'max-digits' })
    assert.deepEqual([rig.outcome, rig.slots?.['number']], ['confirmed', '0327'])
  }
  const silent = await asking()
  assert.deepEqual(await silent.send({ type: 'digits', digits: '', ended: 'time-out' }), [])
  assert.match(spokenIn(await silent.send({ type: 'silence', count: 1 })), /能听到吗.*四位编号/su)
  const stops = await asking()
  await stops.callee('别再打了')
  assert.equal(stops.outcome, 'stopped', 'words count while keys are waited for')
})

const transferring = (yaml: string): string => yaml.replace('  fee:', '  agent: { say: phone, public: true }\n  fee:').replace('  noted: { say: 好的，记下了，再见。, end: declined }', '  noted: { say: 好的，记下了，再见。, end: declined }\n  desk: { say: 为您转接。, transfer: { to: "${agent}", else: noted } }').replace('deny: when\n', 'deny: desk\n')

test('a transfer asks for the human of the call; when nobody answers the conversation goes on', async () => {
  const joined = rigOf(transferring)
  await joined.rig.answer()
  for (const words of ['是我', '不行']) await joined.rig.callee(words)
  assert.deepEqual(joined.rig.actions.at(-1), { type: 'transfer', to: '+8613800138000' })
  await joined.rig.send({ type: 'transfer', state: 'joined' })
  assert.equal(joined.rig.outcome, 'transferred')
  const failed = rigOf(transferring)
  await failed.rig.answer()
  for (const words of ['是我', '不行']) await failed.rig.callee(words)
  assert.match(spokenIn(await failed.rig.send({ type: 'transfer', state: 'failed', reason: 'busy' })), /记下了，再见/)
  assert.deepEqual([failed.rig.outcome, failed.rig.hungUp], ['declined', true])
})

test('a machine hears who called and nothing of the matter, however it is recognised', async () => {
  for (const first of ['您好，我是机主的智能助理，请问您找他有什么事', '']) {
    const { rig } = rigOf()
    await rig.send({ type: 'answered', atMs: 0, firstWords: first, ...(first === '' && { machines: { told: true, machine: 'voicemail', policy: 'leave-message' } as const }) })
    assert.deepEqual([rig.hungUp, rig.outcome], [true, 'machine'])
    assert.doesNotMatch(rig.heard, /上门|3点|张伟/)
  }
})

test('what would be said is told beforehand without a trace', async () => {
  const { rig, robot } = rigOf()
  await rig.answer()
  await rig.play()
  const event = { type: 'utterance', text: '是我', beginAtMs: 9_000, endAtMs: 9_400, confidence: 0.9, bargeIn: false } as const
  const foreseen: string[] = []
  for (let i = 0; i < 2; i += 1) for await (const words of robot.foresee!(event, new AbortController().signal)) foreseen.push(words)
  assert.equal(foreseen.length, 2)
  assert.equal(foreseen[0], foreseen[1])
  assert.equal(spokenIn(await rig.callee('是我')), foreseen[0])
})

test('an aborted turn gives nothing more out, and what it learnt is told with the next', async () => {
  const { robot, rig } = rigOf()
  await rig.answer()
  await rig.play()
  const aborted = AbortSignal.abort()
  const given: unknown[] = []
  for await (const action of robot.handle({ type: 'utterance', text: '是我', beginAtMs: 9_000, endAtMs: 9_400, confidence: 0.9, bargeIn: false }, aborted)) given.push(action)
  assert.deepEqual(given, [])
  await rig.callee('可以')
  assert.ok(rig.notes.some(({ identity }) => identity === 'yes'))
})

test('a classifier is asked what nobody understood, and its word counts as an intent of the script', async () => {
  const asked: string[] = []
  const { rig } = rigOf(undefined, { classifier: { classify: async ({ said, asked: question }) => (asked.push(`${question} ${said}`), Promise.resolve('reschedule')) } })
  await rig.answer()
  await rig.callee('是我')
  assert.match(spokenIn(await rig.callee('院里那棵树该剪了')), /什么时间方便/)
  assert.deepEqual(asked, ['提醒您${time}有师傅上门，您在家吗？ 院里那棵树该剪了'])
})

test('a node that ends may register that no calls are wanted, with the words that prove it', async () => {
  const { rig } = rigOf((yaml) => yaml.replace('end: declined }', 'end: declined, doNotCall: true }'))
  await rig.answer()
  for (const words of ['是我', '不行', '以后发短信就好']) await rig.callee(words)
  assert.deepEqual(rig.notes.find(({ doNotCall }) => doNotCall)?.doNotCall, { evidence: '以后发短信就好' })
})

test('a script that nobody checked still tells its facts to the person only', async () => {
  const script = scriptOf(soundScript, 'visit.yaml')
  const leaky = { ...script, nodes: { ...script.nodes, not_me: { ...script.nodes['not_me']!, say: script.nodes['tell']!.say } } }
  const rig = new RobotRig(createScriptRobot({ script: leaky, values, acceptedAt, now: () => acceptedAt }))
  await rig.answer()
  assert.equal(spokenIn(await rig.callee('不是我')), '这件事需要跟本人说。')
})
