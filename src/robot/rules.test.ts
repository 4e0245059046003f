import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnsMax } from './conversation-policy.ts'
import { compileRequirement } from './requirement.ts'
import type { RobotAction, RobotEvent } from './robot.ts'
import { createRulesRobot } from './rules.ts'
import { RobotRig, spokenIn } from './rules-rig.ts'

const acceptedAt = new Date('2026-11-20T10:00:00+08:00')
const callAt = new Date('2026-11-20T11:00:00+08:00')

function rigFor(text: string, options: { attempt?: number; organisation?: string; at?: Date; handover?: string } = {}): RobotRig {
  const requirement = compileRequirement(text, { acceptedAt, organisation: options.organisation })
  return new RobotRig(createRulesRobot({ requirement, now: () => options.at ?? callAt, attempt: options.attempt ?? 1, handover: options.handover }))
}
const meeting = '通知张总明天上午9点在三楼会议室开会，请带上报表'

/** Answered, and confirmed to be the person. */
async function told(text = meeting, options: Parameters<typeof rigFor>[1] = {}): Promise<RobotRig> {
  const rig = rigFor(text, options)
  await rig.answer('喂')
  await rig.callee('我是')
  return rig
}

void test('names the organisation and the synthetic voice in the opening', async () => {
  const rig = rigFor(meeting, { organisation: '蓝天公司' })
  assert.equal(spokenIn(await rig.answer()), '您好，我是蓝天公司的AI语音助手，本次通话为人工智能合成语音。请问是张总吗？')
  assert.match(spokenIn(await rigFor(meeting).answer()), /受委托/)
})

void test('does not let the disclosure be talked over, but the question', async () => {
  const rig = rigFor(meeting)
  const says = (await rig.answer()).filter((action) => action.type === 'say')
  assert.deepEqual(says.map(({ interruptible }) => interruptible), [false, true])
})

void test('says the day relative to the call, not to the submission', async () => {
  const rig = rigFor(meeting, { at: new Date('2026-11-21T08:00:00+08:00') })
  await rig.answer()
  assert.match(spokenIn(await rig.callee('我是')), /今天上午9点在三楼会议室开会/)
})

void test('keeps a sentence to about forty characters', async () => {
  const rig = await told()
  await rig.play()
  for (const { text } of rig.says) assert.ok(text.length <= 45, text)
})

void test('asks for the person when somebody else answers, and greets whoever comes', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  assert.match(spokenIn(await rig.callee('不是')), /请问张总方便接电话吗/)
  const wait = await rig.callee('你等等，我叫他')
  assert.match(spokenIn(wait), /等您/)
  assert.ok(wait.some((action) => action.type === 'set-mute-time' && action.muteMs > 5_000))
  const anew = await rig.callee('喂，哪位')
  assert.match(spokenIn(anew), /AI语音助手.*合成.*请问是张总吗/)
  assert.ok(anew.some((action) => action.type === 'set-mute-time' && action.muteMs === 5_000))
  await rig.callee('对，是我')
  assert.match(rig.notes.map(({ identity }) => identity).join(), /no.*yes/)
  await rig.callee('好的')
  assert.equal(rig.outcome, 'confirmed')
})

void test('leaves no content with somebody else and asks for another time', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  await rig.callee('不是')
  assert.match(spokenIn(await rig.callee('他出差了')), /张总本人.*回电/)
  await rig.callee('明天下午三点再打')
  assert.equal(rig.outcome, 'third-party')
  assert.equal(rig.notes.find(({ callBackAt }) => callBackAt)?.callBackAt, '2026-11-21T15:00:00+08:00')
  assert.doesNotMatch(rig.heard, /会议|报表|9点/)
})

void test('asks a busy person once for another time, or takes the one they give', async () => {
  const asked = rigFor(meeting)
  await asked.answer()
  assert.match(spokenIn(await asked.callee('我在忙')), /什么时候/)
  await asked.callee('晚上八点')
  assert.equal(asked.outcome, 'busy-call-back')
  assert.equal(asked.notes.find(({ callBackAt }) => callBackAt)?.callBackAt, '2026-11-20T20:00:00+08:00')

  const given = rigFor(meeting)
  await given.answer()
  await given.callee('在开会，下午三点再打')
  assert.equal(given.outcome, 'busy-call-back')
  assert.ok(given.hungUp)

  const vague = rigFor(meeting)
  await vague.answer()
  await vague.callee('在忙')
  await vague.callee('再说吧')
  assert.equal(vague.outcome, 'busy-call-back')
  assert.ok(vague.notes.every(({ callBackAt }) => callBackAt === undefined))
})

void test('says once that the content is short, but never to a driver and never on a later call', async () => {
  const rig = await told()
  assert.match(spokenIn(await rig.callee('我在忙')), /内容很短/)
  assert.match(spokenIn(await rig.callee('真的没空，在忙呢现在')), /什么时候/)
  const driver = await told()
  assert.match(spokenIn(await driver.callee('我在开车')), /什么时候/)
  const second = await told(meeting, { attempt: 2 })
  assert.match(spokenIn(await second.callee('我在忙')), /什么时候/)
})

void test('answers what the facts tell and admits what they do not', async () => {
  const rig = await told()
  assert.match(spokenIn(await rig.callee('几点来着')), /上午9点/)
  assert.match(spokenIn(await rig.callee('在哪里')), /三楼会议室/)
  assert.match(spokenIn(await rig.callee('要带什么')), /报表/)
  assert.match(spokenIn(await rig.callee('什么时候结束')), /没有信息/)
  assert.match(spokenIn(await rig.callee('能带家属吗')), /没有信息/)
  assert.match(spokenIn(await rig.callee('谁让你打的')), /受委托/)
  await rig.callee('知道了')
  assert.equal(rig.outcome, 'confirmed')
})

void test('answers a question that interrupts, and takes up the fact it broke off', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  await rig.callee('我是')
  const answer = spokenIn(await rig.bargeIn('等一下，几点开始', '通知您：明天，也就是11月21日星期六上午9点，在三楼会议室开会。请带'.length))
  assert.match(answer, /上午9点.*请带上报表。请问您能参加吗？$/)
  assert.doesNotMatch(answer, /慢慢来|三楼/)
})

void test('answers a question that comes with 等一下 without a pause, and asks to wait for nothing', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  await rig.callee('我是')
  const answer = await rig.bargeIn('等一下几点开始', '通知您：明天，也就是'.length)
  const [first, ...rest] = answer.flatMap((action) => (action.type === 'say' ? [spokenIn([action])] : []))
  assert.match(first!, /上午9点/)
  assert.match(rest.join(''), /上午9点，在三楼会议室开会。请带上报表。/)
  assert.match(spokenIn(await rig.callee('等一下什么时候结束')), /没有信息/)
  assert.match(spokenIn(await rig.callee('等一下')), /等您/)
})

void test('puts right what is said back wrongly, and takes no agreement to it', async () => {
  const rig = await told()
  assert.match(spokenIn(await rig.callee('是十点吗')), /^不是的，应该是：明天，也就是11月21日星期六上午9点。请问您能参加吗？$/)
  assert.match(spokenIn(await rig.callee('好的，十点，知道了')), /^不是的，应该是：.*上午9点/)
  assert.equal(rig.outcome, undefined)
  assert.match(spokenIn(await rig.callee('在四楼对吗')), /^不是的，应该是：在三楼会议室。/)
  assert.match(spokenIn(await rig.callee('九点是吗，要带什么吗')), /^是的，.*上午9点，请带上报表。/)
  await rig.callee('好的，九点')
  assert.equal(rig.outcome, 'confirmed')
  const parcel = await told('告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327')
  assert.match(spokenIn(await parcel.callee('5-1-0372对吧')), /^不是的，应该是：取件码5-1-0327。/)
})

void test('takes a time for the answer when it asked for one, and corrects it nowhere before the person is known', async () => {
  const rig = await told('问张总明天上午9点开会能不能来，几点能到')
  await rig.callee('能来')
  await rig.callee('十点')
  assert.deepEqual(rig.slots, { 明天上午9点开会能不能来: '能来', 几点能到: '十点' })
  const stranger = rigFor(meeting)
  await stranger.answer()
  assert.doesNotMatch(spokenIn(await stranger.callee('是十点吗')), /9点|应该/)
})

void test('closes with the key fact', async () => {
  const rig = await told()
  assert.match(spokenIn(await rig.callee('好的，能参加')), /明天上午9点在三楼会议室开会.*感谢.*再见/)
})

void test('notes a no as declined', async () => {
  const rig = await told()
  await rig.callee('来不了')
  assert.equal(rig.outcome, 'declined')
})

void test('repeats three times, then closes as delivered', async () => {
  const rig = await told()
  for (let i = 0; i < 3; i += 1) assert.match(spokenIn(await rig.callee('没听清，再说一遍')), /再说一遍.*9点.*报表/)
  await rig.callee('再说一遍')
  assert.equal(rig.outcome, 'delivered')
  assert.ok(rig.hungUp)
})

void test('says a fact that was cut again from the start of its clause', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  await rig.callee('我是')
  // 通知您：明天，也就是11月21日星期六上午9点，在三楼 — cut in the middle of the place.
  const answer = await rig.bargeIn('是哪位啊', '通知您：明天，也就是11月21日星期六上午9点，在三楼'.length)
  assert.match(spokenIn(answer), /AI语音助手.*在三楼会议室开会。请带上报表。/)
  assert.doesNotMatch(spokenIn(answer), /11月21日/)
})

void test('does not take agreement in the middle of a fact for a confirmation', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  await rig.callee('我是')
  const rest = await rig.bargeIn('好的知道了', '通知您：明天，也就是'.length)
  assert.match(spokenIn(rest), /明天.*9点.*三楼会议室.*报表/)
  assert.notEqual(rig.outcome, 'confirmed')
  await rig.callee('好的')
  assert.equal(rig.outcome, 'confirmed')
})

void test('talks on through 嗯 and 喂 that do not stop it', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  assert.equal(spokenIn(await rig.callee('喂', { waitsForRobot: false })), '')
  assert.ok(rig.speaking)
  await rig.callee('我是')
  assert.equal(spokenIn(await rig.callee('嗯', { waitsForRobot: false })), '')
  assert.ok(rig.speaking)
  await rig.callee('好的')
  assert.equal(rig.outcome, 'confirmed')
})

void test('tells the synthetic voice again to a callee who broke in before it was said', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  const again = await rig.bargeIn('你说什么', 8)
  assert.match(spokenIn(again), /合成.*张总本人吗/)
  const other = rigFor(meeting)
  await other.answer()
  assert.match(spokenIn(await other.bargeIn('我就是张总', 8)), /合成.*三楼会议室/)
})

void test('checks the line twice and then leaves', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  assert.match(spokenIn(await rig.silence()), /能听到吗/)
  assert.match(spokenIn(await rig.silence()), /能听到吗/)
  await rig.silence()
  assert.equal(rig.outcome, 'silent')
  assert.ok(rig.hungUp)
  const after = await told()
  await after.silence()
  await after.silence()
  await after.silence()
  assert.equal(after.outcome, 'delivered')
})

void test('gives up unconfirmed when nobody says who they are', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  for (const words of ['今天天气不错', '哈哈哈', '那个那个']) await rig.callee(words)
  assert.equal(rig.outcome, 'unconfirmed')
  assert.ok(rig.hungUp)
})

void test('passes a plea for a person on and ends', async () => {
  const rig = rigFor(meeting, { organisation: '蓝天公司' })
  await rig.answer()
  assert.match(spokenIn(await rig.callee('给我转人工')), /转达给蓝天公司/)
  assert.equal(rig.outcome, 'handover-requested')
})

void test('hands a callee who asks for a person to one, when there is one, and asks nothing more', async () => {
  const rig = rigFor(meeting, { organisation: '蓝天公司', handover: '+8613900139000' })
  await rig.answer()
  const actions = await rig.callee('给我转人工')
  assert.match(spokenIn(actions), /我为您转人工/)
  assert.deepEqual(actions.find(({ type }) => type === 'transfer'), { type: 'transfer', to: '+8613900139000' })
  assert.equal(rig.hungUp, false)
  await rig.send({ type: 'transfer', state: 'joined' })
  assert.equal(rig.outcome, 'transferred')
  assert.match(rig.summary!, /已转接人工/)
  await rig.send({ type: 'ended' })
  assert.equal(rig.outcome, 'transferred', 'the end changes nothing about it')
})

void test('passes the plea on when nobody comes to the phone, and does not try again', async () => {
  const rig = rigFor(meeting, { organisation: '蓝天公司', handover: '+8613900139000' })
  await rig.answer()
  await rig.callee('转人工')
  const actions = await rig.send({ type: 'transfer', state: 'failed', reason: 'busy' })
  assert.match(spokenIn(actions), /无法接听.*转达给蓝天公司/)
  assert.equal(rig.outcome, 'handover-requested')
  assert.ok(actions.some(({ type }) => type === 'hang-up'))
  assert.ok(!actions.some(({ type }) => type === 'transfer'))
})

void test('goes on where it was when a transfer fails that somebody else had begun', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  assert.deepEqual(await rig.send({ type: 'transfer', state: 'failed', reason: 'busy' }), [])
  assert.match(spokenIn(await rig.callee('是我')), /开会/)
})

void test('answers abuse calmly once, then leaves', async () => {
  const rig = rigFor(meeting, { organisation: '蓝天公司' })
  await rig.answer()
  assert.match(spokenIn(await rig.callee('骗子')), /蓝天公司.*核实/)
  await rig.callee('滚')
  assert.equal(rig.outcome, 'refused')
  assert.ok(rig.hungUp)
})

void test('waits while the callee looks for a pen, then says it again', async () => {
  const rig = await told()
  assert.match(spokenIn(await rig.callee('等一下我拿个笔')), /等您/)
  assert.match(spokenIn(await rig.callee('好了你说')), /9点.*报表/)
})

void test('offers a notice when the requirement names nobody', async () => {
  const rig = rigFor('明天停水，请提前储水')
  assert.match(spokenIn(await rig.answer()), /有一个通知要告诉您/)
  assert.match(spokenIn(await rig.callee('什么事')), /停水.*储水/)
  await rig.callee('知道了')
  assert.equal(rig.outcome, 'confirmed')
  const refused = rigFor('明天停水')
  await refused.answer()
  await refused.callee('不听')
  assert.equal(refused.outcome, 'refused')
})

void test('offers a question, not a notice, when there is only something to ask', async () => {
  const rig = rigFor('打电话给楼下餐厅预订今晚7点两个人的位子')
  assert.match(spokenIn(await rig.answer('喂，你好')), /有件事想问您/)
  assert.match(spokenIn(await rig.callee('你说')), /能不能预订今天晚上7点两个人的位子/)
  await rig.callee('可以的')
  assert.equal(rig.outcome, 'confirmed')
})

void test('asks the questions one by one and keeps the words of the answers', async () => {
  const rig = rigFor('问张总明天能不能来开会，需要几个座位')
  await rig.answer()
  assert.match(spokenIn(await rig.callee('我是')), /想请问您：明天.*能不能来开会？$/)
  assert.match(spokenIn(await rig.callee('能来啊')), /记下了.*几个座位？/)
  await rig.callee('三个吧')
  assert.deepEqual(rig.slots, { 明天能不能来开会: '能来啊', 需要几个座位: '三个吧' })
  assert.equal(rig.outcome, 'confirmed')
  assert.match(rig.summary!, /对方回答“能来啊”.*“三个吧”/)
})

void test('takes 没空 for the answer when it asked whether one can come', async () => {
  const rig = rigFor('问张总明天能不能来开会')
  await rig.answer()
  await rig.callee('我是')
  await rig.callee('没空')
  assert.equal(rig.outcome, 'declined')
  assert.deepEqual(rig.slots, { 明天能不能来开会: '没空' })
})

void test('lets a key confirm when one was offered', async () => {
  const rig = await told('通知张总明天开会，同意请按1，不参加请按2')
  assert.ok(rig.actions.some((action) => action.type === 'collect-digits'))
  await rig.play()
  await rig.send({ type: 'digits', digits: '1', ended: 'max-digits' })
  assert.equal(rig.outcome, 'confirmed')
  const no = await told('通知张总明天开会，同意请按1，不参加请按2')
  await no.play()
  await no.send({ type: 'digits', digits: '2', ended: 'max-digits' })
  assert.equal(no.outcome, 'declined')
})

void test('tells nothing to a key that nobody asked for', async () => {
  const rig = rigFor('通知张总明天开会，请按1确认')
  await rig.answer()
  await rig.play()
  const actions = await rig.send({ type: 'digits', digits: '1', ended: 'pressed' })
  assert.match(spokenIn(actions), /张总本人吗/)
  assert.doesNotMatch(rig.heard, /开会/)
  const quiet = await told('通知张总明天开会，请按1确认')
  assert.deepEqual(await quiet.send({ type: 'digits', digits: '', ended: 'time-out' }), [])
})

void test('does not trust words that the recogniser guessed', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  await rig.callee('别再打了', { confidence: 0.2 })
  assert.ok(rig.notes.every(({ doNotCall }) => doNotCall === undefined))
  assert.equal(rig.hungUp, false)
})

void test('admits to be a robot and goes on telling when the callee is the person', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  const both = spokenIn(await rig.callee('是我，你是机器人吗'))
  assert.match(both, /是的.*AI.*三楼会议室/)
  assert.doesNotMatch(both, /真人/)
})

void test('tells a long text in goes and asks in between', async () => {
  const rig = await told(`通知张总${Array.from({ length: 9 }, (_, i) => `第${i + 1}项工作由${'甲乙丙丁戊己庚辛壬'[i]}组负责推进`).join('；')}`)
  await rig.play()
  assert.doesNotMatch(rig.heard, /第6项/)
  assert.match(rig.says.at(-1)!.text, /到这里/)
  await rig.callee('好的')
  await rig.callee('好')
  await rig.play()
  assert.match(rig.heard, /第9项/)
  await rig.callee('知道了')
  assert.equal(rig.outcome, 'confirmed')
})

void test('quotes somebody who speaks of themselves', async () => {
  const rig = rigFor('告诉我妈今晚我不回家吃饭')
  await rig.answer()
  assert.match(spokenIn(await rig.callee('方便，你说')), /委托方让我转告您：今天晚上我不回家吃饭/)
})

void test('asks for any of the people it was told to call, and calls none by the other\'s name', async () => {
  for (const yes of ['我是李四', '我是张三', '对，我是', '不是张三，我是李四']) {
    const rig = rigFor('通知张三和李四明天上午9点在三楼会议室开会')
    assert.match(spokenIn(await rig.answer()), /请问是张三或者李四吗？$/)
    assert.match(spokenIn(await rig.callee(yes)), /^通知张三和李四：明天，也就是11月21日星期六上午9点，在三楼会议室开会。/, yes)
    await rig.callee('好的')
    assert.equal(rig.outcome, 'confirmed')
  }
  const other = rigFor('通知张三和李四明天上午9点在三楼会议室开会')
  await other.answer()
  assert.match(spokenIn(await other.callee('张三不在')), /张三或者李四本人吗/, 'the other one may be speaking')
  assert.match(spokenIn(await other.callee('我是王五')), /请问张三或者李四方便接电话吗/)
  assert.doesNotMatch(other.heard, /会议|9点/)
})

void test('speaks English to an English requirement', async () => {
  const rig = rigFor('Tell Mr. Smith that the meeting is at 9 am tomorrow in room 3. Please bring the report.')
  assert.match(spokenIn(await rig.answer()), /AI.*synthetic.*Mr\. Smith/)
  assert.match(spokenIn(await rig.callee('Yes, speaking')), /tomorrow, Saturday, November 21 in room 3/)
  await rig.callee('ok, got it')
  assert.equal(rig.outcome, 'confirmed')
})

void test('changes to English lines for a callee who speaks English', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  assert.match(spokenIn(await rig.callee('sorry, who is this please')), /AI voice assistant/)
})

void test('sums up a call that the callee ended', async () => {
  const before = rigFor(meeting)
  await before.answer()
  await before.end()
  assert.equal(before.outcome, 'silent')
  const midway = await told()
  await midway.play(5)
  await midway.end()
  assert.equal(midway.outcome, 'refused')
  assert.doesNotMatch(midway.summary!, /报表/)
  const after = await told()
  await after.play()
  await after.end()
  assert.equal(after.outcome, 'delivered')
  assert.match(after.summary!, /报表/)
})

void test('takes a hang-up over the question when to call again for what it is', async () => {
  const busy = rigFor(meeting)
  await busy.answer()
  await busy.callee('我在开车')
  await busy.end()
  assert.equal(busy.outcome, 'busy-call-back')
  const stranger = await told()
  await stranger.callee('我是他儿子')
  await stranger.end()
  assert.equal(stranger.outcome, 'third-party')
})

void test('hangs up again when somebody speaks after the goodbye', async () => {
  const rig = rigFor(meeting)
  await rig.answer()
  await rig.callee('打错了')
  assert.deepEqual(await rig.callee('等等'), [{ type: 'hang-up' }])
})

void test('stops yielding when the caller aborts', async () => {
  const requirement = compileRequirement(meeting, { acceptedAt })
  await using robot = createRulesRobot({ requirement, now: () => callAt, attempt: 1 })
  const controller = new AbortController()
  const got: string[] = []
  for await (const action of robot.handle({ type: 'answered', atMs: 0, firstWords: '' }, controller.signal)) {
    got.push(action.type)
    controller.abort()
  }
  assert.equal(got.length, 1)
})

void test('keeps what it learnt when it is aborted, and tells it with the next event', async () => {
  const requirement = compileRequirement(meeting, { acceptedAt })
  await using robot = createRulesRobot({ requirement, now: () => callAt, attempt: 1 })
  const live = new AbortController().signal
  const collect = async (event: RobotEvent, signal: AbortSignal): Promise<RobotAction[]> => {
    const actions: RobotAction[] = []
    for await (const action of robot.handle(event, signal)) actions.push(action)
    return actions
  }
  const utterance = (text: string): RobotEvent => ({ type: 'utterance', text, beginAtMs: 9_000, endAtMs: 9_500, confidence: 0.9, bargeIn: false })
  await collect({ type: 'answered', atMs: 0, firstWords: '' }, live)
  assert.deepEqual(await collect(utterance('别再打了'), AbortSignal.abort()), [])
  const next = await collect(utterance('听到没有'), live)
  assert.ok(next.some((action) => action.type === 'note' && action.note.doNotCall !== undefined))
  assert.ok(next.some((action) => action.type === 'hang-up'))
})

void test('says goodbye after twenty turns', async () => {
  const rig = await told()
  for (let i = 0; i < turnsMax + 2 && !rig.hungUp; i += 1) await rig.callee(['几点', '你是机器人吗', '在哪', '等一下', '谁让你打的'][i % 5]!)
  assert.ok(rig.hungUp)
})

void test('who speaks over the opening hears that the voice is synthetic, although what was stopped is told as played only afterwards', async () => {
  const requirement = compileRequirement(meeting, { acceptedAt })
  await using robot = createRulesRobot({ requirement, now: () => callAt, attempt: 1 })
  const collect = async (event: RobotEvent): Promise<RobotAction[]> => {
    const actions: RobotAction[] = []
    for await (const action of robot.handle(event, new AbortController().signal)) actions.push(action)
    return actions
  }
  const [disclosure] = (await collect({ type: 'answered', atMs: 0, firstWords: '' })).filter((action) => action.type === 'say')
  const again = await collect({ type: 'utterance', text: '喂，你好', beginAtMs: 1_000, endAtMs: 1_500, confidence: 0.9, bargeIn: true })
  await collect({ type: 'played', say: disclosure!.id, heardText: '您好，我是', cut: true })
  assert.ok(again.some(({ type }) => type === 'stop'))
  assert.match(again.flatMap((action) => (action.type === 'say' ? action.parts.map((part) => (part.type === 'text' ? part.text : '')) : [])).join(''), /合成/)
})

void test('喂 over the opening is how one picks up late: nothing is stopped, nothing is begun anew', async () => {
  const requirement = compileRequirement(meeting, { acceptedAt })
  await using robot = createRulesRobot({ requirement, now: () => callAt, attempt: 1 })
  const collect = async (event: RobotEvent): Promise<RobotAction[]> => {
    const actions: RobotAction[] = []
    for await (const action of robot.handle(event, new AbortController().signal)) actions.push(action)
    return actions
  }
  await collect({ type: 'answered', atMs: 0, firstWords: '' })
  for (const text of ['喂', '喂，你好', '喂喂']) assert.deepEqual((await collect({ type: 'utterance', text, beginAtMs: 1_000, endAtMs: 1_500, confidence: 0.9, bargeIn: false })).map(({ type }) => type), ['note'], text)
  assert.ok((await collect({ type: 'utterance', text: '你打错了', beginAtMs: 2_000, endAtMs: 2_500, confidence: 0.9, bargeIn: false })).some(({ type }) => type === 'hang-up'))
})
