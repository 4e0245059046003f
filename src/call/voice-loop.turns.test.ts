// Checks how turns go to the robot and its actions to the line, in which order, and what is written down. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, Conversation, greets, say } from './testing.ts'

test('a turn is answered, and each side is written down in the order it was heard', async () => {
  await using c = new Conversation(greets(() => [say('明天上午九点开会。')]))
  await c.greeted()
  await c.hears('你是谁')
  await c.advance(3_500)
  assert.deepEqual(
    c.events.filter(({ type }) => type === 'robot-said' || type === 'callee-said').map((event) => ('text' in event ? [event.turn, event.type, event.text] : [])),
    [
      [1, 'robot-said', '您好，我是助理。'],
      [2, 'callee-said', '你是谁'],
      [3, 'robot-said', '明天上午九点开会。'],
    ],
  )
  const [utterance] = c.robot.of('utterance')
  const [heard] = c.of('callee-said')
  assert.deepEqual([utterance!.text, utterance!.beginAtMs, utterance!.endAtMs, utterance!.confidence, utterance!.bargeIn], ['你是谁', heard!.beginAtMs, heard!.endAtMs, 0.9, false])
})

test('the time to the answer is split without gaps', async () => {
  await using c = new Conversation(greets(() => after(300, say('好的。'))))
  await c.greeted()
  await c.hears('可以')
  await c.advance(3_000)
  const { latency } = c.of('robot-said').at(-1)!
  assert.ok(latency)
  const { endpointMs, recognitionMs, robotMs, synthesisMs, playoutMs, totalMs } = latency
  assert.equal(endpointMs + recognitionMs + robotMs + synthesisMs + playoutMs, totalMs)
  assert.ok(endpointMs >= 360 && endpointMs <= 440, `end-pointing ${endpointMs}`)
  assert.ok(recognitionMs >= 100 && recognitionMs <= 120, `recognition ${recognitionMs}`)
  assert.ok(robotMs >= 300 && robotMs <= 320, `robot ${robotMs}`)
  assert.ok(synthesisMs >= 40 && synthesisMs <= 60, `synthesis ${synthesisMs}`)
  assert.ok(playoutMs >= 0 && playoutMs <= 20, `playout ${playoutMs}`)
})

test('only the first say of a turn has a latency, and the greeting has none', async () => {
  await using c = new Conversation(greets(() => [say('好的。'), say('再说一句。')]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(4_000)
  assert.deepEqual(c.of('robot-said').map(({ latency }) => latency !== undefined), [false, true, false])
})

test('the robot learns how long the callee had been silent', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_000)
  const { silentMs } = c.robot.of('utterance')[0]!
  assert.ok(silentMs! >= 440 && silentMs! <= 560, `${silentMs} ms`)
})

test('the robot learns what was heard of each say, in order, and the line tells where the words came from', async () => {
  await using c = new Conversation(greets(() => [say('一。', { id: 'one' }), { type: 'note', note: { source: 'model' } }, say('二。', { id: 'two' })]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(3_000)
  assert.deepEqual(c.robot.of('played').slice(1), [
    { type: 'played', say: 'one', heardText: '一。', cut: false },
    { type: 'played', say: 'two', heardText: '二。', cut: false },
  ])
  assert.deepEqual(c.of('robot-said').map(({ source }) => source), [undefined, undefined, 'model'])
})

test('a say without words is told as played and not written down', async () => {
  await using c = new Conversation(greets(() => [say('', { id: 'empty' })]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(2_000)
  assert.deepEqual(c.robot.of('played').at(-1), { type: 'played', say: 'empty', heardText: '', cut: false })
  assert.equal(c.of('robot-said').length, 1)
})

test('words of the callee while an answer is thought out take its place', async () => {
  let turns = 0
  await using c = new Conversation(greets((event) => (++turns === 1 ? after(2_000, say('旧的回答。')) : [say(`回答${event.type === 'utterance' ? event.text : ''}。`)])))
  await c.greeted()
  await c.hears('第一个问题吗')
  await c.advance(700)
  await c.hears('不是不是', 500)
  await c.advance(4_000)
  assert.deepEqual(c.said, ['您好，我是助理。', '回答不是不是。'])
})

test('a murmur while the robot speaks is written down but is no turn', async () => {
  await using c = new Conversation(greets(() => [say('明天上午九点在三楼的会议室开会，请您准时参加，不要迟到。')]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('嗯', 240)
  await c.advance(6_000)
  assert.deepEqual(c.of('callee-said').map(({ text }) => text), ['可以', '嗯'])
  assert.equal(c.robot.of('utterance').length, 1)
  assert.equal(c.of('robot-said').at(-1)!.cut, false)
})

test('the same word right after a question is its answer', async () => {
  await using c = new Conversation(greets())
  c.robot.react = (event) => (event.type === 'answered' ? [say('请问是张总吗？')] : [])
  await c.greeted()
  await c.hears('嗯', 240)
  await c.advance(1_500)
  assert.deepEqual(c.robot.of('utterance').map(({ text }) => text), ['嗯'])
})

test('notes are kept in order; the last outcome is what the conversation came to', async () => {
  await using c = new Conversation(greets(() => [{ type: 'note', note: { outcome: 'declined' } }, { type: 'note', note: { outcome: 'confirmed' } }, { type: 'note', note: { slots: { 时间: '九点' } } }]))
  assert.equal(c.loop.conversation, undefined)
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_000)
  assert.equal(c.loop.conversation, 'confirmed')
  assert.deepEqual(c.loop.notes, [{ outcome: 'declined' }, { outcome: 'confirmed' }, { slots: { 时间: '九点' } }])
  assert.deepEqual(c.of('noted').map(({ note }) => note), c.loop.notes)
})

test('the robot may stop what it is saying', async () => {
  await using c = new Conversation(greets(() => [say('一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十。'), say('后面的。')]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_200)
  c.robot.react = (event) => (event.type === 'digits' ? [{ type: 'stop' }, say('好的。')] : [])
  c.line.press('1')
  await c.advance(3_000)
  const said = c.of('robot-said').slice(1)
  assert.deepEqual(said.map(({ cut }) => cut), [true, false])
  assert.ok(said[0]!.plannedText!.startsWith(said[0]!.text) && said[0]!.text.length > 10 && said[0]!.text.length < 31, said[0]!.text)
  assert.equal(said[1]!.text, '好的。')
})

test('a transfer fails at once, and the robot can say so', async () => {
  await using c = new Conversation()
  c.robot.react = (event) => {
    if (event.type === 'answered') return [say('正在转接。'), { type: 'transfer', to: '10086' }]
    return event.type === 'transfer' ? [say('转接不了，我替您转达。')] : []
  }
  await c.advance(6_000)
  assert.deepEqual(c.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: 'this line has no transfer' }])
  assert.deepEqual(c.said, ['正在转接。', '转接不了，我替您转达。'])
})

test('a recording that this line cannot play is told, and the words around it are said', async () => {
  await using c = new Conversation()
  c.robot.react = (event) => (event.type === 'answered' ? [say('', { parts: [{ type: 'text', text: '您好，' }, { type: 'file', code: 'welcome' }, { type: 'text', text: '再见。' }] })] : [])
  await c.advance(3_500)
  assert.deepEqual(c.said, ['您好，再见。'])
  assert.deepEqual(c.of('provider-failed').map(({ provider, fallback }) => ({ provider, fallback })), [{ provider: 'recordings', fallback: 'left out' }])
})

test('recordings and words are one say, in their order; a recording that is not there is left out and told', async () => {
  const readSound = async (name: string) => {
    if (name !== 'jingle') throw new Error(`there is no ${name}`)
    return new Int16Array(8_000)
  }
  await using c = new Conversation(undefined, { readSound })
  c.robot.react = (event) => (event.type === 'answered' ? [say('', { id: 'opening', parts: [{ type: 'text', text: '您好，' }, { type: 'file', code: 'jingle' }, { type: 'file', code: 'lost' }, { type: 'text', text: '再见。' }] })] : [])
  await c.advance(6_000)
  assert.deepEqual(c.said, ['您好，（录音 jingle）再见。'])
  assert.deepEqual(c.line.played.map(({ ms }) => ms), [300, 140, 1_000, 300, 0])
  assert.deepEqual(c.of('provider-failed').map(({ message, fallback }) => [message, fallback]), [['there is no lost', 'left out']])
  assert.deepEqual(c.robot.of('played').map(({ say: id, heardText, cut }) => [id, heardText, cut]), [['opening', '您好，（录音 jingle）再见。', false]])
})

test('a recording whose words are known is told by them, and said by the voice where it is not there', async () => {
  const readSound = async (name: string) => {
    if (name !== 'hello') throw new Error(`there is no ${name}`)
    return new Int16Array(8_000)
  }
  await using c = new Conversation(undefined, { readSound })
  const parts = [{ type: 'file', code: 'hello', words: '您好，' }, { type: 'text', text: '张伟，' }, { type: 'file', code: 'lost', words: '方便吗？' }] as const
  c.robot.react = (event) => (event.type === 'answered' ? [say('', { id: 'opening', parts })] : [])
  await c.advance(6_000)
  assert.deepEqual(c.said, ['您好，张伟，方便吗？'])
  assert.deepEqual(c.line.played.map(({ ms }) => ms).filter((ms) => ms === 1_000), [1_000], 'one is the recording')
  assert.deepEqual(c.of('provider-failed').map(({ message, fallback }) => [message, fallback]), [['there is no lost', 'synthesised']])
  assert.deepEqual(c.robot.of('played').map(({ heardText, cut }) => [heardText, cut]), [['您好，张伟，方便吗？', false]])
  assert.equal(c.end, undefined)
})

test('a say of nothing but a recording that is not there is over at once, and the conversation goes on', async () => {
  await using c = new Conversation(undefined, { readSound: () => Promise.reject(new Error('gone')) })
  c.robot.react = (event) => (event.type === 'answered' ? [say('', { id: 'a', parts: [{ type: 'file', code: 'x' }] }), say('您好。')] : [])
  await c.advance(4_000)
  assert.deepEqual(c.said, ['您好。'])
  assert.equal(c.end, undefined)
})

test('a robot that says more than anybody could hear is given up', async () => {
  await using c = new Conversation(greets(() => Array.from({ length: 100 }, (_, i) => say(`第${i}句。`))))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_000)
  assert.match(c.of('provider-failed')[0]!.message, /too many says/)
})
