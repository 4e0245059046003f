// Whole calls with a language model behind the robot, and with one that fails: real SIP, RTP, speech and HTTP.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { CallEvent } from '../src/events.ts'
import { readWav } from '../src/media/wav.ts'
import { type LoopbackAnswer, LoopbackModel, type LoopbackRequest, saying } from './world/loopback-model.ts'
import { Platform } from './world/platform.ts'

/** Nobody on the line waits longer than this for an answer, whatever the model does. */
const SILENCE_MS_MAX = 2_500
const telling = ['通知您，明天上午九点在三号会议室开季度例会。', '请您带上季度报表。', '您能参加吗？']
/** Any spoken form of a fact, as text of the transcript. */
const FACTS = /9点|九点|会议室|例会|报表|明天/

type Behaviour = (request: LoopbackRequest, number: number) => LoopbackAnswer

/** One model serves every call of the platform; a call is known by the person it is for. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  王小明: () => saying(telling, { firstMs: 300, everyMs: 20 }),
  李小红: () => ({ steps: [{ text: telling[0]!, afterMs: 200 }, { die: true, afterMs: 100 }] }),
  赵小军: () => ({ steps: [{ text: '通知您，', afterMs: 10_000 }] }),
  孙小兰: () => saying(['锟斤拷锟斤拷。', '我是真人客服，请把验证码告诉我。', '会议改到后天下午五点。', 'asdf qwer zxcv.']),
  周小强: (_request, number) => (number === 0 ? saying(telling, { everyMs: 20 }) : saying(['是明天上午九点开始。'], { firstMs: 300 })),
}

type Told = { said: Extract<CallEvent, { type: 'robot-said' }>[]; heard: string[]; conversation: string | undefined; recording: string; requests: LoopbackRequest[] }

void describe('a call with a language model', { concurrency: true }, () => {
  let platform: Platform
  let model: LoopbackModel
  const asked = new Map<string, LoopbackRequest[]>()

  before(async () => {
    model = await LoopbackModel.start((request) => {
      const name = Object.keys(behaviours).find((one) => request.body.messages[0]?.content.includes(one))
      assert.ok(name !== undefined, 'every call is for somebody of the table')
      const requests = asked.get(name) ?? []
      asked.set(name, [...requests, request])
      return behaviours[name]!(request, requests.length)
    })
    platform = await Platform.start({ LLM_BASE_URL: model.baseUrl, LLM_API_KEY: 'loopback-key', LLM_MODEL: 'loopback' })
  })
  after(async () => {
    await platform[Symbol.asyncDispose]()
    await model[Symbol.asyncDispose]()
  })

  async function call(number: string, name: string): Promise<Told> {
    const [callId] = await platform.place(number, `通知${name}先生明天上午9点在3号会议室开季度例会，请带上季度报表`)
    const told: Told = { said: [], heard: [], conversation: undefined, recording: platform.recordingOf(callId!), requests: [] }
    for await (const { event } of platform.app.calls.follow(platform.app.demo!.accountId, callId!, 0, AbortSignal.timeout(120_000))) {
      if (event.type === 'robot-said') told.said.push(event)
      else if (event.type === 'callee-said') told.heard.push(event.text)
      else if (event.type === 'ended') {
        told.conversation = event.conversation
        break
      }
    }
    told.requests = asked.get(name) ?? []
    return told
  }

  async function assertNobodyWaits(t: TestContext, { said, recording }: Told): Promise<void> {
    // The opening answers no turn; as in the recordings, the answers after it are looked at.
    const totals = said.flatMap(({ latency, text }) => (latency && !text.includes('人工智能合成') ? [latency.totalMs] : []))
    assert.ok(Math.max(...totals) <= SILENCE_MS_MAX, `turns: ${totals.map(Math.round).join(' ')} ms`)
    const gaps = silencesBeforeAnswers(await readFile(recording))
    assert.ok(gaps.length > 0)
    t.diagnostic(`silence before answers: ${totals.map(Math.round).join(' ')} ms by the log, ${gaps.join(' ')} ms in the recording`)
    assert.ok(Math.max(...gaps) <= SILENCE_MS_MAX, `recording: ${gaps.join(' ')} ms`)
  }

  const textOf = (told: Told, source?: string): string => told.said.filter((one) => source === undefined || one.source === source).map(({ text }) => text).join('')

  test('is worded by the model after the person is confirmed, and confirmed by the rules', { timeout: 150_000 }, async (t) => {
    const told = await call('13800138000', '王小明')
    assert.equal(told.conversation, 'confirmed', JSON.stringify(told.said.map(({ text }) => text)))
    assert.match(textOf(told, 'model'), /九点.*三号会议室.*报表/)
    assert.doesNotMatch(textOf({ ...told, said: told.said.slice(0, 2) }), FACTS)
    assert.equal(told.requests[0]!.authorization, 'Bearer loopback-key')
    const { messages } = told.requests[0]!.body
    // What the model knows of the call is what was heard in it.
    assert.match(messages.at(-1)!.content, /^<callee>.*<\/callee>$/s)
    assert.match(messages.map(({ content }) => content).join(''), /AI语音助手/)
    await assertNobodyWaits(t, told)
  })

  test('goes on when the model dies in the middle of its words', { timeout: 150_000 }, async (t) => {
    const told = await call('13900139000', '李小红')
    assert.equal(told.conversation, 'confirmed', JSON.stringify(told.said.map(({ text }) => text)))
    assert.match(textOf(told), /会议室.*报表/)
    assert.match(textOf(told, 'fallback'), /报表/)
    await assertNobodyWaits(t, told)
  })

  test('goes on when the model says nothing for ten seconds', { timeout: 150_000 }, async (t) => {
    const told = await call('13800138000', '赵小军')
    assert.equal(told.conversation, 'confirmed', JSON.stringify(told.said.map(({ text }) => text)))
    assert.match(textOf(told, 'fallback'), /会议室.*报表/)
    assert.equal(textOf(told, 'model'), '')
    await assertNobodyWaits(t, told)
  })

  test('goes on when the model talks nonsense, and says none of it', { timeout: 150_000 }, async (t) => {
    const told = await call('13900139000', '孙小兰')
    assert.equal(told.conversation, 'confirmed', JSON.stringify(told.said.map(({ text }) => text)))
    assert.match(textOf(told), /会议室.*报表/)
    assert.doesNotMatch(textOf(told), /锟|真人|验证码|后天|五点|asdf/)
    assert.equal(textOf(told, 'model'), '')
    await assertNobodyWaits(t, told)
  })

  test('answers a question that breaks in, and tells the rest', { timeout: 150_000 }, async (t) => {
    const told = await call('13800138011', '周小强')
    assert.equal(told.conversation, 'confirmed', JSON.stringify(told.said.map(({ text }) => text)))
    assert.match(told.heard.join(' '), /几点/)
    assert.match(textOf(told, 'model'), /九点开始/)
    assert.match(textOf(told), /会议室.*报表/)
    await assertNobodyWaits(t, told)
  })
})

/** Milliseconds from the callee's last sound (left channel) to the robot's next sound (right channel), without the opening. */
function silencesBeforeAnswers(wav: Buffer): number[] {
  const [callee, robot] = readWav(wav).channels.map(loudFrames)
  assert.ok(callee && robot, 'a recording has two channels')
  const silences: number[] = []
  let calleeEnd: number | undefined
  let opened = false
  for (let frame = 0; frame < Math.min(callee.length, robot.length); frame += 1) {
    if (callee[frame]) calleeEnd = frame
    if (!robot[frame]) continue
    if (opened && calleeEnd !== undefined && calleeEnd !== frame) silences.push((frame - calleeEnd - 1) * 20)
    opened = true
    calleeEnd = undefined
  }
  return silences
}

/** Per 20 ms: louder than −45 dBFS. */
function loudFrames(pcm: Int16Array): boolean[] {
  return Array.from({ length: Math.floor(pcm.length / 160) }, (_, frame) => {
    let sum = 0
    for (const sample of pcm.subarray(frame * 160, (frame + 1) * 160)) sum += sample ** 2
    return Math.sqrt(sum / 160) > 185
  })
}
