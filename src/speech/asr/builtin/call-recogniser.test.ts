// Checks what one call hears, on recordings and on sounds without words. Does not touch threads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FRAME_SAMPLES, SAMPLE_RATE_HZ } from '../../../media/frame.ts'
import { CallRecogniser, type Recognition } from './call-recogniser.ts'
import { framesOf, speechFixture, speechFixtures } from './fixtures.ts'
import { HotWordLexicon } from './lexicon.ts'
import { loadLexicon } from './lexicon-file.ts'
import { loadModel } from './model-file.ts'
import { StepStream, lookAheadMs, type Step } from './network.ts'
import { PhraseGrammar } from './phrase-grammar.ts'

const directory = new URL('./model/', import.meta.url)
const model = loadModel(directory)
const lexicon = loadLexicon(new URL('lexicon.txt.gz', directory), model.header.units)

function recognise(recogniser: CallRecogniser, pcm: Int16Array): { final: Recognition; partials: Recognition[] } {
  const partials = framesOf(pcm).flatMap((frame) => recogniser.accept(frame) ?? [])
  return { final: recogniser.flush(), partials }
}

const bare = (text: string) => text.replace(/[，。]/g, '')

function stepsOf(pcm: Int16Array, blockSamples: number): Step[] {
  const stream = new StepStream(model)
  const steps: Step[] = []
  for (let at = 0; at < pcm.length; at += blockSamples) steps.push(...stream.accept(pcm.subarray(at, at + blockSamples)))
  return [...steps, ...stream.flush()]
}

test('audio in pieces of any size gives the same numbers as audio at once, bit for bit', () => {
  for (const name of ['greeting', 'robot']) {
    const { pcm } = speechFixture(name)
    const whole = stepsOf(pcm, pcm.length)
    for (const blockSamples of [FRAME_SAMPLES, 37, 1000]) assert.deepEqual(stepsOf(pcm, blockSamples), whole)
  }
})

test('understands the voices of the built-in simulator without any list', () => {
  const recogniser = new CallRecogniser(model, lexicon)
  const texts = speechFixtures().filter(({ name }) => name !== 'name').map(({ text, pcm }) => ({ said: bare(text), heard: recognise(recogniser, pcm).final.text }))
  const right = texts.filter(({ said, heard }) => said === heard)
  assert.ok(right.length >= texts.length - 1, JSON.stringify(texts))
})

test('the first partial comes within 0.4 s of the voice, the complete one within 0.3 s of its end', () => {
  assert.equal(lookAheadMs(model), 255)
  const { pcm, speechBeginMs, speechEndMs } = speechFixture('tomorrow')
  const recogniser = new CallRecogniser(model, lexicon)
  const partials = framesOf(pcm).flatMap((frame, i) => {
    const partial = recogniser.accept(frame)
    return partial ? [{ text: partial.text, atMs: (i + 1) * 20 }] : []
  })
  assert.ok(partials[0]!.atMs - speechBeginMs <= 400)
  assert.ok(partials.at(-1)!.atMs - speechEndMs <= 300)
  assert.equal(partials.at(-1)!.text, '明天下午三点')
})

test('says where in the audio the words are', () => {
  for (const name of ['greeting', 'tomorrow', 'number', 'quiet']) {
    const { pcm, speechBeginMs, speechEndMs } = speechFixture(name)
    const { beginMs, endMs } = recognise(new CallRecogniser(model, lexicon), pcm).final
    assert.ok(Math.abs(beginMs - speechBeginMs) <= 100, `${name} begins ${beginMs}, not ${speechBeginMs}`)
    assert.ok(Math.abs(endMs - speechEndMs) <= 120, `${name} ends ${endMs}, not ${speechEndMs}`)
  }
})

test('a word that begins with the very first sample is heard', () => {
  assert.equal(recognise(new CallRecogniser(model, lexicon), speechFixture('immediate').pcm).final.text, '喂你好')
})

test('one recogniser serves the utterances of a call one after another', () => {
  const recogniser = new CallRecogniser(model, lexicon)
  const heard = ['tomorrow', 'quiet', 'stop', 'tomorrow'].map((name) => recognise(recogniser, speechFixture(name).pcm).final.text)
  assert.deepEqual(heard, ['明天下午三点', '可以没问题', '等一下你别说了', '明天下午三点'])
})

test('an utterance without audio is empty', () => {
  const recogniser = new CallRecogniser(model, lexicon)
  assert.deepEqual(recogniser.flush(), { text: '', source: 'open', confidence: 0, syllables: '', beginMs: 0, endMs: 0 })
})

function signal(seconds: number, sample: (i: number) => number): Int16Array {
  return Int16Array.from({ length: seconds * SAMPLE_RATE_HZ }, (_, i) => Math.round(sample(i)))
}

/** Repeatable white noise of unit RMS. */
function noise(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state / 2 ** 31 - 1) * Math.sqrt(3)
  }
}

const sine = (hz: number, i: number) => Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE_HZ)
const white = noise()
const soundsWithoutWords: Record<string, Int16Array> = {
  'digital silence': signal(5, () => 0),
  'ring-back tone': signal(10, (i) => (i % 40_000 < 8000 ? 6000 * sine(450, i) : 0)),
  'busy tone': signal(5, (i) => (i % 5600 < 2800 ? 6000 * sine(450, i) : 0)),
  'key presses': signal(5, (i) => (i % 2400 < 800 ? 4000 * (sine(770, i) + sine(1336, i)) : 0)),
  'white noise': signal(5, () => 500 * white()),
  'mains hum': signal(5, (i) => 800 * (sine(50, i) + sine(150, i) / 2 + sine(250, i) / 4)),
}

for (const [name, pcm] of Object.entries(soundsWithoutWords)) {
  test(`there are no words in ${name}`, () => {
    const { final, partials } = recognise(new CallRecogniser(model, lexicon), pcm)
    assert.equal(final.text, '')
    assert.deepEqual(partials, [])
  })
}

test('a phrase of the list wins over what it sounds like', () => {
  const { pcm } = speechFixture('name')
  assert.notEqual(recognise(new CallRecogniser(model, lexicon), pcm).final.text, '我叫王丽华')
  const grammar = new PhraseGrammar(['我叫王丽华', '我姓王', '明天下午三点'], lexicon)
  const { final } = recognise(new CallRecogniser(model, lexicon, grammar), pcm)
  assert.equal(final.text, '我叫王丽华')
  assert.equal(final.source, 'phrase')
  assert.ok(final.confidence > 0.7)
})

test('what is not on the list is recognised all the same', () => {
  const grammar = new PhraseGrammar(['好的', '不需要', '我在开会'], lexicon)
  const { final } = recognise(new CallRecogniser(model, lexicon, grammar), speechFixture('tomorrow').pcm)
  assert.equal(final.text, '明天下午三点')
  assert.equal(final.source, 'open')
})

test('a filler before a phrase is tolerated and written down', () => {
  const { pcm } = speechFixture('greeting')
  const grammar = new PhraseGrammar(['您好请问是哪位', '不需要'], lexicon)
  assert.equal(recognise(new CallRecogniser(model, lexicon, grammar), pcm).final.text, '喂您好请问是哪位')
})

test('a hot word wins over its homophones', () => {
  const hot = new HotWordLexicon(lexicon, ['王丽华'])
  assert.equal(recognise(new CallRecogniser(model, hot), speechFixture('name').pcm).final.text, '我叫王丽华')
})

test('hot words and phrases that cannot be pronounced are left out', () => {
  assert.equal(new PhraseGrammar(['☎', '好的', ''], lexicon).size, 1)
  const hot = new HotWordLexicon(lexicon, ['☎☎', '王丽华'])
  assert.equal(recognise(new CallRecogniser(model, hot), speechFixture('tomorrow').pcm).final.text, '明天下午三点')
})

test('an utterance that never ends keeps its words and bounded memory', () => {
  const recogniser = new CallRecogniser(model, lexicon)
  const { pcm } = speechFixture('tomorrow')
  const rounds = 30
  let text = ''
  for (let round = 0; round < rounds; round++) for (const frame of framesOf(pcm)) text = recogniser.accept(frame)?.text ?? text
  const final = recogniser.flush()
  const expected = '明天下午三点'.repeat(rounds)
  // Near a place where the search was closed a word may differ.
  const difference = Array.from(expected).filter((character, i) => final.text[i] !== character).length
  assert.ok(final.text.length === expected.length && difference <= 3, `${difference} differ: ${final.text}`)
  assert.ok(Math.abs(final.endMs - (rounds * pcm.length) / 8) < 1200)
})
