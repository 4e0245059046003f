// Measures what turns mean to a script on a set of its own, and checks how a script's intents and a classifier fit in with what every robot knows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { phrases } from '../intent-phrases.ts'
import { normalise } from '../spoken-forms.ts'
import type { ChatModel } from '../model/chat-model.ts'
import { createModelClassifier, type IntentClassifier } from './classifier.ts'
import { OwnIntents } from './own-intents.ts'
import { secondOpinion, understand } from './understand.ts'
import { freshTurns, seenTurns } from './fresh-turns.test-data.ts'
import { ownIntents, situations, utterances } from './utterances.test-data.ts'

const own = new OwnIntents(Object.fromEntries(Object.entries(ownIntents).map(([name, { examples, keywords, patterns }]) => [name, { examples: [...examples], keywords: [...keywords], patterns: [...patterns] }])))
const none = new OwnIntents({})
const meaning = (text: string, situation: keyof typeof situations, brings = own) => understand(text, { context: situations[situation], own: brings, wanted: () => true })

test('understands at least 98 % of 600 turns that stand in no list, and misses no stop and no wrong number', (t) => {
  assert.ok(utterances.length >= 600, `${utterances.length}`)
  const listed = new Set<string>(Object.values(phrases).flat())
  for (const { text } of utterances) assert.ok(!listed.has(normalise(text)), `${text} stands in the lists`)
  assert.equal(new Set(utterances.map(({ text, situation }) => `${situation} ${text}`)).size, utterances.length, 'no turn is counted twice')
  const wrong = utterances.filter(({ text, situation, intent }) => meaning(text, situation).intent !== intent).map(({ text, situation, intent }) => ({ text, situation, intent, got: meaning(text, situation) }))
  const told = wrong.map(({ text, situation, intent, got }) => `${situation} ${text}: ${got.intent} (${got.source} ${got.match.by} ${got.evidence}), not ${intent}`).join('\n')
  t.diagnostic(`${utterances.length - wrong.length} of ${utterances.length} right`)
  assert.deepEqual(wrong.filter(({ intent }) => intent === 'stop' || intent === 'wrong-number').map(({ text, got }) => `${text}: ${got.intent}`), [], told)
  assert.ok(wrong.length <= utterances.length * 0.02, told)
})

test('understands most of what was written after the rules were, and misses no stop and no wrong number', (t) => {
  const measured = (turns: typeof freshTurns) => turns.filter(({ text, situation, intent }) => meaning(text, situation, none).intent !== intent)
  const [seen, fresh] = [measured(seenTurns), measured(freshTurns)]
  t.diagnostic(`${freshTurns.length - fresh.length} of ${freshTurns.length} fresh turns right, ${seenTurns.length - seen.length} of ${seenTurns.length} of those that the rules were improved by`)
  const told = fresh.map(({ text, situation, intent }) => `${situation} ${text}: ${meaning(text, situation, none).intent}, not ${intent}`).join('\n')
  assert.ok(fresh.length <= freshTurns.length * 0.08, told)
  assert.ok(seen.length <= seenTurns.length * 0.05)
  assert.deepEqual([...seen, ...fresh].filter(({ intent }) => intent === 'stop' || intent === 'wrong-number').map(({ text }) => text), [])
})

test('likeness never says that somebody is the person, and says nothing about what is like nothing', () => {
  for (const text of ['就当是我好了', '嗯哼', '在的在的']) assert.notEqual(meaning(text, 'identity', none).match.by === 'learnt' && meaning(text, 'identity', none).intent, 'affirm', text)
  for (const text of ['水龙头还在滴答', '我们小区的电梯坏了', '这树该修剪修剪', '啊？']) assert.notEqual(meaning(text, 'attend', none).match.by, 'learnt', text)
  assert.equal(meaning('把我移出你们的名单', 'told', none).intent, 'stop')
  // The machine's words count where somebody picked up just now, and nobody listens for machines.
  const late = understand('主人眼下听不了，有话跟我讲', { context: { ...situations.told, machinesAreTold: true }, own: none, wanted: () => true })
  assert.notEqual(late.intent, 'voicemail')
})

test('what is no stop is none', () => {
  for (const text of ['我没投诉过', '没打错', '每天都打球', '我打了三次你们客服都没人接', '你们电话多少，我打过去']) assert.notEqual(meaning(text, 'told', none).intent, 'stop', text)
})

test('an example of the script outweighs a universal meaning only word for word, and a stop never', () => {
  const moves = new OwnIntents({ cancel: { examples: ['不需要了，取消吧', '帮我转人工取消'], keywords: ['取消预约'], patterns: [] } })
  assert.equal(meaning('不需要了，取消吧', 'attend', moves).intent, 'cancel')
  assert.equal(meaning('帮我转人工取消', 'attend', moves).intent, 'cancel')
  assert.equal(meaning('转人工', 'attend', moves).intent, 'human')
  assert.equal(meaning('取消预约，别再打了', 'attend', moves).intent, 'stop')
  assert.equal(meaning('我要取消预约', 'attend', moves).intent, 'cancel')
  assert.notEqual(meaning('我没取消预约', 'attend', moves).intent, 'cancel')
  assert.equal(understand('我要取消预约', { context: situations.attend, own: moves, wanted: () => false }).own, false, 'nothing would follow from it here')
})

test('an intent is heard through a slip of the recogniser, and by likeness, but not turned around', () => {
  assert.equal(meaning('改是间', 'attend').intent, 'reschedule')
  assert.equal(meaning('那能改个时间吗请问', 'attend').intent, 'reschedule')
  assert.notEqual(meaning('不用改到下周', 'attend').intent, 'price')
})

const wanted = [{ name: 'reschedule', examples: ['能改个时间吗'] }]
const open = meaning('院里那棵树该剪了', 'attend')
const asked = (classifier: IntentClassifier, text = '院里那棵树该剪了', of = open) => secondOpinion(of, text, { classifier, asked: '您能来吗？', wanted, signal: new AbortController().signal })

test('a classifier is asked only about what nobody understood, and only believed where the script has the intent', async () => {
  let asks = 0
  const says = (intent: string | undefined): IntentClassifier => ({ classify: async () => ((asks += 1), Promise.resolve(intent)) })
  assert.deepEqual([(await asked(says('reschedule'))).intent, asks], ['reschedule', 1])
  assert.equal((await asked(says(undefined))).intent, open.intent)
  assert.equal((await asked(says('reschedule'), '别打了', meaning('别打了', 'attend'))).intent, 'stop')
  assert.equal(asks, 2, 'the stop was not put to a model')
})

const modelThat = (stream: ChatModel['stream']): ChatModel => ({ name: 'test', stream, warmUp: async () => Promise.resolve() })

test('a language model may name one of the intents, and nothing it says besides is believed', async () => {
  const answering = (text: string) => createModelClassifier(modelThat(async function* () {
    yield await Promise.resolve({ type: 'sentence', text } as const)
    yield { type: 'done' } as const
  }))
  assert.equal((await asked(answering('reschedule。'))).source, 'model')
  for (const text of ['none', 'stop', '我觉得是 reschedule 吧', '']) assert.equal((await asked(answering(text))).source, 'rules', text)
})

test('a model that fails, throws or never answers costs no more than the limit', async () => {
  const failing = modelThat(async function* () { yield await Promise.resolve({ type: 'failed', failure: { why: 'busy' } } as const) })
  const throwing = modelThat(() => { throw new Error('gone') })
  const deaf = modelThat(async function* () {
    await new Promise(() => undefined)
    yield { type: 'done' } as const
  })
  for (const model of [failing, throwing, deaf]) {
    const startedMs = performance.now()
    assert.equal((await asked(createModelClassifier(model, { msMax: 20 }))).source, 'rules')
    assert.ok(performance.now() - startedMs < 1_000)
  }
})
