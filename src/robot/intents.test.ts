import assert from 'node:assert/strict'
import { test } from 'node:test'
import { phrases } from './intent-phrases.ts'
import { type Intent, type IntentContext, matchIntent, recogniserPhrases } from './intents.ts'

const early: IntentContext = { stage: 'identity', asked: 'identity', sinceAnswerMs: 2_000 }

/** The ways in which one phrase reaches us: fillers, particles, repetition, punctuation. */
const noises: readonly { name: string; apply: (phrase: string) => string }[] = [
  { name: 'as it is', apply: (phrase) => phrase },
  { name: 'with a full stop', apply: (phrase) => `${phrase}。` },
  { name: 'after 嗯，', apply: (phrase) => `嗯，${phrase}` },
  { name: 'after 喂你好', apply: (phrase) => `喂你好，${phrase}` },
  { name: 'before 啊', apply: (phrase) => `${phrase}啊` },
  { name: 'twice', apply: (phrase) => `${phrase}，${phrase}` },
  { name: 'full width with blanks', apply: (phrase) => ` ${phrase.split('').join(' ')} ` },
]

void test('finds nearly every phrase in every noisy form', () => {
  let forms = 0
  const missed: string[] = []
  for (const [intent, list] of Object.entries(phrases)) {
    if (intent === 'greeting' || intent === 'goodbye') continue // 嗯，你好 and 挂了啊 stand between two meanings
    for (const phrase of list) {
      for (const { name, apply } of noises) {
        forms += 1
        const match = matchIntent(apply(phrase), { sinceAnswerMs: 2_000 })
        if (match.intent !== intent) missed.push(`${phrase} (${intent}) ${name}: ${match.intent}`)
      }
    }
  }
  assert.ok(forms > 6_000)
  assert.ok(missed.length <= forms * 0.002, `${missed.length} of ${forms}: ${missed.join(' · ')}`)
})

const traps: readonly (readonly [string, Intent, IntentContext?])[] = [
  ['没问题', 'affirm'], ['不是不可以', 'affirm'], ['不用，谢谢', 'refuse'], ['你不是机器人吧', 'robot'], ['好了好了别打了', 'stop'], ['我不是他，我是他爱人', 'third-party'], ['对不起我在开会', 'busy'],
  ['等会儿再打', 'busy'], ['等会儿', 'wait'], ['对我是', 'affirm'], ['嗯', 'affirm'], ['你好', 'greeting'], ['您好', 'greeting'], ['喂', 'repeat'], ['对对对', 'affirm'], ['天天打', 'stop'], ['我妈妈不在', 'third-party'], ['我想想', 'wait'],
  ['嗯，不行', 'deny'], ['喂，我是', 'affirm'], ['没打错，我就是', 'affirm'], ['你是智能助理吗', 'robot'], ['你是真人客服吗', 'robot'], ['我要真人客服', 'human'], ['不知道了', 'deny'], ['不太清楚', 'deny'], ['你明天几点打来', 'busy'],
  ['别打断我', 'other'], ['能不能来', 'question'], ['不方便', 'busy'], ['别挂', 'wait'],
]

void test('is not caught by the known traps', () => {
  const wrong = traps.flatMap(([text, intent, context]) => {
    const match = matchIntent(text, context ?? { sinceAnswerMs: 20_000 })
    return match.intent === intent ? [] : [`${text}: ${match.intent} by ${match.by} ${match.evidence}, not ${intent}`]
  })
  assert.deepEqual(wrong, [])
})

const homophones: readonly (readonly [string, Intent])[] = [
  ['投速', 'stop'], ['我要投速', 'stop'], ['听不请', 'repeat'], ['大错了', 'wrong-number'], ['你大错了', 'wrong-number'], ['不须要', 'refuse'], ['没行趣', 'refuse'], ['在开回', 'busy'], ['再说一便', 'repeat'], ['装人工', 'human'], ['机器仁', 'robot'], ['知到了', 'affirm'],
  ['他不再', 'third-party'], ['纪住了', 'affirm'], ['别大了', 'stop'], ['少等一下', 'wait'], ['骚饶电话', 'stop'], ['我是他爱仁', 'third-party'], ['没听青楚', 'repeat'], ['明百了', 'affirm'],
]

void test('hears through homophones of the recogniser', () => {
  const wrong = homophones.flatMap(([text, intent]) => {
    const match = matchIntent(text, { sinceAnswerMs: 20_000 })
    return match.intent === intent ? [] : [`${text}: ${match.intent} (${match.evidence}), not ${intent}`]
  })
  assert.deepEqual(wrong, [])
})

void test('takes an assistant for one only while it introduces itself', () => {
  assert.equal(matchIntent('您好，我是机主的智能助理，请问有什么事', early).intent, 'voicemail')
  assert.equal(matchIntent('我会转达的', { stage: 'identity', sinceAnswerMs: 3_000 }).intent, 'voicemail')
  assert.equal(matchIntent('我会转达的', { stage: 'identity', sinceAnswerMs: 20_000 }).intent, 'third-party')
  assert.equal(matchIntent('机主暂时无法接听您的电话', { stage: 'identity', sinceAnswerMs: 12_000 }).intent, 'voicemail')
  assert.notEqual(matchIntent('我们公司也有智能助理', { stage: 'confirm', sinceAnswerMs: 40_000 }).intent, 'voicemail')
})

void test('lets the strongest meaning of a turn win', () => {
  assert.equal(matchIntent('好的好的，不过以后别再打了').intent, 'stop')
  assert.equal(matchIntent('我在开会，你打错了').intent, 'wrong-number')
  assert.equal(matchIntent('不需要，转人工').intent, 'human')
})

void test('reads the same words by the question before them', () => {
  assert.equal(matchIntent('没有', { stage: 'confirm', asked: 'understood' }).intent, 'repeat')
  assert.equal(matchIntent('没有', { stage: 'confirm', asked: 'attend' }).intent, 'deny')
  assert.equal(matchIntent('没空', { stage: 'identity', asked: 'identity' }).intent, 'busy')
  assert.equal(matchIntent('没空', { stage: 'confirm', asked: 'attend' }).intent, 'deny')
  assert.equal(matchIntent('对，什么事', { stage: 'identity', asked: 'identity' }).intent, 'affirm')
  assert.equal(matchIntent('嗯，你把通知的内容念给我听', { stage: 'identity', asked: 'identity' }).intent, 'other', '嗯 in front of a demand says nothing about who is there')
  assert.equal(matchIntent('嗯，我就是', { stage: 'identity', asked: 'identity' }).intent, 'affirm')
  assert.equal(matchIntent('什么事', { stage: 'identity', asked: 'listen' }).intent, 'affirm')
  assert.equal(matchIntent('什么事', { stage: 'identity', asked: 'identity' }).intent, 'who')
  assert.equal(matchIntent('知道了，挂了', { stage: 'confirm', asked: 'understood' }).intent, 'affirm')
})

void test('says that a turn also affirmed', () => {
  assert.equal(matchIntent('是我，你是机器人吗', early).intent, 'robot')
  assert.equal(matchIntent('是我，你是机器人吗', early).affirmed, true)
  assert.equal(matchIntent('嗯你是机器人吗', early).affirmed, false)
})

void test('knows the callee by name in its usual forms', () => {
  const person = { name: '李娜', title: '女士', display: '李娜女士' }
  const of = (text: string): Intent => matchIntent(text, { ...early, person }).intent
  assert.equal(of('我是李娜'), 'affirm')
  assert.equal(of('我就是李娜'), 'affirm')
  assert.equal(of('我是李那'), 'affirm')
  assert.equal(of('我姓李'), 'affirm')
  assert.equal(of('李娜不在'), 'third-party')
  assert.equal(of('不是李娜'), 'deny')
  assert.equal(of('我是王芳'), 'deny')
  assert.equal(of('我不姓李'), 'wrong-number')
})

void test('names what a question asks about', () => {
  const topics = (text: string): readonly string[] => matchIntent(text, { stage: 'confirm', asked: 'understood' }).topics
  assert.deepEqual(topics('几点来着，在哪'), ['clock', 'place'])
  assert.deepEqual(topics('要带什么吗'), ['bring'])
  assert.deepEqual(topics('多少钱'), ['amount'])
  assert.deepEqual(topics('几号会议室'), ['place'])
  assert.deepEqual(topics('几号啊'), ['time'])
  assert.deepEqual(topics('地址是什么'), ['address'])
  assert.deepEqual(topics('什么时候结束'), [])
  assert.deepEqual(topics('能改时间吗'), [])
})

void test('answers first when a turn asks and agrees at once', () => {
  for (const text of ['等一下，几点开始', '等一下几点开始', '等会儿在哪里开', '稍等那要带什么', '等一下什么时候结束', '好的，要开多久', '好的，在哪里', '没听清，几点', '几号会议室来着', '什么时候来着']) assert.equal(matchIntent(text, { stage: 'confirm', asked: 'understood' }).intent, 'question', text)
  assert.equal(matchIntent('可以，不过几点结束', { stage: 'ask', asked: 'yes-no' }).intent, 'affirm')
  for (const text of ['等一下可以吗', '等我一下好吗', '等一下我拿个笔']) assert.equal(matchIntent(text, { stage: 'deliver', asked: 'understood' }).intent, 'wait', text)
  assert.equal(matchIntent('等一下，几点开始', { stage: 'identity', asked: 'identity' }).intent, 'wait')
})

void test('survives empty, odd and very long input', () => {
  assert.equal(matchIntent('').intent, 'none')
  assert.equal(matchIntent('……？！').intent, 'none')
  assert.equal(matchIntent('😀').intent, 'none')
  assert.doesNotThrow(() => matchIntent('哈'.repeat(100_000)))
  assert.doesNotThrow(() => matchIntent('\u0000\ud800(((*+?'))
  const began = performance.now()
  for (let i = 0; i < 50; i += 1) matchIntent(`${'这件事情我也说不上来'.repeat(29)}${i}`)
  assert.ok(performance.now() - began < 5_000, 'a long turn takes less than 100 ms')
})

void test('gives the recogniser only phrases that a person may say to us', () => {
  assert.ok(recogniserPhrases.length > 400)
  assert.ok(recogniserPhrases.includes('打错了'))
  assert.equal(new Set(recogniserPhrases).size, recogniserPhrases.length)
  assert.ok(recogniserPhrases.every((phrase) => phrase.length >= 2))
})
