import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toSpeechUnits } from '../tts/pinyin.ts'
import { checkedReading, ReadingDictionary, readingLimits } from './reading-dictionary.ts'
import { toSpoken } from './to-spoken.ts'

const own = new ReadingDictionary([
  { word: '乐天', pinyin: 'yue4 tian1' },
  { word: '长安路', pinyin: 'zhang3 an1 lu4' },
  { word: '长安', pinyin: 'chang2 an1' },
  { word: '3M', say: '三M公司' },
  { word: '12315', say: '幺二三幺五热线' },
  { word: '某某行', say: '某某银行' },
  { word: '东西', pinyin: 'dong1 xi5' },
])

function syllables(text: string, dictionary?: ReadingDictionary): string {
  return toSpeechUnits(dictionary?.spoken(text) ?? toSpoken(text), dictionary).map((unit) => (unit.type === 'syllable' ? unit.pinyin : '|')).join(' ')
}

void test('a word with pinyin is read by it wherever it stands, the longest word first', () => {
  assert.equal(syllables('乐天', own), 'yue4 tian1')
  assert.equal(syllables('请到2楼，乐天店', own).split(' ').slice(-3).join(' '), 'yue4 tian1 dian4')
  assert.equal(syllables('长安路', own), 'zhang3 an1 lu4')
  assert.equal(syllables('长安街', own), 'chang2 an1 jie1')
  assert.equal(syllables('😊😊乐天', own), 'yue4 tian1', 'characters outside the basic plane do not shift it')
})

void test('a replacement is said like any other text, and only for the whole word', () => {
  assert.equal(own.spoken('3M的口罩，电话12315'), '三M公司的口罩，电话幺二三幺五热线')
  assert.equal(own.spoken('123156元'), toSpoken('123156元'))
  assert.equal(own.spoken('13M带宽'), toSpoken('13M带宽'))
  assert.equal(own.spoken('某某行'), '某某银行')
})

void test('for a voice without pinyin the word is spelled with characters that have one reading', () => {
  const respelled = own.respelled('乐天和东西')
  assert.equal(syllables(respelled).split(' ').slice(0, 2).join(' '), 'yue4 tian1')
  assert.ok(!respelled.includes('乐'))
  assert.equal(own.respelled('没有这个词'), '没有这个词')
})

void test('two dictionaries sound alike exactly when they read a text alike', () => {
  const other = new ReadingDictionary([{ word: '东西', pinyin: 'dong1 xi1' }])
  assert.notEqual(own.sound('东西'), other.sound('东西'))
  assert.equal(own.sound('您好'), other.sound('您好'))
  assert.equal(own.sound('乐天'), new ReadingDictionary([{ word: '乐天', pinyin: 'yue4 tian1' }]).sound('乐天'))
})

void test('the later entry of a word wins; none at all changes nothing', () => {
  assert.equal(syllables('乐天', new ReadingDictionary([{ word: '乐天', pinyin: 'yue4 tian1' }, { word: '乐天', pinyin: 'le4 tian1' }])), 'le4 tian1')
  const none = new ReadingDictionary([])
  assert.equal(none.size, 0)
  assert.equal(none.spoken('3M'), toSpoken('3M'))
  assert.equal(none.respelled('乐天'), '乐天')
})

void test('signs in a word are no pattern', () => {
  const odd = new ReadingDictionary([{ word: 'C++(高级)', say: '西加加高级' }, { word: 'a.b', say: '甲' }])
  assert.equal(odd.spoken('学C++(高级)吧'), '学西加加高级吧')
  assert.equal(odd.spoken('axb'), 'axb')
})

void test('two thousand entries cost a sentence no more than a moment', () => {
  const many = new ReadingDictionary(Array.from({ length: readingLimits.entriesMax }, (_, i) => ({ word: `词${String.fromCodePoint(0x4e00 + i)}语`, say: '说法' })))
  const started = process.cpuUsage()
  for (let i = 0; i < 100; i += 1) many.spoken('请您明天上午到词一语门口，词词词语语语，参加会议')
  assert.ok(process.cpuUsage(started).user < 2e6)
})

void test('keeps an entry trimmed, with pinyin as syllables', () => {
  assert.deepEqual(checkedReading({ word: ' 重庆 ', pinyin: 'chóng qìng' }), { word: '重庆', pinyin: 'chong2 qing4' })
  assert.deepEqual(checkedReading({ word: '3M', say: ' 三M ' }), { word: '3M', say: '三M' })
})

void test('refuses an entry that cannot be meant, and names the field', () => {
  for (const [entry, field] of [
    [{ word: '', say: 'x' }, 'word'], [{ word: '词'.repeat(33), say: 'x' }, 'word'], [{ word: '。', say: '句号' }, 'word'], [{ word: 'a\nb', say: 'x' }, 'word'],
    [{ word: '重庆' }, 'pinyin'], [{ word: '重庆', pinyin: 'chong2 qing4', say: '虫庆' }, 'pinyin'], [{ word: '重庆', pinyin: 'chong2' }, 'pinyin'], [{ word: '重庆', pinyin: 'hello there' }, 'pinyin'],
    [{ word: 'A座', pinyin: 'ei1 zuo4' }, 'word'], [{ word: '3M', say: ' ' }, 'say'], [{ word: '3M', say: 'x'.repeat(101) }, 'say'],
  ] as const) assert.throws(() => checkedReading(entry), { name: 'InvalidInputError', field }, JSON.stringify(entry))
})
