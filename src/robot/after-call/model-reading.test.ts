import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoopbackModel } from '../../../test/world/loopback-model.ts'
import type { Log } from '../../log.ts'
import { createRobotMaker } from '../index.ts'
import type { ChatEvent, ChatModel, ChatRequest } from '../model/chat-model.ts'
import { compileRequirement } from '../requirement.ts'
import { judge } from './judge.ts'
import type { Judgement, SpokenTurn } from './judgement.ts'
import { isWorthReading, readByModel } from './model-reading.ts'

const acceptedAt = new Date('2026-08-28T10:00:00+08:00')
const now = new Date('2026-08-28T15:00:00+08:00')
const requirement = compileRequirement('问张总明天能不能来公司', { acceptedAt })

function called(...answers: string[]): { turns: SpokenTurn[]; judgement: Judgement } {
  const lines: [SpokenTurn['speaker'], string][] = [['robot', '请问是张总吗？'], ['callee', '是我'], ['robot', '想请问您：明天能不能来公司？'], ...answers.map((text): [SpokenTurn['speaker'], string] => ['callee', text])]
  const turns = lines.map(([speaker, text], i) => ({ turn: i + 1, speaker, text, cut: false, confidence: 0.9 }))
  return { turns, judgement: judge({ requirement, turns, notes: [{ identity: 'yes' }], outcome: 'confirmed', answered: true, now }) }
}

async function read({ turns, judgement }: ReturnType<typeof called>, events: readonly ChatEvent[] | 'hang' | 'throw', requests: ChatRequest[] = []): Promise<Judgement> {
  const model: ChatModel = {
    name: 'scripted',
    async *stream(request) {
      requests.push(request)
      if (events === 'throw') throw new Error('broken')
      if (events === 'hang') await new Promise(() => undefined)
      else yield* events
    },
    warmUp: async () => undefined,
  }
  return readByModel(judgement, { requirement, turns, model, now, signal: AbortSignal.timeout(50) })
}
const says = (value: string, turns: unknown): ChatEvent[] => [{ type: 'tool', name: 'report_answers', input: { answers: [{ id: 'q1', value, turns }] } }, { type: 'done' }]

void test('words that only a model understands become an answer with its turns, and are never sure', async () => {
  const call = called('那必须的')
  assert.ok(isWorthReading(call.judgement))
  const requests: ChatRequest[] = []
  const { by, answers } = await read(call, says('yes', [4]), requests)
  assert.equal(by, 'model')
  assert.deepEqual(answers[0], { id: 'q1', question: '明天能不能来公司', kind: 'yes-no', value: 'yes', words: '那必须的', turns: [4], sure: false })
  assert.match(requests[0]!.messages[0]!.content, /<turn id="4" speaker="callee">那必须的<\/turn>/)
})

void test('a model is not believed against the words, without turns, or about turns that are not the callee\'s', async () => {
  for (const [words, value, turns] of [['来不了', 'yes', [4]], ['能来', 'no', [4]], ['可能能来吧', 'yes', [4]], ['那必须的', 'yes', []], ['那必须的', 'yes', [3]], ['那必须的', 'yes', [99]], ['那必须的', 'yes', [4, 99]], ['那必须的', 'yes', '4'], ['那必须的', 'surely', [4]]] as const) {
    const call = called(words)
    const { answers } = await read(call, says(value, turns))
    assert.equal(answers[0]?.value, call.judgement.answers[0]?.value, `${words} ${value} ${JSON.stringify(turns)}`)
  }
})

void test('where the rules are sure and the model says otherwise, a human looks', async () => {
  const call = called('能来')
  assert.ok(call.judgement.answers[0]?.sure)
  const { answers, review } = await read(call, says('no', [4]))
  assert.equal(answers[0]?.sure, false)
  assert.equal(answers[0].value, 'yes')
  assert.deepEqual(review.map(({ why }) => why), ['model-disagrees'])
})

void test('a contradiction stays one, whatever the model makes of it', async () => {
  const call = called('能来', '不对，明天我来不了')
  const { answers, review } = await read(call, says('yes', [4]))
  assert.equal(answers[0]?.value, 'unclear')
  assert.equal(answers[0].sure, false)
  assert.deepEqual(review, call.judgement.review)
})

void test('a model that fails, hangs or writes nonsense leaves the judgement as it was', async () => {
  const call = called('那必须的')
  for (const events of ['hang', 'throw', [], [{ type: 'sentence', text: '能来' }], [{ type: 'tool', name: 'other', input: 1 }], [{ type: 'tool', name: 'report_answers', input: 'x' }], [{ type: 'failed', failure: { why: 'busy' } }]] as const) assert.deepEqual(await read(call, events as 'hang'), call.judgement)
})

void test('the maker of robots asks its model only where the rules are not sure', async () => {
  await using loopback = await LoopbackModel.start(() => ({ steps: [{ tool: 'report_answers', input: { answers: [{ id: 'q1', value: 'yes', turns: [4] }] } }] }))
  const robots = createRobotMaker({ kind: 'auto', llm: { baseUrl: loopback.baseUrl, apiKey: undefined, model: 'm' }, log: { info() {}, warn() {}, error() {} } as unknown as Log, now: () => now })
  const { spec } = robots.accept('问张总明天能不能来公司', { acceptedAt, organisation: undefined })
  for (const [words, asked] of [['能来', 0], ['那必须的', 1]] as const) {
    const { turns } = called(words)
    const finished = { turns, notes: [{ identity: 'yes' as const }], outcome: 'confirmed' as const, answered: true, now }
    const used: string[] = []
    const judgement = await robots.readAgain(spec, finished, robots.judge(spec, finished), ({ kind }) => used.push(kind))
    assert.deepEqual(used, asked === 1 ? ['model'] : [], 'it is metered')
    assert.equal(judgement.answers[0]?.value, 'yes', words)
    assert.equal(judgement.by, asked === 1 ? 'model' : 'rules')
    assert.equal(loopback.requests.length, asked)
  }
})
