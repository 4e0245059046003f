// Knows how the word list, the word classes and the word pairs of the recogniser are made. Does not know how they are searched.
//
//   node tools/recogniser/build-lexicon.ts <output .txt.gz> [model.json]
//
// Words and frequencies come from the jieba dictionary (MIT licence), readings from pinyin-pro, word pairs from sentences
// drawn from this folder's own texts. The format is described in src/speech/asr/builtin/lexicon-file.ts.
import fs from 'node:fs'
import zlib from 'node:zlib'
import { pinyin } from 'pinyin-pro'
import { WORD_LIST, english, isHeldOut, phrases } from './corpus.ts'
import { toPinyin } from './pinyin.ts'
import { Random } from './random.ts'
import { actionSentence, everydaySentence, shortAnswer, slots, templateSentence, type Slots } from './sentences.ts'

const WORDS_MAX = 60_000
const WORD_LENGTH_MAX = 5
const DOMAIN_SENTENCES = 160_000
const DOMAIN_SHARE = 0.45
const PAIR_DISCOUNT = 0.6
const UNIGRAM_SHARE_MIN = 0.4
const PAIR_COUNT_MIN = 3
const COLLOCATION_COUNT = 20
const CLASS_PRIOR = 30
const SECOND_READING_COST = 25

/** Word classes: the word list's part-of-speech letters; 0 is unknown, 1 the sentence start. */
const CLASSES = ['?', '<s>', ...Array.from('abcdefghijklmnopqrstuvxyz')]
/** A word, its reading with tones, its cost in tenths. */
type Entry = [word: string, reading: string, cost: number]
type Counts = Map<string, number>

const classOfWord: Counts = new Map([['<s>', 1]])

/** word -> frequency: the most frequent words plus every single character. Also fills `classOfWord`. */
function readWordList(): Counts {
  const all: [word: string, frequency: number][] = []
  for (const line of fs.readFileSync(WORD_LIST, 'utf8').split('\n')) {
    const [word, frequency, partOfSpeech] = line.split(' ')
    if (!word || !/^[\u4e00-\u9fa5]+$/.test(word) || word.length > WORD_LENGTH_MAX) continue
    all.push([word, Math.max(1, Number(frequency))])
    classOfWord.set(word, Math.max(0, CLASSES.indexOf(partOfSpeech?.[0] ?? '')))
  }
  const longer = all.filter(([word]) => word.length > 1).sort((a, b) => b[1] - a[1]).slice(0, WORDS_MAX)
  const single = all.filter(([word, frequency]) => word.length === 1 && frequency >= 3)
  return new Map([...single, ...longer])
}

/** Most probable segmentation of a text into known words. */
function segment(text: string, logProbability: Counts): string[] {
  const best = [{ score: 0, from: -1 }]
  for (let end = 1; end <= text.length; end++) {
    best[end] = { score: -Infinity, from: end - 1 }
    for (let start = Math.max(0, end - WORD_LENGTH_MAX); start < end; start++) {
      const score = best[start]!.score + (logProbability.get(text.slice(start, end)) ?? (end - start === 1 ? -18 : -Infinity))
      if (score > best[end]!.score) best[end] = { score, from: start }
    }
  }
  const words: string[] = []
  for (let end = text.length; end > 0; end = best[end]!.from) words.unshift(text.slice(best[end]!.from, end))
  return words
}

/** Given names are left out ("|" ends a part), or random name characters would look like common words. */
const NAMELESS: Slots = {
  ...slots,
  name: (r) => `${slots.surname(r)}|`,
  person: (r) => (r.chance(0.8) ? slots.surname(r) + slots.title(r) : `${slots.surname(r)}|`),
}

function domainSentence(random: Random, x: number): string {
  if (x < 0.36) return templateSentence(random, NAMELESS)
  if (x < 0.64) return everydaySentence(random, NAMELESS)
  if (x < 0.8) return actionSentence(random)
  if (x < 0.88) return shortAnswer(random, NAMELESS)
  return random.pick(x < 0.98 ? phrases : english)
}

/** Sentences of the call domain, none of the evaluation texts among them. */
function* domainSentences(): Generator<string> {
  const random = new Random(4242)
  for (let i = 0; i < DOMAIN_SENTENCES; i++) {
    const x = random.next()
    const text = domainSentence(random, x)
    if (!isHeldOut(text.replaceAll('|', ''))) yield text
  }
}

/** Count the readings that characters have inside sentences: character -> Map(reading -> count). */
function countReadings(text: string, readings: Map<string, Counts>): void {
  const { syllables } = toPinyin(text)
  if (syllables.length !== text.length) return
  syllables.forEach((syllable, i) => {
    const character = text[i]!
    const counts: Counts = readings.get(character) ?? new Map()
    readings.set(character, counts)
    counts.set(syllable, (counts.get(syllable) ?? 0) + 1)
  })
}

/** Word groups from texts/collocations.txt, as lists of words. */
function collocations(logProbability: Counts): string[][] {
  const lines = fs.readFileSync(new URL('./texts/collocations.txt', import.meta.url), 'utf8').split('\n')
  const groups = lines.filter((line) => !line.startsWith('#')).flatMap((line) => line.split(' ')).filter(Boolean)
  return [...new Set(groups)].map((group) => segment(group, logProbability))
}

type Domain = { words: Counts; pairs: Counts; readings: Map<string, Counts> }

function countDomain(logProbability: Counts): Domain {
  const pairs: Counts = new Map()
  const readings = new Map<string, Counts>()
  for (const sentence of domainSentences()) {
    for (const part of sentence.split(/[，|]/).filter(Boolean)) {
      let previous = '<s>'
      countReadings(part, readings)
      for (const word of /^[a-z]/.test(part) ? part.split(' ') : segment(part, logProbability)) {
        const key = `${previous}\t${word}`
        pairs.set(key, (pairs.get(key) ?? 0) + 1)
        previous = word
      }
    }
  }
  for (const group of collocations(logProbability)) {
    group.slice(1).forEach((word, i) => {
      const key = `${group[i]!}\t${word}`
      pairs.set(key, (pairs.get(key) ?? 0) + COLLOCATION_COUNT)
    })
  }
  return { words: continuationCounts(pairs), pairs, readings }
}

/**
 * How many different words a word follows (Kneser-Ney): a digit that only follows digits is not a likely word elsewhere.
 */
function continuationCounts(pairs: Counts): Counts {
  const counts: Counts = new Map()
  for (const [key, count] of pairs) {
    const word = key.split('\t')[1]!
    counts.set(word, (counts.get(word) ?? 0) + (count >= PAIR_COUNT_MIN ? 1 : 0.2))
  }
  return counts
}

const toCost = (probability: number) => Math.round(-10 * Math.log(probability))
const sum = (values: Iterable<number>) => Array.from(values).reduce((a, b) => a + b, 0)

/** Readings of one character with extra costs, the usual one first: [reading, extra cost]. */
function characterReadings(character: string, counts: Counts | undefined): [reading: string, cost: number][] {
  const valid = (r: string | undefined): r is string => /^[a-z]+[1-5]$/.test(r ?? '')
  const listed = pinyin(character, { toneType: 'num', v: true, type: 'array', multiple: true }).map((r) => r.replace('ü', 'v').replace(/0$/, '5'))
  const usual = toPinyin(character).syllables[0]
  const total = counts ? sum(counts.values()) : 0
  if (!counts || total < 20) return [...new Set([usual, ...listed])].filter(valid).slice(0, 3).map((r, k) => [r, k > 0 ? SECOND_READING_COST : 0])
  const share = (r: string) => ((counts.get(r) ?? 0) + 0.3) / (total + 1)
  return [...new Set([...counts.keys(), ...listed])].filter(valid).map((r): [string, number] => [r, toCost(share(r))]).sort((a, b) => a[1] - b[1]).slice(0, 4)
}

/** Readings of a word with extra costs; English words are units of their own. */
function readingsOf(word: string, counts: Counts | undefined): [reading: string, cost: number][] {
  if (/^[a-z]/.test(word)) return [[`@${word}5`, 0]]
  return word.length === 1 ? characterReadings(word, counts) : [[toPinyin(word).syllables.join(' '), 0]]
}

function buildEntries(frequencies: Counts, { words: domainWords, readings: domainReadings }: Domain, known: ReadonlySet<string> | undefined): Entry[] {
  const total = sum(frequencies.values())
  const domainTotal = sum(domainWords.values())
  const entries: Entry[] = []
  const isKnown = (reading: string) => !known || reading.split(' ').every((s) => known.has(s.slice(0, -1)))
  for (const word of new Set([...frequencies.keys(), ...domainWords.keys()])) {
    const probability = ((1 - DOMAIN_SHARE) * (frequencies.get(word) ?? 0)) / total + (DOMAIN_SHARE * (domainWords.get(word) ?? 0)) / domainTotal
    const cost = toCost(probability)
    for (const [reading, extra] of readingsOf(word, domainReadings.get(word))) if (isKnown(reading)) entries.push([word, reading, cost + extra])
  }
  return [['<s>', '', 0], ...entries.sort((a, b) => a[2] - b[2])]
}

/** Class rows: -log of P(class | class before) / P(class), counted over different word pairs. */
function buildClasses({ pairs }: Domain): string[] {
  const counts = CLASSES.map(() => CLASSES.map(() => 0))
  for (const key of pairs.keys()) {
    const [first = 0, second = 0] = key.split('\t').map((word) => classOfWord.get(word) ?? 0)
    counts[first]![second]!++
  }
  const columnTotals = CLASSES.map((_, c) => sum(counts.map((row) => row[c]!)) + 1)
  const total = sum(columnTotals)
  return counts.map((row) => {
    const rowTotal = sum(row)
    return row.map((count, c) => {
      const usual = columnTotals[c]! / total
      const conditional = (count + CLASS_PRIOR * usual) / (rowTotal + CLASS_PRIOR)
      return Math.round(-10 * Math.log(conditional / usual))
    }).join(' ')
  })
}

/** Pair rows: P(second | first) = discounted share of the pair + backoff * P(second). */
type PairCounts = { total: number; types: number; seconds: [word: string, count: number][] }

function buildPairs(entries: readonly Entry[], { pairs }: Domain): string[] {
  const index: Counts = new Map()
  const probability: Counts = new Map()
  entries.forEach(([word, , cost], i) => {
    if (index.has(word)) return
    index.set(word, i)
    probability.set(word, Math.exp(-cost / 10))
  })
  const rows = new Map<string, PairCounts>()
  for (const [key, count] of pairs) {
    const [first = '', second = ''] = key.split('\t')
    if (!index.has(first) || !index.has(second)) continue
    const row = rows.get(first) ?? { total: 0, types: 0, seconds: [] }
    rows.set(first, row)
    row.total += count
    row.types++
    if (count >= PAIR_COUNT_MIN) row.seconds.push([second, count])
  }
  return [...rows].filter(([, row]) => row.seconds.length).map(([first, { total, types, seconds }]) => {
    const backoff = Math.max(UNIGRAM_SHARE_MIN, Math.min(0.95, (PAIR_DISCOUNT * types * PAIR_COUNT_MIN) / total))
    const cost = ([second, count]: [string, number]) => toCost(((1 - backoff) * count) / total + backoff * probability.get(second)!)
    const cells = seconds.map((second) => `${index.get(second[0])!}:${cost(second)}`)
    return `${index.get(first)!}\t${toCost(backoff)}\t${cells.join(' ')}`
  })
}

function main([output, modelPath]: readonly string[]): void {
  if (!output) {
    console.error('usage: node tools/recogniser/build-lexicon.ts <output .txt.gz> [model.json]')
    process.exit(2)
  }
  const known = modelPath ? new Set((JSON.parse(fs.readFileSync(modelPath, 'utf8')) as { units: string[] }).units) : undefined
  const frequencies = readWordList()
  const total = sum(frequencies.values())
  const logProbability = new Map([...frequencies].map(([word, frequency]) => [word, Math.log(frequency / total)]))
  const domain = countDomain(logProbability)
  const entries = buildEntries(frequencies, domain, known)
  const pairs = buildPairs(entries, domain)
  const words = entries.map((entry) => [...entry, classOfWord.get(entry[0]) ?? 0].join('\t'))
  const sections = { words, classes: buildClasses(domain), pairs }
  const text = Object.entries(sections).flatMap(([name, lines]) => [`#${name} ${lines.length}`, ...lines]).join('\n')
  fs.writeFileSync(output, zlib.gzipSync(`${text}\n`, { level: 9 }))
  const pairCount = pairs.reduce((n, row) => n + row.split('\t')[2]!.split(' ').length, 0)
  console.log(`${entries.length} words, ${pairCount} pairs, ${fs.statSync(output).size} bytes compressed`)
}

main(process.argv.slice(2))
